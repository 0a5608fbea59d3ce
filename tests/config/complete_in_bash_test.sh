#!/usr/bin/env bash
# complete_in_bash_test.sh PRINTER: what bash would offer after some beginnings of a command line.
set -euo pipefail
source <("$1" completion bash)
[[ $(complete -p zspex) == "complete -o default -F _zspex zspex" ]] || { echo "FAILED: nothing completes zspex"; exit 1; }
source "$(dirname "${BASH_SOURCE[0]}")/../check.sh"

# offered TITLE EXPECTED WORD...: what is offered for the last word, in one line. Bash cuts the words at =.
offered() {
  local title=$1 expected=$2
  shift 2
  COMP_WORDS=(zspex "$@") COMP_CWORD=$# COMPREPLY=()
  _zspex zspex "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || true  # nothing to offer
  check "$title" "$expected" "${COMPREPLY[*]-}"
}

offered "jobs" "extract redshift simulate inspect measure help completion --help --version" ""
offered "a job's beginning" "redshift" re
offered "options of a job" "--solver" extract --sol
offered "options of every job" "--resume" redshift --resu
offered "no option of another job" "" inspect --sol
offered "a switch and its opposite" "--scores" extract --sc
offered "names of other programs" "--infiles" redshift --inf
offered "values" "patch bundle" extract --solver ""
offered "a value's beginning" "GPU_V1 GPU_V2 GPU_V3 GPU_V4 GPU_V5 GPU_V6" redshift -i a.fits --strategy GPU_V
offered "values after =" "AUTO" redshift --strategy = A
offered "values directly after =" "patch bundle" extract --solver =
offered "values of a short option" "coadds" simulate -k coa
offered "values of another program's option" "debug" redshift --loglevel de
offered "values of every job" "auto" extract --progress a
offered "keys" "extract.wavepad= extract.wavepad_frac=" extract --set extract.wavep
offered "values of keys" "patch bundle" extract --set extract.solver = ""
offered "files: nothing of our own" "" extract --input ""
offered "files of an option with =" "" extract --psf =
offered "topics of help" "measure man" help m
offered "shells" "bash zsh" completion ""
offered "an unknown job" "" unknown --sol

((failures == 0)) || exit 1
