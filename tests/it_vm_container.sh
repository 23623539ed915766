#!/bin/bash
# Engines on cgroup v2: dockerd and podman run in the VM, on the host's file system, and the lab
# beside them; cgroups by cgroupfs. tests/it_vm_systemd.sh has the other driver.
# Called by itself with "guest" in there; its TAP is the script's.
if [ "${1-}" = guest ]; then
	tree=$(cd "$(dirname "$0")/.." && pwd)
	exec 9<"$tree"
	for dir in /tmp /run /var/lib /var/cache /var/tmp; do
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
# shellcheck source=tests/engine_v2.sh
. "$(dirname "$0")/engine_v2.sh"
build=$(dirname "$oomlab")

if [ "${1-}" != guest ]; then
	need_all share
	if lacks docker dockerd && lacks podman; then skip_all 'no docker and no podman here'; fi
	make -s -C "$top" BUILD="$build" image-files >/dev/null || exit 1
	BUILD=$build "$oomlab" run --quiet --backend=vm --share-host \
		--guest-ram=3G --timeout=20m --no-touch-profile --reports="$scratch/reports" \
		-- bash "$(realpath "$0")" guest
	exit
fi

trap 'stop_engines; rm -rf "$scratch"' EXIT
PATH=$engine_bin:$PATH

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
	"$oomlab" report --full "$inside"/python3-* >"$scratch/out" 2>&1
	is $? 125 "group kill: the record is judged, and not as more than it says"
	like "$(tr '\n' ' ' <"$scratch/out" | tr -s ' ')" 'would have ended it in just this way' \
		"group kill: the report says what it looks like"
	docker rm -f "$id" >/dev/null
}

check_docker() {
	local told
	need "docker on cgroup v2" docker dockerd || return 0
	if ! start_docker cgroupfs; then
		ok 1 "docker starts on cgroup v2" "$engine_reason"
		return
	fi
	is "$(docker info --format '{{.CgroupVersion}} {{.CgroupDriver}}')" "2 cgroupfs" \
		"docker is on cgroup v2"
	make_images docker docker
	image_and_host docker docker look
	: >"$scratch/go"
	group_kill
	# Of a kill without its account, which is printed ten times in 5 s, nothing has the id.
	for _ in 1 2 3; do
		in_image docker 128m --device /dev/kmsg --cap-add SYSLOG --user 0 -- --quiet memset-2g
		told="$? $(report "$inside" "$verdict") $(report "$inside" '.kills | length')"
		[ "$(report "$inside" .quality.kills_unknown)" != 0 ] || break
		sleep 6
	done
	is "$told" "0 pass oom_killed own v2 1" "docker, inside: the kernel's account is found by the id"
	from_host docker --memory=128M memset-2g
	is "$(report "$outside" '.kills[0].victim_pid == .run.pid')" true \
		"docker, outside: the kernel's victim"
}

# The first runtime that is here makes the images.
check_podman() {
	need "podman with $1 on cgroup v2" podman "$1" || return 0
	if ! start_podman "$1"; then
		ok 1 "podman starts with $1" "$engine_reason"
		return
	fi
	is "$(podman info --format '{{.Host.CgroupsVersion}} {{.Host.CgroupManager}} {{.Host.OCIRuntime.Name}}')" \
		"v2 cgroupfs $1" "podman is on cgroup v2 with $1"
	[ -n "${made-}" ] || make_images podman "podman"
	made=yes
	image_and_host podman "podman with $1" "$([ "$1" = runc ] || echo look)"
}

check_docker
check_podman crun
check_podman runc
done_testing
