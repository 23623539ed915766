#!/bin/bash
# it_outcomes.sh - what happened and how it ended are two things: children that the kernel kills
# while their parent goes on, restarts beyond what the kernel's log accounts for, many runs at once,
# and, in the VM, processes that leave the run's cgroup, cgroups made below it, and groups.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
reports=$scratch/reports

# run OPTIONS... -- COMMAND...: status in $status; what was said is in the report.
run() {
	timeout -k 5 300 "$oomlab" run --quiet --reports="$reports" "$@" >"$scratch/out" \
		2>"$scratch/errors" </dev/null
	status=$?
}
of() {
	report "$reports" "$1"
}
# Kill lines of the kernel log, read by this script: their pids.
killed_pids() {
	sed -n 's/.*Killed process \([0-9]*\) .*/\1/p' "$reports/latest/kmsg.log" | sort -un
}

on_this_kernel() {
	local i pids wrong restarts
	# A child is killed, its parent goes on until the lab stops it.
	run --backend=cgroup --memory=32M --timeout=3 --no-touch-profile -- \
		sh -c 'tail /dev/zero; sleep 1000'
	is "$status" 137 'a parent that does not end: status 137'
	is "$(of .outcome)" child_oom_killed 'a parent that does not end: the kill is the outcome'
	is "$(of .run.ended)" timed_out 'a parent that does not end: and how it ended stands beside'
	is "$(of '.kills | map(select(.relation == "child") | .victim_comm) | join(" ")')" tail \
		'a parent that does not end: tail was killed'
	like "$(story "$reports")" 'killed a process that the program had started: tail' \
		'a parent that does not end: who it was'
	like "$(story "$reports")" 'did not end; oomlab stopped it after .*, at its timeout, with SIGKILL' \
		'a parent that does not end: by whom it was stopped'
	unlike "$(story "$reports")" 'OOM killer is to blame' 'a parent that does not end: nobody is acquitted'
	run --backend=cgroup --memory=32M --timeout=3 --no-touch-profile --expect=child_oom_killed -- \
		sh -c 'tail /dev/zero; sleep 1000'
	is "$status" 0 'a parent that does not end: expected, it passes'
	# The same without any kill acquits memory.
	run --backend=cgroup --memory=32M --timeout=1 --no-touch-profile -- sleep 1000
	is "$(of .outcome)" timed_out 'nobody was killed: timed out'
	is "$(of .quality.complete)" true 'nobody was killed: all was seen'
	unlike "$(story "$reports")" 'killed a process' 'nobody was killed: nobody is said to be'

	# The parent dies of another signal.
	run --backend=cgroup --memory=32M --no-touch-profile -- \
		sh -c 'tail /dev/zero; kill -SEGV $$'
	is "$status" 139 'a parent that dies of a signal: its status'
	is "$(of '.outcome + " " + .run.ended')" 'child_oom_killed signalled' \
		'a parent that dies of a signal: both are told'
	like "$(story "$reports")" 'was ended after .* by signal 11 \(SIGSEGV\)' \
		'a parent that dies of a signal: by which'

	# shellcheck disable=SC2016 # for the inner shell
	restarts='i=0; while [ $i -lt 25 ]; do tail /dev/zero; i=$((i+1)); done; exit 0'
	# Restarts: the kernel accounts for ten in 5 s, and prints a line for each.
	run --backend=cgroup --memory=16M --timeout=100 --no-touch-profile -- \
		sh -c "$restarts"
	is "$(of .outcome)" child_oom_killed '25 restarts: the outcome'
	is "$(of .killed)" 25 '25 restarts: all are counted'
	is "$(of '.kills | map(select(.relation == "child").victim_pid) | unique | length')" 25 \
		'25 restarts: each is told'
	[ "$(of .quality.headers_suppressed)" -gt 0 ]
	ok $? '25 restarts: some without an account' "$(of .quality.headers_suppressed)"
	is "$(of '[.kills[] | select(.dumped | not)] | length')" "$(of .quality.headers_suppressed)" \
		'25 restarts: as many as have none'
	is "$(of .quality.complete)" false '25 restarts: which is no complete log'
	like "$(story "$reports")" 'killed 25 processes of this run, among them tail' '25 restarts: in words'
	# At once again: none of this run's accounts is printed now.
	run --backend=cgroup --memory=16M --no-touch-profile -- sh -c 'tail /dev/zero; exit 0'
	is "$(of '.outcome + " " + (.killed | tostring)')" 'child_oom_killed 1' \
		"a neighbour used the accounts up: one child was killed"
	like "$(story "$reports")" 'tail \(pid [0-9]+\)' "a neighbour used the accounts up: its name is known"
	unlike "$(story "$reports")" 'holds no account|died of SIGKILL \[exit status 0' \
		"a neighbour used the accounts up: nothing false"

	# A target that moves a child to a cgroup beside its own.
	cat >"$scratch/sibling" <<-'END'
		own=$(sed -n 's|.*:memory:/*||p; s|^0::/*||p' /proc/self/cgroup | grep oomlab- | head -n 1)
		top=$(find /sys/fs/cgroup -maxdepth 1 -name memory | head -n 1)
		side=${top:-/sys/fs/cgroup}/${own%/*}/$1
		mkdir "$side" || exit 99
		echo 12M >"$side/memory.limit_in_bytes" || exit 98
		sh -c "echo \$\$ >$side/cgroup.procs; exec tail /dev/zero"
		rmdir "$side"
		exit 0
	END
	if [ -e /sys/fs/cgroup/memory ]; then
		# Whose limit it was is told by the kernel's account, which others may have used up.
		for _ in 1 2 3 4 5 6 7 8; do
			run --backend=cgroup --memory=64M --expect=survived -- \
				/bin/sh "$scratch/sibling" "side-$$"
			[ "$(of '.kills[0].dumped')" != true ] || break
			unlike "$(story "$reports")" 'past the limit of 64 MiB' \
				'killed in a cgroup beside, without an account: not for the limit of the run'
			sleep 2
		done
		is "$status" 1 'killed in a cgroup beside: a gate fails'
		is "$(of '.outcome + " " + .scope')" 'child_oom_killed other' \
			'killed in a cgroup beside: the outcome'
		like "$(story "$reports")" "of [^ ]*/side-$$ is 12 MiB" 'killed in a cgroup beside: whose limit'
		like "$(story "$reports")" 'limit of the run.s own cgroup is 64 MiB' \
			'killed in a cgroup beside: which is not its own'
		unlike "$(story "$reports")" 'oom_kill 0->0' 'killed in a cgroup beside: no idle counter is evidence'
	fi
	# One that left and is still there at the end does not stay.
	cat >"$scratch/stay" <<-'END'
		own=$(sed -n 's|.*:memory:/*||p; s|^0::/*||p' /proc/self/cgroup | grep oomlab- | head -n 1)
		top=$(find /sys/fs/cgroup -maxdepth 1 -name memory | head -n 1)
		side=${top:-/sys/fs/cgroup}/${own%/*}
		sh -c "echo \$\$ >$side/cgroup.procs; exec sleep 3141" &
		while grep -qE '^(0:|[0-9]+:memory):.*oomlab-' "/proc/$!/cgroup"; do :; done
		exit 0
	END
	run --backend=cgroup --memory=64M --no-touch-profile -- /bin/sh "$scratch/stay"
	is "$status" 0 'one that left: the program ended by itself'
	is "$(pgrep -f '^sleep 3141')" '' 'one that left is stopped at the end'
	like "$(story "$reports")" "left the run's cgroup for" 'one that left: it is told'
	like "$(story "$reports")" 'outside of the run.s cgroup at its end and stopped' \
		'one that left: that it was stopped is told'

	# Many at once: each report is of its own child.
	for i in $(seq 64); do
		timeout -k 5 200 "$oomlab" run --quiet --backend=cgroup --memory=8M \
			--reports="$scratch/many/$i" --no-touch-profile -- \
			sh -c 'tail /dev/zero; exit 7' >/dev/null 2>&1 </dev/null &
		[ $((i % 16)) != 0 ] || wait
	done
	wait
	wrong=
	for i in $(seq 64); do
		pids=$(report "$scratch/many/$i" '[.outcome, .killed, .run.exit_status,
			([.kills[] | select(.relation == "child").victim_comm] | unique | join(" "))]
			| @tsv')
		[ "$pids" = "$(printf 'child_oom_killed\t1\t7\ttail')" ] || wrong="$wrong $i: $pids;"
	done
	is "$wrong" '' '64 runs at once: each tells of its own child alone'
}

in_the_vm() { # KERNEL
	local of_kernel="in the VM ($1)" kids
	cat >"$scratch/sibling" <<-'END'
		mkdir /sys/fs/cgroup/side; echo 12M >/sys/fs/cgroup/side/memory.max
		sh -c 'echo $$ >/sys/fs/cgroup/side/cgroup.procs; exec tail /dev/zero'
		exit 0
	END
	run --backend=vm --kernel="$1" --share-host --memory=64M --timeout=200 --no-touch-profile \
		--expect=survived -- /bin/sh "$scratch/sibling"
	is "$status" 1 "$of_kernel, killed in a cgroup beside: a gate fails"
	is "$(of '.outcome + " " + .scope')" 'child_oom_killed other' \
		"$of_kernel, killed in a cgroup beside: the outcome"
	like "$(story "$reports")" 'memory.max of /side is 12 MiB' \
		"$of_kernel, killed in a cgroup beside: whose limit"
	is "$(of '.cgroups[] | select(.path == "/side") | .oom_kill')" 1 \
		"$of_kernel, killed in a cgroup beside: its own counter"
	is "$(of '[.kills[].victim_pid] | sort | map(tostring) | join(" ")')" \
		"$(killed_pids | tr '\n' ' ' | sed 's/ $//')" "$of_kernel, killed in a cgroup beside: who"

	cat >"$scratch/kid" <<-'END'
		own=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
		mkdir "$own/leaf"; echo $$ >"$own/leaf/cgroup.procs"
		echo +memory >"$own/cgroup.subtree_control"; mkdir "$own/kid"
		echo 12M >"$own/kid/memory.max"
		sh -c "echo \$\$ >$own/kid/cgroup.procs; exec tail /dev/zero"
		exit 0
	END
	run --backend=vm --kernel="$1" --share-host --memory=64M --timeout=200 --no-touch-profile -- \
		/bin/sh "$scratch/kid"
	is "$(of '.outcome + " " + .scope')" 'child_oom_killed own' \
		"$of_kernel, killed in a cgroup below: the outcome"
	like "$(story "$reports")" "a cgroup below the run's own: memory.max of /oomlab-[0-9-]*/kid is 12 MiB" \
		"$of_kernel, killed in a cgroup below: whose limit"
	unlike "$(story "$reports")" 'is 64 MiB, and it may not swap' \
		"$of_kernel, killed in a cgroup below: not that of the run"

	cat >"$scratch/group" <<-'END'
		mkdir /sys/fs/cgroup/grp; echo 16M >/sys/fs/cgroup/grp/memory.max
		echo 1 >/sys/fs/cgroup/grp/memory.oom.group
		sh -c 'echo $$ >/sys/fs/cgroup/grp/cgroup.procs; sleep 99 & sleep 99 & tail /dev/zero; sleep 99'
		exit 0
	END
	run --backend=vm --kernel="$1" --share-host --memory=64M --timeout=200 --no-touch-profile -- \
		/bin/sh "$scratch/group"
	kids=$(killed_pids | grep -c .)
	is "$kids" 4 "$of_kernel, a group: the kernel killed four"
	is "$(of .killed)" "$kids" "$of_kernel, a group: all are counted"
	is "$(of '[.kills[] | select(.chosen).victim_comm] | join(" ")')" tail \
		"$of_kernel, a group: whom the kernel chose"
	like "$(story "$reports")" 'It chose tail \(pid [0-9]+\).* to every process of the group \(memory.oom.group of /grp\), 4 in all' \
		"$of_kernel, a group: in words"
}

if need 'outcomes on this kernel' root cgroup; then on_this_kernel; fi
for kernel in 6.12 6.1; do
	if need "outcomes in the VM ($kernel)" share; then in_the_vm "$kernel"; fi
done
is "$(strays)" '' 'nothing is left'
done_testing
