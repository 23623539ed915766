#!/bin/bash
# it_vm_share.sh - the host's files in the VM: for root and for an ordinary user, written to without
# a trace here; files in /tmp are memory with a name; scripts; and every way in which it cannot be.
# Called by itself with "refused" in a user namespace of this test's own.
if [ "${1-}" = refused ]; then
	echo 0 >/proc/sys/user/max_user_namespaces || exit
	shift
	exec setpriv --reuid=65534 --regid=65534 --groups=65534,100 "$@"
fi
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
self=$(realpath "$0")
build=$(cd "$top" && realpath "${BUILD:-build}")
reports=$scratch/reports

# vm OPTIONS... -- COMMAND...: status in $status, what it printed in $out and $errors.
vm() {
	out=$("$oomlab" run --quiet --backend=vm --timeout=5m --reports="$reports" "$@" 2>"$scratch/errors")
	status=$?
}

# words REPORTS: the newest report on one line.
words() {
	tr -s ' \n' ' ' <"$1/latest/report.txt"
}

why=$("$oomlab" doctor | sed -n 's/^no  *share-host  *//p')
if [ -n "$why" ]; then
	skip "the host's files in the VM" "$why"
	done_testing
fi

like "$("$oomlab" doctor)" "^yes +share-host +virtiofsd shows" "doctor tries it"

# A compiler writes to /tmp and here.
mkdir "$scratch/here" && cd "$scratch/here" || exit 1
echo 'int main(void) { return 7; }' >a.c
for kernel in 6.12 6.1; do
	# shellcheck disable=SC2016 # for the shell in the guest
	vm --kernel=$kernel --share-host --memory=256M -- /bin/sh -c \
		'gcc -c a.c && gcc -o a a.o && ./a; echo $? $(stat -f -c %T /tmp); touch "$HOME/x" /usr/x && echo too'
	is "$status $out" "0 7 tmpfs
too" "$kernel: a compiler works, and all can be written to"
	is "$(ls)" a.c "$kernel: ... and nothing of it is here"
	like "$(words "$reports")" \
		"Of what was written in the VM, files of [0-9.]+ [KM]iB were left; they were memory of the guest and are gone with it" \
		"$kernel: ... which is said"
done
vm --share-host --memory=64M -- /bin/cat a.c
is "$out" "$(cat a.c)" "what only reads"
is "$(grep -c "gone with it" "$reports/latest/report.txt")" 0 "... leaves nothing to be told"

vm --share-host --memory=64M -- /bin/bash -c 'cat <(echo a); echo b >/dev/stdout; echo c | cat /dev/stdin'
is "$status $out" $'0 a\nb\nc' "a shell's <(...), /dev/stdin and /dev/stdout"

# Files in /tmp are charged to who writes them, with the host's files and without.
for share in --share-host --isolated; do
	vm "$share" --memory=64M -- /bin/dd if=/dev/zero of=/tmp/big bs=64k count=2000
	is "$status $(report "$reports" .outcome)" "137 oom_killed" "$share: files in /tmp count"
	like "$(words "$reports")" "files in /tmp \(tmpfs\) +6[0-9.]+ MiB" "... and have their name in the budget"
	like "$(words "$reports")" "Files in /tmp held 6[0-9.]+ MiB: in the VM they are memory" "... and their size"
	like "$(report "$reports" '.explanation[0].text')" "In this VM /tmp is memory: where /tmp is on a disk" \
		"... which is told at once"
done
vm --memory=64M -- "$build/tests/helpers/hog" touch 200
is "$(grep -ciE "files in /tmp|/tmp is memory" "$reports/latest/report.txt")" 0 "other memory is not called files in /tmp"
vm --memory=64M -- /bin/dd if=/dev/zero of=/dev/shm/big bs=64k count=2000
is "$(report "$reports" .outcome) $(grep -c "/tmp is memory" "$reports/latest/report.txt")" "oom_killed 0" \
	"nor are files in /dev/shm"

# A command has them unasked, from where it was called: an interpreter behind a shim, by a relative
# path, with the modules of its virtual environment.
printf '#!/bin/sh\nexec "%s/real" "$@"\n' "$PWD" >shim
printf '#!/bin/sh\nexec %s "$@"\n' "$build/tests/helpers/hog" >real
chmod +x shim real
vm --memory=64M -- ./shim touch 200
is "$status $(report "$reports" .outcome)" "137 oom_killed" "a script behind a script, by a relative path"
unlike "$(words "$reports")" "The guest (had the command|could not be shown)" "... and nothing is said to be missing"
if [ -x /usr/bin/python3 ] && need "a virtual environment" /usr/bin/python3; then
	mkdir -p env/bin && ln -s /usr/bin/python3 env/bin/python
	echo "home = /usr/bin" >env/pyvenv.cfg
	printf 'import sys\nprint(sys.prefix, flush=True)\nbytearray(100 << 20)\n' >grow.py
	vm --memory=64M -- env/bin/python grow.py
	is "$status $out" "137 $PWD/env" "an interpreter of a virtual environment"
	like "$(words "$reports")" "killed by the OOM killer" "... is killed"
fi
# From a folder that is memory on this host, and from one that only this host has.
if mkdir "/dev/shm/oomlab-test-$$" 2>/dev/null; then
	cp "$build/tests/helpers/hog" "/dev/shm/oomlab-test-$$/own"
	(cd "/dev/shm/oomlab-test-$$" && "$oomlab" run --quiet --backend=vm --timeout=5m --memory=64M \
		--reports="$reports" -- ./own touch 200 2>/dev/null)
	is "$? $(report "$reports" .outcome)" "137 oom_killed" "a program in /dev/shm, by a relative path"
	rm -r "/dev/shm/oomlab-test-$$"
else
	skip "a program in /dev/shm" "this user has none"
fi
out=$(cd /proc/self && "$oomlab" run --quiet --backend=vm --timeout=5m --reports="$reports" -- /bin/pwd)
is "$? $out" "0 /" "a folder that the guest does not have: it starts in /"
like "$(words "$reports")" "does not have the folder that the command was called in: it started in /" \
	"... and the report says so"

plan() { "$oomlab" run --dry-run "$@" | grep -o "this host's files\|alone (.*)"; }
is "$(plan --backend=vm -- /bin/true)" "this host's files" "the plan says so"
is "$(plan --isolated -- /bin/true)$(plan --file=a.c -- /bin/true)$(plan --backend=vm memset-2g)" "" \
	"--isolated, --file and a scenario: it does not"
vm --isolated --memory=64M -- /bin/cat a.c
is $status 1 "--isolated: the file is not there"
like "$(cat "$scratch/errors")" "a.c: No such file" "... and the command says so"
like "$(words "$reports")" "The guest had the command, what it loads .* --share-host shows it all" \
	"... and the report"
out=$("$oomlab" run --isolated --share-host -- /bin/true 2>&1)
is "$? $out" "125 oomlab: --share-host and --isolated exclude each other" "not both"

# virtiofsd goes while the guest runs.
"$oomlab" run --quiet --backend=vm --share-host --reports="$reports/killed" -- /bin/sleep 300 2>"$scratch/errors" &
launcher=$!
until grep -qs '"ev":"gate"' "$reports"/killed/*/record.jsonl || ! kill -0 $launcher; do
	read -rt 0.05 <> <(:) || true
done
pkill -KILL -P $launcher virtiofsd
wait $launcher
is $? 125 "virtiofsd is killed: 125"
like "$(cat "$scratch/errors")" "virtiofsd, which shows the VM the host's files, was ended by signal 9" "... and said so"

if [ "$(id -u)" != 0 ]; then
	skip "an ordinary user" "this is one already: all of the above was done by it"
	is "$(strays)" "" "no process is left"
	done_testing
fi

# An ordinary user, with groups of its own and no subordinate ids.
cache=${OOMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oomlab}
mkdir -m 777 "$scratch/user" && cp -r "$cache"/. "$scratch/cache" && chmod -R a+rX "$scratch"
cp "$oomlab" "$build/tests/helpers/hog" "$self" "$scratch/user" && cd "$scratch/user" || exit 1
export OOMLAB_CACHE=$scratch/cache
# shellcheck disable=SC2054 # the comma is a list of groups
user=(setpriv --reuid=65534 --regid=65534 --groups=65534,100)
out=$("${user[@]}" ./oomlab run --quiet --backend=vm --share-host --timeout=5m --reports=r --memory=64M \
	-- /bin/sh -c 'cat /etc/shadow; cat /etc/hostname >here && ls here
		mount -t tmpfs none /mnt && echo mounted; exec ./hog touch 200' 2>&1)
is "$? $(report r .outcome)" "137 oom_killed" "an ordinary user shares the host's files"
like "$out" "shadow: Permission denied" "... as far as that user may read them"
like "$out" "^here$" "... and can write in the guest"
is "$(find . -name here)" "" "... and not here"
like "$out" "^mounted$" "... where it is root: a set-user-ID program of root's makes it nobody else"
like "$("${user[@]}" ./oomlab doctor)" "^yes +share-host +virtiofsd shows the VM what this user may read" "... doctor knows"

# Two of them at once, root beside them: each has its own files, its own guest and its own kill.
touch secret && chmod 600 secret && chown 65534 secret
for uid in 65534 65533 0; do
	# shellcheck disable=SC2016 # for the shell in the guest
	setpriv --reuid=$uid --regid=$uid --clear-groups ./oomlab run --quiet --backend=vm --share-host \
		--timeout=10m --reports="r-$uid" --memory=64M -- /bin/sh -c \
		'cat secret && echo read; echo "of $1" >here; cat here; exec ./hog touch 200' - $uid \
		>"out-$uid" 2>&1 &
	pids[uid]=$!
done
for uid in 65534 65533 0; do
	wait "${pids[uid]}"
	is "$? $(report "r-$uid" '"\(.outcome) \(.killed)"')" "137 oom_killed 1" "two users and root at once: $uid"
	like "$(cat "out-$uid")" "^of $uid$" "... has what it wrote itself"
done
is "$(cat out-65534 out-65533 out-0 | grep -cx read)" 2 "... and nobody reads what only another may"
like "$(cat out-65533)" "secret: Permission denied" "... which is refused"
is "$(find . -name here)" "" "... and nothing is left here"

# refused COMMAND...: as that user where user namespaces are forbidden.
refused() {
	local in
	mkfifo in go
	unshare --user --mount bash -c 'echo in >in; read -r _ <go; exec bash "$@"' - "$PWD/$(basename "$self")" refused "$@" 2>&1 &
	# shellcheck disable=SC2094 # a pipe
	read -r in <in
	echo "0 0 4294967295" >"/proc/$!/gid_map"
	echo "0 0 4294967295" >"/proc/$!/uid_map"
	echo "$in" >go
	wait $!
	status=$?
	rm in go
	return $status
}
out=$(refused ./oomlab run --quiet --backend=vm --share-host --reports=no -- ./hog touch 1)
is $? 125 "no user namespaces: 125"
like "$out" "cannot make a user namespace: .*; allow it: sudo sysctl -w user.max_user_namespaces=" \
	"... with the reason and the cure"
is "$(stat -c %s no/latest/console.log)" 0 "... before anything boots"
like "$(refused ./oomlab doctor)" "^no +share-host +cannot share the host's files: cannot make a user namespace" \
	"... and doctor says it"
out=$(refused ./oomlab run --backend=vm --timeout=5m --reports=no -- ./hog touch 1)
is $? 0 "... without it a command runs with what it loads alone"
like "$out" "^oomlab: the VM has only the command and what it loads: cannot share the host's files" "... which a line says"
like "$(words no)" "The guest could not be shown this host's files: cannot share the host's files: cannot make" \
	"... and the report, with the reason"
like "$(refused ./oomlab run --backend=vm --dry-run -- ./hog touch 1)" "with the command and what it loads alone \(cannot share" \
	"... and the plan"

is "$(strays)" "" "no process is left"
done_testing
