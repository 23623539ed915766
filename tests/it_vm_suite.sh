#!/bin/bash
# it_vm_suite.sh - `oomlab suite`: what shares a guest and what does not, what one run leaves for the
# next, the forms, flaky scenarios, and suites that are stopped, killed and gone on with; scenarios
# of one's own by `oomlab new-scenario`.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

# one NAME BODY [EXPECTED]: a scenario in ./own whose function is BODY.
one() {
	printf '#include <fcntl.h>\n#include <glob.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/shm.h>\n#include <sys/stat.h>\n#include <unistd.h>\n\n#include "scenario.h"\n\nstatic void act(struct scenario_env *env)\n{\n\t(void)env;\n%s\n}\n\nconst struct scenario scenario = {\n\t.name = "%s",\n\t.group = "%s",\n\t.summary = "s",\n\t.run = act,\n\t.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},\n\t.vm = {.own_boot = %s},\n\t.timeout_sec = 300,\n\t.expect = {.outcome = OUTCOME_%s},\n};\n' \
		"$2" "$1" "${4-pair}" "${5-false}" "${3-SURVIVED}" >"own/$1.c"
}
asked() {
	local all=(all/suite-*/)
	jq -r "$1" "${all[-1]}suite.json"
}
suite() { "$oomlab" suite --backend=vm --scenarios=own --reports=all "$@" >out 2>said; }
# how many of this script's processes are left; they are given time to end.
left() {
	for _ in $(seq 100); do
		[ -n "$(strays)" ] || break
		sleep 0.1
	done
	strays
}
# until_lines N: the journal of the one suite has that many.
until_lines() {
	for _ in $(seq 1200); do
		[ "$(cat all/suite-*/suite.jsonl 2>/dev/null | wc -l)" -lt "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

cd "$scratch" || exit 1
mkdir own
(cd own && "$oomlab" new-scenario grows >../out 2>&1)
is "$? $(cat out)" '0 grows.c is a scenario that works; change it, then: make run' 'a scenario of one'\''s own is written'
is "$(wc -l <own/Makefile)" 3 'with a Makefile of three lines'
(cd own && "$oomlab" new-scenario grows >../out 2>&1)
is "$? $(cat out)" "1 oomlab: 'grows.c' is there already, and stays as it is" 'no file is overwritten'
(cd own && "$oomlab" new-scenario ../x >../out 2>&1)
is "$? $(cat out)" "2 oomlab: '../x' is no scenario name (small letters, digits, '-')" 'a name that is a path'
(cd own && "$oomlab" new-scenario >../out 2>&1)
is "$? $(cat out)" '2 oomlab: give one name: oomlab new-scenario NAME' 'no name'

# What one leaves, the next must not find.
one a-leaves '	mkdir("/tmp/left", 0700);
	close(open("/dev/shm/left", O_CREAT | O_WRONLY, 0600));
	shmget(4711, 1 << 20, IPC_CREAT | 0600);
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}'
one b-looks '	if (!access("/tmp/left", F_OK) || !access("/dev/shm/left", F_OK) || shmget(4711, 0, 0) >= 0)
		exit(3);
	glob_t all = {0};

	if (glob("/proc/[0-9]*/comm", 0, NULL, &all) || all.gl_pathc < 3)
		exit(7);
	for (size_t i = 0; i < all.gl_pathc; i++) {
		FILE *file = fopen(all.gl_pathv[i], "r");
		char name[32] = "";

		if (file && fgets(name, sizeof(name), file) && !strcmp(name, "a-leaves\\n"))
			exit(4);
		if (file)
			fclose(file);
	}'
one flips '	if (mkdir("/flipped", 0700) == 0)
		return;
	rmdir("/flipped");
	exit(5);' SURVIVED odd
one sleeps-1 '	sleep(3);' SURVIVED slow
one sleeps-2 '	sleep(3);' SURVIVED slow
one sleeps-3 '	sleep(3);' SURVIVED slow
one alone '	if (!access("/flipped", F_OK))
		exit(6);' SURVIVED odd true
one a-storm '	for (int i = 0; i < 12; i++) {
		pid_t child = fork();

		if (child == 0)
			for (;;)
				scenario_touch(malloc(MIB(1)), MIB(1));
		scenario_wait(child);
	}' CHILD_OOM_KILLED storm
MAKEFLAGS='' make -s -C own SCENARIOS='a-storm grows a-leaves b-looks flips sleeps-1 sleeps-2 sleeps-3 alone' 2>out
is "$? $(cat out)" '0 ' 'they build without a warning'

suite --jobs=1 pair grows
is $? 0 'a group and a name: all pass'
is "$(asked '[.runs[] | .scenario + " " + .verdict] | sort | join(", ")')" \
	'a-leaves pass, b-looks pass, grows pass' 'those alone are run'
is "$(asked .boots)" 1 'in one guest'
is "$(asked '[.runs[] | .scenario] | index("a-leaves") < index("b-looks")')" true 'one behind the other'
is "$(asked '.runs[] | select(.scenario == "grows") | .outcome')" oom_killed 'a kill in a guest that others share'
dir=$(asked '.runs[] | select(.scenario == "grows") | .folder')
is "$(jq -r '"\(.verdict) \(.kills | length) \(.kills[0].victim_comm)"' "$dir/report.json")" 'pass 1 grows' 'its report has its own kill alone'
like "$(tr -s ' \n' ' ' <"$dir/report.txt")" 'Other runs had ended in this guest before this one began' 'that the guest was shared is said'
for file in record.jsonl report.md report.html kmsg.log console.log; do
	[ -e "$dir/$file" ]
	ok $? "a run of a suite has its $file"
done
like "$(cat out)" '^3 passed, 0 failed; .* s, 1 boot$' 'the last line counts'
like "$(cat out)" '^pass    grows +oom_killed +6[0-9.]+ MiB' 'a row a scenario'
like "$(cat said)" '^1/3 pass ' 'a plain line for each that ended, where no terminal is'

suite --jobs=1 --repeat=2 odd
is $? 1 'one that fails now and then fails the suite'
is "$(asked '.flaky | join(" ")')" flips 'and is told as flaky'
like "$(cat out)" '^flaky   flips +survived 1/2, failed 1/2' 'with how often what came'
like "$(cat out)" '^flips: outcome: expected survived, found failed' 'and what was expected'
like "$(cat out)" '1 flaky scenario' 'the last line, too'
is "$(asked '[.runs[] | select(.scenario == "alone") | .verdict] | join(" ")')" 'pass pass' 'one that wants a guest of its own has one'

suite --jobs=2 pair
is "$? $(asked '[.runs[].verdict] | join(" ")')" '0 pass pass' 'two at once'
is "$(asked .boots)" 2 'in a guest each'

# Programs and files of this host.
one needs-files '	execl("/bin/sh", "sh", "-c", "[ -e /etc/debian_version ] && [ ! -e /tmp/left ] && : >/tmp/left", NULL);' SURVIVED host
sed -i 's|\.timeout_sec|.host_files = (const char *const[]){"sh", "../own/Makefile", NULL},\n\t&|' own/needs-files.c
one lacks-files '	exit(1);' SURVIVED host
sed -i 's|\.timeout_sec|.host_files = (const char *const[]){"no-such-program", NULL},\n\t.install = "x install",\n\t&|' own/lacks-files.c
MAKEFLAGS='' make -s -C own SCENARIOS='needs-files lacks-files'
suite --jobs=1 --repeat=2 host
is "$? $(asked '[.runs[] | .scenario + " " + .verdict] | sort | join(", ")')" \
	'0 lacks-files skip, lacks-files skip, needs-files pass, needs-files pass' "files of this host: shown, or a skip"
like "$(cat out)" "^lacks-files: .*the scenario needs 'no-such-program', which is not here; to have it: x install" 'with what is missing'
is "$(asked .boots)" 1 'they share a guest, and what one wrote is gone for the next'

# The kernel prints its whole report of ten kills in 5 s; those of one run take nothing from the next.
suite --jobs=1 a-storm grows
is "$? $(asked '.runs | map(.scenario) | join(" ")')" '0 a-storm grows' 'twelve kills, then one'
dir=$(asked '.runs[] | select(.scenario == "grows") | .folder')
is "$(jq -r '.kills[0] | "\(.constraint) \(.limit_bytes)"' "$dir/report.json")" 'MEMCG 67108864' 'whose report is whole'

# Forms.
suite --tap --junit=junit.xml --jobs=1 --repeat=2 flips alone
is $? 1 'TAP: the status stays'
is "$(grep -c '^ok\|^not ok' out) $(sed -n 2p out)" '4 1..4' 'TAP: plan and points'
like "$(cat out)" '^not ok [0-9] - flips round [12]' 'TAP: the one that failed'
prove -e cat out >said 2>&1
like "$(cat said)" 'Failed 1/4 subtests' 'TAP: as its reader takes it'
is "$(python3 -c 'import xml.etree.ElementTree as e
s = e.parse("junit.xml").getroot().find("testsuite")
print(s.get("tests"), s.get("failures"), s.get("errors"), len(s.findall("testcase/failure")), s.find("testcase").get("classname"))')" \
	'4 1 0 1 oomlab.odd' 'JUnit: as a reader takes it'
suite --json --jobs=1 b-looks
is "$? $(jq -r '"\(.schema) \(.is_complete) \(.runs | length)"' out)" '0 oomlab.suite/1 true 1' 'JSON, and nothing else, on standard output'

# Bad input.
suite grow
is "$? $(cat said)" "2 oomlab: 'grow' is neither a scenario nor a group of them; did you mean 'grows'?" 'a word that is neither'
suite --jobs=0
is "$? $(cat said)" "2 oomlab: --jobs '0' is no number from 1 to 64" 'no jobs'
suite --resume=own
is "$? $(cat said)" "1 oomlab: cannot read 'own/suite.jsonl': No such file or directory" 'a folder of no suite'
mkdir bad && echo '{"schema":"x"}' >bad/suite.jsonl
suite --resume=bad
is "$? $(cat said)" "1 oomlab: 'bad' is no suite that can go on: its first line is no head of one" 'a journal of something else'
suite --resume=bad grows
is $? 2 'resume takes no names'
suite --kernel=/nowhere grows
is $? 125 'a kernel that is not there'
like "$(cat out)" "/nowhere" 'is named'
echo 'int main(void) { return 0; }' >own/odd.c && cc -o own/stranger own/odd.c
suite --jobs=1 b-looks
is $? 0 'a program that is no scenario hinders no other'
like "$(cat said)" "stranger.* does not print a declaration" 'and is named'
rm own/stranger

# Killed, and gone on with.
rm -rf all
"$oomlab" suite --backend=vm --scenarios=own --reports=all --jobs=1 slow >out 2>said &
pid=$!
until_lines 2
kill -9 $pid
wait $pid 2>/dev/null
is "$(left)" '' 'a suite that is killed leaves no process'
dir=$(echo all/suite-*)
"$oomlab" suite --scenarios=own --resume="$dir" --jobs=1 >out 2>said
is $? 0 'it is gone on with'
is "$(jq -r '[.runs[] | .scenario + " " + .verdict] | sort | join(", ")' "$dir/suite.json")" \
	'sleeps-1 pass, sleeps-2 pass, sleeps-3 pass' 'to its end'
is "$(grep -c '"scenario"' "$dir/suite.jsonl")" 3 'and nothing runs twice'
"$oomlab" suite --scenarios=own --resume="$dir" >out 2>said
is "$? $(grep -c ' s, ' said)" '0 0' 'one that has come to its end does nothing'

# Stopped by a signal.
rm -rf all
"$oomlab" suite --backend=vm --scenarios=own --reports=all --jobs=1 slow >out 2>said &
pid=$!
until_lines 2
kill -INT $pid
wait $pid
is $? 130 'a suite that is interrupted says so'
is "$(left)" '' 'and leaves no process'
like "$(cat said)" '^to go on: oomlab suite --resume all/suite-' 'it says how to go on'
like "$(cat out)" '^dropped ' 'what was not run is told as that'

# A worker that dies takes one run with it.
rm -rf all
"$oomlab" suite --backend=vm --scenarios=own --reports=all --jobs=1 slow >out 2>said &
pid=$!
until_lines 2
pkill -9 -P $pid -f suite-worker
wait $pid
is $? 125 'a worker that is killed: not all could be judged'
like "$(cat out)" "the suite's worker ended while it ran" 'the run that it had says so'
like "$(cat out)" '^2 passed, 0 failed, 1 could not be judged' 'the others are run'
is "$(left)" '' 'no process is left'

is "$(cd own && MAKEFLAGS='' make -s run SCENARIOS=b-looks OOMLAB_REPORTS="$scratch/mine" 2>/dev/null | head -n 1)" \
	'b-looks: survived, as expected' 'make run runs one'
done_testing
