#!/bin/bash
# it_vm_scenarios.sh - every scenario that needs nothing of this host, on both kernels, in the VM: the declared outcome is observed
# with evidence, and the story's own figures stand in the report.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

# Those that may share a guest do.
# Which kernel it is does not depend on who boots it.
kernels=(6.12 6.1)
[ "$(id -u)" = 0 ] || kernels=(6.12)
names=$("$oomlab" list --json | jq -r '.[] | select(.host_files | not) | .name')
# shellcheck disable=SC2086 # a list
"$oomlab" suite --quiet --backend=vm "${kernels[@]/#/--kernel=}" --reports="$scratch/all" $names >"$scratch/out" 2>&1
is $? 0 'every scenario passes' "$(cat "$scratch/out")"
suite=$(echo "$scratch"/all/suite-*/suite.json)

# of KERNEL NAME: a link to the folder of that run.
of() {
	mkdir -p "$scratch/$1-$2"
	ln -sfn "$(jq -r --arg k "$1" --arg n "$2" '.runs[] | select(.kernel == $k and .scenario == $n) | .folder' \
		"$suite")" "$scratch/$1-$2/latest"
	echo "$scratch/$1-$2"
}

for kernel in "${kernels[@]}"; do
	for name in $names; do
		dir=$(of "$kernel" "$name")
		is "$(report "$dir" .verdict)" pass "$kernel $name: verdict"
		like "$(report "$dir" .run.kernel)" "^$kernel" "$kernel $name: ran on that kernel"
	done

	dir=$(of "$kernel" memset-2g)
	is "$(report "$dir" .outcome)" oom_killed "$kernel memset-2g: outcome"
	is "$(report "$dir" .scope)" own "$kernel memset-2g: its own limit"
	is "$(report "$dir" '.kills | length')" 1 "$kernel memset-2g: one kill"
	is "$(report "$dir" '.kills[0].constraint')" MEMCG "$kernel memset-2g: constraint"
	is "$(report "$dir" '.kills[0].victim_comm')" memset-2g "$kernel memset-2g: victim"
	is "$(report "$dir" '.kills[0].oom_memcg == .kills[0].task_memcg')" true \
		"$kernel memset-2g: limit and victim in one cgroup"
	is "$(report "$dir" '.events.oom_kill')" 1 "$kernel memset-2g: oom_kill rose by 1"
	is "$(report "$dir" '.run.cgroup_version')" 2 "$kernel memset-2g: cgroup v2"
	like "$(report "$dir" '.arenas[0].policy')" eager "$kernel memset-2g: eager clearing"
	is "$(report "$dir" '.arenas[0].reserved')" 2147483648 "$kernel memset-2g: reserved"
	is "$(report "$dir" '.arenas[0].touched < .spec.memory_max and .arenas[0].touched > 0')" true \
		"$kernel memset-2g: touched less than the limit"
	like "$(report "$dir" '.arenas[0].init_site | tostring')" 'memset-2g.c' \
		"$kernel memset-2g: arena_init() was called from the scenario"
	is "$(report "$dir" '[.explanation[] | select(.evidence | length == 0)] | length')" 0 \
		"$kernel memset-2g: each sentence cites its evidence"
	is "$(report "$dir" '.quality.kmsg_lost // 0')" 0 "$kernel memset-2g: nothing lost"
	for file in record.jsonl report.txt report.md report.html kmsg.log trace.bin; do
		[ -s "$dir/latest/$file" ]
		ok $? "$kernel memset-2g: $file"
	done

	like "$("$oomlab" compare "$dir/latest" "$(of "$kernel" lazy-zero-2g)/latest" | tr -s ' \n' ' ')" \
		'Both arenas reserved 2 GiB\. By their own records that of A had touched [0-9.]+ MiB of it, that of B 64 MiB\.' \
		"$kernel memset-2g against its twin"
	unlike "$("$oomlab" compare "$(of "$kernel" malloc-128m)/latest" "$(of "$kernel" memset-128m)/latest")" 'Both arenas' \
		"$kernel: nothing of arenas where there are none"

	like "$(tr -s ' \n' ' ' <"$(of "$kernel" oom-group)/latest/report.txt")" \
		'The counter rose by 3: in a group kill the kernel counts the process that it chose twice\.' \
		"$kernel oom-group: why the counter has one more"
	unlike "$(cat "$(of "$kernel" kill-storm)/latest/report.txt")" 'The counter rose by' \
		"$kernel kill-storm: nothing of it where no group was killed"

	dir=$(of "$kernel" refused-2g)
	is "$(report "$dir" .outcome)" refused "$kernel refused-2g: outcome"
	is "$(report "$dir" '.kills | length')" 0 "$kernel refused-2g: no kill"
done

is "$(strays)" "" "no process is left"
done_testing
