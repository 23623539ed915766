#!/bin/bash
# premortem.sh - what the look just before the limit costs its target: rows in the form of
# tests/bench/run. All in a VM, on cgroup v2; the times are those of the records in there.
#
# BUILD is set by the caller; ROUNDS=3. Called by itself with "guest" in the VM: a line a run.
build=$(cd "$(dirname "$0")/../.." && realpath "${BUILD:-build}")
rounds=${ROUNDS:-3}

# run NAME OPTIONS -- COMMAND...: from the gate to the target's end, and how long it stood still; ms.
run() {
	rm -rf "/run/$1"
	"$build/oomlab" run --quiet --no-touch-profile --backend=cgroup --reports="/run/$1" "${@:2}" \
		>/dev/null 2>&1
	jq -rs --arg name "$1" '(map(select(.ev == "gate")) | last.t) as $gate |
		(map(select(.ev == "exit" and .target)) | last.t) as $death |
		"\($name) \((($death - $gate) / 1e5 | round) / 10)"' "/run/$1/latest/record.jsonl"
	jq -r --arg name "$1" '.premortem.held_ns // empty | "\($name)-held \((. / 1e5 | round) / 10)"' \
		"/run/$1/latest/report.json"
}

if [ "${1-}" = guest ]; then
	mount -t tmpfs guest /run || exit 1
	for _ in $(seq "$rounds"); do
		run off --memory=512M --premortem=off -- "$build/scenarios/memset-2g" --no-lab
		run on --memory=512M -- "$build/scenarios/memset-2g" --no-lab
		run crowd --memory=64M -- "$build/tests/helpers/last_words" crowd
	done
	exit
fi

row() { printf '%-46s | %14s | %28s | %6s | %8s | %s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }
of() { awk -v name="$1" '$1 == name { print $2 }' <<<"$figures" | median; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
figures=$(BUILD=$build ROUNDS=$rounds "$build/oomlab" run --quiet --backend=vm --share-host \
	--guest-ram=3G --timeout=5m --no-touch-profile --reports="$scratch" -- \
	bash "$(realpath "$0")" guest 2>/dev/null)
if [ -z "$(of on-held)" ]; then
	row "the look just before the limit" "not measured" "no VM, or no look in it" - - -
	exit 0
fi
row "memset-2g in a VM, with the look before the limit" "$(of on) ms" "without $(of off) ms" \
	"$(awk -v a="$(of on)" -v b="$(of off)" 'BEGIN { printf "%.2f", a / b }')" - -
row "  its target stands still, 1 thread" "$(of on-held) ms" - - - -
row "  the same, 65 threads and 4000 mappings" "$(of crowd-held) ms" - - - -
