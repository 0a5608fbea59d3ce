#!/usr/bin/env bash
# run_point.sh SECONDS COMMAND...: runs the launcher of a point for so long at most, and leaves its exit status and wall seconds in
# the file `ran`. 124: its time was over. It is told to end once, however often we are: at a second word mpirun leaves its ranks alone.
set -uo pipefail
limit=$1 told=
shift
start=$EPOCHREALTIME
# In a process group of its own: who ends this script's group would tell mpirun and its ranks at once.
set -m
timeout --foreground --kill-after=20 "$limit" "$@" </dev/null &
child=$!
set +m
trap '[[ -n $told ]] || kill -TERM "$child" 2>/dev/null; told=yes' TERM INT HUP USR1
status=0
while :; do
  wait "$child"
  status=$?
  kill -0 "$child" 2>/dev/null || break  # a signal ends the wait, not the ranks
done
awk -v start="$start" -v end="$EPOCHREALTIME" -v status="$status" 'BEGIN { printf "%d %.3f\n", status, end - start }' >ran
exit "$status"
