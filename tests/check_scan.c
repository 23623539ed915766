/*
 * check_scan.c - what a look at 16 places at a time tells of a line: what a look at each byte does.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "klog/scan.h"
#include "suite.h"

static unsigned int byte_by_byte(struct span s)
{
	unsigned int flags = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned char next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;

		flags |= c && strchr("&`|\"\\", c) ? SCAN_MARKUP : 0;
		flags |= c == '=' && next == '3' ? SCAN_QUOTED : 0;
		flags |= c == '[' && ((next & 0x40) || next == '/') ? SCAN_BRACKET : 0;
		flags |= c < 0x20 || c >= 0x80 ? SCAN_UNPLAIN : 0;
	}
	return flags;
}

/* In memory of its own, so that a look behind the end is seen by whoever watches memory. */
static void same_flags(const char *text, size_t n)
{
	char *line = malloc(n ? n : 1);
	struct span s = {line, n};

	memcpy(line, text, n);
	ck_assert_msg(scan_specials(s) == byte_by_byte(s), "%u, not %u: '%.*s'", scan_specials(s),
		      byte_by_byte(s), (int)n, text);
	free(line);
}

/* Each pair of bytes that matters, at each place of lines of each length. */
START_TEST(pairs_are_seen_at_each_place)
{
	static const char *const pairs[] = {"&a",  "`a",    "|a",    "\"a",	 "\\a", "=3",
					    "=4",  "[a",    "[/",    "[ ",	 "[1",	"[[",
					    "\ta", "\x1b[", "\177a", "\xc2\xa0", "$<"};
	char text[80];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (size_t at = 0; at < (size_t)_i; at++) {
			memset(text, 'x', sizeof(text));
			memcpy(text + at, pairs[i], 2);
			same_flags(text, (size_t)_i);
		}
}
END_TEST

START_TEST(each_byte_is_known)
{
	char text[40];

	memset(text, ' ', sizeof(text));
	for (int byte = 0; byte < 256; byte++) {
		text[20] = (char)byte;
		same_flags(text, sizeof(text));
		text[21] = '[';
		text[22] = (char)byte;
		same_flags(text, sizeof(text));
		memset(text + 20, ' ', 3);
	}
}
END_TEST

int main(void)
{
	TCase *const tc = tcase_create("scan");

	tcase_add_loop_test(tc, pairs_are_seen_at_each_place, 0, 70);
	tcase_add_test(tc, each_byte_is_known);
	return suite_run("scan", &(TCase *const){tc}, 1);
}
