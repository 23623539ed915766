# shellcheck shell=bash
# signals.sh - rows: the launcher gets a signal at a random moment; source after soak.sh.
#
# The moment, counted from the launcher's start, is drawn from the time that a whole run takes here
# and a little more. After INT, TERM and HUP the launcher has to tell; of one that is gone
# `oomlab report` tells what the record holds.
# shellcheck disable=SC2154,SC2034 # of soak.sh, and for it
soft_signals=' INT TERM HUP '
all_signals='KILL TERM INT HUP QUIT USR1 ALRM SEGV ABRT STOP'

# one_run KIND OPTIONS...: the next of the row, launched; its name is what the kernel calls it.
one_run() {
	local kind=$1
	design_of "$kind" "$mark$row_key-$row_tried"
	launch "${@:2}" -- "${command[@]}"
}

# whole_ms OPTIONS...: the median of what three whole runs take.
whole_ms() {
	local took=() began i
	for i in 1 2 3; do
		design_of own "${mark}t$((++measured))"
		began=${EPOCHREALTIME/[.,]/}
		launch "$@" -- "${command[@]}"
		ended
		took+=($(((${EPOCHREALTIME/[.,]/} - began) / 1000)))
		clear_run
		rm -rf "$run"
	done
	mapfile -t took < <(printf '%s\n' "${took[@]}" | sort -n)
	whole=${took[1]}
}
measured=0

# hit SIGNAL: sends it to the launcher; 1 when it had ended.
hit() {
	if [ "$1" != STOP ]; then
		kill "-$1" "$launcher" 2>/dev/null
		return
	fi
	kill -STOP "$launcher" 2>/dev/null || return
	below "$((whole / 2))"
	pause "$(seconds "$drawn")"
	kill -KILL "$launcher"
}

seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# how_hit SIGNAL: whether that launcher ended by itself (no), had to tell (soft), or is gone (hard).
how_hit() {
	case $status in
	129 | 130 | 143) [[ $soft_signals == *" $1 "* ]] || { echo hard; return; }
		# Before it has blocked them it ends at once, and there is nothing to tell.
		compgen -G "$run/reports/*/record.jsonl" >/dev/null && echo soft || echo hard ;;
	*) [ "$was_hit" = yes ] && is_death "$1" && echo hard || echo no ;;
	esac
}
# Status 137 may be the target's own: it is the launcher's when it did not come to conclude.
is_death() {
	local number
	case $1 in STOP) number=9 ;; *) number=$(kill -l "$1") ;; esac
	[ "$status" = $((128 + number)) ] || return 1
	[ "$number" != 9 ] || ! compgen -G "$run/reports/*/report.json" >/dev/null
}

# hit_at_random WHAT SIGNAL COUNT KINDS OPTIONS...: a row.
hit_at_random() {
	local what=$1 signal=$2 wanted=$3 kinds i options
	read -ra kinds <<<"$4"
	shift 4
	row "$what" || return 0
	for i in $(seq "$wanted"); do
		row_tried=$i
		options=("$@")
		[ -z "${alternates-}" ] || [ $((i % 2)) = 0 ] || options+=(--no-touch-profile)
		seed "$what" "$i"
		below $((whole + whole / 4))
		moment=$drawn
		one_run "${kinds[i % ${#kinds[@]}]}" "${options[@]}"
		wait_until 60 is_lab
		pause "$(seconds "$moment")"
		was_hit=no
		! hit "$signal" || was_hit=yes
		# A sleeper that was not hit yet has to be, so that it ends.
		ended || count false 'the launcher hangs'
		"${judges:-judge}" "$(how_hit "$signal")"
		count_left
		rm -rf "$run"
	done
	row_end
}

# wants_signals PLACE: whether one of these rows is asked for.
wants_signals() {
	local names=() signal
	for signal in $all_signals; do
		names+=("$1: launcher, SIG$signal")
	done
	wants "${names[@]}"
}

# signal_rows PLACE COUNT KINDS OPTIONS...: a row for each signal.
signal_rows() {
	local place=$1 wanted=$2 which=$3 signal
	shift 3
	wants_signals "$place" || return 0
	whole_ms "$@"
	for signal in ${SOAK_SIGNALS:-$all_signals}; do
		hit_at_random "$place: launcher, SIG$signal$([ "$signal" != STOP ] || echo ', then KILL')" \
			"$signal" "$wanted" "$which" "$@"
	done
}
