# Sourced by the scripts beside it, which name their stage, have a die() and know home, the folder over slurm/: what they share.
# home is the repository, or share/zspex of an installation.

# Why the job is to end: the name of a signal, and the exit status that tells it. child: the launcher of its ranks, "soon" while it
# starts. told: what it was sent.
signal= status_of_signal= heard=0 child= told=
# USR1 is Slurm's, by --signal, before the time is over; the last three are a terminal's, which the launcher doesn't get.
for word in USR1 TERM INT QUIT HUP; do
  trap "hear $word $((128 + $(kill -l "$word")))" "$word"
done
hear() {
  signal=$1 status_of_signal=$2 heard=$((heard + 1))
  # A terminal that was closed takes no words.
  say "zspex $stage: got $signal$([[ $signal != USR1 ]] || echo ", the time is nearly over"), $(date --iso-8601=seconds)"
  case $child in
    '') [[ $signal == USR1 ]] || exit "$status_of_signal" ;;
    soon) ;;
    *) end_ranks ;;
  esac
}
say() { echo "$@" 2>/dev/null || true; }

# Lets the ranks remove what is half written, and end. srun would kill them on TERM, but hands USR1 on, after which zspex ends, too;
# what hears no USR1 hears TERM when it is asked again. mpirun is told once: at a second word it leaves its ranks alone.
end_ranks() {
  local word=TERM
  if [[ $(basename "${launcher[0]}") == srun ]]; then
    if [[ -z $told ]]; then word=USR1; fi
  elif [[ -n $told ]]; then
    return 0  # a trap's bare return would tell the status from before it
  fi
  told=$word
  kill -s "$word" "$child" 2>/dev/null || true
}

# Without Slurm, which does it by itself: ends what its launcher has left of this run on this machine, for example mpirun when it
# was killed. Ranks have process groups of their own; their environment tells them.
end_left_ranks() {
  local pids i
  trap '' USR1 TERM INT QUIT HUP  # we are at the end
  for ((i = 0; i < 100; ++i)); do
    # Not this grep itself, which can't read others' processes, and says so in its status.
    mapfile -t pids < <(env --unset=ZSPEX_RUN grep --files-with-matches --no-messages --null-data --line-regexp --fixed-strings \
      "ZSPEX_RUN=$ZSPEX_RUN" /proc/[0-9]*/environ)
    ((${#pids[@]} > 0)) || return 0
    pids=("${pids[@]#/proc/}") && pids=("${pids[@]%/environ}")
    case $i in
      3) kill -s TERM "${pids[@]}" 2>/dev/null || true ;;
      80) kill -s KILL "${pids[@]}" 2>/dev/null || true ;;
    esac
    sleep 0.1
  done
  say "zspex $stage: expected no rank after the end, found processes ${pids[*]} on $(hostname). End them by kill -KILL." >&2
}

# The program, ZSPEX, after a file that makes it run.
find_program() {
  local path=$PATH
  if [[ -n ${ZSPEX_SETUP:-} ]]; then
    [[ -r $ZSPEX_SETUP ]] || die "expected a file to source in ZSPEX_SETUP, cannot read $ZSPEX_SETUP."
    set +eu  # modules and spack read variables that may be unset
    # A job's shell is no login shell: where the command module is a function of login shells, it has none.
    if ! command -v module >/dev/null && [[ -r /etc/profile ]]; then source /etc/profile && PATH=$path:$PATH; fi
    set -e
    source "$ZSPEX_SETUP"
    set -u
  fi
  if [[ -z ${ZSPEX:-} ]]; then
    local programs=("$home/build-cuda/zspex" "$home/build/zspex")
    if [[ ! -f $home/CMakeLists.txt ]]; then programs=("${home%/*/*}/bin/zspex"); fi  # PREFIX/share/zspex
    for ZSPEX in "${programs[@]}"; do [[ ! -x $ZSPEX ]] || break; done
  fi
  [[ -x $ZSPEX ]] || die "expected the program $ZSPEX. Build it (cmake --preset cuda && cmake --build --preset cuda), or name
it with ZSPEX."
}

# GPUs of this node.
count_gpus() {
  local gpus=${SLURM_GPUS_ON_NODE:-0}
  if [[ $gpus == 0 ]] && command -v nvidia-smi >/dev/null; then
    gpus=$(nvidia-smi --list-gpus 2>/dev/null | grep -c '^GPU' || true)
  fi
  echo "$gpus"
}

# Debian's Open MPI and a Slurm with PMIx find each other only when told to; without PMIx srun would start strangers, each of
# them alone in the world. Cray's MPI is what srun takes by itself.
choose_launcher() {
  local libraries plugins
  if [[ -z ${SLURM_JOB_ID:-} ]]; then
    echo mpirun
    return
  fi
  # Whole answers first: a grep that ends early would make its pipe fail.
  libraries=$(ldd "$ZSPEX" 2>/dev/null || true)
  if [[ -n ${SLURM_MPI_TYPE:-} || $libraries != *libopen-pal* ]]; then
    echo srun
    return
  fi
  plugins=$(srun --mpi=list 2>&1 || true)
  if [[ $plugins == *pmix* ]]; then echo srun --mpi=pmix; else echo mpirun; fi
}

# as_folder NAME: results that aren't named like a file go into a folder, which zspex knows by the / at its end.
as_folder() {
  case $1 in
    '' | *.fits | *.fits.gz | *.h5 | */) echo "$1" ;;
    *) echo "$1/" ;;
  esac
}

# Sets part, I/N, for --part: what this job does of a list. Of an array each job takes one part.
find_part() {
  local first=${SLURM_ARRAY_TASK_MIN:-} last=${SLURM_ARRAY_TASK_MAX:-} step=${SLURM_ARRAY_TASK_STEP:-1} count
  part=${part:-${ZSPEX_PART:-}}
  if [[ -n $part || -z ${SLURM_ARRAY_TASK_ID:-} ]]; then return; fi
  count=${SLURM_ARRAY_TASK_COUNT:-0}
  [[ -n $first && -n $last ]] && (((last - first) / step + 1 == count)) ||
    die "expected an array without gaps, like --array=1-8, found $count jobs from $first to $last. To do some parts of a list
again, name them one by one: --part I/N without --array."
  part=$(((SLURM_ARRAY_TASK_ID - first) / step + 1))/$count
  # All jobs of an array have one command line; each needs a table of its own.
  if [[ $report == *.csv && $count -gt 1 ]]; then report=${report%.csv}-${part%/*}.csv; fi
}

# Sets several, the options of zspex that are about many files; of group, report, part and resume.
options_of_several() {
  find_part
  [[ ${ZSPEX_REQUEUE:-no} =~ ^(yes|no|[0-9]+)$ ]] || die "expected yes, no or a number in ZSPEX_REQUEUE, found $ZSPEX_REQUEUE."
  several=(${group:+--group "$group"} ${report:+--report "$report"} ${part:+--part "$part"})
  # What the job has done before Slurm started it again is kept.
  if [[ -n $resume || ${SLURM_RESTART_COUNT:-0} -gt 0 ]]; then several+=(--resume); fi
}

# prepare_launch RANKS [RANKS_PER_NODE]: sets launcher, an array. With the second the nodes are filled so far only, and a rank
# gets its part of the processors that all tasks of the job would have.
prepare_launch() {
  local ranks=$1 per_node=${2:-} cpus=${SLURM_CPUS_PER_TASK:-}
  [[ $ranks =~ ^[1-9][0-9]*$ ]] || die "expected a number of ranks, found $ranks."
  read -r -a launcher <<<"${ZSPEX_LAUNCHER:-$(choose_launcher)}"
  if [[ $(basename "${launcher[0]}") == srun ]]; then
    export SLURM_CPU_BIND=${SLURM_CPU_BIND:-cores}
    # Every rank sees all GPUs of its node: zspex deals them by node-local rank.
    export SLURM_GPU_BIND=${SLURM_GPU_BIND:-none}
    # One rank's failure ends the step at once; since 22.05 a step does not take over the job's cpus-per-task by itself.
    export SLURM_KILL_BAD_EXIT=${SLURM_KILL_BAD_EXIT:-1}
    if [[ -n $per_node && -n $cpus ]]; then cpus=$((cpus * SLURM_NTASKS / ranks)); fi
    if [[ -n $cpus ]]; then export SRUN_CPUS_PER_TASK=${SRUN_CPUS_PER_TASK:-$cpus}; fi
    launcher+=(--ntasks="$ranks" ${per_node:+--ntasks-per-node="$per_node"})
  else
    source "$home/scripts/mpi_environment.sh"
    launcher+=(-n "$ranks" ${per_node:+--map-by "ppr:$per_node:node"})
  fi
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
  # Only host memory is sent. Modules of Cray's machines set it to 1, and a program without their library for that would not start.
  export MPICH_GPU_SUPPORT_ENABLED=0
  # One name for all ranks, for slurm/with_mps.sh and end_left_ranks.
  export ZSPEX_RUN=${SLURM_JOB_ID:-$$-$(date +%s)}
}

# Whether Slurm is to start the job again, after it was told that its time is nearly over.
wants_requeue() {
  local most=${ZSPEX_REQUEUE:-no} status=$1
  case $status in 0 | 2 | 7) return 1 ;; esac  # zspex had ended by itself
  [[ $signal == USR1 && -n ${SLURM_JOB_ID:-} ]] || return 1
  case $most in
    no) return 1 ;;
    yes) most=10 ;;  # a file that takes longer than a job may would otherwise cost hours for ever
  esac
  if ((${SLURM_RESTART_COUNT:-0} >= most)); then
    echo "zspex $stage: was started again $most times, not once more. What is left: the same command with --resume." >&2
    return 1
  fi
}

# Sets started, the file in which this node's ranks leave a word (with_mps.sh): srun may end with 0 when it could start none. Empty
# where they may not find it: within a container, or with a script that isn't on a node of its job.
watch_start() {
  local word
  started=
  [[ $(basename "${launcher[0]}") == srun && -n ${SLURMD_NODENAME:-} ]] || return 0
  for word in "${launcher[@]:1}"; do [[ $word == -* ]] || return 0; done
  started=$(mktemp "${TMPDIR:-/tmp}/zspex-started.XXXXXX")
  export ZSPEX_STARTED=$started
}

# run_child COMMAND...: sets status, the command's. It is told to end when we are.
run_child() {
  local before
  child=soon
  # In a process group of its own: what a terminal sends at Ctrl-C would be mpirun's first word, and ours the second.
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  if [[ -n $signal ]]; then end_ranks; fi  # between these two lines
  while :; do
    before=$heard status=0
    wait "$child" || status=$?
    # A signal ends the wait, not the ranks. Bash tells a status as often as it is asked.
    ((heard > before)) || break
  done
}

# run_stage WHAT OPTION...: the stage's ranks, whose exit status is its own. WHAT is for the log.
run_stage() {
  local what=$1 status job=${SLURM_JOB_ID:-}
  shift
  # Of an array, one of its jobs: the number of one of them is that of the whole array.
  if [[ -n ${SLURM_ARRAY_JOB_ID:-} ]]; then job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
  echo "zspex $stage: $what, nodes ${SLURM_JOB_NUM_NODES:-1}, launcher ${launcher[*]}"
  echo "program $ZSPEX, started $(date --iso-8601=seconds) on $(hostname)${job:+, Slurm job $job}"
  if [[ -n $signal ]]; then  # before anything was started
    status=$status_of_signal
  else
    watch_start
    run_child "${launcher[@]}" "$home/slurm/with_mps.sh" "$ZSPEX" "$stage" "$@"
    if [[ -z $job ]]; then end_left_ranks; fi
    child=
    # A launcher that was told to end has a status of its own: mpirun's 1 would be a defect of zspex.
    case $status in
      0 | 2 | 7) ;;
      *) [[ -z $signal ]] || status=$status_of_signal ;;
    esac
    if [[ -n $started && $status == 0 && ! -s $started ]]; then
      echo "zspex $stage: expected ranks, srun started none, though it ends with 0. Its messages tell why; start the job again." >&2
      status=1
    fi
    rm -f ${started:+"$started"}
  fi
  end_stage "$status"
}

# end_stage STATUS: says so, and has Slurm start the job again where that is wanted. Its status is STATUS.
end_stage() {
  say "zspex $stage: exit status $1, ended $(date --iso-8601=seconds)"
  if wants_requeue "$1"; then
    local job=${SLURM_JOB_ID:-}
    if [[ -n ${SLURM_ARRAY_JOB_ID:-} ]]; then job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
    echo "zspex $stage: asks Slurm to start job $job again, which goes on where this one ends"
    scontrol requeue "$job" || echo "zspex $stage: Slurm does not start it again. What is left: the same command with --resume." >&2
  fi
  return "$1"
}
