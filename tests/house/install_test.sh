#!/usr/bin/env bash
# install_test.sh CMAKE BUILD VERSION: what `cmake --install BUILD --prefix PREFIX` leaves works from there.
set -euo pipefail
cmake=$1 build=$2 version=$3
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-install.XXXXXX")
trap 'rm -rf "$dir"' EXIT
unset "${!ZSPEX@}" "${!SLURM@}"
prefix=$dir/prefix
source "$repository/tests/check.sh"
"$cmake" --install "$build" --prefix "$prefix" >"$dir/log"
cd "$dir"  # nothing of the repository is found by luck

check "the program starts" "zspex $version" "$("$prefix/bin/zspex" --version 2>&1 | head -n 1)"
for config in "$repository"/config/*.yaml; do
  cmp "$config" "$prefix/share/zspex/config/${config##*/}" || failures=$((failures + 1))
done
check "nothing else is with the configurations" "" "$(find "$prefix/share/zspex/config" -mindepth 1 ! -name '*.yaml')"
status=0
"$prefix/bin/zspex" simulate "$prefix/share/zspex/config/simulate_demo.yaml" --dry-run >plan 2>&1 || status=$?
check "a plan with an installed configuration" "0 yes" "$status $(grep -q demo-output plan && echo yes)"
[[ $status == 0 ]] || cat plan

# The scripts find each other and the program; the launcher's place is taken by one that starts a single rank.
printf '#!/usr/bin/env bash\nshift 2\nexec "$@"\n' >launch
chmod +x launch
for stage in extract redshift; do
  found=$(ZSPEX_LAUNCHER=$dir/launch bash "$prefix/share/zspex/slurm/$stage.sh" --ranks 1 \
    --config "$prefix/share/zspex/config/$stage.yaml" -- --version 2>&1 || true)
  check "slurm/$stage.sh runs the installed program" "program $prefix/bin/zspex|zspex $version" \
    "$(sed -n 's/^\(program [^,]*\),.*/\1/p; /^zspex [0-9]/p' <<<"$found" | paste -s -d '|')"
done
mkdir "$dir/launchers"
printf '#!/usr/bin/env bash\necho "mpirun $1"\n' >launchers/mpirun
chmod +x launchers/mpirun
check "they find what mpirun needs" "mpirun -n" "$(PATH=$dir/launchers:$PATH bash "$prefix/share/zspex/slurm/redshift.sh" \
  --ranks 2 --output z.h5 coadd.fits 2>&1 | grep '^mpirun')"

for file in README.md LICENSE docs/configuration.md; do
  check "share/doc/zspex/$file" present "$([[ -s $prefix/share/doc/zspex/$file ]] && echo present)"
done
check "pictures are there" "" "$(grep -o 'images/[a-z_-]*\.[a-z]*' "$prefix/share/doc/zspex/README.md" | sort -u |
  while read -r image; do [[ -s $prefix/share/doc/zspex/docs/$image ]] || echo "$image"; done)"
check "the manual is the program's" "$("$prefix/bin/zspex" help man | cksum)" "$(cksum <"$prefix/share/man/man1/zspex.1")"
check "bash completes" "$("$prefix/bin/zspex" completion bash | cksum)" \
  "$(cksum <"$prefix/share/bash-completion/completions/zspex")"
check "zsh completes" "$("$prefix/bin/zspex" completion zsh | cksum)" "$(cksum <"$prefix/share/zsh/site-functions/_zspex")"
if command -v man >/dev/null; then
  check "man finds the page" "$prefix/share/man/man1/zspex.1" "$(man -M "$prefix/share/man" -w zspex 2>&1)"
fi

((failures == 0)) || exit 1
