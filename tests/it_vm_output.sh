#!/bin/bash
# it_vm_output.sh - what a command prints in the VM arrives: all of it, in order, however it is
# written and read; and a reader that has gone is told to the writer as on a host.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
write_once=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/write_once
reports=$scratch/reports

# vm OPTIONS... -- COMMAND...
vm() {
	"$oomlab" run --quiet --backend=vm --isolated --timeout=5m --memory=64M "$@"
}

# sum COUNT: of what write_once prints.
sum() {
	"$write_once" 1 "$1" | cksum
}

# wait_for_line RECORD-FOLDER EV: until a record below it has such a line; false when none comes.
wait_for_line() {
	for _ in $(seq 6000); do
		grep -qs "\"ev\":\"$2\"" "$1"/*/record.jsonl && return
		read -rt 0.05 <> <(:) || true
	done
	return 1
}

# 64 KiB a write, of which a port takes 32: nobody here looks at what write(2) returned.
for kernel in 6.12 6.1; do
	is "$(vm --kernel=$kernel --reports="$reports" -- "$write_once" 1 1600 | cksum)" "$(sum 1600)" \
		"$kernel: 100 MiB of stdout, written without a loop: all of it"
done
is "$(vm --reports="$reports" -- "$write_once" 2 400 2>&1 >/dev/null | cksum)" "$(sum 400)" \
	"25 MiB of stderr: all of it"

# The reader begins once the command runs, and takes 4 KiB at a time.
is "$(vm --reports="$reports/slow" -- "$write_once" 1 320 |
	{ wait_for_line "$reports/slow" gate && dd bs=4k status=none; } | cksum)" "$(sum 320)" \
	"a slow reader holds up the command, and gets all of it"

# Nothing is read before the command is dead: what the guest still holds comes all the same.
is "$(vm --reports="$reports/dead" -- "$write_once" 1 24 kill |
	{ wait_for_line "$reports/dead" end && cat; } | cksum)" "$(sum 24)" \
	"what was written just before the kill is there"
is "$(report "$reports/dead" .outcome)" oom_killed "... and it was killed"
is "$(grep -c "lost in part" "$reports/dead/latest/report.txt")" 0 "... and nothing is said to be lost"

# A reader that goes breaks the pipe, there as here.
vm --reports="$reports/gone" -- /usr/bin/yes | head -n 1 >"$scratch/out"
is "${PIPESTATUS[0]} $(cat "$scratch/out")" "141 y" "the reader goes: the command gets SIGPIPE"
is "$(report "$reports/gone" .outcome)" signalled "... and the report says so"
like "$(tr -s ' \n' ' ' <"$reports/gone/latest/report.txt")" "lost in part: Broken pipe" \
	"... with what became of the rest"

# What still writes when the command has ended is not waited for.
is "$(vm --reports="$reports" -- /bin/sh -c '(trap "" HUP; exec yes >&2) & echo first' 2>/dev/null)" \
	first "a child that goes on writing holds nobody up"

is "$(strays)" "" "no process is left"
done_testing
