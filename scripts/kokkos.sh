#!/usr/bin/env bash
# scripts/kokkos.sh openmp|threads: a Kokkos with threads on the host, for tests. The one that Debian and Ubuntu package is
# serial; this is the same version, built from the sources of their package Trilinos, once: it is kept in
# ${XDG_CACHE_HOME:-~/.cache}/zspex. Prints where it is, on the last line; exit status 3: there is no source package to be had.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

backend=${1:-}
[[ $backend =~ ^(openmp|threads)$ ]] || die "expected openmp or threads, found ${backend:-nothing}."
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/zspex
prefix=$cache/kokkos-$backend
if [[ ! -f $prefix/done ]]; then
  need_packages cmake:cmake make:make g++:g++
  work=$(mktemp -d "${TMPDIR:-/tmp}/zspex-kokkos.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$cache" "$work"/{lists/partial,archives/partial,parts,source}

  sources=$cache/trilinos.orig
  if [[ ! -f $sources ]]; then
    # apt with lists of its own: this machine's servers, asked for sources.
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
      [[ -r $file ]] || continue
      case $file in
        *.list) sed -n 's/^deb /deb-src /p' "$file" >"$work/parts/$(basename "$file")" ;;
        *.sources) sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/$(basename "$file")" ;;
      esac
    done
    apt=(apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/parts" -o Dir::State::Lists="$work/lists"
      -o Dir::Cache::Archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=)
    say "Fetching the sources of Trilinos" >&2
    "${apt[@]}" update >"$work/log" 2>&1 || true  # servers without sources are none of ours
    (cd "$work/source" && "${apt[@]}" source --download-only --only-source trilinos >>"$work/log" 2>&1) || {
      tail -n 5 "$work/log" >&2
      printf 'kokkos.sh: expected a source package trilinos on the servers of /etc/apt, found none. Add one with deb-src, or\n' >&2
      printf 'name a Kokkos of your own with Kokkos_ROOT.\n' >&2
      exit 3
    }
    mv "$work"/source/trilinos_*.orig.tar.* "$sources.$$"
    mv "$sources.$$" "$sources"
  fi

  say "Building Kokkos ($backend)" >&2
  tar --extract --file "$sources" --directory "$work/source" --wildcards '*/packages/kokkos/*' || {
    rm -f "$sources"
    die "expected packages/kokkos in the sources of Trilinos, found something else. They are removed; try again."
  }
  option=${backend^^}
  if [[ $backend == threads ]] && grep -q "OPTION(PTHREAD" "$work"/source/*/packages/kokkos/cmake/kokkos_enable_devices.cmake; then option=PTHREAD; fi  # before 3.5
  {
    cmake -S "$work"/source/*/packages/kokkos -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
      -DKokkos_ENABLE_SERIAL=ON "-DKokkos_ENABLE_$option=ON" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_CXX_STANDARD=17 &&
      cmake --build "$work/build" --parallel "$(build_jobs)" --target install
  } >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; die "Kokkos could not be built; the reason stands above."; }
  touch "$prefix/done"
fi
echo "$prefix"
