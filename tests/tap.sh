# shellcheck shell=bash
# tap.sh - what the integration scripts share: TAP on stdout, a scratch folder, report.json asked.
#
# Source it; then ok/is/skip per test point; done_testing at the end. $oomlab is the program under
# test, $scratch a folder of this script alone, removed at its end with everything in it.
set -u
# A run may take as long as it needs beside the work of others; a later --timeout takes its place.
# shellcheck disable=SC2034 # used by those who source this
patience=--timeout=10m
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by those who source this
oomlab=$(cd "$top" && realpath "${BUILD:-build}")/oomlab
scratch=$(mktemp -d "${TMPDIR:-/tmp}/oomlab-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
tap_count=0
tap_failed=0

# ok STATUS NAME [DETAIL]: a test point that holds when STATUS is 0.
ok() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=1
		echo "not ok $tap_count - $2"
		[ -z "${3-}" ] || printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

# is FOUND EXPECTED NAME: both sides are printed when they differ.
is() {
	[ "$1" = "$2" ]
	ok $? "$3" "found '$1', expected '$2'"
}

# like TEXT PATTERN NAME: TEXT holds the extended regular expression.
like() {
	printf '%s\n' "$1" | grep -Eq -- "$2"
	ok $? "$3" "'$2' is not in: $1"
}

# unlike TEXT PATTERN NAME: it does not.
unlike() {
	! printf '%s\n' "$1" | grep -Eq -- "$2"
	ok $? "$3" "'$2' is in: $1"
}

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# lacks THING...: whether one of them is not here; $why says which, and what would bring it.
# A thing is root, cgroup (one that this user may make), share (--share-host works), or a program.
lacks() {
	local thing
	for thing; do
		case $thing in
		root) [ "$(id -u)" = 0 ] || { why='needs root'; return 0; } ;;
		cgroup) can_make_cgroup || return 0 ;;
		share) can_share_host || return 0 ;;
		*) command -v "$thing" >/dev/null || { why="no $thing here"; return 0; } ;;
		esac
	done
	return 1
}

# What the program under test says of it, asked once.
can_make_cgroup() {
	if [ -z "${no_cgroup-}" ]; then
		no_cgroup=$("$oomlab" run --backend=cgroup --dry-run --memory=64M -- /bin/true 2>&1) &&
			no_cgroup=none
		no_cgroup=${no_cgroup##*skip: }
	fi
	why="no memory cgroup here: $no_cgroup"
	[ "$no_cgroup" = none ]
}

# Root always can; of an ordinary user it is seen by a guest, once.
can_share_host() {
	[ "$(id -u)" != 0 ] || return 0
	if [ -z "${no_share-}" ]; then
		no_share=$("$oomlab" run --quiet --backend=vm --share-host --memory=64M --no-touch-profile \
			--reports="$scratch/share-host" -- /bin/true 2>&1) && no_share=none
		no_share=$(echo "$no_share" | tail -n 1)
	fi
	why="no --share-host for this user: $no_share"
	[ "$no_share" = none ]
}

# need NAME THING...: 1, and NAME is skipped, when one of them is not here:
#	if need 'a core file' gdb; then ...; fi
need() {
	local name=$1
	shift
	lacks "$@" || return 0
	skip "$name" "$why"
	return 1
}

# skip_all WHY: the whole script.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# need_all THING...: the whole script is skipped when one of them is not here.
need_all() {
	! lacks "$@" || skip_all "$why"
}

# report FOLDER FILTER: what jq finds in the newest report.json below FOLDER.
report() {
	jq -r "$2" "$1/latest/report.json" 2>&1
}

# number TEXT: TEXT for arithmetic; -1, which no figure is, where it is no whole number.
number() {
	[[ $1 =~ ^-?[0-9]+$ ]] && echo "$1" || echo -1
}

# story FOLDER: the newest report below it as one line, so that no line end hides a sentence.
story() {
	tr '\n' ' ' <"$1/latest/report.txt" | tr -s ' '
}

# strays: processes of this test that are still there: QEMU, launchers, targets.
strays() {
	strays_of "$scratch"
}

# strays_of TEXT: those with that in their command line. One that closes tracepoints (lab/base/aside.h) outlives its launcher for half a
# second, on a busy machine for some; it must have ended then.
strays_of() {
	local end=$((SECONDS + 5))
	while is_closing "$1" && [ $SECONDS -lt $end ]; do
		sleep 0.1
	done
	pgrep -f -- "$1" || true
}

is_closing() {
	local pid
	for pid in $(pgrep -f -- "$1"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = closing ] && return 0
	done
	return 1
}

done_testing() {
	echo "1..$tap_count"
	exit "$tap_failed"
}
