# shellcheck shell=bash
# records.sh - rows: records of real runs, cut and changed, and told; rings that the target writes
# over; source after soak.sh.
# shellcheck disable=SC2154,SC2034,SC2016 # of soak.sh, and for it; for shells that are targets

# keep_record NAME OPTIONS... -- COMMAND...: a whole record in $scratch/whole/NAME, its outcome beside.
keep_record() {
	local of=$1
	name=$mark$of
	launch --backend=cgroup "${@:2}"
	ended
	told || true
	mkdir -p "$scratch/whole/$of"
	cp "$record/record.jsonl" "$scratch/whole/$of/"
	echo "$outcome" >"$scratch/whole/$of/outcome"
	clear_run
	rm -rf "$run"
}

# One of each outcome there is here, with and without a profile.
keep_records() {
	local hog=$soak_bin/hog
	keep_record own --memory=16M -- "$hog" touch 40
	keep_record bare --memory=16M --no-touch-profile -- "$hog" touch 40
	keep_record child --memory=16M -- "$hog" child 40
	keep_record restarts --memory=16M --no-touch-profile -- /bin/sh -c \
		'for i in 1 2 3 4 5 6; do "$0" touch 40; done; exit 0' "$hog"
	keep_record late --memory=16M --no-touch-profile --timeout=1 -- /bin/sh -c '"$0" touch 40; sleep 99' "$hog"
	# What there is where nobody may read the kernel log: counters alone.
	wrap=(unshare --mount sh -c 'mount --bind /dev/null /dev/kmsg &&
		mount -o remount,bind,nodev /dev/kmsg && exec "$@"' sh)
	keep_record unlogged --memory=16M --no-touch-profile -- "$hog" touch 40
	keep_record unlogged_child --memory=16M --no-touch-profile -- "$hog" child 40
	wrap=()
	keep_record survived --memory=64M -- "$hog" touch 8
	keep_record failed --memory=64M --no-touch-profile -- "$hog" exit 7
	keep_record signalled --memory=64M --no-touch-profile -- /bin/sh -c 'kill -SEGV $$'
	keep_record timed_out --memory=64M --no-touch-profile --timeout=500ms -- "$hog" sleep 60
}

# judge_changed WHOLE HOW OF: what a damaged record says against what the whole one says.
judge_changed() {
	local whole=$1 how=$2
	# One number is all that an unlogged record has of a kill: another one, or a line that is gone
	# without a trace, is a forgery.
	case $3-$how-$changed in
	unlogged*-bytes-* | unlogged*-lines-*'lines are lost'*) return ;;
	# So is a hole whose two sides make one line.
	unlogged*-lines-*'a hole of '*)
		[ "$(jq .quality.record_lines_lost "$record/report.json" 2>&1)" != 0 ] || return 0
		;;
	esac
	case $whole-$how-$outcome in
	"$whole-$how-$whole") ;;
	*-none | *-lab_error | *-null) row_unknown=$((row_unknown + 1)) ;;
	# Another number may be another exit status or signal; a kill is more than one number.
	*killed-bytes-*killed) ;;
	*killed-*) count false "$how, $changed: $outcome, the whole record: $whole" ;;
	*-bytes-*killed) count false "$how, $changed: $outcome, the whole record: $whole" ;;
	*-bytes-*) ;;
	*) count false "$how, $changed: $outcome, the whole record: $whole" ;;
	esac
}

# changed_records WHAT COUNT HOW...
changed_records() {
	local what=$1 wanted=$2 hows=("${@:3}") wholes i how whole
	row "$what" || return 0
	[ -d "$scratch/whole" ] || keep_records
	wholes=("$scratch/whole"/*)
	run=$scratch/runs/changed
	moment=
	for i in $(seq "$wanted"); do
		row_tried=$i
		whole=${wholes[i % ${#wholes[@]}]} how=${hows[i % ${#hows[@]}]}
		seed "$what" "$i"
		below 1000000000
		rm -rf "$run"
		record=$run/reports/${whole##*/}
		mkdir -p "$record"
		changed=$("$helpers/mutate" "$how" "$drawn" <"$whole/record.jsonl" 2>&1 >"$record/record.jsonl")
		tell_again
		told
		[ "$outcome" != unreadable ] || outcome=none
		judge_changed "$(cat "$whole/outcome")" "$how" "${whole##*/}"
	done
	rm -rf "$run"
	row_end
}

# The target writes over the ring that the lab reads, then past its limit.
scribbled_rings() { # WHAT COUNT
	local i extra modes=(random all zero header counters blocks wipe)
	row "$1" || return 0
	for i in $(seq "$2"); do
		row_tried=$i
		seed "$1" "$i"
		below 1000000
		design_of own "$mark$row_key-$i"
		ln -sf scribble "$soak_bin/$name"
		extra=()
		[ $((i % 3)) != 0 ] || extra=(--preload)
		launch --backend=cgroup --memory=16M "${extra[@]}" -- "$soak_bin/$name" "${modes[i % ${#modes[@]}]}" "$drawn" 40
		ended || count false 'the launcher hangs'
		judge no
		count_left
		rm -rf "$run"
	done
	row_end
}

records_rows() {
	changed_records 'records that were cut' "$(times 500 40)" cut
	changed_records 'records that were changed' "$(times 1000 60)" lines bytes
	scribbled_rings 'rings that were written over' "$(times 200 7)"
}
