#!/bin/sh
# it_layers.sh - includes point only where the rooms allow it.
#
# Data moves spec -> launch -> capture -> record -> report. What a room may include is in rule()
# below: base and what lies behind it on that line, and for those who write or read the facts,
# the room that says what a fact is (record, which itself knows nothing of launch and capture).
# oomlog and symbols are pure tools beside the line. lab/*.c, the commands, know everything.

# rule ROOM: the prefixes that an include of that room may have, as a quoted include is written.
rule() {
	case $1 in
	src) echo 'arena.h os_mem.h trace' ;;
	src/preload) echo 'preload/ trace' ;;
	scenarios) echo 'scenario.h arena.h trace.h os_mem.h' ;;
	lab/base) echo 'base/' ;;
	lab/oomlog) echo 'oomlog/ base/' ;;
	lab/symbols) echo 'symbols/ base/' ;;
	lab/spec) echo 'spec/ base/ scenarios/scenario.h' ;;
	lab/launch) echo 'launch/ spec/ base/ scenarios/scenario.h' ;;
	lab/record) echo 'record/ spec/ oomlog/ base/' ;;
	lab/capture) echo 'capture/ record/ launch/ spec/ oomlog/ symbols/ base/ src/trace' ;;
	lab/report) echo 'report/ record/ oomlog/ symbols/ spec/ base/' ;;
	esac
}

# Where a library's header may stand; any other <header> is libc's or the kernel's.
libraries='
libcgroup.h lab/launch/cgroup.c
elfutils/   lab/symbols/
dwarf.h     lab/symbols/
libelf.h    lab/symbols/
gelf.h      lab/symbols/
archive     lab/launch/
jansson.h   lab/launch/engine lab/launch/container lab/spec/ lab/record/ lab/report/ lab/explain lab/run lab/cmd_ lab/run
check.h     tests/'

# Agreed exceptions: file and the one header it may include besides.
exceptions=''

# violations DIR [FILE]: of all files or of that one; one line each, "file includes header".
violations() {
	cd "$1" || exit 1
	for room in src scenarios $(find src lab -mindepth 1 -type d); do
		[ -n "$(rule "$room")" ] || { echo "$room has no rule"; continue; }
		[ -z "${2-}" ] || [ "$room" = "$(dirname "$2")" ] || continue
		find "${2:-$room}" -maxdepth 1 -name '*.[ch]' -exec \
			sed -n "s|^[ \t]*#[ \t]*include[ \t]*\"\([^\"]*\)\".*|\1|p;T;F" {} + |
			paste - - | while read -r header file; do
			is_allowed "$header" "$(rule "$room")" ||
				is_exception "$file" "$header" || echo "$file includes $header"
		done
	done
	# shellcheck disable=SC2086 # three folders, or one file
	find ${2:-lab src scenarios} -name '*.[ch]' -exec \
		sed -n 's|^[ \t]*#[ \t]*include[ \t]*<\([^>]*\)>.*|\1|p;T;F' {} + |
		paste - - | while read -r header file; do
		places=$(echo "$libraries" | while read -r prefix where; do
			[ -z "$prefix" ] || case $header in "$prefix"*) echo "$where" ;; esac
		done)
		[ -z "$places" ] || is_allowed "$file" "$places" || echo "$file includes $header"
	done
}

is_allowed() { # WORD PREFIXES
	case $1 in */../* | ../*) return 1 ;; esac
	for prefix in $2; do
		case $1 in "$prefix"*) return 0 ;; esac
	done
	return 1
}

is_exception() { # FILE HEADER
	echo "$exceptions" | grep -qxF "$1 $2"
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

found=$(violations "$here")
if [ -z "$found" ]; then tell ok 'every include points back'; else
	tell 'not ok' 'every include points back'
	echo "$found" | sed 's/^/# /'
fi

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
catches lab/oomlog/oomlog.h '"record/record.h"'
catches lab/spec/spec.c '"launch/plan.h"'
catches lab/launch/plan.c '"capture/capture.h"'
catches lab/launch/plan.c '"record/record.h"'
catches lab/launch/cgroup_home.c '<libcgroup.h>'
catches lab/capture/kmsg.c '"report/report.h"'
catches lab/record/load.c '"capture/capture.h"'
catches lab/record/load.c '"launch/process.h"'
catches lab/report/doc.c '"capture/capture.h"'
catches lab/report/doc.c '"../launch/vm.h"'
catches lab/report/facts.c '<elfutils/libdwfl.h>'
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
echo "1..$n"
