#!/bin/bash
# it_programs.sh - programs as people have them, against what they know of themselves: a build in
# node, a worker pool, a database, JVM and Go heaps, addresses in no file. Each is a skip where the
# program is not there.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
reports=$scratch/reports
keeps=$(dirname "$oomlab")/tests/helpers/keeps

! lacks root cgroup || skip_all "$why"
cd "$scratch" || exit 1

run() {
	timeout -k 5 300 "$oomlab" run --quiet --backend=cgroup --reports="$reports" "$@" \
		>"$scratch/out" 2>"$scratch/errors" </dev/null
	status=$?
}
of() {
	report "$reports" "$1"
}
# The victims, by the kernel log that was kept, read here; those of others stand there, too.
victims() {
	sed -n 's/.*Killed process [0-9]* (\([^)]*\)).*/\1/p' "$reports/latest/kmsg.log" | sort -u |
		tr '\n' ' '
}
# mib FILTER: of the touches that jq's condition holds for, in MiB.
mib() {
	of "[.touches[] | select($1) | .bytes] | (add // 0) / 1048576 | floor"
}
# folded PATTERN: of the stacks that touched memory and hold it, in MiB.
folded() {
	awk -v pattern="$1" '$0 ~ pattern { bytes += $NF } END { print int(bytes / 1048576) }' \
		"$reports/latest/touches.folded"
}
# keeps_until STACK MODE: where another test holds up the machine, samples can be lost: one of five
# runs has to have most of 48 MiB by that stack.
keeps_until() {
	for _ in 1 2 3 4 5; do
		run --memory=48M -- "$keeps" "$2"
		[ "$(number "$(folded ";$1;")")" -lt 40 ] || break
	done
}
# at_least FOUND LEAST NAME
at_least() {
	[ "$(number "$1")" -ge "$2" ]
	ok $? "$3" "found '$1', expected $2 or more"
}

if need 'a build in node' npm; then
	mkdir build
	cat >build/grow.js <<-'END'
		const kept = [];
		for (;;) kept.push(Buffer.alloc(1 << 20, 1), new Array(50000).fill({}));
	END
	echo '{"scripts":{"build":"node --max-old-space-size=2048 grow.js"}}' >build/package.json
	for try in 1 2 3; do
		run --memory=200M --timeout=120 -- sh -c 'cd build && exec npm run build'
		is "$(of .outcome)" child_oom_killed "a build in node, run $try: the outcome"
		like " $(victims)" ' (node|MainThread|npm run build) ' "a build in node, run $try: who"
		is "$(of '.quality.notes | map(select(test("ended by signal"))) | length')" 0 \
			"a build in node, run $try: nothing that reads it died"
	done
	[ "$(mib true)" -ge 150 ]
	ok $? 'a build in node: its memory is accounted for' "$(mib true) MiB of 200"
fi

if need 'a pool of workers' python3; then
	cat >pool.py <<-'END'
		import multiprocessing as mp
		def work(mib):
		    return len(bytearray(mib << 20))
		if __name__ == '__main__':
		    with mp.Pool(2) as pool:
		        print(pool.map(work, [5, 5, 300, 5], chunksize=1), flush=True)
	END
	run --memory=80M --timeout=15 -- "$(realpath "$(command -v python3)")" pool.py
	is "$(of '.outcome + " " + .run.ended')" 'child_oom_killed timed_out' \
		'a pool whose worker is killed waits for good: both are told'
	like "$(story "$reports")" 'killed a process that the program had started: python3' \
		'a pool: whom the kernel killed'
	unlike "$(story "$reports")" 'is to blame' 'a pool: nobody is acquitted'
	# The worker was not the first process, and nothing of the rest was killed.
	is "$(of .killed)" 1 'a pool: one was killed'
fi

postgres=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | head -n 1)
if [ -n "$postgres" ] && id postgres >/dev/null 2>&1; then
	bin=${postgres%/*}
	chmod 755 "$scratch"
	install -d -o postgres pg
	cat >pg.sh <<-END
		as='setpriv --reuid=postgres --regid=postgres --clear-groups'
		\$as $bin/initdb -D pg/d -A trust >/dev/null 2>&1 || exit 90
		\$as $bin/postgres -D pg/d -k $scratch/pg -c listen_addresses= -c shared_buffers=16MB \\
			-c work_mem=1GB -c max_parallel_workers_per_gather=0 2>pg.log &
		for i in \$(seq 600); do
			\$as $bin/psql -h $scratch/pg -l >/dev/null 2>&1 && break
			sleep 0.1
		done
		\$as $bin/psql -h $scratch/pg -d postgres -c "select count(*) from (select distinct
			md5(i::text) || md5((i + 1)::text) from generate_series(1, 3000000) i) s" 2>/dev/null
		echo "psql \$?"
		kill -INT \$!
		wait \$!
		exit 5
	END
	run --memory=96M --timeout=240 -- sh pg.sh
	like "$(cat out)" 'psql [12]' 'a database: its client lost the connection'
	is "$(of '.outcome + " " + (.run.exit_status | tostring)')" 'child_oom_killed 5' \
		'a database: a backend was killed, and the script went on'
	like " $(victims)" ' postgres ' 'a database: the kernel killed a backend'
	is "$(of '[.kills[] | select(.relation == "child").victim_comm] | unique | join(" ")')" postgres \
		'a database: and that is told'
	like "$(cat pg.log)" 'was terminated by signal 9' 'a database: its own log agrees'
else
	skip 'a database' 'no PostgreSQL server here'
fi

if need 'a heap of Go' go; then
	mkdir goheap
	cat >goheap/main.go <<-'END'
		package main

		import (
			"fmt"
			"runtime"
		)

		var kept = map[int][]byte{}

		func fill(i int) {
			b := make([]byte, 64<<10)
			for j := range b {
				b[j] = byte(j)
			}
			kept[i] = b
		}

		func main() {
			for i := 0; i < 1000; i++ {
				fill(i)
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Println(m.HeapInuse>>20, m.StackInuse>>20)
		}
	END
	GOCACHE=$scratch/gocache GOFLAGS=-mod=mod GO111MODULE=off go build -o goheap/main goheap/main.go
	# Whose it is is an estimate where others keep the machine busy: the best of three.
	for _ in 1 2 3; do
		run --memory=200M -- goheap/main
		read -r heap stacks <out
		[ "$(mib '.function == "main.fill"')" -lt $((heap * 8 / 10)) ] || break
	done
	is "$status $stacks" '0 0' 'a heap of Go: the runtime has less than 1 MiB of stacks'
	[ "$(mib '.kind == "stack"')" -le 1 ]
	ok $? 'a heap of Go: and no more is called that' "$(mib '.kind == "stack"') MiB"
	[ "$(mib '.function == "main.fill"')" -ge $((heap * 8 / 10)) ]
	ok $? 'a heap of Go: whose it is' "$(mib '.function == "main.fill"') of $heap MiB"
	is "$(of '[.reservations[] | select(.requested_address)] | length > 0')" true \
		'a heap of Go: it is mapped at an address of its choice'
fi

if need 'a heap of a JVM' javac; then
	cat >Leak.java <<-'END'
		public class Leak {
			public static void main(String[] args) {
				java.util.ArrayList<byte[]> kept = new java.util.ArrayList<>();
				for (;;) {
					byte[] b = new byte[100000];
					java.util.Arrays.fill(b, (byte) 1);
					kept.add(b);
				}
			}
		}
	END
	javac Leak.java
	run --memory=200M -- java -XX:+UseSerialGC -Xmx1g -cp . Leak
	is "$(of .outcome)" oom_killed 'a heap of a JVM: killed by the limit, not by itself'
	is "$(of '[.reservations[] | select(.requested_address and .reserved >= 1073741824)] | length > 0')" \
		true 'a heap of a JVM: one mapping of 1 GiB at a requested address'
	unlike "$(story "$reports")" 'static data' 'a heap of a JVM: nothing is called what was not seen'
fi

if need 'addresses in no file' stress-ng; then
	run --memory=100M --timeout=10 -- stress-ng --vm 1 --vm-bytes 200M --vm-keep -t 3
	# An address of no file is in none: such is beyond any library's size.
	is "$(of '[.. | strings | select(test("[.]so[.0-9]*[+]0x[0-9a-f]{10}"))] | length')" 0 \
		'addresses in no file: they are credited to no library'
	unlike "$(story "$reports")" '[.]so[.0-9]*[+]0x[0-9a-f]{10}' 'addresses in no file: nor in words'
fi

# Windows' way: reserved, then committed, and neither is memory.
wine=/usr/lib/wine/wine64
if need 'VirtualAlloc' x86_64-w64-mingw32-gcc $wine; then
	cat >va.c <<-'END'
		#include <stdio.h>
		#include <string.h>
		#include <windows.h>

		static char *keep(const char *what, char *at)
		{
			printf("%s %s\n", what, at ? "given" : "refused");
			fflush(stdout);
			return at;
		}

		static void touch(char *at, size_t mib)
		{
			memset(at, 1, mib << 20);
			printf("touched %u\n", (unsigned int)mib);
			fflush(stdout);
		}

		int main(void)
		{
			char *at = keep("reserve", VirtualAlloc(NULL, (SIZE_T)2 << 30, MEM_RESERVE, PAGE_NOACCESS));

			at = keep("commit", VirtualAlloc(at, (SIZE_T)1 << 30, MEM_COMMIT, PAGE_READWRITE));
			touch(at, 64);
			touch(at, 1024);
			return 0;
		}
	END
	x86_64-w64-mingw32-gcc va.c -o va.exe
	export WINEPREFIX=$scratch/wine WINEDEBUG=-all
	timeout 300 $wine wineboot -i >wine.log 2>&1
	# What serves all programs there is started beside the run, and waits for the next.
	timeout 300 "${wine%/*}/wineserver64" -p >>wine.log 2>&1
	run --memory=256M --timeout=200 -- $wine va.exe
	"${wine%/*}/wineserver64" -k -w >>wine.log 2>&1
	is "$(tr -d '\r' <out | tr '\n' ' ')" 'reserve given commit given touched 64 ' \
		'VirtualAlloc: 2 GiB reserved, 1 GiB committed: the touch is what is killed'
	is "$status $(of .outcome)" '137 oom_killed' 'VirtualAlloc: by the kernel'
	like "$(story "$reports")" 'va.exe \(pid [0-9]+\) had [0-9.]+ GiB of address space' 'VirtualAlloc: who it was'
	is "$(of '[.reservations[] | select(.reserved >= 2147483648 and .touched > 134217728 and .touched < 268435456)] | length > 0')" \
		true 'VirtualAlloc: reserved is not touched'
fi

# A file in tmpfs is charged to who writes it, and is nobody's memory.
file=/dev/shm/$(basename "$scratch")
trap 'rm -rf "$scratch" "$file"' EXIT
if [ "$(stat -f -c %T /dev/shm)" = tmpfs ]; then
	# The last look is by the clock: where another test holds up the machine it can be early.
	for _ in 1 2 3 4 5; do
		# shellcheck disable=SC2016 # for the shell inside
		run --memory=64M -- sh -c 'dd if=/dev/zero of="$1" bs=1M count=200; rm -f "$1"; exit 5' sh "$file"
		held=$(of "[.memory_files[]? | select(.name == \"$file\") | .resident // .size] | add // 0")
		[ "$(number "$held")" -lt $((32 << 20)) ] || break
	done
	is "$(of '.outcome + " " + (.run.exit_status | tostring)')" 'child_oom_killed 5' \
		'a file in tmpfs: dd is killed, the shell goes on'
	at_least "$held" $((32 << 20)) 'a file in tmpfs: its name and size'
	like "$(story "$reports")" "Files in memory At the last sample, .* $file held [0-9.]+ MiB \((open in dd|no process has it open)" \
		'a file in tmpfs: it is the first to be told'
	like "$(story "$reports")" 'There is no table|Of the 1[.0-9]* MiB that were seen to become resident memory of processes' \
		'a file in tmpfs: how little the tables are of'
	unlike "$(story "$reports")" '% of it.* came from one place|No one place' 'a file in tmpfs: no line is blamed'
	[ ! -e "$file" ]
	ok $? 'a file in tmpfs: it is gone'
else
	skip 'a file in tmpfs' '/dev/shm is none'
fi

# Calls that a compiler left out are calls of the program all the same.
keeps_until 'main;handle;load' inlined
is "$status" 137 'inlined callers: killed'
at_least "$(mib '.function == "load"')" 40 'inlined callers: the line is the innermost'
at_least "$(folded ';main;handle;load;')" 40 'inlined callers: who called it is in the stacks'
like "$(story "$reports")" ' main .*[>·] handle \(inlined\) .*[>·] load \(inlined\)' 'inlined callers: and in the report'
unlike "$(story "$reports")" '(main|handle) \(inlined\) > .*main' 'inlined callers: main is not'
run --memory=48M -- "$keeps" list
like "$(story "$reports")" ' add_node > load \(inlined\)' 'inlined callers: a call that is one'
unlike "$(story "$reports")" 'add_node \(inlined\)' 'inlined callers: is not called inlined'

# What left the stack by a tail call, in one file and over two; not where it is not certain.
cat >tail.c <<'END'
#include <stdlib.h>
#include <string.h>
volatile int sink;
char *over(size_t n);
__attribute__((noinline)) char *load(size_t n)
{
	char *p = malloc(n);

	memset(p, 1, n);
	sink++;
	return p + (sink & 1);
}
__attribute__((noinline)) char *fetch(size_t n) { sink++; return load(n + 16); }
__attribute__((noinline)) char *handle(size_t n) { sink += 2; return fetch(n * 2); }
/* Two ways to load(), and one that nobody knows before it runs. */
__attribute__((noinline)) char *left(size_t n) { sink += 3; return load(n + 1); }
__attribute__((noinline)) char *right(size_t n) { sink += 4; return load(n + 2); }
__attribute__((noinline)) char *either(size_t n) { return sink % 2 ? left(n) : right(n); }
char *(*volatile pointer)(size_t n) = load;
__attribute__((noinline)) char *pointed(size_t n) { sink++; return pointer(n); }
int main(int argc, char **argv)
{
	char *(*const ways[])(size_t) = {handle, over, either, pointed};

	for (;;)
		if (*argv[1] == 'h' ? !handle(20000) : *argv[1] == 'o' ? !over(20000)
		    : *argv[1] == 'e' ? !either(20000) : !pointed(20000))
			return argc + !ways[0];
}
END
cat >over.c <<'END'
#include <stddef.h>
extern volatile int sink;
char *fetch(size_t n);
__attribute__((noinline)) char *over(size_t n) { sink--; return fetch(n + 3); }
END
# tail_until WAY STACK: as keeps_until.
tail_until() {
	for _ in 1 2 3 4 5; do
		run --memory=48M -- "./tail-$cc" "$1"
		[ "$(number "$(folded ";$2;")")" -lt 40 ] || break
	done
	at_least "$(folded ";$2;")" 40 "tail calls, $cc, $1: $2"
}
for cc in gcc clang; do
	need "tail calls, $cc" $cc || continue
	$cc -g -O2 -fno-inline -o "tail-$cc" tail.c over.c
	tail_until h 'main;handle;fetch;load'
	like "$(story "$reports")" 'main > handle > fetch > load' "tail calls, $cc: who called whom"
	tail_until o 'main;over;fetch;load'
	tail_until e 'main;load'
	tail_until p 'main;load'
done

# Four threads, each with a buffer of 1 MiB that comes and goes.
keeps_until 'work;serve;put;load' threads
at_least "$(folded ';work;serve;put;load;')" 36 'threads: put() of serve() of work() keeps it'
like "$(story "$reports")" 'work > serve \(inlined\).* put \(inlined\) > load' 'threads: so the report says'
[ "$(folded ';work;serve;load;')" -le 8 ]
ok $? 'threads: their buffers that come and go are no more than there can be at a time' \
	"$(folded ';work;serve;load;') MiB"
unlike "$(story "$reports")" 'main > ([a-z_]+( \(inlined\))? > )*(serve|load)' 'threads: main() did not'

# What many threads gave back, each arena's own still holds.
run --memory=48M --preload -- "$keeps" bursts
live=$(of '[.reservations[] | select(.source == "preload") | .live] | add // 0')
is "$(of .outcome)" oom_killed 'arenas: killed'
[ "$(number "$live")" -gt 0 ] && [ "$live" -lt $((24 << 20)) ]
ok $? 'arenas: by what was held at the kill it had room' "live $live"
like "$(story "$reports")" 'are in no allocation that was counted and still held, while [0-9.]+ [MG]iB had been given back' \
	'arenas: what was given back is told'
run --memory=48M --preload -- "$keeps" inlined
unlike "$(story "$reports")" 'in no allocation' 'arenas: nothing of it where all is held'

is "$(strays)" '' 'nothing is left'
done_testing
