#!/bin/bash
# it_terminal.sh - what `run` and `report` print, and where to: JSON by itself, the page in a
# browser; and that the cures which are named can be pasted.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
hog=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/hog
reports=$scratch/reports
where=(--backend=vm --isolated)
lacks root cgroup || where=(--backend=cgroup)

# run OPTIONS... -- COMMAND...: status in $status, $out, $errors.
run() {
	out=$(timeout -k 5 600 "$oomlab" run "${where[@]}" --reports="$reports" "$@" 2>"$scratch/errors")
	status=$?
	errors=$(cat "$scratch/errors")
}

# The command's own words go to standard error, so that a program can read the rest.
run --json --memory=64M -- /bin/sh -c 'echo to stdout; echo to stderr >&2; exit 3'
is "$status $(jq -r .outcome <<<"$out")" '3 failed' '--json: report.json alone on standard output'
is "$(cmp "$reports/latest/report.json" <<<"$out" 2>&1)" '' '... the very same'
like "$errors" '^to stdout$' '... what the command prints is on standard error'
like "$errors" '^to stderr$' '... all of it'
unlike "$errors" 'It ended by itself' '... and no report'
run --json --quiet --repeat=2 --memory=64M -- "$hog" touch 200
is "$status $(jq -rs 'map(.outcome) | join(" ")' <<<"$out")" '137 oom_killed oom_killed' \
	'--repeat: one for each run'
run --json --quiet memset-2g
is "$status $(jq -r .outcome <<<"$out")" '0 oom_killed' 'a scenario, too'
run --json --memory=64M -- "$scratch/none"
is "$status $out" '127 ' 'what cannot be run has none'
like "$errors" '^oomlab: .*none' '... but a line that says why'
"$oomlab" run --json "${where[@]}" --reports="$reports" --memory=64M -- /bin/true >/dev/full 2>"$scratch/errors"
is $? 125 'it cannot be written: 125'
like "$(cat "$scratch/errors")" 'cannot write report.json to standard output: No space left' '... with the reason'
is "$("$oomlab" run --json --dry-run --memory=64M -- /bin/true | grep -c '^backend: ')" 1 \
	'--dry-run prints the plan all the same'

out=$("$oomlab" run -m 64M python3 x.py y 2>&1)
is "$? $out" "125 oomlab: 'python3' stands where a scenario does, and those take no arguments; a command goes behind '--': oomlab run ... -- python3 x.py ..." \
	'a command without -- is told how to write it'

# A browser is whatever the user has. This one writes down what it was given.
mkdir "$scratch/bin"
# shellcheck disable=SC2016 # for that script
printf '#!/bin/sh\necho "$@" >"%s/opened"\n' "$scratch" >"$scratch/bin/browser"
chmod +x "$scratch/bin/browser"
empty=$scratch/empty
mkdir "$empty"
ln -s "$(command -v qemu-system-x86_64 || echo /none)" "$empty/qemu-system-x86_64"
opens() {
	rm -f "$scratch/opened"
	PATH=$empty BROWSER=$1 "$oomlab" run "${where[@]}" --reports="$reports" --open --quiet --memory=64M \
		-- /bin/true 2>"$scratch/errors"
	status=$?
	errors=$(cat "$scratch/errors")
}
opens "$scratch/bin/browser"
is "$status $errors" '0 ' '--open'
is "$(cat "$scratch/opened")" "$(dirname "$reports/x")/$(basename "$(readlink -f "$reports/latest")")/report.html" \
	'... the page of this run'
opens ''
is $status 0 'no browser: the status is the command'"'"'s'
like "$errors" "cannot open '.*/report.html': there is no xdg-open; install xdg-utils, or set BROWSER" \
	'... and a line says what to do'
printf '#!/bin/sh\nexit 4\n' >"$scratch/bin/broken"
chmod +x "$scratch/bin/broken"
opens "$scratch/bin/broken"
like "$errors" "cannot open '.*/report.html': .*/broken ended with status 4" 'a browser that fails is told of'
PATH=$empty BROWSER=$scratch/bin/browser "$oomlab" report --open "$reports/latest" >"$scratch/out"
is "$? $(cat "$scratch/opened")" "0 $reports/latest/report.html" 'report --open'
PATH=$empty BROWSER='' "$oomlab" report --open "$reports/latest" >"$scratch/out" 2>"$scratch/errors"
is "$?" 1 '... is an error where there is none'

# The line that shows progress and what the command prints share a terminal.
if need 'a terminal' script; then
	for backend in vm cgroup; do
		[ "$backend" = vm ] || need 'a terminal, cgroup' root cgroup || continue
		script -qec "env TERM=xterm NO_COLOR= '$oomlab' run --backend=$backend --memory=64M --reports='$reports' -- \
			/bin/sh -c 'printf one; sleep 1; echo two; sleep 1; echo three'" /dev/null \
			</dev/null >"$scratch/typed" 2>&1
		like "$(tr -d '\r' <"$scratch/typed" | sed 's/\x1b\[K/<wiped>/g')" '(^|>)onetwo$' \
			"$backend: a line of the command's is whole"
		like "$(tr -d '\r' <"$scratch/typed" | sed 's/\x1b\[K/<wiped>/g')" '(^|>)three$' "$backend: and the next"
	done
	like "$(cat "$scratch/typed")" 'It survived' 'cgroup: and the report comes after it'
fi

# The cure for a missing kernel is a line that works where it is pasted, installed or not.
cure=$(OOMLAB_CACHE=$scratch/nothing "$oomlab" doctor | sed -n 's/^no *vm 6.12 .*fetch it with: //p')
is "$cure" "$(realpath "$oomlab") kernel fetch 6.12" 'a kernel is missing: the cure is this program'
is "$(PATH=$(dirname "$(realpath "$oomlab")"):$PATH OOMLAB_CACHE=$scratch/nothing oomlab doctor |
	sed -n 's/^no *vm 6.12 .*fetch it with: //p')" 'oomlab kernel fetch 6.12' '... in the words that its user would type'
cache=${OOMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oomlab}
if ls -d "$cache"/kernels/6.12* >/dev/null 2>&1 && need 'kernel fetch' apt-get; then
	out=$($cure 2>&1)
	like "$?:$out" '^0:fetch-kernel: 6.12: 6.12[^ ]* is there' '... and it works'
fi
like "$(PATH=$empty /bin/sh -c "'$oomlab' kernel fetch 6.12" 2>&1)" 'fetch-kernel: apt-get is not there' \
	'... and says what it needs'
for wrong in '' get 'fetch --x' 'fetch 6.x' 'fetch ../../etc'; do
	# shellcheck disable=SC2086 # several words
	out=$("$oomlab" kernel $wrong 2>&1)
	is "$? $(grep -c '^oomlab: ' <<<"$out")" '2 1' "kernel $wrong: refused"
done
done_testing
