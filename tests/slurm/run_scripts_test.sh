#!/usr/bin/env bash
# What slurm/extract.sh and slurm/with_mps.sh do, seen through stand-ins for zspex, mpirun and nvidia-cuda-mps-control that
# write down how they were called. Needs neither MPI nor Slurm nor a GPU.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-scripts.XXXXXX")
trap 'rm -rf "$dir"' EXIT
failures=0
check() {  # check TITLE EXPECTED FOUND
  if [[ $2 == "$3" ]]; then
    echo "ok: $1"
  else
    printf 'FAILED: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}
stand_in() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"$dir/$1"; chmod +x "$dir/$1"; }

mkdir "$dir/home_is_elsewhere"
cd "$dir/home_is_elsewhere"
unset "${!SLURM@}" "${!ZSPEX@}"
export TMPDIR=$dir PATH=$dir:$PATH ZSPEX=$dir/zspex ZSPEX_LAUNCHER=$dir/launch CALLS=$dir/calls STATUS=0
stand_in zspex 'echo "${0##*/} $*" >>"$CALLS"; exit "$STATUS"'
stand_in launch 'shift 2; exec "$@"'  # "launch -n 2 COMMAND..." runs it once
extract() {  # extract ARGUMENT...: the line that zspex was called with, or the script's complaint and its status
  local status=0
  : >"$CALLS"
  bash "$repository/slurm/extract.sh" --ranks 2 "$@" >"$dir/out" 2>&1 || status=$?
  cat "$CALLS"
  ((status == 0)) || echo "status $status"
}

printf '# a comment\na.fits p.fits\n\n  b.fits\tp.fits  # and another\nc.fits q.fits' >"$dir/list"
check "a list, comments, no newline at its end" "zspex extract --input a.fits b.fits c.fits --psf p.fits p.fits q.fits --output out/" \
  "$(extract -l "$dir/list" -o out)"
printf 'a.fits p.fits x.fits\nb.fits p.fits y.h5\n' >"$dir/list"
check "outputs in the list" "zspex extract --config c.yaml --input a.fits b.fits --psf p.fits p.fits --output x.fits y.h5" \
  "$(extract -l "$dir/list" -c c.yaml)"
check "one frame into a file, options of zspex" "zspex extract --input a.fits --psf p.fits --output x.h5 --dry-run -n 25" \
  "$(extract -p p.fits -o x.h5 --dry-run a.fits -- -n 25)"
check "the configuration alone" "zspex extract --config c.yaml" "$(extract -c c.yaml)"
check "outputs in the list and a folder" "status 2" "$(extract -l "$dir/list" -o out)"
printf 'a.fits p.fits x.fits\nb.fits p.fits\n' >"$dir/list"
check "an output missing in the list" "status 2" "$(extract -l "$dir/list")"
check "no frames" "status 2" "$(extract)"
check "no PSF" "status 2" "$(extract -o out a.fits)"
check "an unknown option" "status 2" "$(extract --nspec 25 a.fits)"
check "zspex's exit status" $'zspex extract --config c.yaml\nstatus 7' "$(STATUS=7 extract -c c.yaml)"

# Three ranks of one node under MPS: started once, by the first; stopped once, after its command.
stand_in nvidia-cuda-mps-control 'if [[ ${1:-} == -d ]]; then
  echo start >>"$CALLS"; touch "$CUDA_MPS_PIPE_DIRECTORY/control"
else
  read -r word; echo "$word" >>"$CALLS"
fi'
stand_in rank 'echo "rank ${SLURM_LOCALID} ${CUDA_MPS_PIPE_DIRECTORY##*/}" >>"$CALLS"; sleep 0.5; exit $((SLURM_LOCALID + STATUS))'
export SLURM_JOB_ID=123 SLURM_STEP_ID=4
pipe=zspex-mps-$(id -u)-123.4
run_ranks() {
  local rank pids=() status
  : >"$CALLS"
  for rank in 2 1 0; do SLURM_LOCALID=$rank "$repository/slurm/with_mps.sh" "$dir/rank" & pids+=($!); done
  for rank in 2 1 0; do
    status=0
    wait "${pids[2 - rank]}" || status=$?
    printf '%s ' "$status"
  done
}
check "each rank keeps its exit status" "7 6 5 " "$(STATUS=5 run_ranks)"
check "MPS starts before the ranks" start "$(head -n 1 "$CALLS")"
check "all ranks run under it" "$(printf 'rank %s\n' "0 $pipe" "1 $pipe" "2 $pipe")" "$(sed 1d "$CALLS" | grep rank | sort)"
check "MPS stops once, at the end" "1 quit" "$(grep -c quit "$CALLS") $(tail -n 1 "$CALLS")"
check "nothing of it is left" "" "$(ls -d "$dir"/zspex-mps-* 2>/dev/null)"
check "ZSPEX_MPS=no" "0" "$(ZSPEX_MPS=no run_ranks >/dev/null; grep -c start "$CALLS")"
stand_in nvidia-cuda-mps-control 'exit 1'
check "without MPS the ranks run all the same" "2 1 0 " "$(run_ranks 2>/dev/null)"

((failures == 0)) || exit 1
