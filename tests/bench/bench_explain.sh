#!/bin/bash
# bench_explain.sh - how fast `oomlab explain` reads: a large log without a kill, against
# grep -c 'Killed process' on the same file, and one that is nothing but kills.
#
#   tests/bench/bench_explain.sh [MIB]     size of each log, 64 by default
#
# Prints one line a measurement: name, value, unit. CPU time of the fastest of five runs counts; the
# file is in the page cache. Peak memory shows that nothing grows with the log.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
oomlab=$(cd "$top" && realpath "${BUILD:-build}")/oomlab
mib=${1:-64}
dir=$(mktemp -d "${TMPDIR:-/tmp}/oomlab-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT

# repeat FILE: its text again and again, until the log is large enough.
repeat() {
	while :; do cat "$1" || break; done 2>/dev/null | head -c "${mib}M"
}

# best COMMAND...: seconds of the CPU, user and system, of the fastest of five: others' load on
# the machine counts less.
best() {
	for _ in 1 2 3 4 5; do
		(
			TIMEFORMAT='%U %S'
			time "$@" >/dev/null 2>"$dir/err"
		) 2>&1 | awk '{ print $1 + $2 }'
	done | sort -n | head -n 1
}

wall() {
	(
		TIMEFORMAT=%R
		time "$@" >/dev/null
	) 2>&1
}

rate() { # SECONDS
	awk -v s="$1" -v m="$mib" 'BEGIN { printf "%.0f", m * 1.048576 / s }'
}

# kills NAME FIXTURE...: a log of these alone.
kills() {
	local name=$1 seconds
	shift
	cat "$@" >"$dir/part"
	repeat "$dir/part" >"$dir/kills.log"
	seconds=$(best "$oomlab" explain "$dir/kills.log")
	echo "explain_$name	$(rate "$seconds")	MB/s"
}

# Peak resident memory, KiB.
peak() {
	"${BUILD:-build}/tests/bench/peak_rss" "$@" | tail -n 1
}

awk 'BEGIN { srand(1); for (i = 0; i < 20000; i++)
	printf "[%5d.%06d] usb %d-%d: new high-speed device number %d using xhci_hcd, still %d rooms\n",
		i, i % 1000000, i % 4, i % 9, rand() * 100, rand() * 1000 }' >"$dir/part"
repeat "$dir/part" >"$dir/quiet.log"
grep_s=$(best grep -c 'Killed process' "$dir/quiet.log")
quiet_s=$(best "$oomlab" explain "$dir/quiet.log")
echo "explain_no_oom	$(rate "$quiet_s")	MB/s"
echo "explain_no_oom_wall	$(rate "$(wall "$oomlab" explain "$dir/quiet.log")")	MB/s"
echo "grep_no_oom	$(rate "$grep_s")	MB/s"

fixtures=$top/tests/fixtures/oomlog
kills small_dumps "$fixtures/kmsg-6.1-group.txt"
echo "explain_peak	$(peak "$oomlab" explain "$dir/kills.log")	KiB"
head -c 4M "$dir/kills.log" >"$dir/short.log"
echo "explain_peak_short	$(peak "$oomlab" explain "$dir/short.log")	KiB"
json_s=$(best "$oomlab" explain --json "$dir/kills.log")
echo "explain_json	$(rate "$json_s")	MB/s"
kills machine_dumps "$fixtures/kmsg-6.1-global.txt"
kills mixed "$fixtures"/{kmsg-6.1-global,dmesg-6.18-v1,el6-global-2.6.32,wrapped-80}.txt
corpus=${OOMLAB_CORPUS:-$top/../shared/oomlogs}
if [ -x "$corpus/score" ]; then
	kills corpus "$corpus"/*.log
fi
