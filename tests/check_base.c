/*
 * check_base.c - errors that gather their context, and strings that grow.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "suite.h"

START_TEST(errors_read_outside_in)
{
	struct err err = ERR_INIT;

	errno = ENOENT;
	ck_assert_int_eq(err_errno(&err, EXIT_LAB_BROKEN, "cannot open '%s'", "a\nb"), -1);
	ck_assert_int_eq(err_wrap(&err, "scenario %d", 3), -1);
	ck_assert_int_eq(err_hint(&err, "run %s", "make"), -1);
	ck_assert_int_eq(err.status, EXIT_LAB_BROKEN);
	ck_assert_str_eq(err.text,
			 "scenario 3: cannot open 'a?b': No such file or directory; run make");
}
END_TEST

START_TEST(setting_again_replaces)
{
	struct err err = ERR_INIT;

	err_set(&err, EXIT_USAGE, "a long first sentence");
	err_set(&err, EXIT_SKIP, "second");
	ck_assert_int_eq(err.status, EXIT_SKIP);
	ck_assert_str_eq(err.text, "second");
}
END_TEST

START_TEST(long_errors_are_cut_with_a_mark)
{
	struct err err = ERR_INIT;
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, EXIT_FAILED, "%s", text);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
		ck_assert(text_ends_with(err.text, "xx...") || text_ends_with(err.text, "..."));
		err_hint(&err, "%s", text);
		err_wrap(&err, "context %d", i);
		ck_assert(text_starts_with(err.text, "context "));
	}
}
END_TEST

/* The cut may fall into the middle of a character. */
START_TEST(a_cut_character_is_no_garbage)
{
	struct err err = ERR_INIT;
	char text[3000] = "";

	for (size_t i = 0; i < (size_t)_i; i++)
		text[i] = 'x';
	for (size_t i = (size_t)_i; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	err_set(&err, EXIT_FAILED, "%s", text);
	ck_assert(text_ends_with(err.text, "..."));
	for (size_t i = 0, n; i < strlen(err.text); i += n) {
		n = text_utf8_length(err.text + i, strlen(err.text + i));
		ck_assert_uint_gt(n, 0);
	}
}
END_TEST

static TCase *err_case(void)
{
	TCase *tc = tcase_create("err");

	tcase_add_test(tc, errors_read_outside_in);
	tcase_add_test(tc, setting_again_replaces);
	tcase_add_test(tc, long_errors_are_cut_with_a_mark);
	tcase_add_loop_test(tc, a_cut_character_is_no_garbage, 0, 3);
	return tc;
}

START_TEST(strings_grow_and_keep_nuls)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_free_ char *out = NULL;

	ck_assert_str_eq(sb.buf, "");
	strbuf_clear(&sb);
	strbuf_append(&sb, "a\0b", 3);
	strbuf_putc(&sb, 'c');
	strbuf_printf(&sb, "%d%s", 12, "");
	ck_assert_uint_eq(sb.len, 6);
	ck_assert_mem_eq(sb.buf, "a\0bc12", 7);
	for (int i = 0; i < 10000; i++)
		strbuf_printf(&sb, "%04d", i);
	ck_assert_uint_eq(sb.len, 40006);
	strbuf_consume(&sb, 40002);
	ck_assert_str_eq(sb.buf, "9999");
	strbuf_consume(&sb, 4);
	ck_assert_str_eq(sb.buf, "");
	strbuf_puts(&sb, "left");
	out = strbuf_detach(&sb);
	ck_assert_str_eq(out, "left");
	ck_assert_uint_eq(sb.len + sb.cap, 0);
	free(strbuf_detach(&sb));
}
END_TEST

START_TEST(consuming_too_much_is_a_bug)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_puts(&sb, "abc");
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	strbuf_consume(&sb, 4);
}
END_TEST

START_TEST(no_memory_is_status_125)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	free(xrealloc(NULL, SIZE_MAX / 2, 3));
}
END_TEST

static TCase *strbuf_case(void)
{
	TCase *tc = tcase_create("strbuf");

	tcase_add_test(tc, strings_grow_and_keep_nuls);
	tcase_add_test_raise_signal(tc, consuming_too_much_is_a_bug, 6);
	tcase_add_exit_test(tc, no_memory_is_status_125, EXIT_LAB_BROKEN);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {err_case(), strbuf_case()};

	return suite_run("base", cases, ARRAY_SIZE(cases));
}
