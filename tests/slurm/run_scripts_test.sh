#!/usr/bin/env bash
# What the scripts of slurm/ do, seen through stand-ins for zspex, mpirun, srun and nvidia-cuda-mps-control that write down how
# they were called. Needs neither MPI nor Slurm nor a GPU.
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
script() {  # script NAME ARGUMENT...: the lines that zspex was called with, and the script's status if it isn't 0
  local status=0
  : >"$CALLS"
  bash "$repository/slurm/$1.sh" "${@:2}" >"$dir/out" 2>&1 || status=$?
  cat "$CALLS"
  ((status == 0)) || echo "status $status"
}
extract() { script extract --ranks 2 "$@"; }
redshift() { script redshift --ranks 2 "$@"; }

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

check "coadds, templates, details" "zspex redshift --strategy AUTO --templates t --input a.fits b.fits --output z.h5 --details d.h5" \
  "$(redshift -t t -o z.h5 -d d.h5 a.fits b.fits)"
check "templates of two files, options of zspex" "zspex redshift --strategy GPU_V6 --templates t u --dry-run -n 5 --input a.fits --output z.h5" \
  "$(redshift -t t -t u -o z.h5 -s GPU_V6 --dry-run a.fits -- -n 5)"
printf 'redshift:\n  input: [a.fits]\n  strategy: GPU_V4  # why not\n' >"$dir/config.yaml"
check "the strategy of a configuration" "zspex redshift --config $dir/config.yaml --strategy GPU_V4" "$(redshift -c "$dir/config.yaml")"
check "an option wins over it" "zspex redshift --config $dir/config.yaml --strategy CPU --input b.fits" \
  "$(redshift -c "$dir/config.yaml" -s CPU b.fits)"
printf '# petals\na.fits x.h5\nb.fits  # where --output says\n\nc.fits x.h5\nd.fits y.h5' >"$dir/list"
one_by_one="zspex redshift --strategy AUTO --input b.fits --output z.h5 --details d.h5
zspex redshift --strategy AUTO --input a.fits c.fits --output x.h5
zspex redshift --strategy AUTO --input d.fits --output y.h5"
check "one output after the other" "$(sort <<<"$one_by_one")" "$(redshift -l "$dir/list" -o z.h5 -d d.h5 | sort)"
check "in the order of the list" "x.h5 z.h5 y.h5" "$(grep -o '[xyz][.]h5' "$CALLS" | xargs)"
check "one that fails keeps no other from its turn" "3 zspex redshift 1 status 7" \
  "$(STATUS=7 redshift -l "$dir/list" -o z.h5 | cut -d ' ' -f 1,2 | uniq -c | xargs)"
check "a list without an output" "status 2" "$(redshift -l "$dir/list")"
check "coadds without an output" "status 2" "$(redshift a.fits)"
check "no coadds" "status 2" "$(redshift -o z.h5)"
check "a strategy among zspex's own options" "status 2" "$(redshift -o z.h5 a.fits -- --strategy CPU)"

# How many ranks a job of two nodes with 4 GPUs each starts, and with how many processors.
stand_in srun 'printf "%s " "$@" "cpus $SRUN_CPUS_PER_TASK gpus $SLURM_GPU_BIND mps $ZSPEX_MPS" | sed "s,/[^ ]*,,g" >>"$CALLS"'
in_job() {
  SLURM_JOB_ID=9 SLURM_NTASKS=128 SLURM_JOB_NUM_NODES=2 SLURM_CPUS_PER_TASK=2 SLURM_GPUS_ON_NODE=${gpus:-4} ZSPEX_LAUNCHER=$dir/srun \
    script redshift -o z.h5 a.fits "$@" | sed 's/  */ /g; s/redshift.*cpus/cpus/; s/ *$//'
}
check "one rank per GPU and all other cores" "--ntasks=128 cpus 2 gpus none mps no" "$(in_job -s GPU_V6)"
check "GPU_V3: four ranks per GPU under MPS" "--ntasks=32 --ntasks-per-node=16 cpus 8 gpus none mps yes" "$(in_job -s GPU_V3)"
check "as many as --ranks says" "--ntasks=8 cpus 2 gpus none mps yes" "$(in_job -s GPU_V3 --ranks 8)"
check "without GPUs one per core" "--ntasks=128 cpus 2 gpus none mps yes" "$(gpus=0 in_job -s GPU_V3)"

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
long=$dir/$(printf 'long%.0s' {1..20})
mkdir "$long"
stand_in rank 'echo "${#CUDA_MPS_PIPE_DIRECTORY} ${CUDA_MPS_PIPE_DIRECTORY%/*}" >>"$CALLS"'
check "sockets of MPS have short paths, however long TMPDIR is" "1 /tmp" \
  "$(TMPDIR=$long run_ranks >/dev/null; grep / "$CALLS" | sort -u | awk '{ print $1 + length("/control_privileged") <= 107, $2 }')"
check "ZSPEX_MPS=no" "0" "$(ZSPEX_MPS=no run_ranks >/dev/null; grep -c start "$CALLS")"
stand_in rank 'exit $((SLURM_LOCALID + STATUS))'
stand_in nvidia-cuda-mps-control 'exit 1'
check "without MPS the ranks run all the same" "2 1 0 " "$(run_ranks 2>/dev/null)"

((failures == 0)) || exit 1
