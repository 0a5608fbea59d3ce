#!/usr/bin/env bash
# Redshifts of spectra on a GPU machine:  sbatch slurm/redshift.sh --templates DIR --output redshifts.h5 coadd-*.fits
# The lines below are for a node of Perlmutter (4 A100, 64 cores). Each gives way to an option of sbatch (-A, -q, -N, -t, ...)
# and to its SBATCH_ environment variable (SBATCH_ACCOUNT, SBATCH_QOS, ...).
# Two minutes before its time is over the job is told, and ends its ranks; a job that starts again appends to its log.
#SBATCH --job-name=zspex-redshift
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
sbatch [options of sbatch] slurm/redshift.sh [options] [COADD...] [-- options of zspex redshift]
bash                       slurm/redshift.sh [options] [COADD...] [-- options of zspex redshift]

Finds the redshifts of spectra, over all ranks of a Slurm job, or with mpirun on a machine without Slurm.

  -c, --config FILE      YAML configuration of zspex, for example one of config/
  -s, --strategy NAME    CPU, GPU_V1 to GPU_V6 or AUTO (default: the configuration's; without one AUTO)
  -t, --templates PATH   a folder, a list (.txt) or a file of templates; may be repeated (default: $RR_TEMPLATE_DIR)
  -l, --list FILE        coadds, one per line: COADD [OUTPUT]; or a YAML list (docs/many_files.md). Coadds with the same OUTPUT
                         are fitted together
  -o, --output PATH      redshifts of all coadds without an OUTPUT of their own: one file (.fits, .h5), or a folder for a
                         file of each
  -d, --details PATH     their scans and minima (.h5), or a folder
      --group N          ranks that work together on one file (default: by the files and the machine)
      --report FILE      a table of the files: done, kept or failed, and why (.csv); in an array one for each job, FILE-I.csv
      --part I/N         only the I-th of N parts of the files (default: of an array each job does one part)
      --resume           keep results that are whole and of the same inputs and settings, and do the rest
      --ranks N          ranks (default: the job's tasks; without Slurm one per core; GPU_V1 to GPU_V3: at most four per GPU)
      --dry-run          say what would be done, by whom, in how much memory
  -h, --help             this text

Environment: ZSPEX           the program (default: build-cuda/zspex or build/zspex of the repository, or the installed one)
             ZSPEX_HOME      the folder over slurm/ (default: that of the submitted script)
             ZSPEX_SETUP     a file to source first: modules, spack environment
             ZSPEX_LAUNCHER  how ranks are started, for example "srun --mpi=pmix" or "mpirun"
             ZSPEX_MPS       yes or no: NVIDIA's multi-process service (default: yes where ranks share a GPU, GPU_V1 to GPU_V3)
             ZSPEX_REQUEUE   yes or a number: a job whose time is over starts again by itself, so often at most (yes: 10),
                             and goes on where it ended (default: no)
             ZSPEX_PART      I/N, as --part
             SLURM_CPU_BIND, SLURM_GPU_BIND, OMP_NUM_THREADS  binding and threads (cores, none, 1)

The exit status is zspex's: 0 when all redshifts are written, 7 when some files failed.
docs/running_on_slurm.md has examples.
END
}
die() { printf 'slurm/redshift.sh: %s\n' "$*" >&2; exit 2; }
# need WHAT OPTION [VALUE]...: the option has a value.
need() { [[ -n ${3:-} ]] || die "expected $1 after $2, found nothing. --help tells what each option takes."; }

stage=redshift config= strategy= list= output= details= group= report= part= resume= ranks=
templates=() coadds=() options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -c | --config) need "a file" "$@"; config=$2; shift ;;
    -s | --strategy) need "a name" "$@"; strategy=$2; shift ;;
    -t | --templates) need "a file or folder" "$@"; templates+=("$2"); shift ;;
    -l | --list) need "a file" "$@"; list=$2; shift ;;
    -o | --output) need "a file or folder" "$@"; output=$2; shift ;;
    -d | --details) need "a file or folder" "$@"; details=$2; shift ;;
    --group) need "a number" "$@"; group=$2; shift ;;
    --report) need "a file" "$@"; report=$2; shift ;;
    --part) need "I/N" "$@"; part=$2; shift ;;
    --resume) resume=yes ;;
    --ranks) need "a number" "$@"; ranks=$2; shift ;;
    --dry-run) options+=(--dry-run) ;;
    -h | --help) usage; exit 0 ;;
    --) shift; options+=("$@"); break ;;
    -*) die "expected an option of --help, found $1. Options of zspex redshift come after --" ;;
    *) coadds+=("$1") ;;
  esac
  shift
done
for option in ${options[@]+"${options[@]}"}; do
  # The number of ranks and MPS follow from it.
  [[ $option != --strategy* && $option != *redshift.strategy=* ]] || die "expected the strategy before --, found $option after it."
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

if [[ -n $config ]]; then
  [[ -r $config ]] || die "expected a configuration, cannot read $config."
  [[ -n $strategy ]] || strategy=$(sed -n 's/^ *strategy: *["'\'']\?\([A-Za-z0-9_]*\).*/\1/p' "$config" | head -n 1)
fi
strategy=${strategy:-AUTO}
options_of_several
output=$(as_folder "$output") details=$(as_folder "$details")
if [[ ${#coadds[@]} == 0 && -z $list$config ]]; then
  usage >&2
  die "expected coadds: a --list, files, or a --config that names them."
fi
options=(${config:+--config "$config"} --strategy "$strategy" ${templates[@]+--templates "${templates[@]}"}
  ${coadds[@]+--input "${coadds[@]}"} ${list:+--list "$list"} ${output:+--output "$output"} ${details:+--details "$details"}
  ${several[@]+"${several[@]}"} ${options[@]+"${options[@]}"})

# In GPU_V1 to GPU_V3 all ranks use a GPU, and each holds its own memory there: a few suffice to keep it busy. In the others one
# rank drives each GPU and the rest of the cores fit targets, too.
per_node=
case $strategy in
  GPU_V[123])
    gpus=$(count_gpus)
    tasks=${SLURM_NTASKS:-$(nproc)} nodes=${SLURM_JOB_NUM_NODES:-1}
    if [[ -z $ranks && $gpus -gt 0 && $((tasks / nodes)) -gt $((4 * gpus)) ]]; then
      per_node=$((4 * gpus)) ranks=$((4 * gpus * nodes))
    fi
    export ZSPEX_MPS=${ZSPEX_MPS:-yes} ;;
  *) export ZSPEX_MPS=${ZSPEX_MPS:-no} ;;
esac
ranks=${ranks:-${SLURM_NTASKS:-$(nproc)}}
prepare_launch "$ranks" "$per_node"

run_stage "${list:+list }${list:-coadds ${#coadds[@]}}${part:+, part $part}, strategy $strategy, ranks $ranks" "${options[@]}"
