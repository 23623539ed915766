#!/bin/bash
# it_vm_windows.sh - the Windows program of the story under Wine, in the VM: each step's address space
# and resident memory, and the kill at the touch.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

why=$("$oomlab" run --dry-run --backend=vm virtualalloc-2g 2>&1 | sed -n 's/.*\(the scenario needs .*\)/\1/p')
if [ -n "$why" ]; then
	like "$why" "to have it: make deps-windows$" 'what is missing is named, and what installs it'
	skip 'VirtualAlloc() under Wine' "$why"
	done_testing
fi

"$oomlab" run --quiet --backend=vm --reports="$scratch" virtualalloc-2g >"$scratch/out" 2>&1
is $? 0 'virtualalloc-2g passes'
is "$(report "$scratch" '"\(.outcome) \(.scope) \(.kills[0].constraint)"')" 'oom_killed own MEMCG' 'killed by its own limit'
text=$(cat "$scratch/latest/report.txt")
# kib STEP COLUMN: what ps showed there.
kib() { awk -v step="$1" -v column="$2" '$1 == step && NF == 3 { print $column; exit }' <<<"$text"; }
steps='started reserved committed touched'
for step in $steps; do
	like "$(kib "$step" 2) $(kib "$step" 3)" '^[0-9]+ [0-9]+$' "sizes are known when it had $step"
done
[ $(($(kib reserved 2) - $(kib started 2))) -ge 2097152 ]
ok $? 'MEM_RESERVE of 2 GiB takes address space'
[ $(($(kib reserved 3) - $(kib started 3))) -lt 2048 ]
ok $? '... and no memory'
[ $(($(kib committed 3) - $(kib reserved 3))) -lt 2048 ]
ok $? 'MEM_COMMIT of 1 GiB takes no memory under Wine'
grown=$(($(kib touched 3) - $(kib committed 3)))
[ $grown -ge 65536 ] && [ $grown -lt 69632 ]
ok $? 'the touch of 64 MiB takes 64 MiB' "$grown KiB"
like "$(tr -s ' \n' ' ' <<<"$text")" 'On Windows itself MEM_COMMIT is charged against RAM and page file' 'where Windows differs is said'
unlike "$text" 'build anon with -g' 'nobody is told to build anonymous memory'
is "$(strays)" '' 'no process is left'
done_testing
