#!/bin/bash
# it_vm_sysctl.sh - --allow-host-sysctl on a kernel of its own, that of a VM which sees this host's
# files: runs that overlap, launchers that are killed, and what doctor says of it.
#
# Called by itself with "inside" in the guest: it prints a line "NAME: what was found" each.
inside() {
	vm=/proc/sys/vm
	run=("$1" run --quiet --backend=cgroup --allow-host-sysctl --memory=64M --no-touch-profile --premortem=off)
	cd "$(mktemp -d)" || exit
	mode() { cat $vm/overcommit_memory; }
	# begin MODE: a run that has set it, and goes on; its launcher in $launcher.
	begin() {
		"${run[@]}" --timeout=10m --reports=held "--overcommit=$1" -- /bin/sleep 1000 2>errors &
		launcher=$!
		until [ "$(pgrep -cx sleep)" = 1 ] || ! kill -0 $launcher; do
			read -rt 0.05 <> <(:) || true
		done
	}
	# murder: it is killed, its guardian, and what it started.
	murder() {
		pkill -KILL -P $launcher -x guardian
		kill -KILL $launcher
		wait $launcher 2>/dev/null
		until ! pgrep -x sleep >pids; do
			xargs kill -KILL <pids
		done
	}
	echo 0 >$vm/overcommit_memory

	begin 1
	echo "one: $(mode)"
	"${run[@]}" --reports=second --overcommit=2 -- /bin/true 2>errors
	echo "second: $? $(mode) $(sed "s/process $launcher /the first /" errors)"
	echo "used: $("$1" doctor --restore | grep settings | sed "s/process $launcher/the first/")"
	kill -TERM $launcher
	wait $launcher
	echo "ended: $(mode) $("$1" doctor | grep -c settings)"

	begin 2
	guardian=$(pgrep -P $launcher -x guardian)
	kill -KILL $launcher
	until ! kill -0 "$guardian" 2>/dev/null; do
		read -rt 0.05 <> <(:) || true
	done
	echo "guarded: $(mode) $("$1" doctor | grep -c settings) $(pgrep -cx sleep) $(sed -n 's/.*"ev":"guardian".*"why":\(.*\),"oom_kill".*/\1/p' held/*/record.jsonl)"

	for i in 1 2 1; do
		begin $i
		found="${found-} $(mode)"
		murder
		found="$found $(mode)"
	done
	echo "killed:$found"
	"$1" doctor >told
	echo "left: $? $(grep settings told)"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$1" doctor >told
	echo "told: $(grep settings told)"
	"$1" doctor --restore >told
	echo "restored: $? $(mode) $(grep settings told)"
	"$1" doctor >told
	echo "nothing: $? $(grep -c settings told)$(ls /run/oomlab)"

	begin 1
	murder
	"${run[@]}" --reports=next --overcommit=2 -- /bin/sh -c 'cat /proc/sys/vm/overcommit_memory' >out
	echo "next: $? $(cat out) $(mode) $("$1" doctor | grep -c settings)"

	echo 123456789 >$vm/overcommit_kbytes
	"${run[@]}" --reports=share --overcommit-ratio=80 -- /bin/sh -c 'cat /proc/sys/vm/overcommit_ratio' >out
	echo "kilobytes: $? $(cat out) $(cat $vm/overcommit_kbytes)"

	thp=/sys/kernel/mm/transparent_hugepage/enabled
	echo madvise >$thp
	"${run[@]}" --reports=thp --thp=never -- /bin/sh -c "cat $thp" >out
	echo "thp: $? $(cat out), $(cat $thp)"

	# Nobody else can write there but who took the name first.
	# The program may stand in a folder that is closed to others.
	install -m 755 "$1" /tmp/lab
	setpriv --reuid=1 --regid=1 --clear-groups mkdir /tmp/oomlab-65534
	echo "planted: $(setpriv --reuid=65534 --regid=65534 --clear-groups env -u XDG_RUNTIME_DIR \
		/tmp/lab doctor | grep settings)"
	rm -rf /run/oomlab && ln -s /tmp /run/oomlab
	"${run[@]}" --reports=linked --overcommit=1 -- /bin/true 2>errors
	echo "linked: $? $(mode) $(cat errors)"
}
if [ "${1-}" = inside ]; then
	inside "$2"
	exit
fi
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
need_all share setpriv

"$oomlab" run --quiet --backend=vm --share-host --memory=512M --timeout=20m --no-touch-profile \
	--reports="$scratch/reports" -- /bin/bash "$(realpath "$0")" inside "$oomlab" \
	>"$scratch/out" 2>"$scratch/errors"
ok $? 'the guest ran all of it' "$(cat "$scratch/errors")"

# said NAME: what the guest printed of it.
said() {
	sed -n "s/^$1: *//p" "$scratch/out"
}
setting='/proc/sys/vm/overcommit_memory'
is "$(said one)" 1 'a run sets the mode'
like "$(said second)" '^125 1 oomlab: .*settings are in use: a run of the first has set them.*; wait for it' \
	'a second is refused, and changes nothing'
is "$(said used)" "used settings     $setting is '1' for the first, which puts back 0 at its end" \
	'doctor tells whose it is, and leaves it'
is "$(said ended)" '0 0' '... which puts it back at its end'
is "$(said guarded)" '0 0 0 "launcher gone","ended":1,"left":0' \
	'the guardian of one that is killed puts it back'
is "$(said killed)" '1 1 2 2 1 1' 'three launchers are killed'
is "$(said left)" "1 LEFT settings     $setting is 1 and was 0: a launcher that set it to 1 was killed; 'oomlab doctor --restore' puts it back" \
	'doctor tells what it is and was before the first'
is "$(said told)" "LEFT settings     $setting is 1 and was 0: a launcher that set it to 1 was killed; root's 'oomlab doctor --restore' puts it back" \
	'... to any user'
is "$(said restored)" "0 0 done settings     $setting was 1 and is 0 again" 'doctor --restore puts it back'
is "$(said nothing)" '0 0' '... and then nothing is left'
is "$(said next)" '0 2 0 0' 'the run after a killed launcher puts back what was before that'
is "$(said kilobytes)" '0 80 123456789' 'a ratio gives overcommit_kbytes back'
is "$(said thp)" '0 always madvise [never], always [madvise] never' 'transparent huge pages'
is "$(said planted)" "LEFT settings     '/tmp/oomlab-65534', for kernel-wide settings, is not to be trusted: it belongs to another user; look at it, and remove it" \
	"another user's folder is not believed"
is "$(said linked)" "125 0 oomlab: '/run/oomlab', for kernel-wide settings, is not to be trusted: it is no folder; look at it, and remove it" \
	'a link is no folder'
is "$(strays)" '' 'no process is left'
done_testing
