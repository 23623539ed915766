#!/bin/bash
# it_explain.sh - `oomlab explain` as people call it: files, pipes, packed logs, readers that leave
# early, and what is no log; nothing packed or unreadable passes for a log without an OOM kill.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
log=$top/tests/fixtures/oomlog/el7-memcg-v1-3.10.txt
cd "$scratch" || exit 1

# explain WORDS...: into $out and $said; its status.
explain() {
	"$oomlab" explain "$@" >out 2>said
	local status=$?
	out=$(cat out) said=$(cat said)
	return "$status"
}

events() { jq '.events | length' out; }

cp "$log" plain
explain --json plain
is "$? $(events)" '0 1' 'a log'
jq -S 'del(.. | .file?)' out >expected
gzip -k plain
explain --json plain.gz
is "$? $(jq -S 'del(.. | .file?)' out | cmp - expected 2>&1)" '0 ' 'what gzip has packed is the same log'
cat plain.gz plain.gz >twice.gz
explain --json twice.gz
is "$? $(events)" '0 2' 'members in a row are one log'
explain --json <twice.gz
is "$? $(events)" '0 2' 'from the standard input, too'
(cat plain.gz && head -c 1000 /dev/zero) >padded.gz
explain --json padded.gz
is "$? $(events) $said" '0 1 ' 'what pads a tape is no damage'
for _ in $(seq 200); do cat plain; done >large
gzip -k large
explain --json large.gz
is "$? $(events)" '0 200' 'larger than any buffer'

head -c 700 plain.gz >cut.gz
explain cut.gz
is "$? $said" "1 oomlab: 'cut.gz' is cut: gzip's end is missing" 'cut in its packing: said'
(head -c 200 large.gz && head -c 5000 /dev/zero | tr '\0' x) >damaged.gz
explain damaged.gz plain
is $? 1 'damaged in its packing: status'
like "$said" "^oomlab: 'damaged.gz' is damaged: gzip says " 'damaged: said'
like "$out" 'was killed' 'and the next file is still explained'
while read -r name cat magic; do
	printf '%b and more of it' "$magic" >"$name"
	explain "$name"
	is "$? $said" \
		"1 oomlab: '$name' is packed, not text; give what this prints: $cat FILE | oomlab explain" "$name"
done <<'END'
a.xz xzcat \03757zXZ\0
a.zst zstdcat \0050\0265\0057\0375
a.bz2 bzcat BZh9
END
for length in 2 3 4 17; do
	head -c $length plain.gz >short.gz
	explain short.gz
	is "$? $out$said" "1 oomlab: 'short.gz' is cut: gzip's end is missing" "cut to $length bytes: said"
done
printf '\3757' >short.xz
explain short.xz
like "$? $said" "^1 oomlab: 'short.xz' is packed, not text" 'two bytes of xz, too'
printf 'BZh' >text
explain text
is "$? $out" '0 No OOM kill in 1 line.' 'three letters are text'
(printf 'LPKSHHRH' && head -c 200 /dev/zero) >system.journal
explain system.journal
is "$? $said" "1 oomlab: 'system.journal' is a journal, not text; give what this prints: journalctl -k --file=FILE | oomlab explain" \
	'a file of the journal'
# Of a pipe in packet mode each read(2) gives what one write(2) put there.
perl -e 'use Fcntl; fcntl(STDOUT, F_SETFL, O_DIRECT) or die; local $/; my $log = <STDIN>;
	syswrite(STDOUT, $_) for split(//, $log)' <plain.gz | "$oomlab" explain --json >out 2>said
is "$(events) $(cat said)" '1 ' 'a pipe that gives a byte at a time'

explain nosuch plain
is "$? $said" "1 oomlab: cannot open 'nosuch': No such file or directory" 'a file that is not there'
like "$out" 'was killed' 'beside one that is'
explain .
is "$? $said" "1 oomlab: cannot read '.': Is a directory" 'a folder'
explain --page-size=7 plain
is $? 2 'wrong usage'
explain --brief plain plain.gz
is "$? $(wc -l <out) $(grep -c '^OOM [12]: plain[.gz]*, lines .*: Cgroup .* reached its limit of .*was killed\.$' out)" \
	'0 2 2' 'each in a line'
explain --brief text
is "$out" 'No OOM kill in 1 line.' 'each of none'
explain plain plain.gz
like "$(head -n 5 out)" '^2 OOM kills
 +OOM +when +whose memory +killed +resident +why
 +1-2 +[^ ]+ s +/docker/a +sh +' 'more than one: their table comes first, and the same again shares a row'
like "$(sed -n 5,8p out)" 'OOM 1: plain, lines' 'and then each'
explain plain
like "$(head -n 1 out)" '^OOM 1: plain' 'one alone has no table'
explain --markdown plain plain.gz
like "$(head -n 3 out)" '^## 2 OOM kills' 'in Markdown, too'
(cat plain plain && sleep 2 && cat plain) | "$oomlab" explain 2>said |
	(read -r _ && date +%s >first && cat >rest && date +%s >last)
like "$(($(cat last) - $(cat first)))" '^[1-9]' 'a log that pauses is shown as far as it is'
like "$(tail -n 4 rest)" '3 OOM events' 'and its table comes last'
for _ in 1 2; do
	echo 'hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0'
done >unsaid
explain unsaid
like "$(head -n 1 out)" '^2 OOM events$' 'events of which no victim is known are not called kills'
explain /dev/null
is "$? $out" '0 No OOM kill in 0 lines.' 'nothing'
"$oomlab" explain plain 2>said | head -n 1 >out
is "${PIPESTATUS[1]} $(grep -c '^OOM 1: plain' out) $(cat said)" '0 1 ' 'a reader that leaves early'
"$oomlab" explain plain >/dev/full 2>said
is "$? $(cat said)" '1 oomlab: cannot write the explanation: No space left on device' 'a full disk'
if command -v script >/dev/null; then
	script -qec "$oomlab explain" /dev/null <<<'no kill' >out 2>&1
	like "$(cat out)" 'reads the log from this terminal until .*dmesg \| oomlab explain' \
		'who gives no file at a terminal is told what it waits for'
else
	skip 'a terminal' 'no script(1)'
fi
done_testing
