#!/bin/bash
# it_clean.sh - `oomlab clean` removes old runs of this user, and nothing that merely lies beside them.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
reports=$scratch/reports
ended=$top/tests/fixtures/records/memset-2g.jsonl
mkdir "$reports"

# a_run NAME [RECORD]: a run's folder with what a run leaves.
a_run() {
	mkdir "$reports/$1"
	cp "${2:-$ended}" "$reports/$1/record.jsonl"
	echo text >"$reports/$1/report.txt"
}
listed() {
	find "$reports" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort
}
clean() {
	out=$("$oomlab" clean --reports="$reports" "$@" 2>&1)
	status=$?
}
for n in 1 2 3 4 5; do a_run "memset-2g-20261130T12000${n}Z-4711"; done
a_run my-server-20261129T235959Z-99
a_run my-server-20261129T235959Z-99-2
ln -s "memset-2g-20261130T120005Z-4711" "$reports/latest"
# What is no run, or not to be touched.
mkdir "$reports/notes" "$reports/notes-20261101T000000Z-1"
cp "$ended" "$reports/notes/record.jsonl"
echo kept >"$reports/notes-20261101T000000Z-1/text"
mkdir "$scratch/elsewhere" && cp "$ended" "$scratch/elsewhere/record.jsonl"
ln -s "$scratch/elsewhere" "$reports/link-20261101T000000Z-1"
a_run "going-on-20261101T000000Z-$$" <(grep -v '"ev":"\(end\|closed\)"' "$ended")
a_run "cut-20261101T000000Z-2147483647" <(grep -v '"ev":"\(end\|closed\)"' "$ended")
# In a run: a folder, a link out of it.
mkdir "$reports/my-server-20261129T235959Z-99/deeper"
echo x >"$reports/my-server-20261129T235959Z-99/deeper/file"
ln -s "$scratch/elsewhere" "$reports/my-server-20261129T235959Z-99/out"
before=$(listed | wc -l)

clean --keep=3 --dry-run
is "$status $(tail -n 1 <<<"$out")" '0 5 runs would go, 3 kept, 1 still running' '--dry-run counts'
is "$(head -n 1 <<<"$out")" memset-2g-20261130T120002Z-4711 '--dry-run names'
is "$(listed | wc -l)" "$before" '--dry-run removes nothing'
clean --keep=3
like "$status $out" '^0 5 runs removed \([0-9.]+ [KM]iB\), 3 kept, 1 still running$' 'says what it did'
is "$(listed | tr '\n' ' ')" \
	"going-on-20261101T000000Z-$$ latest link-20261101T000000Z-1 memset-2g-20261130T120003Z-4711 memset-2g-20261130T120004Z-4711 memset-2g-20261130T120005Z-4711 notes notes-20261101T000000Z-1 " \
	'the newest stay, and all that is none of its own'
ok "$([ -s "$scratch/elsewhere/record.jsonl" ]; echo $?)" 'what a link led to is there'
is "$(cat "$reports/latest/report.txt")" text 'latest leads to a run'
clean
is "$status $out" '0 0 runs removed (0 bytes), 3 kept, 1 still running' 'nothing more to do'
a_run $'x\033[31m\ny-20261101T000000Z-1'
clean --keep=3 --dry-run
is "$(head -n 1 <<<"$out")" 'x?[31m?y-20261101T000000Z-1' 'a name may hold anything'
clean --keep=0
is "$status $(listed | grep -c memset-2g)" '0 0' '--keep=0'
# Suites: one that has ended, one that was killed, one that goes on, something else of that name.
for suite in suite-20261101T000000Z-2147483647 suite-20261101T000001Z-2147483647 "suite-20261101T000002Z-$$"; do
	mkdir "$reports/$suite" && echo '{}' >"$reports/$suite/suite.jsonl"
done
echo '{}' >"$reports/suite-20261101T000000Z-2147483647/suite.json"
mkdir "$reports/suite-20261101T000003Z-1" && echo kept >"$reports/suite-20261101T000003Z-1/text"
clean --keep=0
is "$status $(listed | grep '^suite' | tr '\n' ' ')" "0 suite-20261101T000002Z-$$ suite-20261101T000003Z-1 " \
	'suites go, too, but one that goes on'
rm -r "$reports"/suite-*
clean --keep=many
is "$status $out" "2 oomlab: --keep 'many' is not a number from 0 to 1000000" 'a number that is none'
clean extra
is "$status $out" "2 oomlab: 'extra' is one too many" 'a word too many'
reports=$scratch/none
clean
like "$status $out" "^1 oomlab: .*$scratch/none.*No such file or directory" 'no such folder'
reports=$scratch/reports
if need 'another user'"'"'s runs' root setpriv; then
	a_run "theirs-20261101T000000Z-1"
	chmod 755 "$scratch" && chmod 777 "$reports"
	out=$(setpriv --reuid=4711 --regid=4711 --clear-groups "$oomlab" clean --reports="$reports" --keep=0 2>&1)
	is "$? $out" '0 0 runs removed (0 bytes), 0 kept' "another user's runs are not counted"
	ok "$([ -s "$reports/theirs-20261101T000000Z-1/record.jsonl" ]; echo $?)" "another user's runs stay"
fi
done_testing
