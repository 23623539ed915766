#!/bin/bash
# it_vm_compare.sh - `oomlab compare`: a program that was edited between two runs, twins, a run with
# itself, limits that differ, what one run does not have, folders that are no runs.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$scratch" || exit 1

# program FIRST MIB: cache.c, its code FIRST lines further down, with a cache of MIB.
program() {
	{
		for _ in $(seq "$1"); do echo '/* edited */'; done
		cat <<-END
			#include <stdlib.h>
			#include <string.h>
			#include <stdio.h>
			static char *volatile kept;
			__attribute__((noinline)) static void put(size_t n)
			{
				kept = malloc(n);
				for (size_t i = 0; i < n; i += 4096)
					kept[i] = 1;
			}
			__attribute__((noinline)) static void load(size_t n)
			{
				kept = malloc(n);
				for (size_t i = 0; i < n; i += 4096)
					kept[i] = 1;
			}
			int main(void)
			{
				load(8 << 20);
				put($2 << 20);
				return 0;
			}
		END
	} >cache.c
	cc -g -O1 -o cache cache.c
}
# run_into DIR OPTIONS...: a run of cache.
run_into() {
	local dir=$1
	shift
	"$oomlab" run --quiet --backend=vm --isolated --reports="$dir" "$@" -- ./cache >out 2>&1
}
asked() { "$oomlab" compare --json "$1" "$2" | jq -r "$3"; }

program 0 8
run_into a --memory=64M
is $? 0 'the first run'
program 5 24
run_into b --memory=64M
is $? 0 'the second, of a program that was edited'
text=$("$oomlab" compare a/latest b/latest)
like "$text" '^ +\+1[4-8][0-9.]* MiB +[6-9][0-9.]* MiB +2[2-6][0-9.]* MiB +put at .*cache.c:14 \(line 9 in' \
	'the line that grew, with both of its numbers'
unlike "$(grep -v 'largest change' <<<"$text")" 'load at' 'the one that did not is not told'
like "$(tr -s ' \n' ' ' <<<"$text")" 'The largest change: \+1[4-8][0-9.]* MiB, put at .*cache.c:14\.' 'it is in the first sentences'
is "$(grep -n 'What tips it\|Lines of code' <<<"$text" | head -n 1 | cut -d: -f2)" 'Lines of code that touched more or less' \
	'of one program the lines come first'
is "$(asked a/latest b/latest '.lines[] | select(.function == "put" and .bytes_a > 4194304) | "\(.match) \(.line_b - .line_a) \(.is_change)"')" \
	'both 5 true' 'matched by function and file, five lines away'
is "$(asked a/latest b/latest '[.lines[] | select(.function == "load") | .is_change] | unique | join(" ")')" false \
	'and no change where there is none'
is "$(asked a/latest b/latest '.settings | length')" 0 'no setting differs'
like "$text" 'None of those that are compared' 'which is said'

same=$("$oomlab" compare a/latest a/latest)
like "$(tr -s ' \n' ' ' <<<"$same")" 'No line touched noticeably more or less memory\.' 'a run with itself'
unlike "$same" 'The largest change|^ +\+' 'nothing grew then'

# A limit that is below what the other held.
run_into c --memory=24M
is $? 137 'the same under less is killed'
text=$("$oomlab" compare b/latest c/latest | tr -s ' \n' ' ')
like "$text" 'A, which was not killed, had 3[0-9.]* MiB at its peak, more than the 24 MiB that B was killed at: under that limit' \
	'what the other held is set against the limit'
like "$text" 'memory.max 64 MiB 24 MiB' 'the limits differ'
unlike "$("$oomlab" compare a/latest b/latest)" 'which was not killed' 'nothing of it where nobody was killed'

run_into d --memory=64M --no-touch-profile
like "$("$oomlab" compare a/latest d/latest)" 'Not known: B has no touch profile' 'without a profile no line is told'
unlike "$("$oomlab" compare a/latest d/latest)" 'The largest change|No line' '... nor that none changed'

for form in --full --markdown; do
	like "$("$oomlab" compare $form a/latest b/latest)" 'Where the memory was: A at its peak, B at its peak' "$form has the memory by kind"
done
"$oomlab" compare --html=page.html a/latest b/latest >out
is "$? $(grep -c '<svg' page.html)" '0 1' 'the page has both curves'
is "$(asked a/latest b/latest '"\(.schema) \(.a.outcome) \(.b.peak_bytes > .a.peak_bytes)"')" 'oomlab.compare/1 survived true' 'JSON'

made=$(MAKEFLAGS='' make -s -C "$top" BUILD="$(dirname "$oomlab")" compare A=malloc-128m B=memset-128m REPORTS="$scratch/twins" BACKEND=vm 2>&1)
like "$made" '^ +peak +[0-9]+ KiB +128\.[0-9] MiB$' 'make compare runs two scenarios and sets them side by side'

"$oomlab" compare a/latest >out 2>&1
is "$? $(cat out)" '2 oomlab: give two folders of runs, such as reports/latest' 'one folder'
"$oomlab" compare a/latest nowhere >out 2>&1
is "$? $(cat out)" "1 oomlab: cannot read 'nowhere/record.jsonl': No such file or directory; give two folders of runs, such as reports/latest" 'no folder'
mkdir odd && printf '{"ev":"run","id":"\\u001b[31mx","argv":["\\u001b[2J"]}\nrubbish\n' >odd/record.jsonl
"$oomlab" compare odd a/latest >out 2>&1
is $? 0 'a record that is damaged'
unlike "$(cat out)" $'\x1b' 'whose words reach no terminal'
is "$(strays)" '' 'no process is left'
done_testing
