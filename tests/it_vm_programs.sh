#!/bin/bash
# it_vm_programs.sh - programs of others, unmodified, as scenarios: explained rightly, or skipped where
# they are not here.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

if lacks share; then
	skip 'the programs of this host as scenarios' "$why"
	done_testing
fi
"$oomlab" suite --json --quiet --backend=vm --reports="$scratch/all" programs >"$scratch/out" 2>&1
for name in $("$oomlab" list --json | jq -r '.[] | select(.group == "programs") | .name'); do
	verdict=$(jq -r --arg n "$name" '.runs[] | select(.scenario == $n) | .verdict' "$scratch/out")
	why=$(jq -r --arg n "$name" '.runs[] | select(.scenario == $n) | .why // ""' "$scratch/out")
	case $verdict in
	skip) skip "$name" "$why" ;;
	*) is "$verdict" pass "$name" "$why" ;;
	esac
done
# summary NAME PATTERN: the first sentences say it, where the program is here.
summary() {
	local dir
	dir=$(jq -r --arg n "$1" '.runs[] | select(.scenario == $n and .verdict == "pass") | .folder' "$scratch/out")
	[ -n "$dir" ] || return 0
	like "$(jq -r .summary "$dir/report.json")" "$2" "$1: what is said first"
}
summary dd-tmpfs '/dev/shm/dd-tmpfs had [0-9.]+ MiB when last seen'
summary gcc-macro 'killed a process that the program had started: cc1 .* status 1\.$'
summary sort-pipeline "sort's own memory .* status 137\.$"
summary python-bytes 'was written by libc \(memset\), called in '
summary python-zeros '^It survived\.'
summary numpy-ones "the next page went past the limit of 64 MiB"
summary java-pretouch "the next page went past the limit of 96 MiB"
summary sqlite-memory "the next page went past the limit of 32 MiB"
summary redis-save "killed a process that the program had started: redis-server "
summary node-heap-limit 'signal 6 \(SIGABRT\)'
summary stress-ng-vm ' status 0\.$'
is "$(strays)" '' 'no process is left'
done_testing
