#!/usr/bin/env bash
# What the scripts of slurm/ do, seen through stand-ins for zspex, mpirun, srun and nvidia-cuda-mps-control that write down how
# they were called. Needs neither MPI nor Slurm nor a GPU.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-scripts.XXXXXX")
trap 'rm -rf "$dir"' EXIT
source "$repository/tests/check.sh"
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

# Frames. Lists are zspex's to read.
check "one launch for a list" "zspex extract --config c.yaml --list frames.txt --output out/" \
  "$(extract -c c.yaml -l frames.txt -o out)"
check "what there is for many files" \
  "zspex extract --list l.txt --psf p.fits --output out/ --group 4 --report r.csv --part 2/3 --resume --nspec 25" \
  "$(extract -l l.txt -p p.fits -o out/ --group 4 --report r.csv --part 2/3 --resume -- --nspec 25)"
check "frames as arguments, into a folder" "zspex extract --input a.fits b.fits --psf p.fits --output out/" \
  "$(extract -p p.fits -o out a.fits b.fits)"
check "one frame into a file, options of zspex" "zspex extract --input a.fits --psf p.fits --output x.h5 --dry-run -n 25" \
  "$(extract -p p.fits -o x.h5 --dry-run a.fits -- -n 25)"
check "the configuration alone" "zspex extract --config c.yaml" "$(extract -c c.yaml)"
check "no frames" "status 2" "$(extract)"
check "an unknown option" "status 2" "$(extract --nspec 25 a.fits)"
check "an option without its value" "status 2" "$(extract -c c.yaml -l)"
check "what is said of it" \
  "slurm/extract.sh: expected a file after -l, found nothing. --help tells what each option takes." "$(<"$dir/out")"
check "zspex's exit status" $'zspex extract --config c.yaml\nstatus 7' "$(STATUS=7 extract -c c.yaml)"

# Redshifts.
check "coadds, templates, details" "zspex redshift --strategy AUTO --templates t --input a.fits b.fits --output z.h5 --details d.h5" \
  "$(redshift -t t -o z.h5 -d d.h5 a.fits b.fits)"
check "templates of two files, options of zspex" "zspex redshift --strategy GPU_V6 --templates t u --input a.fits --output z.h5 --dry-run -n 5" \
  "$(redshift -t t -t u -o z.h5 -s GPU_V6 --dry-run a.fits -- -n 5)"
printf 'redshift:\n  input: [a.fits]\n  strategy: GPU_V4  # why not\n' >"$dir/config.yaml"
check "the strategy of a configuration" "zspex redshift --config $dir/config.yaml --strategy GPU_V4" "$(redshift -c "$dir/config.yaml")"
check "an option wins over it" "zspex redshift --config $dir/config.yaml --strategy CPU --input b.fits" \
  "$(redshift -c "$dir/config.yaml" -s CPU b.fits)"
check "one launch for a list of coadds" \
  "zspex redshift --strategy AUTO --list l.txt --output z/ --details d/ --group 2 --report r.csv --resume" \
  "$(redshift -l l.txt -o z -d d --resume --group 2 --report r.csv)"
check "no coadds" "status 2" "$(redshift -o z.h5)"
check "a coadd's option without its value" "status 2" "$(redshift a.fits --templates)"
check "what is said of it, too" \
  "slurm/redshift.sh: expected a file or folder after --templates, found nothing. --help tells what each option takes." "$(<"$dir/out")"
check "a strategy among zspex's own options" "status 2" "$(redshift -o z.h5 a.fits -- --strategy CPU)"

# A scaling study; what it does with one is in run_slurm_test.sh.
check "no study" "status 2" "$(script scaling)"
check "a study that isn't there" "status 2" "$(script scaling nothing.yaml)"
check "what is said of it once more" "slurm/scaling.sh: expected a study, cannot read nothing.yaml." "$(<"$dir/out")"
mkdir "$dir/bare"
stand_in bare/python3 'exit 1'
check "a Python without venv has a status of its own" "status 75" \
  "$(PATH=$dir/bare:$PATH ZSPEX_VENV=$dir/venv SLURM_JOB_ID=9 script scaling "$dir/config.yaml")"

# Each job of an array does its part, and says so in a table of its own.
array() {  # array ID MIN MAX STEP COUNT ARGUMENT...
  SLURM_ARRAY_TASK_ID=$1 SLURM_ARRAY_TASK_MIN=$2 SLURM_ARRAY_TASK_MAX=$3 SLURM_ARRAY_TASK_STEP=$4 SLURM_ARRAY_TASK_COUNT=$5 \
    redshift -l l.txt "${@:6}" | sed 's/.*--list l.txt *//'
}
check "the third of --array=1-8" "--report r-3.csv --part 3/8" "$(array 3 1 8 1 8 --report r.csv)"
check "the first of --array=0-3" "--part 1/4" "$(array 0 0 3 1 4)"
check "the last of --array=10-30:10" "--part 3/3" "$(array 30 10 30 10 3)"
check "the last of --array=0-7:3" "--part 3/3" "$(array 6 0 6 3 3)"
check "an array with gaps" "status 2" "$(array 7 1 7 1 3)"
check "--part wins" "--report r.csv --part 2/8" "$(array 1 1 1 1 1 --report r.csv --part 2/8)"
check "ZSPEX_PART wins" "--part 5/8" "$(ZSPEX_PART=5/8 array 1 1 1 1 1)"
check "a job that starts again resumes" "zspex extract --list l.txt --resume" "$(SLURM_RESTART_COUNT=1 extract -l l.txt)"
check "a job that starts does not" "zspex extract --list l.txt" "$(SLURM_RESTART_COUNT=0 extract -l l.txt)"

check "a requeue of some kind" "status 2" "$(ZSPEX_REQUEUE=maybe extract -l l.txt)"

# srun that starts no ranks, and says that all is well.
mkdir "$dir/cray"
stand_in cray/srun '[[ $* == *" --list ranks.txt"* ]] || exit 0; while [[ $1 == --* ]]; do shift; done; exec "$@"'
in_batch() { SLURM_JOB_ID=9 SLURM_NTASKS=2 SLURMD_NODENAME=here ZSPEX_LAUNCHER="$dir/cray/srun $1" script extract -l "$2"; }
check "ranks that start" "zspex extract --list ranks.txt" "$(in_batch --exact ranks.txt)"
check "ranks that srun doesn't start" "status 1" "$(in_batch --exact none.txt)"
check "nothing is known of a container's" "" "$(in_batch container none.txt)"
check "no file is left" "" "$(ls "$dir" | grep started)"

# What is set up before.
printf '[[ -z $unset_variable ]] && export ZSPEX=$TMPDIR/chosen\n' >"$dir/setup"
stand_in chosen 'echo "chosen $*" >>"$CALLS"'
check "ZSPEX_SETUP is sourced, in front of what is there" "chosen extract --list l.txt" "$(ZSPEX_SETUP=$dir/setup extract -l l.txt)"
echo false >"$dir/setup"
check "a setup that fails ends the job" "status 1" "$(ZSPEX_SETUP=$dir/setup extract -l l.txt)"
check "one that isn't there, too" "status 2" "$(ZSPEX_SETUP=$dir/nothing extract -l l.txt)"
stand_in zspex 'echo "${0##*/} $* gpu-aware MPI $MPICH_GPU_SUPPORT_ENABLED" >>"$CALLS"'
check "ranks are told that MPI sends host memory only" "zspex extract -c gpu-aware MPI 0" \
  "$(MPICH_GPU_SUPPORT_ENABLED=1 extract -c c.yaml | sed 's/--config c.yaml/-c/')"

# Signals: the launcher writes down those that it gets, and tells its ranks' status.
stand_in slow 'trap "echo got TERM >>\"$CALLS\"; exit 143" TERM
trap "echo got USR1 >>\"$CALLS\"; exit 138" USR1
touch "$CALLS.up"; for ((i = 0; i < 200; ++i)); do sleep 0.05; done'
rm "$dir/cray/srun"
ln -s ../slow "$dir/cray/srun"
stand_in scontrol 'echo "scontrol $*" >>"$CALLS"'
# signal LAUNCHER SIGNALS [ENVIRONMENT...]: what the launcher got, what Slurm was asked, the status. ^C is what a terminal sends to
# the whole process group.
signal() {
  local status=0 pid i word
  : >"$CALLS"; rm -f "$CALLS.up"
  env --default-signal=INT ZSPEX_LAUNCHER="$1" SLURM_JOB_ID=9 SLURM_NTASKS=2 "${@:3}" \
    setsid bash "$repository/slurm/extract.sh" -l l.txt >"$dir/out" 2>&1 & pid=$!
  for ((i = 0; i < 200; ++i)); do [[ ! -e $CALLS.up ]] || break; sleep 0.02; done
  for word in $2; do
    if [[ $word == ^C ]]; then kill -s INT -- "-$pid"; else kill -s "$word" "$pid"; fi
    [[ $word == "$2" ]] || sleep 0.1
  done
  wait "$pid" || status=$?
  echo "$(paste -sd , "$CALLS") $status"
}
check "TERM is passed on, and waited for" "got TERM 143" "$(signal "$dir/slow" TERM)"
check "so is INT" "got TERM 130" "$(signal "$dir/slow" INT)"
check "srun would kill its ranks on TERM, and passes on USR1" "got USR1 143" "$(signal "$dir/cray/srun" TERM)"
check "nearly out of time: the ranks end" "got TERM 138" "$(signal "$dir/slow" USR1)"
check "ZSPEX_REQUEUE=yes: the job starts again" "got USR1,scontrol requeue 9 138" "$(signal "$dir/cray/srun" USR1 ZSPEX_REQUEUE=yes)"
check "an array's job by itself" "got TERM,scontrol requeue 8_2 138" \
  "$(signal "$dir/slow" USR1 ZSPEX_REQUEUE=1 SLURM_ARRAY_JOB_ID=8 SLURM_ARRAY_TASK_ID=2 ZSPEX_PART=2/2)"
check "not more often than allowed" "got TERM 138" "$(signal "$dir/slow" USR1 ZSPEX_REQUEUE=2 SLURM_RESTART_COUNT=2)"
check "not when it is cancelled" "got TERM 143" "$(signal "$dir/slow" TERM ZSPEX_REQUEUE=yes)"
stand_in slow 'trap "exit 7" TERM; touch "$CALLS.up"; for ((i = 0; i < 200; ++i)); do sleep 0.05; done'
check "not when zspex had ended by itself" " 7" "$(signal "$dir/slow" USR1 ZSPEX_REQUEUE=yes)"
# A launcher that ends with mpirun's status, a little after TERM, and once leaves a rank with a process group of its own.
stand_in told 'for word in INT QUIT HUP USR1; do trap "echo $word >>\"$CALLS\"" $word; done
trap "echo TERM >>\"$CALLS\"; end=yes" TERM
[[ -e $TMPDIR/rank ]] || { setsid sleep 60 & echo $! >"$TMPDIR/rank"; }
end= && touch "$CALLS.up"
for ((i = 0; i < 200; ++i)); do [[ -z $end ]] || break; sleep 0.05; done
sleep 0.2
exit 1'
alone() { signal "$dir/told" "$1" SLURM_JOB_ID=; }
check "Ctrl-C: the launcher hears one word, and only ours" "TERM 130" "$(alone ^C)"
check "no rank is left at the end" gone "$(if grep -q sleep "/proc/$(<"$dir/rank")/cmdline" 2>/dev/null; then echo there; else echo gone; fi)"
check "Ctrl-C again and again" "TERM 130" "$(alone "^C ^C ^C")"
check "USR1, then TERM: still one word" "TERM 143" "$(alone "USR1 TERM")"
check "a terminal that is closed" "TERM 129" "$(alone HUP)"
ln -sf ../told "$dir/cray/srun"
check "srun that doesn't end at USR1 hears TERM when asked again" "USR1,TERM 143" "$(signal "$dir/cray/srun" "TERM TERM")"
stand_in zspex 'echo "${0##*/} $*" >>"$CALLS"; exit "$STATUS"'

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
  echo "start ${CUDA_VISIBLE_DEVICES-with all GPUs}" >>"$CALLS"; touch "$CUDA_MPS_PIPE_DIRECTORY/control"
else
  read -r word; echo "$word" >>"$CALLS"
fi'
stand_in rank 'echo "rank ${SLURM_LOCALID} ${CUDA_MPS_PIPE_DIRECTORY##*/}" >>"$CALLS"; sleep 0.3; exit $((SLURM_LOCALID + STATUS))'
export SLURM_JOB_ID=123 SLURM_STEP_ID=4
pipe=zspex-mps-$(id -u)-123.4
run_ranks() {
  local rank pids=() status
  : >"$CALLS"
  for rank in 2 1 0; do SLURM_LOCALID=$rank CUDA_VISIBLE_DEVICES=$rank "$repository/slurm/with_mps.sh" "$dir/rank" & pids+=($!); done
  for rank in 2 1 0; do
    status=0
    wait "${pids[2 - rank]}" || status=$?
    printf '%s ' "$status"
  done
}
check "each rank keeps its exit status" "7 6 5 " "$(STATUS=5 run_ranks)"
check "MPS starts before the ranks, with more GPUs than the first of them sees" "start with all GPUs" "$(head -n 1 "$CALLS")"
check "all ranks run under it" "$(printf 'rank %s\n' "0 $pipe" "1 $pipe" "2 $pipe")" "$(sed 1d "$CALLS" | grep rank | sort)"
check "MPS stops once, at the end" "1 quit" "$(grep -c quit "$CALLS") $(tail -n 1 "$CALLS")"
check "nothing of it is left" "" "$(ls -d "$dir"/zspex-mps-* 2>/dev/null)"
long=$dir/$(printf 'long%.0s' {1..20})
mkdir "$long"
stand_in rank 'sleep 0.3; echo "${#CUDA_MPS_PIPE_DIRECTORY} ${CUDA_MPS_PIPE_DIRECTORY%/*}" >>"$CALLS"'
check "sockets of MPS have short paths, however long TMPDIR is" "1 /tmp" \
  "$(TMPDIR=$long run_ranks >/dev/null; grep / "$CALLS" | sort -u | awk '{ print $1 + length("/control_privileged") <= 107, $2 }')"
check "ZSPEX_MPS=no" "0" "$(ZSPEX_MPS=no run_ranks >/dev/null; grep -c start "$CALLS")"
stand_in rank 'sleep 0.3; exit $((SLURM_LOCALID + STATUS))'
stand_in nvidia-cuda-mps-control 'exit 1'
check "without MPS the ranks run all the same" "2 1 0 " "$(run_ranks 2>/dev/null)"

((failures == 0)) || exit 1
