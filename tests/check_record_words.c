/*
 * check_record_words.c - what a record says with one word of a few: each word of each table comes
 * back, others cost the line. And the lines of versions before, which said it otherwise.
 */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/premortem_lines.h"
#include "record/query.h"
#include "record/verdict.h"
#include "suite.h"

#define RUN "{\"ev\":\"run\",\"id\":\"r\"}\n"

static struct record record;

static void load(const char *line)
{
	_cleanup_free_ char *text = text_format(RUN "%s\n", line);
	struct err err = ERR_INIT;

	record_release(&record);
	ck_assert_msg(!record_load_memory(text, strlen(text), &record, &err), "%s", err.text);
}

static void drop(void)
{
	record_release(&record);
}

static int watchdog(void)
{
	return (int)record.watchdog;
}

static int guardian(void)
{
	return (int)record.guardian.why;
}

static int moment(void)
{
	const struct record_cgroup *own = record_own_cgroup(&record);

	if (!own)
		return MOMENT_NONE;
	return own->before.value[COUNTER_OOM] == 7  ? MOMENT_BEFORE
	       : own->after.value[COUNTER_OOM] == 7 ? MOMENT_AFTER
						    : MOMENT_NONE;
}

static int mark(void)
{
	return record.mark_count ? (int)record.marks[0].what : 0;
}

/* A line that is dropped is a loss itself. */
static int loss(void)
{
	return record.lost[0].count == 7 ? (int)record.lost[0].what : 0;
}

static int policy(void)
{
	return record.arena_count ? (int)record.arenas[0].policy : 0;
}

static int origin(void)
{
	return record.arena_count ? (int)record.arenas[0].source : 0;
}

static int taken(void)
{
	return record.reservation_count ? (int)record.reservations[0].what : 0;
}

static int range(void)
{
	return record.range_count ? (int)record.ranges[0].what : 0;
}

static int program_end(void)
{
	return record.reservation_count ? (int)record.reservations[0].ended : 0;
}

static int mapping(void)
{
	return record.mapping_count ? (int)record.mappings[0].what : 0;
}

static int part(void)
{
	const struct record_premortem *p = record.premortem;

	return p && p->left_count ? (int)p->left[0].what : 0;
}

static int isolation(void)
{
	return (int)record.isolation.files;
}

static int twin(void)
{
	return (int)record.twin.outcome;
}

#define CALLS "\"calls\":1,\"refused\":0,\"frees\":0,\"asked\":1,\"live\":1,\"peak\":1"

static const struct {
	const char *const *words;
	int count;
	const char *line; /* with %s for the word */
	int (*value)(void);
} sets[] = {
	{record_watchdog_names, WATCHDOG_COUNT, "{\"ev\":\"watchdog\",\"why\":\"%s\"}", watchdog},
	{record_guardian_names, GUARDIAN_WHY_COUNT,
	 "{\"ev\":\"guardian\",\"why\":\"%s\",\"ended\":0,\"left\":0}", guardian},
	{record_moment_names, MOMENT_COUNT,
	 "{\"ev\":\"counters\",\"level\":0,\"when\":\"%s\",\"events\":{\"oom\":7}}", moment},
	{record_mark_names, MARK_COUNT, "{\"ev\":\"mark\",\"t\":1,\"what\":\"%s\"}", mark},
	{record_loss_names, LOSS_COUNT, "{\"ev\":\"lost\",\"name\":\"%s\",\"count\":7}", loss},
	{record_policy_names, POLICY_COUNT, "{\"ev\":\"arena\",\"id\":1,\"policy\":\"%s\"}",
	 policy},
	{record_origin_names, ORIGIN_COUNT, "{\"ev\":\"arena\",\"id\":1,\"source\":\"%s\"}",
	 origin},
	{record_taken_names, TAKEN_COUNT, "{\"ev\":\"reservation\",\"what\":\"%s\"," CALLS "}",
	 taken},
	{record_taken_names, TAKEN_COUNT,
	 "{\"ev\":\"range\",\"what\":\"%s\",\"start\":1,\"bytes\":1}", range},
	{record_program_end_names, PROGRAM_END_COUNT,
	 "{\"ev\":\"reservation\",\"what\":\"brk\"," CALLS ",\"ended\":\"%s\"}", program_end},
	{record_mapping_names, MAPPING_WHAT_COUNT,
	 "{\"ev\":\"mapping\",\"id\":1,\"pid\":1,\"what\":\"%s\"}", mapping},
	{record_part_names, PART_COUNT, "{\"ev\":\"premortem_left\",\"name\":\"%s\",\"count\":1}",
	 part},
	{record_isolation_names, ISOLATION_COUNT, "{\"ev\":\"isolation\",\"files\":\"%s\"}",
	 isolation},
	{spec_outcome_names, OUTCOME_COUNT,
	 "{\"ev\":\"twin\",\"name\":\"x\",\"outcome\":\"%s\",\"peak\":1}", twin},
};

static void load_word(const char *format, const char *word)
{
	const char *at = strstr(format, "%s");
	_cleanup_free_ char *line =
		text_format("%.*s%s%s", (int)(at - format), format, word, at + 2);

	load(line);
}

START_TEST(each_word_comes_back)
{
	for (int i = 0; i < sets[_i].count; i++) {
		if (!sets[_i].words[i]) {
			ck_assert_int_eq(i, 0);
			continue;
		}
		load_word(sets[_i].line, sets[_i].words[i]);
		ck_assert_msg(!record_lost(&record, LOSS_RECORD) ||
				      sets[_i].words == record_loss_names,
			      "'%s' is not loaded", sets[_i].words[i]);
		ck_assert_msg(sets[_i].value() == i, "'%s' is not %d", sets[_i].words[i], i);
	}
}
END_TEST

START_TEST(no_other_word_is_taken)
{
	static const char *const words[] = {"", "no such <word>", "Timeout", "\\u0000", "%s"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		load_word(sets[_i].line, words[i]);
		ck_assert_msg(record_lost(&record, LOSS_RECORD) == 1, "'%s' is loaded", words[i]);
		ck_assert_int_eq(sets[_i].value(), 0);
	}
}
END_TEST

START_TEST(words_of_a_table_differ)
{
	for (int i = 0; i < sets[_i].count; i++)
		if (sets[_i].words[i])
			ck_assert_int_eq(text_index(sets[_i].words, (size_t)sets[_i].count,
						    sets[_i].words[i]),
					 i);
	ck_assert_int_eq(text_index(sets[_i].words, (size_t)sets[_i].count, NULL), -1);
}
END_TEST

START_TEST(a_counters_mark_has_its_name)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		ck_assert_str_eq(record_mark_names[MARK_LOW + i], record_counter_names[i]);
}
END_TEST

/* Lines of versions before: the word and the figure were one string. */
START_TEST(marks_of_before_are_read)
{
	load("{\"ev\":\"mark\",\"t\":4978151544,\"name\":\"oom_kill 12\"}");
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	ck_assert_int_eq(record.marks[0].what, MARK_OOM_KILL);
	ck_assert_int_eq(record.marks[0].value, 12);
	load("{\"ev\":\"mark\",\"t\":2535206080,\"name\":\"pre-mortem\"}");
	ck_assert_int_eq(record.marks[0].what, MARK_PREMORTEM);
	ck_assert_int_eq(record.marks[0].value, ABSENT);
}
END_TEST

START_TEST(marks_that_nobody_wrote_are_not_read)
{
	static const char *const names[] = {
		"oom_kill ", "oom_kill x",  "oom_kill 1x",
		"eaten 1",   "oom_kill -1", " 1",
		"",	     "1",	    "oom_kill 99999999999999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *line =
			text_format("{\"ev\":\"mark\",\"t\":1,\"name\":\"%s\"}", names[i]);

		load(line);
		ck_assert_msg(!record.mark_count, "'%s' is a mark", names[i]);
		ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 1);
	}
}
END_TEST

START_TEST(twins_of_before_are_read_and_told_alike)
{
	static const char *const sizes[] = {"0 bytes",	  "768 bytes", "1 KiB",	    "64.3 KiB",
					    "1000 KiB",	  "64 MiB",    "64.0 MiB",  "64.5 MiB",
					    "1023.9 MiB", "1.2 GiB",   "128.5 MiB", "2 TiB"};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_free_ char *line = text_format(
			"{\"ev\":\"note\",\"text\":\"twin malloc-128m: oom_killed, peak %s\"}",
			sizes[i]);

		load(line);
		ck_assert_str_eq(record.twin.name, "malloc-128m");
		ck_assert_int_eq(record.twin.outcome, OUTCOME_OOM_KILLED);
		ck_assert_str_eq(TEXT_SIZE((uint64_t)record.twin.peak), sizes[i]);
		ck_assert_uint_eq(record.twin.line, 2);
		ck_assert_uint_eq(record.note_count, 0);
	}
}
END_TEST

#define ALONE                                                                                  \
	"The guest had the command, what it loads and what --file named, and nothing else of " \
	"this host; --share-host shows it all"

/* The sentence is kept as it was: its end was changed once. */
START_TEST(isolation_of_before_is_read_and_told_alike)
{
	load("{\"ev\":\"note\",\"text\":\"" ALONE ", read-only\"}");
	ck_assert_int_eq(record.isolation.files, ISOLATION_COMMAND);
	ck_assert_str_eq(record.isolation.note, ALONE ", read-only");
	ck_assert_uint_eq(record.isolation.line, 2);
	ck_assert_uint_eq(record.note_count, 0);
	load("{\"ev\":\"note\",\"text\":\"" ALONE "\"}");
	ck_assert_str_eq(record.isolation.note, ALONE);
}
END_TEST

START_TEST(other_notes_stay_notes)
{
	static const char *const notes[] = {
		"twin",
		"twin x: survived",
		"twin x: eaten, peak 1 MiB",
		"twin x: survived, peak none",
		"twin x: survived, peak 1MiB",
		"twin x: survived, peak 64.51 MiB",
		"a twin x: survived, peak 1 MiB",
		"The guest had the command",
	};

	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		_cleanup_free_ char *line =
			text_format("{\"ev\":\"note\",\"text\":\"%s\"}", notes[i]);

		load(line);
		ck_assert_msg(record.note_count == 1, "'%s' is none", notes[i]);
		ck_assert_str_eq(record.notes[0].text, notes[i]);
		ck_assert_ptr_null(record.twin.name);
		ck_assert_int_eq(record.isolation.files, ISOLATION_NONE);
	}
}
END_TEST

#define SOURCE(rest) "{\"ev\":\"source\",\"name\":\"mark_victim\",\"open\":false" rest "}"

START_TEST(what_was_not_needed_before_is_needless)
{
	load(SOURCE(",\"why\":\"not needed beside /dev/kmsg; closing it takes 50 ms\""));
	ck_assert(record.sources[0].is_needless);
	load(SOURCE(",\"why\":\"tracefs is not needed\""));
	ck_assert(!record.sources[0].is_needless);
	load(SOURCE(""));
	ck_assert(!record.sources[0].is_needless);
}
END_TEST

/* Two scenarios were known by their names; one that says it itself is believed. */
START_TEST(figures_of_ps_are_the_specs_or_those_of_before)
{
	const struct ps_figures *ps;

	load("{\"ev\":\"spec\",\"name\":\"malloc-128m\"}");
	ps = record_ps_figures(&record);
	ck_assert_uint_eq(ps->rss_bytes, 728 << 10);
	ck_assert_str_eq(ps->checkpoint, "after malloc");
	load("{\"ev\":\"spec\",\"name\":\"memset-128m\"}");
	ck_assert_uint_eq(record_ps_figures(&record)->rss_bytes, 131952 << 10);
	load("{\"ev\":\"spec\",\"name\":\"malloc-128m\",\"ps\":{\"checkpoint\":\"c\","
	     "\"where\":\"w\",\"vsz_bytes\":1,\"rss_bytes\":2,\"meaning\":\"m\"}}");
	ck_assert_uint_eq(record_ps_figures(&record)->rss_bytes, 2);
	load("{\"ev\":\"spec\",\"name\":\"memset-2g\"}");
	ck_assert_ptr_null(record_ps_figures(&record));
	load("{\"ev\":\"gate\",\"t\":1}");
	ck_assert_ptr_null(record_ps_figures(&record));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("words");
	TCase *const cases[] = {tc};

	tcase_add_checked_fixture(tc, NULL, drop);
	tcase_add_loop_test(tc, each_word_comes_back, 0, (int)ARRAY_SIZE(sets));
	tcase_add_loop_test(tc, no_other_word_is_taken, 0, (int)ARRAY_SIZE(sets));
	tcase_add_loop_test(tc, words_of_a_table_differ, 0, (int)ARRAY_SIZE(sets));
	tcase_add_test(tc, a_counters_mark_has_its_name);
	tcase_add_test(tc, marks_of_before_are_read);
	tcase_add_test(tc, marks_that_nobody_wrote_are_not_read);
	tcase_add_test(tc, twins_of_before_are_read_and_told_alike);
	tcase_add_test(tc, isolation_of_before_is_read_and_told_alike);
	tcase_add_test(tc, other_notes_stay_notes);
	tcase_add_test(tc, what_was_not_needed_before_is_needless);
	tcase_add_test(tc, figures_of_ps_are_the_specs_or_those_of_before);
	return suite_run("record_words", cases, ARRAY_SIZE(cases));
}
