#!/usr/bin/env bash
# The program under mpirun, from outside: exit codes, messages told once, nothing left behind, no rank that waits for ever.
# run_program_test.sh ZSPEX RANKS LAUNCHER...      for example: run_program_test.sh build/zspex 2 mpirun -n 2
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

extract() {  # extract TITLE CODE WORDS OPTION...
  local title=$1 code=$2 words=$3
  shift 3
  expect "$title" "$code" "$words" "${launcher[@]}" "$zspex" extract --quiet -w 5900,5960,0.8 -n 25 "$@"
}

expect "simulate" 0 "" "$zspex" simulate -o in --cameras r0 b0 --npix-x 400 --npix-y 4128 --wave-r 5900,5960,0.8 \
  --wave-b 4400,4460,0.8 -n 25 --quiet
r=in/preproc-r0-00000001.fits b=in/preproc-b0-00000001.fits psf=in/psf-r0.fits

extract "a frame" 0 "" -i $r -p $psf -o ok.fits
expect "it can be inspected" 0 "25 spectra" "${launcher[@]}" "$zspex" inspect ok.fits
extract "HDF5" 0 "" -i $r -p $psf -o ok.h5
for suffix in h5 fits.gz; do
  for compress in none fast best; do
    extract "compressed: $compress" 0 "" -i $r -p $psf -o "$compress.$suffix" --compress "$compress"
  done
  (($(stat -c %s "best.$suffix") < $(stat -c %s "fast.$suffix") && $(stat -c %s "fast.$suffix") < $(stat -c %s "none.$suffix"))) ||
    fail "expected none > fast > best, found bytes $(stat -c '%n %s' ./*."$suffix")"
done
gzip --test -- *.fits.gz || fail "gzip refuses a file"
expect "help" 0 "Usage: zspex extract" "${launcher[@]}" "$zspex" extract --help
expect "the version, told once" 0 "Kokkos" "${launcher[@]}" "$zspex" --version
expect "an unknown option" 2 "--nspecs" "${launcher[@]}" "$zspex" extract --nspecs 25

extract "a missing image" 3 "missing.fits" -i missing.fits -p $psf -o bad.fits
extract "a missing PSF" 3 "missing.fits" -i $r -p missing.fits -o bad.fits
: >empty.fits
extract "an empty image" 3 "empty.fits" -i empty.fits -p $psf -o bad.fits
head -c 5000000 $r >short.fits
extract "a truncated image" 3 "short.fits" -i short.fits -p $psf -o bad.fits
head -c 30000 $psf >shortpsf.fits
extract "a truncated PSF" 3 "shortpsf.fits" -i $r -p shortpsf.fits -o bad.fits
extract "an image of another camera" 3 "camera b0" -i $b -p $psf -o bad.fits
extract "an image that is a PSF" 3 "IMAGE" -i $psf -p $psf -o bad.fits
extract "wavelengths off the CCD" 2 "on the CCD" -i $r -p $psf -o bad.fits -w 3600,3700,0.8
extract "fibers that are not there" 2 "extract.nspec" -i $r -p $psf -o bad.fits -n 525
extract "an output folder that is not there is not made for nothing" 3 "empty.fits" -i empty.fits -p $psf -o not/there/bad.fits
extract "and is made as mkdir -p does" 0 "" -i $r -p $psf -o made/frames/ok.fits -m made/model.fits
[[ -s made/frames/ok.fits && -s made/model.fits ]] || fail "outputs in folders that were made"
ln -s made/other.fits link.fits
extract "an output that is a link to nothing" 0 "" -i $r -p $psf -o link.fits
[[ -L link.fits && -s made/other.fits ]] || fail "a link to nothing is not written through"
extract "two outputs that are one file" 2 "made/third.fits" -i $r $r -p $psf -o made/third.fits "$PWD/made/../made/third.fits"
ln -s "$PWD"/$r input.fits
extract "an output that is an input" 2 "input.fits" -i $r -p $psf -o input.fits
mkdir folder.fits
extract "an output that is a folder" 4 "folder.fits" -i $r -p $psf -o folder.fits
ln -s /dev/full full.fits
extract "an output that is a device" 4 "full.fits: expected a regular file" -i $r -p $psf -o bad.fits -m full.fits
nothing_left "after bad inputs" bad.fits not

# A disk that is full in the middle of a file, as far as this can be had without a disk: a limit on the size of files. The
# model image (6.6 MB) is over it; what MPI puts into files is not.
if ((ranks == 1)); then
  printf 'old' >kept.fits
  expect "no room for the file" 4 "kept.fits" bash -c 'ulimit -f 5120 && exec "$@"' - "$zspex" extract --quiet \
    -w 5900,5960,0.8 -n 25 -i $r -p $psf -o bad.fits -m kept.fits
  [[ $(cat kept.fits) == old ]] || { : >log; fail "an older file was not kept when there was no room"; }
  [[ -s bad.fits ]] || fail "the frame was not written in spite of its model"
  nothing_left "after a full disk"
fi

extract "one of three is bad" 7 "short.fits has failed" -i $r short.fits $r -p $psf -o 1.fits 2.fits 3.fits
[[ -s 1.fits && -s 3.fits && ! -e 2.fits ]] || fail "one of three is bad: expected files 1 and 3, found $(ls [123].fits)"
extract "resume does the rest" 0 "" -i $r $r $r -p $psf -o 1.fits 2.fits 3.fits --resume
[[ -s 2.fits ]] || fail "resume does the rest: no 2.fits"
resume() {  # resume TITLE WORDS OPTION...
  local title=$1 words=$2
  shift 2
  expect "$title" 0 "$words" "${launcher[@]}" "$zspex" extract -w 5900,5960,0.8 -n 25 -i $r $r $r -p $psf -o 1.fits 2.fits 3.fits \
    --resume "$@"
}
resume "resume keeps what is whole" "2.fits is there already"
: >2.fits
resume "resume makes an empty file again" "2.fits is made again: not whole"
resume "resume with other settings" "2.fits is made again: extract.psferr was auto and is 0.02" --psferr 0.02
touch $psf
resume "resume with another PSF" "2.fits is made again: it was made from psf-r0.fits" --psferr 0.02
extract "no overwriting" 4 "1.fits" -i $r -p $psf -o 1.fits --no-overwrite
extract "a dry run" 0 "" -i $r -p $psf -o dry.fits --dry-run
nothing_left "after a dry run" dry.fits

# Ended by a signal while it computes: gone soon, and nothing left.
for signal in TERM USR1; do
  expect_interrupted "ended by SIG$signal" $signal 3 "${launcher[@]}" "$zspex" extract \
    -i $r $r $r $r $r $r $r $r $r $r $r $r -p $psf -n 25 --solver patch --nwavestep 5 --wavepad 300 \
    -o s/{1,2,3,4,5,6,7,8,9,10,11,12}.fits
  nothing_left "after SIG$signal"
done

finish
