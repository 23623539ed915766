#!/bin/bash
# container.sh - what the lab adds to an engine: rows in the form of tests/bench/run.
#
# BUILD is set by the caller; ROUNDS=21. Starts a dockerd of its own (root, Debian's docker.io).
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/engines.sh
. "$top/tests/engines.sh"
trap 'stop_engines; rm -rf "$scratch"' EXIT
build=$(dirname "$oomlab")
stopwatch=$build/tests/bench/stopwatch
rounds=${ROUNDS:-21}
PATH=$engine_bin:$PATH

row() { printf '%-46s | %14s | %28s | %6s | %8s | %s\n' "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }
judge() { awk -v is="$1" -v most="$2" 'BEGIN { print is <= most ? "ok" : "MISSED" }'; }

if ! start_docker cgroupfs; then
	row "containers" "not measured" "$engine_reason" - - -
	exit 0
fi
make -s -C "$top" BUILD="$build" image-files >/dev/null || exit 1
docker build -q -f "$top/containers/Containerfile" -t oomlab-bench "$build/image" >/dev/null 2>&1 ||
	exit 1

# The client itself, without the wrapper of tests/engines.sh: one call would pay it once, the lab's
# four times.
DOCKER_HOST=unix://$scratch/docker/docker.sock
export DOCKER_HOST
PATH=${PATH#"$engine_bin:"}

# Both run a static program that ends at once: the image's own --version.
limits=(--memory 64m --memory-swap 64m --network none)
through() {
	"$stopwatch" 1 "$oomlab" run --quiet --reports="$scratch/reports" --backend=docker --memory=64M \
		--image=oomlab-bench --container-option=--network=none "$@" -- --version 2>/dev/null
}
for _ in $(seq "$rounds"); do
	"$stopwatch" 1 docker run --rm "${limits[@]}" oomlab-bench --version >>"$scratch/bare"
	through >>"$scratch/lab"
	through --no-touch-profile >>"$scratch/plain"
done 2>/dev/null
# A target's own output stands between the figures.
figures() { grep -E '^[0-9.]+$' "$1" | median; }
bare=$(figures "$scratch/bare")
for name in lab plain; do
	what="docker run, through the lab"
	[ $name = lab ] || what="  the same without the touch profile"
	is=$(figures "$scratch/$name")
	ratio=$(awk -v a="$is" -v b="$bare" 'BEGIN { printf "%.2f", a / b }')
	row "$what" "$is us" "docker run $bare us" "$ratio" 1.2 "$(judge "$ratio" 1.2)"
done

"$oomlab" run --quiet --reports="$scratch/reports" --backend=docker --memory=128M memset-2g
to_end=$(jq -rs '(map(select(.ev == "kmsg" and (.text | test("Killed process")))) | last.t) as $kill |
	map(select(.ev == "end")) | last | (.t - $kill) / 1e6 | round' \
	"$scratch/reports/latest/record.jsonl")
row "kill to the end of the record, docker" "$to_end ms" "- 500 ms" - 500 "$(judge "$to_end" 500)"
size=$(docker image inspect --format '{{.Size}}' oomlab-bench)
row "image" "$((size / 1024)) KiB" "- 12288 KiB" - 12288 "$(judge "$((size / 1024))" 12288)"
