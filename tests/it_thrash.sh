#!/bin/bash
# it_thrash.sh - programs that are stopped at their limit without a kill: pages of files, dropped
# and read again, by mmap(2) and by read(2); and memory acquitted only of what is far from it.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
reread=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/reread
reports=$scratch/reports
file=$reread-file-$$ # on a disk, where a temporary folder may lie in memory
trap 'rm -rf "$scratch" "$file"' EXIT

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" = 0 ] || skip_all 'needs root'
"$oomlab" run --backend=cgroup --dry-run --memory=64M -- /bin/true >"$scratch/plan" 2>&1 ||
	skip_all "no memory cgroup here: $(tail -1 "$scratch/plan")"
case $(stat -f -c %T "$(dirname "$reread")") in
tmpfs | ramfs) skip_all "$reread is in memory: nothing there can be dropped and read again" ;;
esac
head -c 48M /dev/urandom >"$file" && sync "$file"

# Nothing of the file is left in memory, so that the run is the one that reads it and is charged.
drop() {
	dd if="$file" iflag=nocache count=0 status=none
}

# stopped SECONDS OPTIONS... -- COMMAND...: the summary, on one line.
stopped() {
	local seconds=$1
	shift
	drop
	timeout -k 5 120 "$oomlab" run --quiet --backend=cgroup --reports="$reports" \
		--timeout="$seconds" "$@" >"$scratch/out" 2>&1
	report "$reports" '"\(.outcome): \(.summary)"'
}

# thrashes NAME OPTIONS... -- COMMAND...: on a busy machine it takes longer until it is seen.
thrashes() {
	local name=$1 seconds summary
	shift
	for seconds in 4 12 36; do
		summary=$(stopped "$seconds" "$@")
		[[ $summary == *thrashed* ]] && break
	done
	like "$summary" '^timed_out: .*It was at its limit and thrashed: what it needed of files' \
		"$name: thrashes"
	like "$(tr -s ' \n' '  ' <"$reports/latest/report.txt")" \
		'and the kernel could still drop pages of files: [0-9.]+ [MG]iB of files were read again' \
		"$name: and how much was read again"
	[[ $summary != *'to blame'* ]]
	ok $? "$name: memory is not acquitted" "$summary"
}

thrashes 'a file read again by mmap' --memory=32M -- "$reread" 8 "$file"
# shellcheck disable=SC2016 # for the shell inside
thrashes 'a file read again by read' --memory=32M --no-touch-profile -- \
	sh -c 'while :; do cat "$1" >/dev/null; done' sh "$file"

summary=$(stopped 2 --memory=256M -- "$reread" 8 "$file")
like "$summary" '^timed_out: .*is(| not) to blame: at most [0-9.]+ MiB of its limit of 256 MiB' \
	'there is room for the file: memory is acquitted'
[[ $summary != *thrash* ]]
ok $? 'there is room for the file: no thrashing' "$summary"

is "$(strays)" '' 'no process left'
done_testing
