#!/usr/bin/env bash
# The program as a user types it, against Redrock's answers for the same spectra and templates (../shared/data/golden/redrock):
# 16 simulated targets and a real one. Redshifts are compared by ../shared/tools/compare_redshifts.py, scans, minima and models
# by compare_redrock.py beside this file. Skipped (77) where the data or Python's astropy and h5py are missing.
# redshift_golden_test.sh ZSPEX SHARED PYTHON WHAT LAUNCHER...      WHAT: all, or one (the real target alone)
set -euo pipefail
zspex=$1 shared=$2 python=$3 what=$4
shift 4
launcher=("$@")
here=$(dirname "${BASH_SOURCE[0]}")
golden=$shared/data/golden/redrock templates=$shared/data/templates
real=$shared/data/coadd/coadd-4-80613-thru20210324.fits
for file in "$golden"/{coadd-golden.fits.gz,redrock-golden.fits,rrdetails-golden.h5,rrmodel-golden.fits} \
  "$golden"/{redrock-4-80613-v0.0.fits,rrdetails-4-80613-v0.0.h5} "$real" "$templates/templates-default.txt" \
  "$shared/tools/compare_redshifts.py"; do
  [[ -r $file ]] || { echo "Skipped: $file is not there (../shared holds data from other projects)"; exit 77; }
done
"$python" -c 'import astropy, h5py, numpy' 2>/dev/null ||
  { echo "Skipped: $python has no astropy or no h5py; install them, or give -DPython3_EXECUTABLE=... to cmake"; exit 77; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-golden.XXXXXX")
trap 'rm -rf "$dir"' EXIT
redshift() {  # redshift INPUT NAME OPTION...
  local input=$1 name=$2
  shift 2
  "${launcher[@]}" "$zspex" redshift --quiet -i "$input" -t "$templates" --precision "$precision" -o "$dir/$name.fits" \
    -d "$dir/$name.h5" "$@"
}
compare() {  # compare NAME REDSHIFTS DETAILS
  "$python" "$shared/tools/compare_redshifts.py" "$dir/$1.fits" "$golden/$2" --max-dz 1e-7 --max-dchi2 1e-5 --max-mismatch 0
  "$python" "$here/compare_redrock.py" details "$dir/$1.h5" "$golden/$3" "$bound"
}
for precision in mixed double; do
  # In double the scans are the same numbers but for rounding to float; mixed has templates of seven digits.
  bound=$([[ $precision == double ]] && echo 1e-6 || echo 1e-5)
  echo "precision $precision:"
  redshift "$real" real
  compare real redrock-4-80613-v0.0.fits rrdetails-4-80613-v0.0.h5
  [[ $what == all ]] || continue
  redshift "$golden/coadd-golden.fits.gz" golden -m "$dir/model.fits"
  compare golden redrock-golden.fits rrdetails-golden.h5
  "$python" "$here/compare_redrock.py" models "$dir/model.fits" "$golden/rrmodel-golden.fits" 1e-6
done
