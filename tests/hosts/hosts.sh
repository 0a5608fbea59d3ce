# Sourced: hosts that share this machine's processors and files, each with a network and a name of its own (network and UTS
# namespaces, joined by a bridge), and Open MPI between them over TCP. Needs root, iproute2 and Open MPI 4.

# Nothing, or why there can be no hosts here.
why_no_hosts() {
  local version
  version=$(mpirun --version 2>/dev/null | head -n 1)
  if [[ $(id -u) != 0 ]]; then
    echo "expected root, who may make network namespaces, found $(id -un)"
  elif ! command -v ip >/dev/null; then
    echo "expected the program ip, found none; install iproute2"
  elif [[ $version != *"Open MPI"*" 4."* ]]; then
    echo "expected Open MPI 4, whose launcher takes a program in the place of ssh, found ${version:-no mpirun}"
  elif ! ip netns add "zspex-try-$$" 2>/dev/null; then
    echo "expected that network namespaces can be made here, found that ip netns add fails"
  else
    ip netns delete "zspex-try-$$"
  fi
}

# start_hosts N FOLDER: hosts 1 ... N; FOLDER gets what the launcher needs. Call stop_hosts at the end.
start_hosts() {
  local i
  nhost=$1 hosts_folder=$2 hosts_id=$$
  subnet=10.$((hosts_id / 256 % 256)).$((hosts_id % 256))  # another test's would be another
  ip netns add "zspex-$hosts_id-0"  # where the bridge is
  in_namespace 0 ip link add bridge type bridge
  in_namespace 0 ip link set bridge up
  for ((i = 1; i <= nhost; ++i)); do
    ip netns add "zspex-$hosts_id-$i"
    in_namespace "$i" ip link add eth0 type veth peer name "port$i" netns "zspex-$hosts_id-0"
    in_namespace 0 ip link set "port$i" master bridge up
    in_namespace "$i" ip address add "$subnet.$i/24" dev eth0
    in_namespace "$i" ip link set lo up
    in_namespace "$i" ip link set eth0 up
  done
  # In the place of ssh: "ADDRESS COMMAND...".
  cat >"$hosts_folder/remote" <<END
#!/usr/bin/env bash
host=\${1##*.}
shift
exec ip netns exec zspex-$hosts_id-\$host unshare --uts bash -c "hostname host\$host; \$*"
END
  chmod +x "$hosts_folder/remote"
}

in_namespace() { ip netns exec "zspex-$hosts_id-$1" "${@:2}"; }

# on_hosts RANKS PROGRAM...: so many ranks of each host, started from the first; for five minutes at most.
on_hosts() {
  local ranks=$1 list i
  shift
  list=$(for ((i = 1; i <= nhost; ++i)); do printf '%s.%s:%s,' "$subnet" "$i" "$ranks"; done)
  in_namespace 1 unshare --uts bash -c 'hostname host1; exec "$@"' launcher \
    timeout 300 mpirun --host "${list%,}" -n $((ranks * nhost)) --mca plm_rsh_agent "$hosts_folder/remote" \
    --mca oob_tcp_if_include eth0 --mca btl_tcp_if_include eth0 --mca btl self,vader,tcp "$@"
}

stop_hosts() {
  local i
  for ((i = 0; i <= nhost; ++i)); do ip netns delete "zspex-$hosts_id-$i" 2>/dev/null || true; done
}
