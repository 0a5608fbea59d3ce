#!/usr/bin/env bash
# Builds zspex, simulates a small exposure and extracts its spectra, simulates coadds and finds their redshifts, and shows both.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"

usage() {
  cat <<'END'
./demo.sh [--yes]

  --yes  install missing packages without asking

Leaves its files in demo-output/. About a minute once zspex is built.
END
}

while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --yes) export ZSPEX_YES=1 ;;
    *) usage >&2; die "expected --yes or --help, found $1" ;;
  esac
  shift
done

# Shows the command, so that it can be typed again, and runs it.
show() { printf '\n$ %s\n' "$*"; "$@"; }

need_build_packages
configure_and_build default zspex
source scripts/mpi_environment.sh

preproc=demo-output/preproc-r0-00000001.fits psf=demo-output/psf-r0.fits frame=demo-output/frame-r0-00000001.h5
say "An exposure with known truth: 50 fibers of one camera"
show build/zspex simulate config/simulate_demo.yaml
say "Its spectra, on two ranks"
show mpirun -n 2 build/zspex extract -i "$preproc" -p "$psf" -o "$frame" -w 5760,6100,0.8 -n 50
say "What is in the file, and one of its spectra"
show build/zspex inspect "$frame" --row 3

coadds=demo-output/coadds redshifts=demo-output/redshifts.h5
say "Coadded spectra of 20 targets with known truth, and templates"
show build/zspex simulate config/simulate_coadds.yaml
say "Their redshifts, on two ranks"
show mpirun -n 2 build/zspex redshift -i "$coadds/coadd-0.fits" -t "$coadds/templates" -o "$redshifts"
say "What is in the file, and one target's best fits"
show build/zspex inspect "$redshifts" --row 3

cat <<END

== What next
Another spectrum:           build/zspex inspect $frame --row 7
As DESI's frame file:       build/zspex extract -i $preproc -p $psf -o demo-output/frame.fits -w 5760,6100,0.8 -n 50
The seamless, fast solver:  add --solver bundle
Frames of your own:         mpirun -n $(nproc) build/zspex extract -i PREPROC -p PSF -o frame.fits
A target's spectrum:        build/zspex inspect $coadds/coadd-0.fits --row 3
Redshifts as Redrock's:     build/zspex redshift -i $coadds/coadd-0.fits -t $coadds/templates -o demo-output/redrock.fits
Coadds of your own:         mpirun -n $(nproc) build/zspex redshift -i COADD -t TEMPLATES -o redrock.fits
As a batch job:             docs/running_on_slurm.md
All options:                build/zspex extract --help, build/zspex redshift --help
END
