#!/usr/bin/env bash
# Whether zspex is right and fast on this machine's GPU.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

usage() {
  cat <<'END_OF_USAGE'
check_gpu.sh [--build FOLDER] [--output FOLDER] [--ranks N] [--targets N] [--budget SECONDS] [--dry-run]

Runs on a machine with an NVIDIA GPU what shows whether zspex is right and fast there, in less than six minutes on one H100 with
16 cores: the kernels' tests, compute-sanitizer, the kernels' speed, every strategy of the redshift fit and the extraction
against the answers of the CPU, and how long each kernel takes. The inputs are simulated. Each part has a time limit; one that
fails or hangs costs no other. A table is printed, and everything is left in FOLDER.tar.gz: attach it to a report.

  --build FOLDER    the build (default: build-cuda; with --dry-run build); configure it with -DZSPEX_BENCHMARKS=ON. In a folder
                    that scripts/pack_gpu.sh made: the programs beside this script
  --output FOLDER   for the report (default: gpu-check-HOST in the current folder); made, or overwritten
  --ranks N         MPI ranks where GPU and CPU work together (default: the cores, 16 at most)
  --targets N       spectra that get redshifts (default: 500; with --dry-run 5)
  --budget N        seconds for all; what has no time left is skipped (default: 340)
  --dry-run         without a GPU: goes through all that can be run on the CPU, on small inputs, to test this script

Needed: the driver and, for the parts named compute-sanitizer and counters, the CUDA toolkit. ZSPEX_LAUNCHER names what starts
ranks with -n, if it isn't mpirun (srun). Exit status: 0 all is right, 1 something is not, 2 it can't be tried.
END_OF_USAGE
}

die() { printf 'check_gpu.sh: %s\n' "$*" >&2; exit 2; }

build='' output='' ranks='' targets='' budget=340 dry=no
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry=yes; shift; continue ;;
    --build | --output | --ranks | --targets | --budget) [[ $# -gt 1 ]] || die "expected something after $1, found the end." ;;
    *) usage >&2; die "expected one of the options above, found $1." ;;
  esac
  case $1 in
    --build) build=$2 ;;
    --output) output=$2 ;;
    *) [[ $2 =~ ^[1-9][0-9]*$ ]] || die "expected a number after $1, found $2."
       declare "${1#--}=$2" ;;
  esac
  shift 2
done

# ---- the programs, the machine

find_programs() {
  if [[ -z $build && -x $here/bin/zspex ]]; then
    programs=$here/bin
    export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    [[ ! -r $here/mpi_here.sh ]] || source "$here/mpi_here.sh"
  else
    if [[ -z $build ]]; then if [[ $dry == yes ]]; then build=build; else build=build-cuda; fi; fi
    [[ $build == /* ]] || build=$here/../$build
    programs=$build
  fi
  programs=$(realpath "$programs" 2>/dev/null) && [[ -x $programs/zspex ]] || die "expected zspex in $programs. Build it:
  cmake --preset cuda -DZSPEX_BENCHMARKS=ON && cmake --build --preset cuda"
  export PATH=$programs:$PATH OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 launcher=${ZSPEX_LAUNCHER:-mpirun}
  source "$here/mpi_environment.sh"
}

# The GPUs' names, a line each; none without a driver.
list_gpus() {
  local query=(nvidia-smi --query-gpu=name,memory.total,clocks.max.sm,driver_version --format=csv,noheader)
  if command -v nvidia-smi >/dev/null; then "${query[@]}" 2>/dev/null || true; fi
}

# Before anything else: whether the programs start, and are for a GPU.
check_programs() {
  local version status=0 missing
  version=$(zspex --version 2>&1) || status=$?
  if ((status != 0)); then
    missing=$(ldd "$programs/zspex" 2>&1 | grep 'not found' || true)
    die "expected zspex --version to run, found exit status $status:
$version
$missing"
  fi
  [[ $dry == no || $version != *Cuda* || -n $gpus ]] ||
    die "expected a program without CUDA for a dry run without a GPU, found in $programs:
$version"
  [[ $dry == yes || $version == *Cuda* ]] || die "expected a program for CUDA, found this one in $programs:
$version
Build it with the preset cuda, and name its folder with --build."
}

describe_machine() {
  local command
  for command in date "uname -a" nvidia-smi "nvidia-smi -q -d MEMORY,CLOCK,ECC,POWER" lscpu "free -m" "nvcc --version" \
    "zspex --version" "ldd --version"; do
    printf '##### %s\n' "$command"
    timeout 10 $command 2>&1 | head -n 70 || true
  done
}

# ---- parts and the table

left() { echo $((budget - SECONDS)); }

# row NAME RIGHT [SECONDS [PREDICTED [TAKEN [GFLOPS [SHARE]]]]]
row() {
  local cells=("$@")
  while ((${#cells[@]} < 7)); do cells+=(-); done
  printf '%-36s %-8s %8s %10s %8s %9s %7s\n' "${cells[@]}" | tee -a "$output/table.txt"
}

complain() {
  printf '%s\n' "$*" >>"$output/wrong.txt"
}

# part NAME LIMIT COMMAND...: runs it for LIMIT seconds at most. Sets seconds, status and right; what it says goes to $work/said,
# and to the log.
part() {
  local name=$1 limit=$2 begin
  shift 2
  status=0 seconds=- right=skipped
  if (($(left) < 5)); then
    complain "$name: skipped, no time was left (--budget)"
    status=skipped
    return
  fi
  ((limit <= $(left))) || limit=$(left)
  printf '\n##### %s: %s\n' "$name" "$*" >>"$output/log.txt"
  begin=$EPOCHREALTIME
  (timeout --kill-after=5 "$limit" "$@"; exit $?) >"$work/said" 2>&1 || status=$?
  seconds=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
  cat "$work/said" >>"$output/log.txt"
  case $status in
    0) right=yes ;;
    124 | 137) right=NO; complain "$name: not done after $limit s" ;;
    *) right=NO; complain "$name: exit status $status: $(reason)" ;;
  esac
}

# What a part that failed has said of it.
reason() {
  { grep -E '^zspex: ' "$work/said" || grep -vE '^ *$|^-+$|check_gpu.sh: line' "$work/said" | tail -n 2; } | head -n 2 | tr '\n' ' '
}

# have NAME PROGRAM: whether a part's program is there; otherwise says so in the table.
have() {
  command -v "$2" >/dev/null && return 0
  row "$1" skipped
  printf '%s: skipped, there is no %s here\n' "$1" "$2" >>"$output/notes.txt"
  return 1
}

on_ranks() {  # on_ranks N COMMAND...
  local n=$1
  shift
  if [[ $n == 1 ]]; then "$@"; else $launcher -n "$n" "$@"; fi
}
export -f on_ranks

# agree NAME FILE REFERENCE: compares what a part has written; sets right.
agree() {
  local said status=0
  [[ $right == yes ]] || return 0
  said=$(timeout 60 compare_results "$2" "$3" 2>&1) || status=$?
  printf '%s: %s\n' "$1" "$said" | tee -a "$output/log.txt" >>"$output/notes.txt"
  if ((status != 0)); then
    right=NO
    complain "$1: not the CPU's answer: $said"
  fi
}

# ---- the parts

# On the cores, while the GPU is tested.
make_inputs() {
  if [[ $dry == yes ]]; then
    zspex simulate -o night -c r0 -n 25 --wave-r 5900,5960,0.8 --npix-x 400 --npix-y 4128 -q
  else
    zspex simulate -o night -c r0 -q
  fi
  zspex simulate -k coadds -o sky --ntargets "$targets" -q
}

test_kernels() {
  local filter='*' failed
  if [[ $dry == yes ]]; then filter=$some_tests; fi
  part kernels_test 100 kernels_test --gtest_brief=1 --gtest_filter="$filter" --gtest_output="xml:$output/tests.xml"
  failed=$(sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$work/said" | sort -u | head -n 60 | tr '\n' ' ')
  if [[ -n $failed ]]; then complain "kernels_test: failed: $failed"; fi
  row kernels_test "$right" "$seconds"
}

# Tests that go through all kernels and are small: compute-sanitizer makes them a hundred times as slow.
some_tests='Banded*:SymmetricRoot*:Spots*:*SameBits.ForEveryBatch/*:*FitBackends.*/Five*:*FitBackends.*/Eleven*:*FitBackends.*/NonNegative*'

# Each pattern names tests, or a renamed one would no longer be looked at.
check_some_tests() {
  local pattern found
  IFS=: read -r -a patterns <<<"$some_tests"
  for pattern in "${patterns[@]}"; do
    found=$(kernels_test --gtest_list_tests --gtest_filter="$pattern" | grep -c '^  ' || true)
    ((found > 0)) || complain "kernels_test: expected tests named $pattern, found none. Correct some_tests in check_gpu.sh."
  done
}

sanitize() {
  local tool pid limit=75 status right
  local -A pids
  have compute-sanitizer compute-sanitizer || return 0
  for tool in memcheck racecheck initcheck synccheck; do
    timeout --kill-after=5 "$limit" compute-sanitizer --tool "$tool" --error-exitcode 9 --print-limit 20 \
      kernels_test --gtest_brief=1 --gtest_filter="$some_tests" >"$output/$tool.txt" 2>&1 &
    pids[$tool]=$!
  done
  for tool in memcheck racecheck initcheck synccheck; do
    status=0 right=yes
    wait "${pids[$tool]}" || status=$?
    if ((status != 0)); then
      right=NO
      complain "compute-sanitizer, $tool: exit status $status: $(grep -E 'SUMMARY|Invalid|Race|Uninit|Barrier' "$output/$tool.txt" |
        sort | uniq -c | sort -rn | head -n 3 | tr '\n' ' ')"
    fi
    row "compute-sanitizer, $tool" "$right"
  done
}

# measure_kernels PROGRAM FILTER FILTER_OF_DRY_RUN: a row for each of its measurements.
measure_kernels() {
  local program=$1 filter=$2 json=$output/$1.json shortest=0.2
  have "$program" "$program" || return 0
  if [[ $dry == yes ]]; then filter=$3 shortest=0.001; fi
  part "$program" 60 "$program" --benchmark_filter="$filter" --benchmark_min_time=$shortest --benchmark_out="$json" \
    --benchmark_out_format=json
  row "$program" "$right" "$seconds"
  [[ -s $json ]] || return 0
  # The peaks are those of the device's units, benchmarks/main.cpp.
  awk -F '"' '
    function number(text) { gsub(/[^-+.0-9e]/, "", text); return text + 0 }
    $2 == "peak flop/s, float" { peak["float"] = number($4) }
    $2 == "peak flop/s, double" { peak["double"] = number($4) }
    $2 == "name" { name = $4; sub(/\/(real|manual)_time$/, "", name) }
    $2 == "flop/s" {
      rate = number($3); most = peak[name ~ /mixed/ ? "float" : "double"]; share = "-"
      if (most > 0) share = sprintf("%.1f", 100 * rate / most)
      print name, sprintf("%.1f", rate * 1e-9), share
    }' "$json" | while read -r name rate share; do row "  $name" - - - - "$rate" "$share"; done
}

# predicted STRATEGY RANKS: seconds of scan and refinement, from the plan of AUTO on so many ranks.
predicted() {
  awk -v strategy="$1" '
    $1 == "->" { $1 = ""; $0 = $0; if (strategy == "AUTO") strategy = $1 }
    $1 == strategy && $6 ~ /^[0-9.]+$/ { print $6; exit }' "$work/plan-$2" 2>/dev/null | grep . || echo -
}

taken() { awk '/^ *scan and refinement: / { print $(NF - 2) }' "$work/said" | grep . || echo -; }

# fit NAME STRATEGY RANKS [OPTION...]: a row, compared with the CPU's answer.
fit() {
  local name=$1 strategy=$2 n=$3 file=fit-$2-$3.h5
  shift 3
  part "$name" 60 bash -c 'on_ranks "$@"' - "$n" zspex redshift -i sky/coadd-0.fits -t sky/templates -v --strategy "$strategy" \
    -o "$file" "$@"
  if [[ $strategy == AUTO ]]; then cp "$work/said" "$work/plan-$n"; fi
  agree "$name" "$file" fit-cpu.h5
  row "$name" "$right" "$seconds" "$(predicted "$strategy" "$n")" "$(taken)"
}

fit_redshifts() {
  local strategy
  part "redshift CPU, $ranks ranks" 60 bash -c 'on_ranks "$@"' - "$ranks" zspex redshift -i sky/coadd-0.fits -t sky/templates -v \
    --strategy CPU -o fit-cpu.h5
  row "redshift CPU, $ranks ranks" "$right" "$seconds" - "$(taken)"
  [[ $right == yes ]] || return 0
  for strategy in AUTO GPU_V6 GPU_V3 GPU_V2; do fit "redshift $strategy, 1 rank" "$strategy" 1; done
  for strategy in AUTO GPU_V4 GPU_V5 GPU_V6; do fit "redshift $strategy, $ranks ranks" "$strategy" "$ranks"; done
  # More than one launch per tile.
  fit "redshift GPU_V6, slice 1024" GPU_V6 1 --slice 1024 --memory 8
}

extract() {  # extract NAME DEVICE RANKS
  local name=$1 file=frame-$2-$3.h5
  part "$name" 60 bash -c 'on_ranks "$@"' - "$3" zspex extract --config night/extract.yaml --device "$2" -v -o "$file"
  if [[ $2 != cpu ]]; then agree "$name" "$file" "frame-cpu-$ranks.h5"; fi
  row "$name" "$right" "$seconds"
}

extract_frames() {
  extract "extract, CPU, $ranks ranks" cpu "$ranks"
  [[ $right == yes ]] || return 0
  if [[ $dry == no ]]; then
    extract "extract, GPU, 1 rank" gpu 1
    extract "extract, GPU, 1 rank, again" gpu 1
  fi
  extract "extract, GPU and CPU, $ranks ranks" auto "$ranks"
}

time_kernels() {
  local timer=$programs/libkernel_timer.so device=gpu
  [[ -r $timer ]] || timer=$here/lib/libkernel_timer.so
  if [[ ! -r $timer ]]; then
    row "kernel by kernel" skipped
    echo "kernel by kernel: skipped, there is no libkernel_timer.so (-DZSPEX_BENCHMARKS=ON)" >>"$output/notes.txt"
    return
  fi
  if [[ $dry == yes ]]; then device=cpu; fi
  export KOKKOS_TOOLS_LIBS=$timer KOKKOS_PROFILE_LIBRARY=$timer  # the second: before Kokkos 3.7
  ZSPEX_KERNEL_TIMES=$output/kernels-redshift.txt part "redshift, kernel by kernel" 60 \
    zspex redshift -i sky/coadd-0.fits -t sky/templates --strategy GPU_V6 -o fit-timed.h5 -q
  row "redshift, kernel by kernel" "$right" "$seconds"
  ZSPEX_KERNEL_TIMES=$output/kernels-extract.txt part "extract, kernel by kernel" 60 \
    zspex extract --config night/extract.yaml --device "$device" -o frame-timed.h5 -q
  unset KOKKOS_TOOLS_LIBS KOKKOS_PROFILE_LIBRARY
  row "extract, kernel by kernel" "$right" "$seconds"
}

# What the kernels that take the time wait for.
count_events() {
  have "counters (ncu)" ncu || return 0
  local sections=(SpeedOfLight Occupancy WarpStateStats MemoryWorkloadAnalysis LaunchStats)
  local command=(ncu --clock-control none "${sections[@]/#/--section=}")
  if (($(left) < 35)) || ! have "counters (ncu)" redshift_benchmark; then return; fi
  part "counters, redshift" 30 "${command[@]}" -c 4 redshift_benchmark --benchmark_filter='scan/device_mixed' \
    --benchmark_min_time=0.001
  cp "$work/said" "$output/ncu-redshift.txt"
  row "counters (ncu), redshift" "$right" "$seconds"
  part "counters, extract" 30 "${command[@]}" -k 'regex:resolve|normal|factor' -c 4 kernels_benchmark \
    --benchmark_filter='extract_bundle/patch.*2326' --benchmark_min_time=0.001
  cp "$work/said" "$output/ncu-extract.txt"
  row "counters (ncu), extract" "$right" "$seconds"
}

# ---- all of it

find_programs
gpus=$(list_gpus)
if [[ $dry == no && -z $gpus ]]; then
  die "expected an NVIDIA GPU, found none: nvidia-smi lists no GPU. Look at the driver, and at CUDA_VISIBLE_DEVICES; --dry-run
goes through the parts on the CPU."
fi
check_programs
if [[ -z $ranks ]]; then ranks=$(nproc); ((ranks <= 16)) || ranks=16; fi
((ranks > 1)) || ranks=2
if ! command -v "${launcher%% *}" >/dev/null; then
  echo "there is no $launcher here: all runs have one rank; ZSPEX_LAUNCHER names another launcher" >&2
  ranks=1
fi
if [[ -z $targets ]]; then targets=500; if [[ $dry == yes ]]; then targets=5; fi; fi
output=$(realpath --canonicalize-missing "${output:-gpu-check-$(hostname)}")
mkdir -p "$output" || die "expected to be able to make the folder $output. Name another one with --output."
rm -f "$output"/*.txt "$output"/*.json "$output"/*.xml
work=$(mktemp -d "${TMPDIR:-/tmp}/zspex-check.XXXXXX")
inputs=
trap 'if [[ -n $inputs ]]; then kill "$inputs" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
cd "$work"
: >"$output/notes.txt"
: >"$output/wrong.txt"
describe_machine >"$output/machine.txt"

if [[ $dry == yes ]]; then echo "A dry run, on the CPU: it says nothing of a GPU."; else echo "$gpus"; fi
echo "$(zspex --version | head -n 1), $ranks ranks, $targets targets, $(date --iso-8601=seconds)"
row part right seconds predicted taken Gflop/s "% peak"
make_inputs >"$work/inputs" 2>&1 &
inputs=$!
test_kernels
check_some_tests
sanitize
status=0
wait "$inputs" || status=$?
inputs=
cat "$work/inputs" >>"$output/log.txt"
if ((status != 0)); then
  complain "inputs: zspex simulate ended with exit status $status: $(tail -n 2 "$work/inputs" | tr '\n' ' ')"
  row inputs NO
else
  measure_kernels redshift_benchmark device 'device.*targets:1/'
  measure_kernels kernels_benchmark . 'nwave:150|m:48'
  fit_redshifts
  extract_frames
  time_kernels
  if [[ $dry == no ]]; then count_events; fi
fi

result=0
if [[ -s $output/wrong.txt ]]; then
  printf '\nNot right:\n'
  sed 's/^/  /' "$output/wrong.txt"
  result=1
fi
tar -C "$(dirname "$output")" -czf "$output.tar.gz" "$(basename "$output")"
printf '\n%d s. Predicted and taken: seconds of scan and refinement. All of it: %s, to attach to a report.\n' "$SECONDS" "$output.tar.gz"
exit "$result"
