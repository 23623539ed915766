#!/bin/bash
# Docker on cgroup v2: dockerd runs in the VM, on the host's file system, and the lab beside it.
# Called by itself with "guest" in there; its TAP is the script's.
if [ "${1-}" = guest ]; then
	tree=$(cd "$(dirname "$0")/.." && pwd)
	exec 9<"$tree"
	for dir in /tmp /run /var/lib; do
		mount -t tmpfs guest "$dir" || exit 1
	done
	# Where the tree lay below one of them, it is shown there again.
	if [ ! -e "$0" ]; then
		mkdir -p "$tree" && mount -c --bind /proc/self/fd/9 "$tree" || exit 1
	fi
	exec 9<&-
	export TMPDIR=/tmp
fi
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
build=$(dirname "$oomlab")

if [ "${1-}" != guest ]; then
	if ! command -v dockerd >/dev/null; then
		skip "docker on cgroup v2" "no dockerd"
		done_testing
	fi
	make -s -C "$top" BUILD="$build" image-files >/dev/null || exit 1
	BUILD=$build "$oomlab" run --quiet --backend=vm --share-host \
		--guest-ram=3G --timeout=5m --no-touch-profile --reports="$scratch/reports" \
		-- bash "$(realpath "$0")" guest
	exit
fi

trap 'stop_engines; rm -rf "$scratch"' EXIT
PATH=$engine_bin:$PATH
inside=$scratch/inside
outside=$scratch/outside
verdict='.verdict + " " + .outcome + " " + .scope + " v" + (.run.cgroup_version | tostring)'

in_image() {
	docker run --rm --memory "$1" --memory-swap "$1" -v "$inside:/reports" oomlab-it "${@:2}" \
		>"$scratch/out" 2>&1
}

# memory.oom.group, which Kubernetes sets: all of the container dies with the target.
group_kill() {
	local id cgroup
	id=$(docker create --memory 64m --memory-swap 64m -v "$inside:/reports" \
		-v "$scratch/go:/go:ro" -v /usr:/usr:ro -v /usr/bin:/bin:ro -v /usr/lib:/lib:ro \
		-v /usr/lib64:/lib64:ro --entrypoint sh oomlab-it -c \
		'until [ -s /go ]; do sleep 0.1; done
		exec /oomlab entry -- python3 -c "x = bytearray(200 << 20)"')
	docker start "$id" >/dev/null
	cgroup=$(find /sys/fs/cgroup -type d -name "*$id*" | head -n 1)
	echo 1 >"$cgroup/memory.oom.group"
	echo go >"$scratch/go"
	is "$(docker wait "$id")" 137 "group kill: the container ends with the lab in it"
	"$oomlab" report "$inside"/python3-* >"$scratch/out" 2>&1
	is $? 125 "group kill: the record is judged, and not as more than it says"
	like "$(cat "$scratch/out")" 'would have ended it in just this way' \
		"group kill: the report says what it looks like"
	docker rm -f "$id" >/dev/null
}

if ! start_docker; then
	ok 1 "dockerd starts on cgroup v2" "$engine_reason"
	done_testing
fi
is "$(docker info --format '{{.CgroupVersion}}')" 2 "the engine is on cgroup v2"
docker build -q -f "$top/containers/Containerfile" -t oomlab-it "$build/image" >/dev/null 2>&1
ok $? "the image is built"
mkdir -m 777 "$inside"
: >"$scratch/go"

in_image 128m memset-2g
is "$? $(report "$inside" "$verdict")" "0 pass oom_killed own v2" "inside: memset-2g"
is "$(report "$inside" '.events.oom >= 1')" true "inside: memory.events is its own"
in_image 128m --quiet lazy-zero-2g
is "$? $(report "$inside" "$verdict")" "0 pass survived none v2" "inside: lazy-zero-2g"
group_kill
docker run --rm --memory 128m --memory-swap 128m -v "$inside:/reports" --device /dev/kmsg \
	--cap-add SYSLOG --user 0 oomlab-it --quiet memset-2g >"$scratch/out" 2>&1
is "$? $(report "$inside" "$verdict") $(report "$inside" '.kills | length')" \
	"0 pass oom_killed own v2 1" "inside: the kernel's account is found by the container's id"

"$oomlab" run --quiet --reports="$outside" --backend=docker --memory=128M memset-2g
is "$(report "$outside" "$verdict")" "$(report "$outside" .verdict) oom_killed own v2" \
	"outside: memset-2g"
is "$(report "$outside" '.events.oom_kill')" 1 "outside: memory.events before the engine removes it"
is "$(report "$outside" '.kills[0].victim_pid == .run.pid')" true "outside: the kernel's victim"
is "$(report "$outside" '.run.engine.agrees')" true "outside: the engine agrees"
"$oomlab" run --quiet --reports="$outside" --backend=docker lazy-zero-2g
is "$? $(report "$outside" "$verdict")" "0 pass survived none v2" "outside: lazy-zero-2g"
is "$(docker ps -aq)" '' "no container left"
done_testing
