#!/bin/bash
# it_layers.sh - includes point only where the rooms allow it.
#
# The rooms of lab/ stand in one order, and an include points down it, never up; so no two rooms
# include each other. src/ and scenarios/ are programs of their own, of which the lab knows the
# headers that both sides read. No two files call each other, over however many others: what the
# linker would have to resolve in a circle is found by nm(1) and tsort(1).

# From the top: what a room may include stands behind it.
order='cli suite fit run report capture snapshot profile trace launch/container launch/vm launch record replay explain
	doc oomlog klog symbols spec base'

# rule ROOM: the prefixes that an include of that room may have, as a quoted include is written.
rule() {
	case $1 in
	src) echo 'arena.h os_mem.h trace' ;;
	src/preload) echo 'preload/ trace' ;;
	scenarios) echo 'scenario.h scenario_tree.h stage arena.h trace.h os_mem.h' ;;
	# What is pure, or reads a record alone, stands on less than is below it.
	lab/report) echo 'report/ record/ explain/ doc/ oomlog/ klog/ symbols/ spec/ base/' ;;
	lab/fit) echo 'fit/ doc/ base/' ;;
	lab/doc | lab/klog | lab/symbols) echo "${1#lab/}/ base/" ;;
	lab/spec) echo 'spec/ base/ scenarios/scenario.h' ;;
	lab/*) below "${1#lab/}" ;;
	esac
}

below() {
	local room is_below='' allowed=''
	for room in $order; do
		[ "$room" != "$1" ] || is_below=1
		[ -z "$is_below" ] || allowed="$allowed $room/"
	done
	[ -z "$allowed" ] || echo "$allowed$(shared_headers "$1")"
}

# What the lab shares with the programs that it runs.
shared_headers() {
	case $1 in
	cli | run | capture | trace | snapshot | profile) echo ' src/trace scenarios/scenario.h' ;;
	replay) echo ' scenarios/stage.h' ;;
	launch | launch/*) echo ' scenarios/scenario.h src/trace_format.h' ;;
	esac
}

# Where a library's header may stand; any other <header> is libc's or the kernel's.
libraries='
libcgroup.h lab/launch/cgroup.c
elfutils/   lab/symbols/
dwarf.h     lab/symbols/
libelf.h    lab/symbols/
gelf.h      lab/symbols/
archive     lab/launch/vm/
jansson.h   lab/launch/container/ lab/spec/ lab/record/ lab/report/ lab/explain/ lab/replay/ lab/run/ lab/suite/ lab/fit/ lab/cli/
check.h     tests/'

# Agreed exceptions: file and the one header it may include besides.
exceptions=''

# violations DIR [FILE]: of all files or of that one; one line each, "file includes header". What ends in
# a slash in a rule is a room, not what stands in rooms within it. One awk reads all: there are
# thousands of includes.
violations() {
	cd "$1" || exit 1
	{
		for room in src scenarios $(find src lab -mindepth 1 -type d); do
			[ -n "$(rule "$room")" ] || { echo "$room has no rule" >&3; continue; }
			echo "rule $room $(rule "$room")"
		done
		echo "$libraries" | sed -n 's/^[^ ]/library &/p'
		echo "$exceptions" | sed -n 's/^[^ ]/exception &/p'
		# shellcheck disable=SC2086 # three folders, or one file
		find ${2:-lab src scenarios} -name '*.[ch]' -exec \
			sed -n 's|^[ \t]*#[ \t]*include[ \t]*\(["<][^">]*\).*|include \1|p;T;F' {} + | paste - -
	} 3>&1 | awk '
		/ has no rule$/ { print; next }
		$1 == "rule" { room = $2; sub(/^rule [^ ]* /, ""); rules[room] = $0; next }
		$1 == "library" { prefix = $2; sub(/^library [^ ]* */, ""); places[prefix] = $0; next }
		$1 == "exception" { allowed[$2 " " $3] = 1; next }
		function starts(text, prefix) { return substr(text, 1, length(prefix)) == prefix }
		function is_allowed(header, rule, n, i, prefix, dir) {
			if (header ~ /^\.\.\/|\/\.\.\//)
				return 0
			dir = header
			sub(/[^\/]*$/, "", dir)
			for (i = split(rule, prefix, " "); i > 0; i--)
				if (prefix[i] ~ /\/$/ ? prefix[i] == dir : starts(header, prefix[i]))
					return 1
			return 0
		}
		function is_below(file, where, i, place) {
			for (i = split(where, place, " "); i > 0; i--)
				if (starts(file, place[i]))
					return 1
			return 0
		}
		{
			header = substr($2, 2); file = $3; room = file
			sub(/\/[^\/]*$/, "", room)
			if (starts($2, "<")) {
				for (prefix in places)
					if (starts(header, prefix) && !is_below(file, places[prefix]))
						print file " includes " header
			} else if (room in rules && !is_allowed(header, rules[room]) &&
				   !((file " " header) in allowed)) {
				print file " includes " header
			}
		}'
}

n=0
tell() { # ok|not ok, TEXT
	n=$((n + 1))
	echo "$1 $n - $2"
}

cd "$(dirname "$0")/.." || exit 1
here=$PWD
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT

tell_whether() { # TEXT FOUND: ok when nothing was
	local line
	if [ -z "$2" ]; then tell ok "$1"; else
		tell 'not ok' "$1"
		while read -r line; do echo "# $line"; done <<<"$2"
	fi
}
tell_whether 'every include points down' "$(violations "$here")"

# catches FILE INCLUDE: with that line added, exactly this is found.
catches() {
	mkdir -p "$(dirname "$copy/$1")"
	header=$(echo "$2" | tr -d '<>"')
	before=$(cat "$copy/$1" 2>/dev/null)
	printf '#include %s\n' "$2" >>"$copy/$1"
	if violations "$copy" "$1" | grep -v 'has no rule' | grep -qxF "$1 includes $header"; then
		tell ok "$1 may not include $2"
	else
		tell 'not ok' "$1 may not include $2"
	fi
	printf '%s\n' "$before" >"$copy/$1"
}
cp -r "$here/lab" "$here/src" "$here/scenarios" "$copy" || exit 1
catches lab/base/io.c '"spec/spec.h"'
catches lab/base/err.h '<jansson.h>'
catches lab/klog/line.c '"oomlog/oomlog.h"'
catches lab/oomlog/oomlog.h '"explain/explain.h"'
catches lab/explain/explain.c '"record/record.h"'
catches lab/doc/doc.c '"oomlog/oomlog.h"'
catches lab/spec/spec.c '"launch/plan.h"'
catches lab/launch/plan.c '"capture/capture.h"'
catches lab/launch/plan.c '"launch/vm/vm.h"'
catches lab/launch/vm/vm.c '"launch/container/engine.h"'
catches lab/launch/cgroup_home.c '<libcgroup.h>'
catches lab/launch/container/engine.c '<archive.h>'
catches lab/trace/trace_log.c '"profile/profile.h"'
catches lab/profile/profile.c '"snapshot/look.h"'
catches lab/snapshot/premortem.c '"capture/source.h"'
catches lab/capture/kmsg.c '"report/report.h"'
catches lab/record/load.c '"capture/capture.h"'
catches lab/record/load.c '"launch/process.h"'
catches lab/report/story.c '"capture/capture.h"'
catches lab/report/story.c '"../launch/vm/vm.h"'
catches lab/report/facts.c '<elfutils/libdwfl.h>'
catches lab/run/run_here.c '"cli/commands.h"'
catches src/arena.c '"base/text.h"'
catches src/arena.c '<jansson.h>'
catches src/preload/count.c '"arena.h"'
catches src/arena.c '"preload/count.h"'
catches scenarios/malloc-128m.c '"base/io.h"'
mkdir "$copy/lab/attic"
if violations "$copy" | grep -qx 'lab/attic has no rule'; then
	tell ok 'a new room needs a rule'
else
	tell 'not ok' 'a new room needs a rule'
fi

tell_whether 'lab/ itself holds no file' "$(find lab -maxdepth 1 -type f)"
# same_names DIR: names that files of two folders below it have.
same_names() {
	find "$@" -name '*.[ch]' | sed 's|\(.*\)/\([^/]*\)\.[ch]$|\2 \1|' | sort -u | cut -d' ' -f1 | uniq -d
}
tell_whether 'a name is one room'"'"'s' "$(same_names lab src)"
mkdir -p "$copy/same/one" "$copy/same/two"
touch "$copy/same/one/text.c" "$copy/same/one/text.h" "$copy/same/two/text.h"
if [ "$(same_names "$copy/same")" = text ]; then
	tell ok 'two files of one name are found'
else
	tell 'not ok' 'two files of one name are found'
fi

# calls OBJECT...: "caller called" for each two of which one needs what the other has.
calls() {
	nm -P -A "$@" | awk '
		{ sub(/:$/, "", $1); sub(/\[.*/, "", $1) }
		$3 ~ /^[TDBRCV]$/ { home[$2] = $1 }
		$3 == "U" { needs[$1, $2] = 1 }
		END { for (pair in needs) { split(pair, of, SUBSEP)
			if (of[2] in home && home[of[2]] != of[1]) print of[1], home[of[2]] } }'
}

# circles OBJECT...: the files of each.
circles() { calls "$@" | tsort 2>&1 >/dev/null | sed -n 's/^tsort: \(.*\.o\)$/\1/p' | sort -u; }

# starters OBJECT...: which become another program. Besides spawn.h those that are let do so: the target
# behind its gate, here and in a container, and the lab in a guest.
starters() {
	nm -P -A "$@" | awk '$3 == "U" && $2 ~ /^(f?execve|execv(p|pe|eat)?|execl[ep]?|posix_spawnp?|popen|system)$/ {
		sub(/:$/, "", $1); print $1 }' | sort -u
}

# Of what was built before its source moved an object may still be there.
mapfile -t objects < <(find lab -name '*.c' | while read -r source; do
	object=${BUILD:-build}/${source%.c}.o
	[ ! -e "$object" ] || echo "$object"
done)
if [ ${#objects[@]} -gt 0 ]; then
	tell_whether 'no two files call each other' "$(circles "${objects[@]}")"
	tell_whether 'programs are started in one place' "$(starters "${objects[@]}" |
		grep -vE 'lab/(base/spawn|launch/target|launch/container/gate|launch/vm/guest)\.o$')"
	mkdir "$copy/circle" && cd "$copy/circle" || exit 1
	for pair in 'one two' 'two three' 'three one'; do
		echo "int ${pair#* }(void); int ${pair% *}(void); int ${pair% *}(void) { return ${pair#* }(); }" >"${pair% *}.c"
		${CC:-cc} -c "${pair% *}.c" || exit 1
	done
	case $(circles ./*.o) in
	*one.o*) tell ok 'a circle of three files is found' ;;
	*) tell 'not ok' 'a circle of three files is found' ;;
	esac
	rm three.o
	tell_whether 'two that call on are none' "$(circles ./*.o)"
	echo 'int popen(void); int four(void); int four(void) { return popen(); }' >four.c
	${CC:-cc} -c four.c || exit 1
	case $(starters ./*.o) in
	./four.o) tell ok 'who starts a program is found' ;;
	*) tell 'not ok' 'who starts a program is found' ;;
	esac
	cd "$here" || exit 1
else
	tell ok "no two files call each other # SKIP nothing is built in ${BUILD:-build}"
fi
echo "1..$n"
