# shellcheck shell=bash
# soak.sh - what the rows of the soak share: a row's figures, seeded moments, runs in cgroups of
# their own, what a run left, and what the kernel's log, read beside the lab, says of kills.
#
# A row is row WHAT; runs, each judged; row_end. It counts
#	tried    runs
#	killed   kills that are known without the lab: the kernel's log of the host, or the program's end
#	lost     kills that report.json does not tell, or runs without a report where there has to be one
#	left     cgroups, processes, mounts, files and containers that were not there before
#	false    reports that say what did not happen, and programs of the lab that crash or hang
#	unknown  reports that say, truly, that what became of the target is not known
# shellcheck disable=SC2034,SC2119,SC2120 # for the rows' files
# shellcheck source=tests/tap.sh
. "${BASH_SOURCE[0]%/*}/../tap.sh"
# shellcheck source=tests/engines.sh
. "$top/tests/engines.sh"
helpers=${oomlab%/*}/tests/helpers
soak_bin=$scratch/bin-of-targets
never=$engine_never
mkdir -p "$soak_bin" "$scratch/tmp" "$scratch/runs"
cp "$helpers/hog" "$helpers/scribble" "$soak_bin/"
# What the kernel calls a target of this soak: at most 15 bytes with its number.
mark=s$(($$ % 32768))x
soak_failed=0
row_key=0
row_left=0
SOAK_SEED=${SOAK_SEED:-$((EPOCHSECONDS % 100000))}
# A launcher that has not ended by itself after this hangs.
patience_s=${SOAK_PATIENCE:-300}
# What is cleared by whoever outlives the launcher has this long.
grace_s=${SOAK_GRACE:-15}
# An engine is slow to remove what it has made.
engine_grace_s=${SOAK_GRACE:-75}

# pause SECONDS: a fraction may be given.
pause() { read -rt "$1" -u "$never" || true; }

# full FULL SHORT: the one of the form that runs.
full() { [ "${SOAK:-full}" = full ] && echo "$1" || echo "$2"; }
# times FULL SHORT: the same of how often; COUNT takes the place of both.
times() { echo "${COUNT:-$(full "$@")}"; }

# seed WORDS...: what below() draws after it depends on SOAK_SEED and these words alone.
seed() {
	local sum
	sum=$(cksum <<<"$SOAK_SEED $*")
	RANDOM=$((${sum%% *} & 0x7fffffff))
}
# below N: a number from 0 to N - 1 in $drawn; no subshell, which would draw the same again.
below() { drawn=$(((RANDOM << 15 | RANDOM) % ($1 > 0 ? $1 : 1))); }

# The kernel's log, read by dmesg(1): a line "Killed process PID (COMM)" for each kill of a target
# of this soak. It is known to be read when a first kill, which has to be seen, was.
witness=$scratch/kernel-kills
witness_start() {
	local try
	grep --line-buffered -Eo "Killed process [0-9]+ \(${mark}[^)]*\)" >"$witness" \
		< <(exec dmesg --follow-new 2>/dev/null) &
	witness_pid=$!
	disown
	for try in 1 2 3 4 5; do
		design_of own "${mark}w$try"
		launch --backend=cgroup --memory=16M --no-touch-profile -- "${command[@]}"
		ended || return 1
		pen_clear
		rm -rf "$run"
		! wait_until 5 kernel_killed "${mark}w$try" || return 0
	done
	return 1
}
kernel_kills() { grep -F " ($1)" "$witness"; }
kernel_killed() { [[ $(<"$witness") == *" ($1)"* ]]; }

# Where this process may make memory cgroups: pens, in each of which one launcher runs, so that no
# other run clears what it left.
pens_start() {
	local own
	own=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
	if [ -n "$own" ]; then
		pens=/sys/fs/cgroup/memory${own%/}/soak-$$
		mkdir "$pens"
		return
	fi
	pens=/sys/fs/cgroup/soak-$$
	mkdir "$pens" && echo +memory >"$pens/cgroup.subtree_control"
}
# pen_new: $pen for one launcher, $pen_procs to enter it.
pen_new() {
	pen=$pens/$((++pen_count))
	pen_procs=$pen/cgroup.procs
	mkdir "$pen"
	[ -e "$pen/cgroup.subtree_control" ] || return 0
	echo +memory >"$pen/cgroup.subtree_control"
	mkdir "$pen/launcher"
	pen_procs=$pen/launcher/cgroup.procs
}
pen_count=0
pen_pids() { find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null; }
# pen_clear [PEN]: what a run left is ended, so that the next begins as it should.
pen_clear() {
	local pids
	for _ in $(seq 200); do
		pids=$(pen_pids "${1:-$pen}")
		[ -n "$pids" ] || break
		# shellcheck disable=SC2086 # numbers
		kill -9 $pids 2>/dev/null
		pause 0.01
	done
	find "${1:-$pen}" -depth -type d -exec rmdir {} + 2>/dev/null
}

# design_of WHAT NAME: $command of a target that the kernel calls NAME.
#	own      it touches more than its limit: the kernel kills it
#	child    its child does; it ends with 0
#	sleeper  it stays, with children in sessions of their own, until it is killed
# $prefix is where the place that runs it sees $soak_bin.
design_of() {
	local program=${prefix:-$soak_bin}/$2
	design=$1
	name=$2
	[ -e "$soak_bin/$name" ] || ln -s hog "$soak_bin/$name"
	case $1 in
	own) command=("$program" touch 40) ;;
	child) command=("$program" child 40) ;;
	sleeper) command=("$program" sleepers 3) ;;
	esac
}

# What stands before the launcher's command line.
wrap=()
# launch OPTIONS... -- COMMAND...: in the background, in a pen; $launcher, $run (its reports, out,
# errors). Bash starts what is in the background with INT and QUIT ignored.
launch() {
	run=$scratch/runs/$name
	mkdir -p "$run"
	pen_new
	[ -z "${engine-}" ] || set -- --container-option=--env="SOAK_RUN=$name" "$@"
	(
		echo "$BASHPID" >"$pen_procs" || exit 99
		ulimit -c 0
		export SOAK_RUN="$name" TMPDIR="$scratch/tmp"
		exec env --default-signal "${wrap[@]}" "$oomlab" run --quiet --reports="$run/reports" "$@"
	) >"$run/out" 2>"$run/errors" </dev/null &
	launcher=$!
}

# is_lab: what was launched has become the lab; before, a signal is not one to the lab.
is_lab() {
	local comm=oomlab
	{ read -r comm <"/proc/$launcher/comm"; } 2>/dev/null
	[ "$comm" = oomlab ]
}

# ended [SECONDS]: waits for it; $status. 1 when it had to be killed.
ended() {
	local watchdog first=
	# What ends by a signal is no news here.
	{
		pause "${1:-$patience_s}" &
		watchdog=$!
		wait -n -p first "$launcher" "$watchdog"
		status=$?
		if [ "$first" = "$watchdog" ]; then
			kill -9 "$launcher"
			wait "$launcher"
			status=$?
		else
			kill -9 "$watchdog"
			wait "$watchdog"
		fi
	} 2>/dev/null
	[ "$first" != "$watchdog" ]
}

# marked: processes of the run last launched, by their environment.
marked() {
	local path words
	for path in /proc/[0-9]*/environ; do
		words=()
		mapfile -d '' -t words <"$path"
		[[ " ${words[*]-} " != *" SOAK_RUN=$name "* ]] || echo "${path//[^0-9]/}"
	done 2>/dev/null
}

# left_now: a line each, of the run last launched: below its pen, of its environment, of its folders.
# Few commands, which in a guest are slow to start.
left_now() {
	local path pid state
	for path in "$pen"/*/; do
		[ ! -d "$path" ] || [ "$path" = "$pen/launcher/" ] || echo "cgroup $path"
	done
	for pid in $(marked); do
		state=$(sed -n 's/^State:[^A-Z]*//p' "/proc/$pid/status" 2>/dev/null)
		[ -z "$state" ] || [ "${state:0:1}" = Z ] ||
			echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
	while read -r _ path _; do
		[[ $path != "$run"/* ]] || [ -n "${full_disk-}" ] || echo "mount $path"
	done </proc/self/mounts
	for path in "$scratch"/tmp/* "$run"/reports/*/*.new /run/oomlab/*"$launcher"*; do
		# A podman that is killed leaves a file of its own: a number is its name, none of the lab's.
		[ ! -e "$path" ] || [[ ${engine-} = podman && ${path##*/} =~ ^[0-9]+$ ]] || echo "file $path"
	done
	[ -z "${engine-}" ] || engine_left
}

# A container's cgroup is not in the pen: the record says which it is.
engine_left() {
	local own path
	"$engine_bin/$engine" ps -aq | sed 's/^/container /'
	for own in $(cat "$run"/reports/*/record.jsonl 2>/dev/null |
		jq -r 'select(.ev == "start").cgroup // empty' 2>/dev/null); do
		for path in "/sys/fs/cgroup$own" "/sys/fs/cgroup/memory$own"; do
			[ ! -d "$path" ] || echo "cgroup $path"
		done
	done
}

# Whoever outlives the launcher gets $grace_s to clear up; less where it has failed to before.
count_left() {
	local found grace=$grace_s end step=0.02
	[ -z "${engine-}" ] || grace=$engine_grace_s
	end=$((SECONDS + (row_left > 2 ? 1 : grace)))
	while found=$(left_now) && [ -n "$found" ] && [ "$SECONDS" -lt "$end" ]; do
		pause $step
		step=0.2
	done
	[ -z "$found" ] || count left "$found"
	clear_run
}

clear_run() {
	local pid path
	pen_clear
	for pid in $(marked); do
		kill -9 "$pid" 2>/dev/null
	done
	for path in "$scratch"/tmp/*; do
		[ ! -e "$path" ] || rm -rf "$path"
	done
	[ -z "${engine-}" ] || "$engine_bin/$engine" ps -aq | while read -r path; do
		"$engine_bin/$engine" rm -f "$path"
	done >/dev/null 2>&1
}

# told [DIR]: the one report of the run: $outcome ("none" without a run folder, "unreadable"),
# $told_kills, $record (its folder).
told() {
	local words
	record='' outcome=none told_kills=0
	for words in "${1:-$run/reports}"/*/record.jsonl; do
		[ -L "${words%/*}" ] || [ ! -e "$words" ] || record=${words%/*}
	done
	[ -n "$record" ] || return 0
	outcome=unreadable
	words=$(jq -er '"\(.outcome) \(.killed // 0)"' "$record/report.json" 2>/dev/null) || return 1
	outcome=${words% *}
	told_kills=${words#* }
}

# The run's guardian is done: it writes the record's last line.
has_no_guardian() {
	local pid
	for pid in $(pgrep -x guardian); do
		! tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$run/" || return 1
	done
}

# tell_again: oomlab report of $record, whose launcher is gone. Its status is that of the target, 139
# for one that died of SIGSEGV: that it died itself is told by the shell that waits for it.
tell_again() {
	[ -n "$record" ] || return 0
	wait_until 60 has_no_guardian || count left 'its guardian'
	rm -f "$record/report.json"
	# shellcheck disable=SC2016 # for the inner shell
	timeout -k 5 120 bash -c 'ulimit -c 0; "$@"; exit $?' died "$oomlab" report "$record" \
		>"$run/told" 2>&1 </dev/null
	if [ $? = 124 ] || grep -aq '^died: line [0-9]*: *[0-9]* ' "$run/told"; then
		count false "oomlab report: $(grep -a '^died: line' "$run/told" || echo 'no end in 2 min')"
	elif [ -e "$record/report.json" ] && ! jq -e . "$record/report.json" >/dev/null 2>&1; then
		count false 'report.json is no JSON'
	fi
}

# judge HIT: the report of the run last launched against its design and the kernel's log.
# HIT is no (the launcher ended by itself), soft (a signal after which it has to tell), or hard.
judge() {
	local hit=$1 seen=no
	told
	if [ "$hit" = hard ]; then
		tell_again
	elif [ -n "$record" ] && [ ! -e "$record/report.json" ]; then
		count lost "no report.json: $(tail -n 1 "$run/errors")"
	fi
	told || true
	! kernel_killed "$name" || seen=yes
	# What ended by itself was killed: the log's reader may be a moment behind.
	if [ $seen = no ] && { [ "$told_kills" != 0 ] || { [ "$hit" = no ] && [ "$design" != sleeper ]; }; }; then
		! wait_until 10 kernel_killed "$name" || seen=yes
	fi
	[ $seen = no ] || row_killed=$((row_killed + 1))
	judge_against $seen "$hit"
}

# judge_guest HIT: the same of a VM's run, whose kernel this soak cannot ask: a target that was let
# run to its end was killed, of another nobody knows but the record.
judge_guest() {
	told
	if [ "$1" = hard ]; then
		tell_again
	elif [ -n "$record" ] && [ ! -e "$record/report.json" ]; then
		count lost "no report.json: $(tail -n 1 "$run/errors")"
	fi
	told || true
	if [ "$1" = no ] && [ "$design" != sleeper ]; then
		row_killed=$((row_killed + 1))
		judge_against yes no
	else
		judge_against maybe "$1"
	fi
}

# judge_against SEEN HIT: SEEN is yes or no, or maybe where nobody but the guest could say it.
judge_against() {
	local right=oom_killed
	[ "$design" != child ] || right=child_oom_killed
	case $1-$2-$outcome in
	yes-*-$right | maybe-*-$right) [ "$design" != sleeper ] || count false "a sleeper: $outcome" ;;
	# That the kernel killed is told, whom is not known.
	yes-hard-lab_error | yes-part-lab_error)
		if [ "$told_kills" != 0 ]; then
			row_unknown=$((row_unknown + 1))
		else
			count lost "the kernel killed it, the report: $outcome"
		fi ;;
	yes-*-lab_error | yes-*-none) count lost "the kernel killed it, the report: $outcome" ;;
	yes-*) count false "the kernel killed it, the report: $outcome" ;;
	*-hard-none | *-soft-none) ;;
	# An engine's death need not touch the container; then its time ends.
	no-part-timed_out) [ "$design" = sleeper ] || count false "no sleeper: $outcome" ;;
	no-part-none) [ "$status" = 125 ] || [ "$status" = 77 ] || count false "no run, and status $status" ;;
	*-hard-lab_error | *-hard-signalled | *-soft-lab_error | *-soft-signalled | *-part-lab_error | *-part-signalled)
		row_unknown=$((row_unknown + 1)) ;;
	*) count false "the kernel did not kill it, the report: $outcome ($2)" ;;
	esac
}

# wants WHAT...: whether one of these rows is asked for.
wants() { printf '%s\n' "$@" | grep -Eq -- "${SOAK_ROWS:-.}"; }

# row WHAT: begins one. SOAK_ROWS chooses by a regular expression; 1 when this one is not asked for.
row() {
	row_what=$1
	wants "$1" || return 1
	# Names of targets have it: no two rows share one.
	row_key=$((row_key + 1))
	row_tried=0 row_killed=0 row_lost=0 row_left=0 row_false=0 row_unknown=0 row_details=0 row_note=
	row_began=${EPOCHREALTIME/[.,]/}
}

# count lost|left|false DETAIL: the first ten of a row are printed, with what repeats them.
count() {
	local -n figure=row_$1
	figure=$((figure + 1))
	soak_failed=1
	[ $((row_details++)) -lt 10 ] || return 0
	echo "# $row_what, try $row_tried${moment:+ at $moment ms}, SOAK_SEED=$SOAK_SEED: $1: $2" |
		head -n 8 >&2
	[ -z "${SOAK_KEEP-}" ] || { mkdir -p "$SOAK_KEEP" && cp -r "$run" "$SOAK_KEEP/" 2>/dev/null; }
}

table_line() {
	printf '%-44s %6s %6s %5s %5s %5s %7s %7s\n' "$@"
}
table_head() {
	table_line what tried killed lost left false unknown time
}
row_end() {
	local ms=$(((${EPOCHREALTIME/[.,]/} - row_began) / 1000)) figures
	figures=("$row_what" "$row_tried" "$row_killed" "$row_lost" "$row_left" "$row_false" \
		"$row_unknown" "$((ms / 1000)).$((ms / 100 % 10)) s")
	table_line "${figures[@]}"
	[ -z "${SOAK_POINTS-}" ] || (IFS=$'\t' && echo "${figures[*]}" >>"$SOAK_POINTS")
	[ -z "$row_note" ] || echo "    $row_note"
	moment=
}
# row_skip WHAT WHY
row_skip() {
	wants "$1" || return 0
	printf '%-44s skipped: %s\n' "$1" "$2"
	[ -z "${SOAK_POINTS-}" ] || printf '%s\tskipped\t%s\n' "$1" "$2" >>"$SOAK_POINTS"
}

# A child of bash that gets a signal before it has become something else runs this trap, too.
soak_end() {
	[ "$BASHPID" = $$ ] || return 0
	stop_engines
	if [ -n "${pens-}" ]; then
		pen_clear "$pens"
	fi
	# shellcheck disable=SC2046 # numbers: dmesg, too
	[ -z "${witness_pid-}" ] || kill "$witness_pid" $(pgrep -P "$witness_pid") 2>/dev/null
	rm -rf "$scratch"
}
