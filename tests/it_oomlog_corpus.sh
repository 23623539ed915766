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
# What explain does not find yet, of logs that were cut, wrapped or abridged by who quoted them.
cat >"$scratch/known" <<'END'
151-bpf-5.8-test_maps-kernel-memory-qp.log [1] tasks_listed: wrong: want 1 got 0
174-wsl2-find-anagrams-init-scope-abridged.log [1] victim_uid: missing: want '1000' got None
174-wsl2-find-anagrams-init-scope-abridged.log [1] task_memcg: missing: want '/init.scope' got None
175-kswapd0-chatgpt-zram-abridged.log [1] swap_total_kb: missing: want 24098808 got None
178-issue-rpi-5395-armv7-tcp-sendmsg-trace-only.log: 0 events, not 1
178-issue-rpi-5395-armv7-tcp-sendmsg-trace-only.log [1] scope: missing: want 'global' got None
END
found=$("$corpus/score" "$oomlab" -v 2>&1)
is "$(printf '%s\n' "$found" | sed '$d' | grep -vxFf "$scratch/known")" '' 'facts of real logs'
like "$(printf '%s\n' "$found" | tail -n 1)" '^[0-9]+ logs: ' 'all of them were looked for'
printf '%s\n' "$found" | tail -n 1 | sed 's/^/# /'
failed=
for log in "$corpus"/*.log; do
	"$oomlab" explain "$log" >/dev/null || failed="$failed $log"
	"$oomlab" explain --markdown "$log" >/dev/null || failed="$failed $log"
done
is "$failed" '' 'every real log is explained as text and as Markdown'
if command -v python3 >/dev/null; then
	is "$(grep '^| .* | .* of .* | .* |$' "$top/docs/explain.md")" \
		"$("$top/tests/bench/peers.py" "$corpus" "$oomlab" | tail -n +3)" \
		'docs/explain.md has the figures of tests/bench/peers.py'
else
	skip 'the figures in docs/explain.md' 'no python3'
fi
done_testing
