#!/bin/bash
# it_docs.sh - the manual page and the README say what the program has, and install puts it there.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
page=$top/docs/oomlab.1.scd

for command in run list report explain replay doctor clean completion; do
	grep -q "^\*oomlab $command\*" "$page"
	ok $? "the manual has 'oomlab $command'"
	"$oomlab" $command --help >"$scratch/help" 2>&1
	is $? 0 "'oomlab $command --help' works"
	grep -Eo '^  (-., )?--[a-z-]*' "$scratch/help" | grep -o -- '--.*' >"$scratch/options"
	while read -r option; do
		[ "$option" = --help ] || grep -q -- "$option\b" "$page"
		ok $? "the manual has $command $option"
	done <"$scratch/options"
done
for variable in OOMLAB_CACHE OOMLAB_SCENARIOS OOMLAB_ACCEL; do
	grep -rq "\"$variable\"" "$top/lab"
	ok $? "$variable of the manual is read by the program"
done
# What SECURITY.md says is shown by a test, is one.
# shellcheck disable=SC2016 # the backticks are the page's
while read -r name; do
	case $name in
	check_*) ls "$top/tests/$name.c" ;;
	fuzz_*) ls "$top/tests/fuzz/$name.c" ;;
	*) ls "$top/tests/$name" ;;
	esac >/dev/null 2>&1
	ok $? "SECURITY.md names the test $name"
done < <(grep -o '`\(check_[a-z_]*\|fuzz_[a-z]\+\|it_[a-z_]*\.sh\)`' "$top/SECURITY.md" | tr -d '`' | sort -u)
for fuzzer in "$top"/tests/fuzz/fuzz_*.c; do
	grep -q "fuzz $(basename "$fuzzer" .c) " "$top/tests/fuzz/run"
	ok $? "tests/fuzz/run runs $(basename "$fuzzer")"
done
# Files that the papers name are there.
# shellcheck disable=SC2016 # the backticks are the pages'
while read -r name; do
	[ -e "$top/$name" ]
	ok $? "the papers name $name, and it is there"
done < <(grep -hoE '`(lab|src|scenarios|tests|docs)/[a-zA-Z0-9_./-]+`' "$top"/*.md "$top"/docs/*.md | tr -d '`' | sort -u)
for room in "$top"/lab/*/ "$top"/lab/launch/*/; do
	room=${room#"$top"/lab/}
	grep -q "^| \`${room%/}\` |" "$top/docs/architecture.md"
	ok $? "docs/architecture.md has the room ${room%/}"
done
scdoc <"$page" >"$scratch/oomlab.1"
ok $? "scdoc takes the manual"

is "$(sed '1,/^## The catalogue/d' "$top/docs/scenarios.md")" "$("$top/docs/catalogue" "$oomlab")" \
	"docs/scenarios.md has the catalogue as the scenarios declare it (make catalogue)"
for group in $("$oomlab" list --json | jq -r '.[].group' | sort -u); do
	grep -q "^### $group$" "$top/docs/scenarios.md"
	ok $? "docs/scenarios.md has the group $group"
done

MAKEFLAGS='' make -s -C "$top" BUILD="$(dirname "$oomlab")" install DESTDIR="$scratch/root" PREFIX=/usr >"$scratch/log" 2>&1
is $? 0 "make install"
is "$("$scratch/root/usr/bin/oomlab" list | wc -l)" "$("$oomlab" list | wc -l)" \
	"the installed program finds its scenarios"
[ -x "$scratch/root/usr/lib/oomlab/replay-stage" ]
ok $? "what performs a replay is installed"
for file in bash-completion/completions/oomlab zsh/vendor-completions/_oomlab fish/vendor_completions.d/oomlab.fish; do
	[ -s "$scratch/root/usr/share/$file" ]
	ok $? "the installed completion $file"
done
cat >"$scratch/user.c" <<'C'
#include <oomlab/arena.h>
#include <string.h>
int main(void)
{
	struct arena arena;
	char *p;

	if (arena_init(&arena, &(struct arena_config){.name = "a", .size = 1 << 20,
			.policy = ARENA_CLEAR_ON_ALLOCATION, .source = ARENA_SOURCE_RESERVE}) < 0)
		return 1;
	p = arena_push(&arena, 100, 16);
	return p ? strcmp(p, "") : 2;
}
C
# shellcheck disable=SC2046 # several words on purpose
PKG_CONFIG_SYSROOT_DIR=$scratch/root PKG_CONFIG_PATH=$scratch/root/usr/lib/pkgconfig \
	pkg-config --cflags --libs oomlab >"$scratch/flags" &&
	cc -o "$scratch/user" "$scratch/user.c" $(cat "$scratch/flags") && "$scratch/user"
is $? 0 "a user's program builds with pkg-config and runs"
MAKEFLAGS='' make -s -C "$top" BUILD="$(dirname "$oomlab")" uninstall DESTDIR="$scratch/root" PREFIX=/usr
is "$(find "$scratch/root" -type f -o -type l | wc -l)" 0 "make uninstall leaves nothing"
done_testing
