#!/usr/bin/env bash
# complete_in_zsh_test.sh PRINTER: a zsh on a terminal of its own completes some beginnings of a command line.
set -euo pipefail
command -v zsh >/dev/null || { echo "skipped: expected zsh: apt-get install zsh"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/zspex-zsh.XXXXXX")
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/functions"
"$1" completion zsh >"$dir/functions/_zspex"
touch "$dir/preproc.fits"
cat >"$dir/complete.zsh" <<'END'
# complete.zsh FOLDER BEGINNING: the command line after a Tab.
zmodload zsh/zpty
cd $1
zpty shell zsh -f -i
say() { zpty -w shell "$1" }
say "PS1= PS2= fpath=($1/functions \$fpath); autoload -U compinit; compinit -u -D; unsetopt list_beep; bindkey '^I' complete-word"
say "show() { print -r -- \"LINE<\$BUFFER>\"; BUFFER= }; zle -N show; bindkey '^X' show"
say "print READ\"Y\""
zpty -r shell output '*READY*'
zpty -n -w shell "$2"$'\t'
zpty -n -w shell $'\x18'
zpty -r shell output '*LINE<*>*'
print -r -- ${${output##*LINE<}%%>*}
zpty -d shell
END
source "$(dirname "${BASH_SOURCE[0]}")/../check.sh"
completed() {  # completed TITLE EXPECTED BEGINNING
  check "$1" "$2" "$(timeout 60 zsh -f "$dir/complete.zsh" "$dir" "$3" 2>&1 | tail -n 1)"
}

completed "a job" "zspex redshift " "zspex reds"
completed "an option of a job" "zspex extract --barycentric-correction " "zspex extract --bary"
completed "an option of every job" "zspex redshift --resume " "zspex redshift --resu"
completed "a value" "zspex extract --solver bundle " "zspex extract --solver bun"
completed "a value after =" "zspex redshift --strategy=AUTO " "zspex redshift --strategy=AU"
completed "a value of another program's option" "zspex redshift --loglevel debug " "zspex redshift --loglevel deb"
completed "a file" "zspex extract --input preproc.fits " "zspex extract --input pre"
completed "a second file" "zspex extract -i a.fits preproc.fits " "zspex extract -i a.fits pre"
completed "an option after files" "zspex extract -i a.fits b.fits --barycentric-correction " "zspex extract -i a.fits b.fits --bary"
completed "a topic" "zspex help man " "zspex help ma"
completed "a shell" "zspex completion zsh " "zspex completion z"

((failures == 0)) || exit 1
