/*
 * check_base.c - sizes, durations, hostile strings, errors, growing strings and option tables.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/options.h"
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

static TCase *text_case(void)
{
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, reads_a_size, 0, (int)ARRAY_SIZE(sizes_read));
	tcase_add_loop_test(tc, reads_a_duration, 0, (int)ARRAY_SIZE(durations_read));
	tcase_add_test(tc, reads_whole_numbers);
	tcase_add_test(tc, writes_sizes);
	tcase_add_test(tc, numbers_are_written_as_printf_writes_them);
	tcase_add_test(tc, writes_durations);
	tcase_add_loop_test(tc, neutralises_strings, 0, (int)ARRAY_SIZE(strings));
	tcase_add_test(tc, utf8_stops_at_the_given_length);
	return tc;
}

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

struct given {
	char memory[32], high[32];
	int quiet, order;
};

static int set_memory(void *to, const char *value, struct err *err)
{
	struct given *given = to;

	if (!strcmp(value, "bad"))
		return err_set(err, EXIT_USAGE, "--memory 'bad' is bad");
	snprintf(given->memory, sizeof(given->memory), "%s", value);
	given->order = given->order * 10 + 1;
	return 0;
}

static int set_high(void *to, const char *value, struct err *err)
{
	(void)err;
	snprintf(((struct given *)to)->high, sizeof(((struct given *)to)->high), "%s", value);
	return 0;
}

static int set_quiet(void *to, const char *value, struct err *err)
{
	(void)err;
	ck_assert_ptr_null(value);
	((struct given *)to)->quiet++;
	((struct given *)to)->order = ((struct given *)to)->order * 10 + 2;
	return 0;
}

static const struct option_def table[] = {
	OPTION("memory", "SIZE", "memory.max", set_memory),
	OPTION("memory-high", "SIZE", NULL, set_high),
	OPTION("quiet", NULL, "say nothing", set_quiet),
};

#define PARSE(given, err, ...)                                                 \
	options_parse("run", table, ARRAY_SIZE(table), (given),                \
		      (int)ARRAY_SIZE(((const char *[]){"run", __VA_ARGS__})), \
		      (char **)(const char *[]){"run", __VA_ARGS__, NULL}, (err))

START_TEST(options_come_in_order)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(PARSE(&given, &err, "--memory=1M", "--quiet", "--memory", "2M", "x"), 5);
	ck_assert_str_eq(given.memory, "2M");
	ck_assert_int_eq(given.order, 121);
	ck_assert_int_eq(PARSE(&given, &err, "--memory=", "x"), 2);
	ck_assert_str_eq(given.memory, "");
	ck_assert_int_eq(PARSE(&given, &err, "--memory", "--quiet"), 3);
	ck_assert_str_eq(given.memory, "--quiet");
}
END_TEST

START_TEST(operands_end_the_options)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(PARSE(&given, &err, "cat", "--quiet"), 1);
	ck_assert_int_eq(PARSE(&given, &err, "--", "--quiet"), 2);
	ck_assert_int_eq(PARSE(&given, &err, "-", "--quiet"), 1);
	ck_assert_int_eq(PARSE(&given, &err, ""), 1);
	ck_assert_int_eq(given.quiet, 0);
}
END_TEST

START_TEST(options_may_be_shortened)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(PARSE(&given, &err, "--qu", "--memory-h=5", "--memory=6"), 4);
	ck_assert_int_eq(given.quiet, 1);
	ck_assert_str_eq(given.high, "5");
	ck_assert_str_eq(given.memory, "6");
}
END_TEST

static const struct {
	const char *word, *more, *says;
} refused[] = {
	{"--nope", "x", "unknown or ambiguous option '--nope'"},
	{"--nope=3", "x", "unknown or ambiguous option '--nope=3'"},
	{"--mem", "x", "unknown or ambiguous option '--mem'"},
	{"--=x", "x", "unknown or ambiguous option '--=x'"},
	{"--quiet=yes", "x", "option '--quiet=yes' takes no value"},
	{"--quiet", "--memory", "option '--memory' needs a value"},
	{"--memory", "--", "option '--memory' needs a value"},
	{"-q", "x", "unknown option '-q'"},
	{"-qx", "x", "unknown option '-q'"},
	{"-:", "x", "unknown option '-:'"},
	{"-\xff", "x", "unknown option '-?'"},
	{"--a\nb", "x", "unknown or ambiguous option '--a?b'"},
};

START_TEST(refuses_with_one_sentence)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;
	_cleanup_free_ char *says = text_format("%s; see 'oomlab run --help'", refused[_i].says);

	ck_assert_int_eq(PARSE(&given, &err, refused[_i].word, refused[_i].more), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_str_eq(err.text, says);
}
END_TEST

START_TEST(stops_at_the_first_bad_value)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(PARSE(&given, &err, "--memory=bad", "--quiet"), -1);
	ck_assert_str_eq(err.text, "--memory 'bad' is bad");
	ck_assert_int_eq(given.quiet, 0);
}
END_TEST

START_TEST(help_leaves_the_hidden_out)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	options_print(to, table, ARRAY_SIZE(table));
	fclose(to);
	ck_assert_str_eq(text, "  --memory=SIZE             memory.max\n"
			       "  --quiet                   say nothing\n");
}
END_TEST

static TCase *options_case(void)
{
	TCase *tc = tcase_create("options");

	tcase_add_test(tc, options_come_in_order);
	tcase_add_test(tc, operands_end_the_options);
	tcase_add_test(tc, options_may_be_shortened);
	tcase_add_loop_test(tc, refuses_with_one_sentence, 0, (int)ARRAY_SIZE(refused));
	tcase_add_test(tc, stops_at_the_first_bad_value);
	tcase_add_test(tc, help_leaves_the_hidden_out);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {text_case(), err_case(), strbuf_case(), options_case()};

	return suite_run("base", cases, ARRAY_SIZE(cases));
}
