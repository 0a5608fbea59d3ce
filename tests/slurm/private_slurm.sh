# Sourced: start_slurm DIR starts a Slurm of one node on loopback, all of it inside DIR: its own munge key, socket, ports and
# state, so that no service of the system is touched; stop_slurm ends it. As root or as any user (whose jobs it then runs).
# Needs Debian's slurmctld, slurmd, slurm-client and munge. The node claims 4 GPUs and the feature gpu, like Perlmutter's,
# and 128 processors, so that the lines of slurm/*.sh are taken as they are.

slurm_pids=()

# Two ports that nobody listens on; bash tries to connect.
free_ports() {
  local port found=()
  for ((port = 20000 + RANDOM % 30000; ${#found[@]} < 2; ++port)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || found+=("$port")
  done
  echo "${found[@]}"
}

start_slurm() {
  local dir=$1 host ports controller_port node_port i
  export PATH=$PATH:/usr/sbin:/sbin
  host=$(hostname -s)
  read -r controller_port node_port <<<"$(free_ports)"
  mkdir -p "$dir"/{munge,state,spool}
  chmod 755 "$dir"
  chmod 700 "$dir/munge"

  # Munge refuses a socket that others could not reach, and a key that they could read.
  mkdir -m 755 "$dir/socket"
  head -c 1024 /dev/urandom >"$dir/munge/key"
  chmod 600 "$dir/munge/key"
  munged --foreground --key-file="$dir/munge/key" --socket="$dir/socket/munge" --pid-file="$dir/munge/pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" --num-threads=2 >"$dir/munged.log" 2>&1 &
  slurm_pids+=($!)
  for ((i = 0; i < 100; ++i)); do [[ ! -S $dir/socket/munge ]] || break; sleep 0.1; done
  [[ -S $dir/socket/munge ]] || { cat "$dir/munged.log" "$dir/munge/log" >&2; return 1; }

  for i in 0 1 2 3; do : >"$dir/gpu$i"; done
  cat >"$dir/gres.conf" <<END
Name=gpu File=$dir/gpu[0-3]
END
  cat >"$dir/slurm.conf" <<END
ClusterName=zspextest
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/socket/munge
CredType=cred/munge
SlurmctldPort=$controller_port
SlurmdPort=$node_port
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
SwitchType=switch/none
MpiDefault=none
GresTypes=gpu
ReturnToService=2
KillWait=2
InactiveLimit=0
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=128 Sockets=1 CoresPerSocket=64 ThreadsPerCore=2 RealMemory=100 Gres=gpu:4 Feature=gpu State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
  # Since 22.05 slurmd loads a cgroup plugin unasked; a container may let it write nothing.
  printf 'CgroupAutomount=no\n' >"$dir/cgroup.conf"
  export SLURM_CONF=$dir/slurm.conf
  slurmctld -D -c -f "$dir/slurm.conf" >"$dir/slurmctld.out" 2>&1 &
  slurm_pids+=($!)
  slurmd -D -c -f "$dir/slurm.conf" -N "$host" >"$dir/slurmd.out" 2>&1 &
  slurm_pids+=($!)
  for ((i = 0; i < 300; ++i)); do
    [[ $(sinfo --noheader --format=%t 2>/dev/null) != idle ]] || return 0
    sleep 0.2
  done
  echo "expected an idle node within a minute, found:" >&2
  sinfo --long >&2 || true
  tail -n 30 "$dir"/*.log "$dir"/*.out >&2
  return 1
}

stop_slurm() {
  local pid i tries
  if ((${#slurm_pids[@]} > 1)); then
    scancel --quiet --user="$(id -un)" 2>/dev/null || true
    for ((i = 0; i < 50; ++i)); do
      [[ -n $(squeue --noheader 2>/dev/null) ]] || break
      sleep 0.2
    done
  fi
  # The node first: its controller hears of it. Munge last: the two need it.
  for ((i = ${#slurm_pids[@]} - 1; i >= 0; --i)); do
    pid=${slurm_pids[i]}
    kill -TERM "$pid" 2>/dev/null || continue
    for ((tries = 0; tries < 50; ++tries)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  slurm_pids=()
}
