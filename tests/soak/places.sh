# shellcheck shell=bash
# places.sh - rows: a disk that is full, a launcher that is stopped past its timeout, a kernel log
# that has wrapped before the launcher read it; source after soak.sh.
# shellcheck disable=SC2154,SC2034,SC2016 # of soak.sh, and for it; for shells that are targets

# What does not fit is said, with status 125; what is there is whole, and true.
judge_full_disk() {
	told
	! wait_until 10 kernel_killed "$name" || row_killed=$((row_killed + 1))
	if [ "$outcome" = unreadable ] || [ "$outcome" = none ]; then
		[ ! -s "$record/report.json" ] || count false 'report.json is cut'
		if [ "$status" != 125 ] || ! grep -q 'No space left on device' "$run/errors"; then
			count lost "status $status, no report: $(tail -n 1 "$run/errors")"
		fi
		# The record alone, where there is room.
		[ -n "$record" ] || return 0
		mkdir "$run/room" && cp -r "$record" "$run/room/"
		told "$run/room" || true
		tell_again
		told "$run/room" || true
	fi
	case $outcome in
	oom_killed) ;;
	none | unreadable | lab_error) row_unknown=$((row_unknown + 1)) ;;
	*) count false "the kernel killed it, the report: $outcome" ;;
	esac
}

full_disk() { # WHAT COUNT
	local i
	row "$1" || return 0
	for i in $(seq "$2"); do
		row_tried=$i
		seed "$1" "$i"
		below 120
		moment=
		design_of own "$mark$row_key-$i"
		mkdir -p "$scratch/runs/$name/reports"
		mount -t tmpfs -o "size=$((8 + drawn))k" soak "$scratch/runs/$name/reports" || return
		launch --backend=cgroup --memory=16M -- "${command[@]}"
		ended || count false 'the launcher hangs'
		judge_full_disk
		umount "$run/reports"
		count_left
		rm -rf "$run"
	done
	row_end
}

is_gated() { grep -qs '"ev":"gate"' "$run"/reports/*/record.jsonl; }

# The target goes on with nobody to look: its time ends all the same.
stopped_launcher() { # WHAT COUNT
	local i
	row "$1" || return 0
	for i in $(seq "$2"); do
		row_tried=$i
		design_of sleeper "$mark$row_key-$i"
		launch --backend=cgroup --memory=16M --timeout=2 --no-touch-profile -- "${command[@]}"
		wait_until 60 is_gated || count false 'the target does not start'
		kill -STOP "$launcher"
		wait_until $((2 + grace_s)) no_target || count left "the target runs on past its timeout"
		kill -CONT "$launcher" 2>/dev/null
		ended || count false 'the launcher hangs'
		told || true
		[ "$outcome" = timed_out ] || count false "stopped past its timeout, the report: $outcome"
		count_left
		rm -rf "$run"
	done
	row_end
}
no_target() {
	local pid
	for pid in $(marked); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$name" ] || return 1
	done
}

# flood NAME: the kernel log until the kill of NAME is no more in it.
flood() {
	local i
	while dmesg | grep -q "Killed process [0-9]* ($1)"; do
		for i in $(seq 500); do
			echo "<6>soak: line $i of many that nobody asked for, to fill what there is"
		done >/dev/kmsg
	done
}

# In a guest alone, whose log is nobody else's.
overrun() { # WHAT COUNT
	local i kinds=(own child)
	row "$1" || return 0
	echo on >/proc/sys/kernel/printk_devkmsg
	for i in $(seq "$2"); do
		row_tried=$i
		design_of "${kinds[i % 2]}" "$mark$row_key-$i"
		rm -f "$scratch/go"
		launch --backend=cgroup --memory=16M --timeout=10m --no-touch-profile --premortem=off -- \
			/bin/sh -c 'until [ -e "$0" ]; do sleep 0.1; done; exec "$@"' "$scratch/go" "${command[@]}"
		wait_until 60 is_gated || count false 'the target does not start'
		kill -STOP "$launcher"
		: >"$scratch/go"
		wait_until 60 kernel_killed "$name" || count false 'it is not killed'
		flood "$name"
		kill -CONT "$launcher" 2>/dev/null
		ended || count false 'the launcher hangs'
		judge no
		[ "$(jq '.quality.kmsg_lost > 0 and (.quality.complete | not)' "$record/report.json" 2>&1)" = true ] ||
			count false 'what the log lost is not told'
		count_left
		rm -rf "$run"
	done
	row_end
}
