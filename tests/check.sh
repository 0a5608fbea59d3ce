# Sourced by tests that are scripts: check TITLE EXPECTED FOUND tells what is right and what isn't, and counts.
checks=0 failures=0
check() {
  checks=$((checks + 1))
  if [[ $2 == "$3" ]]; then
    echo "ok: $1"
  else
    printf 'FAILED: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}
