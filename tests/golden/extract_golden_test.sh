#!/usr/bin/env bash
# The program as a user types it, against another program's answer for the same frame (../shared/data/golden/extract): both
# solvers' files are compared by ../shared/tools/compare_frame.py. Skipped (77) where the data or Python's astropy are missing.
# extract_golden_test.sh ZSPEX SHARED PYTHON LAUNCHER...
set -euo pipefail
zspex=$1 shared=$2 python=$3
shift 3
golden=$shared/data/golden/extract
for file in "$golden/preproc-r0-golden.fits.gz" "$golden/frame-r0-golden-gpu_specter.fits.gz" \
  "$shared/data/psf/psf-r0-00051060.fits" "$shared/tools/compare_frame.py"; do
  [[ -r $file ]] || { echo "Skipped: $file is not there (../shared holds data from other projects)"; exit 77; }
done
"$python" -c 'import astropy, numpy' 2>/dev/null ||
  { echo "Skipped: $python has no astropy; install it, or give -DPython3_EXECUTABLE=... to cmake"; exit 77; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-golden.XXXXXX")
trap 'rm -rf "$dir"' EXIT
extract() {
  "$@" "$zspex" extract --quiet -i "$golden/preproc-r0-golden.fits.gz" -p "$shared/data/psf/psf-r0-00051060.fits" \
    -w 5760,7620,0.8 -s 0 -n 25 --set "extract.solver=$solver" -o "$dir/$solver.fits"
}
compare() {
  "$python" "$shared/tools/compare_frame.py" "$dir/$solver.fits" "$golden/frame-r0-golden-gpu_specter.fits.gz" "$@"
}
solver=patch
extract "$@"
compare --max-sigma 1e-3 --max-ivar 1e-5 --max-resolution 1e-5
# Without patch seams the answer is another one, by as much as the reference depends on the size of its own patches.
solver=bundle
extract "$@"
compare --max-sigma 1e-2 --max-ivar 1e-5 --max-resolution 1e-5
