#!/usr/bin/env bash
# The same bytes with 1, 2, 3 and 4 threads per rank: frames by both solvers, redshifts with scans, by the host's kernels and by those
# of a GPU. For a Kokkos with OpenMP or Threads.
# run_threads_test.sh ZSPEX RANKS LAUNCHER...
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
export OMP_PROC_BIND=false OMP_WAIT_POLICY=passive

expect "simulate a frame" 0 "" "$zspex" simulate --quiet -o "$dir/in" --cameras r0 --npix-x 400 --npix-y 4128 \
  --wave-r 5900,5960,0.8 -n 25
expect "simulate coadds" 0 "" "$zspex" simulate --quiet --kind coadds -o "$dir/in" --ntargets 11 --wave-b 3600,5800,3 \
  --wave-r 5760,7620,3 --wave-z 7520,9824,3
preproc=$(echo "$dir"/in/preproc-*.fits) psf=$(echo "$dir"/in/psf-*.fits)

# What a run, not its answers, makes different: times, threads, and sums over these. Names of outputs are the same in each folder.
answers() { LC_ALL=C sed -zE 's/(CHECKSUM|ZSPEXBEG|ZSPEXEND|ZSPEXLAY).{72}//g' "$1" | sha256sum; }

for threads in 1 2 3 4; do
  mkdir -p "$dir/$threads"
  cd "$dir/$threads" || exit 1
  export OMP_NUM_THREADS=$threads KOKKOS_NUM_THREADS=$threads
  for solver in patch bundle; do
    expect "extract, $solver, $threads threads" 0 "" "${launcher[@]}" "$zspex" extract -q -i "$preproc" -p "$psf" -o $solver.fits \
      --solver $solver
  done
  for kernels in native teams; do
    expect "redshift, $kernels, $threads threads" 0 "" "${launcher[@]}" "$zspex" redshift -q -i "$dir/in/coadd-0.fits" \
      -t "$dir/in/templates" -o $kernels.fits -m $kernels-model.fits --zscan-galaxy=-0.005,1.6,2e-3 --zscan-qso 0.05,2.5,5e-3 \
      --strategy GPU_V6 --device-kernels $kernels
  done
  cd "$dir" || exit 1
  for name in patch bundle native teams native-model teams-model; do
    if [[ $(answers "$threads/$name.fits") == "$(answers "1/$name.fits")" ]]; then
      echo "ok: $name.fits, $threads threads"
    else
      : >log
      fail "$name.fits: expected the bytes of one thread with $threads, found others"
    fi
  done
done
finish
