# shellcheck shell=bash
# engines.sh - container engines for tests, started by hand and stopped again; source after tap.sh.
#
# start_docker and start_podman leave $engine_bin (a folder for PATH) with a docker or podman that
# talks to an engine of this test alone, all of whose state stands below $scratch; they fail with
# the reason in $engine_reason. stop_engines ends what was started, and is to be called at the end.
# shell_image makes oomlab-test, which runs this host's own programs when ${binds[@]} are given.
# shellcheck disable=SC2154 # of tap.sh
engine_bin=$scratch/bin
# shellcheck disable=SC2034 # used by those who source this
engine_reason=
engine_pids=()
mkdir -p "$engine_bin"
mkfifo "$scratch/never"
exec {engine_never}<>"$scratch/never"

# wait_until SECONDS COMMAND...: polls, ever more slowly.
wait_until() {
	local end=$((SECONDS + $1)) pause=0.02
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -rt "$pause" -u "$engine_never" || true
		pause=0.1
	done
}

# An image with a shell: the host's own programs, bound read-only into an empty one.
shell_image() {
	mkdir -p "$scratch/empty/tmp" "$scratch/empty/bin"
	tar -C "$scratch/empty" -c . | "$1" import - oomlab-test >/dev/null 2>&1
}
binds=()
for dir in usr bin lib lib64; do
	binds+=(--volume="$(realpath "/$dir"):/$dir:ro")
done
# shellcheck disable=SC2034 # used by those who source this
options=("${binds[@]/#/--container-option=}")

# start_docker [DRIVER]: of cgroups, cgroupfs or systemd.
start_docker() {
	local dir=$scratch/docker client
	client=$(PATH=${PATH/"$engine_bin:"/} command -v docker) || { engine_reason='no docker client'; return 1; }
	command -v dockerd >/dev/null || { engine_reason='no dockerd'; return 1; }
	[ "$(id -u)" = 0 ] || { engine_reason='dockerd needs root'; return 1; }
	mkdir -p "$dir"
	printf '#!/bin/sh\nDOCKER_HOST=unix://%s/docker.sock exec %s "$@"\n' "$dir" "$client" \
		>"$engine_bin/docker"
	chmod +x "$engine_bin/docker"
	launch_dockerd "$dir" "${1:-cgroupfs}"
	wait_until 200 docker_is_settled
	# It gives a containerd of its own 15 s, which is little in a guest that is emulated.
	if grep -q 'timeout waiting for containerd' "$dir/log"; then
		start_containerd "$dir"
		launch_dockerd "$dir" "${1:-cgroupfs}" "--containerd=$dir/containerd.sock"
		wait_until 200 docker_is_settled
	fi
	"$engine_bin/docker" info >/dev/null 2>&1 && return
	engine_reason="dockerd does not answer: $(tail -n 1 "$dir/log")"
	return 1
}

# launch_dockerd FOLDER DRIVER OPTIONS...: it is the first of $engine_pids.
launch_dockerd() {
	local dir=$1 driver=$2
	shift 2
	dockerd --data-root "$dir/root" --exec-root "$dir/exec" --pidfile "$dir/pid" \
		--host "unix://$dir/docker.sock" --bridge none --iptables=false "$@" \
		--exec-opt "native.cgroupdriver=$driver" >"$dir/log" 2>&1 </dev/null &
	engine_pids=($! "${engine_pids[@]}")
}

start_containerd() {
	cat >"$1/containerd.toml" <<-END
		version = 2
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		root = "$1/containerd"
		state = "$1/containerd-state"
		[grpc]
		address = "$1/containerd.sock"
	END
	containerd --config "$1/containerd.toml" >"$1/containerd.log" 2>&1 </dev/null &
	engine_pids=($!)
	wait_until 120 test -S "$1/containerd.sock"
}

docker_is_settled() {
	"$engine_bin/docker" info || ! kill -0 "${engine_pids[0]}"
}

# start_podman [RUNTIME [MANAGER]]: runc, because crun refuses hybrid cgroups; of cgroups, cgroupfs
# or systemd. Limits of its own, because not every root may raise them. A second call changes both.
start_podman() {
	local dir=$scratch/podman runtime=${1:-runc} program
	program=$(PATH=${PATH/"$engine_bin:"/} command -v podman) || { engine_reason='no podman'; return 1; }
	command -v "$runtime" >/dev/null || { engine_reason="no $runtime"; return 1; }
	mkdir -p "$dir"
	cat >"$dir/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		netns = "none"
		[engine]
		cgroup_manager = "${2:-cgroupfs}"
		events_logger = "file"
	END
	cat >"$engine_bin/podman" <<-END
		#!/bin/sh
		CONTAINERS_CONF=$dir/containers.conf exec $program --root "$dir/root" \\
			--runroot "$dir/run" --tmpdir "$dir/tmp" --runtime $runtime \\
			--storage-driver vfs "\$@"
	END
	chmod +x "$engine_bin/podman"
	# shellcheck disable=SC2034 # used by those who source this
	engine_reason=$("$engine_bin/podman" info 2>&1 >/dev/null | head -n 1)
	"$engine_bin/podman" info >/dev/null 2>&1 || return
	# A user's limits hold where memory is delegated to that user.
	[ "$(id -u)" != 0 ] || return 0
	# shellcheck disable=SC2034 # used by those who source this
	engine_reason='no memory cgroup for podman of this user'
	"$engine_bin/podman" info --format '{{.Host.CgroupControllers}}' | grep -qw memory
}

# dockerd takes its containerd and its shims with it; its mounts stay, and would keep $scratch.
stop_engines() {
	local pid mount
	for pid in "${engine_pids[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	engine_pids=()
	# A dockerd that was killed leaves those that hold its containers.
	pkill -KILL -f "containerd-shim.* $scratch/" 2>/dev/null
	while read -r _ mount _; do
		case $mount in "$scratch"/*) umount -l "$mount" ;; esac
	done </proc/self/mounts
}
