#!/bin/bash
# it_build.sh - what the Makefile does before anything runs: how packages are asked for, and that
# what it builds is the same in any folder.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
fakes=$scratch/fakes
mkdir "$fakes"

# fake NAME BODY: a program of that name that is found before the real one.
fake() {
	printf '#!/bin/sh\n%s\n' "$2" >"$fakes/$1"
	chmod +x "$fakes/$1"
}
for program in sh make grep sed uname nproc find env cat; do
	ln -s "$(command -v $program)" "$fakes/$program"
done
fake id 'echo 1000'
fake dpkg-query 'exit 1'
fake apt-cache 'exit 0'
fake apt-get "echo \"apt-get \$*, asked \${DEBIAN_FRONTEND-as is}, \$(cat)\" >>'$scratch/calls'"
: >"$scratch/calls"

# install TARGET: $out, $status, and what was called in $calls.
install() {
	: >"$scratch/calls"
	out=$(echo 'an answer' | PATH=$fakes MAKEFLAGS='' MAKELEVEL='' make -s -C "$top" "$1" 2>&1)
	status=$?
	calls=$(cat "$scratch/calls")
}

install deps
is $status 2 "neither root nor sudo: make deps fails"
like "$out" 'make deps: neither root nor sudo; have root run: apt-get install .* gcc .* jq' \
	"... and says what to install, and who can"
is "$(echo "$out" | grep -vc '^make\(\[[0-9]\]\)\?: \*\*\*') $calls" '1 ' "... in one line, before anything else"

# As sudo does it: the caller's environment stays behind.
# shellcheck disable=SC2016 # for the fake
fake sudo 'exec env -i PATH="$PATH" "$@"'
install deps-dev
is $status 0 "an ordinary user with sudo: make deps-dev works"
like "$out" '^make deps: sudo apt-get install .*shellcheck' "... and says what it does"
like "$calls" 'apt-get .*update' "... the lists are brought up to date"
like "$calls" 'apt-get .*install -y .*shellcheck' "... packages are installed"
is "$(echo "$calls" | grep -vc 'asked noninteractive, $')" 0 "... and nobody is asked anything, unseen"

fake dpkg-query 'echo install ok installed'
install deps-dev
is "$status $out $calls" '0  ' "all is there: nobody is called"

rm "$fakes/apt-get"
fake dpkg-query 'exit 1'
install deps
like "$out" 'no apt here; install what your system calls: gcc' "no Debian: says what is needed"

# The same tree twice, once by way of a symbolic link.
for folder in one 'another, longer'; do
	mkdir "$scratch/$folder"
	cp -r "$top/Makefile" "$top/src" "$top/scenarios" "$scratch/$folder"
done
ln -s 'another, longer' "$scratch/linked"
things='build/scenarios/memset-2g build/liboomlab.a build/liboomlab_preload.so'
for folder in one linked; do
	# shellcheck disable=SC2086 # several words
	(cd "$scratch/$folder" && MAKEFLAGS='' make -s BUILD=build $things >log 2>&1)
	ok $? "a tree of its own builds" "$(cat "$scratch/$folder/log")"
done
for thing in $things; do
	cmp "$scratch/one/$thing" "$scratch/linked/$thing"
	ok $? "two folders, the same bytes: $thing"
	is "$(grep -ac "$scratch" "$scratch/one/$thing")" 0 "... without the folder's name"
done

# A scenario whose experiment the compiler took away, and three that only look like one.
check="$top/scenarios/touch-check"
# judged BODY: what the check says of a function of that body, and its status.
judged() {
	printf '#include <stdlib.h>\n#include <string.h>\nextern void *volatile kept;\nvoid run(void);\nvoid run(void)\n{\n%s\n}\n' \
		"$1" >"$scratch/body.c"
	cc -O2 -c -o "$scratch/body.o" "$scratch/body.c" 2>/dev/null || return 99
	(cd "$scratch" && "$check" body.c body.o 2>&1)
	echo "status $?"
}
like "$(judged 'char *p = malloc(1 << 27); memset(p, 1, 1 << 27); free(p);' | tr '\n' ' ')" \
	'^body.c: the compiler removed malloc\(\), as nothing reads what it gave; touch it with scenario_touch\(\) status 1 $' \
	'memory that nobody reads is removed, and the build says so'
like "$(judged 'char *p = malloc(1 << 27); memset(p, 0, 1 << 27); kept = p;' | tr '\n' ' ')" \
	'made malloc\(\) and memset\(\) one calloc\(\), which touches nothing; .* status 1 $' \
	'what became calloc() is told, too'
is "$(judged 'char *p = malloc(1 << 27); memset(p, 1, 1 << 27); kept = p;')" 'status 0' 'what stays is nothing to tell'
is "$(judged 'kept = calloc(1, 1 << 27); memset(kept, 0, 1 << 27);')" 'status 0' 'nor is a calloc() of its own'
is "$(judged '/* malloc(1) */ kept = (void *)"malloc(1)"; // malloc(1)')" 'status 0' 'nor a malloc() in a comment or a text'
mkdir "$scratch/own" && (cd "$scratch/own" && "$oomlab" new-scenario gone >/dev/null &&
	sed -i 's/scenario_touch(block, MIB(1));/block = NULL;/; s/scenario_refused(.*/return;/' gone.c)
out=$(make -C "$scratch/own" MAKEFLAGS='' all 2>&1)
is "$? $(grep -c 'the compiler removed malloc' <<<"$out") $(cd "$scratch/own" && echo gone*)" '2 1 gone.c' \
	'a scenario of one'\''s own is not built then, and nothing is left'

# The README's examples, word for word: a leak, and a program with an arena.
mkdir "$scratch/include"
ln -s "$top/src" "$scratch/include/oomlab"
awk -v to="$scratch/" '/^```c$/ { name = to "example" ++n ".c"; next } /^```/ { name = "" } name { print >name }' \
	"$top/README.md"
for n in 1 2; do
	out=$(cc -g -O1 -Wall -Wextra -Wconversion -Werror -I"$scratch/include" -o "$scratch/example$n" \
		"$scratch/example$n.c" "$scratch/one/build/liboomlab.a" -pthread 2>&1)
	ok $? "the README's example $n compiles without a warning" "$out"
done
"$scratch/example2"
is $? 0 "... and the one with an arena runs"
if need "... and the leak is told as the README says" root cgroup; then
	for _ in 1 2 3; do
		"$oomlab" run --quiet "$patience" --backend=cgroup -m 64M --reports="$scratch/reports" "$scratch/example1" 2>/dev/null
		is_told=$(story "$scratch/reports" |
			grep -cE '% of its own memory \([^)]*\) was written by libc \(memset\), called in load at [^ ]*example1.c:6, called by main. When the next page went past the limit of 64 MiB, the kernel killed the process')
		[ "$is_told" = 0 ] || break
	done
	is "$is_told" 1 "... and the leak is told as the README says"
fi
done_testing
