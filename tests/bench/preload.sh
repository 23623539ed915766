#!/bin/bash
# preload.sh - what --preload costs its target: rows in the form of tests/bench/run.
#
# BUILD is set by the caller; ROUNDS=5. Time is that of malloc() and free() together, on top of
# glibc's alone; heaptrack beside it, on the same program. Bytes are those charged to the cgroup.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
bench=$(dirname "$oomlab")/tests/bench
rounds=${ROUNDS:-5}

row() { printf '%-46s | %14s | %28s | %6s | %8s | %s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }
least() { sort -n | head -1; }
judge() { awk -v is="$1" -v most="$2" 'BEGIN { print is <= most ? "ok" : "MISSED" }'; }
figure() { awk -v name="$2" '$1 == name { print $2 }' "$scratch/$1" | median; }
lab() { "$oomlab" run --quiet --reports="$scratch/reports" --no-touch-profile "$@" 2>/dev/null; }

# on_top WHO NAME: ns more than bare.
on_top() {
	awk -v a="$(figure "$1" "$2")" -v b="$(figure bare "$2")" 'BEGIN { printf "%.1f", a - b }'
}

# The peer is run where this user may have no cgroup, too: it needs none.
bench_time() {
	local name what peer ratio
	for _ in $(seq "$rounds"); do
		lab --backend=cgroup --memory=1G -- "$bench/bench_preload" >>"$scratch/bare"
		lab --backend=cgroup --memory=1G --preload -- "$bench/bench_preload" >>"$scratch/preload"
		if command -v heaptrack >/dev/null; then
			heaptrack -o "$scratch/heaptrack.out" "$bench/bench_preload" 2>/dev/null |
				grep -E '^(churn|hold)' >>"$scratch/heaptrack"
			rm -f "$scratch"/heaptrack.out*
		fi
	done
	for name in churn hold churn_2_threads; do
		case $name in
		churn) what='preload, on top of malloc+free' ;;
		hold) what='  a million held at a time' ;;
		*) what='  2 threads' ;;
		esac
		if [ -s "$scratch/heaptrack" ]; then
			peer=$(on_top heaptrack $name)
			ratio=$(awk -v a="$(on_top preload $name)" -v b="$peer" 'BEGIN { printf "%.2f", a / b }')
			row "$what" "$(on_top preload $name) ns" "heaptrack $peer ns" "$ratio" 1 \
				"$(judge "$ratio" 1)"
		else
			row "$what" "$(on_top preload $name) ns" "heaptrack not installed" - 1 -
		fi
		row "    glibc's own" "$(figure bare $name) ns" - - - -
	done
}

total() { awk '$1 == "total" { print $2 }'; }

# The least of several runs on each side; chance only adds.
bench_charge() {
	local what=$1 count=$2 with without
	shift 2
	for _ in $(seq "$count"); do
		lab "$@" --memory=64M -- "$bench/charged_dynamic" plain | total >>"$scratch/without"
		lab "$@" --memory=64M --preload -- "$bench/charged_dynamic" plain | total >>"$scratch/with"
	done
	with=$(least <"$scratch/with")
	without=$(least <"$scratch/without")
	rm -f "$scratch/with" "$scratch/without"
	row "charged to the target by --preload, $what" "$((with - without)) B" \
		"$with with, $without without" - - -
}

if lab --backend=cgroup --memory=64M -- /bin/true; then
	bench_time
	bench_charge cgroup $((rounds * 4)) --backend=cgroup
else
	row preload "not measured" "no memory cgroup here" - - -
fi
if lab --backend=vm --memory=64M -- /bin/true; then
	bench_charge vm 1 --backend=vm
else
	row "charged to the target by --preload, vm" "not measured" "no VM here" - - -
fi
