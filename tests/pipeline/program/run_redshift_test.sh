#!/usr/bin/env bash
# From simulated spectra to redshifts as a user goes, and where he goes wrong: exit codes, messages told once, nothing left
# behind.
# run_redshift_test.sh ZSPEX RANKS LAUNCHER...     for example: run_redshift_test.sh build/zspex 2 mpirun -n 2
set -uo pipefail
machine=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/config/machine_perlmutter.yaml
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
unset RR_TEMPLATE_DIR
# Wide bins: the spectra have a quarter of their pixels.
waves=(--wave-b 3600,5800,3 --wave-r 5760,7620,3 --wave-z 7520,9824,3)
redshift() {  # redshift TITLE CODE WORDS OPTION...
  local title=$1 code=$2 words=$3
  shift 3
  expect "$title" "$code" "$words" "${launcher[@]}" "$zspex" redshift --quiet "$@"
}
need() {  # need TITLE FILE...
  local title=$1 path
  shift
  for path in "$@"; do [[ -s $path ]] || { : >log; fail "$title: expected $path, found none"; }; done
}

expect "simulate" 0 "" "${launcher[@]}" "$zspex" simulate --quiet --kind coadds -o in --ntargets 5 --nexp 2 --snr-scale 3 \
  --bad-fibers 1 "${waves[@]}"
need "simulate" in/{coadd-0,truth-0}.fits in/redshift.yaml in/templates/templates-default.txt
coadd=in/coadd-0.fits
star=(-t in/templates/rrtemplate-STAR-F-vsim1.fits)  # one of 101 redshifts, where it doesn't matter which

redshift "redshifts of its configuration" 0 "" --config in/redshift.yaml --zscan-galaxy=-0.005,1.7,5e-4 -d details.h5 -m model.fits
need "redshifts of its configuration" in/redshifts.fits details.h5 model.fits
# Among five targets are two galaxies, at 0.8430 and 1.2061: as bright as these, none is confused.
expect "they can be inspected" 0 "GALAXY        2          2  0.84" "${launcher[@]}" "$zspex" inspect in/redshifts.fits
expect "and so can details" 0 "5 x 868 x 10" "${launcher[@]}" "$zspex" inspect details.h5
expect "of one target" 0 "coadd-0.fits" "${launcher[@]}" "$zspex" inspect $coadd --row 3
redshift "HDF5 of a scan that is there" 0 "" --config in/redshift.yaml --zscan-galaxy=-0.005,1.7,5e-4 \
  --chi2-scan details.h5 -o again.h5 -n 2
need "HDF5 of a scan that is there" again.h5

redshift "a dry run" 0 "" -i $coadd "${star[@]}" -o dry.fits -d dry.h5 -m drymodel.fits --dry-run
nothing_left "after a dry run" dry.fits dry.h5 drymodel.fits
# What --resume keeps, makes again and clears away; a killed process leaves such a temporary file.
again=(--config in/redshift.yaml --zscan-galaxy=-0.005,1.7,5e-4 -d details.h5 -m model.fits --resume)
resume() {  # resume TITLE WORDS OPTION...
  local title=$1 words=$2
  shift 2
  expect "$title" 0 "$words" "${launcher[@]}" "$zspex" redshift "${again[@]}" "$@"
}
# shellcheck disable=SC2016
dead=in/.redshifts.fits.$(hostname).$(bash -c 'echo $$').0.tmp
: >"$dead"
: >in/.redshifts.fits.elsewhere.17.0.tmp
resume "resume" "all outputs are there already"
grep -qF "$dead is removed" log || fail "resume: expected that it tells of $dead"
grep -qF "elsewhere may be writing it" log || fail "resume: expected that it tells of another host's file"
[[ ! -e $dead && -e in/.redshifts.fits.elsewhere.17.0.tmp ]] || fail "resume: cleared away the wrong files"
rm in/.redshifts.fits.elsewhere.17.0.tmp
head -c 20000 in/redshifts.fits >cut && cat cut >in/redshifts.fits
resume "resume with a file that is cut" "in/redshifts.fits is made again: not whole"
rm model.fits
resume "resume with one that is missing" "model.fits is made again: missing"
resume "resume with other settings" "details.h5 is made again: redshift.nminima was 0 and is 2" --nminima 2
resume "resume with other inputs" "redshifts.fits is made again: it was made from" --nminima 2 "${star[@]}"
resume "resume with the same" "all outputs are there already" --nminima 2 "${star[@]}"
redshift "no overwriting" 4 "in/redshifts.fits" --config in/redshift.yaml --no-overwrite

# Strategies: the same answer, planned for another machine, chosen here.
for strategy in GPU_V4 GPU_V6 AUTO; do
  redshift "strategy $strategy" 0 "" -i $coadd "${star[@]}" -o $strategy.h5 --strategy $strategy
done
expect "ranks are told of" 0 "node  GPU  targets" "${launcher[@]}" "$zspex" inspect GPU_V6.h5
expect "and strategies, where they were compared" 0 "predicted (s)" "${launcher[@]}" "$zspex" inspect AUTO.h5
for dz in 3e-4 1e-4; do
  expect "a plan for Perlmutter, galaxies in steps of $dz" 0 "1 node of 64 ranks, 256 GiB and 4 GPUs of 40 GiB; 5 targets" \
    "${launcher[@]}" "$zspex" redshift --config in/redshift.yaml -o dry.fits --dry-run --strategy AUTO --machine "$machine" \
    --zscan-galaxy=-0.005,1.7,$dz
  for strategy in CPU GPU_V1 GPU_V2 GPU_V3 GPU_V4 GPU_V5 GPU_V6; do
    grep -qE "^(->|  ) $strategy +[0-9]" log || fail "a plan for Perlmutter: expected a line for $strategy"
  done
done
nothing_left "after plans" dry.fits
expect "this machine is measured" 0 "pi by Monte Carlo" "${launcher[@]}" "$zspex" measure --seconds 1 -o made/machine.yaml
expect "AUTO takes what was measured" 0 "as zspex measure found them" \
  "${launcher[@]}" "$zspex" redshift -i $coadd "${star[@]}" -o measured.h5 --strategy AUTO
expect "a plan for the machine that was measured" 0 "1 node of $ranks rank" \
  "${launcher[@]}" "$zspex" redshift --config in/redshift.yaml -o dry.fits --dry-run --machine made/machine.yaml
nothing_left "after measuring" dry.fits made/zspex-measure-*
# As desispec's scripts call Redrock: zproc.py, qsoqn.py.
redshift "a production's command line" 0 "" -i $coadd "${star[@]}" -o rr.fits -d rd.h5 --model rm.fits --gpu --max-gpuprocs 4
need "a production's command line" rr.fits rd.h5 rm.fits
redshift "an afterburner's command line" 2 "found -7008279, which is in none" --infiles $coadd --templates "${star[1]}" \
  --targetids ' -7008279' --details again.h5 --outfile bad.fits
expect "processes are mpirun's" 0 "note: --mp 8 is accepted without effect" "${launcher[@]}" "$zspex" redshift --infiles $coadd \
  "${star[@]}" --outfile rr.fits --mp 8
redshift "a strategy with a typing error" 2 'found "GPU_V66"; did you mean GPU_V6?' -i $coadd "${star[@]}" -o bad.fits --strategy GPU_V66
redshift "a capacity below zero" 2 "redshift.gpu_capacity: expected a number >= 0" -i $coadd "${star[@]}" -o bad.fits \
  --strategy GPU_V4 --gpu-capacity=-1
redshift "more GPU ranks than ranks" 2 "expected at most as many GPU ranks as ranks, found 9 for $ranks" -i $coadd "${star[@]}" \
  -o bad.fits --strategy GPU_V6 --gpu-ranks 9
redshift "too little for a tile on a GPU" 2 "Raise redshift.device_memory" -i $coadd "${star[@]}" -o bad.fits \
  --strategy GPU_V6 --device-memory 1e-6 --device-kernels teams

# Mistakes that are found while options are read, in the plan, and while targets are fitted.
redshift "an unknown option" 2 "--outfle" --outfle x.fits
redshift "a missing file" 3 "missing.fits" -i missing.fits "${star[@]}" -o bad.fits
redshift "an unknown target" 2 "found 17, which is in none" -i $coadd "${star[@]}" -o bad.fits --targetids 17
redshift "a template that does not cover" 5 "template GALAXY: expected rest wavelengths from" -i $coadd -t in/templates \
  -o bad.fits -d bad.h5 --zscan-galaxy 0,2.5,1e-3
redshift "too little memory" 2 "redshift.memory: expected at least" -i $coadd "${star[@]}" -o bad.fits --memory 1e-6
redshift "an output folder that is not there is not made for nothing" 3 "missing.fits" -i missing.fits "${star[@]}" -o not/there/bad.fits
redshift "and is made as mkdir -p does" 0 "" -i $coadd "${star[@]}" -n 1 -o made/a/z.fits -d made/z.h5
need "folders that were made" made/a/z.fits made/z.h5
ln -s made/later.h5 link.h5
redshift "two outputs that are one file" 2 "which is also in output" -i $coadd "${star[@]}" -o made/later.h5 -d link.h5
if ((ranks == 1)); then  # The details are over the limit; the redshifts, and the files of an MPI that has one rank, are not.
  # shellcheck disable=SC2016
  expect "room for the redshifts only" 4 "Written: room.fits." env OMPI_MCA_btl=self PMIX_MCA_gds=hash bash -c 'ulimit -f 512; exec "$@"' - \
    "$zspex" redshift --quiet -i $coadd -t in/templates/rrtemplate-GALAXY-None-vsim1.fits --zscan-galaxy=0,1.6,1.2e-4 --compress none -o room.fits -d room.h5
  need "room for the redshifts only" room.fits
  nothing_left "room for the redshifts only" room.h5
fi
if ((ranks == 1)); then
  expect "help" 0 "Usage: zspex redshift" "$zspex" redshift --help
  redshift "no templates" 2 "set RR_TEMPLATE_DIR" -i $coadd -o bad.fits
  RR_TEMPLATE_DIR=$PWD/in/templates redshift "templates of the environment" 0 "" -i $coadd -o environment.fits -n 1
  redshift "no output" 2 "name it with -o, -d or -m" -i $coadd "${star[@]}"
  redshift "an output of no kind" 2 "expected a name that ends in .fits" -i $coadd "${star[@]}" -o bad.txt
  redshift "an output that is the input" 2 "which is also in input" -i $coadd "${star[@]}" -o $coadd
  redshift "two ways to choose" 2 "targetids" -i $coadd "${star[@]}" -o bad.fits --targetids 1 -n 2
  redshift "a slice beyond the end" 3 "--mintarget 5" -i $coadd "${star[@]}" -o bad.fits --mintarget 5
  : >empty.fits
  redshift "an empty file" 3 "empty.fits" -i empty.fits "${star[@]}" -o bad.fits
  head -c 500000 $coadd >short.fits
  redshift "a truncated file" 3 "short.fits" -i short.fits "${star[@]}" -o bad.fits
  redshift "a file of another kind" 3 "flux-calibrated spectra" -i in/truth-0.fits "${star[@]}" -o bad.fits
  redshift "templates that are spectra" 3 "BASIS_VECTORS" -i $coadd -t $coadd -o bad.fits
  redshift "a folder without templates" 3 "rrtemplate-*.fits, found none" -i $coadd -t in -o bad.fits
  mkdir folder.fits
  redshift "an output that is a folder, whatever its name" 0 "" -i $coadd "${star[@]}" -o folder.fits
  need "an output that is a folder, whatever its name" folder.fits/redrock-0.fits
  expect "simulate other bins" 0 "" "$zspex" simulate --quiet --kind spectra -o in --resume --ntargets 2 --wave-b 3600,3700,1 \
    --wave-r 5760,5860,1 --wave-z 7520,7620,1
  redshift "two wavelength grids" 3 "expected the grid of the files before" -i $coadd in/spectra-0.fits "${star[@]}" -o bad.fits
  redshift "exposures of a narrow range" 0 "" -i in/spectra-0.fits "${star[@]}" -o exposures.fits
fi
nothing_left "after mistakes" bad.fits bad.h5 not

# Ended by a signal while it fits, and while its details grow: gone soon, and nothing left.
expect_interrupted "ended by SIGTERM" TERM 3 "${launcher[@]}" "$zspex" redshift -q -i $coadd -t in/templates \
  --zscan-galaxy 0,1.6,3e-7 -n 2 -o s.fits -d s.h5 -m smodel.fits
nothing_left "after SIGTERM" s.fits s.h5 smodel.fits

finish
