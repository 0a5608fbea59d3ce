#!/usr/bin/env bash
# Redshifts of spectra on a GPU machine:  sbatch slurm/redshift.sh --templates DIR --output redshifts.h5 coadd-*.fits
# The lines below are for a node of Perlmutter (4 A100, 64 cores). Each gives way to an option of sbatch (-A, -q, -N, -t, ...)
# and to its SBATCH_ environment variable (SBATCH_ACCOUNT, SBATCH_QOS, ...).
#SBATCH --job-name=zspex-redshift
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
sbatch [options of sbatch] slurm/redshift.sh [options] [COADD...] [-- options of zspex redshift]
bash                       slurm/redshift.sh [options] [COADD...] [-- options of zspex redshift]

Finds the redshifts of spectra, over all ranks of a Slurm job, or with mpirun on a machine without Slurm.

  -c, --config FILE      YAML configuration of zspex, for example one of config/
  -s, --strategy NAME    CPU, GPU_V1 to GPU_V6 or AUTO (default: the configuration's; without one AUTO)
  -t, --templates PATH   a folder, a list (.txt) or a file of templates; may be repeated (default: $RR_TEMPLATE_DIR)
  -l, --list FILE        coadds, one per line: COADD [OUTPUT]; # starts a comment; names without spaces. Coadds with the same
                         OUTPUT are fitted in one go; one OUTPUT follows after the other
  -o, --output FILE      redshifts of all coadds without an OUTPUT of their own (.fits, .h5)
  -d, --details FILE     their scans and minima (.h5)
      --ranks N          ranks (default: the job's tasks; without Slurm one per core; GPU_V1 to GPU_V3: at most four per GPU)
      --dry-run          say what would be done, by whom, in how much memory
  -h, --help             this text

Environment: ZSPEX           the program (default: build-cuda/zspex or build/zspex of the repository, or the installed one)
             ZSPEX_HOME      the folder over slurm/ (default: that of the submitted script)
             ZSPEX_SETUP     a file to source first: modules, spack environment
             ZSPEX_LAUNCHER  how ranks are started, for example "srun --mpi=pmix" or "mpirun"
             ZSPEX_MPS       yes or no: NVIDIA's multi-process service (default: yes where ranks share a GPU, GPU_V1 to GPU_V3)
             SLURM_CPU_BIND, SLURM_GPU_BIND, OMP_NUM_THREADS  binding and threads (cores, none, 1)

The exit status is zspex's: 0 when all redshifts are written; with several outputs that of the first that failed.
docs/running_on_slurm.md has examples.
END
}
die() { printf 'slurm/redshift.sh: %s\n' "$*" >&2; exit 2; }

stage=redshift config= strategy= list= output= details= ranks= templates=() coadds=() options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -c | --config) config=${2:?--config expects a file}; shift ;;
    -s | --strategy) strategy=${2:?--strategy expects a name}; shift ;;
    -t | --templates) templates+=("${2:?--templates expects a file or folder}"); shift ;;
    -l | --list) list=${2:?--list expects a file}; shift ;;
    -o | --output) output=${2:?--output expects a file}; shift ;;
    -d | --details) details=${2:?--details expects a file}; shift ;;
    --ranks) ranks=${2:?--ranks expects a number}; shift ;;
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
options=(--strategy "$strategy" ${templates[@]+--templates "${templates[@]}"} ${options[@]+"${options[@]}"})
if [[ -n $config ]]; then options=(--config "$config" "${options[@]}"); fi

# What is fitted together: each output once, and the coadds that go there.
outputs=() outputs_of=()
for i in "${!coadds[@]}"; do outputs_of[i]=$output; done
add_coadd() {
  local line=$1
  shift
  [[ $# == 1 || $# == 2 ]] || die "$list, line $line: expected COADD [OUTPUT], found $# words. Names cannot hold spaces."
  [[ $# == 2 || -n $output ]] || die "$list, line $line: expected an OUTPUT after $1, or --output."
  coadds+=("$1") outputs_of+=("${2:-$output}")
}
[[ -z $list ]] || read_list "$list" add_coadd
if [[ ${#coadds[@]} == 0 && -z $config ]]; then
  usage >&2
  die "expected coadds: a --list, files, or a --config that names them."
fi
if [[ ${#coadds[@]} == 0 ]]; then outputs=("$output"); fi
declare -A seen=()
for name in ${outputs_of[@]+"${outputs_of[@]}"}; do
  [[ -n $name || -n $config ]] || die "expected where the redshifts go. Name a file with --output."
  [[ -n ${seen[/$name]:-} ]] || outputs+=("$name")
  seen[/$name]=yes
done

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

trap 'exit 130' INT  # not on to the next output
trap 'exit 143' TERM
first=0
for name in "${outputs[@]}"; do
  inputs=() places=() status=0
  for i in "${!coadds[@]}"; do
    if [[ ${outputs_of[i]} == "$name" ]]; then inputs+=("${coadds[i]}"); fi
  done
  if [[ ${#inputs[@]} -gt 0 ]]; then places=(--input "${inputs[@]}"); fi
  if [[ -n $name ]]; then places+=(--output "$name"); fi
  if [[ -n $details && $name == "$output" ]]; then places+=(--details "$details"); fi
  run_stage "coadds ${#inputs[@]}, strategy $strategy, ranks $ranks" "${options[@]}" ${places[@]+"${places[@]}"} || status=$?
  if ((first == 0)); then first=$status; fi
done
exit "$first"
