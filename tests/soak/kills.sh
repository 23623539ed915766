# shellcheck shell=bash
# kills.sh - rows: many kills in a row by one launcher, many launchers at once; source after soak.sh.
# shellcheck disable=SC2154,SC2034 # of soak.sh, and for it

# tally: what is finished of a row of runs is read and removed; its kills and outcomes are kept.
# The newest two may still be written to; with "all" none is.
tally() {
	local dirs keep=2 dir
	[ "${1-}" != all ] || keep=0
	mapfile -t dirs < <(find "$run/reports" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' \
		2>/dev/null | sort -n | head -n -$keep | cut -d' ' -f2)
	[ ${#dirs[@]} -gt 0 ] || return 0
	row_tried=$((row_tried + ${#dirs[@]}))
	for dir in "${dirs[@]}"; do
		jq -r '.outcome, (.kills[] | "pid \(.victim_pid)")' "$dir/report.json" 2>/dev/null ||
			echo unreadable
	done >>"$run/tally"
	rm -rf "${dirs[@]}"
}

# The launcher's resident KiB and descriptors, a line a look.
look_at_launcher() {
	local rss fds=()
	[[ $(cat "/proc/$launcher/status" 2>/dev/null) =~ VmRSS:[^0-9]*([0-9]+) ]] || return 0
	rss=${BASH_REMATCH[1]}
	# Between two runs the most are closed: the least of some looks is what stays open.
	fds=("/proc/$launcher/fd"/*)
	echo "$row_tried $rss ${#fds[@]}" >>"$run/looks"
}

# tenth first|last COLUMN: the least of that tenth's looks, once what is made at the start is there.
tenth() {
	awk -v which="$1" -v col="$2" -v warm="$([ "$wanted" -lt 1000 ] || echo 50)" '
		$1 >= warm + 0 { v[++looks] = $col }
		END {
			n = int(looks / 10); if (n < 3) n = looks < 3 ? looks : 3
			from = which == "first" ? 1 : looks - n + 1
			for (i = from; i < from + n; i++) if (least == "" || v[i] < least) least = v[i]
			print least + 0
		}' "$run/looks"
}

# Memory is flat when the last tenth has no more than 5 % and 128 KiB above the first. In a hundred
# runs there are few looks, between two runs hardly one, and a leak is not told from what is allocated
# once: 2 MiB there, and 24 descriptors, for in a run there are as many more than between two.
judge_flat() {
	local rss_first rss_last fd_first fd_last slack=2048 fd_slack=24
	[ "$1" -lt 1000 ] || slack=128 fd_slack=0
	rss_first=$(tenth first 2) rss_last=$(tenth last 2)
	fd_first=$(tenth first 3) fd_last=$(tenth last 3)
	row_note="the launcher, first and last tenth: $rss_first and $rss_last KiB resident,"
	row_note="$row_note $fd_first and $fd_last descriptors"
	[ "$rss_last" -le $((rss_first + rss_first / 20 + slack)) ] ||
		count left "the launcher grew from $rss_first to $rss_last KiB"
	[ "$fd_last" -le $((fd_first + fd_slack)) ] || count left "descriptors: $fd_first, then $fd_last"
}

all_are_seen() { [ "$(kernel_kills "$name" | wc -l)" -ge "$1" ]; }

# in_a_row WHAT COUNT OPTIONS...
in_a_row() {
	local what=$1 wanted=$2 outcomes
	row "$what" || return 0
	design_of own "$mark$row_key"
	launch --backend=cgroup --memory=16M --repeat="$wanted" "${@:3}" -- "${command[@]}"
	while kill -0 "$launcher" 2>/dev/null; do
		pause 0.3
		look_at_launcher
		tally
	done
	ended || count false 'the launcher hangs'
	tally all
	wait_until 10 all_are_seen "$wanted"
	row_killed=$(kernel_kills "$name" | wc -l)
	[ "$row_tried" = "$wanted" ] || count lost "$row_tried of $wanted runs have a folder"
	# Every kill of the log is told, every kill told is in the log.
	kernel_kills "$name" | sed 's/Killed process \([0-9]*\) .*/pid \1/' | sort >"$run/seen"
	grep '^pid' "$run/tally" | sort >"$run/told"
	row_lost=$((row_lost + $(comm -23 "$run/seen" "$run/told" | wc -l)))
	row_false=$((row_false + $(comm -13 "$run/seen" "$run/told" | wc -l)))
	outcomes=$(grep -v '^pid' "$run/tally" | grep -cvx oom_killed)
	row_false=$((row_false + outcomes))
	[ $((row_lost + row_false)) = 0 ] || soak_failed=1
	judge_flat "$wanted"
	count_left
	row_end
}

# at_once WHAT COUNT own|child OPTIONS...
at_once() {
	local what=$1 wanted=$2 kind=$3 i launchers=() pens_used=() names=()
	row "$what" || return 0
	for i in $(seq "$wanted"); do
		design_of "$kind" "$mark$row_key-$i"
		launch --backend=cgroup --memory=16M "${@:4}" -- "${command[@]}"
		launchers[i]=$launcher pens_used[i]=$pen names[i]=$name
	done
	for i in $(seq "$wanted"); do
		row_tried=$i launcher=${launchers[i]} pen=${pens_used[i]} name=${names[i]}
		run=$scratch/runs/$name
		ended || count false 'the launcher hangs'
	done
	for i in $(seq "$wanted"); do
		row_tried=$i launcher=${launchers[i]} pen=${pens_used[i]} name=${names[i]}
		run=$scratch/runs/$name
		judge no
		count_left
		rm -rf "$run"
	done
	row_end
}

kills_rows() {
	in_a_row 'kills in a row, no profile' "$(times 10000 60)" --no-touch-profile
	in_a_row 'kills in a row, profiled' "$(times 10000 25)"
	at_once '64 at once, each is killed' 64 own --no-touch-profile
	at_once '64 at once, a child of each is killed' 64 child --no-touch-profile
}
