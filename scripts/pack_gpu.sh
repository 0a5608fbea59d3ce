#!/usr/bin/env bash
# What a machine needs to run scripts/check_gpu.sh that has a GPU, its driver and the CUDA toolkit, and nothing else of zspex.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

usage() {
  cat <<'END_OF_USAGE'
scripts/pack_gpu.sh [BUILD [FILE.tar.gz]]

Packs the programs of a build for CUDA, the libraries that they need and Open MPI into one file (default:
build-cuda-portable and zspex-gpu-check.tar.gz). There:

  tar -xzf zspex-gpu-check.tar.gz && zspex-gpu-check/check_gpu.sh

The build, for another machine's processor (x86-64 of the last ten years):

  cmake --preset cuda-portable && cmake --build --preset cuda-portable

The C library, libstdc++, the driver and the toolkit's large libraries are the other machine's; its C library may not be older
than what is printed. Files are read here and a folder in TMPDIR is written; nothing else is changed.
END_OF_USAGE
}
die() { printf 'pack_gpu.sh: %s\n' "$*" >&2; exit 1; }

case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) usage >&2; die "expected a build folder, found $1." ;;
esac
[[ $# -le 2 ]] || { usage >&2; die "expected a build folder and a file, found $# words."; }
build=${1:-$here/../build-cuda-portable}
file=${2:-zspex-gpu-check.tar.gz}
[[ $file == *.tar.gz ]] || die "expected a name that ends in .tar.gz, found $file."
name=$(basename "$file" .tar.gz)
work=$(mktemp -d "${TMPDIR:-/tmp}/zspex-pack.XXXXXX")
trap 'rm -rf "$work"' EXIT
pack=$work/$name
mkdir -p "$pack"/{bin,lib}

# ---- programs

for program in zspex kernels_test compare_results; do
  [[ -x $build/$program ]] || die "expected the program $build/$program. Build it:
  cmake --preset cuda-portable && cmake --build --preset cuda-portable"
  strip -o "$pack/bin/$program" "$build/$program"
done
for program in redshift_benchmark kernels_benchmark; do
  if [[ -x $build/$program ]]; then
    strip -o "$pack/bin/$program" "$build/$program"
  else
    echo "pack_gpu.sh: no $program in $build (-DZSPEX_BENCHMARKS=ON): the check will be without it" >&2
  fi
done
if [[ -r $build/libkernel_timer.so ]]; then cp "$build/libkernel_timer.so" "$pack/lib/"; fi
cp "$here/check_gpu.sh" "$here/mpi_environment.sh" "$pack/"

# ---- Open MPI 4, which finds its plugins where these variables say

pack_open_mpi() {
  local plugins data plugin
  plugins=$(ompi_info --path pkglibdir --parsable 2>/dev/null | sed -n 's/^path:pkglibdir://p')
  data=$(ompi_info --path pkgdatadir --parsable 2>/dev/null | sed -n 's/^path:pkgdatadir://p')
  if [[ -z $plugins || ! -x $(command -v orterun) || ! -r $plugins/mca_ess_hnp.so ]]; then
    echo "pack_gpu.sh: found no Open MPI 4 here: the other machine's own mpirun will be tried" >&2
    return
  fi
  mkdir -p "$pack/mpi"/{plugins,data,etc}
  strip -o "$pack/bin/mpirun" "$(realpath "$(command -v orterun)")"
  strip -o "$pack/bin/orted" "$(realpath "$(command -v orted)")"  # one rank alone starts it
  for plugin in "$plugins"/mca_*.so; do
    case $plugin in  # networks, other schedulers, files, OpenSHMEM: not for one node
      *ucx* | *ofi* | *psm* | *openib* | *netlink* | *flux* | *slurm* | *gridengine* | *romio* | *scoll* | *spml* | *memheap* | *sshmem*) ;;
      *) strip -o "$pack/mpi/plugins/$(basename "$plugin")" "$plugin" ;;
    esac
  done
  cp "$data"/help-*.txt "$pack/mpi/data/"
  cat >"$pack/mpi_here.sh" <<'END_OF_FILE'
# Sourced by check_gpu.sh, which knows the folder, here.
export OPAL_PKGLIBDIR=$here/mpi/plugins OPAL_PKGDATADIR=$here/mpi/data OPAL_SYSCONFDIR=$here/mpi/etc OPAL_BINDIR=$here/bin
export OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1 OMPI_MCA_plm=isolated PMIX_MCA_gds=hash PMIX_MCA_pcompress_base_silence_warning=1
END_OF_FILE
}
pack_open_mpi

# ---- libraries of all these

# The other machine's: the C library and the loader, the compiler's runtime, the driver, what is large in the toolkit.
theirs='/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|gcc_s|stdc\+\+|cuda|nvidia-ml|cublas|cublasLt|cusparse|cusolver))\.so'
shopt -s nullglob
ldd "$pack"/bin/* "$pack"/mpi/plugins/*.so 2>/dev/null | awk '$3 ~ /^\// { print $3 }' | sort -u | grep -vE "$theirs" |
  while read -r library; do strip -o "$pack/lib/$(basename "$library")" "$(realpath "$library")"; done

oldest=$(objdump -T "$pack"/bin/* "$pack"/lib/*.so* 2>/dev/null | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
mkdir -p "$(dirname "$file")"
tar -C "$work" --owner=0 --group=0 -cf - "$name" | gzip -9 >"$file.part"
mv "$file.part" "$file"
printf '%s: %s MiB, for a C library of %s or later. There:\n  tar -xzf %s && %s/check_gpu.sh\n' "$file" \
  "$(($(stat -c %s "$file") / 1048576))" "${oldest/_/ }" "$(basename "$file")" "$name"
