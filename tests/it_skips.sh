#!/bin/bash
# it_skips.sh - what is skipped is counted and printed with its reason, and a script goes on after it.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

# program NAME: a test program, its text on stdin.
program() {
	cat >"$scratch/$1"
	chmod +x "$scratch/$1"
}
program one_point <<'END'
#!/bin/sh
echo 'ok 1 - a disk: full # SKIP needs root: said so'
echo 'ok 2 - another'
echo 1..2
END
program whole <<'END'
#!/bin/sh
echo '1..0 # SKIP no memory cgroup here: v1'
END
program with_check <<'END'
#!/bin/sh
echo '# SKIP 3 tests with a cgroup: needs root # and more'
echo 1..1
echo 'ok 1 - x'
END
out=$(unset OOMLAB_MUST_RUN && "$top/tests/run" "$scratch"/{one_point,whole,with_check})
is $? 0 "skips are no failure"
is "$(echo "$out" | grep '^skipped ')" "skipped one_point: a disk: full: needs root: said so
skipped whole: no memory cgroup here: v1
skipped with_check: 3 tests with a cgroup: needs root # and more" "each is printed, with its reason"
is "$(echo "$out" | tail -n 1)" '2 passed, 0 failed, 3 skipped' "... and counted"
out=$(OOMLAB_MUST_RUN=1 "$top/tests/run" "$scratch"/{one_point,whole})
is "$? $(echo "$out" | tail -n 1)" '1 1 passed, 0 failed, 2 skipped' "OOMLAB_MUST_RUN=1: the run fails"

# What fails is run once more, alone: by then the folder is there, which steady never looks for.
program steady <<'END'
#!/bin/sh
echo 'not ok 1 - never'
echo 1..1
exit 1
END
program unsteady <<END
#!/bin/sh
mkdir '$scratch/was-here' 2>/dev/null && echo 'not ok 1 - at first' && echo 1..1 && exit 1
echo 'ok 1 - at first'
echo 1..1
END
run_again() {
	rm -rf "$scratch/was-here"
	out=$(unset OOMLAB_MUST_RUN && "$top/tests/run" "$@")
	echo "$? $(grep -E '^(failed|unsteady) ' <<<"$out" | tr '\n' ' ')$(tail -n 1 <<<"$out")"
}
is "$(run_again "$scratch"/{unsteady,one_point})" \
	"0 unsteady unsteady: not ok 1 - at first 2 passed, 0 failed, 1 skipped" \
	"what passes when run again is printed, and no failure"
is "$(run_again "$scratch"/{steady,one_point})" \
	"1 unsteady steady: not ok 1 - never failed steady: not ok 1 - never 1 passed, 1 failed, 1 skipped" \
	"what fails again failed"
is "$(run_again "$scratch/unsteady")" "1 failed unsteady: not ok 1 - at first 0 passed, 1 failed, 0 skipped" \
	"what ran alone is not run again"
program by_turns <<END
#!/bin/sh
if mkdir '$scratch/was-here' 2>/dev/null; then
	printf 'not ok 1 - one\n# found 2\nok 2 - other\n'
else
	printf 'ok 1 - one\nnot ok 2 - other\n# found 3\n'
fi
echo 1..2
exit 1
END
run_again "$scratch"/{by_turns,one_point} >"$scratch/said"
is "$(cat "$scratch/said")" \
	"0 unsteady by_turns: not ok 1 - one unsteady by_turns: not ok 2 - other 2 passed, 0 failed, 1 skipped" \
	"a point that passes in either run is no failure"
like "$out" 'detail by_turns: # found 3' "and what was found is printed"
for n in 1 2 3 4; do cp "$scratch/steady" "$scratch/steady$n"; done
is "$(run_again "$scratch"/steady[1-4] | grep -c unsteady)" 0 "four failures are no accident"

program no_plan <<'END'
#!/bin/sh
echo 'ok 1 - and gone'
END
is "$(run_again "$scratch"/{unsteady,no_plan})" \
	"1 unsteady no_plan: ran 1, planned nothing unsteady unsteady: not ok 1 - at first failed no_plan: ran 1, planned nothing 2 passed, 1 failed, 0 skipped" \
	"a program without its plan failed"

# A script of an ordinary user's, on a machine without a program, with a report that has no figure.
mkdir "$scratch/bin" "$scratch/latest"
printf '#!/bin/sh\necho 1000\n' >"$scratch/bin/id"
chmod +x "$scratch/bin/id"
echo '{}' >"$scratch/latest/report.json"
program asks <<END
#!/bin/bash
. '$top/tests/tap.sh'
PATH=$scratch/bin:\$PATH
need 'as root' root && ok 1 'is no root'
need 'with a tool' sh nosuch-tool || need 'with a shell' sh && ok 0 'a shell'
is \$((\$(number "\$(report '$scratch' '.touches[]')") + 1)) 0 'no figure'
is \$((\$(number 41) + 1)) 42 'a figure'
done_testing
END
is "$(BUILD=$(dirname "$oomlab") "$scratch/asks" 2>&1)" "ok 1 - as root # SKIP needs root
ok 2 - with a tool # SKIP no nosuch-tool here
ok 3 - a shell
ok 4 - no figure
ok 5 - a figure
1..5" "a script skips what is not here and runs the rest to its end"
program asks_first <<END
#!/bin/bash
. '$top/tests/tap.sh'
need_all sh nosuch-tool
ok 1 'not reached'
END
is "$(BUILD=$(dirname "$oomlab") "$scratch/asks_first")" '1..0 # SKIP no nosuch-tool here' \
	"or all of it is skipped"
done_testing
