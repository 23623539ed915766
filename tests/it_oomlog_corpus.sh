#!/bin/bash
# it_oomlog_corpus.sh - real logs from elsewhere with their facts, where such a folder stands beside
# the project; `oomlab explain` must find the facts and say nothing false.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

corpus=${OOMLAB_CORPUS:-$top/../shared/oomlogs}
if [ ! -x "$corpus/score" ]; then
	skip 'facts of real logs' "no corpus at $corpus"
	done_testing
fi
found=$("$corpus/score" "$oomlab" -v 2>&1)
is "$(printf '%s\n' "$found" | sed '$d')" '' 'facts of real logs'
like "$(printf '%s\n' "$found" | tail -n 1)" '^[0-9]+ logs: ' 'all of them were looked for'
printf '%s\n' "$found" | tail -n 1 | sed 's/^/# /'
failed=
for log in "$corpus"/*.log; do
	"$oomlab" explain "$log" >/dev/null || failed="$failed $log"
	"$oomlab" explain --markdown "$log" >/dev/null || failed="$failed $log"
done
is "$failed" '' 'every real log is explained as text and as Markdown'
if command -v python3 >/dev/null; then
	is "$("$top/tests/oomlog_sentences.py" "$oomlab" "$corpus"/*.log 2>"$scratch/read")" '' \
		'every sentence holds in the lines that it cites'
	like "$(cat "$scratch/read")" '^# [0-9]{4,} sentences read$' 'all of them were read'
	is "$("$top/tests/oomlog_forms.py" "$oomlab" "$corpus"/*.log 2>"$scratch/forms")" '' \
		'in another form every log tells the same'
	like "$(cat "$scratch/forms")" '^# [0-9]{3,} logs given another form$' 'forms were given'
	is "$(grep '^| .* | .* of .* | .* |$' "$top/docs/explain.md")" \
		"$("$top/tests/bench/peers.py" "$corpus" "$oomlab" | tail -n +3)" \
		'docs/explain.md has the figures of tests/bench/peers.py'
else
	skip 'the sentences, and the figures in docs/explain.md' 'no python3'
fi
done_testing
