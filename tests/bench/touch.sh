#!/bin/bash
# touch.sh - what the touch profile costs its target, beside perf and heaptrack: rows in the form of
# tests/bench/run. What it charges to the target is in the rows of that: the profile is on there.
#
# BUILD is set by the caller; ROUNDS=9. Needs root and a memory cgroup.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
trap 'rm -rf "$scratch"' EXIT
bench=$(dirname "$oomlab")/tests/bench/bench_touch
rounds=${ROUNDS:-9}

row() { printf '%-46s | %14s | %28s | %6s | %8s | %s\n' "$@"; }
# Chance only adds, and a lot of it where the machine itself is a guest.
least() { sort -n | head -1; }
# Of runs that tell how long each part took: the sum of what each took at least.
least_by_part() {
	awk '{ for (i = 1; i <= NF; i++) if (NR == 1 || $i < least[i]) least[i] = $i }
		END { for (i in least) sum += least[i]; if (NR) printf "%.1f\n", sum }'
}
judge() { awk -v is="$1" -v most="$2" 'BEGIN { print is <= most ? "ok" : "MISSED" }'; }

# compare WHAT MEASURED FLOOR FLOOR_NAME TARGET
compare() {
	local ratio verdict=-
	if [ -z "$2" ] || [ -z "$3" ]; then
		echo "tests/bench/touch.sh: broken: $1: no figure" >&2
		exit 1
	fi
	ratio=$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f", a / b }')
	[ "$5" = - ] || verdict=$(judge "$ratio" "$5")
	row "$1" "$2 ms" "$4 $3 ms" "$ratio" "$5" "$verdict"
}

in_cgroup() {
	"$oomlab" run --quiet --reports="$scratch/reports" --backend=cgroup --memory=1200M "$@"
}

# A target's own figures are the one line of numbers alone.
figures() { grep -E '^[0-9. ]+$' | head -1; }

if ! in_cgroup -- "$bench" small >"$scratch/log" 2>&1; then
	row "the touch profile" "not measured" "$(tail -1 "$scratch/log" | cut -c1-28)" - - -
	exit 0
fi
for pages in small huge; do
	for _ in $(seq "$rounds"); do
		in_cgroup --no-touch-profile -- "$bench" "$pages" | figures >>"$scratch/$pages-without"
		in_cgroup -- "$bench" "$pages" | figures >>"$scratch/$pages-with"
		if command -v perf >/dev/null; then
			perf record -q -e page-faults -g -o "$scratch/perf.data" "$bench" "$pages" \
				2>/dev/null | figures >>"$scratch/$pages-perf"
			perf record -q -e page-faults --call-graph dwarf -o "$scratch/perf.data" "$bench" \
				"$pages" 2>/dev/null | figures >>"$scratch/$pages-perf-dwarf"
		fi
		if command -v heaptrack >/dev/null; then
			(cd "$scratch" && heaptrack -o "$scratch/heaptrack.out" "$bench" "$pages" 2>/dev/null) | figures \
				>>"$scratch/$pages-heaptrack"
		fi
	done
	without=$(least_by_part <"$scratch/$pages-without")
	compare "memset of 1 GiB, $pages pages, profiled" "$(least_by_part <"$scratch/$pages-with")" \
		"$without" "not profiled" 1.03
	for peer in perf perf-dwarf heaptrack; do
		if [ -s "$scratch/$pages-$peer" ]; then
			compare "  beside: $peer" "$(least_by_part <"$scratch/$pages-$peer")" "$without" \
				"not profiled" -
		else
			row "  beside: $peer" "not measured" "not installed" - - -
		fi
	done
done

# Deep stacks of a real program, and the same shallow stack again and again.
deep='import json; x = [i for i in range(3000000)]; json.loads("[" + "1.5," * 300000 + "1]")'
for what in deep shallow; do
	case $what in
	deep) set -- /usr/bin/python3 -c "$deep" ;;
	*) set -- "$bench" small ;;
	esac
	for _ in $(seq "$rounds"); do
		"$bench" unwind "$@" | tail -1 >>"$scratch/unwind-$what" || exit 1
	done
	is=$(cut -d" " -f1 "$scratch/unwind-$what" | least)
	row "unwinding 1000 samples, $what stacks" "$is ms" \
		"of $(cut -d' ' -f2 "$scratch/unwind-$what" | least) samples" - "100 ms" \
		"$(judge "$is" 100)"
done
