# Sourced by the scripts beside it, which name their stage, have a die() and know home, the folder over slurm/: what they share.
# home is the repository, or share/zspex of an installation.

# The program, ZSPEX, after a file that makes it run.
find_program() {
  if [[ -n ${ZSPEX_SETUP:-} ]]; then
    set +u  # modules and spack read variables that may be unset
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

# read_list FILE FUNCTION: calls FUNCTION LINE WORD... for each line that has words; # starts a comment.
read_list() {
  local line=0 i word
  [[ -r $1 ]] || die "expected a list, cannot read $1."
  while read -r -a word || [[ ${#word[@]} -gt 0 ]]; do
    line=$((line + 1))
    for i in "${!word[@]}"; do
      if [[ ${word[i]} == "#"* ]]; then word=("${word[@]:0:i}"); break; fi
    done
    [[ ${#word[@]} == 0 ]] || "$2" "$line" "${word[@]}"
  done <"$1"
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
  export ZSPEX_RUN=${SLURM_JOB_ID:-$$}  # one name for all ranks, for slurm/with_mps.sh
}

# run_stage WHAT OPTION...: the stage's ranks, whose exit status is its own. WHAT is for the log.
run_stage() {
  local what=$1 status=0
  shift
  echo "zspex $stage: $what, nodes ${SLURM_JOB_NUM_NODES:-1}, launcher ${launcher[*]}"
  echo "program $ZSPEX, started $(date --iso-8601=seconds) on $(hostname)${SLURM_JOB_ID:+, Slurm job $SLURM_JOB_ID}"
  "${launcher[@]}" "$home/slurm/with_mps.sh" "$ZSPEX" "$stage" "$@" || status=$?
  echo "zspex $stage: exit status $status, ended $(date --iso-8601=seconds)"
  return "$status"
}
