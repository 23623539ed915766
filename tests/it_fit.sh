#!/bin/bash
# it_fit.sh - `oomlab fit`: programs whose need is known, on this host's cgroups; ways to fail that are no
# OOM kill; a program that only waits near the edge, in the VM; bad input.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
hog=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/hog
cd "$scratch" || exit 1

# fit OPTIONS... -- COMMAND...: what it printed in $scratch/out and $scratch/errors; $status.
fit() {
	"$oomlab" fit --quiet --reports="$scratch/reports" "$@" >out 2>errors </dev/null
	status=$?
}
of() { jq -r "$1" out; }
# survives BYTES COMMAND...: whether a run under that limit does.
survives() {
	"$oomlab" run --quiet --backend=cgroup --no-touch-profile --memory="$1" --reports="$scratch/scan" \
		--expect=survived -- "${@:2}" >/dev/null 2>&1
}

on_this_host() {
	local mib at first
	for mib in 5 24 80; do
		fit --backend=cgroup --json --survives-only -- "$hog" touch $mib
		is $status 0 "$mib MiB: a limit is found" "$(cat errors)"
		[ "$(of ".runs | length")" -lt 20 ]
		ok $? "$mib MiB: in a dozen runs, or some more where the edge is unsteady" "$(of ".runs | length")"
		is "$(of '.is_monotone')" true "$mib MiB: more is enough, too"
		at=$(of .survives_bytes)
		first=$at
		# From there downwards until one is too small.
		while [ "$first" -gt 1048576 ] && survives $((first - 262144)) "$hog" touch $mib; do
			first=$((first - 262144))
		done
		[ $((at - first)) -le $((at / 50 > 1048576 ? at / 50 : 1048576)) ]
		ok $? "$mib MiB: as near as a scan finds" "fit: $at, scan: $first"
	done
	fit --backend=cgroup --json --survives-only -- "$hog" touch 80
	[ $((at > $(of .survives_bytes) ? at - $(of .survives_bytes) : $(of .survives_bytes) - at)) -le 1048576 ]
	ok $? 'and the same when it is asked again' "$at, then $(of .survives_bytes)"
	fit --backend=cgroup -- "$hog" touch 24
	like "$(tr -s ' \n' ' ' <out)" 'It survives with 2[0-9.]+ MiB: 3 of 3 runs did\. With 2[0-9.]+ MiB [1-3] of 3 did not \(oom_killed\)\.' \
		'text: both sides of the edge'
	like "$(tr -s ' \n' ' ' <out)" 'What it fails of, with .* MiB .*hen the next page went past the limit|With [0-9.]+ MiB [12] of 3 did not' \
		'text: the first sentence of a run that failed'
	like "$(cat out)" '^ +systemd +MemoryMax=2[0-9]M$' 'text: lines to paste'
	like "$(cat out)" '10 % of head room' 'text: and what they add'
	fit --backend=cgroup --head-room=50 --html=page.html --markdown -- "$hog" touch 24
	like "$(cat out)" 'MemoryMax=3[0-9]M' 'head room is what was asked for'
	like "$(cat page.html)" '^<!doctype html>' 'a page'

	# A program that sizes itself by its limit: between 24 and 40 MiB it gives up, by itself.
	cat >sized.sh <<-'END'
		own=$(sed -n 's|.*:memory:||p; s|^0::||p' /proc/self/cgroup | head -n 1)
		for file in "/sys/fs/cgroup/memory$own/memory.limit_in_bytes" "/sys/fs/cgroup$own/memory.max"; do
			read -r limit <"$file" && break
		done 2>/dev/null
		case $limit in max | ????????????*) limit=0 ;; esac
		[ "$limit" -lt 25165824 ] || [ "$limit" -ge 41943040 ] || exit 9
		[ "$limit" != 0 ] || exec "$1" touch 60
		exec "$1" touch 12
	END
	fit --backend=cgroup --json --survives-only -- /bin/sh sized.sh "$hog"
	is "$(of '[.is_monotone, .survives_bytes >= 41943040, .survives_bytes < 43000000] | @json')" '[false,true,true]' \
		'one that does with less than what is too little for it: that is noticed' "$(cat out errors)"
	is "$(of '[.runs[] | select(.survived | not) | .outcome] | unique | @json')" '["failed"]' \
		'a failure by itself is told from a kill'
	fit --backend=cgroup -- /bin/sh -c 'exit 3'
	is "$status $(wc -l <errors)" '1 1' 'a command that fails without a limit: one line'
	like "$(cat errors)" '^oomlab: without a limit the command does not survive either: It ended by itself with status 3' '... which says so'
}

# Each run has a guest of its own, in which the file is not in memory yet.
in_the_vm() {
	head -c 12582912 /dev/urandom >file
	# shellcheck disable=SC2016 # for the inner shell
	fit --backend=vm --confirm=1 --json -- /bin/sh -c 'for i in 1 2 3 4 5 6; do cat "$1" >/dev/null; done' sh "$scratch/file"
	is $status 0 'a file that is read again: a limit is found' "$(cat errors)"
	is "$(of '.survives_bytes < 6000000')" true 'it survives with a fraction of the file' "$(of .survives_bytes)"
	is "$(of '.unthrashed_bytes > 9000000')" true 'and is fast where the file stays in memory' "$(of .unthrashed_bytes)"
	is "$(of '.free.stalled_ns != null')" true 'how long it was stalled is known'
}

fit --
is "$status $(cat errors)" '2 oomlab: give a command: oomlab fit -- COMMAND [ARGS]...' 'no command'
fit --confirm=0 -- true
is "$status $(cat errors)" "2 oomlab: --confirm '0' is no number from 1 to 10" 'no confirmation'
fit -- no-such-command-here
is "$status $(cat errors)" "125 oomlab: command 'no-such-command-here' not found" 'a command that is not there'
if need 'on this host' root cgroup; then on_this_host; fi
if need 'in the VM' share; then in_the_vm; fi
is "$(strays)" '' 'no process is left'
done_testing
