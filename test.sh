#!/usr/bin/env bash
# Builds zspex and runs all its tests. Installs what is missing from Debian's or Ubuntu's packages.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"

usage() {
  cat <<'END'
./test.sh [--sanitize | --preset NAME] [--kernels | --slurm] [--yes] [arguments of ctest]

  --sanitize     build and test with the address and undefined-behavior sanitizers (build-asan/)
  --preset NAME  another preset of CMakePresets.json, for example debug; openmp and teams build a Kokkos with OpenMP where
                 neither the distribution nor Kokkos_ROOT has one (scripts/kokkos.sh)
  --kernels      only the tests of the kernels, in one go on each core
  --slurm        only the test that starts a one-node Slurm and submits the jobs of slurm/ to it
  --yes          install missing packages without asking
  anything else  goes to ctest: -R Extraction (only tests with that name), -V (all output), ...

Fails when a test fails, and when fewer tests ran than tests/minimum_tests says.
END
}

preset=default slurm=no kernels=no ctest_arguments=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --sanitize) preset=asan ;;
    --preset) preset=${2:?--preset expects a name}; shift ;;
    --slurm) slurm=yes ;;
    --kernels) kernels=yes ;;
    --yes) export ZSPEX_YES=1 ;;
    *) ctest_arguments+=("$1") ;;
  esac
  shift
done

if [[ $preset =~ ^(openmp|teams)$ && -z ${Kokkos_ROOT:-} ]] && ! takes_kokkos_package; then
  Kokkos_ROOT=$(scripts/kokkos.sh openmp | tail -n 1)
  export Kokkos_ROOT
fi
need_build_packages
if [[ $preset == asan ]]; then need_packages libbenchmark-dev; fi
if [[ $preset == clang ]]; then need_packages clang++:clang; fi
if [[ $slurm == yes ]]; then
  need_packages "${slurm_packages[@]}"
  configure_and_build "$preset" zspex
  say "Running a one-node Slurm"
  exec tests/slurm/run_slurm_test.sh "$(build_folder "$preset")/zspex"
fi

if [[ $kernels == yes ]]; then
  configure_and_build "$preset" kernels_test
  say "Testing the kernels"
  # A Kokkos with threads has them as the presets of ctest say; without, each core does a share of the tests.
  if [[ $preset =~ ^(openmp|teams)$ ]]; then
    shards=1
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-4} OMP_PROC_BIND=false OMP_WAIT_POLICY=passive
  else
    shards=$(nproc)
  fi
  processes=() failed=0
  for ((i = 0; i < shards; ++i)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$i "$(build_folder "$preset")/kernels_test" --gtest_brief=1 &
    processes+=($!)
  done
  for process in "${processes[@]}"; do wait "$process" || failed=1; done
  exit "$failed"
fi

targets=(all)
if [[ $preset == default ]]; then targets+=(headers); fi  # each alone; one compiler's opinion will do
configure_and_build "$preset" "${targets[@]}"
source scripts/mpi_environment.sh

say "Testing"
folder=$(build_folder "$preset")
log=$folder/test.log
failed=0
rm -rf "$folder/gtest"
ctest --preset "$preset" --parallel "$(nproc)" "${ctest_arguments[@]}" 2>&1 | tee "$log" || failed=1

# Skipped tests with the reason that they printed: from ctest's own log of all output; and from the XML of the runs under MPI,
# each of which ctest takes for one test, those that no number of ranks runs.
skipped_tests() {
  awk '/^[0-9]+\/[0-9]+ Testing: / { name = $3; wanted = 0 }
       name ~ /^pipeline_ranks_/  { next }
       wanted && NF               { printf "  %s: %s\n", name, $0; wanted = 0 }
       /: Skipped$/               { wanted = 1 }
       /^[Ss]kipped: /            { printf "  %s: %s\n", name, substr($0, 10) }' \
    "$folder/Testing/Temporary/LastTest.log"
  awk 'function value(key) { split($0, parts, " " key "=\""); sub(/".*/, "", parts[2]); return parts[2] }
       / result="completed"/      { runs[value("classname") "." value("name")] = 1 }
       / result="skipped"/        { name = value("classname") "." value("name"); reasons[name] = "no reason given" }
       /<skipped message="/       { reasons[name] = value("message"); sub(/^[^&]*&#x0A;/, "", reasons[name]); gsub(/&quot;/, "\047", reasons[name]) }
       END                        { for (name in reasons) if (!(name in runs)) printf "  %s: %s\n", name, reasons[name] }' \
    "${xml[@]}"
}

mapfile -t xml < <(find "$folder/gtest" -name '*.xml' 2>/dev/null)
((${#xml[@]} > 0)) || xml=(/dev/null)
skipped=$(skipped_tests)
if [[ -n $skipped ]]; then say $'Skipped\n'"$skipped"; fi

ran=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#.*(Passed|\*\*\*Failed|\*\*\*Exception|\*\*\*Timeout)' "$log" || true)
ran=$((ran + $(cat "${xml[@]}" | grep -c ' result="completed"' || true)))
minimum=$(<tests/minimum_tests)
say "Ran $ran tests, skipped $(grep -c . <<<"$skipped" || true)"
if [[ ${#ctest_arguments[@]} == 0 ]] && ((ran < minimum)); then
  die "expected at least $minimum tests to run (tests/minimum_tests), found $ran. Look for tests that are no longer
registered, or skip for want of something; if some were removed on purpose, lower the number."
fi
((failed == 0)) || die "tests failed. Run one alone with ./test.sh -R NAME -V"
