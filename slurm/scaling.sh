#!/usr/bin/env bash
# A scaling study:  sbatch -N 4 slurm/scaling.sh config/study_perlmutter.yaml  or  bash slurm/scaling.sh config/study_small.yaml
# The lines below are for a node of Perlmutter (4 A100, 64 cores). Each gives way to an option of sbatch (-A, -q, -N, -t, ...)
# and to its SBATCH_ environment variable (SBATCH_ACCOUNT, SBATCH_QOS, ...).
# Two minutes before its time is over the job is told, and ends the point that runs; a job that starts again goes on with it.
#SBATCH --job-name=zspex-scaling
#SBATCH --account=desi_g
#SBATCH --constraint=gpu
#SBATCH --qos=regular
#SBATCH --time=02:00:00
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
sbatch [options of sbatch] slurm/scaling.sh [options] STUDY.yaml
bash                       slurm/scaling.sh [options] STUDY.yaml

Runs all points of a study, one after the other, in one allocation of Slurm, or with mpirun on a machine without Slurm; writes a row of
results.csv for each, and a page with pictures. The same command again does what is left. docs/scaling.md tells what a study is.

  -o, --output FOLDER    results.csv, index.html, data and logs (default: scaling-NAME, by the study's name)
      --retry-failed     also run those points again that have failed
      --prepare          install what is missing and simulate the data, and run nothing: for a login node
  -h, --help             this text

Environment: ZSPEX           the program (default: build-cuda/zspex or build/zspex of the repository, or the installed one; on a machine
                             without Slurm it is built if it isn't there)
             ZSPEX_HOME      the folder over slurm/ (default: that of the submitted script)
             ZSPEX_SETUP     a file to source first: modules, spack environment
             ZSPEX_LAUNCHER  how ranks are started, for example "srun --mpi=pmix" or "mpirun --bind-to core"
             ZSPEX_VENV      a folder for ReFrame and Matplotlib (default: build/scaling-venv of the repository, or
                             ~/.cache/zspex-scaling-venv); installed with pip when it isn't there
             ZSPEX_REQUEUE   yes or a number: a job whose time is over starts again by itself, so often at most (yes: 10)
             OMP_NUM_THREADS threads of a rank (1)

The exit status is 0 when all points are done, 7 when some failed, that of the first when all did, 75 when ReFrame can't be installed.
END
}
die() { printf 'slurm/scaling.sh: %s\n' "$*" >&2; exit 2; }
need() { [[ -n ${3:-} ]] || die "expected $1 after $2, found nothing. --help tells what each option takes."; }

stage=scaling study= output= retry= prepare=
while [[ $# -gt 0 ]]; do
  case $1 in
    -o | --output) need "a folder" "$@"; output=$2; shift ;;
    --retry-failed) retry=--retry-failed ;;
    --resume) ;;  # as it is anyway
    --prepare) prepare=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) die "expected an option of --help, found $1." ;;
    *) [[ -z $study ]] || die "expected one study, found $study and $1."; study=$1 ;;
  esac
  shift
done
[[ -n $study ]] || { usage >&2; die "expected a study, for example config/study_small.yaml."; }
[[ -r $study ]] || die "expected a study, cannot read $study."

# Slurm runs a copy of this file from its spool folder; the job knows where the file came from.
find_home() {
  local script=${BASH_SOURCE[0]}
  if [[ -n ${SLURM_JOB_ID:-} && $(basename "$script") == slurm_script ]]; then
    script=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=\([^ ]*\).*/\1/p')
    script=${script%%$'\n'*}
  fi
  (cd "$(dirname "$script")/.." && pwd)
}
home=${ZSPEX_HOME:-$(find_home)}
[[ -f $home/slurm/job.sh ]] || die "expected slurm/job.sh in $home. Name the folder over slurm/ with ZSPEX_HOME."
source "$home/slurm/job.sh"
tests=$home/benchmarks/scaling

# The program. On a laptop this is the only command that there is to type.
if [[ -z ${ZSPEX:-} && -z ${SLURM_JOB_ID:-} && -f $home/CMakeLists.txt && ! -x $home/build-cuda/zspex && ! -x $home/build/zspex ]]; then
  (source "$home/scripts/setup.sh" && need_build_packages && configure_and_build default zspex)
fi
find_program
ZSPEX=$(realpath "$ZSPEX")
export ZSPEX

# ReFrame and Matplotlib, once. The list of what is wanted lies beside what is installed when all of it is.
if [[ -z ${ZSPEX_VENV:-} ]]; then
  if [[ -f $home/CMakeLists.txt ]]; then ZSPEX_VENV=$home/build/scaling-venv; else ZSPEX_VENV=$HOME/.cache/zspex-scaling-venv; fi
fi
venv_failed() {
  printf 'slurm/scaling.sh: %s
Needed are Python 3.8 with venv (Debian: python3-venv) and, once, a network to install the modules of
benchmarks/scaling/requirements.txt; or name an environment that has them with ZSPEX_VENV.\n' "$*" >&2
  exit 75
}
if ! cmp -s "$tests/requirements.txt" "$ZSPEX_VENV/requirements.txt"; then
  if ! "$ZSPEX_VENV/bin/python" -c 'import reframe, matplotlib, h5py, yaml' 2>/dev/null || [[ -f $ZSPEX_VENV/ours ]]; then
    say "Installing ReFrame and Matplotlib into $ZSPEX_VENV"
    if [[ -f $home/CMakeLists.txt ]] && ! python3 -c 'import ensurepip' 2>/dev/null && [[ -z ${SLURM_JOB_ID:-} ]]; then
      (source "$home/scripts/setup.sh" && need_packages python3:python3 python3-venv) || true
    fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' || venv_failed "expected Python 3.8 or newer, found $(python3 --version 2>&1)."
    mkdir -p "$ZSPEX_VENV"
    touch "$ZSPEX_VENV/ours"
    python3 -m venv "$ZSPEX_VENV" || venv_failed "python3 can't make an environment in $ZSPEX_VENV."
    "$ZSPEX_VENV/bin/pip" install --quiet --disable-pip-version-check --requirement "$tests/requirements.txt" ||
      venv_failed "pip can't install ReFrame and Matplotlib."
    cp "$tests/requirements.txt" "$ZSPEX_VENV/requirements.txt"
  fi
fi
python=$ZSPEX_VENV/bin/python

name=$("$python" "$tests/study.py" name "$study")
output=${output:-scaling-$name}
mkdir -p "$output"
output=$(realpath "$output") study=$(realpath "$study")

# How one rank starts; ReFrame starts those of a point in the same way.
prepare_launch 1
case $(basename "${launcher[0]}") in
  srun) system=allocation; if [[ ${NERSC_HOST:-} == perlmutter ]]; then system=perlmutter; fi ;;
  mpirun) system=machine ;;
  *) die "expected ZSPEX_LAUNCHER to be srun or mpirun with options, found ${launcher[*]}." ;;
esac
if [[ ${launcher[0]} == */* ]]; then PATH=$(dirname "${launcher[0]}"):$PATH; fi
words=("${launcher[@]:1}")
if [[ $system == machine ]]; then words=("${words[@]::${#words[@]}-2}"); else words=("${words[@]::${#words[@]}-1}"); fi
export ZSPEX_LAUNCHER_OPTIONS="${words[*]}" ZSPEX_STUDY=$output

if [[ $system == machine ]] && ! command -v mpirun >/dev/null; then
  # A login node, whose ranks only jobs may start.
  [[ -n $prepare ]] || die "expected mpirun, found none. On a cluster submit this script: sbatch slurm/scaling.sh $study"
  launcher=(env)
fi

# stop STATUS: after an interrupt.
stop() { [[ -n ${SLURM_JOB_ID:-} ]] || end_left_ranks; end_stage "$1"; exit "$1"; }

status=0
say "zspex scaling: study $name, folder $output, nodes ${SLURM_JOB_NUM_NODES:-1}, launcher ${launcher[*]}"
say "program $ZSPEX, started $(date --iso-8601=seconds) on $(hostname)${SLURM_JOB_ID:+, Slurm job $SLURM_JOB_ID}"
commands=$("$python" "$tests/study.py" data "$study" "$output")
while read -r -u 3 command; do
  [[ -n $command ]] || continue
  eval "words=($command)"  # quoted by study.py
  run_child "${launcher[@]}" "$ZSPEX" "${words[@]}"
  child=
  [[ -z $signal ]] || stop "$status_of_signal"
  if ((status != 0)) && [[ ${launcher[0]} == env ]]; then
    say "zspex scaling: zspex doesn't run here without a job (exit status $status); the job will simulate the data."
    exit 0
  fi
  ((status == 0)) || die "expected simulated data, found exit status $status of zspex $command. Its message stands above."
done 3<<<"$commands"
[[ -z $prepare ]] || exit 0

count=$("$python" "$tests/study.py" left "$study" "$output" $retry)
say "zspex scaling: ${count% *} of ${count#* } points to run"
if [[ ${count% *} != 0 ]]; then
  # Stages keep the logs of each point. A fixed place for what ReFrame otherwise keeps in the home folder.
  launcher=("$ZSPEX_VENV/bin/reframe" --config-file "$tests/settings.py" --system "$system" --checkpath "$tests/zspex_scaling.py" --run
    --nocolor --exec-policy serial --keep-stage-files --prefix "$output/reframe" --report-file "$output/reframe/report-{sessionid}.json")
  cd "$output"
  run_child "${launcher[@]}"
  child=
  [[ -z $signal ]] || stop "$status_of_signal"
fi
if [[ -f $output/results.csv ]]; then "$python" "$tests/plot.py" --output "$output" "$output/results.csv" || say "slurm/scaling.sh: no pictures" >&2; fi
status=0
"$python" "$tests/study.py" status "$study" "$output" || status=$?
if [[ -z ${SLURM_JOB_ID:-} ]]; then end_left_ranks; fi
end_stage "$status"
