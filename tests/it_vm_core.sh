#!/bin/bash
# it_vm_core.sh - the core file that --premortem=gcore leaves just before the limit, on both kernels, read
# by gdb.
#
# Called by itself with "guest" in the VM, where the lab runs on cgroup v2 beside the host's files: there it
# prints report.json in a line, then what gdb read.
build=$(cd "$(dirname "$0")/.." && realpath "${BUILD:-build}")
helper=$build/tests/helpers/last_words
if [ "${1-}" = guest ]; then
	mount -t tmpfs guest /run || exit 1
	export HOME=/run
	"$build/oomlab" run --quiet --backend=cgroup --reports=/run/gcore --premortem=gcore --memory=64M \
		--timeout=5m --no-touch-profile -- "$helper" threads >/dev/null 2>&1
	tr -d '\n' </run/gcore/latest/report.json
	echo
	gdb -nx -batch -ex 'thread apply all bt' "$helper" /run/gcore/latest/core.* 2>/dev/null
	exit
fi

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
need_all gdb share
for kernel in 6.12 6.1; do
	"$oomlab" run --quiet --backend=vm --kernel=$kernel --share-host --guest-ram=3G --no-touch-profile \
		--timeout=15m --reports="$scratch/guest" -- bash "$(realpath "$0")" guest \
		>"$scratch/out" 2>"$scratch/errors"
	told=$(head -n 1 "$scratch/out")
	is "$(jq -r '[.outcome, .premortem.taken, .premortem.frozen] | @json' <<<"$told")" \
		'["oom_killed",true,true]' "$kernel: a look was taken, and the kernel killed it all the same"
	is "$(jq '.premortem.core.bytes > 60000000' <<<"$told")" true \
		"$kernel: a core file, though gdb took its time"
	like "$(sed 1d "$scratch/out")" 'in grow ' "$kernel: gdb reads the stack from it"
	rm -rf "$scratch/guest"
done
is "$(strays)" "" "no process is left"
done_testing
