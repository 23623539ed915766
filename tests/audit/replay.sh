#!/bin/bash
# replay.sh - how many kills of real logs `oomlab replay` makes happen again: a table in Markdown.
#
#	tests/audit/replay.sh [LOGS]	a folder of logs (default ../shared/oomlogs); EVENTS=regex picks some
#
# Takes every event that has a task table and a victim. Boots a VM for each: some 10 s without KVM.
top=$(cd "$(dirname "$0")/../.." && pwd)
oomlab=$(realpath "${BUILD:-$top/build}/oomlab")
logs=$(realpath "${1:-$top/../shared/oomlogs}") || exit 2
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT

events() {
	for log in "$logs"/*.log; do
		"$oomlab" explain --json "$log" | jq -r --arg log "$log" '.events | to_entries[] |
			select((.value.tasks | length) > 0 and (.value.victims | length) > 0) |
			"\($log)#\(.key + 1)"'
	done | grep -E "${EVENTS:-.}"
}

echo '| log | processes | guest | seconds | constraint | killed in the log | here |'
echo '|---|---|---|---|---|---|---|'
events | while read -r event; do
	begin=$(date +%s%N)
	"$oomlab" replay --json --reports="$scratch/reports" "$event" >"$scratch/json" 2>"$scratch/said" </dev/null
	took=$((($(date +%s%N) - begin) / 100000000))
	printf '| %s | ' "$(basename "${event%.log*}" | cut -c1-40)${event##*.log}"
	if ! [ -s "$scratch/json" ] || ! jq -e .log_victim "$scratch/json" >"$scratch/null" 2>&1; then
		echo "- | - | ${took%?}.${took: -1} | - | - | $(tail -1 "$scratch/said" | cut -c1-100) |"
		continue
	fi
	jq -r --arg took "${took%?}.${took: -1}" '"\(.processes) | \(.ram_bytes / 1048576 | floor) MiB | \($took) | " +
		"\(if .same_constraint then "same" else "another" end) | \(.log_victim) | " +
		(if .same_victim then "same" else "\(.run_victim // "nobody"): " + (.differences[0] // "") end) + " |"' \
		"$scratch/json" | tr -d '\000-\011\013-\037'
	rm -rf "$scratch/reports"
done | tee "$scratch/table"
echo
echo "$(grep -c '| same | .*| same |$' "$scratch/table") of $(wc -l <"$scratch/table") kills happened again: the same victim, the same constraint."
