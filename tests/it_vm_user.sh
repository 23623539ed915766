#!/bin/bash
# it_vm_user.sh - any user's command in the VM: static, dynamic, as an ordinary user, with a global
# OOM, killed children, kills by hand; and everything that can go wrong with a guest.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
hog=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/hog
reports=$scratch/reports

# vm OPTIONS... -- COMMAND...: status in $status, what it printed in $out and $errors.
vm() {
	out=$("$oomlab" run --quiet --backend=vm --isolated --timeout=5m --reports="$reports" "$@" 2>"$scratch/errors")
	status=$?
	errors=$(cat "$scratch/errors")
}

vm --memory=64M -- "$hog" touch 200
is $status 137 "a hog is killed: its own status"
is "$(report "$reports" .outcome)" oom_killed "a hog is killed: outcome"
is "$(report "$reports" .scope)" own "a hog is killed: its own limit"
is "$(report "$reports" .quality.kmsg_lost)" 0 "a hog is killed: nothing of the kernel log was lost"

vm --memory=64M -- "$hog" child 200
is $status 0 "a child is killed, the parent ends well: status 0"
is "$(report "$reports" .outcome)" child_oom_killed "... but not unseen"

vm --memory=64M --oom-group -- "$hog" child 200
is $status 137 "memory.oom.group: the parent dies too"
is "$(report "$reports" .outcome)" oom_killed "memory.oom.group: outcome"
is "$(report "$reports" '.events.oom_group_kill')" 1 "memory.oom.group: counted"

# shellcheck disable=SC2016 # for the shell in the guest
vm --memory=64M -- /bin/sh -c 'kill -9 $$'
is $status 137 "killed by hand: 137"
is "$(report "$reports" .outcome)" signalled "killed by hand is not an OOM kill"

vm --memory=64M -- /bin/sh -c 'echo to stdout; echo to stderr >&2; exit 7'
is $status 7 "a command's own status"
is "$out" "to stdout" "its stdout"
like "$errors" "to stderr" "its stderr"
is "$(report "$reports" .outcome)" failed "status 7: failed"

# shellcheck disable=SC2016 # for the shell in the guest
{
mkdir -p "$scratch/my data/in it"
echo found >"$scratch/my data/in it/file"
out=$(cd "$scratch/my data" && "$oomlab" run --quiet --backend=vm --reports="$reports" --memory=64M \
	--file='in it' -- /bin/sh -c 'read -r word <"in it/file" && echo "$word in $PWD" >new && cat new' \
	2>&1)
like "$out" 'cat: not found' 'what --file did not name is not there'
out=$(cd "$scratch/my data" && "$oomlab" run --quiet --backend=vm --reports="$reports" --memory=64M \
	--file='in it' -- /bin/sh -c 'read -r word <"in it/file" && echo "$word in $PWD"' 2>&1)
is "$out" "found in $scratch/my data" 'a command starts where it was called, with what --file named'
out=$(cd /proc/self && "$oomlab" run --quiet --backend=vm --reports="$reports" --memory=64M \
	--isolated -- /bin/sh -c 'echo "$PWD"' 2>&1)
is "$out" / 'or in /, where the guest has no such folder'
}

vm --memory=64M --expect=survived -- "$hog" touch 200
is $status 1 "--expect not met: 1"
vm --memory=256M --expect=survived -- "$hog" touch 100
is $status 0 "--expect met: 0"

vm --guest-ram=256M --memory=max -- "$hog" touch 400
is $status 137 "no limit, small guest: killed"
is "$(report "$reports" .scope)" global "no limit, small guest: the whole machine's"
is "$(report "$reports" '.kills[0].constraint')" NONE "no limit, small guest: CONSTRAINT_NONE"

for seconds in 4 16 64; do # until it has come to memory.high and been held there
	vm --memory=64M --memory-high=32M --timeout=$seconds -- "$hog" touch 60
	[ "$(report "$reports" .outcome)" = timed_out ] || break
done
is "$(report "$reports" .outcome)" throttled "memory.high without reclaim: throttled"

vm --memory=64M --timeout=2 -- "$hog" sleep 60
is "$(report "$reports" .outcome)" timed_out "an endless target is stopped"

vm --memory=64M --oom-score-adj=-1000 --timeout=200 -- "$hog" touch 200
is "$(report "$reports" .outcome)" livelocked "nobody may be killed: livelock, ended by the watchdog"

vm --memory=64M --overcommit=2 --guest-ram=1G -- "$hog" malloc 2048
is $status 1 "overcommit 2: malloc of 2 GiB in a 1 GiB guest is refused"
is "$(report "$reports" '.kills | length')" 0 "overcommit 2: no kill"

if [ "$(id -u)" = 0 ]; then
	cache=${OOMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oomlab}
	copy=$scratch/cache
	mkdir -p "$copy" && cp -r "$cache"/. "$copy"/ && chmod -R a+rwX "$scratch"
	mkdir -m 777 "$scratch/nobody"
	cp "$oomlab" "$scratch/nobody/oomlab"
	cp "$hog" "$scratch/nobody/hog"
	(cd "$scratch/nobody" && OOMLAB_CACHE=$copy setpriv --reuid=65534 --regid=65534 --clear-groups \
		./oomlab run --quiet --backend=vm --isolated --reports=r --memory=64M -- ./hog touch 200)
	is $? 137 "an ordinary user needs no privilege"
	is "$(report "$scratch/nobody/r" .outcome)" oom_killed "... and gets the same account"
else
	skip "an ordinary user needs no privilege" "this is one already"
fi

vm --memory=64M --swap=100M -- "$hog" touch 200
like "$(tr '\n' ' ' <"$reports/latest/report.txt")" "may swap, but there is +no +swap" "swap allowed, none there: said"

# A target that means ill: it is root in the guest and has descriptors of the lab's.
vm --memory=64M -- "$hog" forge 200
is $status 137 "a target that writes to whatever is open: killed all the same"
is "$(grep -c forged "$reports/latest/record.jsonl")" 0 "... and nothing of it is in the record"
is "$(report "$reports" .outcome)" oom_killed "... which tells the same story"
# shellcheck disable=SC2016 # for the shell in the guest
vm --memory=64M -- /bin/sh -c 'kill -9 $PPID'
is $status 125 "a target that kills the lab in the guest: 125"
like "$errors" "oomlab: the guest's own oomlab was ended by signal 9" "... and said so"

# The log is overwritten before the lab, held still, has read anything of it: how much was lost
# nobody knows, but that something was. On a busy machine the lab may have read its first line before
# it is stopped, and then knows how much it was.
for _ in 1 2 3; do
	# shellcheck disable=SC2016 # for the shell in the guest
	vm --memory=64M -- /bin/sh -c 'line=x i=0
		while [ ${#line} -lt 500 ]; do line=$line$line; done
		kill -STOP $PPID
		while [ $i -lt 800 ]; do echo "$i $line" >/dev/kmsg; i=$((i + 1)); done
		kill -CONT $PPID'
	is $status 0 "a kernel log overwritten before it was read: the run goes on"
	lost=$(report "$reports" '.quality.lost | if .["kmsg before the first"] then "the first" else .kmsg // 0 end')
	[ "$lost" != "the first" ] || break
done
is "$(report "$reports" '.quality.kmsg_lost >= 1')" true "... and report.json tells of the loss"
words="$lost records? of the kernel log"
[ "$lost" != "the first" ] || words="1 record of the kernel log or more, overwritten before oomlab first read it"
like "$(tr -s ' \n' ' ' <"$reports/latest/report.txt")" "Lost: $words" "... as the report does"

# A kill that a process writes into the log is none of the kernel's.
# shellcheck disable=SC2016 # for the shell in the guest
vm --memory=64M -- /bin/sh -c '{ echo "<4>sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
	echo "<6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x,task_memcg=/x,task=sh,pid=$$,uid=0"
	echo "<3>Memory cgroup out of memory: Killed process $$ (sh) total-vm:9kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0"
	} | while read -r line; do echo "$line" >/dev/kmsg; done; kill -KILL $$'
is "$status $(report "$reports" '.outcome + " " + (.kills | length | tostring)')" "137 signalled 0" \
	"a forged kernel log is not believed"

# Standard descriptors that cannot take anything.
"$oomlab" run --quiet --backend=vm --reports="$reports" -- /bin/echo stray words >&-
is $? 0 "stdout closed: the command's own status"
is "$(grep -cx "stray words" "$reports/latest/record.jsonl")" 0 "stdout closed: no file gets it instead"
"$oomlab" run --quiet --backend=vm --reports="$reports" -- /bin/echo lost >/dev/full
like "$(cat "$reports/latest/report.txt")" "lost in part" "stdout full: the report says so"
errors=$("$oomlab" list 2>&1 >/dev/full)
is $? 125 "a list that cannot be printed: 125"
like "$errors" "oomlab: cannot write to the standard output" "... with the reason"
errors=$(ulimit -f 4 && "$oomlab" run --quiet --backend=vm --reports="$reports" --memory=64M -- \
	"$hog" touch 200 2>&1)
is $? 125 "files may not grow: 125"
like "$errors" "^oomlab: cannot " "... in words, not by a signal"

# What can go wrong: one line, the documented status, nothing left.
PATH_WITHOUT=$scratch/empty
mkdir "$PATH_WITHOUT"
errors=$(PATH=$PATH_WITHOUT "$oomlab" run --quiet --backend=vm --reports="$reports" memset-2g 2>&1)
is $? 77 "no QEMU: skipped"
like "$errors" '^oomlab: memset-2g: Not run: the VM needs qemu-system-[^ ]*, which is not in PATH' \
	'... and --quiet says why'
errors=$(OOMLAB_CACHE=$scratch/nothing "$oomlab" run --backend=vm --reports="$reports" memset-2g 2>&1)
is $? 77 "no kernel: skipped"
like "$(tr -s ' \n' ' ' <<<"$errors")" " kernel fetch 6.12" "no kernel: the cure is named" # on one line, whatever the path

head -c 1000000 /dev/urandom >"$scratch/vmlinuz"
vm --kernel="$scratch/vmlinuz" --memory=64M -- "$hog" touch 1
is $status 125 "a kernel that is none: 125"
is "$(printf '%s' "$errors" | grep -c .)" 1 "a kernel that is none: one line"

"$oomlab" run --quiet --backend=vm --reports="$reports" --memory=64M -- "$hog" sleep 60 \
	2>"$scratch/errors" &
launcher=$!
while kill -0 $launcher 2>/dev/null && ! pgrep -P $launcher qemu-system >/dev/null; do
	read -rt 0.05 <> <(:) || true
done
pkill -KILL -P $launcher qemu-system
wait $launcher
is $? 125 "QEMU killed from outside: 125"
like "$(cat "$scratch/errors")" "oomlab: .*(QEMU|VM|guest)" "QEMU killed from outside: said so"

vm --memory=64M -- /bin/sh -c 'echo c >/proc/sysrq-trigger'
is $status 125 "the guest panics: 125"
like "$errors" "oomlab: .*[Pp]anic" "the guest panics: its words are quoted"
is "$(report "$reports" .outcome)" panicked "the guest panics: outcome"

for signal in INT TERM; do
	"$oomlab" run --quiet --backend=vm --reports="$reports" --memory=64M -- "$hog" sleep 60 \
		2>"$scratch/errors" &
	launcher=$!
	until grep -q '"ev":"gate"' "$reports"/hog-*-$launcher/record.jsonl 2>/dev/null ||
		! kill -0 $launcher 2>/dev/null; do
		read -rt 0.05 <> <(:) || true
	done
	kill -$signal $launcher
	wait $launcher
	is $? $((128 + $(kill -l $signal))) "SIG$signal while it runs: the documented status"
	like "$(tr -s ' \n' ' ' <"$reports/latest/report.txt")" 'hog: interrupted .*The run was interrupted and oomlab stopped it' \
		"SIG$signal while it runs: and the report says so"
done

vm --memory=64M -- "$scratch/no-such-command"
is $status 127 "no such command: 127"
touch "$scratch/plain"
vm --memory=64M -- "$scratch/plain"
is $status 126 "not executable: 126"

is "$(strays)" "" "no process is left"
done_testing
