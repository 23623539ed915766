#!/bin/bash
# it_vm_kselftest.sh - the kernel's own test of its memory controller, unmodified, as a target in
# the VM, on both kernels. It makes cgroups beside the run's own and has processes killed there: what
# oomlab says of each case is held against the test's verdict and against the kernel log as it was
# read inside the guest, without oomlab.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
reports=$scratch/reports
archive=/usr/src/linux-source-6.1.tar.xz
tests=linux-source-6.1/tools/testing/selftests

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ -r "$archive" ] || skip_all "no $archive: install the package linux-source-6.1 (make deps-dev)"
[ "$(id -u)" = 0 ] || skip_all 'a cgroup, a loop device and what shows the host to the VM need root'
tar -C "$scratch" -xJf "$archive" "$tests/cgroup" "$tests/clone3" "$tests/kselftest.h" ||
	skip_all "cannot unpack $archive"
program=$scratch/test_memcontrol
(cd "$scratch/$tests/cgroup" && cc -O0 -g -pthread -w -o "$program" test_memcontrol.c cgroup_util.c) ||
	skip_all 'the kernel tests do not compile here'

# Each verdict goes to the kernel log before the next case begins (the guest has one processor, and
# who writes it goes first), so that the log tells in which case a process was killed.
cat >"$scratch/as-target" <<'END'
#!/bin/bash
PATH=/usr/sbin:/sbin:/usr/bin:/bin
set -o pipefail
cd /dev/shm || exit 99
if [ "$2" = disk ]; then
	truncate -s 512M image && mke2fs -q -t ext4 -O ^has_journal image && mkdir disk &&
		mount -o loop image disk && cd disk || exit 99
fi
cat /dev/kmsg >/dev/shm/kmsg &
reader=$!
stdbuf -oL "$1" | chrt -f 1 sh -c \
	'while read -r line; do echo "case: $line" >/dev/kmsg; echo "$line"; done'
status=$?
until [ "$(grep -c 'case: .*ok 14 ' /dev/shm/kmsg)" -gt 0 ]; do sleep 0.1; done
kill $reader
grep -a 'case: \|oom-kill:\|Killed process' /dev/shm/kmsg
exit $status
END
chmod +x "$scratch/as-target"

# killed_by_log FILE: "CASE PID OOM_MEMCG" of each process that the log says was killed.
killed_by_log() {
	awk '/;case: (not )?ok [0-9]/ { done = $0; sub(/.*ok /, "", done); last = done + 0 }
		/;oom-kill:/ { memcg = $0; sub(/.*oom_memcg=/, "", memcg); sub(/,.*/, "", memcg) }
		/Killed process/ { pid = $0; sub(/.*Killed process /, "", pid); print last + 1, pid + 0, memcg }' \
		"$1" | sort -u
}

# verdict NAME: ok, "not ok" or skip, as the test said.
verdict() {
	sed -n "s/^ok [0-9]* $1\$/ok/p; s/^not ok [0-9]* $1\$/not ok/p; s/^ok [0-9]* # SKIP $1\$/skip/p" \
		"$scratch/out" | head -n 1
}

# victims CASE LIST: pids of that case, with their cgroup.
victims() {
	awk -v n="$1" '$1 == n { print $2, $3 }' <<<"$2" | sort -n | tr '\n' ' '
}

# A case that passes had just so many processes killed.
declare -A killed_if_ok=([test_memcg_max]=1 [test_memcg_oom_events]=1
	[test_memcg_oom_group_leaf_events]=3 [test_memcg_oom_group_parent_events]=4
	[test_memcg_oom_group_score_events]=2)

# judge KERNEL
judge() {
	local kernel=$1 truth lab log told n name
	truth=$(killed_by_log "$scratch/out")
	lab=$(report "$reports" '.kills[] | "\(.victim_pid) \(.oom_memcg)"' | sort -u |
		while read -r pid memcg; do
			echo "$(awk -v pid="$pid" '$2 == pid { print $1; exit }' <<<"$truth") $pid $memcg"
		done)
	log=$(killed_by_log "$reports/latest/kmsg.log" | cut -d' ' -f2- | sort -u)
	told=$(tr -s ' \n' ' ' <"$reports/latest/report.txt")

	is "$(grep -Eo '^(not )?ok [0-9]+ ' "$scratch/out" | sort -u | wc -l)" 14 "$kernel: every case ran to its end"
	ok "$([ "$(wc -l <<<"$truth")" -ge 11 ]; echo $?)" "$kernel: the kernel killed processes" "$truth"
	is "$status" "$(grep -q '^not ok' "$scratch/out" && echo 1 || echo 0)" "$kernel: the status is the test's own"
	is "$(report "$reports" '.run.exit_status')" "$status" "$kernel: and so it is in report.json"
	is "$(report "$reports" .outcome)" child_oom_killed "$kernel: the target ended by itself, and others were killed"
	is "$log" "$(cut -d' ' -f2- <<<"$truth" | sort -u)" "$kernel: kmsg.log has each kill that the guest's log has"
	is "$(report "$reports" '.quality | "\(.kmsg_lost) \(.record_lines_lost)"')" '0 0' "$kernel: nothing of the log was lost"
	while read -r n name; do
		is "$(victims "$n" "$lab")" "$(victims "$n" "$truth")" \
			"$kernel: $name ($(verdict "$name")): oomlab tells of each that the kernel killed, and of its cgroup"
		[ "$(verdict "$name")" = ok ] && [ -n "${killed_if_ok[$name]-}" ] &&
			is "$(victims "$n" "$lab" | wc -w)" $((2 * killed_if_ok[$name])) \
				"$kernel: $name passed, so ${killed_if_ok[$name]} were killed"
	done < <(sed -nE 's/^(not )?ok ([0-9]+) (# SKIP )?(test_.*)/\2 \4/p' "$scratch/out" | sort -nu)
	is "$(victims '' "$lab")" '' "$kernel: nobody is told killed whom the kernel did not kill"

	# What is said must be of the same kills: whose limit, who was chosen, how many.
	ok "$(grep -o 'memory.max of [^ ]* is' <<<"$told" | awk '{ print $3 }' |
		grep -vxF "$(cut -d' ' -f3 <<<"$truth" | sort -u)" >"$scratch/others"; [ ! -s "$scratch/others" ]; echo $?)" \
		"$kernel: a limit that is called hit is one that was" "$(cat "$scratch/others")"
	ok "$(grep -Eo 'It chose [^ ]+ \(pid [0-9]+\)' <<<"$told" | grep -Eo '[0-9]+' |
		grep -vxF "$(sed -n 's/.*oom-kill:.*,pid=\([0-9]*\),.*/\1/p' "$scratch/out")" >"$scratch/others"; [ ! -s "$scratch/others" ]; echo $?)" \
		"$kernel: who is called chosen was chosen" "$(cat "$scratch/others")"
	is "$(grep -Eo 'the kernel killed [0-9]+ processes' <<<"$told" | grep -Eo '[0-9]+' |
		grep -vx "$(wc -l <<<"$truth")")" '' "$kernel: a total that is told is the total"
	is "$(grep -Eo 'survived|to blame' <<<"$told")" '' "$kernel: nobody says that all went well"
}

# run_on KERNEL WHERE OPTIONS...
run_on() {
	local kernel=$1 where=$2
	shift 2
	"$oomlab" run --quiet --backend=vm --kernel="$kernel" --share-host --memory=512M --guest-ram=2G \
		--timeout=12m --reports="$reports" "$@" -- "$scratch/as-target" "$program" "$where" \
		>"$scratch/out" 2>"$scratch/errors"
	status=$?
	[ $status -lt 2 ] || ok 1 "$kernel: the kernel's test ran" "status $status: $(cat "$scratch/errors")"
	judge "$kernel"
}
# With a swap disk and a file system on a loop device no case is skipped for want of them. Every
# page that is swapped is one more for the profile, which takes minutes then.
run_on 6.1 disk --guest-swap=256M --no-touch-profile
run_on 6.12 memory

is "$(verdict test_memcg_sock)" ok 'lo is up: sockets are charged'
is "$(strays)" "" "no process is left"
done_testing
