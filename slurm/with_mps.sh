#!/usr/bin/env bash
# slurm/with_mps.sh COMMAND...: one rank's command, with NVIDIA's multi-process service (MPS) running on its node.
# Ranks that share a GPU take turns on it without MPS, and run side by side with it. The node's first rank starts the service,
# the others wait for it; the first rank stops it when its command has ended, however it has ended. The exit status is the
# command's. Where there is no MPS (no NVIDIA GPU), or with ZSPEX_MPS=no, the command runs as it is.
set -euo pipefail

local_rank=${SLURM_LOCALID:-${OMPI_COMM_WORLD_LOCAL_RANK:-${MPI_LOCALRANKID:-${PMI_LOCAL_RANK:-0}}}}
if [[ -f ${ZSPEX_STARTED:-} ]]; then echo "$local_rank" >>"$ZSPEX_STARTED"; fi  # on the job's first node: job.sh
if [[ ${ZSPEX_MPS:-yes} == no ]] || ! command -v nvidia-cuda-mps-control >/dev/null; then
  exec "$@"
fi

# Of this job alone: another job's service on the same node would refuse us, or end before we do.
owner=${SLURM_JOB_ID:-${ZSPEX_RUN:-$PPID}}.${SLURM_STEP_ID:-0}
pipes=zspex-mps-$(id -u)-$owner
folder=${TMPDIR:-/tmp}
# A socket's path has 107 characters at most; the longest is that of control_privileged.
if ((${#folder} + ${#pipes} > 107 - 20)); then folder=/tmp; fi
export CUDA_MPS_PIPE_DIRECTORY=$folder/$pipes
export CUDA_MPS_LOG_DIRECTORY=$CUDA_MPS_PIPE_DIRECTORY/log

if [[ $local_rank != 0 ]]; then
  for ((i = 0; i < 300; ++i)); do
    [[ -e $CUDA_MPS_PIPE_DIRECTORY/control || -e $CUDA_MPS_PIPE_DIRECTORY/failed ]] && break
    sleep 0.1
  done
  if [[ ! -e $CUDA_MPS_PIPE_DIRECTORY/control ]]; then unset CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY; fi
  exec "$@"
fi

mkdir -p -m 700 "$CUDA_MPS_PIPE_DIRECTORY" "$CUDA_MPS_LOG_DIRECTORY"
stop_mps() {
  # Waits for its clients; not for ever, as a hung rank would keep the node.
  if [[ -e $CUDA_MPS_PIPE_DIRECTORY/control ]]; then echo quit | timeout 30 nvidia-cuda-mps-control >/dev/null 2>&1 || true; fi
  rm -rf "$CUDA_MPS_PIPE_DIRECTORY"
}
trap stop_mps EXIT
# The service serves the GPUs that it sees, counted as it sees them: a rank's own choice among them must not be its. What isn't the
# job's it doesn't see anyway, as Slurm keeps it away.
if ! env --unset=CUDA_VISIBLE_DEVICES nvidia-cuda-mps-control -d; then
  echo "with_mps.sh: $(hostname): MPS did not start; ranks will take turns on their GPU. ZSPEX_MPS=no goes without it." >&2
  touch "$CUDA_MPS_PIPE_DIRECTORY/failed"
  (unset CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY; exec "$@") &
else
  "$@" &
fi
command=$!
# A cancelled or timed-out job sends TERM to this shell too, and USR1 when its time is nearly over: pass it on, and go on waiting.
heard=0
trap 'heard=$((heard + 1)); kill -TERM $command 2>/dev/null || true' TERM INT USR1
while :; do
  before=$heard status=0
  wait "$command" || status=$?
  ((heard > before)) || break
done
exit "$status"
