#!/bin/bash
# it_guardian.sh - whatever ends the launcher, or holds it still: nothing of the run outlives it.
# On this kernel, and with cgroup v2 in the VM, where this script runs itself: "--inside".
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
helpers=$(realpath "$(dirname "$oomlab")")/tests/helpers
hog=$helpers/hog outlive=$helpers/outlive
reports=$scratch/reports
# Found in the command line of all that belongs to this test.
mark=$scratch/mark
mkdir "$mark"
where="this kernel" signals="KILL SEGV ABRT QUIT USR1 ALRM"

# Processes of this test that are there; a guardian has the command line of its launcher.
count_marked() {
	local pid n=0
	for pid in $(pgrep -f -- "$mark"); do
		[ "$pid" = $$ ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = guardian ] || n=$((n + 1))
	done
	echo $n
}

# until_true COMMAND...: polls for two minutes at most.
until_true() {
	local end=$((SECONDS + 120))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.05 <> <(:) || true
	done
}

cgroups_of() {
	find /sys/fs/cgroup -type d -name "oomlab-$1-*" 2>/dev/null
}

# The only record there is tells of it.
# shellcheck disable=SC2317 # called by until_true
record_has() {
	grep -qs -- "$1" "$reports"/*/record.jsonl
}

# started BACKEND COMMAND...: $launcher runs it, its gate is open; its guardian is $guardian.
started() {
	local backend=$1
	shift
	rm -rf "$reports"
	# In the background a shell ignores some signals, which programs inherit.
	setsid env --default-signal "$oomlab" run --quiet --no-touch-profile --backend="$backend" --timeout=10m --reports="$reports" --memory=64M \
		-- "$@" "$mark" >"$scratch/said" 2>"$scratch/errors" &
	launcher=$!
	until_true record_has '"ev":"gate"'
	guardian=$(pgrep -P $launcher -x guardian)
}

# is_over NAME: after the launcher's end all is gone, and its record tells.
is_over() {
	local run
	{ wait $launcher; } 2>/dev/null
	# Its guardian has a minute of its own at most.
	until_true eval '! kill -0 '"$guardian"' 2>/dev/null'
	is "$(count_marked) $(cgroups_of $launcher)" '0 ' "$where, $1: no process, no cgroup is left"
	run=$(find "$reports" -mindepth 1 -maxdepth 1 -type d)
	like "$(tail -n 1 "$run/record.jsonl")" '"ev":"guardian".*"why":"launcher gone","ended":[1-9][0-9]*,"left":0' \
		"$where, $1: the guardian's line is the record's last"
	"$oomlab" report "$run" >"$scratch/told" 2>&1
	like "$(tr '\n' ' ' <"$scratch/told" | tr -s ' ')" \
		'launcher was gone before the run was over, and its guardian ended the run' "$where, $1: and the report's first sentence"
}

kill_by() {
	started cgroup "${@:2}"
	kill "-$1" $launcher
	is_over "SIG$1, ${3-$2}"
}

on_cgroup() {
	local signal root run
	for signal in $signals; do
		kill_by "$signal" "$hog" stubborn 600
	done
	# shellcheck disable=SC2016 # for the inner shell
	kill_by KILL sh -c '"$0" fork 5 600; exec "$0" stubborn 600' "$hog"
	kill_by KILL "$outlive" bomb 600
	kill_by KILL "$outlive" nobody 600
	# Below its cgroup, as an oomlab in an oomlab has one.
	# shellcheck disable=SC2016 # for the inner shell
	kill_by KILL sh -c 'dir=$(find /sys/fs/cgroup -type d -name "oomlab-$PPID-*" -path "$0" | head -n 1)
		mkdir -p "$dir/a/b" && echo $$ >"$dir/a/b/cgroup.procs"; exec sleep 600' \
		"$([ "$version" = 1 ] && echo '*/memory/*' || echo '*')"

	# One that leaves for the root cgroup: version 1 has it frozen elsewhere, version 2 sees it go.
	root=/sys/fs/cgroup
	[ "$version" = 2 ] || root=/sys/fs/cgroup/memory
	started cgroup "$outlive" leave 600 $root/cgroup.procs
	until_true grep -q left "$scratch/said"
	[ "$version" = 1 ] || until_true record_has '"ev":"run_process".*"cgroup"'
	kill -KILL $launcher
	is_over 'SIGKILL, a child that left for the root cgroup'

	# Held still past its timeout.
	for mode in stop trace; do
		rm -rf "$reports"
		timeout -s KILL 300 "$oomlab" run --quiet --no-touch-profile --backend=cgroup --timeout=1s --reports="$reports" \
			--memory=64M -- "$outlive" $mode 600 "$mark" 2>"$scratch/errors"
		is "$? $(report "$reports" .outcome) $(report "$reports" .run.guardian.why)" \
			'137 timed_out launcher stopped' "$where, a target that holds its launcher still ($mode): ended at the timeout"
		like "$(story "$reports")" 'held still \(stopped, or traced\) when the time was over, so that its guardian ended the 1 process' \
			"$where, $mode: the report says so"
		is "$(count_marked)" 0 "$where, $mode: nothing is left"
	done

	# The guardian itself is ended: the run goes on and says it.
	started cgroup "$hog" sleep 600
	kill -KILL "$guardian"
	until_true record_has 'guardian was ended while'
	kill -TERM $launcher
	wait $launcher
	is $? 143 "$where, the guardian is killed: the launcher still ends its run"
	like "$(story "$reports")" "The run's guardian was ended while the run went on" "$where, and says so"
	is "$(count_marked) $(cgroups_of $launcher)" '0 ' "$where, and leaves nothing"

	# What must not be said of a run that went well.
	run=$scratch/well
	"$oomlab" run --quiet --backend=cgroup --reports="$run" --memory=64M -- "$hog" touch 8
	is "$? $(report "$run" '.run.guardian // "none"')" '0 none' "$where, a run that went well: its guardian did nothing"
	unlike "$(story "$run")" guardian "$where, and nothing is said of one"
}

if [ "${1-}" = --inside ]; then
	where="cgroup v2" version=2 signals="KILL SEGV"
	on_cgroup
	done_testing
fi

# A launcher of a VM: QEMU and virtiofsd go with it.
on_vm() {
	local signal
	for signal in KILL SEGV; do
		started vm "$hog" sleep 600
		kill -$signal $launcher
		is_over "SIG$signal, a VM"
	done
	rm -rf "$reports"
	"$oomlab" run --quiet --backend=vm --timeout=2s --reports="$reports" --memory=64M -- \
		"$outlive" stop 600 2>"$scratch/errors"
	is "$? $(report "$reports" .outcome) $(report "$reports" .run.guardian.why)" \
		'137 timed_out launcher stopped' 'in the guest, a target that stops the launcher: ended at the timeout'
}

if need 'on this kernel' root cgroup; then
	version=$("$oomlab" run --backend=cgroup --dry-run --memory=64M -- /bin/true 2>&1 |
		sed -n 's/.*make a cgroup v\([12]\).*/\1/p')
	on_cgroup
fi
on_vm

# The same with version 2, in the guest: its points become this script's.
"$oomlab" run --quiet --backend=vm --share-host --timeout=20m --memory=512M --reports="$scratch/guest" \
	-- "$top/tests/it_guardian.sh" --inside >"$scratch/inside" 2>"$scratch/errors"
mapfile -t lines <"$scratch/inside"
for line in "${lines[@]}"; do
	case $line in
	'ok '*) ok 0 "${line#ok * - }" ;;
	'not ok '*) ok 1 "${line#not ok * - }" "$(grep -F -A3 -- "$line" "$scratch/inside" | tail -n +2)" ;;
	esac
done
like "$(tail -n 1 "$scratch/inside")" '^1\.\.[1-9]' 'with cgroup v2: all of it ran' \
	"$(tail -n 3 "$scratch/inside" "$scratch/errors")"
is "$(strays)" '' 'no process is left'
done_testing
