#!/usr/bin/env bash
# run_hosts_test.sh ZSPEX: both jobs over two hosts (hosts.sh), two ranks each: the answers of one host, lists shared between
# hosts, and what is left when one of them dies. Ends with 77, which ctest counts as skipped, where there can be no such hosts.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$repository/tests/check.sh"
source "$repository/tests/hosts/hosts.sh"
source "$repository/scripts/mpi_environment.sh"
zspex=$(realpath "$1")
why=$(why_no_hosts)
if [[ -n $why ]]; then
  echo "Skipped: $why"
  exit 77
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-hosts.XXXXXX")
finish() {
  local status=$?
  stop_hosts
  if ((status == 0 && failures == 0)); then rm -rf "$dir"; else echo "Kept $dir"; fi
  ((failures == 0)) || exit 1
}
trap finish EXIT
trap 'exit 143' TERM INT
cd "$dir"
start_hosts 2 "$dir"

# code LOG COMMAND...: its exit status.
code() {
  local log=$1 status=0
  shift
  "$@" >"$log" 2>&1 || status=$?
  echo "$status"
}
mentions() { if grep -qE -- "$2" "$1" 2>/dev/null; then echo yes; else echo no; fi; }
# The bytes of all tables and images; headers tell times and names, which differ.
sums() { if [[ -s $1 ]]; then grep -aoE "DATASUM = '[0-9]+" "$1"; fi; }
card() { grep -aoE "$2 *= '[^']*" "$1" | head -n 1 | sed "s/.*'//"; }
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == name) at = i; next } { print $at }' "$1"; }
outputs() { find "$1" -name '*.fits' ! -name '.*' | sort; }

"$zspex" simulate --quiet --kind coadds --ntargets 4 --nexp 1 --snr-scale 3 --wave-b 3600,5800,3 --wave-r 5760,7620,3 \
  --wave-z 7520,9824,3 -o sky
coadd=sky/coadd-0.fits
gzip --keep --stdout $coadd >sky/coadd-1.fits.gz
fit=(redshift -t sky/templates/rrtemplate-STAR-F-vsim1.fits -t sky/templates/rrtemplate-STAR-K-vsim1.fits)

check "one host fits redshifts" 0 "$(code one.log "$zspex" "${fit[@]}" -i $coadd -o one.fits)"
check "into a table with data" yes "$( (($(sums one.fits | sort -u | wc -l) > 3)) && echo yes || echo no)"
for strategy in CPU GPU_V3 GPU_V4 GPU_V5 GPU_V6 AUTO; do
  check "two hosts do, $strategy" 0 "$(code $strategy.log on_hosts 2 "$zspex" "${fit[@]}" -i $coadd -o $strategy.fits --strategy $strategy)"
  check "and find the same, $strategy" "$(sums one.fits)" "$(sums $strategy.fits)"
done
check "a result tells of both hosts" "2 nodes, 2 ranks each" "$(card CPU.fits ZSPEXLAY | cut -d , -f 1,2)"
check "gzipped spectra, too" 0 "$(code gz.log on_hosts 2 "$zspex" "${fit[@]}" -i sky/coadd-1.fits.gz -o gz.fits)"
check "and they are the same" "$(sums one.fits)" "$(sums gz.fits)"

for i in {1..8}; do cp $coadd "sky/coadd-1$i.fits"; done
ls sky/coadd-1?.fits >list.txt
check "a list is done on two hosts" 0 \
  "$(code list.log on_hosts 2 "$zspex" "${fit[@]}" --list list.txt -o list/ --group 1 --report list.csv)"
check "by four groups" yes "$(mentions list.log '8 runs by 4 groups of 1 rank')"
check "all of it" 8 "$(outputs list | wc -l)"
check "on both of them" "host1 host2" "$(column list.csv host | sort -u | xargs)"
check "half of it on each" "4 host1 4 host2" "$(column list.csv host | sort | uniq -c | xargs)"
check "with the same redshifts" "$(sums one.fits)" "$(sums list/redrock-18.fits)"
check "or by one group of both" 0 "$(code both.log on_hosts 2 "$zspex" "${fit[@]}" --list list.txt -o both/ --group 4 -v)"
check "which finds the same" "$(sums one.fits)" "$(sums both/redrock-11.fits)"

head -c 20000 $coadd >sky/coadd-13.fits
check "a truncated file costs no other" 7 \
  "$(code broken.log on_hosts 2 "$zspex" "${fit[@]}" --list list.txt -o broken/ --report broken.csv)"
check "seven results" 7 "$(outputs broken | wc -l)"
check "one row says why not" "1 failed 7 done" "$(column broken.csv status | sort -r | uniq -c | xargs)"
cp $coadd sky/coadd-13.fits
check "resume does the rest" 0 "$(code again.log on_hosts 2 "$zspex" "${fit[@]}" --list list.txt -o broken/ --resume --report again.csv)"
check "and that alone" "7 kept 1 done" "$(column again.csv status | sort -r | uniq -c | xargs)"

# A host that dies: its ranks are killed when some of the list is done.
for i in {1..40}; do ln -f $coadd "sky/coadd-2$i.fits"; done
ls sky/coadd-2*.fits >many.txt
on_hosts 2 "$zspex" "${fit[@]}" --list many.txt -o many/ --group 1 >killed.log 2>&1 &
job=$!
for ((i = 0; i < 600; ++i)); do
  (($(outputs many 2>/dev/null | wc -l) < 4)) || break
  sleep 0.1
done
for pid in $(ip netns pids "zspex-$hosts_id-2"); do
  if [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == "$zspex" ]]; then kill -KILL "$pid" 2>/dev/null || true; fi
done
status=0
wait "$job" || status=$?
check "a job with a dead host fails" yes "$( ((status > 0)) && echo yes || echo no)"
done_before=$(outputs many | wc -l)
check "what was done before is there, not all" yes "$( ((done_before >= 4 && done_before < 40)) && echo yes || echo "no: $done_before")"
check "resume does the rest of it" 0 "$(code resumed.log on_hosts 2 "$zspex" "${fit[@]}" --list many.txt -o many/ --group 1 --resume --report many.csv)"
check "with nothing done twice" "$done_before kept" "$(column many.csv status | grep kept | uniq -c | xargs)"
check "all is there" 40 "$(outputs many | wc -l)"
check "and nothing else" 0 "$(find many -name '.*.tmp' | wc -l)"

# Frames.
"$zspex" simulate --quiet --config "$repository/config/simulate_demo.yaml" --set simulate.nspec=25 --set simulate.nexp=4 \
  --set 'simulate.wave_r=[5760,5800,0.8]' -o ccd
psf=$(ls ccd/psf-*.fits | head -n 1)
extract=(extract -n 25 -w 5760,5800,0.8 -p "$psf")
mapfile -t preproc < <(ls ccd/preproc-*.fits)
check "one host extracts" 0 "$(code extract1.log "$zspex" "${extract[@]}" -i "${preproc[0]}" -o frame1.fits)"
check "into images with data" yes "$( (($(sums frame1.fits | sort -u | wc -l) > 5)) && echo yes || echo no)"
check "two hosts extract a frame together" 0 "$(code extract2.log on_hosts 2 "$zspex" "${extract[@]}" -i "${preproc[0]}" -o frame2.fits)"
check "into the same spectra" "$(sums frame1.fits)" "$(sums frame2.fits)"
printf '%s\n' "${preproc[@]}" >frames.txt
check "a list of frames is done on two hosts" 0 \
  "$(code frames.log on_hosts 2 "$zspex" "${extract[@]}" --list frames.txt -o frames/ --group 1 --report frames.csv)"
check "two on each" "2 host1 2 host2" "$(column frames.csv host | sort | uniq -c | xargs)"
first=$(outputs frames | head -n 1)
check "with the same spectra" "$(sums frame1.fits)" "$(sums "$first")"

echo "$((checks - failures)) of $checks checks passed"
