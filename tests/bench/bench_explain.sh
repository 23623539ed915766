#!/bin/bash
# bench_explain.sh - how fast `oomlab explain` reads: a large log without a kill, against
# grep -c 'Killed process' on the same file, and one that is nothing but kills.
#
#   tests/bench/bench_explain.sh [MIB]     size of each log, 256 by default
#
# Prints one line a measurement: name, value, unit. The fastest of five runs counts; the file is in
# the page cache. Peak memory shows that nothing grows with the log.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
oomlab=$(cd "$top" && realpath "${BUILD:-build}")/oomlab
mib=${1:-256}
dir=$(mktemp -d "${TMPDIR:-/tmp}/oomlab-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT

# repeat FILE: its text again and again, until the log is large enough.
repeat() {
	while :; do cat "$1" || break; done 2>/dev/null | head -c "${mib}M"
}

# best COMMAND...: seconds of the fastest of five.
best() {
	for _ in 1 2 3 4 5; do
		/usr/bin/env TIMEFORMAT=%R bash -c 'time "$@" >/dev/null' - "$@" 2>&1 | tail -n 1
	done | sort -n | head -n 1
}

rate() { # SECONDS
	awk -v s="$1" -v m="$mib" 'BEGIN { printf "%.0f", m / s }'
}

awk 'BEGIN { srand(1); for (i = 0; i < 20000; i++)
	printf "[%5d.%06d] usb %d-%d: new high-speed device number %d using xhci_hcd, still %d rooms\n",
		i, i % 1000000, i % 4, i % 9, rand() * 100, rand() * 1000 }' >"$dir/part"
repeat "$dir/part" >"$dir/quiet.log"
cat "$top"/tests/fixtures/oomlog/{kmsg-6.1-global,dmesg-6.18-v1,el6-global-2.6.32}.txt >"$dir/part"
repeat "$dir/part" >"$dir/kills.log"

grep_s=$(best grep -c 'Killed process' "$dir/quiet.log")
quiet_s=$(best "$oomlab" explain "$dir/quiet.log")
kills_s=$(best "$oomlab" explain "$dir/kills.log")
json_s=$(best "$oomlab" explain --json "$dir/kills.log")
echo "explain_no_oom	$(rate "$quiet_s")	MiB/s"
echo "grep_no_oom	$(rate "$grep_s")	MiB/s"
awk -v a="$quiet_s" -v b="$grep_s" 'BEGIN { printf "explain_over_grep\t%.2f\ttimes\n", a / b }'
echo "explain_only_ooms	$(rate "$kills_s")	MiB/s"
echo "explain_json_only_ooms	$(rate "$json_s")	MiB/s"
