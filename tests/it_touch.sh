#!/bin/bash
# it_touch.sh - the touch profile on programs whose bytes per line are known: each within 2 %,
# each way of touching told apart, on this host where root can and in the VM on both kernels.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

helper=$(dirname "$oomlab")/tests/helpers/touch_lines
forks=$(dirname "$oomlab")/tests/helpers/touch_forks
stripped=$scratch/stripped
static=$scratch/static

# run_in PLACE ARGS...: a command under the profile; the report goes to $dir.
run_in() {
	last_run=("$@")
	dir=$scratch/reports
	rm -rf "$dir"
	case $1 in
	host) set -- --backend=cgroup "${@:2}" ;;
	*) set -- --backend=vm --kernel="$1" --timeout=5m "${@:2}" ;;
	esac
	"$oomlab" run --quiet --reports="$dir" "$@" >"$scratch/out" 2>&1
}

# touched FILTER: bytes of the touches that jq's condition holds for.
touched() {
	report "$dir" "[.touches[] | select($1) | .bytes] | add // 0"
}

# is_within FOUND EXPECTED_MIB: 2 % either way.
is_within() { # FOUND MIB [PERCENT]
	awk -v found="$1" -v mib="$2" -v percent="${3-2}" 'BEGIN {
		want = mib * 1048576
		exit !(found > want * (1 - percent / 100) && found < want * (1 + percent / 100))
	}'
}

# within FOUND EXPECTED_MIB NAME
within() {
	is_within "$1" "$2"
	ok $? "$3" "found $1 bytes, expected $2 MiB within 2 %"
}

# Two threads share one size, of which 6.1 tells only every 64 pages: which of them grew it is told by
# the samples of both, and where another test holds up the machine they can be few. One of three
# runs has to have enough.
run_threads() {
	for _ in 1 2 3; do
		run_in "$1" --memory=256M -- "$helper" threads
		is_within "$(touched '.function == "by_loop" and .kind == "store"')" 32 &&
			is_within "$(touched '.function == "by_other_loop" and .kind == "store"')" 16 && return
	done
}

# within_of_three MIB NAME COMMAND...: the figure that the command prints; where it is wrong the last
# run is done again, as another process can hold up the machine while memory is touched.
within_of_three() {
	local try found
	for try in 1 2 3; do
		found=$("${@:3}")
		is_within "$found" "$1" && break
		[ $try = 3 ] || run_in "${last_run[@]}"
	done
	within "$found" "$1" "$2"
}

# between_of_three LEAST_MIB MOST_MIB NAME COMMAND...: likewise.
between_of_three() {
	local try found right
	for try in 1 2 3; do
		found=$("${@:4}") right=0
		awk -v found="$found" -v least="$1" -v most="$2" \
			'BEGIN { exit !(found > least * 1048576 && found < most * 1048576) }' && break
		right=1
		[ $try = 3 ] || run_in "${last_run[@]}"
	done
	ok $right "$3" "found $found bytes, expected $1 to $2 MiB"
}

# adds_up NAME COMMAND...: likewise, of what the kernel counted at the kill of that run.
adds_up() {
	local try found anon
	for try in 1 2 3; do
		found=$("${@:2}") anon=$(report "$dir" '.kills[0].anon_rss_bytes / 1048576')
		is_within "$found" "$anon" && break
		[ $try = 3 ] || run_in "${last_run[@]}"
	done
	within "$found" "$anon" "$1"
}

# line PLACE FUNCTION KIND MIB
line() {
	within_of_three "$4" "$1: $2, $3, $4 MiB" touched ".function == \"$2\" and .kind == \"$3\""
}

every_kind() {
	run_in "$1" --memory=256M -- "$helper" memset
	line "$1" by_memset memset 16
	line "$1" by_loop store 48
	is "$(report "$dir" '[.touches[] | select(.function == "by_loop")][0].file | split("/")[-1]')" \
		touch_lines.c "$1: by_loop's file"
	[ -s "$dir/latest/touches.folded" ] && jq -e .traceEvents "$dir/latest/trace-events.json" >/dev/null
	ok $? "$1: touches.folded and trace-events.json"
	run_in "$1" --memory=256M -- "$helper" read
	line "$1" by_read read 48
	run_in "$1" --memory=256M -- "$helper" populate
	line "$1" take populate 48
	run_in "$1" --memory=256M -- "$helper" fork
	line "$1" by_loop store 32
	line "$1" by_child copy_on_write 32
	run_threads "$1"
	line "$1" by_loop store 32
	line "$1" by_other_loop store 16
	run_in "$1" --memory=256M -- "$helper" shmem
	line "$1" by_loop shared_memory 48
	run_in "$1" --memory=256M -- "$helper" stack
	line "$1" by_recursion stack 48
	run_in "$1" --memory=256M -- "$helper" main-stack
	between_of_three 5.4 6.3 "$1: by_recursion, the stack it was started with, 6 MiB but for the last pages, which 6.1 counts late" \
		touched '.function == "by_recursion" and .kind == "stack"'
	run_in "$1" --memory=256M -- "$helper" coroutine
	# Where pages are huge, the one of the stack has up to 1 MiB of the loop's beside it.
	between_of_three 30.5 32.7 "$1: by_loop, store, 32 MiB but for a huge page begun by another" \
		touched '.function == "by_loop" and .kind == "store"'
	is "$(touched '.function == "by_loop" and .kind == "stack"')" 0 \
		"$1: a heap is no stack because a coroutine's stack lies in it"
	is "$(touched '.kind == "shared_memory"')" 0 "$1: files in memory are no shared memory"
}

# reserved FUNCTION KEY: a figure of what the function asked for.
reserved() {
	report "$dir" "[.reservations[] | select(.function == \"$1\") | .$2] | add // 0"
}

# Nobody is known for what came before the heap was watched: how much depends on what else the machine
# does. One of three runs has to have enough.
heap_by() {
	local first more rest
	for _ in 1 2 3; do
		run_in "$1" --memory=256M -- "$helper" heap
		first=$(number "$(reserved grow_heap reserved)")
		more=$(number "$(reserved grow_heap_more reserved)")
		rest=$(number "$(report "$dir" \
			'[.reservations[] | select(.what == "heap" and .function == null) | .reserved] | add // 0')")
		[ "$first" -gt $((24 << 20)) ] && [ "$more" -gt $((14 << 20)) ] &&
			is_within $((first + more + rest)) 64 && break
	done
	within $((first + more + rest)) 64 "$1: the heap of brk(2), all of it"
	[ "$first" -gt $((24 << 20)) ]
	ok $? "$1: most of what one line asked for, found $first"
	[ "$more" -gt $((14 << 20)) ] && [ "$more" -lt $((18 << 20)) ]
	ok $? "$1: what another did, found $more"
	awk -v touched="$(reserved grow_heap_more touched)" -v more="$more" \
		'BEGIN { exit !(touched > more * 0.9 && touched < more * 1.1) }'
	ok $? "$1: the heap is touched where it grew"
	like "$(cat "$dir/latest/report.txt")" 'grow_heap_more at .*touch_lines.c:[0-9]+, heap' \
		"$1: a heap is told from a mapping"
}

# counted_calls WHERE N: where a busy machine made the profile lose samples, fewer, and the loss told.
counted_calls() {
	for _ in 1 2 3; do
		[ "$(reserved take calls)" != "$2" ] || break
		run_in "$1" --memory=256M -- "$helper" again
	done
	if [ "$(report "$dir" .quality.samples_lost)" = 0 ]; then
		is "$(reserved take calls)" "$2" "$1: every call is counted"
	else
		[ "$(reserved take calls)" -le "$2" ]
		ok $? "$1: no call is counted twice"
		like "$(cat "$dir/latest/report.txt")" 'Lost: [0-9]+ samples? of who touched memory' "$1: and what was lost is told"
	fi
}

# Who reserved, who touched: a program without the arena library, then one with it.
reserved_and_touched() {
	run_in "$1" --memory=256M -- "$helper" reserve
	is "$(reserved take reserved)" $((258 << 20)) "$1: what was reserved, to the byte"
	within_of_three 24 "$1: how much of it was touched" reserved take touched
	is "$(report "$dir" '[.reservations[] | select(.function == "take") | .touched_by[] |
		select(.bytes > 1048576) | .function] | join(" ")')" "by_memset by_loop" \
		"$1: by which lines, the largest first"
	like "$(cat "$dir/latest/report.txt")" 'of the 258 MiB that take at .*touch_lines.c' \
		"$1: reserved is not touched"
	run_in "$1" --memory=256M -- "$helper" again
	within_of_three 48 "$1: an address used again is the new owner's" reserved take_other touched
	counted_calls "$1" 48
	run_in "$1" --memory=256M -- "$helper" arenas
	within_of_three 32 "$1: what comes where an arena gave back is not the arena's" \
		report "$dir" '[.reservations[] | select(.function == null and .what == "small") | .touched] | add // 0'
	is "$(($(reserved with_arena touched) >> 20))" 0 "$1: ... of which little is touched"
	[ "$(reserved with_arena reserved)" -le $((128 << 20)) ]
	ok $? "$1: ... and what was given back unused is not reserved" "found $(reserved with_arena reserved)"
	run_in "$1" --memory=256M -- "$helper" stack
	within_of_three 48 "$1: a thread's stack is in its mapping" reserved with_large_stack touched
	run_in "$1" --memory=256M -- "$helper" requested
	is "$(reserved take_requested reserved) $(reserved take_requested calls)" "$((256 << 20)) 1" \
		"$1: one mapping at an address of the program's choice"
	within_of_three 48 "$1: what was touched of it" reserved take_requested touched
	is "$(reserved commit reserved)" 0 "$1: what is committed of it is not reserved again"
	like "$(tr -s ' \n' ' ' <"$dir/latest/report.txt")" \
		'256 MiB 4[78][.0-9]* MiB .*take_requested at [^ ]*touch_lines.c:[0-9]+, at a requested address' \
		"$1: it is told so"
	heap_by "$1"
	run_in "$1" --memory=64M memset-2g
	# shellcheck disable=SC2016 # for the function
	adds_up "$1: who touched an arena" eval 'report "$dir" ".arenas[0].touched_by[0].bytes"'
	like "$(cat "$dir/latest/report.md")" \
		'2.0 GiB .* arena "game memory" of .*memset-2g.c.* clear.*eagerly at src/arena.c' \
		"$1: reserved by, touched by"
}

# is_copied FOUND EXPECTED_MIB MODE: 2 % either way. Of many children that live for a few milliseconds
# each, up to a third of what they copy can be missing, as oomlab(1) says.
is_copied() {
	awk -v found="$1" -v mib="$2" -v mode="$3" 'BEGIN {
		least = mode ~ /^children/ ? 2 / 3 : 0.98
		most = mode ~ /^children/ ? 1.05 : 1.02
		exit !(found >= mib * 1048576 * least && found <= mib * 1048576 * most)
	}'
}

# copies PLACE ARGS FUNCTION KIND MIB...: a program that forks; copies as it counted them itself, and
# no others. What is copied while the profile does not look yet is not seen: one of three runs has to
# be right, but no run may tell of copies that were none: of more than 2 % of all that was touched.
# Children of a few milliseconds each are told to 5 %, as what one copies and what it touches anew are
# told apart by its faults alone.
copies() {
	local place=$1 mode=$2 right none=1 counted told percent=2
	case $mode in children*) percent=5 ;; esac
	shift 2
	for _ in 1 2 3; do
		# shellcheck disable=SC2086
		run_in "$place" --memory=400M -- "$forks" $mode
		counted=$(awk '/^[0-9]+$/ { n = $0 } END { print n / 256 }' "$scratch/out")
		told=$(touched '.kind == "copy_on_write"')
		right=1
		for ((i = 1; i < $#; i += 3)); do
			if [ "${*:i+1:1}" = copy_on_write ]; then
				is_copied "$(touched ".function == \"${*:i:1}\" and .kind == \"${*:i+1:1}\"")" "${*:i+2:1}" "$mode"
			else
				is_within "$(touched ".function == \"${*:i:1}\" and .kind == \"${*:i+1:1}\"")" "${*:i+2:1}" $percent
			fi || right=0
		done
		case " $* " in
		*copy_on_write*) is_copied "$told" "$counted" "$mode" || right=0 ;;
		*) [ $((told * 50)) -le "$(touched true)" ] || none=0 ;;
		esac
		[ $right = 1 ] && break
	done
	[ $right$none = 11 ]
	ok $? "$place, forks, $mode: $*, copies ${counted:-?} MiB" \
		"$(report "$dir" '[.touches[] | select(.bytes > 1048576) | [.function, .kind, .bytes]] | tostring')"
}

copies_alone() {
	copies "$1" 'children 40 8 0' by_loop store 8 by_memset memset 320
	copies "$1" 'children 40 8 4' by_memset memset 320 by_child copy_on_write 160
	copies "$1" both by_loop store 32 by_child copy_on_write 16 by_parent copy_on_write 16
	copies "$1" chain by_loop store 16 by_memset memset 16 by_child copy_on_write 32
	like "$(cat "$dir/latest/report.txt")" 'copy on write after fork\(2\); child +process [0-9]' \
		"$1, forks: whose memory a line is"
	like "$(tr -s ' \n' ' ' <"$dir/latest/report.txt")" \
		'of it are copies after fork\(2\):.*the cgroup is charged for both' \
		"$1, forks: what a copy is"
}

after_forks() {
	copies_alone "$1"
	truncate -s 32M "$scratch/file"
	copies "$1" pool by_loop store 32 by_memset memset 16
	copies "$1" shared by_loop shared_memory 16 by_memset shared_memory 32
	copies "$1" populate by_loop store 32 by_child copy_on_write 32
	copies "$1" "file $scratch/file"
	copies "$1" "private $scratch/file" by_child store 32
	copies "$1" spawn by_loop store 32 by_memset memset 16
}

# The lab and its profile take some, those for each processor; its target has as few as it was given.
few_descriptors() {
	for _ in 1 2 3; do
		(ulimit -Sn 32 && run_in host --memory=256M -- sh -c 'ulimit -Sn; exec "$@"' - "$helper" memset)
		is_within "$(touched '.function == "by_memset" and .kind == "memset"')" 16 && break
	done
	within "$(touched '.function == "by_memset" and .kind == "memset"')" 16 "32 descriptors: by_memset"
	is "$(head -1 "$scratch/out")" 32 "32 descriptors: the target's are no more"
}

# is_at_most FOUND EXPECTED: 10 % more at most.
is_at_most() {
	awk -v found="$1" -v most="$2" 'BEGIN { exit !(most > 0 && found < most * 1.1) }'
}

# Files are told as they are resident, whatever was read again, and memory is as much as was touched.
# Who is told by few samples where another test holds up the machine: one of three runs has to be
# right. The file's pages must be charged anew each time.
reclaim() {
	local file=$scratch/reread resident right
	case $(stat -f -c %T "$scratch") in
	tmpfs | ramfs) skip "$1: files that are read again" "$scratch is in memory" && return ;;
	esac
	truncate -s 24M "$file"
	for _ in 1 2 3; do
		dd if="$file" iflag=nocache count=0 2>"$scratch/dd"
		run_in "$@" --memory=32M -- "$helper" files "$file"
		resident=$(awk '/^[0-9]+$/ { n = $0 } END { print n }' "$scratch/out")
		right=1
		is_within "$(touched '.function == "by_memset" and .kind == "memset"')" 16 || right=0
		is_at_most "$(touched '.kind == "file_mapping"')" "${resident:-0}" || right=0
		[ "$(touched '.function == "by_memset" and .kind == "file_mapping"')" -lt 1048576 ] || right=0
		[ $right = 1 ] && break
	done
	[ $right = 1 ]
	ok $? "$1: read again and again: by_memset 16 MiB, files as they are resident, ${resident:-?} bytes" \
		"$(report "$dir" '[.touches[] | select(.bytes > 300000) | [.function, .kind, .bytes]] | tostring')"
	like "$(report "$dir" '[.explanation[].text] | join(" ")')" \
		'% of it, mapped files apart, came from one place: by_memset.*Another [0-9.]+ MiB of mapped files came and went' \
		"$1: memory first, and what came and went beside it"
	[ "$1" = host ] || like "$(report "$dir" '[.explanation[].text] | join(" ")')" \
		'The kernel counted [0-9]+ pages of files \(1[0-9.]+ MiB\) that were reclaimed and had to be read again' \
		"$1: what was read again is a figure of its own"
}

# What is written to a file in memory is no process's: it is named, and no table pretends.
file_in_memory() {
	local told writer='When the limit was hit, touch_lines \(pid [0-9]+\) was .*in [a-z_]*write[a-z_0-9]*, called from [a-z_]+ at [^ ]*touch_lines.c:[0-9]+'
	# Where it faulted on its own code, which had been reclaimed, it was in no call.
	for _ in 1 2 3; do
		run_in "$1" --memory=64M -- "$helper" memory-file
		told=$(report "$dir" '[.explanation[].text] | join(" ")')
		[ "$(report "$dir" '[.memory_files[]? | select(.name == "/memfd:scratch")] | length')" = 1 ] &&
			[[ $told =~ $writer ]] && break
	done
	like "$told" "$writer" "$1: and the line that writes to it"
	like "$told" 'At the last sample, [^,]* before the kill, /memfd:scratch held [0-9.]+ MiB \(open in touch_lines' \
		"$1: a file in memory is named"
	# Of a kill among many the log has no account: the last sample's is the charge then.
	like "$told" 'There is no table: all that was seen .* while [56][0-9.]+ MiB were charged (at|in the last sample before) the kill' \
		"$1: and no table of libraries is told in its place"
	[[ $told != *'came from one place'* && $told != *'No one place'* ]]
	ok $? "$1: nor is one place blamed"
}

# What the kernel counted at the kill, beside what the lines add up to.
at_the_kill() {
	run_in "$1" --memory=64M -- "$helper" grow
	is "$(report "$dir" .outcome)" oom_killed "$1: grow is killed"
	adds_up "$1: the lines add up to the kernel's anon-rss" touched '.kind == "memset"'
	like "$(cat "$dir/latest/report.txt")" 'by_memset at .*touch_lines.c:[0-9]+' \
		"$1: the report names function, file and line"
	grep -q 'Where resident memory came from' "$dir/latest/report.md"
	ok $? "$1: the table is in report.md"
}

# The kernel's own record of the kill has the registers; the maps were saved before. Others may have
# used its records up: ten in 5 s.
witness() {
	for _ in 1 2 3 4 5 6 7 8; do
		run_in "$1" "${@:2}" --memory=64M -- "$helper" loop
		[ "$(report "$dir" '.kills[0].dumped')" != true ] || break
		sleep 2
	done
	like "$(report "$dir" '[.explanation[].text] | join(" ")')" \
		'At that moment it was in by_loop at [^ ]*touch_lines.c:[0-9]+' \
		"$1 ${2-}: the kernel's witness is resolved"
}

other_programs() {
	run_in "$1" --memory=256M -- "$stripped" memset
	within_of_three 64 "$1: a stripped program" touched '.module | tostring | endswith("stripped")'
	run_in "$1" --memory=256M -- "$static" memset
	line "$1 static" by_memset memset 16
	line "$1 static" by_loop store 48
}

# is_share FUNCTION KIND MIB ALL: right to 2 % of all that was touched.
is_share() {
	awk -v found="$(touched ".function == \"$1\" and .kind == \"$2\"")" -v mib="$3" -v all="$4" \
		'BEGIN { off = found / 1048576 - mib; exit !(off < all * 0.02 && off > -all * 0.02) }'
}

# shares PLACE ALL MODE FUNCTION KIND MIB...: of programs of which not each page is counted. Who has
# what is told by some hundred samples; where another test holds up the machine they can be few: one
# of three runs has to have enough.
shares() {
	local place=$1 all=$2 mode=$3 right
	shift 3
	for _ in 1 2 3; do
		# shellcheck disable=SC2086
		run_in "$place" --memory=1200M -- "$helper" $mode
		right=1
		for ((i = 1; i < $#; i += 3)); do
			is_share "${@:i:3}" "$all" || right=0
		done
		[ $right = 1 ] && break
	done
	[ $right = 1 ]
	ok $? "$place, many small pages, $mode: $*, of $all MiB" \
		"$(report "$dir" '[.touches[] | select(.bytes > 1048576) | [.function, .kind, .bytes]] | tostring')"
}

many_pages() {
	shares "$1" 768 'alternate 64' by_memset memset 576 by_loop store 192
	shares "$1" 768 'alternate 1024' by_memset memset 576 by_loop store 192
	shares "$1" 768 'alternate 16384' by_memset memset 576 by_loop store 192
	shares "$1" 768 many-threads by_loop store 512 by_other_loop store 256
	shares "$1" 640 middle by_loop store 256 take populate 128 by_memset memset 256
	shares "$1" 512 shrink by_loop store 256 by_memset memset 256
	shares "$1" 576 late-fork by_loop store 512
	run_in "$1" --memory=700M -- "$helper" grow
	adds_up "$1, many small pages: the lines add up to the kernel's anon-rss" touched '.kind == "memset"'
}

# Before huge pages are watched, each line gets what came since the sample before: how soon they are
# depends on what else the machine does. One of six runs has to be right.
huge_pages() {
	local kernel=$1 lines
	shift
	for _ in {1..6}; do
		run_in "$kernel" --memory=256M "$@" -- "$helper" huge
		is_within "$(touched '.function == "by_memset" and .kind == "memset"')" 64 && break
	done
	line "$kernel, a burst of huge pages $*" by_memset memset 64
	for _ in {1..6}; do
		run_in "$kernel" --memory=256M "$@" -- "$helper" huge-and-small
		lines=$(touched '.function == "by_memset" and .kind == "memset"')
		[ "$lines" -gt $((88 << 20)) ] && [ "$lines" -lt $((104 << 20)) ] &&
			is_within "$(touched '.function == "by_memset" or .function == "by_loop"')" 192 && break
	done
	[ "$lines" -gt $((88 << 20)) ] && [ "$lines" -lt $((104 << 20)) ]
	ok $? "$kernel, huge pages among small ones $*: by_memset, 96 MiB, found $lines"
	within "$(touched '.function == "by_memset" or .function == "by_loop"')" 192 \
		"$kernel, huge pages among small ones $*: both lines"
}

# Page faults alone, as users have them who may not use tracepoints.
by_faults() {
	local lab=$oomlab
	oomlab=$scratch/unprivileged
	printf '#!/bin/sh\nexec setpriv --bounding-set=-sys_admin,-perfmon %s "$@"\n' \
		"'$lab'" >"$oomlab" && chmod +x "$oomlab"
	run_in "$1" --memory=256M -- "$helper" memset
	line "$1, faults alone" by_memset memset 16
	line "$1, faults alone" by_loop store 48
	like "$(report "$dir" '[.explanation[].text] | join(" ")')" 'This is an estimate \(page faults alone; .*Root, or' \
		"$1, faults alone: it is said, and what would give more"
	run_in "$1" --memory=256M -- "$helper" huge
	line "$1, faults alone, huge pages" by_memset memset 64
	run_in "$1" --memory=64M -- "$helper" grow
	adds_up "$1, faults alone: the lines add up to the kernel's anon-rss" touched '.kind == "memset"'
	run_in "$1" --memory=256M -- "$helper" read
	[ "$(touched true)" -lt $((8 << 20)) ]
	ok $? "$1, faults alone: what the kernel touched for it is not made up"
	oomlab=$lab
}

# As clang leaves it: nothing tells which unit an address is of. And a header that comes with the
# compiler, inlined and not: its caller's line is told.
lines_of_compilers() {
	local plain=$scratch/no-aranges own=$scratch/own.c
	objcopy --remove-section=.debug_aranges "$helper" "$plain"
	run_in "$1" --memory=256M -- "$plain" memset
	line "$1, without .debug_aranges" by_memset memset 16
	line "$1, without .debug_aranges" by_loop store 48
	mkdir -p "$scratch/include/c++/1"
	cat >"$scratch/include/c++/1/standard.h" <<'END'
static inline __attribute__((always_inline)) void inlined(volatile char *p, long n)
{
	for (long i = 0; i < n; i += 512)
		p[i] = 1;
}
static __attribute__((noinline)) void called(volatile char *p, long n)
{
	inlined(p, n);
}
END
	cat >"$own" <<'END'
#include <stdlib.h>
#include <standard.h>
__attribute__((noinline)) void by_inlined(void)
{
	inlined(malloc(32 << 20), 32 << 20);
	__asm__ volatile("");
}
__attribute__((noinline)) void by_called(void)
{
	called(malloc(16 << 20), 16 << 20);
	__asm__ volatile("");
}
int main(void)
{
	by_inlined();
	by_called();
	return 0;
}
END
	${CC:-cc} -O1 -g -isystem "$scratch/include/c++/1" -o "$scratch/own" "$own"
	run_in "$1" --memory=256M -- "$scratch/own"
	line "$1, a standard header, inlined" by_inlined store 32
	is "$(report "$dir" '[.touches[] | select(.function == "by_inlined")][0].line')" 5 \
		"$1, a standard header, inlined: the line of the call"
	line "$1, a standard header, called" by_called store 16
}

# Debug information in a file of its own, found by its link or by build-id; nothing is installed:
# /usr/lib/debug is a file system of the command's own.
separate_files() {
	local linked=$scratch/linked plain=$scratch/plain id
	objcopy --only-keep-debug "$helper" "$scratch/linked.debug" &&
		objcopy --strip-all --add-gnu-debuglink="$scratch/linked.debug" "$helper" "$linked"
	ok $? "a program with a debug link is made"
	DEBUGINFOD_URLS=http://127.0.0.1:9 run_in "$1" --memory=256M -- "$linked" memset
	line "$1, debug link" by_memset memset 16
	is "$(report "$dir" '[.touches[] | select(.function == "by_loop")][0].file | split("/")[-1]')" \
		touch_lines.c "$1, debug link: the file"
	rm "$scratch/linked.debug"
	run_in "$1" --memory=256M -- "$linked" memset
	is "$(touched '.function == "by_memset"')" 0 "$1: without its file, no function is made up"

	id=$(readelf -n "$helper" | sed -n 's/.*Build ID: //p')
	objcopy --only-keep-debug "$helper" "$scratch/by-id.debug" && objcopy --strip-all "$helper" "$plain"
	printf '#!/bin/sh\nexec unshare -m sh -c "%s" sh "$@"\n' "mount -t tmpfs none /usr/lib/debug &&
		mkdir -p /usr/lib/debug/.build-id/${id:0:2} &&
		cp '$scratch/by-id.debug' /usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug &&
		exec '$oomlab' \\\"\\\$@\\\"" >"$scratch/with-debug"
	chmod +x "$scratch/with-debug"
	# Until the end: a run that is done again has the file, too.
	local oomlab=$scratch/with-debug
	run_in "$1" --memory=256M -- "$plain" memset
	# libc's own separate file is hidden: who called memset() knows it by name.
	line "$1, build-id" by_memset memset 16
	line "$1, build-id" by_loop store 48
}

cp "$helper" "$stripped" && strip "$stripped"
${CC:-cc} -O2 -g -pthread -static -o "$static" "$top/tests/helpers/touch_lines.c"
ok $? "a static program is built"

if lacks cgroup; then
	skip "the touch profile on this host" "$why"
elif run_in host --memory=64M -- /bin/true
	[ "$(report "$dir" '[.quality.absent_sources[] | select(.name == "touch profile")] | length')" = 0 ]; then
	every_kind host
	reserved_and_touched host
	at_the_kill host
	reclaim host
	file_in_memory host
	after_forks host
	many_pages host
	if grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled; then
		skip "huge pages on this host" "they are switched off"
	else
		huge_pages host
	fi
	other_programs host
	separate_files host
	few_descriptors
	lines_of_compilers host
	if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ]; then
		by_faults host
	else
		skip "page faults alone" "kernel.perf_event_paranoid is more than 2"
	fi
	witness host
	witness host --no-touch-profile
	# Where other tests hold up the machine what came in gaps is an estimate: one of three.
	for _ in 1 2 3; do
		run_in host --memory=256M -- /usr/bin/python3 -c 'x = bytearray(100 << 20)'
		found=$(touched '(.module | tostring | contains("python3")) and (.kind == "memset" or .kind == "clear")')
		is_within "$found" 100 && break
	done
	within "$found" 100 "host: a Python script"
	run_in host --no-touch-profile --memory=64M -- "$helper" grow
	is "$(report "$dir" '.touches | length')" 0 "--no-touch-profile: no line"
else
	skip "the touch profile on this host" "$(report "$dir" '.quality.absent_sources | tostring')"
fi
for kernel in 6.12 6.1; do
	every_kind "$kernel"
	reserved_and_touched "$kernel"
	at_the_kill "$kernel"
	file_in_memory "$kernel"
	other_programs "$kernel"
	witness "$kernel"
	witness "$kernel" --no-touch-profile
	huge_pages "$kernel" --thp=always
done
copies_alone 6.12
if need "files that are read again, in the VM" share; then
	reclaim 6.12 --share-host
fi

is "$(strays)" "" "no process is left"
done_testing
