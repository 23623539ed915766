#!/bin/bash
# it_beside.sh - what reads programs and their debug information may die of it, or find nothing: the
# report stands, and says so. On this host, where root can.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

helper=$(dirname "$oomlab")/tests/helpers/touch_lines
reports=$scratch/reports

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" = 0 ] || skip_all 'needs root'
"$oomlab" run --backend=cgroup --dry-run --memory=64M -- /bin/true >"$scratch/plan" 2>&1 ||
	skip_all "no memory cgroup here: $(tail -1 "$scratch/plan")"

# run OPTIONS... -- COMMAND...: status in $status.
run() {
	timeout -k 5 120 "$oomlab" run --quiet --backend=cgroup --reports="$reports" "$@" \
		>"$scratch/out" 2>&1
	status=$?
}

run --memory=64M -- /bin/true
[ "$(report "$reports" '[.quality.absent_sources[] | select(.name == "touch profile")] | length')" = 0 ] ||
	skip_all "no touch profile here"

notes() {
	report "$reports" '.quality.notes | tostring'
}

# bytes FILTER: of the touches that jq's condition holds for.
bytes() {
	report "$reports" "[.touches[] | select($1) | .bytes] | add // 0"
}

# about FOUND MIB NAME: 15 % either way; the exact figures are it_touch.sh's.
is_about() {
	awk -v found="$1" -v mib="$2" \
		'BEGIN { want = mib * 1048576; exit !(found > want * 0.85 && found < want * 1.15) }'
}
about() {
	is_about "$1" "$2"
	ok $? "$3" "found $1 bytes, expected $2 MiB"
}

# about_of_three FILTER MIB NAME OPTIONS... -- COMMAND...: what is touched within milliseconds is an
# estimate where others keep the machine busy.
about_of_three() {
	local filter=$1 mib=$2 what=$3
	shift 3
	for _ in 1 2 3; do
		run "$@"
		is_about "$(bytes "$filter")" "$mib" && break
	done
	about "$(bytes "$filter")" "$mib" "$what"
}

# until COMMAND...: waits for it, 60 s at most.
until_true() {
	local i
	for ((i = 0; i < 6000; i++)); do
		"$@" && return 0
		sleep 0.01
	done
	return 1
}

# child_of PID NAME: a process of the lab's own, into $found.
# shellcheck disable=SC2317 # called by until_true, as are those below
child_of() {
	found=$(pgrep -P "$1" -x "$2")
	[ -n "$found" ]
}
# shellcheck disable=SC2317
is_another() {
	child_of "$1" "$2" && [ "$found" != "$3" ]
}

# A program that touches memory with a stack of its own each time, until it is told to end.
cat >"$scratch/deeper.c" <<'END'
#include <sys/mman.h>
#include <unistd.h>

static void deeper(int depth)
{
	volatile char room[64] = {(char)depth};
	char *p;

	if (depth > 0) {
		deeper(depth - 1);
		room[1] = room[0];
		return;
	}
	p = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 64 << 10; i += 4096)
		((volatile char *)p)[i] = 1;
	munmap(p, 64 << 10);
}

int main(int argc, char **argv)
{
	for (int i = 0; argc > 1 && access(argv[1], F_OK); i++) {
		deeper(i % 40);
		usleep(2000);
	}
	return 0;
}
END
${CC:-cc} -g -O1 -o "$scratch/deeper" "$scratch/deeper.c"
ok $? 'a program is built'

# The process that unwinds stacks is killed in the middle of a run.
"$oomlab" run --quiet --backend=cgroup --reports="$reports" --memory=64M --timeout=100 -- \
	"$scratch/deeper" "$scratch/stop" >"$scratch/out" 2>&1 &
lab=$!
until_true child_of "$lab" oomlab-unwind
ok $? 'stacks are unwound by a process beside'
first=$found
kill -SEGV "$first"
until_true is_another "$lab" oomlab-unwind "$first"
ok $? 'it is begun again when it has died'
: >"$scratch/stop"
wait "$lab"
is $? 0 "its death is not the lab's"
is "$(report "$reports" '[.outcome, .verdict] | tostring')" '["survived","none"]' 'the report is whole'
like "$(notes)" 'process that unwinds stacks was ended by signal 11 \(Segmentation fault\)' \
	'the report says what it died of'
like "$(tr '\n' ' ' <"$reports/latest/report.txt" | tr -s ' ')" 'process that unwinds stacks was ended' \
	'and people are told'
is "$(report "$reports" '[.touches[] | select(.function == "deeper" and .file != null)] | length > 0')" \
	true 'lines are known nevertheless'
is "$(strays)" '' 'no process is left'

# A file beside the program that nobody writes to: who opens it waits for ever.
objcopy --only-keep-debug "$helper" "$scratch/lines.debug" &&
	objcopy --strip-all --add-gnu-debuglink="$scratch/lines.debug" "$helper" "$scratch/hostile"
ok $? 'a program with a debug link is made'
rm "$scratch/lines.debug"
mkfifo "$scratch/lines.debug"
"$oomlab" run --quiet --backend=cgroup --reports="$reports" --memory=128M -- \
	"$scratch/hostile" memset >"$scratch/out" 2>&1 &
lab=$!
until_true child_of "$lab" oomlab-symbols
ok $? 'symbols are read by a process beside'
is "$(cat "/proc/$found/oom_score_adj")" 1000 'which is the first to go when memory ends'
# shellcheck disable=SC2317
is_waiting() {
	[ "$(cat "/proc/$1/wchan" 2>/dev/null)" = wait_for_partner ]
}
until_true is_waiting "$found"
kill -SEGV "$found"
wait "$lab"
is $? 0 'a file that is never read ends nothing'
is "$(report "$reports" .outcome)" survived 'a file that is never read: the report is whole'
like "$(notes)" "reads symbols was ended by signal 11 \(Segmentation fault\) while it read those of '$scratch/hostile': functions and lines there are missing" \
	'it is said which file it was'
is "$(report "$reports" '[.touches[] | select((.module // "" | contains("libc.so") or contains("ld-linux")) and .function)] | length > 0')" \
	true 'functions of other files are known'
about "$(bytes '.module // "" | endswith("/hostile")')" 64 "what it touched is known without them"

# reading OPTIONS... -- COMMAND...: a run whose symbols are being read, of a file that nobody writes.
reading() {
	"$oomlab" run --quiet --backend=cgroup --memory=32M "$@" >"$scratch/out" 2>"$scratch/errors" &
	lab=$!
	until_true child_of "$lab" oomlab-symbols && until_true is_waiting "$found"
}

# ^C meanwhile: what the run came to is there.
reading --reports="$reports" -- "$scratch/hostile" grow
kill -INT "$lab"
wait "$lab"
is "$? $(cat "$scratch/errors")" '130 ' '^C while symbols are read: 130, and no word'
is "$(report "$reports" '[.outcome, .killed] | tostring')" '["oom_killed",1]' \
	'^C while symbols are read: the report is whole'
like "$(notes)" "reads symbols was interrupted while it read those of '$scratch/hostile': functions and lines of what came after are missing" \
	'^C while symbols are read: it says what is missing'
is "$(strays)" '' '^C while symbols are read: nothing is left'
reading --reports="$reports" --repeat=50 -- "$scratch/hostile" grow
before=$(find "$reports" -mindepth 1 -maxdepth 1 -type d | wc -l)
kill -TERM "$lab"
wait "$lab"
is "$? $(find "$reports" -mindepth 1 -maxdepth 1 -type d | wc -l)" "143 $before" \
	'--repeat ended while symbols are read: no further runs'

# The disk is full by then: what was written is not lost.
mkdir "$scratch/full"
if mount -t tmpfs -o size=1m tmpfs "$scratch/full" 2>/dev/null; then
	reading --reports="$scratch/full" -- "$scratch/hostile" grow
	dd if=/dev/zero of="$scratch/full/ballast" bs=1k 2>/dev/null
	kill -SEGV "$found"
	wait "$lab"
	is $? 125 'a disk that is full once symbols are read: 125'
	victim=$(find "$scratch/full" -mindepth 1 -maxdepth 1 -type d)
	like "$(wc -l <"$scratch/errors") $(cat "$scratch/errors")" \
		"^1 oomlab: cannot write .*: No space left on device; what the record holds: oomlab report $victim\$" \
		'a disk that is full once symbols are read: one line, with what is to be done'
	rm "$scratch/full/ballast"
	"$oomlab" report "$victim" >"$scratch/out" 2>&1
	is "$(jq -r '[.outcome, .killed] | tostring' "$victim/report.json")" '["oom_killed",1]' \
		'a disk that is full once symbols are read: the kill is told'
	umount "$scratch/full"
	is "$(strays)" '' 'a disk that is full once symbols are read: nothing is left'
else
	skip 'a disk that is full once symbols are read' 'no tmpfs can be mounted here'
fi

# The lab is killed: who waits for a file does not stay.
reading --reports="$reports" -- "$scratch/hostile" grow
{
	kill -9 "$lab"
	wait "$lab"
} 2>/dev/null
# shellcheck disable=SC2317
is_gone() {
	[ ! -e "/proc/$1" ]
}
until_true is_gone "$found"
ok $? 'who reads symbols does not outlive the lab'
rm "$scratch/lines.debug"

# Where all is well nothing is said.
run --memory=128M -- "$helper" memset
is "$(notes | grep -c 'The process that')" 0 'nothing is said where nothing died'

# A machine without files of debug information: what libc was told to do is known by the call.
cat >"$scratch/calls.c" <<'END'
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MIB = 1 << 20 };

static char *take(size_t bytes)
{
	char *p = malloc(bytes);

	if (!p)
		abort();
	return p;
}

__attribute__((noinline)) char *by_memset(size_t bytes)
{
	char *p = take(bytes);

	memset(p, 1, bytes);
	return p;
}

__attribute__((noinline)) char *by_bzero(size_t bytes)
{
	char *p = take(bytes);

	bzero(p, bytes);
	return p;
}

__attribute__((noinline)) char *by_memcpy(size_t bytes, const char *from)
{
	char *p = take(bytes);

	memcpy(p, from, bytes);
	return p;
}

int main(void)
{
	char *a = by_memset(96 * MIB), *b = by_bzero(64 * MIB), *c = by_memcpy(32 * MIB, a);

	return a[1] + b[2] + c[3] == 2 ? 0 : 1;
}
END
bare=$scratch/bare
printf '#!/bin/sh\nexec unshare -m sh -c "%s" sh "$@"\n' "mkdir -p /usr/lib/debug &&
	mount -t tmpfs none /usr/lib/debug && exec '$oomlab' \\\"\\\$@\\\"" >"$bare"
chmod +x "$bare"
for flags in '-fplt' '-fno-plt' '-no-pie'; do
	${CC:-cc} -g -O1 -fno-builtin $flags -o "$scratch/calls" "$scratch/calls.c"
	# What is touched within milliseconds is an estimate where others keep the machine busy: the
	# best of several runs.
	for _ in 1 2 3 4 5; do
		oomlab=$bare run --memory=512M -- "$scratch/calls"
		is_about "$(bytes '.function == "by_memset"')" 96 &&
			is_about "$(bytes '.function == "by_bzero"')" 64 &&
			is_about "$(bytes '.function == "by_memcpy"')" 32 && break
	done
	is $status 0 "bare, $flags: the program ends well"
	about "$(bytes '.function == "by_memset" and .kind == "memset"')" 96 "bare, $flags: memset"
	about "$(bytes '.function == "by_bzero" and .kind == "clear"')" 64 "bare, $flags: bzero"
	about "$(bytes '.function == "by_memcpy" and .kind == "copy"')" 32 "bare, $flags: memcpy"
	is "$(grep -c 'cleared by libc (memset)' "$reports/latest/report.txt")" 0 \
		"bare, $flags: memset(1) is not called clearing"
done
if grep -qx '.*/libc.so.6' /var/lib/dpkg/info/libc6:*.list 2>/dev/null &&
	! readelf -SW "$(ldd "$scratch/calls" | sed -n 's/.*libc.so.6 => \([^ ]*\).*/\1/p')" | grep -q '\.symtab'; then
	like "$(notes)" 'libc.so.6. have no names here.*the package libc6-dbg brings one' \
		'bare: the report says which package brings names'
	if dpkg -s libc6-dbg 2>/dev/null | grep -q '^Status: install ok'; then
		run --memory=512M -- "$scratch/calls"
		is "$(notes | grep -c libc6-dbg)" 0 'with libc6-dbg nothing is to be installed'
	else
		skip 'with libc6-dbg nothing is to be installed' 'libc6-dbg is not installed'
	fi
else
	skip 'bare: the report says which package brings names' "no libc of Debian's without symbols"
fi

# A library's own names within it, compressed.
if command -v xz >/dev/null; then
	cat >"$scratch/library.c" <<'END'
static char *volatile to;

__attribute__((noinline)) static void hidden_fill(long bytes)
{
	for (long i = 0; i < bytes; i += 4096)
		to[i] = 1;
}

void fill(char *memory, long bytes)
{
	to = memory;
	hidden_fill(bytes);
	hidden_fill(1);
}
END
	cat >"$scratch/user.c" <<'END'
#include <stdlib.h>

void fill(char *memory, long bytes);

int main(void)
{
	fill(malloc(32 << 20), 32 << 20);
	return 0;
}
END
	(cd "$scratch" && ${CC:-cc} -O1 -fPIC -shared -o libhidden.so library.c &&
		nm libhidden.so --format=posix --defined-only | awk '$2 == "t" { print $1 }' >keep &&
		objcopy -S --keep-symbols=keep libhidden.so mini && xz -f mini &&
		strip libhidden.so &&
		objcopy --add-section .gnu_debugdata=mini.xz libhidden.so &&
		${CC:-cc} -O1 -o user user.c -L. -lhidden -Wl,-rpath,"$scratch")
	ok $? 'a library with .gnu_debugdata is built'
	about_of_three '.function == "hidden_fill"' 32 '.gnu_debugdata: the function is known' --memory=128M -- "$scratch/user"
	strip -R .gnu_debugdata "$scratch/libhidden.so"
	about_of_three '.module // "" | endswith("/libhidden.so")' 32 'without it the file is known' --memory=128M -- "$scratch/user"
	is "$(bytes '.function == "hidden_fill" or .function == "fill"')" 0 \
		'without it no function is made up'
else
	skip '.gnu_debugdata' 'xz is not installed'
fi

# A program has the name it was started by.
ln -s "$helper" "$scratch/by-link"
ln "$helper" "$scratch/by-hard-link" 2>/dev/null || cp "$helper" "$scratch/by-hard-link"
mkdir "$scratch/folder"
ln -s ../by-link "$scratch/folder/a-name-of-more-than-15-bytes"
for name in by-link by-hard-link folder/a-name-of-more-than-15-bytes; do
	run --memory=128M -- "$scratch/$name" memset
	is "$(report "$reports" '[.touches[] | select(.function == "by_memset")][0].module')" \
		"$scratch/$name" "the name of $name"
done
# It is asked while it lives, which may be too short on a busy machine.
for _ in 1 2 3; do
	run --memory=128M -- sh -c "\"$scratch/by-link\" memset; :"
	[ "$(report "$reports" '[.touches[] | select(.function == "by_memset")][0].module')" = "$(realpath "$helper")" ] || break
done
is "$(report "$reports" '[.touches[] | select(.function == "by_memset")][0].module')" \
	"$scratch/by-link" 'the name of a child'
printf '#!%s memset\n' "$helper" >"$scratch/script"
chmod +x "$scratch/script"
run --memory=128M -- "$scratch/script"
is "$(report "$reports" '[.touches[] | select(.function == "by_memset")][0].module')" \
	"$(realpath "$helper")" "a script is not its interpreter's name"

# Code that a program makes itself is in no file, and is one place.
if [ "$(uname -m)" = x86_64 ]; then
	cat >"$scratch/made.c" <<'END'
#include <string.h>
#include <sys/mman.h>

/* Writes to each page of `rsi` pages from `rdi` on. */
static const unsigned char code[] = {0xc6, 0x07, 0x01, 0x48, 0x81, 0xc7, 0x00, 0x10,
				     0x00, 0x00, 0x48, 0xff, 0xce, 0x75, 0xf1, 0xc3};

int main(void)
{
	char *memory = mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*run)(char *, long);

	memcpy(made, code, sizeof(code));
	mprotect(made, 4096, PROT_READ | PROT_EXEC);
	memcpy(&run, &made, sizeof(run));
	run(memory, 8192);
	return 0;
}
END
	${CC:-cc} -g -O1 -o "$scratch/made" "$scratch/made.c"
	run --memory=128M -- "$scratch/made"
	is "$(report "$reports" '[.touches[] | select(.bytes > 1048576)] | length')" 1 'made code is one place'
	like "$(cat "$reports/latest/report.txt")" '\(code in anonymous memory\)' 'made code is called so'
	is "$(report "$reports" '.touches[0].module')" '//anon' 'made code is in no file'
else
	skip 'made code' 'its instructions are those of x86-64'
fi

# node copies its own code elsewhere, so that a file is mapped again and again while it runs.
if command -v npm >/dev/null && command -v node >/dev/null; then
	mkdir "$scratch/npm"
	cat >"$scratch/npm/grow.js" <<'END'
const kept = [];
for (let i = 0; ; i++)
	kept.push({ id: i, text: ('x' + i).repeat(20).split('').join('-') });
END
	echo '{"scripts":{"build":"node --max-old-space-size=2048 grow.js"}}' >"$scratch/npm/package.json"
	for i in 1 2; do
		(cd "$scratch/npm" && timeout -k 5 120 "$oomlab" run --quiet --backend=cgroup \
			--reports="$reports" --memory=256M -- npm run build >"$scratch/out" 2>&1)
		is $? 137 "npm run build, run $i: killed, and the lab is not"
	done
	is "$(report "$reports" '[.kills[].victim_comm] | tostring')" '["node"]' 'npm run build: node was killed'
	is "$(notes | grep -c 'The process that')" 0 'npm run build: nothing died of it'
	is "$(report "$reports" '[.touches[] | select(.function // "" | startswith("v8::"))] | length > 0')" \
		true "npm run build: the heap's functions are known"
else
	skip 'npm run build' 'node and npm are not installed'
fi
is "$(strays)" '' 'nothing is left'
done_testing
