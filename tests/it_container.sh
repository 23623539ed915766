#!/bin/bash
# Real engines, started here by hand: the lab inside a container, and outside of one.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
trap 'stop_engines; rm -rf "$scratch"' EXIT
PATH=$engine_bin:$PATH
export TMPDIR=$scratch
inside=$scratch/inside
outside=$scratch/outside

# in_image ENGINE RUN_OPTIONS... -- WORDS...: the image's own oomlab, reports into $inside.
in_image() {
	local engine=$1 run=()
	shift
	while [ "$1" != -- ]; do
		run+=("$1")
		shift
	done
	shift
	"$engine" run --rm -v "$inside:/reports" "${run[@]}" oomlab-it "$@" >"$scratch/out" 2>&1
}

# from_host ENGINE OPTIONS...: the lab outside; reports into $outside.
from_host() {
	local engine=$1
	shift
	"$oomlab" run --quiet "$patience" --reports="$outside" --backend="$engine" "$@" >"$scratch/out" 2>&1
}

verdict='.verdict + " " + .outcome'

check_inside() {
	local e=$1 code
	in_image "$e" --memory 512m -- memset-2g
	is $? 0 "$e, inside: memset-2g is killed as expected"
	is "$(report "$inside" "$verdict + \" \" + .run.backend")" "pass oom_killed current" \
		"$e, inside: the report is in /reports"
	is "$(report "$inside" .scope)" own "$e, inside: the limit is known without the kernel log"
	like "$(report "$inside" '.quality.absent_sources[].why')" '--device /dev/kmsg' \
		"$e, inside: says what would show the kernel log"
	like "$(report "$inside" '.quality.notes[]')" 'whole container' \
		"$e, inside: says whose figures they are"
	is "$(report "$inside" '.arenas[0].name')" 'game memory' "$e, inside: the trace survives"
	in_image "$e" --memory 128m --memory-swap 128m -- memset-2g
	is "$? $(report "$inside" "$verdict")" "0 pass oom_killed" \
		"$e, inside: the container's limit holds, not the declared one"
	in_image "$e" --memory 512m -- lazy-zero-2g
	is "$? $(report "$inside" "$verdict")" "0 pass survived" "$e, inside: lazy-zero-2g survives"
	in_image "$e" --memory 512m --read-only --cap-drop ALL --network none --user 4711:4712 \
		-- memset-2g
	is "$? $(report "$inside" "$verdict")" "0 pass oom_killed" \
		"$e, inside: read-only, no capability, no network, any user"
	in_image "$e" -- memset-2g
	is $? 77 "$e, inside: no limit, no run"
	in_image "$e" --memory 512m -- run --memory 64m -- /scenarios/malloc-128m --no-lab
	is $? 125 "$e, inside: another limit than the container's is refused"
	in_image "$e" --memory 4g -- memset-2g
	is $? 77 "$e, inside: a limit nothing could reach is refused"
	# The lab is under the same limit: where a busy machine is late to free what the kernel took from
	# the child, the lab can be the next that is killed.
	for _ in 1 2 3; do
		in_image "$e" --memory 64m "${binds[@]}" -- -- sh -c \
			'python3 -c "x = bytearray(200 << 20)"; exit 3'
		code=$?
		[ $code = 137 ] || break
	done
	is "$code $(report "$inside" .outcome)" "3 child_oom_killed" "$e, inside: a child is killed"
	in_image "$e" --memory 64m "${binds[@]}" -- --timeout 500ms -- sh -c 'sleep 99 & sleep 99'
	is "$? $(report "$inside" .outcome)" "137 timed_out" "$e, inside: the watchdog spares the lab"
	in_image "$e" --memory 64m -- --help
	like "$(cat "$scratch/out")" 'docker run --rm --memory' "$e, inside: --help"
	in_image "$e" --memory 64m -- list
	like "$(cat "$scratch/out")" '^memset-2g' "$e, inside: list"
	"$e" run --rm --memory 64m --read-only oomlab-it malloc-128m >"$scratch/out" 2>&1
	is $? 0 "$e, inside: runs without /reports"
	like "$(cat "$scratch/out")" '/reports is not there; docker run -v' "$e, inside: and says so"
	is "$(grep -c 'report\.md' "$scratch/out")" 0 "$e, inside: and sends nobody to files that are gone"
	"$e" run --rm --memory 64m oomlab-it doctor >"$scratch/out" 2>&1
	is "$? $(grep -c 'No scenario can run' "$scratch/out")" "0 0" "$e, inside: doctor, under a limit"
	"$e" run --rm oomlab-it doctor >"$scratch/out" 2>&1
	is "$? $(grep -c 'docker run --memory 512m gives this container the limit' "$scratch/out")" "1 1" \
		"$e, inside: doctor names the cure where there is none"
	"$e" run --rm --memory 64m oomlab-it nosuch >"$scratch/out" 2>&1
	is "$? $(grep -o "no scenario 'nosuch' in '[^']*'" "$scratch/out")" \
		"125 no scenario 'nosuch' in '/scenarios'" "$e, inside: a scenario that is not there"
}

entries() { find "$1" -mindepth 1 -maxdepth 1 | wc -l; }

# folder_of ENGINE OWNER: $inside, owned so; "none": as the engine makes it, where it does.
folder_of() {
	rm -rf "$inside"
	[ "$1 $2" != "docker none" ] || return 0
	mkdir -m 755 "$inside"
	[ "$2" = none ] || chown "$2" "$inside"
}

# No other option than the README's, whoever owns the folder, while nothing in there runs as root.
check_reports_folder() {
	local e=$1 owner
	is "$("$e" image inspect --format '{{.Config.User}}' oomlab-it)" 65532:65532 \
		"$e, inside: the image's user is not root"
	for owner in none 0 1000; do
		folder_of "$e" "$owner"
		in_image "$e" --memory 64m -- --quiet malloc-128m
		in_image "$e" --memory 512m --read-only -- --quiet memset-2g
		is "$? $(report "$inside" "$verdict") $(find "$inside"/*-1* -name report.json | wc -l)" \
			"0 pass oom_killed 2" "$e, inside: reports are kept, folder of uid $owner"
		is "$(stat -c %u "$inside"/*-1*/record.jsonl | sort -u)" 65532 \
			"$e, inside: written by the image's user, folder of uid $owner"
		is "$(stat -c %u "$inside" "$inside"/* | sort -u)" "$(stat -c %u "$inside")" \
			"$e, inside: the run's folder belongs to its parent's owner, uid $owner"
	done
	in_image "$e" --memory 64m --security-opt no-new-privileges -- --quiet malloc-128m
	is "$? $(entries "$inside")" "0 3" "$e, inside: no new privileges, no folder"
	like "$(cat "$scratch/out")" 'belongs to uid 1000 .* docker run --user 1000 keeps them' \
		"$e, inside: and says which user could"
	in_image "$e" --memory 64m --read-only --cap-drop ALL --cap-add SETUID -- --quiet malloc-128m
	is "$? $(entries "$inside")" "0 4" "$e, inside: as compose.yaml asks"
	folder_of "$e" 0:65532
	chmod 2775 "$inside"
	in_image "$e" --memory 64m --read-only --cap-drop ALL --security-opt no-new-privileges -- \
		--quiet malloc-128m
	is "$? $(report "$inside" .outcome)" "0 survived" "$e, inside: as job.yaml asks, with an fsGroup"
	folder_of "$e" 0
	in_image "$e" --memory 64m --cap-drop ALL -- --quiet malloc-128m
	is "$? $(report "$inside" .outcome)" "0 survived" "$e, inside: root's folder, no capability"
	check_door "$e"
}

# door ENGINE WORDS...: the setuid program alone.
door() {
	"$1" run --rm --user 4711:4712 -v "$inside:/reports" --entrypoint /reports-door oomlab-it \
		"${@:2}" >"$scratch/out" 2>&1
}

check_door() {
	local e=$1 name before status
	before=$(ls -A "$inside")
	for name in '' . .. ../x a/b /tmp/x -x .x latest 'a b' $'a\nb' "$(printf '%0201d' 0)"; do
		door "$e" make "$name"
		status=$?
		door "$e" latest "$name"
		is "$status $? $(ls -A "$inside")" "22 22 $before" \
			"$e, door: refuses ${#name} bytes: $(printf %.20q "$name")"
	done
	door "$e" make a b
	is "$?" 22 "$e, door: refuses more words"
	door "$e" remove x
	is "$?" 22 "$e, door: refuses another word"
	door "$e" make a-1
	is "$? $(stat -c '%u:%g %a' "$inside/a-1")" "0 0:4712 775" "$e, door: makes a folder"
	door "$e" make a-1
	is "$?" 17 "$e, door: a name that is taken is left alone"
	door "$e" latest a-1
	is "$? $(readlink "$inside/latest")" "0 a-1" "$e, door: points latest at it"
}

# The engine's own privileges show the kernel log: process numbers there are not the container's.
check_inside_kmsg() {
	local e=$1 status
	# The kernel prints ten OOM headers in 5 s and no more; other tests may have had theirs.
	for _ in 1 2 3; do
		in_image "$e" --memory 128m --device /dev/kmsg --cap-add SYSLOG --user 0 -- memset-2g
		status=$?
		[ "$(report "$inside" '.kills | length')" = 0 ] || break
		sleep 5
	done
	is "$status $(report "$inside" "$verdict")" "0 pass oom_killed" "$e, inside: with the kernel log"
	is "$(report "$inside" '.kills | length')" 1 "$e, inside: the kernel's account is the target's"
}

# What is killed with its lab leaves a record that is still judged, and truly.
check_inside_cut() {
	local e=$1 name=oomlab-it-cut
	rm -rf "$inside"; mkdir -m 777 "$inside"
	"$e" run -d --name "$name" --memory 64m -v "$inside:/reports" "${binds[@]}" oomlab-it \
		-- sleep 999 >/dev/null
	wait_until 200 grep -q '"ev":"gate"' "$inside"/sleep-*/record.jsonl
	"$e" kill "$name" >/dev/null
	"$e" rm -f "$name" >/dev/null
	"$oomlab" report "$inside"/sleep-* >"$scratch/out" 2>&1
	is "$? $(jq -r .outcome "$inside"/sleep-*/report.json)" "125 lab_error" \
		"$e, inside: a record without its end proves no OOM kill"
}

check_outside() {
	local e=$1 status
	from_host "$e" memset-2g
	status=$?
	# The kernel prints ten dumps in 5 s and no more; neighbours' kills may have had them.
	for _ in 1 2 3 4 5 6; do
		[ "$(report "$outside" '.kills[0].invoker_comm')" = null ] || break
		read -rt 5 -u "$engine_never" || true
		from_host "$e" memset-2g
		status=$?
	done
	is "$status $(report "$outside" "$verdict")" "0 pass oom_killed" "$e, outside: memset-2g"
	is "$(report "$outside" '.run.backend + " " + .run.engine.name + " " + .run.engine.image')" \
		"$e $e oomlab-empty" "$e, outside: says the engine and the image"
	is "$(report "$outside" '.run.engine.agrees == (.run.engine.oom_killed == true)')" true \
		"$e, outside: says whether the engine agrees"
	is "$(report "$outside" '.run.signal')" 9 "$e, outside: the signal, not the engine's 137"
	is "$(report "$outside" '.kills[0].victim_pid == .run.pid')" true \
		"$e, outside: the kernel's victim is the container's first process"
	like "$(report "$outside" '.arenas[0].clear_site.file // .arenas[0].clear_site')" 'arena.c' \
		"$e, outside: the line that touched the memory"
	is "$(report "$outside" '.arenas[0] | "\(.pid) \(.name)"')" \
		"$(report "$outside" '.run.pid') game memory" \
		"$e, outside: the arena is the process's, whatever number it has inside"
	like "$(report "$outside" '.explanation[].text')" 'into the arena "game memory"' \
		"$e, outside: how far the kernel saw it come"
	from_host "$e" lazy-zero-2g
	is "$? $(report "$outside" "$verdict")" "0 pass survived" "$e, outside: lazy-zero-2g"
	from_host "$e" memset-128m
	is "$? $(report "$outside" '.checks | map(select(.ok)) | length')" "0 6" \
		"$e, outside: checkpoints pass the gate of a container"
	from_host "$e" --image oomlab-test --memory 64M "${options[@]}" -- sh -c \
		'python3 -c "x = bytearray(200 << 20)"; exit 3'
	is "$? $(report "$outside" .outcome)" "3 child_oom_killed" "$e, outside: a child is killed"
	# shellcheck disable=SC2016 # expanded in the container
	from_host "$e" --image oomlab-test --memory 64M "${options[@]}" -- sh -c 'echo "<$1>"' x 'a b'
	is "$? $(cat "$scratch/out")" "0 <a b>" "$e, outside: words and output pass unchanged"
	from_host "$e" --image oomlab-test --memory 64M "${options[@]}" -- sh -c 'echo "$#"' x $(seq 4000)
	is "$? $(cat "$scratch/out")" "0 4000" "$e, outside: and many of them"
	from_host "$e" --image oomlab-test --memory 64M "${options[@]}" -- true $(seq 20000)
	is "$? $(wc -l <"$scratch/out")" "125 1" "$e, outside: too many are refused in one line"
	"$oomlab" run --quiet "$patience" --reports="$outside" --backend="$e" --image oomlab-test --memory 64M \
		"${options[@]}" -- sh -c 'seq 20000; seq 30000 >&2; exit 4' >"$scratch/1" 2>"$scratch/2"
	is "$? $(cksum <"$scratch/1") $(cksum <"$scratch/2")" \
		"4 $(seq 20000 | cksum) $(seq 30000 | cksum)" "$e, outside: both outputs, whole and apart"
	from_host "$e" --image oomlab-it --memory 512M --expect failed
	is $? 1 "$e, outside: an image's own command runs"
	from_host "$e" --image oomlab-test --memory 64M -- no-such-command
	is $? 127 "$e, outside: a command that is not in the image"
	like "$(cat "$scratch/out")" "'no-such-command' not found" "$e, outside: and it says so"
	from_host "$e" --image oomlab-no-such-image --memory 64M -- true
	is $? 125 "$e, outside: no such image"
	like "$(cat "$scratch/out")" 'oomlab-no-such-image' "$e, outside: and which"
	from_host "$e" --memory 64M --timeout 500ms --image oomlab-test "${options[@]}" -- sleep 99
	is "$? $(report "$outside" .outcome)" "137 timed_out" "$e, outside: the watchdog"
	from_host "$e" "--container-option=--read-only" "--container-option=--cap-drop=ALL" \
		"--container-option=--user=4711" memset-2g
	is "$? $(report "$outside" "$verdict")" "0 pass oom_killed" \
		"$e, outside: read-only, no capability, any user"
}

# begin_stranger UID: in a cgroup of its own, which is all that a mistake could kill.
begin_stranger() {
	rm -f "$scratch/over"
	: >"$scratch/stranger-said"
	chmod 755 "$scratch"
	cp "$build/tests/helpers/knock" "$scratch"
	"$oomlab" run --quiet "$patience" --backend=cgroup --memory=64M --no-touch-profile \
		--reports="$scratch/stranger" -- setpriv --reuid="$1" --regid="$1" --clear-groups \
		"$scratch/knock" "$scratch" >>"$scratch/stranger-said" 2>&1 &
	stranger_pid=$!
	wait_until 60 grep -q ready "$scratch/stranger-said"
}

end_stranger() {
	: >"$scratch/over"
	wait "$stranger_pid"
	chmod 700 "$scratch"
}

check_stranger() {
	local e=$1 turned='did not come from the container and (was|were) turned away; the last: process'
	need "$e, outside: a stranger at the gate" root cgroup setpriv || return 0
	begin_stranger 4711
	from_host "$e" --image oomlab-test --memory 64M "${options[@]}" -- echo up
	is "$? $(cat "$scratch/out") $(report "$outside" .outcome)" "0 up survived" \
		"$e, outside: another user at the gate"
	unlike "$(report "$outside" '.quality.notes[]')" 'turned away' "$e, outside: does not get there"
	end_stranger
	is "$(tail -n 1 "$scratch/stranger-said")" 'kept out, given 0' "$e, outside: and gets nothing"
	begin_stranger 0
	from_host "$e" --image oomlab-test --memory 64M "${options[@]}" -- echo up
	is "$? $(cat "$scratch/out") $(report "$outside" .outcome)" "0 up survived" \
		"$e, outside: root, first at the gate and silent"
	like "$(report "$outside" '.quality.notes[]')" "$turned" "$e, outside: is turned away, and that is said"
	from_host "$e" --image oomlab-test --memory 64M --timeout 500ms "${options[@]}" -- sleep 99
	is "$? $(report "$outside" .outcome)" "137 timed_out" "$e, outside: and the container ends in time"
	end_stranger
	is "$(tail -n 1 "$scratch/stranger-said")" 'connected, given 0' \
		"$e, outside: but not the stranger, who gets nothing"
}

# Options of the engine that could take the run out of the lab's hands, and some that look so.
check_options() {
	local e=$1 option
	for option in --name=oomlab-mine --rm --restart=always --restart=on-failure:2 --memory=64m \
		-m64m --memory-swap=-1 --entrypoint=/x --pull=always --cidfile=/x -d -it \
		--attach=stdin --help; do
		from_host "$e" "--container-option=$option" memset-2g
		is "$? $(wc -l <"$scratch/out")" "125 1" "$e, outside: $option is refused in one line"
	done
	from_host "$e" --container-option=--no-such-option memset-2g
	is "$? $(cat "$scratch/out")" "125 oomlab: $e run: unknown flag: --no-such-option" \
		"$e, outside: what the engine refuses is said in its words"
	from_host "$e" --container-option=--workdir=/dev/null/x memset-2g
	is "$? $(wc -l <"$scratch/out")" "125 1" "$e, outside: what cannot be started, in one line, too"
	from_host "$e" --container-option=--env memset-2g
	like "$? $(cat "$scratch/out")" '^125 .*needs its value in the same word' \
		"$e, outside: an option without its value"
	for option in --pid=host --cgroup-parent=/oomlab-it --cgroupns=host -t --restart=no; do
		from_host "$e" "--container-option=$option" --memory 128M memset-2g
		is "$(report "$outside" '.outcome + " " + .scope')" "oom_killed own" \
			"$e, outside: $option works"
	done
	find /sys/fs/cgroup -depth -path '*/oomlab-it*' -type d -exec rmdir {} \;
	from_host "$e" --timeout 1s --container-option=--oom-kill-disable --memory 128M memset-2g
	is "$(report "$outside" .outcome)" timed_out "$e, outside: no OOM killer, the watchdog ends it"
	like "$(report "$outside" '.quality.notes[]')" 'OOM killer is disabled' \
		"$e, outside: and the report says why"
}

# Lines of an image's own program, at a path where this host has another one.
check_lines() {
	local e=$1
	mkdir -p "$scratch/lines/usr/bin"
	cp "$build/scenarios/memset-2g" "$scratch/lines/usr/bin/true"
	tar -C "$scratch/lines" -c . | "$e" import - oomlab-lines >/dev/null 2>&1
	from_host "$e" --image oomlab-lines --memory 128M -- /usr/bin/true --no-lab
	is "$? $(report "$outside" '.touches[0] | .function + " " + (.file | sub(".*/"; ""))')" \
		"137 clear_eagerly arena.c" "$e, outside: lines of the image's own program"
	# On a machine whose processors are all busy samples are lost, and that is told.
	is "$(report "$outside" '.touches[0].bytes > 120000000 or (.quality.lost.samples // 0) > 0')" true \
		"$e, outside: and the bytes they touched"
	from_host "$e" --image oomlab-lines --memory 128M --no-touch-profile -- /usr/bin/true --no-lab
	is "$? $(report "$outside" '[.touches[]? | .function, .file | values] | length')" "137 0" \
		"$e, outside: without them nothing is said of another file's lines"
}

# A name that is taken, by a container that is not the lab's: it is left alone.
check_conflict() {
	local e=$1 pid name
	"$e" create --name oomlab-it-other --entrypoint=/oomlab oomlab-it --help >/dev/null
	from_host "$e" "--container-option=--name=oomlab-it-other" memset-2g
	is "$? $("$e" ps -aq | wc -l)" "125 1" "$e, outside: another's name, another's container"
	"$e" rm -f oomlab-it-other >/dev/null
	# The lab's own name, foreseen: this shell becomes the lab, so its number and start are known.
	(
		pid=$BASHPID
		name=oomlab-$pid-$(cut -d' ' -f22 "/proc/$pid/stat")-1
		"$e" create --name "$name" --entrypoint=/oomlab oomlab-it --help >/dev/null
		exec "$oomlab" run --quiet --reports="$outside" --backend="$e" memset-2g
	) >"$scratch/out" 2>&1
	is "$? $(wc -l <"$scratch/out") $("$e" ps -aq | wc -l)" "125 1 1" \
		"$e, outside: a conflict of names is one line, and what is there stays"
	like "$(cat "$scratch/out")" 'already in use' "$e, outside: and is called so"
	"$e" rm -f "$("$e" ps -aq)" >/dev/null
}

# start_sleeper ENGINE: a run in the background whose target has begun; $run_pid, $container.
start_sleeper() {
	local e=$1
	rm -rf "$outside" "$scratch/out"
	from_host "$e" --image oomlab-test --memory 64M --timeout 60 "${options[@]}" -- \
		sh -c 'echo up; while :; do sleep 0.1; done' &
	run_pid=$!
	wait_until 300 grep -q up "$scratch/out"
	container=$("$e" ps --format '{{.Names}}' | grep '^oomlab-')
}

finish_sleeper() {
	wait "$run_pid"
	status=$?
}

# launcher: of the run. What closes the tracepoints of the run before has the same command line.
launcher() {
	local pid
	for pid in $(pgrep -f -- "--reports=$outside"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = closing ] || { echo "$pid" && return; }
	done
	return 1
}

# stop_at ENGINE MS: ^C while the container is being made, started or brought to the gate.
stop_at() {
	rm -rf "$outside"
	from_host "$1" --image oomlab-test --memory 64M --timeout 60 "${options[@]}" -- sleep 60 &
	run_pid=$!
	wait_until 300 launcher
	read -rt "$(printf '0.%03d' "$2")" -u "$engine_never" || true
	kill -INT "$(launcher)"
	finish_sleeper
}

check_stopped_early() {
	local e=$1 ms
	for ms in 20 60 120 180 250; do
		stop_at "$e" "$ms"
		is "$status $("$e" ps -aq | wc -l) $(report "$outside" .outcome)" "130 0 signalled" \
			"$e, outside: ^C $ms ms after the start leaves nothing"
	done
}

# The kernel prints ten dumps in 5 s and no more: the next kill has its line alone.
use_up_dumps() {
	for _ in {1..11}; do
		"$oomlab" run --quiet "$patience" --no-touch-profile --backend=cgroup --memory=8M \
			--reports="$scratch/others" -- python3 -c 'x = bytearray(50 << 20)' >/dev/null 2>&1
	done
}

check_disturbed() {
	local e=$1
	start_sleeper "$e"
	kill -INT "$(launcher)"
	finish_sleeper
	is "$status" 130 "$e, outside: ^C"
	start_sleeper "$e"
	"$e" rm -f "$container" >/dev/null 2>&1
	finish_sleeper
	is "$status $(report "$outside" .outcome)" "137 signalled" \
		"$e, outside: removed under the lab, which is no OOM kill"
	start_sleeper "$e"
	use_up_dumps
	"$e" exec "$container" python3 -c 'x = bytearray(200 << 20)' >/dev/null 2>&1
	is $? 137 "$e, outside: what was exec'd into the container is killed"
	"$e" exec "$container" sh -c 'kill -TERM 1; kill -KILL -1' >/dev/null 2>&1
	"$e" stop -t 0 "$container" >/dev/null 2>&1
	finish_sleeper
	is "$(report "$outside" '.events.oom_kill')" 1 "$e, outside: and counted"
	# Where neighbours were killed without a dump, too, it may not be known whose line is whose.
	like "$(report "$outside" '.kills[0].victim_comm, .quality.kills_unknown' | tr '\n' ' ')" \
		'^(python3 0|null [1-9][0-9]*) $' "$e, outside: and named, or not known which of several it was"
	is "$(report "$outside" '.outcome')" child_oom_killed "$e, outside: not the container's own end"
	like "$(report "$outside" '.explanation[0].text')" 'killed a process in its cgroup(,|: python3)' \
		"$e, outside: which the program had not started"
}

# A policy set behind the lab's back: the engine starts again what was killed, and that is no word
# about the life that was watched.
check_restarted() {
	local e=$1
	"$e" update --help 2>&1 | grep -q -- --restart || return 0
	start_sleeper "$e"
	"$e" update --restart=always "$container" >/dev/null
	kill -KILL "$("$e" inspect --format '{{.State.Pid}}' "$container")"
	finish_sleeper
	is "$status $(report "$outside" .outcome)" "137 signalled" \
		"$e, outside: restarted by the engine, the first death is told"
	like "$(report "$outside" '.quality.notes[]')" 'started the container again' \
		"$e, outside: and the restart is said"
}

# A launcher that is killed cannot remove its container; its guardian does, or else doctor.
check_killed() {
	local e=$1 launcher guardian
	start_sleeper "$e"
	launcher=$(launcher)
	guardian=$(pgrep -P "$launcher" -x guardian)
	kill -KILL "$launcher"
	finish_sleeper
	tail --pid="$guardian" -f /dev/null
	is "$("$e" ps --all --quiet --filter name="$container") $(ls -d "$scratch"/oomlab-gate-* 2>/dev/null)" \
		' ' "$e, outside: a launcher that is killed leaves no container and no gate"
	is "$(sed -n 's/.*"ev":"guardian".*"left":\([0-9]*\).*/\1/p' "$outside"/oomlab-test-*/record.jsonl "$outside"/sh-*/record.jsonl 2>/dev/null)" \
		0 "$e, outside: and its guardian says so"
	start_sleeper "$e"
	launcher=$(launcher)
	kill -KILL "$(pgrep -P "$launcher" -x guardian)" "$launcher"
	finish_sleeper
	like "$("$oomlab" doctor)" '^LEFT containers +1 ' "$e, outside: doctor finds what was left"
	like "$("$oomlab" doctor --restore)" '^done containers +1 removed' "$e, outside: and removes it"
	rm -rf "$scratch"/oomlab-gate-*
}

# The daemon goes while a container runs: the kernel's word is enough, and the run ends.
check_daemon_gone() {
	start_sleeper docker
	kill "${engine_pids[0]}"
	wait "${engine_pids[0]}" 2>/dev/null
	engine_pids=("${engine_pids[@]:1}")
	finish_sleeper
	like "$status $(report "$outside" .outcome)" '^(137|143) signalled$' \
		"docker, outside: the daemon stops under the lab"
	like "$(report "$outside" '.quality.notes[]')" 'could not be asked' \
		"docker, outside: and is missed"
}

nothing_left() {
	is "$("$1" ps -aq)" '' "$1: no container left"
	is "$(strays_of "--reports=$outside")" '' "$1: no process left"
	is "$(find "$scratch" -maxdepth 1 -name 'oomlab-gate-*')" '' "$1: no gate left"
}

check_engine() {
	local e=$1
	if ! "start_$e"; then
		skip "$e: image and host" "$engine_reason"
		return
	fi
	"$e" build -q -f "$top/containers/Containerfile" -t oomlab-it "$build/image" \
		>"$scratch/log" 2>&1
	ok $? "$e: the image is built" "$(cat "$scratch/log")"
	shell_image "$e"
	folder_of "$e" none
	check_inside "$e"
	check_reports_folder "$e"
	check_inside_kmsg "$e"
	check_inside_cut "$e"
	check_outside "$e"
	check_stranger "$e"
	check_options "$e"
	check_lines "$e"
	check_conflict "$e"
	check_stopped_early "$e"
	check_disturbed "$e"
	check_restarted "$e"
	check_killed "$e"
	nothing_left "$e"
}

build=$(dirname "$oomlab")
make -s -C "$top" BUILD="$build" image-files >"$scratch/log" 2>&1
ok $? "the image's files" "$(cat "$scratch/log")"
size=$(du -sk "$build/image" | cut -f1)
[ "$size" -lt 12288 ]
ok $? "the image is small: $size KiB"
for engine in ${ENGINES:-podman docker}; do
	check_engine "$engine"
done
[ ${#engine_pids[@]} = 0 ] || check_daemon_gone
done_testing
