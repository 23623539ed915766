/*
 * check_options.c - option tables: what is taken, in which order, and what is refused.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/options.h"
#include "base/suggest.h"
#include "base/text.h"
#include "suite.h"

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
	OPTION_LETTER('m', "memory", "SIZE", "memory.max", set_memory),
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

START_TEST(a_letter_is_short_for_a_name)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(PARSE(&given, &err, "-m", "1M", "x"), 3);
	ck_assert_str_eq(given.memory, "1M");
	ck_assert_int_eq(PARSE(&given, &err, "-m2M", "x"), 2);
	ck_assert_str_eq(given.memory, "2M");
}
END_TEST

static const struct {
	const char *word, *best;
} meant[] = {
	{"reprot", "report"}, {"lst", "list"},	      {"lsit", "list"},	    {"listt", "list"},
	{"exp", "explain"},   {"explian", "explain"}, {"ex", NULL},	    {"x", NULL},
	{"", NULL},	      {"server", NULL},	      {"docker", "doctor"}, {"raport", "report"},
};

START_TEST(the_nearest_word_is_meant)
{
	struct suggestion s = {.word = meant[_i].word};

	suggestion_offer(&s, "report");
	suggestion_offer(&s, "list");
	suggestion_offer(&s, "explain");
	suggestion_offer(&s, "doctor");
	suggestion_offer(
		&s, "a-name-that-is-longer-than-any-name-is-and-that-has-more-than-63-letters");
	ck_assert_pstr_eq(s.best, meant[_i].best);
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
	{"--memory-hihg", "x", "unknown or ambiguous option '--memory-hihg'"},
	{"-m", "--", "option '-m' needs a value"},
	{"--nope=3", "x", "unknown or ambiguous option '--nope=3'"},
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

static const struct {
	const char *word, *meant;
} misspelled[] = {
	{"--memroy", "--memory"},
	{"--memroy=1M", "--memory"},
	{"--quite", "--quiet"},
	{"--mem", "--memory"},
};

START_TEST(names_the_option_that_was_meant)
{
	struct given given = {.order = 0};
	struct err err = ERR_INIT;
	_cleanup_free_ char *says = text_format(
		"unknown or ambiguous option '%s'; did you mean '%s'? See 'oomlab run --help'",
		misspelled[_i].word, misspelled[_i].meant);

	ck_assert_int_eq(PARSE(&given, &err, misspelled[_i].word, "x"), -1);
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
	ck_assert_str_eq(text, "  -m, --memory=SIZE         memory.max\n"
			       "  --quiet                   say nothing\n");
}
END_TEST

START_TEST(help_keeps_its_columns)
{
	static const struct option_def defs[] = {
		{.name = "overcommit-ratio", .arg = "PERCENT", .help = "vm.overcommit_ratio"},
		{.name = "a",
		 .help = "one two three four five six seven eight nine ten eleven twelve thirteen"},
		{.name = "b",
		 .help = "a-word-that-is-longer-than-the-whole-of-the-line-it-stands-in-is"},
	};
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	options_print(to, defs, ARRAY_SIZE(defs));
	fclose(to);
	ck_assert_str_eq(
		text,
		"  --overcommit-ratio=PERCENT\n"
		"                            vm.overcommit_ratio\n"
		"  --a                       one two three four five six seven eight nine ten\n"
		"                            eleven twelve thirteen\n"
		"  --b                       "
		"a-word-that-is-longer-than-the-whole-of-the-line-it-stands-in-is\n");
}
END_TEST

static TCase *options_case(void)
{
	TCase *tc = tcase_create("options");

	tcase_add_test(tc, options_come_in_order);
	tcase_add_test(tc, a_letter_is_short_for_a_name);
	tcase_add_loop_test(tc, the_nearest_word_is_meant, 0, (int)ARRAY_SIZE(meant));
	tcase_add_test(tc, operands_end_the_options);
	tcase_add_test(tc, options_may_be_shortened);
	tcase_add_loop_test(tc, refuses_with_one_sentence, 0, (int)ARRAY_SIZE(refused));
	tcase_add_loop_test(tc, names_the_option_that_was_meant, 0, (int)ARRAY_SIZE(misspelled));
	tcase_add_test(tc, stops_at_the_first_bad_value);
	tcase_add_test(tc, help_leaves_the_hidden_out);
	tcase_add_test(tc, help_keeps_its_columns);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {options_case()};

	return suite_run("options", cases, ARRAY_SIZE(cases));
}
