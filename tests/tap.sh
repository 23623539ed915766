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

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# report FOLDER FILTER: what jq finds in the newest report.json below FOLDER.
report() {
	jq -r "$2" "$1/latest/report.json" 2>&1
}

# Processes of this test that are still there: QEMU, launchers, targets.
strays() {
	pgrep -f "$scratch" || true
}

done_testing() {
	echo "1..$tap_count"
	exit "$tap_failed"
}
