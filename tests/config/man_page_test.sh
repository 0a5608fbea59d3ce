#!/usr/bin/env bash
# man_page_test.sh PRINTER: groff sets the page without a warning. PRINTER prints as zspex does.
set -euo pipefail
command -v groff >/dev/null || { echo "skipped: expected groff: apt-get install groff"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-man.XXXXXX")
trap 'rm -rf "$dir"' EXIT
"$1" help man >"$dir/zspex.1"
groff -man -Tutf8 -ww "$dir/zspex.1" >"$dir/text" 2>"$dir/warnings"
if [[ -s $dir/warnings ]]; then
  echo "FAILED: expected no warnings of groff, found"
  cat "$dir/warnings"
  exit 1
fi
lines=$(wc -l <"$dir/text")
((lines > 300)) || { echo "FAILED: expected more than 300 lines, found $lines"; exit 1; }
echo "ok: $lines lines without warnings"
