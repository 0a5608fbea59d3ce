#!/usr/bin/env bash
# What scripts/check_gpu.sh does on a machine without a GPU: it refuses, and its dry run, from a folder that scripts/pack_gpu.sh
# made, goes through everything that runs on the CPU. run_check_test.sh BUILD
set -uo pipefail
build=$(realpath "$1")
scripts=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../scripts")
check=$scripts/check_gpu.sh packer=$scripts/pack_gpu.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-check-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0
expect() {  # expect TITLE CODE WORDS COMMAND...: the exit status, and words in what it says
  local title=$1 code=$2 words=$3 found=0
  shift 3
  "$@" >said 2>&1 || found=$?
  if ((found == code)) && grep -qE -- "$words" said; then
    echo "ok: $title"
  else
    printf 'FAILED: %s: expected exit status %s and "%s", found %s and\n' "$title" "$code" "$words" "$found"
    cat said
    failures=$((failures + 1))
  fi
}
stand_in() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"$dir/bin/$1"; chmod +x "$dir/bin/$1"; }

mkdir bin
export PATH=$dir/bin:$PATH
stand_in nvidia-smi 'exit 9'
expect "help" 0 "--budget" "$check" --help
expect "an unknown option" 2 "found --gpu" "$check" --gpu
expect "a number that is none" 2 "a number after --ranks, found all" "$check" --ranks all
expect "a folder without programs" 2 "expected zspex in" "$check" --build "$dir"
expect "no GPU" 2 "expected an NVIDIA GPU, found none" "$check" --build "$build"
stand_in nvidia-smi 'echo "NVIDIA H100 80GB HBM3, 81559 MiB, 1980 MHz, 570.1"'
if ! "$build/zspex" --version | grep -q Cuda; then
  expect "a program that was built for the CPU" 2 "expected a program for CUDA" "$check" --build "$build"
fi

# All of it from a packed folder; one of the answers is said to be wrong.
expect "a pack" 0 "pack.tar.gz: [0-9]+ MiB, for a C library" "$packer" "$build" "$dir/pack.tar.gz"
tar -xzf pack.tar.gz
mv pack/bin/compare_results pack/bin/really_compare
cat >pack/bin/compare_results <<'END'
#!/usr/bin/env bash
if [[ $1 == fit-GPU_V3* ]]; then echo "1 of 2 with the same type"; exit 1; fi
exec really_compare "$@"
END
chmod +x pack/bin/compare_results
expect "a dry run" 1 "redshift GPU_V3, 1 rank: not the CPU's answer: 1 of 2" pack/check_gpu.sh --dry-run --ranks 2 --targets 2 \
  --output "$dir/report"
right() { awk -v name="$1" 'index($0, name " ") == 1 { print $(NF - 5) }' report/table.txt; }
for part in kernels_test "redshift CPU, 2 ranks" "redshift AUTO, 1 rank" "redshift GPU_V6, 1 rank" "redshift GPU_V4, 2 ranks" \
  "redshift GPU_V6, slice 1024" "extract, CPU, 2 ranks" "extract, GPU and CPU, 2 ranks"; do
  [[ $(right "$part") == yes ]] || { echo "FAILED: expected $part to be right"; cat report/table.txt; failures=$((failures + 1)); }
done
[[ $(right "redshift GPU_V3, 1 rank") == NO ]] || { echo "FAILED: a wrong answer is called right"; failures=$((failures + 1)); }
expect "nothing else is wrong" 0 "^1 " wc -l report/wrong.txt
expect "the report" 0 "report/log.txt" tar -tzf report.tar.gz

# Other answers are seen to be others.
for seed in 1 2; do
  "$build/zspex" simulate -k coadds -o sky --ntargets 2 --seed $seed -q
  "$build/zspex" redshift -i sky/coadd-0.fits -t sky/templates -q -o z$seed.h5
  "$build/zspex" simulate -o night -c r0 -n 25 --wave-r 5900,5940,0.8 --npix-x 400 --npix-y 4128 -q --seed $seed
  "$build/zspex" extract --config night/extract.yaml -q -o frame$seed.h5
done
for what in z frame; do
  expect "the same $what" 0 " to 0.0e\+00" "$build/compare_results" ${what}1.h5 ${what}1.h5
  expect "another $what" 1 " to [1-9]" "$build/compare_results" ${what}2.h5 ${what}1.h5
done
expect "a frame instead of redshifts" 2 "compare_results: " "$build/compare_results" frame1.h5 z1.h5

((failures == 0)) || { echo "$failures failed"; exit 1; }
