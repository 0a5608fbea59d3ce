# Sourced by demo.sh, test.sh and .ci/run: packages, configuring, building, and MPI's environment on one machine.
# Expects bash with set -euo pipefail; leaves the caller in the repository's root.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Debian packages, the same names in Debian 12, 13 and sid; Ubuntu has them, too. "a|b": either will do, a is installed.
# "command:package": a command from anywhere will do.
build_packages=(
  cmake:cmake ninja:ninja-build make:make g++:g++ pkg-config:pkg-config mpirun:openmpi-bin
  "libopenmpi-dev|libmpich-dev" "libhdf5-dev|libhdf5-openmpi-dev|libhdf5-mpich-dev" libcfitsio-dev liberfa-dev libdeflate-dev
  libyaml-cpp-dev libfmt-dev libgtest-dev
)
# Kokkos inside Trilinos: Debian 12's and 13's, and Ubuntu's.
trilinos_packages=("libtrilinos-kokkos-dev")
check_packages=(clang-format-14:clang-format-14)
slurm_packages=(sbatch:slurm-client slurmctld:slurmctld slurmd:slurmd munged:munge)

# have_package SPEC: whether one of its alternatives is installed.
have_package() {
  local spec=$1 name status
  if [[ $spec == *:* ]]; then
    PATH=$PATH:/usr/sbin:/sbin command -v "${spec%%:*}" >/dev/null && return 0
    spec=${spec#*:}
  fi
  for name in ${spec//|/ }; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null) && [[ $status == installed ]] && return 0
  done
  return 1
}

# update_package_lists [sudo]: once. Old lists name files that the mirror no longer has; without a network they may still do.
update_package_lists() {
  if [[ ${package_lists_updated:-no} == no ]]; then
    "$@" apt-get update -qq || echo "apt-get update failed; going on with the package lists that are here" >&2
    package_lists_updated=yes
  fi
}

# need_packages SPEC...: installs what is missing: at once as root, after a question with sudo, and where there is nobody to
# ask it says what it would install and stops. ZSPEX_YES=1 (--yes) answers the question.
need_packages() {
  local spec names missing=() sudo=() answer
  for spec in "$@"; do
    if ! have_package "$spec"; then
      names=${spec##*:}
      missing+=("${names%%|*}")
    fi
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  command -v apt-get >/dev/null || die "this is neither Debian nor Ubuntu. Expected here, in whatever way this system has
them: ${missing[*]}. For a cluster see spack.yaml; with everything in place build with
  cmake --preset default && cmake --build --preset default && ctest --preset default"
  local install=(apt-get install --yes --no-install-recommends "${missing[@]}")
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || die "packages are missing, and there is no sudo here. Have somebody run as root:
  apt-get update && ${install[*]}"
    if [[ ${ZSPEX_YES:-} != 1 ]]; then
      [[ -t 0 && -t 1 ]] || die "packages are missing. Run this first (or start again with --yes, which does so):
  sudo apt-get update && sudo ${install[*]}"
      printf 'Missing packages: %s\nInstall them with sudo apt-get? [Y/n] ' "${missing[*]}"
      read -r answer
      [[ $answer =~ ^([Yy]|[Yy]es)?$ ]] || die "packages are missing. Install them in your own way:
  sudo apt-get update && sudo ${install[*]}"
    fi
    sudo=(sudo)
  fi
  say "Installing ${missing[*]}"
  update_package_lists "${sudo[@]}"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" -qq -o Dpkg::Use-Pty=0 </dev/null >/dev/null ||
    die "apt-get could not install ${missing[*]}. Its reason stands above; try
  ${sudo[*]} ${install[*]}"
}

# Whether the distribution has a package of Kokkos itself that is new enough for C++20 (Debian's sid: 5.x).
has_kokkos_package() {
  local version
  if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then update_package_lists; fi
  version=$(apt-cache show --no-all-versions libkokkos-dev 2>/dev/null | sed -n 's/^Version: //p')
  [[ -n $version ]] && dpkg --compare-versions "$version" ge 4
}

# Whether Kokkos is taken from its own package, and not from Trilinos: the one that is installed, else the newest there is.
takes_kokkos_package() {
  have_package libkokkos-dev || { ! have_package libtrilinos-kokkos-dev && has_kokkos_package; }
}

# The compiler, the libraries, and a Kokkos where none is named.
need_build_packages() {
  local kokkos=()
  if [[ -z ${Kokkos_ROOT:-} ]]; then
    if takes_kokkos_package; then kokkos=(libkokkos-dev); else kokkos=("${trilinos_packages[@]}"); fi
  fi
  need_packages "${build_packages[@]}" "${kokkos[@]}"
}

# The number of compilers at once: one per core, and about 1.5 GB of memory each, also in a container with a limit.
build_jobs() {
  local cores memory_kb limit jobs
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < memory_kb)); then memory_kb=$((limit / 1024)); fi
  jobs=$((memory_kb / 1500000))
  ((jobs >= 1)) || jobs=1
  ((jobs <= cores)) || jobs=$cores
  echo "$jobs"
}

# build_folder PRESET: where CMakePresets.json puts it.
build_folder() {
  if [[ $1 == default ]]; then echo build; else echo "build-$1"; fi
}

# configure_and_build PRESET TARGET...: configures where that has not been done (the build does it again when a CMakeLists.txt
# has changed) and builds. An option that CMake does not know stops it: CMake would only warn.
configure_and_build() {
  local preset=$1 folder log
  shift
  folder=$(build_folder "$preset")
  if [[ ! -f $folder/build.ninja && ! -f $folder/Makefile || CMakePresets.json -nt $folder/CMakeCache.txt ]]; then
    say "Configuring $folder"
    mkdir -p "$folder"
    log=$folder/configure.log
    if [[ ! -f $folder/CMakeCache.txt ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}; fi
    cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; die "cmake --preset $preset failed; its reason stands above."; }
    if grep -A 20 'Manually-specified variables were not used' "$log" >&2; then
      die "expected options that zspex knows, found the above. Correct CMakePresets.json or CMakeUserPresets.json."
    fi
    touch "$folder/CMakeCache.txt"
  fi
  say "Building $folder"
  cmake --build "$folder" --parallel "$(build_jobs)" --target "$@" || die "the build failed; the compiler's reason stands above."
}
