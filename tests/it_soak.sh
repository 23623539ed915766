#!/bin/bash
# it_soak.sh - the short form of the soak (tests/soak/run): each row is a point, which holds where
# nothing was lost, left or false. It wants some minutes, and more where the machine is busy. The rows of
# engines are those of it_soak_engines.sh, which runs this script.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
need_all root cgroup jq dmesg
if [ -n "${soak_engines-}" ]; then
	if lacks docker dockerd && lacks podman; then skip_all 'no docker and no podman here'; fi
	rows='^(docker|podman): '
else
	rows='^([^dp]|disks )'
fi

points=$scratch/points
# Ended with what it runs when this script is.
trap 'kill "$soak" 2>/dev/null; wait "$soak"; rm -rf "$scratch"' EXIT
trap 'exit 143' TERM INT HUP
SOAK=short SOAK_ROWS=$rows SOAK_POINTS=$points BUILD=${oomlab%/*} "$top/tests/soak/run" >"$scratch/table" 2>"$scratch/failed" &
soak=$!
wait $soak
status=$?
sed 's/^/# /' "$scratch/table"

failed=0
[ -s "$points" ]
ok $? 'the soak has rows' "$(tail -n 5 "$scratch/failed")"
while IFS=$'\t' read -r what tried killed lost left false _; do
	if [ "$tried" = skipped ]; then
		skip "$what" "$killed"
	else
		is "$tried tried: $lost lost, $left left, $false false" \
			"$tried tried: 0 lost, 0 left, 0 false" "$what"
		[ "$lost$left$false" = 000 ] || failed=1
		grep -F "# $what, try" "$scratch/failed"
	fi
done <"$points"
is $status $failed 'its status is what its rows say' "$(grep -v '^#' "$scratch/failed" | tail -n 5)"
done_testing
