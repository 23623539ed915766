#!/bin/bash
# it_what_if.sh - `oomlab explain --what-if` as people call it; and that the rule by which it
# chooses gives, where nothing is changed, whom the kernels of real logs chose.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
logs=$top/tests/fixtures/oomlog
cp "$logs/kmsg-6.12-child.txt" "$scratch/child"
cp "$logs/el6-global-2.6.32.txt" "$scratch/global"
cd "$scratch" || exit 1

# explain WORDS...: into $out and $said; its status.
explain() {
	"$oomlab" explain "$@" >out 2>said
	local status=$?
	out=$(tr -s ' \n' ' ' <out) said=$(cat said)
	return "$status"
}

what_if() { jq -r ".events[0].what_if | $1" out; }

explain child
unlike "$out" 'What if' 'nothing is recomputed unasked'
explain --json child
is "$(jq '.events[0] | has("what_if")' out)" false 'nor in JSON'
explain --what-if 'adj 122=-1000' child
like "$? $out" '^0 .*What if: adj 122=-1000.*By the table hog \(pid 121\) would be chosen; in the' 'as text'
explain --what-if 'adj 122=-1000' --markdown child
like "$? $out" '^0 .*## What if: adj 122=-1000.*hog .*pid 121.* would be chosen' 'as Markdown'
explain --what-if 'adj 122=-1000' --what-if limit=1G --json child
is "$? $(what_if '"\(.changes | join("+")) \(.judged) \(.actual.pid) \(.chosen.pid) \(.certain)"')" \
	'0 adj 122=-1000+limit=1G true 122 121 true' 'as JSON, and more than one change'
explain --what-if 'adj hog=-1000' --json child global
is "$? $(jq -r '.events[].what_if.chosen.comm' out | tr '\n' ' ')" '0 null tmux: server ' \
	'each event is judged by its own table'
explain --what-if 'adj tmux: server=5' child global
is "$? $said" '0 ' 'a name of one of the tables is found'
explain --what-if 'adj nosuch=5' child global
is "$? $said" "1 oomlab: --what-if: no task table here lists a process 'nosuch'" 'a name of none'
like "$out" 'No process listed here is nosuch' 'which is said in its place, too'
grep -v ']  *hog\|] *12[12]\]' child | grep -v '\[    12[12]\]' >rows
explain --what-if 'adj nosuch=5' rows
like "$? $said $out" '^0  .*choice cannot be recomputed' 'a table without its rows'
explain --what-if 'adj nosuch=5' /dev/null
is "$? $said" '0 ' 'no event'
while IFS='|' read -r change why; do
	explain --what-if "$change" child
	is "$? $out$said" "2 oomlab: --what-if '$change': $why" "wrong: '$change'"
done <<'END'
adj hog|adj needs a name or a pid, and a number: adj java=-500
adj hog=1001|an oom_score_adj is a number from -1000 to 1000
limit=much|not a size up to 1024T, such as 512M or 2G
adj|none of 'adj NAME=N', limit=SIZE, swap=SIZE, group=on|off, kill-allocating=on|off
group=1|on or off is missing
END
explain --what-if swap=1G --what-if swap=2G child
is "$? $said" "2 oomlab: --what-if 'swap=2G': this is given twice" 'a size that is given twice'
explain --brief --what-if swap=1G child
is "$? $said" '2 oomlab: --brief has no room for --what-if: give one of the two' 'not with --brief'

# Whom the kernel chose is told by the rule alone, but for these:
exceptions() {
	cat <<'END'
038-nfs-6.8-arm-nas-two-events-panic.log 1: nobody: all listed were killed before and exiting
046-s390-mempolicy-nrss-column.log 0: nodes of a policy: who has memory there is in no table
047-next-memcg-pause-killed-quoted.log 0: no score is above zero
104-next-5.8-random-then-deadlocked-panic.log 0: a fault of that kernel (5.8-rc4-next)
104-next-5.8-random-then-deadlocked-panic.log 1: nobody: the same fault
152-linuxmm-5.4-arm64-kmemleak-movable-deadlock-panic.log 1: nobody: all listed were exiting
END
}
corpus=${OOMLAB_CORPUS:-$top/../shared/oomlogs}
if [ -d "$corpus" ]; then
	: >judged
	for log in "$corpus"/*.log; do
		"$oomlab" explain --what-if group=off --json "$log" |
			jq -r --arg log "${log##*/}" '.events | to_entries[] | .value.what_if as $w |
				select($w.judged and ($w.doubts | index("swap") | not)) |
				"\($log) \(.key): \($w.actual.pid == $w.chosen.pid) " +
				"\($w.certain) \($w.doubts | index("unexplained") != null)"' >>judged
	done
	is "$(($(grep -c . judged) > 40))" 1 'real logs with a whole table'
	is "$(grep ': false' judged | cut -d: -f1)" "$(exceptions | cut -d: -f1)" \
		'the rule gives whom the kernel chose, but for the known exceptions'
	is "$(grep ': false true' judged)" '' 'and no wrong choice is called certain'
	echo "# $(grep -c ': true' judged) of $(grep -c . judged)"
else
	skip 'real logs' "no corpus at $corpus"
fi
done_testing
