#!/bin/bash
# profile.sh - how right the touch profile is: what programs say that they touched, line by line,
# beside what the profile says. It measures and judges nothing: there is no pass and no fail.
#
#	tests/audit/profile.sh [CASE...]    all cases, or some of those below
#
# BUILD is set by the caller; RUNS=3 of each case. Needs root, tracefs and a memory cgroup. The status
# is 1 where a run failed. docs/touch-profile.md says how to read the table.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
helper=$(dirname "$oomlab")/tests/helpers/touch_audit
runs=${RUNS:-3}
everything=('turns 64' 'turns 1024' 'turns 16384' sequence fork children populate populate-turns
	huge huge-small huge-bursts madvise mlock threads threads-huge heap)

broken() {
	echo "tests/audit/profile.sh: $1" >&2
	exit 1
}

# One run: "LINE HOW WANT SEEN" for each line that the program counted, and what is told elsewhere.
# Files are in no count; so is less than 1 MiB of a program's start.
run_once() { # CASE
	local dir=$scratch/reports
	rm -rf "$dir"
	# shellcheck disable=SC2086 # a case may have an argument
	"$oomlab" run --quiet --reports="$dir" --backend=cgroup --memory=1200M $patience -- \
		"$helper" $1 >"$scratch/out" 2>&1 || broken "$1: the run failed: $(tail -n 1 "$scratch/out")"
	[ "$(report "$dir" '[.quality.absent_sources[] | select(.name == "touch profile")] | length')" = 0 ] ||
		broken "$1: there is no touch profile here (root, tracefs)"
	grep -E '^by_[a-z_]+ [a-z_]+ [0-9]+$' "$scratch/out" >"$scratch/want" ||
		broken "$1: the program counted nothing"
	# shellcheck disable=SC2016 # jq's variable
	report "$dir" '.touches[] | select(.kind != "file_mapping" and .kind != "shared_memory") |
		"\(.function) \(.kind) \(.bytes)"' >"$scratch/seen"
	awk 'NR == FNR { want[$1 " " $2] = $3; order[++n] = $1 " " $2; next }
		($1 " " $2) in want { seen[$1 " " $2] += $3; next }
		{ rest += $3 }
		END {
			for (i = 1; i <= n; i++)
				print order[i], want[order[i]], seen[order[i]] + 0
			print "elsewhere -", 0, rest < 1048576 ? 0 : rest
		}' "$scratch/want" "$scratch/seen"
}

# The runs of a case, the nearest first. The error is of all that the program touched.
tell() { # CASE
	sort -s -k1,2 "$scratch/runs" | awk -v name="$1" -v runs="$runs" '
		function flush(   i, j, at, m, text) {
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && off(j) < off(j - 1); j--) {
					at = seen[j]; seen[j] = seen[j - 1]; seen[j - 1] = at
					at = want[j]; want[j] = want[j - 1]; want[j - 1] = at
				}
			m = int((n + 1) / 2)
			text = sprintf("%-14s  %-14s  %-13s  %7.1f  %7.1f  %7.1f  %7.1f  %5.1f  %5.1f", name, line,
				how, want[m] / 2^20, seen[1] / 2^20, seen[m] / 2^20, seen[n] / 2^20,
				off(m) * 100 / all, off(n) * 100 / all)
			if (line != "elsewhere" || seen[n] > 0)
				print text
			n = 0
		}
		function off(i) { return seen[i] > want[i] ? seen[i] - want[i] : want[i] - seen[i] }
		NR == FNR { all += $3 / runs; next }
		n && ($1 != line || $2 != how) { flush() }
		{ line = $1; how = $2; want[++n] = $3; seen[n] = $4 }
		END { flush() }' "$scratch/runs" -
}

[ -x "$helper" ] || broken "$helper is not built"
! lacks root cgroup || broken "$why"
[ $# -gt 0 ] || set -- "${everything[@]}"
printf '%-14s  %-14s  %-13s  %7s  %25s  %12s\n' '' '' '' '' 'seen, MiB' 'error, %'
printf '%-14s  %-14s  %-13s  %7s  %7s  %7s  %7s  %5s  %5s\n' case line how 'want' best median worst \
	median worst
for name; do
	: >"$scratch/runs"
	for _ in $(seq "$runs"); do
		run_once "$name" >"$scratch/once" || exit 1
		cat "$scratch/once" >>"$scratch/runs"
	done
	tell "$name"
done
