#!/usr/bin/env bash
# A profile of a small redshift run by a tool of Kokkos: its regions have the names of the stage, the strategy and the step.
# kernel_timer_test.sh ZSPEX TOOL
set -euo pipefail
zspex=$(realpath "$1") tool=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$zspex" simulate --quiet --kind coadds -o in --ntargets 2 --wave-b 3600,5800,3 --wave-r 5760,7620,3 --wave-z 7520,9824,3
for strategy in CPU GPU_V4; do
  # Kokkos before 3.7 knows the second name.
  KOKKOS_TOOLS_LIBS=$tool KOKKOS_PROFILE_LIBRARY=$tool ZSPEX_KERNEL_TIMES=$PWD/$strategy.txt \
    "$zspex" redshift --quiet -i in/coadd-0.fits -t in/templates/rrtemplate-STAR-F-vsim1.fits -o "$strategy.fits" --strategy "$strategy"
  for step in "make room" read scan refine gather; do
    grep -q "region *zspex::redshift::$strategy::$step\$" "$strategy.txt" || {
      echo "expected a region of the step '$step' in the profile of $strategy, found none:"
      cat "$strategy.txt"
      exit 1
    }
  done
  grep -q " zspex::redshift::" <(grep -v region "$strategy.txt") || { echo "expected kernels, too, found none"; exit 1; }
done
