#!/bin/bash
# it_cgroup.sh - runs in a real memory cgroup of this kernel (v1 or v2): every outcome and exit
# status, bad options, signals to the launcher, its death, full disks, many runs at once.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
hog=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/hog
reports=$scratch/reports

need_all root cgroup
"$oomlab" run --backend=cgroup --dry-run --memory=64M -- /bin/true >"$scratch/plan" 2>&1
version=$(sed -n 's/.*make a cgroup v\([12]\).*/\1/p' "$scratch/plan")

# run OPTIONS... -- COMMAND...: status in $status, what it printed in $out and $errors.
run() {
	out=$(timeout -k 5 700 "$oomlab" run --quiet --backend=cgroup "$patience" --reports="$reports" "$@" \
		2>"$scratch/errors")
	status=$?
	errors=$(cat "$scratch/errors")
}

# left: cgroups whose launcher is gone, and processes of this script.
left() {
	local name pid
	find /sys/fs/cgroup -type d -name 'oomlab-[0-9]*' 2>/dev/null | while read -r name; do
		pid=${name##*/oomlab-}
		[ -d "/proc/${pid%%-*}" ] || echo "$name"
	done
	pgrep -f "$scratch|$hog" | grep -vx $$
}
# Launchers that other tests kill beside this one have guardians that need their time.
is_clean() {
	local end=$((SECONDS + 60))
	while [ -n "$(left)" ] && [ $SECONDS -lt $end ]; do
		sleep 0.2
	done
	is "$(left)" '' "$1: no cgroup, no process left"
}

# becomes STATUS OUTCOME NAME OPTIONS... -- COMMAND...
becomes() {
	local wanted=$1 outcome=$2 name=$3
	shift 3
	run "$@"
	is $status "$wanted" "$name: status $wanted"
	is "$(report "$reports" .outcome)" "$outcome" "$name: $outcome"
}

# One that walks out of its cgroup is stopped: no limit would hold it.
cat >"$scratch/walk-out" <<'END'
#!/bin/sh
name=$(sed -n 's|.*:memory:.*/||p; s|^0::.*/\(oomlab-.*\)|\1|p' /proc/self/cgroup | grep '^oomlab-' | head -n 1)
dir=$(find /sys/fs/cgroup -type d -name "$name" 2>/dev/null | grep -v /freezer/ | head -n 1)
echo $$ >"$dir/../cgroup.procs" || exit 99
exec sleep 30
END
chmod +x "$scratch/walk-out"
becomes 125 lab_error 'a program that leaves its cgroup' --memory=64M -- "$scratch/walk-out"
like "$(report "$reports" .summary)$errors$(report "$reports" '.quality.notes | tostring')" \
	'left its cgroup' 'a program that leaves its cgroup: and it is said'
like "$errors" '^oomlab: walk-out: .*left its cgroup' '... with --quiet in a line, too'

# A scenario that ends before the checkpoint at which it is to be looked at.
mkdir "$scratch/odd"
cat >"$scratch/odd/early" <<'END'
#!/bin/sh
[ "$1" != --spec ] || echo '{"name":"early","memory_max":67108864,"expect":{"outcome":"survived","rss_bytes":{"min":0,"max":1}}}'
END
chmod +x "$scratch/odd/early"
OOMLAB_SCENARIOS=$scratch/odd run early
is $status 125 'what cannot be judged: 125'
is "$errors" 'oomlab: early: cannot be judged: RSS at the checkpoint is not known' \
	'... and --quiet says what is missing'

becomes 137 oom_killed 'a hog' --memory=64M -- "$hog" touch 200
# The kernel prints ten OOM headers in 5 s and no more; tests before this one had theirs.
for _ in 1 2 3; do
	[ "$(report "$reports" .scope)" = unknown ] || break
	sleep 5
	run --memory=64M -- "$hog" touch 200
done
is "$(report "$reports" '.kills | length')" 1 'a hog: one kill told'
is "$(report "$reports" '.scope')" own 'a hog: its own limit'
is "$(report "$reports" '.memory.max')" 67108864 'a hog: the limit in bytes'
is "$(report "$reports" '.memory.peak <= .memory.max')" true 'a hog: the peak is within the limit'
is "$(report "$reports" '.run.signal')" 9 'a hog: signal 9'
is "$(report "$reports" '.verdict // "none"')" none 'a hog: nothing was expected, nothing judged'
is "$errors" '' '--quiet prints nothing'
becomes 0 child_oom_killed 'a child' --memory=64M -- "$hog" child 200
# shellcheck disable=SC2016 # for the inner shell
becomes 137 signalled 'kill -9 by hand' --memory=64M -- sh -c 'kill -9 $$'
is "$(report "$reports" '.kills | length')" 0 'kill -9 by hand: no OOM kill told'
becomes 0 survived 'a small one' --memory=64M -- "$hog" touch 8
becomes 7 failed 'status 7' --memory=64M -- "$hog" exit 7
becomes 125 failed "a command's own 125" --memory=64M -- "$hog" exit 125
becomes 137 timed_out 'a timeout' --memory=64M --timeout=1 -- "$hog" sleep 60
becomes 137 timed_out 'TERM ignored' --memory=64M --timeout=1 -- "$hog" stubborn 60
becomes 0 survived 'forked sleepers' --memory=64M -- "$hog" fork 30 60
is_clean 'forked sleepers'
becomes 0 survived 'an orphan that outlives its parent' --memory=64M -- sh -c "$hog orphan 8; sleep 0.2"
becomes 143 signalled 'kill -TERM by hand' --memory=64M -- sh -c 'kill $$'
becomes 0 survived 'no limit' -- "$hog" touch 8

run --memory=64M -- "$hog" signals
is "$out" '' 'the target starts with no signal blocked or ignored'
# shellcheck disable=SC2016 # for the inner shell
run --memory=64M -- sh -c 'echo out; echo err >&2; read x; echo "[$x]"' <<<'from stdin'
is "$out/$errors" $'out\n[from stdin]/err' 'stdin, stdout and stderr are its own'
run --memory=64M --expect=oom_killed -- "$hog" touch 200
is "$status $(report "$reports" .verdict)" '0 pass' '--expect met: 0, pass'
run --memory=64M --expect=survived -- "$hog" touch 200
is "$status $(report "$reports" .verdict)" '1 fail' '--expect not met: 1, fail'
# shellcheck disable=SC2016 # for the inner shell
run --memory=64M -- sh -c 'yes | head -1; kill -PIPE $$'
is "$status $out$errors" '141 y' 'a pipe that closes ends the writer, quietly'
becomes 0 survived 'an oomlab in an oomlab' --memory=64M -- "$oomlab" run --quiet \
	--backend=cgroup --reports="$scratch/inner" --memory=32M -- "$hog" touch 8
is "$(report "$scratch/inner" .outcome)" survived 'an oomlab in an oomlab: the inner report'
# shellcheck disable=SC2016 # for the inner shell
becomes 137 failed 'an inner one killed' --memory=64M -- \
	sh -c '"$@" & sleep 1; kill -9 $!; wait $!' sh \
	"$oomlab" run --quiet --backend=cgroup --reports="$scratch/inner" --memory=32M -- \
	sh -c "$hog fork 3 60; $hog stubborn 60"
is_clean 'an inner one killed'
if [ "$version" = 1 ]; then
	# shellcheck disable=SC2016 # for the inner shell
	becomes 0 survived 'a cgroup below that is frozen' --memory=64M -- sh -c '
		own=$(sed -n "s/.*:freezer://p" /proc/self/cgroup)
		mkdir "/sys/fs/cgroup/freezer$own/below" && cd "/sys/fs/cgroup/freezer$own/below" || exit 1
		sleep 60 & echo $! >cgroup.procs && echo FROZEN >freezer.state'
	is_clean 'a cgroup below that is frozen'
	for option in --oom-group --memory-high=32M; do
		run --memory=64M $option -- /bin/true
		is "$status $(report "$reports" .verdict)" '125 skip' "$option on v1: 125, skip"
		is "$errors" 'oomlab: true: Not run: cgroup v1 has no memory.high and no memory.oom.group.' \
			"$option on v1: with --quiet the reason in a line"
	done
else
	becomes 137 oom_killed 'a group' --memory=64M --oom-group -- "$hog" child 200
fi
# A program that writes over the ring it is traced in.
scribble=${hog%/*}/scribble
for lost in none:0:ring all:1:header zero:1:header header:1:header counters:1:header blocks:3:blocks \
	wipe:3:blocks; do
	IFS=: read -r mode least what <<<"$lost"
	run --memory=64M --no-touch-profile -- "$scribble" "$mode"
	is "$status $(report "$reports" ".quality.ring_lost >= $least and
		(.quality.lost | has(\"ring $what\")) == ($least > 0)")" '0 true' \
		"a ring scribbled on ($mode): report.json tells what is lost"
	is "$(report "$reports" '.quality.ring_lost == 0')" "$([ "$mode" = none ] && echo true || echo false)" \
		"a ring scribbled on ($mode): nothing is lost only where nothing is"
done
like "$(tr -s ' \n' ' ' <"$reports/latest/report.txt")" \
	'Lost: 3 blocks of the arena trace, of up to 100 records each' 'a ring scribbled on: in words'
run --memory=64M --no-touch-profile --preload -- "$scribble" zero
like "$(report "$reports" '.quality.absent_sources[] | select(.name == "preload") | .why')" \
	'wrote over what the library counts in' 'a ring scribbled on: not "no process loaded the library"'

run --memory=64M --repeat=3 -- "$hog" exit 3
is $status 3 '--repeat: the status of the first that is not 0'
summed=$("$oomlab" run --backend=cgroup --reports="$reports" --memory=64M --repeat=3 -- "$hog" touch 200 2>&1 >/dev/null)
like "$summed" '^2 of 3: killed by the OOM killer; peak 64 MiB; .*; .*/hog-' '--repeat: each run is a line'
unlike "$summed" 'Where resident memory came from' '--repeat: and no screen'
like "$("$oomlab" run --full --backend=cgroup --reports="$reports" --memory=64M --repeat=2 -- "$hog" touch 200 2>&1 >/dev/null)" \
	'Where resident memory came from' '--repeat --full: all of the reports'
like "$summed" ', 3 runs: oom_killed 3 of 3' '--repeat sums up: outcomes'
like "$summed" 'peak +[0-9.]+ MiB to 64 MiB, mean [0-9.]+ MiB' '--repeat sums up: peaks'
unlike "$("$oomlab" run --backend=cgroup --reports="$reports" --memory=64M -- "$hog" touch 8 2>&1 >/dev/null)" \
	' runs: ' 'one run: nothing is summed up'

# Interrupted, in a run or between two, it says so, whatever the runs before came to.
for when in 'last 1' 'first 0'; do
	mkdir "$scratch/repeat"
	# shellcheck disable=SC2016 # for the shell in the cgroup
	"$oomlab" run --quiet --backend=cgroup --reports="$scratch/repeat" --memory=64M --repeat=50 -- \
		sh -c '[ -e "$0/started" ] && exec "$1" stubborn 60; : >"$0/started"; exit 3' \
		"$scratch/repeat" "$hog" 2>"$scratch/errors" &
	launcher=$!
	until [ "$(cat "$scratch"/repeat/sh-*/record.jsonl 2>/dev/null | grep -c '"ev":"gate"')" -gt "${when#* }" ]; do
		kill -0 $launcher 2>/dev/null || break
		sleep 0.05
	done
	kill -INT $launcher
	wait $launcher
	is $? 130 "--repeat ended by ^C (in the ${when% *} run): 130"
	ok "$([ "$(find "$scratch/repeat" -maxdepth 1 -name 'sh-*' | wc -l)" -le 3 ]; echo $?)" \
		"--repeat ended by ^C (in the ${when% *} run): no further runs"
	rm -rf "$scratch/repeat"
done
is_clean '--repeat ended by ^C'

# Before anything starts.
run --memory=64M -- "$scratch/none"
is "$status $errors" "127 oomlab: command '$scratch/none' not found" 'not found: 127'
run --memory=64M -- /etc/passwd
is "$status $errors" "126 oomlab: cannot execute '/etc/passwd': Permission denied" 'not executable: 126'
run --memory=64M --
is $status 125 'nothing to run: 125'
like "$errors" '^oomlab: nothing to run' 'nothing to run: said'
run malloc-128m --memory 64M
is "$status $errors" "125 oomlab: '--memory' stands behind the scenario; options go before it: oomlab run --memory ... malloc-128m" \
	'an option behind the scenario: said'
printf '#!/none/sh\n' >"$scratch/script" && chmod +x "$scratch/script"
run --memory=64M -- "$scratch/script"
is $status 127 'no interpreter: 127'

# refuses OPTION: 125 and one line that names it.
refuses() {
	local reports_before
	reports_before=$(ls "$reports")
	run "$1" -- /bin/true
	is "$status $(printf '%s\n' "$errors" | wc -l) $(ls "$reports")" "125 1 $reports_before" \
		"$1: 125, one line, no report"
	like "$errors" "^oomlab: .*${1%%=*}" "$1: the line names it"
}
for option in --memory=abc --memory=-1 --memory= --memory=9999999T --memory=1.5.5G \
	--memory-high=x --swap=x --oom-score-adj=2000 --overcommit=3 --overcommit-ratio=0 \
	--thp=maybe --timeout=0 --timeout=abc --timeout=-1 --expect=happy --repeat=0 --repeat=x \
	--file=/none --nope --quiet=yes --kernel; do
	refuses "$option"
done
run --memory=0 -- /bin/true
is $status 125 '--memory=0: 125'
like "$errors" 'leaves no room' '--memory=0: said'
run --backend=docker -- /bin/true
is $status 125 '--backend=docker: 125'

# The launcher is told to stop, or dies.
# started COMMAND...: starts it below a limit in the background, waits until it runs.
started() {
	rm -f "$scratch/running"
	# shellcheck disable=SC2016 # for the inner shell
	setsid "$oomlab" run --quiet --backend=cgroup --reports="$reports" --memory=64M -- \
		sh -c ': >"$0"; "$@"' "$scratch/running" "$@" 2>/dev/null &
	launcher=$!
	until [ -e "$scratch/running" ] || ! kill -0 $launcher; do
		sleep 0.05
	done
}
for signal in INT:130 TERM:143 HUP:129; do
	started "$hog" stubborn 60
	kill "-${signal%:*}" $launcher
	wait $launcher
	is $? "${signal#*:}" "SIG${signal%:*} to the launcher: ${signal#*:}"
	is "$(report "$reports" .outcome)" signalled "SIG${signal%:*}: the report tells"
	is_clean "SIG${signal%:*}"
done
# Its guardian as well: what is left then, doctor clears.
started sh -c "$hog fork 3 60; $hog stubborn 60"
{
	pkill -9 -P $launcher -x guardian
	kill -9 $launcher
	wait $launcher
} 2>/dev/null
like "$(left)" "/oomlab-$launcher-" 'kill -9 of launcher and guardian leaves a cgroup'
"$oomlab" doctor >"$scratch/doctor"
like "$(cat "$scratch/doctor")" '^LEFT cgroups +[0-9]' 'doctor tells of it'
victim=$(find "$reports" -maxdepth 1 -name "sh-*-$launcher")
ok "$("$oomlab" report "$victim" >"$scratch/told" 2>&1; [ -s "$victim/report.json" ]; echo $?)" \
	'the record of a killed launcher can be told' "$(cat "$scratch/told")"
"$oomlab" doctor --restore >"$scratch/doctor"
like "$(cat "$scratch/doctor")" '^done cgroups +[0-9]' 'doctor --restore clears it'
is_clean 'doctor --restore'

# Where reports cannot go.
mkdir "$scratch/file-reports" && : >"$scratch/file-reports/r"
timeout 300 "$oomlab" run --backend=cgroup --reports="$scratch/file-reports/r" --memory=64M -- \
	"$hog" exit 0 2>"$scratch/errors"
is "$? $(wc -l <"$scratch/errors")" '125 1' 'no folder for reports: 125, one line'
like "$(cat "$scratch/errors")" 'cannot make a folder.*--reports' 'no folder for reports: said'
mkdir "$scratch/full"
if mount -t tmpfs -o size=16k tmpfs "$scratch/full" 2>/dev/null; then
	dd if=/dev/zero of="$scratch/full/ballast" bs=1k 2>/dev/null
	timeout 300 "$oomlab" run --quiet --backend=cgroup --reports="$scratch/full" --memory=64M -- \
		"$hog" exit 0 2>"$scratch/errors"
	is $? 125 'a full disk: 125'
	like "$(cat "$scratch/errors")" 'No space left on device' 'a full disk: said'
	umount "$scratch/full"
else
	skip 'a full disk' 'no tmpfs can be mounted here'
fi
is_clean 'nowhere to write'

# Sixteen at once, each with a kill of its own.
for i in $(seq 16); do
	timeout 300 "$oomlab" run --quiet --backend=cgroup --reports="$scratch/many/$i" \
		--memory=$((16 + i))M -- "$hog" touch 100 2>"$scratch/errors.$i" &
	pids[i]=$!
done
wrong=
for i in $(seq 16); do
	wait "${pids[i]}"
	told="$? $(report "$scratch/many/$i" '"\(.outcome) \(.kills | length) \(.memory.max / 1048576)"')"
	[ "$told" = "137 oom_killed 1 $((16 + i))" ] || wrong="$wrong $i: $told $(cat "$scratch/errors.$i");"
done
is "$wrong" '' 'sixteen runs at once, each tells its own kill'
is_clean 'sixteen at once'

# What was killed is waited for however busy the machine is, and its status never lost.
wrong=
for i in $(seq 16); do
	timeout 300 "$oomlab" run --quiet --backend=cgroup --reports="$scratch/stopped/$i" \
		--memory=64M --timeout=1 -- "$hog" sleep 60 2>"$scratch/errors.$i" &
	pids[i]=$!
done
for i in $(seq 16); do
	wait "${pids[i]}"
	told="$? $(report "$scratch/stopped/$i" '"\(.outcome) \(.run.signal)"')"
	[ "$told" = '137 timed_out 9' ] || wrong="$wrong $i: $told $(cat "$scratch/errors.$i");"
done
is "$wrong" '' 'sixteen timeouts at once: status and signal of each'
is_clean 'sixteen timeouts at once'

# Both run beside the same processes: what a report says of the place is the same.
place() {
	timeout 300 "$oomlab" run --quiet --backend="$1" --reports="$scratch/place" -- true
	tr -s ' \n' '  ' <"$scratch/place/latest/report.txt" |
		grep -Eo 'on the host|inside a container|in a pid namespace' | tr '\n' ' '
}
is "$(place current)" "$(place cgroup)" 'backends of one machine agree on the place'

# A hundred in a row.
wrong=0
mkdir "$scratch/tmp"
for _ in $(seq 100); do
	TMPDIR=$scratch/tmp "$oomlab" run --quiet --backend=cgroup --reports="$scratch/row" --memory=64M -- true || wrong=1
done
is $wrong 0 'a hundred runs of true: all 0'
is "$(find "$scratch/row" -mindepth 1 -maxdepth 1 -type d | wc -l)" 100 'a hundred folders'
is "$(readlink -f "$scratch/row/latest")" \
	"$(find "$scratch/row" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -n | tail -1 |
		cut -d' ' -f2)" 'latest is the last'
# Engines that another test runs beside this one have mounts below that test's own folder.
is "$(grep oomlab /proc/self/mounts | grep -v "/oomlab-test\.[^/]*/\(docker\|podman\)/")" '' 'no mount left'
is "$(find "$scratch/tmp" /run/oomlab -mindepth 1 2>/dev/null)" '' 'no temporary file left'
is_clean 'a hundred in a row'

done_testing
