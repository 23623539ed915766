# shellcheck shell=bash
# engine_v2.sh - one engine on cgroup v2, from inside and from outside; source after engines.sh.
# shellcheck disable=SC2154 # of tap.sh and engines.sh
inside=$scratch/inside
outside=$scratch/outside
verdict='.verdict + " " + .outcome + " " + .scope + " v" + (.run.cgroup_version | tostring)'

# in_image ENGINE LIMIT OPTIONS... -- WORDS...: the image's own lab.
in_image() {
	local engine=$1 limits=(--memory "$2" --memory-swap "$2") run=()
	shift 2
	while [ "$1" != -- ]; do
		run+=("$1")
		shift
	done
	shift
	"$engine" run --rm --network none "${limits[@]}" -v "$inside:/reports" "${run[@]}" oomlab-it "$@" \
		>"$scratch/out" 2>&1
}

from_host() {
	"$oomlab" run --quiet "$patience" --reports="$outside" --backend="$1" --container-option=--network=none \
		"${@:2}" >"$scratch/out" 2>&1
}

# The engine's client did not answer a question in time, as in a guest that is emulated beside other
# tests: "'docker inspect' did not end within 1 min 0 s". A container that does not come to the gate
# may be the lab's own fault.
is_late() {
	[ "$1" = 125 ] && grep -qE "'(docker|podman) [a-z]+' did not end within" "$scratch/out"
}

# from_host_seen ARGS...: the same; where the engine took the cgroup away before all of its counters
# were read, as a rootless one may, the report has to say less, and where it was late there is none:
# the run is made again. What else makes the lab fail is a failure.
from_host_seen() {
	local status try
	for try in 1 2 3; do
		from_host "$@"
		status=$?
		is_late $status || {
			[ $status != 125 ] &&
				[ "$(report "$outside" '.scope == "unknown" or .events.oom_kill == null')" = true ]
		} || break
		echo "# try $try: status $status, $(report "$outside" "$verdict"), $(tail -n 1 "$scratch/out")"
	done
	return $status
}

# whose_limit TITLE: a rootless run without the kernel log has it from memory.events.local alone, which
# systemd may take away first; then the report must not know it.
whose_limit() {
	case $1 in
	rootless*) report "$outside" 'if .events_local.oom == null then "unknown" else "own" end' ;;
	*) echo own ;;
	esac
}

# Called once for each engine; the folder of reports is one that the engine's user owns.
make_images() {
	"$1" build -q -f "$top/containers/Containerfile" -t oomlab-it "$(dirname "$oomlab")/image" \
		>"$scratch/log" 2>&1
	ok $? "$2: the image is built" "$(cat "$scratch/log")"
	shell_image "$1"
	mkdir -p "$inside" "$scratch/lines/usr/bin"
	cp "$(dirname "$oomlab")/scenarios/memset-2g" "$scratch/lines/usr/bin/true"
	tar -C "$scratch/lines" -c . | "$1" import - oomlab-lines >/dev/null 2>&1
}

# gives FOUND EXPECTED NAME: what the last command said stands beside what it should have led to.
gives() {
	[ "$1" = "$2" ]
	ok $? "$3" "found '$1', expected '$2': $(tail -n 3 "$scratch/out")"
}

# premortem ENGINE TITLE: the look just before the limit, into a container from outside; the last
# run was memset-2g.
premortem() {
	local e=$1 title=$2 with without look
	look='[.premortem.taken, .premortem.frozen, .premortem.threads[0].line > 0, .premortem.mappings[0].arena]'
	gives "$(report "$outside" "$look | @json")" '[true,true,true,"game memory"]' \
		"$title, outside: a look just before the limit"
	with=$(report "$outside" "$victim")
	from_host_seen "$e" --memory=128M --premortem=off memset-2g
	without=$(report "$outside" "$victim")
	gives "$without $(report "$outside" '.premortem == null')" "$with true" \
		"$title, outside: the same without it"
	from_host_seen "$e" --image oomlab-lines --memory=128M -- /usr/bin/true --no-lab
	gives "$? $(report "$outside" '.premortem.threads[0] | .function + " " + (.file // "" | sub(".*/"; ""))')" \
		"137 $(report "$outside" '.touches[0].function // .premortem.threads[0].function') arena.c" \
		"$title, outside: lines of the image's own program, before the limit"
}

victim='[.outcome, (.kills[0].victim_comm // "unknown"), .events.oom_kill] | @json'
hog='python3 -c "x = bytearray(200 << 20)"; exit 3'

# image_and_host ENGINE TITLE [look]: a kill, a survival, a child's kill; and the look before one.
image_and_host() {
	local e=$1 title=$2
	in_image "$e" 128m -- --quiet memset-2g
	gives "$? $(report "$inside" "$verdict")" "0 pass oom_killed own v2" "$title, inside: memset-2g"
	in_image "$e" 128m -- --quiet lazy-zero-2g
	gives "$? $(report "$inside" "$verdict")" "0 pass survived none v2" "$title, inside: lazy-zero-2g"
	in_image "$e" 64m "${binds[@]}" -- --quiet -- sh -c "$hog"
	gives "$? $(report "$inside" '.outcome + " " + .scope')" "3 child_oom_killed own" \
		"$title, inside: a child is killed"
	from_host_seen "$e" --memory=128M memset-2g
	gives "$(report "$outside" "$verdict")" \
		"$(report "$outside" .verdict) oom_killed $(whose_limit "$title") v2" \
		"$title, outside: memset-2g"
	is "$(report "$outside" '.spec.memory_max == .memory.max and .memory.max == 134217728')" true \
		"$title, outside: the limit in force is the one that was asked for"
	is "$(report "$outside" '.events.oom_kill')" 1 \
		"$title, outside: memory.events before the engine removes it"
	is "$(report "$outside" '.run.engine.agrees == (.run.engine.oom_killed == true)')" true \
		"$title, outside: whether the engine agrees"
	[ -z "${3-}" ] || premortem "$e" "$title"
	from_host_seen "$e" lazy-zero-2g
	gives "$? $(report "$outside" "$verdict")" "0 pass survived none v2" "$title, outside: lazy-zero-2g"
	from_host_seen "$e" --image oomlab-test --memory 64M "${options[@]}" -- sh -c "$hog"
	gives "$? $(report "$outside" '.outcome + " " + .scope')" \
		"3 child_oom_killed $(whose_limit "$title")" \
		"$title, outside: a child is killed"
	is "$("$e" ps -aq)" '' "$title: no container left"
}
