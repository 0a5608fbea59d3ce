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
#SBATCH --ntasks-per-node=64
#SBATCH --cpus-per-task=2
#SBATCH --output=%x-%j.log
set -euo pipefail

usage() {
  cat <<'END'
sbatch [options of sbatch] slurm/extract.sh [options] [PREPROC...] [-- options of zspex extract]
bash                       slurm/extract.sh [options] [PREPROC...] [-- options of zspex extract]

Extracts the spectra of CCD frames, over all ranks of a Slurm job, or with mpirun on a machine without Slurm.

  -c, --config FILE   YAML configuration of zspex, for example config/extract_desi.yaml
  -l, --list FILE     frames of any cameras, one per line: PREPROC PSF [OUTPUT]; # starts a comment; names without spaces
  -p, --psf FILE      the PSF of every PREPROC given as an argument
  -o, --output PATH   folder for the frames, unless all lines name an output; a file (.fits, .h5) for a single frame
      --ranks N       ranks (default: the job's tasks; without Slurm one per core)
      --dry-run       say what would be done, by whom
  -h, --help          this text

Environment: ZSPEX           the program (default: build-cuda/zspex or build/zspex of the repository, or the installed one)
             ZSPEX_HOME      the folder over slurm/ (default: that of the submitted script)
             ZSPEX_SETUP     a file to source first: modules, spack environment
             ZSPEX_LAUNCHER  how ranks are started, for example "srun --mpi=pmix" or "mpirun"
             ZSPEX_MPS       yes or no: NVIDIA's multi-process service (default: no, as one rank uses each GPU; with
                             --device gpu all ranks share them, and it helps)
             SLURM_CPU_BIND, SLURM_GPU_BIND, OMP_NUM_THREADS  binding and threads (cores, none, 1)

The exit status is zspex's: 0 when every frame is written. docs/running_on_slurm.md has examples.
END
}
die() { printf 'slurm/extract.sh: %s\n' "$*" >&2; exit 2; }

stage=extract config= list= psf= output= ranks= preproc=() options=()
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
[[ -f $home/slurm/job.sh ]] || die "expected slurm/job.sh in $home. Name the folder over slurm/ with ZSPEX_HOME."
source "$home/slurm/job.sh"
find_program

psfs=() outputs=()
for file in ${preproc[@]+"${preproc[@]}"}; do
  [[ -n $psf ]] || die "expected the PSF of $file. Name it with --psf, or use --list."
  psfs+=("$psf")
done
add_frame() {
  local line=$1
  shift
  [[ $# == 2 || $# == 3 ]] || die "$list, line $line: expected PREPROC PSF [OUTPUT], found $# words. Names cannot hold spaces."
  preproc+=("$1") psfs+=("$2")
  [[ $# == 2 ]] || outputs+=("$3")
}
[[ -z $list ]] || read_list "$list" add_frame
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

# One rank drives each GPU, and the rest of the cores extract, too.
export ZSPEX_MPS=${ZSPEX_MPS:-no}
ranks=${ranks:-${SLURM_NTASKS:-$(nproc)}}
prepare_launch "$ranks"
run_stage "frames $nframes, ranks $ranks" "${options[@]}"
