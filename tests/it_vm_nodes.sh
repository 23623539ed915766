#!/bin/bash
# it_vm_nodes.sh - OOMs that no limit of the run's own brings about: a memory policy, a cpuset, both
# with a limit, a limit of a cgroup that the target made beside its own, the whole machine. A child
# is killed while the target goes on; the child says its own number, the kernel log whom it killed.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
nodes=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/nodes
reports=$scratch/reports

# killed KERNEL CONSTRAINT SCOPE MEMCG MODE...: what is right of it, in words of the report.
killed() {
	local kernel=$1 constraint=$2 scope=$3 memcg=$4 child told
	local name="$kernel, $constraint, ${*:5}"
	shift 4
	"$oomlab" run --quiet --backend=vm --isolated --kernel="$kernel" --guest-ram=256M --guest-numa=2 --memory=max \
		--no-touch-profile --timeout=5m --reports="$reports" -- "$nodes" "$@" >"$scratch/out" 2>"$scratch/errors"
	is "$? $(cat "$scratch/errors")" '0 ' "$name: a child was killed, its parent ended with 0"
	child=$(sed -n 's/^child //p' "$scratch/out")
	is "$(sed -n 's/.*Killed process \([0-9]*\) .*/\1/p' "$reports/latest/kmsg.log" | sort -u)" "$child" \
		"$name: the kernel log has the child, and nobody else"
	like "$(grep -a 'oom-kill:' "$reports/latest/kmsg.log")" "constraint=CONSTRAINT_$constraint," \
		"$name: and the constraint"
	is "$(report "$reports" .outcome)" child_oom_killed "$name: outcome"
	is "$(report "$reports" .scope)" "$scope" "$name: scope"
	is "$(report "$reports" '[.kills[] | "\(.victim_pid) \(.victim_comm) \(.constraint)"] | join(", ")')" \
		"$child nodes $constraint" "$name: whom, and under which constraint"
	is "$(report "$reports" '.kills[0].oom_memcg // "none"')" "$memcg" "$name: the cgroup whose limit was hit"
	told=$(tr -s ' \n' ' ' <"$reports/latest/report.txt")
	like "$told" "nodes \(pid $child\)" "$name: the report names it"
	is "$(grep -Eo 'survived|to blame|memory.max of /oomlab-[^ ]* is' <<<"$told")" '' \
		"$name: nobody says that all went well, or that the run's own limit was hit"
}

for kernel in 6.12 6.1; do
	killed $kernel MEMORY_POLICY mempolicy none bind 200
	killed $kernel CPUSET cpuset none cpuset 200
	killed $kernel NONE global none all 400
done
killed 6.12 CPUSET cpuset none both 200 180
killed 6.12 MEMCG other /nodes both 200 48
killed 6.12 MEMCG other /nodes limit 100 48
killed 6.1 MEMCG other /nodes limit 100 48 mlock

is "$(strays)" "" "no process is left"
done_testing
