#!/usr/bin/env bash
# Spectra from CCD frames on a GPU machine:  sbatch slurm/extract.sh --config FILE --list FRAMES
# The lines below are for a node of Perlmutter (4 A100, 64 cores). Each gives way to an option of sbatch (-A, -q, -N, -t, ...)
# and to its SBATCH_ environment variable (SBATCH_ACCOUNT, SBATCH_QOS, ...).
#SBATCH --job-name=zspex-extract
#SBATCH --account=desi
#SBATCH --constraint=gpu
#SBATCH --qos=regular
#SBATCH --time=00:30:00
#SBATCH --nodes=1
#SBATCH --gpus-per-node=4
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=8
#SBATCH --output=%x-%j.log
set -euo pipefail

usage() {
  cat <<'END'
sbatch [options of sbatch] slurm/extract.sh [options] [PREPROC...] [-- options of zspex extract]
bash                       slurm/extract.sh [options] [PREPROC...] [-- options of zspex extract]

Extracts the spectra of CCD frames, over all ranks of a Slurm job, or with mpirun on a machine without Slurm.

  -c, --config FILE   YAML configuration of zspex, for example one of config/
  -l, --list FILE     frames, one a line: PREPROC PSF [OUTPUT]; # starts a comment; names without spaces
  -p, --psf FILE      the PSF of every PREPROC given as an argument
  -o, --output PATH   folder for the frames whose line names no output; a file (.fits, .h5) for a single frame
      --ranks N       ranks (default: the job's tasks; without Slurm four a GPU, or one a core)
      --dry-run       say what would be done, by whom
  -h, --help          this text

Environment: ZSPEX           the program (default: build-cuda/zspex or build/zspex of the repository)
             ZSPEX_HOME      the repository (default: where the submitted script lies)
             ZSPEX_SETUP     a file to source first: modules, spack environment
             ZSPEX_LAUNCHER  how ranks are started, for example "srun --mpi=pmix" or "mpirun"
             ZSPEX_MPS=no    leave out NVIDIA's multi-process service
             SLURM_CPU_BIND, SLURM_GPU_BIND, OMP_NUM_THREADS  binding and threads (cores, none, 1)

The exit status is zspex's: 0 when every frame is written. docs/running_on_slurm.md has examples.
END
}
die() { printf 'slurm/extract.sh: %s\n' "$*" >&2; exit 2; }

config= list= psf= output= ranks= preproc=() options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -c | --config) config=${2:?--config expects a file}; shift ;;
    -l | --list) list=${2:?--list expects a file}; shift ;;
    -p | --psf) psf=${2:?--psf expects a file}; shift ;;
    -o | --output) output=${2:?--output expects a file or folder}; shift ;;
    --ranks) ranks=${2:?--ranks expects a number}; shift ;;
    --dry-run) options+=(--dry-run) ;;
    -h | --help) usage; exit 0 ;;
    --) shift; options+=("$@"); break ;;
    -*) die "expected an option of --help, found $1. Options of zspex extract come after --" ;;
    *) preproc+=("$1") ;;
  esac
  shift
done

# Slurm runs a copy of this file from its spool folder; the job knows where the file came from.
find_home() {
  local script=${BASH_SOURCE[0]}
  if [[ -n ${SLURM_JOB_ID:-} && $(basename "$script") == slurm_script ]]; then
    script=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=\([^ ]*\).*/\1/p')
  fi
  (cd "$(dirname "$script")/.." && pwd)
}
home=${ZSPEX_HOME:-$(find_home)}
[[ -f $home/slurm/with_mps.sh ]] || die "expected zspex's repository in $home. Name it with ZSPEX_HOME."
if [[ -n ${ZSPEX_SETUP:-} ]]; then
  set +u  # modules and spack read variables that may be unset
  source "$ZSPEX_SETUP"
  set -u
fi
if [[ -z ${ZSPEX:-} ]]; then
  for ZSPEX in "$home/build-cuda/zspex" "$home/build/zspex"; do [[ ! -x $ZSPEX ]] || break; done
fi
[[ -x $ZSPEX ]] || die "expected the program $ZSPEX. Build it (cmake --preset cuda && cmake --build --preset cuda), or name
it with ZSPEX."

psfs=() outputs=()
for file in ${preproc[@]+"${preproc[@]}"}; do
  [[ -n $psf ]] || die "expected the PSF of $file. Name it with --psf, or use --list."
  psfs+=("$psf")
done
if [[ -n $list ]]; then
  [[ -r $list ]] || die "expected a list of frames, cannot read $list."
  line=0
  while read -r -a word || [[ ${#word[@]} -gt 0 ]]; do
    line=$((line + 1))
    for i in "${!word[@]}"; do
      if [[ ${word[i]} == "#"* ]]; then word=("${word[@]:0:i}"); break; fi
    done
    [[ ${#word[@]} -gt 0 ]] || continue
    [[ ${#word[@]} == 2 || ${#word[@]} == 3 ]] ||
      die "$list, line $line: expected PREPROC PSF [OUTPUT], found ${#word[@]} words. Names cannot hold spaces."
    preproc+=("${word[0]}") psfs+=("${word[1]}")
    [[ ${#word[@]} == 2 ]] || outputs+=("${word[2]}")
  done <"$list"
fi
nframes=${#preproc[@]}
if [[ $nframes -gt 0 ]]; then
  if [[ ${#outputs[@]} == 0 ]]; then
    [[ -n $output ]] || die "expected where the frames go. Name a folder with --output, or a third word on every line of --list."
    # zspex knows a folder by its last character.
    if [[ -d $output || $nframes -gt 1 ]]; then output=${output%/}/; fi
    outputs=("$output")
  elif [[ ${#outputs[@]} != "$nframes" || -n $output ]]; then
    die "expected an output on every line of $list, or on none and --output, found ${#outputs[@]} for $nframes frames${output:+ and --output}."
  fi
  options=(--input "${preproc[@]}" --psf "${psfs[@]}" --output "${outputs[@]}" ${options[@]+"${options[@]}"})
elif [[ -z $config ]]; then
  usage >&2
  die "expected frames: a --list, files, or a --config that names them."
fi
if [[ -n $config ]]; then options=(--config "$config" "${options[@]}"); fi

# One GPU rank prepares and writes while another computes: four a GPU keep it busy. Without GPUs one rank a core.
choose_ranks() {
  local gpus=0
  if command -v nvidia-smi >/dev/null; then gpus=$(nvidia-smi --list-gpus 2>/dev/null | grep -c '^GPU' || true); fi
  if [[ $gpus -gt 0 && $(nproc) -gt $((4 * gpus)) ]]; then echo $((4 * gpus)); else nproc; fi
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

read -r -a launcher <<<"${ZSPEX_LAUNCHER:-$(choose_launcher)}"
ranks=${ranks:-${SLURM_NTASKS:-$(choose_ranks)}}
[[ $ranks =~ ^[1-9][0-9]*$ ]] || die "expected a number of ranks, found $ranks."
if [[ $(basename "${launcher[0]}") == srun ]]; then
  export SLURM_CPU_BIND=${SLURM_CPU_BIND:-cores}
  # Every rank sees all GPUs of its node: zspex deals them by node-local rank.
  export SLURM_GPU_BIND=${SLURM_GPU_BIND:-none}
  # One rank's failure ends the step at once; since 22.05 a step does not take over the job's cpus-per-task by itself.
  export SLURM_KILL_BAD_EXIT=${SLURM_KILL_BAD_EXIT:-1}
  if [[ -n ${SLURM_CPUS_PER_TASK:-} ]]; then export SRUN_CPUS_PER_TASK=${SRUN_CPUS_PER_TASK:-$SLURM_CPUS_PER_TASK}; fi
  launcher+=(--ntasks="$ranks")
else
  source "$home/scripts/mpi_environment.sh"
  launcher+=(-n "$ranks")
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export ZSPEX_RUN=${SLURM_JOB_ID:-$$}  # one name for all ranks, for slurm/with_mps.sh

echo "zspex extract: frames ${nframes}, ranks $ranks, nodes ${SLURM_JOB_NUM_NODES:-1}, launcher ${launcher[*]}"
echo "program $ZSPEX, started $(date --iso-8601=seconds) on $(hostname)${SLURM_JOB_ID:+, Slurm job $SLURM_JOB_ID}"
status=0
"${launcher[@]}" "$home/slurm/with_mps.sh" "$ZSPEX" extract "${options[@]}" || status=$?
echo "zspex extract: exit status $status, ended $(date --iso-8601=seconds)"
exit "$status"
