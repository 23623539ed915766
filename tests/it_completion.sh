#!/bin/bash
# it_completion.sh - what the shells complete, asked of the shells; words that nothing is named.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
PATH=$(dirname "$oomlab"):$PATH
scenarios=$("$oomlab" list --names | tr '\n' ' ')
scenarios=${scenarios% }

"$oomlab" completion bash >"$scratch/bash"
# in_bash WORDS...: what bash offers for the last of them.
in_bash() {
	bash -c '. "$1"
		shift
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_oomlab
		echo "${COMPREPLY[*]}"' bash "$scratch/bash" "$@" 2>&1
}
is "$(in_bash oomlab rep)" "report replay" "bash: a command"
is "$(in_bash oomlab '')" "help run new-scenario list suite report fit compare explain replay doctor kernel clean completion" "bash: all of them, and none that is not for people"
is "$(in_bash oomlab run --memory-)" --memory-high= "bash: an option, with its ="
is "$(in_bash oomlab run --spec)" '' "bash: none that is not for people"
is "$(in_bash oomlab run --backend = v)" vm "bash: a value behind ="
is "$(in_bash oomlab run --thp '')" "always madvise never" "bash: a value behind a blank"
is "$(in_bash oomlab run --memory = '')" '' "bash: a value that is no choice"
is "$(in_bash oomlab run '')" "$scenarios" "bash: the scenarios"
is "$(in_bash oomlab explain --br)" --brief "bash: the options of another command"
is "$(in_bash oomlab run -- --mem)" '' "bash: what stands behind -- is not oomlab's"

if need "fish" fish; then
	"$oomlab" completion fish >"$scratch/fish"
	# in_fish LINE: what fish offers.
	in_fish() {
		HOME=$scratch XDG_CONFIG_HOME=$scratch fish --no-config -c "source $scratch/fish
			complete -C '$1'" 2>&1 | cut -f1 | sort | tr '\n' ' '
	}
	is "$(in_fish 'oomlab repo')" 'report ' "fish: a command"
	is "$(in_fish 'oomlab run --memory-')" '--memory-high ' "fish: an option"
	is "$(in_fish 'oomlab run --thp ')" 'always madvise never ' "fish: a value"
	is "$(in_fish 'oomlab run memset-2')" 'memset-2g ' "fish: a scenario"
fi

if need "zsh" zsh; then
	"$oomlab" completion zsh >"$scratch/_oomlab"
	# in_zsh LINE: the line once zsh has completed it, typed in a terminal of its own. PAGER is
	# unset so that nothing waits; the answer stands between two marks.
	cat >"$scratch/ask" <<-'END'
		zmodload zsh/zpty
		zpty shell zsh -f -i
		zpty -w shell "unset zle_bracketed_paste; PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; show() { print -r -- \"<\$BUFFER>\"; BUFFER=; zle accept-line }; zle -N show; bindkey '^X' show; print RE''ADY"
		zpty -r -m shell out '*READY*'
		zpty -w -n shell "$2"$'\t'$'\x18'
		zpty -r -m shell out '*<*>*'
		print -r -- ${${out##*<}%%>*}
	END
	in_zsh() {
		HOME=$scratch TERM=dumb timeout 60 zsh -f "$scratch/ask" "$scratch" "$1" 2>&1 | tail -n 1
	}
	is "$(in_zsh 'oomlab repo')" 'oomlab report ' "zsh: a command"
	is "$(in_zsh 'oomlab run --memory-h')" 'oomlab run --memory-high=' "zsh: an option"
	is "$(in_zsh 'oomlab run --backend=do')" 'oomlab run --backend=docker ' "zsh: a value"
	is "$(in_zsh 'oomlab run memset-2')" 'oomlab run memset-2g ' "zsh: a scenario"
fi

# says STATUS TEXT WORDS...: one line.
says() {
	local status=$1 text=$2
	shift 2
	"$oomlab" "$@" >"$scratch/out" 2>&1
	is "$? $(cat "$scratch/out")" "$status $text" "oomlab $*"
}
says 2 "oomlab: there is no command 'lsit'; did you mean 'list'? See 'oomlab --help'" lsit
says 2 "oomlab: there is no command 'server'; see 'oomlab --help'" server
says 2 "oomlab: there is no command './server'; a program is run by 'oomlab run --memory 512M -- ./server'" ./server
says 2 "oomlab: there is no command 'exlpain'; did you mean 'explain'? See 'oomlab --help'" help exlpain
says 2 "oomlab: give one of bash, zsh, fish" completion csh
says 2 "oomlab: give one of bash, zsh, fish" completion
says 125 "oomlab: unknown or ambiguous option '--memroy'; did you mean '--memory'? See 'oomlab run --help'" run --memroy 64M true
says 125 "oomlab: --expect 'killed' is none of survived, refused, oom_killed, child_oom_killed, signalled, failed, throttled, livelocked, timed_out, panicked, lab_error" run --expect killed true
says 125 "oomlab: --timeout '0' is none, or a duration such as 30, 500ms, 2m" run --timeout 0 true
says 2 "oomlab: --color 'red' is none of auto, always, never" explain --color red
like "$("$oomlab" run memset-2 2>&1)" "there is no scenario 'memset-2' in .*; did you mean 'memset-2g'\\?" \
	"a scenario that is nearly one"
is "$("$oomlab" -V)" "$("$oomlab" --version)" "-V"
is "$("$oomlab" -h)" "$("$oomlab" --help)" "-h"
is "$("$oomlab" help run)" "$("$oomlab" run --help)" "help run"
is "$("$oomlab" run -h)" "$("$oomlab" run --help)" "run -h"
like "$("$oomlab" run --dry-run -m 64M /bin/true a 2>&1)" 'memory.max=64 MiB' "a path is a command, -m its limit"
unlike "$("$oomlab" run --dry-run -m 64M /bin/true 2>&1)" 'at most' "a command has no timeout"
like "$("$oomlab" run --dry-run -m 64M --timeout 5 /bin/true 2>&1)" 'until it ends, 5.00 s at most' "unless it is given one"
like "$("$oomlab" run --dry-run memset-2g 2>&1)" 'until it ends, [0-9.]+ (s|min).* at most' "a scenario has its own"
unlike "$("$oomlab" run --dry-run --timeout none memset-2g 2>&1)" 'at most' "unless it is told to have none"
took=$("$oomlab" run --dry-run -m 512M /bin/true 2>&1 | sed -n 's/^backend: \([a-z]*\).*/\1/p')
like "$("$oomlab" doctor)" "^ +auto +takes $took: " "doctor says what auto would take, and why"

# What auto took is told, and what else there is; not to who asked for it, or for quiet.
taken() {
	timeout 300 "$oomlab" run --reports="$scratch/reports" -m 64M "$@" /bin/true 2>&1 >/dev/null | grep '^oomlab: takes'
}
if [ "$("$oomlab" run --dry-run /bin/true 2>&1 | head -n 1 | cut -d ' ' -f 2)" = vm ]; then
	like "$(taken)" '^oomlab: takes the VM: ' "auto tells that it takes the VM"
	is "$(taken --quiet)" '' "--quiet does not"
	is "$(taken --backend=vm)" '' "nor is it told to who asked for it"
else
	is "$(taken)" '' "auto takes what is there without a word"
fi
colour=$(printf '\033')
log='[1.0] Memory cgroup out of memory: Killed process 7 (a) total-vm:4kB, anon-rss:4kB'
like "$("$oomlab" explain --color always <<<"$log")" "$colour" "--color always"
unlike "$("$oomlab" explain <<<"$log")" "$colour" "--color auto, into a pipe"
done_testing
