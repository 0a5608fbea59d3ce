#!/usr/bin/env bash
# Checks that need no build: formatting (clang-format 14, as .clang-format says), and whether bash can read the scripts.
# `scripts/check.sh --fix` formats in place; `scripts/check.sh --tidy [BUILD]` runs clang-tidy on a configured build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
clang_format=clang-format-14
failed=0
complain() { printf '%s\n' "$*" >&2; failed=1; }

command -v "$clang_format" >/dev/null || { complain "expected $clang_format: apt-get install $clang_format"; exit 2; }

mapfile -t sources < <(git ls-files -- '*.hpp' '*.cpp')
mapfile -t shell_scripts < <(git ls-files -- '*.sh' .ci/run)
((${#sources[@]} > 0 && ${#shell_scripts[@]} > 0)) || { complain "expected a git checkout with sources, found none"; exit 2; }

case ${1:-} in
  '') ;;
  --fix) exec "$clang_format" -i "${sources[@]}" ;;
  --tidy)
    build=${2:-build}
    [[ -f $build/compile_commands.json ]] || { complain "expected $build/compile_commands.json. Configure first."; exit 2; }
    printf '%s\0' "${sources[@]}" | grep -z '\.cpp$' | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$build"
    exit ;;
  *) complain "expected nothing, --fix or --tidy, found $1"; exit 2 ;;
esac

unformatted=$(printf '%s\n' "${sources[@]}" |
  xargs -P "$(nproc)" -I {} sh -c "$clang_format"' --dry-run -Werror "$1" >/dev/null 2>&1 || echo "$1"' - {})
[[ -z $unformatted ]] || complain "formatting differs (scripts/check.sh --fix mends it):
$unformatted"

for script in "${shell_scripts[@]}"; do
  bash -n "$script" || complain "$script: bash cannot read it."
done
if ((failed == 0)); then echo "checked ${#sources[@]} sources and ${#shell_scripts[@]} scripts"; fi
exit "$failed"
