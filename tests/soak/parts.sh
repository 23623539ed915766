# shellcheck shell=bash
# parts.sh - rows: what the launcher relies on is killed in the midst of a run: QEMU, virtiofsd,
# dockerd, podman; source after signals.sh.
#
# The launcher then has to end by itself and soon, and to name what was killed; the target is not
# to be blamed. What it says of a kill that the host's kernel did see has to be right all the same.
# shellcheck disable=SC2154,SC2034 # of soak.sh, and for it
soon_s=${SOAK_SOON:-60}

# called COMM: processes of the run last launched that the kernel calls so.
called() {
	local pid
	for pid in $(marked); do
		# shellcheck disable=SC2254 # a pattern
		case $(cat "/proc/$pid/comm" 2>/dev/null) in $1) echo "$pid" ;; esac
	done
}
is_called() { [ -n "$(called "$1")" ]; }

# kill_part PART: 1 when there is nothing to kill any more.
kill_part() {
	local pids
	case $1 in
	dockerd) pids=${engine_pids[0]} ;;
	podman) pids="$(called podman) $(called conmon)" ;;
	*) pids=$(called "$1*") ;;
	esac
	# shellcheck disable=SC2086 # numbers
	kill -9 $pids 2>/dev/null
}

# names_part PART: the report, or what the launcher said, has its name.
names_part() {
	cat "$record/report.txt" "$run/errors" 2>/dev/null | tr -s ' \n' ' ' | grep -qi "$1"
}

judge_part() { # PART WAS_HIT
	local part=$1 hit=part
	[ "$2" = yes ] || hit=no
	case $part in
	qemu* | virtiofsd) judge_guest $hit ;;
	*) judge $hit ;;
	esac
	case $outcome in lab_error | none) ;; *) return ;; esac
	# The engine's name does, of which dockerd is a part.
	[ "$part" != dockerd ] || part=docker
	names_part "${part%%-*}" ||
		count false "$part is not named: $(tail -n 1 "$run/errors" | head -c 200)"
}

# part_killed WHAT PART COUNT FROM KINDS OPTIONS...: a row; FROM is a process that has to be there
# before the time of the random moment begins.
part_killed() {
	local what=$1 part=$2 wanted=$3 from=$4 kinds i was_hit killed_at
	read -ra kinds <<<"$5"
	shift 5
	row "$what" || return 0
	for i in $(seq "$wanted"); do
		row_tried=$i
		seed "$what" "$i"
		below $((whole + whole / 4))
		moment=$drawn
		one_run "${kinds[i % ${#kinds[@]}]}" "$@"
		[ -z "$from" ] || wait_until 60 is_called "$from" || count false "no $from to be seen"
		pause "$(seconds "$moment")"
		was_hit=no killed_at=$SECONDS
		! kill_part "$part" || was_hit=yes
		ended "$soon_s" || count false "the launcher did not end in $soon_s s"
		judge_part "$part" $was_hit
		[ "$part" != dockerd ] || dockerd_again
		count_left
		rm -rf "$run"
	done
	row_end
}

# After dockerd has died its containers are known to nobody until it is there again, and what the
# lab could not have it remove is what the doctor clears then.
dockerd_again() {
	wait "${engine_pids[0]}" 2>/dev/null
	engine_pids=()
	# The containerd that it had started would keep the next one waiting.
	kill -9 "$(cat "$scratch/docker/exec/containerd/containerd.pid")" 2>/dev/null
	rm -f "$scratch/docker/pid" "$scratch/docker/exec/containerd/containerd.pid"
	start_docker || count false "dockerd does not start again: $engine_reason"
	PATH=$engine_bin:$PATH "$oomlab" doctor --restore >"$run/doctor" 2>&1
}

vm_rows() {
	no_vm=
	"$oomlab" run --backend=vm --dry-run --memory=64M -- /bin/true >"$scratch/plan" 2>&1 ||
		no_vm=$(sed -n 's/.*skip: //p' "$scratch/plan")
	if [ -n "$no_vm" ]; then
		row_skip VM "$no_vm"
		return
	fi
	local vm=(--backend=vm --memory=16M --no-touch-profile --timeout=10m)
	judges=judge_guest
	SOAK_SIGNALS=$(full "$all_signals" 'KILL TERM') signal_rows VM "$(times 200 2)" 'own child sleeper' "${vm[@]}"
	judges=
	wants 'VM: QEMU killed' 'VM: virtiofsd killed' || return 0
	whole_ms "${vm[@]}"
	part_killed 'VM: QEMU killed' qemu-system "$(times 10 1)" 'qemu-system*' 'sleeper own' "${vm[@]}"
	part_killed 'VM: virtiofsd killed' virtiofsd "$(times 10 1)" 'qemu-system*' 'sleeper own' \
		"${vm[@]}" --share-host
}

engine_rows() { # docker|podman
	local place
	wants_signals "$1" || wants "$1: dockerd killed" "$1: podman and conmon killed" || return 0
	if ! "start_$1"; then
		row_skip "$1" "$engine_reason"
		return
	fi
	engine=$1 prefix=/soak
	PATH=$engine_bin:$PATH
	shell_image "$1"
	place=(--backend="$1" --image=oomlab-test --memory=16M --container-option=--network=none
		--container-option=--volume="$soak_bin:/soak:ro" "${options[@]}")
	alternates=yes SOAK_SIGNALS=$(full "$all_signals" 'KILL TERM') \
		signal_rows "$1" "$(times 200 3)" 'own child sleeper' "${place[@]}"
	whole_ms "${place[@]}"
	if [ "$1" = docker ]; then
		part_killed 'docker: dockerd killed' dockerd "$(times 10 1)" '' 'own sleeper' \
			"${place[@]}" --timeout=5
	else
		part_killed 'podman: podman and conmon killed' podman "$(times 10 2)" '' 'own sleeper' \
			"${place[@]}" --timeout=5
	fi
	engine='' prefix=''
	stop_engines
}
