#!/bin/bash
# it_preload.sh - --preload end to end: exact figures by line in a cgroup, in the VM on both kernels
# and in a container; a kill in the middle; who it is refused for.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
trap 'stop_engines; rm -rf "$scratch"' EXIT
PATH=$engine_bin:$PATH
dir=$scratch/reports
calls=$(dirname "$oomlab")/tests/helpers/preload_calls

# run_in PLACE ARGS...: quietly, under --preload.
run_in() {
	local place=$1
	shift
	rm -rf "$dir"
	case $place in
	host) set -- --backend=cgroup "$@" ;;
	6.*) set -- --backend=vm --kernel="$place" --timeout=5m "$@" ;;
	*) set -- --backend="$place" "$@" ;;
	esac
	"$oomlab" run --quiet --preload "$patience" --reports="$dir" "$@" >"$scratch/out" 2>&1
}

# of FUNCTION FIELD: a figure of the malloc calls in one function.
of() {
	report "$dir" "[.reservations[] | select(.function == \"$1\" and .what == \"malloc\") | .$2] | add"
}

exact() {
	run_in "$@" -- "$calls" exact
	is $? 0 "$1: the command's own status"
	is "$(of exact calls) $(of exact frees)" "101 51" "$1: calls are counted exactly"
	is "$(of exact asked) $(of exact live)" "$((100 * 24 + 300 * 1024)) $((50 * 24))" \
		"$1: bytes are counted exactly"
	like "$(report "$dir" '.reservations[] | select(.function == "exact") | "\(.file):\(.line)"')" \
		'preload_calls.c:[0-9]+$' "$1: function, file and line are named"
	like "$(cat "$dir/latest/report.txt")" '^ *0\.0 +0\.3 +1 +exact at .*preload_calls.c:[0-9]+ +malloc and its kin' \
		"$1: the text has the table"
	is "$(report "$dir" '[.quality.absent_sources[] | select(.name == "preload")] | length')" 0 \
		"$1: the library was loaded"
}

# A leak of nodes until the kernel kills: what is live stands close below the limit.
cat >"$scratch/leak.c" <<'C'
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static void *list;
static __attribute__((noinline)) void add_node(void)
{
	void **node = malloc(1000);

	memset(node, 1, 1000);
	*node = list;
	list = node;
}
int main(void)
{
	char *map = mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	map[0] = 1;
	for (;;)
		add_node();
}
C
${CC:-cc} -O1 -g -o "$scratch/leak" "$scratch/leak.c"
ok $? "a program that leaks is built"

killed() {
	run_in "$@" --memory=64M -- "$scratch/leak"
	is "$? $(report "$dir" .outcome)" "137 oom_killed" "$1: it is killed"
	awk -v live="$(of add_node live)" -v rss="$(report "$dir" '.kills[0].anon_rss_bytes')" \
		'BEGIN { exit !(live > rss * 0.95 && live <= rss * 1000 / 1008 + 524288) }'
	ok $? "$1: what is live explains the kernel's anon-rss" \
		"live $(of add_node live), anon-rss $(report "$dir" '.kills[0].anon_rss_bytes')"
	is "$(of add_node frees) $(of add_node live)" "0 $(($(number "$(of add_node calls)") * 1000))" \
		"$1: exact to the byte after SIGKILL"
	is "$(report "$dir" '[.reservations[] | select(.what == "mmap" and .function == "main")][0].ranges[0].bytes')" \
		$((32 << 20)) "$1: the address space that it held is listed"
	like "$(report "$dir" '[.explanation[].text] | join(" ")')" \
		'allocation calls requested .* still held when it was killed' "$1: the report says so"
	is "$(report "$dir" '[.touches[] | select(.kind == "shared_memory")] | length') $(report "$dir" \
		'[.reservations[] | select(.source == "kernel" and .what == "shared")] | length')" "0 0" \
		"$1: what the lab counts in is nobody's touch, nobody's reservation"
	like "$(report "$dir" '[.explanation[].text] | join(" ")')" \
		"are oomlab's own, what --preload counts in, and not charged" "$1: and part of its size"
}

refuses() { # WHY NAME COMMAND...
	local why=$1 name=$2
	shift 2
	run_in $anywhere -- "$@"
	is $? 125 "$name: refused"
	like "$(cat "$scratch/out")" "^oomlab: .*--preload.*$why" "$name: one line says why"
	is "$(find "$dir" -type f 2>/dev/null | wc -l)" 0 "$name: nothing is left"
}

on_host() {
	exact host
	killed host
	[ "$(jq -r 'select(.ev == "lost" and .name != "samples") | .name' "$dir/latest/record.jsonl")" = "" ]
	ok $? "host: nothing was lost"
	"$oomlab" report --full "$dir/latest" >"$scratch/again" 2>&1
	like "$(cat "$scratch/again")" 'add_node at ' "the record alone yields the same table"
	run_in host --memory=64M -- "$calls" many_large
	like "$(report "$dir" .quality.ring_lost)" '^[1-9]' "records that the ring lost are counted"
	is "$(of many_large calls) $(of many_large frees) $(of many_large live)" "15000 15000 0" \
		"and the figures do not suffer"
}

# What is refused is told with its line and size, and is the outcome of a program that gives up.
cat >"$scratch/refused.c" <<'C'
#include <stdlib.h>
#include <sys/resource.h>
int main(void)
{
	struct rlimit limit = {32 << 20, 32 << 20};

	setrlimit(RLIMIT_AS, &limit);
	return malloc(40 << 20) ? 0 : 3;
}
C
refused_on_host() {
	${CC:-cc} -O1 -g -o "$scratch/refused" "$scratch/refused.c"
	run_in host --expect=refused -- "$scratch/refused"
	is "$? $(report "$dir" .outcome)" "0 refused" "a program that gives up at ENOMEM: refused"
	is "$(report "$dir" '[.reservations[] | select(.refused == 1)][0].refused_bytes')" $((40 << 20)) \
		"with the size of the request"
	like "$(report "$dir" .summary)" \
		'was refused memory: main at .*refused.c:8 .* requested 40 MiB and got ENOMEM.*with status 3' \
		"and the first sentence says so"
	"$oomlab" run --quiet --backend=cgroup --reports="$dir" --expect=refused -- "$scratch/refused" \
		>"$scratch/out" 2>&1
	is $? 125 "without --preload it cannot be judged"
	like "$(cat "$scratch/out")" 'only with --preload' "and a line says what to do"
}

# Whoever calls operator new is named, not operator new.
cat >"$scratch/new.c" <<'C'
#include <stddef.h>
void *_Znwm(size_t size);
void *_ZnamRKSt9nothrow_t(size_t size, const char *tag);
void _ZdlPv(void *p);
static void *kept[3];
static __attribute__((noinline)) void make_new(void)
{
	for (int i = 0; i < 3; i++)
		kept[i] = _Znwm(1000);
	_ZdlPv(kept[0]);
	kept[0] = _ZnamRKSt9nothrow_t(500, "");
}
int main(void)
{
	make_new();
	return 0;
}
C
programs_on_host() {
	if ${CC:-cc} -O1 -g -o "$scratch/new" "$scratch/new.c" -l:libstdc++.so.6 2>"$scratch/log"; then
		run_in host -- "$scratch/new"
		is "$(of make_new calls) $(of make_new live)" "4 2500" "C++: operator new's caller is named"
	else
		skip "C++: operator new's caller is named" "no libstdc++.so.6 to link with"
	fi

	run_in host -- sh -c '/bin/true; exec /bin/echo hello'
	is "$? $(cat "$scratch/out")" "0 hello" "children and an exec go on as ever"
	make -s -C "$top" BUILD="$(dirname "$oomlab")" install DESTDIR="$scratch/root" PREFIX=/usr >"$scratch/log" 2>&1
	(oomlab=$scratch/root/usr/bin/oomlab run_in host -- "$calls" exact)
	is "$(of exact calls)" 101 "the installed program finds the library"
	LD_PRELOAD=/nonexistent/other.so run_in host -- /usr/bin/env 2>/dev/null
	like "$(cat "$scratch/out")" '^LD_PRELOAD=.*/liboomlab_preload.so:/nonexistent/other.so$' \
		"what LD_PRELOAD had stays behind the library"
	"$oomlab" run --quiet --backend=cgroup --reports="$dir" -- /usr/bin/env >"$scratch/out" 2>&1
	is "$(grep -c LD_PRELOAD "$scratch/out")" 0 "without --preload there is no library"
	is "$(report "$dir" '[.reservations[]? | select(.source == "preload")] | length')" 0 "and nothing is reserved by anybody"
}
if need "on this host" cgroup; then
	on_host
	refused_on_host
	programs_on_host
fi

# Refused before anything starts, wherever it would have been.
anywhere=host
if lacks cgroup; then anywhere=6.12; fi
run_in $anywhere malloc-128m
is $? 125 "a scenario: refused"
like "$(cat "$scratch/out")" '--preload is for commands' "a scenario: one line says why"
${CC:-cc} -static -o "$scratch/static" "$scratch/leak.c" && refuses static "a static program" "$scratch/static"
printf '#!%s\n' "$scratch/static" >"$scratch/script" && chmod +x "$scratch/script"
refuses static "a script of a static program" "$scratch/script"
if ${CC:-cc} -fsanitize=address -o "$scratch/asan" "$scratch/leak.c" 2>/dev/null; then
	refuses sanitizer "a program with ASan" "$scratch/asan"
else
	skip "a program with ASan" "no libasan"
fi
cp /bin/true "$scratch/privileged" && chmod u+s "$scratch/privileged"
if [ "$(id -u)" = 0 ]; then
	chown 65534 "$scratch/privileged" && chmod u+s "$scratch/privileged"
	refuses set-user-ID "a set-user-ID program" "$scratch/privileged"
else
	skip "a set-user-ID program" "needs root"
fi

for kernel in 6.12 6.1; do
	exact "$kernel"
	killed "$kernel"
done

! need "--preload with --share-host" share || exact 6.12 --share-host

# An image with a shell's worth of programs: this host's own, bound read-only into an empty one.
in_container() {
	local engine=$1 binds d told
	mkdir -p "$scratch/empty/tmp" "$scratch/empty/bin"
	tar -C "$scratch/empty" -c . | "$engine" import - oomlab-test >/dev/null 2>&1
	binds=(--image=oomlab-test "--container-option=--volume=$scratch:$scratch:ro"
		"--container-option=--volume=$(dirname "$calls"):$(dirname "$calls"):ro")
	for d in usr bin lib lib64; do
		binds+=("--container-option=--volume=$(realpath "/$d"):/$d:ro")
	done
	exact "$engine" "${binds[@]}"
	killed "$engine" "${binds[@]}"
	# Whose number is whose is looked up while both are there: a busy machine may be late.
	for _ in 1 2 3; do
		run_in "$engine" --memory=32M "${binds[@]}" -- "$calls" hungry_child
		told="$? $(report "$dir" '.outcome + " " + ([.reservations[] | select(.function == "hungry_child")][0].pid | tostring)')"
		[ "${told##* }" != "$(report "$dir" '.kills[0].victim_pid')" ] || break
	done
	is "$told" "0 child_oom_killed $(report "$dir" '.kills[0].victim_pid')" \
		"$engine: a child in a container has the number that the kernel's log has"
	run_in "$engine" --memory=64M "${binds[@]}" -- "$calls" many_processes
	like "$(report "$dir" '.quality.notes[]')" \
		'Some processes had ended before their pids .* inside the container: [0-9]+, ' \
		"$engine: children that come and go have theirs, and it is said"
	run_in "$engine" --memory=16M "${binds[@]}" -- "$scratch/static"
	like "$(report "$dir" '.quality.absent_sources[] | select(.name == "preload") | .why')" \
		'no process loaded the library' "$engine: a static program is noted afterwards"
}
for engine in docker podman; do
	if "start_$engine"; then
		in_container "$engine"
		stop_engines
	else
		skip "--preload with $engine" "$engine_reason"
	fi
done
is "$(strays)" "" "no process is left"
done_testing
