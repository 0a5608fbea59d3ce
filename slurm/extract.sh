#!/usr/bin/env bash
# Spectra from CCD frames on a GPU machine:  sbatch slurm/extract.sh --config FILE --list FRAMES --output FOLDER
# The lines below are for a node of Perlmutter (4 A100, 64 cores). Each gives way to an option of sbatch (-A, -q, -N, -t, ...)
# and to its SBATCH_ environment variable (SBATCH_ACCOUNT, SBATCH_QOS, ...).
# Two minutes before its time is over the job is told, and ends its ranks; a job that starts again appends to its log.
#SBATCH --job-name=zspex-extract
#SBATCH --account=desi_g
#SBATCH --constraint=gpu
#SBATCH --qos=regular
#SBATCH --time=00:30:00
#SBATCH --nodes=1
#SBATCH --gpus-per-node=4
#SBATCH --ntasks-per-node=64
#SBATCH --cpus-per-task=2
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
set -euo pipefail

usage() {
  cat <<'END'
sbatch [options of sbatch] slurm/extract.sh [options] [PREPROC...] [-- options of zspex extract]
bash                       slurm/extract.sh [options] [PREPROC...] [-- options of zspex extract]

Extracts the spectra of CCD frames, over all ranks of a Slurm job, or with mpirun on a machine without Slurm.

  -c, --config FILE   YAML configuration of zspex, for example config/extract_desi.yaml
  -l, --list FILE     frames of any cameras, one per line: PREPROC PSF [OUTPUT]; or a YAML list (docs/many_files.md)
  -p, --psf FILE      the PSF of every PREPROC given as an argument, or of a list without PSFs
  -o, --output PATH   folder for the frames, unless the list names their outputs; a file (.fits, .h5) for a single frame
      --group N       ranks that work together on one file (default: by the files and the machine)
      --report FILE   a table of the files: done, kept or failed, and why (.csv); in an array one for each job, FILE-I.csv
      --part I/N      only the I-th of N parts of the files (default: of an array each job does one part)
      --resume        keep results that are whole and of the same inputs and settings, and do the rest
      --ranks N       ranks (default: the job's tasks; without Slurm one per core)
      --dry-run       say what would be done, by whom
  -h, --help          this text

Environment: ZSPEX           the program (default: build-cuda/zspex or build/zspex of the repository, or the installed one)
             ZSPEX_HOME      the folder over slurm/ (default: that of the submitted script)
             ZSPEX_SETUP     a file to source first: modules, spack environment
             ZSPEX_LAUNCHER  how ranks are started, for example "srun --mpi=pmix" or "mpirun"
             ZSPEX_MPS       yes or no: NVIDIA's multi-process service (default: no, as one rank uses each GPU; with
                             --device gpu all ranks share them, and it helps)
             ZSPEX_REQUEUE   yes or a number: a job whose time is over starts again by itself, so often at most (yes: 10),
                             and goes on where it ended (default: no)
             ZSPEX_PART      I/N, as --part
             SLURM_CPU_BIND, SLURM_GPU_BIND, OMP_NUM_THREADS  binding and threads (cores, none, 1)

The exit status is zspex's: 0 when every frame is written, 7 when some failed. docs/running_on_slurm.md has examples.
END
}
die() { printf 'slurm/extract.sh: %s\n' "$*" >&2; exit 2; }
# need WHAT OPTION [VALUE]...: the option has a value.
need() { [[ -n ${3:-} ]] || die "expected $1 after $2, found nothing. --help tells what each option takes."; }

stage=extract config= list= psf= output= group= report= part= resume= ranks= preproc=() options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -c | --config) need "a file" "$@"; config=$2; shift ;;
    -l | --list) need "a file" "$@"; list=$2; shift ;;
    -p | --psf) need "a file" "$@"; psf=$2; shift ;;
    -o | --output) need "a file or folder" "$@"; output=$2; shift ;;
    --group) need "a number" "$@"; group=$2; shift ;;
    --report) need "a file" "$@"; report=$2; shift ;;
    --part) need "I/N" "$@"; part=$2; shift ;;
    --resume) resume=yes ;;
    --ranks) need "a number" "$@"; ranks=$2; shift ;;
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
    script=${script%%$'\n'*}  # the number of an array is also that of one of its jobs: all of them answer
  fi
  (cd "$(dirname "$script")/.." && pwd)
}
home=${ZSPEX_HOME:-$(find_home)}
[[ -f $home/slurm/job.sh ]] || die "expected slurm/job.sh in $home. Name the folder over slurm/ with ZSPEX_HOME."
source "$home/slurm/job.sh"
find_program

options_of_several
output=$(as_folder "$output")
if [[ ${#preproc[@]} == 0 && -z $list$config ]]; then
  usage >&2
  die "expected frames: a --list, files, or a --config that names them."
fi
options=(${config:+--config "$config"} ${preproc[@]+--input "${preproc[@]}"} ${list:+--list "$list"} ${psf:+--psf "$psf"}
  ${output:+--output "$output"} ${several[@]+"${several[@]}"} ${options[@]+"${options[@]}"})

# One rank drives each GPU, and the rest of the cores extract, too.
export ZSPEX_MPS=${ZSPEX_MPS:-no}
ranks=${ranks:-${SLURM_NTASKS:-$(nproc)}}
prepare_launch "$ranks"
run_stage "${list:+list }${list:-frames ${#preproc[@]}}${part:+, part $part}, ranks $ranks" "${options[@]}"
