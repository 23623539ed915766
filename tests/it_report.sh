#!/bin/bash
# it_report.sh - `oomlab report` on a record, and on what is none: it says what it met, waits for
# nobody, and leaves nothing there.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
run=$scratch/run
mkdir "$run"
cp "$top/tests/fixtures/records/memset-2g.jsonl" "$run/record.jsonl"

timeout 300 "$oomlab" report "$run" >"$scratch/out" 2>"$scratch/said"
is "$? $(cat "$scratch/said")" '0 ' 'a record'
is "$(head -n 1 "$scratch/out")" 'memset-2g: killed by the OOM killer, as expected' 'its report'
is "$(jq -r .outcome "$run/report.json")" oom_killed 'report.json'
timeout 300 "$oomlab" report "$run" 2>"$scratch/said" | head -n 1 >/dev/null
is "$(cat "$scratch/said")" '' 'a reader that leaves early'


# One screen, and all of it. What was not seen is never left out without a word.
for name in memset-2g lazy-zero-2g ancestor cut hostile livelocked throttled preload premortem; do
	mkdir "$scratch/$name"
	cp "$top/tests/fixtures/records/$name.jsonl" "$scratch/$name/record.jsonl"
	"$oomlab" report "$scratch/$name" >"$scratch/out"
	"$oomlab" report --full "$scratch/$name" >"$scratch/all"
	[ "$(wc -l <"$scratch/out")" -le 34 ]
	ok $? "$name: one screen" "$(wc -l <"$scratch/out") lines"
	is "$(head -n 3 "$scratch/out")" "$(head -n 3 "$scratch/all")" "$name: the head is the same"
	is "$(grep -c '^What was not seen' "$scratch/out")" "$(grep -c '^What was not seen' "$scratch/all")" \
		"$name: remarks are told of where there are any"
done
"$oomlab" report "$scratch/memset-2g" >"$scratch/out"
like "$(cat "$scratch/out")" 'As expected: outcome; constraint; victim' 'memset-2g: what was expected is a line'
unlike "$(cat "$scratch/out")" 'Whose limit was hit' 'memset-2g: the rest is left out'
like "$("$oomlab" report --full "$scratch/memset-2g")" 'Whose limit was hit' 'memset-2g: --full has it'
like "$("$oomlab" report "$scratch/cut")" 'memory.events oom_kill +1 +not known' \
	'cut: what is not as expected is a table'
unlike "$("$oomlab" report "$scratch/cut")" 'As expected:' 'cut: and no line'
is "$("$oomlab" report --json "$scratch/memset-2g" | cmp - "$scratch/memset-2g/report.json" && echo same)" same \
	'--json prints what report.json has'

none=$scratch/none
hint='give the folder of a run, such as reports/latest'
# refuses WHAT SAID: $none, within 20 s.
refuses() {
	local before
	before=$(ls -A "$none" 2>/dev/null)
	timeout 300 "$oomlab" report "${3:-$none}" >"$scratch/out" 2>"$scratch/said"
	is "$? $(cat "$scratch/said")" "1 oomlab: $2; $hint" "$1"
	is "$(cat "$scratch/out"; ls -A "$none" 2>/dev/null)" "$before" "$1: nothing else is said or left"
}

file=$none/record.jsonl
refuses 'no such folder' "cannot read '$file': No such file or directory"
mkdir "$none"
refuses 'a folder without a record' "cannot read '$file': No such file or directory"
mkfifo "$file"
refuses 'a pipe' "cannot read '$file': it is no file but a pipe, socket or device"
ln -sf /dev/zero "$file"
refuses 'a device' "cannot read '$file': it is no file but a pipe, socket or device"
rm "$file"
mkdir "$file"
refuses 'a folder in its place' "cannot read '$file': it is no file but a folder"
rmdir "$file"
: >"$file"
refuses 'an empty record' "'$file' is no record: it has no \"run\" line"
head -c 4096 /dev/urandom >"$file"
refuses 'noise' "'$file' is no record: it has no \"run\" line"
refuses 'the record itself, not its folder' "cannot read '$file/record.jsonl': Not a directory" "$file"
done_testing
