#!/usr/bin/env bash
# tests/slurm/run_slurm_test.sh [PROGRAM]: submits slurm/extract.sh, slurm/redshift.sh and slurm/scaling.sh with a real sbatch
# to a one-node Slurm of its own (private_slurm.sh) and checks states, outputs and exit codes. PROGRAM: zspex, default build/zspex.
# Needs Debian's slurmctld, slurmd, slurm-client and munge (./test.sh --slurm installs them); without them it ends with 77,
# which ctest counts as skipped. About a minute.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$repository/tests/slurm/private_slurm.sh"
source "$repository/scripts/mpi_environment.sh"

ZSPEX=$(realpath "${1:-$repository/build/zspex}")
[[ -x $ZSPEX ]] || { echo "expected the program $ZSPEX; build it first" >&2; exit 2; }
for program in munged slurmctld slurmd sbatch; do
  if ! PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null; then
    echo "Skipped: $program is not installed; ./test.sh --slurm installs Debian's slurmctld, slurmd, slurm-client and munge"
    exit 77
  fi
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-slurm.XXXXXX")
chmod 755 "$dir"  # Slurm and Munge may go on as another user
source "$repository/tests/check.sh"
finish() {
  local status=$?
  stop_slurm
  if ((status == 0 && failures == 0)); then
    rm -rf "$dir"
  else
    echo "Kept $dir with all logs. The jobs' logs:"
    tail -n 25 "$dir"/*.log || true
    ((status != 0)) || status=1
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT

present() { if [[ -s $1 ]]; then echo present; else echo absent; fi; }
mentions() { if grep -q -- "$2" "$1" 2>/dev/null; then echo yes; else echo no; fi; }

# What Slurm says of a job: its state, its exit code (status:signal).
field() { scontrol --oneliner show job "$1" | grep -oP "(?<= $2=)\S+"; }
# wait_for JOB STATE...: until the job is in one of the states, or two minutes are over; prints its state.
wait_for() {
  local job=$1 state i
  shift
  for ((i = 0; i < 600; ++i)); do
    state=$(field "$job" JobState)
    [[ " $* " != *" $state "* ]] || break
    sleep 0.2
  done
  echo "$state"
}
ended=(COMPLETED FAILED CANCELLED TIMEOUT NODE_FAIL OUT_OF_MEMORY BOOT_FAIL)
# submit LOG [option of sbatch]... -- [argument of the script]...: prints the job's number. All #SBATCH lines of the script hold
# but for the number of ranks: this machine has not so many cores.
script=extract
submit() {
  local log=$1 sbatch_options=()
  shift
  while [[ $1 != -- ]]; do sbatch_options+=("$1"); shift; done
  sbatch --parsable --ntasks-per-node=2 --output="$log" "${sbatch_options[@]}" "$repository/slurm/$script.sh" "${@:2}"
}

cd "$dir"
echo "Simulating two exposures of 25 fibers"
"$ZSPEX" simulate --config "$repository/config/simulate_demo.yaml" --set simulate.nspec=25 --set simulate.nexp=2 \
  --set 'simulate.wave_r=[5760,5860,0.8]' --output "$dir/input" >"$dir/simulate.log" 2>&1 || { cat "$dir/simulate.log"; exit 1; }
mapfile -t preproc < <(ls "$dir"/input/preproc-*.fits)
psf=$(ls "$dir"/input/psf-*.fits | head -n 1)
check "the simulation leaves two frames" 2 "${#preproc[@]}"
head -c 20000 "${preproc[0]}" >"$dir/truncated.fits"
printf 'extract:\n  wavelength: [5760, 5860, 0.8]\n  nspec: 25\n' >"$dir/config.yaml"

start_slurm "$dir/slurm"
export ZSPEX

# A list of two frames. The job waits for a file (ZSPEX_SETUP is sourced before anything starts), so that each state is seen.
printf '# preproc psf output\n%s %s %s\n\n%s %s %s  # the second\n' \
  "${preproc[0]}" "$psf" "$dir/first.fits" "${preproc[1]}" "$psf" "$dir/second.h5" >"$dir/frames.txt"
echo "for ((i = 0; i < 600; ++i)); do [[ ! -e $dir/go ]] || break; sleep 0.2; done" >"$dir/gate.sh"
job=$(ZSPEX_SETUP=$dir/gate.sh submit "$dir/list.log" --hold -- --group 2 --config "$dir/config.yaml" --list "$dir/frames.txt")
check "a held job is pending" PD "$(squeue --noheader --format=%t --job "$job")"
scontrol release "$job"
wait_for "$job" RUNNING "${ended[@]}" >"$dir/state"
check "then it runs" R "$(squeue --noheader --format=%t --job "$job")"
check "no output before its time" absent "$(present "$dir/first.fits")"
touch "$dir/go"
check "then it completes" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "with exit code 0" 0:0 "$(field "$job" ExitCode)"
check "it has Perlmutter's GPUs" gres:gpu:4 "$(field "$job" TresPerNode)"
check "it has the script's account, that of DESI's GPUs" desi_g "$(field "$job" Account)"
check "one launch does the list" 1 "$(grep -c '^zspex extract: list ' "$dir/list.log")"
check "two ranks were started" yes "$(mentions "$dir/list.log" 'ranks 2,')"
check "the first frame is there" present "$(present "$dir/first.fits")"
check "the second frame is there" present "$(present "$dir/second.h5")"
check "zspex reads the second frame" 0 "$("$ZSPEX" inspect "$dir/second.h5" >"$dir/inspect.log" 2>&1 && echo 0 || echo $?)"
check "one program of two ranks made it, not two programs" yes "$(mentions "$dir/inspect.log" '^ *ranks *2$')"

# Frames as arguments, one PSF, a folder; sbatch's environment instead of its options.
job=$(SBATCH_ACCOUNT=other submit "$dir/arguments.log" -- -c "$dir/config.yaml" -p "$psf" -o "$dir/out" "${preproc[@]}" -- --quiet)
check "frames as arguments complete" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "SBATCH_ACCOUNT wins over the script" other "$(field "$job" Account)"
check "the folder holds both" 2 "$(ls "$dir/out" | wc -l)"

# The plan only.
job=$(submit "$dir/plan.log" -- -c "$dir/config.yaml" -p "$psf" -o "$dir/plan/" --dry-run "${preproc[@]}")
check "a dry run completes" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "a dry run writes nothing" no "$([[ -n $(ls "$dir/plan" 2>/dev/null) ]] && echo yes || echo no)"

# A frame that fails: the job fails with the status that zspex gives by itself.
status=0
bash "$repository/slurm/extract.sh" --ranks 2 -c "$dir/config.yaml" -p "$psf" -o "$dir/alone.fits" "$dir/truncated.fits" \
  >"$dir/alone.log" 2>&1 || status=$?
check "without Slurm a truncated frame fails" yes "$( ((status > 0)) && echo yes || echo no)"
job=$(submit "$dir/truncated.log" -- -c "$dir/config.yaml" -p "$psf" -o "$dir/broken.fits" "$dir/truncated.fits")
wait_for "$job" "${ended[@]}" >"$dir/state"
check "a truncated frame makes a failed job" FAILED "$(<"$dir/state")"
check "its status is F" F "$(squeue --noheader --states=all --format=%t --job "$job")"
check "its exit code is zspex's" "$status:0" "$(field "$job" ExitCode)"
check "its log names the file" yes "$(mentions "$dir/truncated.log" truncated.fits)"
check "nothing is written for it" absent "$(present "$dir/broken.fits")"
check "nothing half-written is left" 0 "$(find "$dir" -maxdepth 1 -name '*broken*' ! -name '*.log' | wc -l)"

# One bad frame among good ones.
job=$(submit "$dir/mixed.log" -- -c "$dir/config.yaml" -p "$psf" -o "$dir/mixed/" "${preproc[0]}" "$dir/truncated.fits")
check "a bad frame beside a good one makes a failed job" FAILED "$(wait_for "$job" "${ended[@]}")"
check "whose exit code says that some are done" 7:0 "$(field "$job" ExitCode)"
check "the good one is there" present "$(present "$dir"/mixed/*)"

# A list that zspex refuses: nothing is done.
printf '%s %s\n%s a b c\n' "${preproc[0]}" "$psf" "${preproc[1]}" >"$dir/short.txt"
job=$(submit "$dir/short.log" -- --list "$dir/short.txt" -o "$dir/short/")
check "a bad list makes a failed job" FAILED "$(wait_for "$job" "${ended[@]}")"
check "its exit code is usage" 2:0 "$(field "$job" ExitCode)"
check "its log names the line" yes "$(mentions "$dir/short.log" 'short.txt:2: extract.list: expected PREPROC PSF')"

# An array of two jobs does a list of three frames once.
for i in 0 1 2; do cp "${preproc[0]}" "$dir/part$i.fits"; done
printf "%s $psf $dir/parts/%s.fits\n" "$dir/part0.fits" 0 "$dir/part1.fits" 1 "$dir/part2.fits" 2 >"$dir/parts.txt"
job=$(submit "$dir/part-%a.log" --array=5-6 -- -c "$dir/config.yaml" -l "$dir/parts.txt" --report "$dir/parts.csv")
for i in 5 6; do check "job $i of an array completes" COMPLETED "$(wait_for "${job}_$i" "${ended[@]}")"; done
check "the first does its part" "part0.fits part2.fits" "$(cut -d , -f 2 "$dir/parts-1.csv" | grep -o 'part[0-9].fits' | xargs)"
check "the second does the other" "part1.fits" "$(cut -d , -f 2 "$dir/parts-2.csv" | grep -o 'part[0-9].fits' | xargs)"
check "all frames are there" 3 "$(ls "$dir/parts" | wc -l)"

# A job whose time is nearly over, and that starts again. It does half of its work, and waits.
cat >"$dir/slow" <<END
#!/usr/bin/env bash
if ((\${SLURM_RESTART_COUNT:-0} > 0)); then exec "$ZSPEX" "\$@"; fi
"$ZSPEX" "\$@" --part 1/2
touch "$dir/half"
exec sleep 120
END
chmod +x "$dir/slow"
sed "s,/parts/,/again/," "$dir/parts.txt" >"$dir/again.txt"
# As a program of Open MPI is started, which Slurm's script doesn't find in it.
launcher=$(sed -n 's/^zspex extract: .* launcher \(.*\) \(--ntasks=2\|-n 2\)$/\1/p' "$dir/list.log")
job=$(ZSPEX=$dir/slow ZSPEX_LAUNCHER=$launcher ZSPEX_REQUEUE=yes submit "$dir/again.log" -- -c "$dir/config.yaml" -l "$dir/again.txt" --report "$dir/again.csv")
for ((i = 0; i < 300; ++i)); do [[ ! -e $dir/half ]] || break; sleep 0.1; done
check "half of it is done" 2 "$(ls "$dir/again" | wc -l)"
scancel --signal=USR1 --batch "$job"
for ((i = 0; i < 300; ++i)); do [[ $(field "$job" Restarts) == 0 ]] || break; sleep 0.1; done
check "told that its time is nearly over, it is queued again" 1 "$(field "$job" Restarts)"
# Slurm would let two minutes pass; what it does in them is done when nothing listens any more to the step that has ended.
for ((i = 0; i < 300; ++i)); do [[ -n $(find "$dir/slurm/spool" -name "*[_.]$job.0*") ]] || break; sleep 0.1; done
scontrol update JobId="$job" StartTime=now
check "it starts again, and completes" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "it keeps what was done, and does the rest" "kept done kept" "$(sed 1d "$dir/again.csv" | grep -oE 'kept|done|failed' | xargs)"
check "its log has both times" 2 "$(grep -c '^zspex extract: list ' "$dir/again.log")"
check "and all frames are there" 3 "$(ls "$dir/again" | wc -l)"

# Cancelled while it waits.
rm -f "$dir/go"
job=$(ZSPEX_SETUP=$dir/gate.sh submit "$dir/cancelled.log" -- -c "$dir/config.yaml" -p "$psf" -o "$dir/cancelled.fits" "${preproc[0]}")
wait_for "$job" RUNNING "${ended[@]}" >"$dir/state"
scancel "$job"
check "a cancelled job is cancelled" CANCELLED "$(wait_for "$job" "${ended[@]}")"
check "nothing is written for it" absent "$(present "$dir/cancelled.fits")"

# The same script without Slurm.
status=0
bash "$repository/slurm/extract.sh" --ranks 2 -c "$dir/config.yaml" -l "$dir/frames.txt" >"$dir/plain.log" 2>&1 || status=$?
check "bash slurm/extract.sh runs with mpirun" 0 "$status"
check "it says so" yes "$(mentions "$dir/plain.log" 'launcher mpirun -n 2')"

# Redshifts. AUTO on ranks of a job; outputs one after the other; the same table from every strategy.
script=redshift
"$ZSPEX" simulate --quiet --kind coadds --ntargets 3 --output "$dir/sky" >"$dir/sky.log" 2>&1 || { cat "$dir/sky.log"; exit 1; }
coadd=$(ls "$dir"/sky/coadd-*.fits)
templates=(--templates "$(ls "$dir"/sky/templates/rrtemplate-QSO-HIZ-*.fits)" --templates "$(ls "$dir"/sky/templates/rrtemplate-STAR-A-*.fits)")
job=$(submit "$dir/auto.log" -- "${templates[@]}" --output "$dir/auto.fits" "$coadd")
check "redshifts complete" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "with exit code 0" 0:0 "$(field "$job" ExitCode)"
check "the job has Perlmutter's GPUs" gres:gpu:4 "$(field "$job" TresPerNode)"
check "AUTO says what it takes" yes "$(mentions "$dir/auto.log" 'AUTO takes')"
check "its log says what ran" yes "$(mentions "$dir/auto.log" 'zspex redshift: coadds 1, strategy AUTO, ranks 2,')"
check "the table is there" present "$(present "$dir/auto.fits")"
"$ZSPEX" inspect "$dir/auto.fits" >"$dir/inspect.log" 2>&1 || true
check "one program of two ranks made it" yes "$(mentions "$dir/inspect.log" '^ *ranks *2$')"

printf '%s %s  # two files, two tables\n%s\n' "$coadd" "$dir/first.h5" "$coadd" >"$dir/coadds.txt"
job=$(submit "$dir/v3.log" -- "${templates[@]}" -s GPU_V3 -l "$dir/coadds.txt" -o "$dir/other.fits" -d "$dir/details.h5")
check "GPU_V3 into two outputs completes" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "the first of them is there" present "$(present "$dir/first.h5")"
check "the second, too" present "$(present "$dir/other.fits")"
check "and its details" present "$(present "$dir/details.h5")"
# What is said of each target; headers tell times and names, which differ.
table() { for row in 0 1 2; do "$ZSPEX" inspect "$1" --row "$row" 2>/dev/null | sed -n '/^redshifts of row/,$p'; done; }
check "AUTO finds redshifts of three targets" 3 "$(table "$dir/auto.fits" | grep -c TARGETID)"
check "GPU_V3 finds what AUTO found" "$(table "$dir/auto.fits")" "$(table "$dir/other.fits")"

head -c 20000 "$coadd" >"$dir/torn.fits"
printf '%s %s\n%s %s\n' "$dir/torn.fits" "$dir/never.fits" "$coadd" "$dir/after.fits" >"$dir/coadds.txt"
job=$(submit "$dir/torn.log" -- "${templates[@]}" -s GPU_V6 -l "$dir/coadds.txt" --report "$dir/torn.csv")
check "a truncated coadd makes a failed job" FAILED "$(wait_for "$job" "${ended[@]}")"
check "its exit code says that some are done" 7:0 "$(field "$job" ExitCode)"
check "its log names the file" yes "$(mentions "$dir/torn.log" torn.fits)"
check "nothing is written for it" absent "$(present "$dir/never.fits")"
check "the output after it is there" present "$(present "$dir/after.fits")"
check "its report has both" 3 "$(wc -l <"$dir/torn.csv")"

job=$(submit "$dir/dry.log" -- "${templates[@]}" -o "$dir/dry.fits" --dry-run "$coadd")
check "a dry run completes" COMPLETED "$(wait_for "$job" "${ended[@]}")"
check "it compares the strategies" yes "$(mentions "$dir/dry.log" 'strategies on this machine')"
check "it writes nothing" absent "$(present "$dir/dry.fits")"

# With all lines of the script, and a program in the place of zspex: how many ranks there are, of how many processors.
printf '#!/usr/bin/env bash\necho "rank of $SLURM_STEP_NUM_TASKS, $SLURM_CPUS_PER_TASK processors"\n' >"$dir/count"
chmod +x "$dir/count"
for strategy in GPU_V3 GPU_V6; do
  job=$(ZSPEX=$dir/count ZSPEX_LAUNCHER=srun submit "$dir/$strategy.log" --ntasks-per-node=64 -- -s "$strategy" -o "$dir/none.h5" "$coadd")
  check "a node's ranks of $strategy complete" COMPLETED "$(wait_for "$job" "${ended[@]}")"
done
check "GPU_V3: four ranks per GPU share the node" "16 rank of 16, 8 processors" "$(grep '^rank' "$dir/GPU_V3.log" | sort | uniq -c | xargs)"
check "GPU_V6: one rank per core" "64 rank of 64, 2 processors" "$(grep '^rank' "$dir/GPU_V6.log" | sort | uniq -c | xargs)"

status=0
bash "$repository/slurm/redshift.sh" --ranks 2 "${templates[@]}" -s CPU -o "$dir/plain.fits" "$coadd" >"$dir/plain.log" 2>&1 || status=$?
check "bash slurm/redshift.sh runs with mpirun" 0 "$status"
check "and finds what AUTO found" "$(table "$dir/auto.fits")" "$(table "$dir/plain.fits")"

# A study of four points, one of which is refused: rows for all of them, and nothing left to do the second time. ReFrame comes from
# the network, once.
script=scaling
cat >"$dir/study.yaml" <<END
time_limit: 60
data: {coadds: $coadd, templates: [${templates[1]}, ${templates[3]}], frames: [${preproc[0]}], psf: $psf}
points:
  - {strategy: [CPU, GPU_V6], ranks: 2, targets: 3}
  - {strategy: GPU_V3, ranks: 1, targets: 3, options: --memory 0.001}
  - {job: extract, ranks: 2, options: --config $dir/config.yaml}
END
status=0
bash "$repository/slurm/scaling.sh" --prepare -o "$dir/study" "$dir/study.yaml" >"$dir/prepare.log" 2>&1 || status=$?
if ((status == 75)); then
  echo "Skipped: a scaling study. ReFrame can't be installed here: $(grep -m 1 '^slurm/scaling.sh' "$dir/prepare.log" || tail -n 1 "$dir/prepare.log")"
else
  check "ReFrame is there" 0 "$status"
  job=$(submit "$dir/study.log" -- -o "$dir/study" "$dir/study.yaml")
  check "a study with a refused point makes a failed job" FAILED "$(wait_for "$job" "${ended[@]}")"
  check "whose exit code says that the others are done" 7:0 "$(field "$job" ExitCode)"
  check "each point has its row" "CPU done GPU_V6 done GPU_V3 refused extract done" \
    "$(python3 -c 'import csv, sys
print(*[word for row in csv.DictReader(open(sys.argv[1])) for word in (row["strategy"] or row["job"], row["status"])])' "$dir/study/results.csv")"
  check "one program of two ranks was measured" yes "$(mentions "$dir/study/results.csv" '1 node, 2 ranks')"
  check "there is a page" present "$(present "$dir/study/index.html")"
  job=$(submit "$dir/study2.log" -- -o "$dir/study" "$dir/study.yaml")
  check "the second time ends, too" FAILED "$(wait_for "$job" "${ended[@]}")"
  check "and has nothing to do" yes "$(mentions "$dir/study2.log" '0 of 4 points to run')"
fi

echo "$((checks - failures)) of $checks checks passed"
((failures == 0)) || exit 1
