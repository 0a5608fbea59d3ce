# Sourced by the tests of the program: what is expected of a command, told line by line. Sets zspex, ranks and launcher from
# the arguments ZSPEX RANKS LAUNCHER..., and goes into a folder of its own, which is removed at the end.
zspex=$1 ranks=$2
shift 2
launcher=("$@")
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-program.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export XDG_CACHE_HOME=$dir/cache  # not what the user has measured
failures=0
fail() {
  printf 'FAILED: %s\n' "$1"
  sed 's/^/    /' log
  failures=$((failures + 1))
}

# expect TITLE CODE WORDS COMMAND...: the exit code, and WORDS on exactly one line (on none if WORDS is empty). 124: it hung.
expect() {
  local title=$1 code=$2 words=$3 found=0 lines
  shift 3
  timeout 900 "$@" >log 2>&1 || found=$?
  if ((found != code)); then
    fail "$title: expected exit code $code, found $found"
    return
  fi
  if [[ -n $words ]]; then
    lines=$(grep -cF -- "$words" log)
    if ((lines != 1)); then
      fail "$title: expected '$words' on one line, found it on $lines"
      return
    fi
  fi
  echo "ok: $title"
}

# expect_interrupted TITLE SIGNAL SECONDS COMMAND...: SIGNAL after so long ends it, by that signal; mpirun returns 1, or ends by
# another one.
expect_interrupted() {
  local title=$1 signal=$2 seconds=$3
  shift 3
  # shellcheck disable=SC2016
  expect "$title" 99 "" bash -c 'signal=$1 seconds=$2; shift 2; "$@" & pid=$!; sleep "$seconds"; kill -s "$signal" $pid
    wait $pid; code=$?; ((code == 128 + $(kill -l "$signal") || (code != 0 && $# > 0 && '"${#launcher[@]}"' > 0))) && code=99
    exit $code' - "$signal" "$seconds" "$@"
}

nothing_left() {  # nothing_left TITLE FILE...: none of these is there, and no temporary file
  local title=$1 left
  shift
  left=$(for path in "$@"; do [[ ! -e $path ]] || echo "$path"; done; find . -name '*.tmp')
  if [[ -n $left ]]; then
    : >log
    fail "$title: left behind: $left"
  fi
}

finish() {
  ((failures == 0)) || echo "$failures failed, with $ranks ranks"
  exit $((failures > 0))
}
