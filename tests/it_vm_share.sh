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
for share in --share-host --no-touch-profile; do
	vm "$share" --memory=64M -- /bin/dd if=/dev/zero of=/tmp/big bs=64k count=2000
	is "$status $(report "$reports" .outcome)" "137 oom_killed" "$share: files in /tmp count"
	like "$(words "$reports")" "files in /tmp \(tmpfs\) +6[0-9.]+ MiB" "... and have their name in the budget"
	like "$(words "$reports")" "Files in /tmp held 6[0-9.]+ MiB: in the VM they are memory" "... and their size"
done
vm --memory=64M -- "$build/tests/helpers/hog" touch 200
is "$(grep -ci "files in /tmp" "$reports/latest/report.txt")" 0 "other memory is not called files in /tmp"

# A script starts what it likes: here an interpreter behind a shim.
printf '#!/bin/sh\nexec "%s/real" "$@"\n' "$PWD" >shim
printf '#!/bin/sh\nexec %s "$@"\n' "$build/tests/helpers/hog" >real
chmod +x shim real
vm --memory=64M -- ./shim touch 200
is "$status $(report "$reports" .outcome)" "137 oom_killed" "a script that starts another is shown the files it needs"
like "$(words "$reports")" "The command is a script, .* as by --share-host" "... and the report says so"
like "$("$oomlab" run --dry-run --backend=vm -- ./shim)" "show it this host's files \(the command is a script\)" \
	"... and the plan"
is "$("$oomlab" run --dry-run --backend=vm -- "$build/tests/helpers/hog" | grep -c "host's files")" 0 \
	"... but not for a program"

# What an interpreter is to read, and a script behind a program that starts it.
printf 'exec ./shim "$@"\n' >read.sh
vm --memory=64M -- sh read.sh touch 200
is "$status $(report "$reports" .outcome)" "137 oom_killed" "a shell that is given a script is shown the files it needs"
like "$(words "$reports")" "The command is given a script, 'read.sh', .* as by --share-host" "... and the report says so"
shared() {
	"$oomlab" run --dry-run --backend=vm "$@" | grep -o "host's files ([^)]*)"
}
given="host's files (the command is given a script)"
is "$(shared -- sh -e ./read.sh)" "$given" "... behind an option"
ln -s "$build/tests/helpers/hog" python3.11
is "$(shared -- ./python3.11 read.sh)" "$given" "... of an interpreter with a version"
is "$(shared -- timeout 5 ./shim)" "$given" "... behind a program that starts it"
is "$(shared -- sh -c 'echo read.sh' read.sh)$(shared -- sh none.sh)$(shared -- sh .)" "" "... but not code, nor what is no file"
is "$(shared -- cat read.sh)$(shared -- /bin/true a.c)" "" "... nor a file of a program that is no interpreter"
is "$(shared --file=read.sh -- sh read.sh)" "" "... nor where --file chooses"
is "$("$oomlab" run --dry-run --backend=cgroup -- sh read.sh | grep -c "host's files")" 0 "... nor on this host"

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
printf '#!/bin/sh\nexit 3\n' >script && chmod +x script
out=$(refused ./oomlab run --quiet --backend=vm --timeout=5m --reports=no -- ./script)
is $? 3 "... a script runs with what it names alone"
like "$(words no)" "what it starts is not in the guest but for its interpreter: cannot share the host's files" \
	"... and the report says why"

is "$(strays)" "" "no process is left"
done_testing
