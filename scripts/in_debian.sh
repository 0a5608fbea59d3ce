#!/usr/bin/env bash
# Runs a command on this checkout in another Debian.
set -euo pipefail
self=$(realpath "${BASH_SOURCE[0]}")
source "$(dirname "$self")/setup.sh"

usage() {
  cat <<'END_OF_USAGE'
scripts/in_debian.sh [--fresh] NAME COMMAND [ARGUMENT...]

For example: scripts/in_debian.sh trixie ./test.sh

Makes a Debian of that name (trixie, sid, ...) with debootstrap, copies this checkout in, with what is not committed and
without build folders, and runs the command there as root; ../shared is there too where it is beside this checkout. The
Debian is kept, with the packages that the command has installed and with its build folders, in
${XDG_CACHE_HOME:-~/.cache}/zspex/debian-NAME, where a second run finds it; nothing else of this machine is changed.
Packages come from the servers of /etc/apt where this is a Debian.

  --fresh  make the Debian again, from nothing

Run as root, or as somebody with subordinate ids (/etc/subuid, /etc/subgid). The exit status is the command's; 75: there is
no such Debian to be had from here.
END_OF_USAGE
}

fresh=no
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  --fresh) fresh=yes; shift ;;
esac
if [[ $# -lt 2 ]]; then usage >&2; die "expected the name of a Debian and a command."; fi
name=$1
shift
[[ $name =~ ^[a-z]+$ ]] || die "expected the name of a Debian, like trixie or sid, found $name."
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/zspex
root=$cache/debian-$name

# Mounts and processes of this script end with it, however it ends: it starts itself again in namespaces of its own.
if [[ ${ZSPEX_IN_NAMESPACES:-} != 1 ]]; then
  need_packages debootstrap:debootstrap debian-archive-keyring unshare:util-linux git:git
  separate=(unshare --mount --pid --fork --kill-child)
  if [[ $(id -u) != 0 ]]; then separate+=(--user --map-root-user --map-auto); fi
  "${separate[@]}" true || die "expected to be allowed mounts of its own (unshare --mount), found the above. Run it as root, or
as somebody with subordinate ids (/etc/subuid); in a container, one that may mount."
  options=()
  if [[ $fresh == yes ]]; then options+=(--fresh); fi
  ZSPEX_IN_NAMESPACES=1 exec "${separate[@]}" "$self" "${options[@]}" "$name" "$@"
fi

mkdir -p "$cache"
exec 9>"$root.lock"
flock --nonblock 9 || { say "Waiting for another run in this Debian" >&2; flock 9; }

# The first server of /etc/apt that has Debian; else debootstrap takes its own.
debian_server() {
  grep -qs '^ID=debian$' /etc/os-release || return 0
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -E '^(deb|URIs:) ' | grep -oE '[a-z]+://[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' ' || true
}

# What apt here needs to reach its servers.
apt_connection() { apt-config dump 2>/dev/null | grep -iE '^Acquire::(https?|ftp)::' || true; }

make_debian() {
  local server options=(--variant=minbase) status=0
  server=$(debian_server)
  if [[ $server == https:* ]]; then options+=(--include=ca-certificates); fi
  if [[ -z ${http_proxy:-} ]]; then
    http_proxy=$(apt-config dump Acquire::http::Proxy 2>/dev/null | sed -n 's/.* "\(.*\)";$/\1/p')
    export http_proxy
  fi
  say "Making Debian $name in $root"
  rm -rf "$root.part"
  mkdir -p "$root.part" "$cache/debian-archives"
  PATH=$PATH:/usr/sbin:/sbin debootstrap "${options[@]}" --cache-dir="$(realpath "$cache/debian-archives")" \
    "$name" "$root.part" ${server:+"$server"} >"$root.log" 2>&1 || status=$?
  if ((status != 0)); then
    tail -n 5 "$root.log" >&2
    printf 'in_debian.sh: debootstrap could not make Debian %s; its reason stands above, all of it in %s.\n' "$name" "$root.log" >&2
    exit 75
  fi
  apt_connection >"$root.part/etc/apt/apt.conf.d/90host"
  mv "$root.part" "$root"
}

# copy_checkout FOLDER: the files of this checkout that differ from those there, and none that is not here. A copy is as new as
# the moment, so that a build there sees it; build folders there stay.
copy_checkout() {
  local to=$1 file
  mkdir -p "$to"
  git -c "safe.directory=$PWD" ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [[ -e $file || -L $file ]] || continue
    printf '%s\0' "$file"
    if ! cmp --silent "$file" "$to/$file"; then
      mkdir -p "$to/$(dirname "$file")"
      cp --no-dereference --preserve=mode,links --remove-destination "$file" "$to/$file"
    fi
  done | sort -z >"$root.here"
  (cd "$to" && find . \( -path './build*' -prune \) -o \( -type f -o -type l \) -printf '%P\0') | sort -z |
    comm -z -13 "$root.here" - | (cd "$to" && xargs -0 --no-run-if-empty rm -f)
  rm -f "$root.here"
}

mount_system() {
  local folder
  mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
  for folder in sys dev; do mount --rbind "/$folder" "$root/$folder"; done
  for folder in resolv.conf hosts; do
    if [[ -r /etc/$folder ]]; then cat "/etc/$folder" >"$root/etc/$folder"; fi
  done
}

if [[ $fresh == yes ]]; then rm -rf "$root"; fi
[[ -d $root ]] || make_debian
copy_checkout "$root/checkout/zspex"
mount_system
if [[ -d ../shared ]]; then
  mkdir -p "$root/checkout/shared"
  mount --bind "$(realpath ../shared)" "$root/checkout/shared"
  mount -o remount,bind,ro "$root/checkout/shared"
fi

say "In Debian $name: $*"
exec env -u TMPDIR -u XDG_CACHE_HOME -u XDG_RUNTIME_DIR -u CC -u CXX -u Kokkos_ROOT -u CMAKE_PREFIX_PATH -u ZSPEX_IN_NAMESPACES \
  HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 ZSPEX_YES=1 \
  chroot "$root" /bin/sh -c 'cd /checkout/zspex && exec "$@"' sh "$@"
