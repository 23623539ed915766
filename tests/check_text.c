/*
 * check_text.c - sizes, durations and numbers read and written, and strings that are hostile.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "suite.h"

static const struct {
	const char *text;
	int status;
	uint64_t bytes;
} sizes_read[] = {
	{"0", 0, 0},
	{"1048576", 0, 1048576},
	{"512M", 0, UINT64_C(512) << 20},
	{"512m", 0, UINT64_C(512) << 20},
	{"512MiB", 0, UINT64_C(512) << 20},
	{"512mb", 0, UINT64_C(512) << 20},
	{"64k", 0, 65536},
	{"12b", 0, 12},
	{"0.5G", 0, UINT64_C(512) << 20},
	{"1.5", 0, 1},
	{"0.0000000001G", 0, 0},
	{"007", 0, 7},
	{"9223372036854775807", 0, INT64_MAX},
	{"7E", 0, UINT64_C(7) << 60},
	{"9223372036854775808", -ERANGE, 0},
	{"8E", -ERANGE, 0},
	{"9999999T", -ERANGE, 0},
	{"99999999999999999999999", -ERANGE, 0},
	{"99999999999999999999999.5G", -ERANGE, 0},
	{"18446744073709551615", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"+1", -EINVAL, 0},
	{" 1", -EINVAL, 0},
	{"1 ", -EINVAL, 0},
	{"1 M", -EINVAL, 0},
	{"abc", -EINVAL, 0},
	{"M", -EINVAL, 0},
	{".5G", -EINVAL, 0},
	{"1.G", -EINVAL, 0},
	{"1,5G", -EINVAL, 0},
	{"1.2.3", -EINVAL, 0},
	{"1Mi", -EINVAL, 0},
	{"1MiBs", -EINVAL, 0},
	{"1Z", -EINVAL, 0},
	{"0x10", -EINVAL, 0},
	{"1e3", -EINVAL, 0},
	{"inf", -EINVAL, 0},
	{"99999999999999999999999x", -EINVAL, 0},
	{"1\n", -EINVAL, 0},
	{"\xd9\xa1", -EINVAL, 0},
};

START_TEST(reads_a_size)
{
	uint64_t bytes = 42;

	ck_assert_int_eq(text_parse_size(sizes_read[_i].text, &bytes), sizes_read[_i].status);
	if (!sizes_read[_i].status)
		ck_assert_uint_eq(bytes, sizes_read[_i].bytes);
}
END_TEST

static const struct {
	const char *text;
	int status;
	uint64_t ns;
} durations_read[] = {
	{"20", 0, UINT64_C(20000000000)},
	{"20s", 0, UINT64_C(20000000000)},
	{"500ms", 0, 500000000},
	{"0.5ms", 0, 500000},
	{"1.5", 0, 1500000000},
	{"2m", 0, UINT64_C(120000000000)},
	{"2min", 0, UINT64_C(120000000000)},
	{"1h", 0, UINT64_C(3600000000000)},
	{"0", 0, 0},
	{"9223372036", 0, UINT64_C(9223372036000000000)},
	{"9223372037", -ERANGE, 0},
	{"5124095.99h", -ERANGE, 0},
	{"18446744073.9999", -ERANGE, 0},
	{"99999999999999999999", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"s", -EINVAL, 0},
	{"1 s", -EINVAL, 0},
	{"1S", -EINVAL, 0},
	{"1d", -EINVAL, 0},
	{"1s1", -EINVAL, 0},
};

START_TEST(reads_a_duration)
{
	uint64_t ns = 42;

	ck_assert_int_eq(text_parse_duration(durations_read[_i].text, &ns),
			 durations_read[_i].status);
	if (!durations_read[_i].status)
		ck_assert_uint_eq(ns, durations_read[_i].ns);
}
END_TEST

START_TEST(reads_whole_numbers)
{
	long n = 0;

	ck_assert_int_eq(text_parse_long("-1000", -1000, 1000, &n), 0);
	ck_assert_int_eq(n, -1000);
	ck_assert_int_eq(text_parse_long("1001", -1000, 1000, &n), -ERANGE);
	ck_assert_int_eq(text_parse_long("99999999999999999999", 0, 5, &n), -ERANGE);
	ck_assert_int_eq(text_parse_long("", 0, 5, &n), -EINVAL);
	ck_assert_int_eq(text_parse_long("-", -5, 5, &n), -EINVAL);
	ck_assert_int_eq(text_parse_long("--1", -5, 5, &n), -EINVAL);
	ck_assert_int_eq(text_parse_long("+1", 0, 5, &n), -EINVAL);
	ck_assert_int_eq(text_parse_long(" 1", 0, 5, &n), -EINVAL);
	ck_assert_int_eq(text_parse_long("1x", 0, 5, &n), -EINVAL);
	ck_assert_int_eq(text_parse_long("0x1", 0, 5, &n), -EINVAL);
}
END_TEST

START_TEST(writes_sizes)
{
	ck_assert_str_eq(TEXT_SIZE(0), "0 bytes");
	ck_assert_str_eq(TEXT_SIZE(1023), "1023 bytes");
	ck_assert_str_eq(TEXT_SIZE(4096), "4 KiB");
	ck_assert_str_eq(TEXT_SIZE((UINT64_C(512) << 20) - (100 << 10)), "511.9 MiB");
	ck_assert_str_eq(TEXT_SIZE(UINT64_C(2) << 30), "2 GiB");
	ck_assert_str_eq(TEXT_SIZE((UINT64_C(1) << 30) - 1), "1.0 GiB");
	ck_assert_str_eq(TEXT_SIZE(UINT64_MAX), "16.0 EiB");
}
END_TEST

START_TEST(counts_have_their_plural)
{
	ck_assert_str_eq(TEXT_COUNT(0, "allocation call"), "0 allocation calls");
	ck_assert_str_eq(TEXT_COUNT(1, "allocation call"), "1 allocation call");
	ck_assert_str_eq(TEXT_COUNT(1, "process"), "1 process");
	ck_assert_str_eq(TEXT_COUNT(2, "process"), "2 processes");
	ck_assert_str_eq(TEXT_COUNT(-1, "time"), "-1 times");
}
END_TEST

START_TEST(numbers_are_written_as_printf_writes_them)
{
	char found[TEXT_SIZE_MAX], expected[TEXT_SIZE_MAX];
	uint64_t value = 88172645463325252;

	for (int i = 0; i < 20000; i++) {
		value ^= value << 13;
		value ^= value >> 7;
		value ^= value << 17;
		uint64_t number = value >> (i % 64), kib = number % (1023 << 10);

		snprintf(expected, sizeof(expected), "%" PRIu64, number);
		ck_assert_str_eq(text_number(found, number), expected);
		if (kib < 1024 || kib % 1024 == 0)
			continue;
		snprintf(expected, sizeof(expected), "%.1f KiB", (double)kib / 1024);
		ck_assert_str_eq(text_size(found, kib), expected);
	}
	ck_assert_str_eq(TEXT_SIZE((1 << 20) + (1 << 20) / 4), "1.2 MiB");
	ck_assert_str_eq(text_number(found, UINT64_MAX), "18446744073709551615");
}
END_TEST

START_TEST(writes_durations)
{
	ck_assert_str_eq(TEXT_DURATION(0), "0 us");
	ck_assert_str_eq(TEXT_DURATION(999999), "999 us");
	ck_assert_str_eq(TEXT_DURATION(340000000), "340 ms");
	ck_assert_str_eq(TEXT_DURATION(2310000000), "2.31 s");
	ck_assert_str_eq(TEXT_DURATION(59999999999), "1 min 0 s");
	ck_assert_str_eq(TEXT_DURATION(65000000000), "1 min 5 s");
	ck_assert_str_eq(TEXT_DURATION(UINT64_MAX), "307445734 min 34 s");
}
END_TEST

static const struct {
	const char *hostile, *tame;
} strings[] = {
	{"plain", "plain"},
	{"a) 1 2 (b", "a) 1 2 (b"},
	{"line\nbreak\ttab\r", "line?break?tab?"},
	{"\x1b[31mred", "?[31mred"},
	{"del\x7f", "del?"},
	{"Gr\xc3\xb6\xc3\x9f"
	 "e",
	 "Gr\xc3\xb6\xc3\x9f"
	 "e"},
	{"\xe2\x82\xac \xf0\x9f\x92\xa5", "\xe2\x82\xac \xf0\x9f\x92\xa5"},
	{"c1 \xc2\x9b"
	 "31m",
	 "c1 ??31m"},
	{"\xff\xfe", "??"},
	{"\xc0\xaf", "??"},
	{"\xe0\x80\xaf", "???"},
	{"\xed\xa0\x80", "???"},
	{"\xf4\x90\x80\x80", "????"},
	{"\xf5\x80\x80\x80", "????"},
	{"cut \xe2\x82", "cut ??"},
	{"turned \xe2\x80\xae round", "turned ??? round"},
	{"no \xe2\x80\x8b width", "no ??? width"},
	{"\xef\xbb\xbfmark", "???mark"},
	{"\x80"
	 "ab",
	 "?ab"},
	{"", ""},
};

START_TEST(neutralises_strings)
{
	_cleanup_free_ char *text = xstrdup(strings[_i].hostile);

	text_neutralise(text);
	ck_assert_str_eq(text, strings[_i].tame);
}
END_TEST

START_TEST(utf8_stops_at_the_given_length)
{
	ck_assert_uint_eq(text_utf8_length("", 0), 0);
	ck_assert_uint_eq(text_utf8_length("a", 1), 1);
	ck_assert_uint_eq(text_utf8_length("\xc3\xb6", 2), 2);
	ck_assert_uint_eq(text_utf8_length("\xc3\xb6", 1), 0);
	ck_assert_uint_eq(text_utf8_length("\xf0\x9f\x92\xa5", 3), 0);
	ck_assert_uint_eq(text_utf8_length("\xf0\x9f\x92\xa5", 4), 4);
	ck_assert(text_starts_with("abc", "ab") && !text_starts_with("a", "ab"));
	ck_assert(text_ends_with("abc", "bc") && !text_ends_with("c", "bc"));
}
END_TEST

START_TEST(a_word_is_found_in_a_table_with_gaps)
{
	static const char *const words[] = {NULL, "a", NULL, "", "b"};

	ck_assert_int_eq(text_index(words, ARRAY_SIZE(words), "a"), 1);
	ck_assert_int_eq(text_index(words, ARRAY_SIZE(words), "b"), 4);
	ck_assert_int_eq(text_index(words, 4, "b"), -1);
	ck_assert_int_eq(text_index(words, ARRAY_SIZE(words), ""), 3);
	ck_assert_int_eq(text_index(words, ARRAY_SIZE(words), "ab"), -1);
	ck_assert_int_eq(text_index(words, ARRAY_SIZE(words), NULL), -1);
}
END_TEST

START_TEST(a_line_is_broken_at_the_last_blank_that_fits)
{
	static const struct {
		const char *text;
		int columns;
		long taken;
	} cases[] = {
		{"", 5, 0},
		{"ab cd", 5, 5},
		{"ab cd ef", 5, 5},
		{"ab cd ef", 4, 2},
		{"ab cd ef", 2, 2},
		{"abcdef gh", 3, 6}, /* a word that does not fit stands alone */
		{"abcdef", 3, 6},
		{"ab cd", 0, 2},
		{"\u00e4\u00e4 \u00e4\u00e4 b", 5, 9}, /* columns, not bytes */
		{"\u00e4\u00e4 \u00e4\u00e4 b", 4, 4},
		{"0123456789012345 01234567", 20, 16},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;

		ck_assert_msg(text_line_end(text, text + strlen(text), cases[i].columns) - text ==
				      cases[i].taken,
			      "case %zu", i);
	}
}
END_TEST

START_TEST(no_text_is_the_same_as_none_alone)
{
	ck_assert(text_is_same("a", (char[]){'a', 0}) && text_is_same(NULL, NULL));
	ck_assert(!text_is_same("a", "ab") && !text_is_same("", NULL) && !text_is_same(NULL, ""));
}
END_TEST

static TCase *text_case(void)
{
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, reads_a_size, 0, (int)ARRAY_SIZE(sizes_read));
	tcase_add_loop_test(tc, reads_a_duration, 0, (int)ARRAY_SIZE(durations_read));
	tcase_add_test(tc, reads_whole_numbers);
	tcase_add_test(tc, writes_sizes);
	tcase_add_test(tc, counts_have_their_plural);
	tcase_add_test(tc, numbers_are_written_as_printf_writes_them);
	tcase_add_test(tc, writes_durations);
	tcase_add_loop_test(tc, neutralises_strings, 0, (int)ARRAY_SIZE(strings));
	tcase_add_test(tc, utf8_stops_at_the_given_length);
	tcase_add_test(tc, no_text_is_the_same_as_none_alone);
	tcase_add_test(tc, a_word_is_found_in_a_table_with_gaps);
	tcase_add_test(tc, a_line_is_broken_at_the_last_blank_that_fits);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {text_case()};

	return suite_run("text", cases, ARRAY_SIZE(cases));
}
