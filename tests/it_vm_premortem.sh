#!/bin/bash
# it_vm_premortem.sh - the look just before the limit, on both kernels: what it tells of programs
# whose state is known, and that it changes nothing: the whole catalogue and a choice among several
# candidates end as they do without it.
#
# Called by itself with "guest" in the VM, where the lab runs on cgroup v2 beside the host's files:
# there it only runs them, a line each on stdout (name, status, report.json); they are judged here.
build=$(cd "$(dirname "$0")/.." && realpath "${BUILD:-build}")
helper=$build/tests/helpers/last_words
static=$build/it-last-words-static
sparse=$build/it-last-words-sparse

# run NAME OPTIONS -- COMMAND: without the touch profile, which is slow where all is emulated.
run() {
	run_profiled "$1" --no-touch-profile "${@:2}"
}
run_profiled() {
	"$build/oomlab" run --quiet --backend=cgroup --timeout=10m --reports="/run/$1" "${@:2}" >/dev/null 2>&1
	echo "$1 $? $(tr -d '\n' <"/run/$1/latest/report.json")"
}

# A look is over after 3 s whatever is left out, which a busy machine spends on less: best of four.
crowd_in_time() {
	for _ in 1 2 3 4; do
		run crowd --memory=64M -- "$helper" crowd
		grep -q '"left_out": *{}' /run/crowd/latest/report.json && break
	done
}

if [ "${1-}" = guest ]; then
	mount -t tmpfs guest /run || exit 1
	export HOME=/run
	run_profiled profiled --memory=64M -- "$helper" threads
	run threads --memory=64M -- "$helper" threads
	run static --memory=64M -- "$static" threads
	run rename --memory=64M -- "$helper" rename
	crowd_in_time
	run memfd --memory=64M -- "$helper" memfd
	run reserve --memory=64M -- "$helper" reserve
	run stosb --memory=64M -- "$helper" stosb
	run static-stosb --memory=64M -- "$static" stosb
	run populate --memory=64M -- "$helper" populate
	run vfork --memory=64M --timeout=5m -- "$helper" vfork
	run sleep --memory=32M --premortem=10 -- "$helper" sleep
	run cache --memory=64M -- "$helper" read "$sparse"
	run off --memory=64M --premortem=off -- "$helper" threads
	run high --memory=64M --memory-high=50M --timeout=1 -- "$helper" threads
	run early --memory=64M --premortem=20 -- "$helper" threads
	run children --memory=96M -- "$helper" children
	run children-off --memory=96M --premortem=off -- "$helper" children
	echo "end 0 $(cat /sys/fs/cgroup/oomlab*/oomlab*/cgroup.freeze 2>/dev/null)"
	exit
fi

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

# of NAME: the run that is asked about from here on.
of() {
	about=$1
	dir=$scratch/$kernel/$1
}

# tells FILTER EXPECTED NAME; says PATTERN NAME
tells() {
	is "$(report "$dir" "$1")" "$2" "$kernel $about: $3"
}
says() {
	like "$(report "$dir" '[.explanation[].text] | join(" ")')" "$1" "$kernel $about: $2"
}
says_not() {
	unlike "$(report "$dir" '[.explanation[].text] | join(" ")')" "$1" "$kernel $about: $2"
}

told() {
	of "$1"
	tells .premortem.taken true "a look was taken"
	tells .premortem.frozen true "while everything stood still"
	tells '.premortem.memory.current >= .premortem.memory_high * 0.9 and
		.premortem.memory.current <= .premortem.limit' true "near the limit"
	tells .outcome oom_killed "the kernel killed it all the same"
	is "$(cat "$dir/status")" 137 "$kernel $about: its status is a kill's"
	tells '.events.high == .premortem.high_events and .events.high > 0' true \
		"the events are the lab's"
}

innermost='.premortem.threads[] | select(.function == "grow").stack[0]'
caller='seen this thread there .* called from grow at [^ ]*last_words.c:[0-9]+'

threads() {
	told "$1"
	tells '[.premortem.threads[].function] | sort | join(" ")' "grow reader wait_for_ever" \
		"each thread is in its own function"
	tells '[.premortem.threads[] | select(.line > 0 and (.file | endswith("last_words.c")))] |
		length' 3 "with its line"
	tells '[.premortem.threads[] | select(.registers == "all")] | length' 3 \
		"all registers were read"
	if [ "$1" = profiled ]; then
		says 'At that moment it was in .*(grow at|called from grow at) [^ ]*last_words.c:[0-9]+' \
			"the touch profile has the call chain of that moment"
		says_not "$caller" "so that nothing is concluded from the look"
		return
	fi
	# Only where the look met it in the function that the kill did is the caller known.
	case $(report "$dir" '[.explanation[].text] | join(" ")') in
		*"At that moment it was in $(report "$dir" "$innermost")"[\ ,.]*)
			says "$caller" "the witness's caller is named"
			witnesses=$((witnesses + 1))
			;;
		*) says_not "$caller" "where it was before is not who called" ;;
	esac
}

crowd() {
	told crowd
	tells '[.premortem.threads[] | select(.function == "wait_for_ever")] | length' 64 \
		"all that wait are seen"
	tells '[.premortem.threads[] | select(.function == "grow")] | length' 1 "and who grows"
	if [ "$(report "$dir" '.premortem.left_out != {} and .premortem.held_ns > 2900000000')" = true ]; then
		skip "$kernel crowd: nothing is left out" "the 3 s of a look are too few on this busy machine"
		return
	fi
	tells .premortem.left_out '{}' "nothing is left out"
	tells '[.premortem.mappings[].mappings] | add > 4000' true "however many mappings there are"
}

# A thread that stands in vfork(2) cannot be stopped, and must not be later.
spawner() {
	of vfork
	tells .premortem.taken true "a look was taken"
	tells .premortem.frozen true "while everything stood still"
	tells .outcome survived "a thread in vfork(2) goes on after the look"
	is "$(cat "$dir/status")" 0 "$kernel vfork: and ends well"
}

memory() {
	told memfd
	tells '.premortem.files | map(select(.name | contains("oomlab-trace") | not) |
		[.name, .resident]) | @json' \
		'[["/memfd:last words (deleted)",25165824]]' "the file, and what it holds"
	told reserve
	tells '.premortem.arenas[0] | .reserved == 1073741824 and .touched > 40000000' true \
		"the arena as it was then"
	# shellcheck disable=SC2016 # the arena is called so
	tells '.premortem.mappings[0] | .arena == "level [1] $HOME" and .rss > 40000000' true \
		"its mapping is told by its name"
}

witness() {
	for name in stosb static-stosb; do
		told "$name"
		says 'in clear_by_string[^ ]* at [^ ]*last_words.c:[0-9]+,? .*that had 96[0-9]\.[0-9] MiB' \
			"function, line and bytes still to clear"
	done
	of populate
	tells .outcome oom_killed "killed"
	tells .premortem.taken false "past both limits in one system call, no look"
	says 'Nothing was seen: memory went past' "and that is said"
}

nothing_to_see() {
	of sleep
	tells '[.outcome, .premortem.taken] | @json' '["survived",true]' "looked at, and survived"
	says 'While it ran, at (8|9)[0-9.]+ %' "told as what it is"
	of cache
	tells '[.outcome, .premortem.taken] | @json' '["survived",false]' \
		"page cache alone is waited out"
	tells '.memory.peak > 62000000' true "though it filled the limit"
	of off
	tells '.premortem == null and .events.high == 0' true "memory.high is left alone"
	of high
	tells .premortem null "no look where the run uses memory.high"
	tells '.quality.absent_sources[] | select(.name == "pre-mortem") | .why' \
		"memory.high is in use by the run itself" "and why"
	told early
	tells '.premortem.memory.current < 0.9 * .premortem.limit' true "looked at earlier"
}

# Who is chosen, of four candidates, with and without.
candidates() {
	local filter='.kills | map([.relation, .victim_comm, .constraint]) | @json'
	told children
	tells '.premortem.processes | length' 4 "all four are looked at"
	tells '[.premortem.threads[] | select(.function == "wait_for_ever")] | length' 3 \
		"the three that wait"
	is "$(report "$scratch/$kernel/children-off" "$filter")" "$(report "$dir" "$filter")" \
		"$kernel children: the same victim without"
}

# Each line of the guest as a report of its own.
spread() {
	local name status json
	while read -r name status json; do
		mkdir -p "$scratch/$kernel/$name/latest"
		echo "$status" >"$scratch/$kernel/$name/status"
		printf '%s\n' "$json" >"$scratch/$kernel/$name/latest/report.json"
	done
}

inside() {
	kernel=$1
	need "$kernel: programs inside the VM" share || return 0
	"$oomlab" run --quiet --backend=vm --kernel="$kernel" --share-host --guest-ram=3G \
		--no-touch-profile --timeout=15m --reports="$scratch/guest" \
		-- bash "$(realpath "$0")" guest 2>"$scratch/errors" | spread
	[ -e "$scratch/$kernel/end" ]
	ok $? "$kernel: all ran inside the VM" "$(cat "$scratch/errors")"
	is "$(cat "$scratch/$kernel/end/latest/report.json")" "" "$kernel: no cgroup is left"
	witnesses=0
	threads profiled
	threads threads
	threads static
	[ "$witnesses" -gt 0 ]
	ok $? "$kernel: a witness's caller is named"
	told rename
	tells '[.premortem.threads[].comm] | sort | @json' '["a b)\n[x]","last_words","pid=1, `<b>"]' \
		"hostile names are as they are"
	crowd
	spawner
	memory
	witness
	nothing_to_see
	candidates
}

# The seed's scenarios, with and without: as PLACE NAME says it ended.
ending() {
	report "$scratch/$1" '[.outcome, .scope, .verdict, .events.oom_kill, .events.oom_group_kill,
		(.kills | map([.relation, .victim_comm]))] | @json'
}

catalogue() {
	local how name
	for how in 5 off; do
		"$oomlab" suite --quiet --json --backend=vm --kernel="$1" --premortem=$how --no-touch-profile \
			--reports="$scratch/$1-$how" arenas >"$scratch/$1-$how.json" 2>"$scratch/out"
		is $? 0 "$1 --premortem=$how: all pass" "$(cat "$scratch/out")"
		for name in $(jq -r '.runs[].scenario' "$scratch/$1-$how.json"); do
			mkdir "$scratch/$1-$name-$how"
			ln -s "$(jq -r --arg n "$name" '.runs[] | select(.scenario == $n) | .folder' \
				"$scratch/$1-$how.json")" "$scratch/$1-$name-$how/latest"
		done
	done
	is "$(jq '.runs | length > 5' "$scratch/$1-5.json")" true "$1: it is a catalogue"
	for name in $(jq -r '.runs[].scenario' "$scratch/$1-5.json"); do
		is "$(ending "$1-$name-5")" "$(ending "$1-$name-off")" \
			"$1 $name ends the same with the look and without"
	done
	is "$(report "$scratch/$1-memset-2g-off" '.premortem.taken')" null "$1 memset-2g: off is off"
	is "$(report "$scratch/$1-memset-2g-5" '.premortem.taken and .premortem.frozen')" true \
		"$1 memset-2g: a look was taken"
	is "$(report "$scratch/$1-memset-2g-5" '.premortem.threads[0] | [.function, .line > 0] | @json')" \
		'["clear_eagerly",true]' "$1 memset-2g: in clear_eagerly()"
	is "$(report "$scratch/$1-memset-2g-5" '.premortem.mappings[0].arena')" "game memory" \
		"$1 memset-2g: its largest mapping holds the arena"
	like "$(cat "$scratch/$1-memset-2g-5/latest/report.txt")" \
		'Just before the kill' "$1 memset-2g: the section"
}

refusals() {
	local text
	for option in --premortem=0 --premortem=51 --premortem=most --premortem= --premortem; do
		text=$("$oomlab" run --reports="$scratch/none" "$option" 2>&1)
		is $? 125 "$option is refused"
		is "$(printf '%s\n' "$text" | wc -l)" 1 "$option: in one line"
	done
	text=$("$oomlab" run --reports="$scratch/none" --backend=vm --premortem=gcore memset-2g 2>&1)
	like "$text" 'cannot leave the VM' "gcore in the VM is refused"
	# Where no cgroup can be made the run is skipped before that.
	if need "gcore in a cgroup" cgroup; then
		text=$(PATH=/nowhere "$oomlab" run --reports="$scratch/none" --backend=cgroup \
			--premortem=gcore memset-2g 2>&1)
		like "$text" 'install the package gdb' "gcore without gdb is refused"
		text=$("$oomlab" run --reports="$scratch/none" --backend=cgroup --premortem=off \
			--premortem=gcore memset-2g 2>&1)
		like "$text" 'needs the snapshot' "gcore without the look is refused"
	fi
	[ ! -e "$scratch/none" ]
	ok $? "and nothing is left behind"
}

here() {
	need "on this host" cgroup || return 0
	dir=$scratch/here
	"$oomlab" run --quiet --backend=cgroup --reports="$dir" --memory=64M -- "$helper" threads \
		>"$scratch/out" 2>&1
	if [ "$(report "$dir" .run.cgroup_version)" = 1 ]; then
		like "$(tr '\n' ' ' <"$dir/latest/report.txt")" \
			'No pre-mortem: +cgroup +v1 +has +no +memory.high' "cgroup v1 has none, and why"
	else
		is "$(report "$dir" .premortem.taken)" true "a look on this host"
	fi
}

trap 'rm -rf "$scratch" "$static" "$sparse"' EXIT
${CC:-cc} -D_GNU_SOURCE -O2 -g -pthread -static -I"$top/src" -o "$static" \
	"$top/tests/helpers/last_words.c" "$build/liboomlab.a" && truncate -s 160M "$sparse"
ok $? "a static program is built"
refusals
here
for version in 6.12 6.1; do
	catalogue "$version"
	inside "$version"
done
is "$(strays)" "" "no process is left"
done_testing
