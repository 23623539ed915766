/*
 * check_premortem.c - when the look just before the limit is taken, that it is undone, and its
 * lines in a record; in a cgroup made of files. Needs no root.
 */
#include "premortem_helpers.h"
#include "src/arena.h"
#include "src/trace.h"
#include "suite.h"
#include "trace/trace_ring.h"

/* Where memory.high goes, and when to look. */

static const struct premortem_facts good = {
	.cgroup_version = 2,
	.limit = 512 * MEBI,
	.memory_high = INT64_MAX,
	.current = MEBI,
	.page_size = 4096,
};

START_TEST(memory_high_stands_a_few_percent_below)
{
	const char *why;
	int64_t high = premortem_plan(&good, 5, &why);

	ck_assert_ptr_null(why);
	ck_assert_int_eq(high % 4096, 0);
	ck_assert_int_le(high, 512 * MEBI / 100 * 95);
	ck_assert_int_gt(high, 512 * MEBI / 100 * 95 - 5 * 4096);
	ck_assert_int_gt(premortem_plan(&good, 1, &why), high);
	ck_assert_int_gt(premortem_plan(&good, PREMORTEM_PERCENT_MAX, &why), 255 * MEBI);
}
END_TEST

START_TEST(where_it_cannot_stand_there_is_a_reason)
{
	struct premortem_facts f[] = {good, good, good, good, good};
	static const char *const words[] = {"cgroup v1", "same cgroup", "no memory.max",
					    "in use by the run", "too near"};
	const char *why;

	f[0].cgroup_version = 1;
	f[1].is_shared = true;
	f[2].limit = INT64_MAX;
	f[3].memory_high = 100 * MEBI;
	f[4].current = 500 * MEBI;
	for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
		ck_assert_int_eq(premortem_plan(&f[i], 5, &why), -1);
		ck_assert_ptr_nonnull(strstr(why, words[i]));
	}
}
END_TEST

START_TEST(page_cache_is_waited_out)
{
	const int64_t limit = 100 * MEBI, high = 95 * MEBI;

	ck_assert(premortem_is_due(95 * MEBI, limit, high, "anon 1\n"));
	ck_assert(
		premortem_is_due(95 * MEBI, limit, high, "active_file 1048576\ninactive_file 0\n"));
	ck_assert(!premortem_is_due(95 * MEBI, limit, high,
				    "active_file 10485760\ninactive_file 10485760\n"));
	ck_assert(!premortem_is_due(10 * MEBI, limit, high, ""));
}
END_TEST

static TCase *decisions(void)
{
	TCase *t = tcase_create("decisions");

	tcase_add_test(t, memory_high_stands_a_few_percent_below);
	tcase_add_test(t, where_it_cannot_stand_there_is_a_reason);
	tcase_add_test(t, page_cache_is_waited_out);
	return t;
}

/* The taking, of a child, in a cgroup made of files. */

START_TEST(a_look_is_taken_once_and_undone)
{
	const struct record_premortem *p;

	arm();
	ck_assert(premortem.is_armed);
	check_holds("memory.high", "63750144");
	events("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(premortem.is_armed);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!premortem.is_armed);
	check_holds("memory.high", "max50144"); /* a file keeps what a kernel would drop */
	check_holds("cgroup.freeze", "0\n");
	events("low 0\nhigh 2\nmax 0\noom 0\noom_kill 0\n");
	load();
	p = record.premortem;
	ck_assert(premortem_was_taken(&record));
	ck_assert(p->is_frozen);
	ck_assert_int_eq(p->limit, 64 * MEBI);
	ck_assert_int_eq(p->high_events, 1);
	ck_assert_int_eq(p->value[METRIC_CURRENT], 63963136);
	ck_assert_int_ge(p->thaw_ns, p->t_ns);
	ck_assert_uint_eq(p->process_count, 1);
	ck_assert_uint_eq(record.mark_count, 1);
	ck_assert_int_eq(record_high_delta(&record), 0);
}
END_TEST

START_TEST(what_does_not_freeze_is_seen_in_motion)
{
	put_file("cgroup.events", "populated 1\nfrozen 0\n", 0600);
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	check_holds("cgroup.freeze", "0\n");
	load();
	ck_assert(premortem_was_taken(&record));
	ck_assert(!record.premortem->is_frozen);
	ck_assert_ptr_nonnull(strstr(record.premortem->why, "did not leave the kernel in time"));
	ck_assert(!record.premortem->threads[0].is_whole);
}
END_TEST

static void check_why(const char *is, const char *is_not)
{
	const char *why = record.premortem->why;

	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, is) && !strstr(why, is_not), "%s", why);
}

/* A folder in a file's place cannot be written, and cannot be read. */
START_TEST(why_nothing_was_seen_to_freeze_is_told)
{
	static const struct {
		const char *file, *is;
	} cases[] = {
		{"cgroup.freeze", "cgroup.freeze could not be written (Is a directory)"},
		{"cgroup.events", "cgroup.events could not be read (Is a directory)"},
	};

	unlink(cases[_i].file);
	ck_assert_int_eq(mkdir(cases[_i].file, 0700), 0);
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	ck_assert(premortem_was_taken(&record));
	ck_assert(!record.premortem->is_frozen);
	check_why(cases[_i].is, "did not leave the kernel");
}
END_TEST

START_TEST(a_kernel_that_does_not_say_what_is_frozen_is_not_waited_for)
{
	put_file("cgroup.events", "populated 1\n", 0600);
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	check_why("cgroup.events could not be read (No data available)",
		  "did not leave the kernel");
}
END_TEST

START_TEST(a_kill_that_came_first_is_told)
{
	put_file("memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", 0600);
	arm();
	put_file("memory.events.local", "low 0\nhigh 1\nmax 9\noom 1\noom_kill 1\n", 0600);
	events("low 0\nhigh 1\nmax 9\noom 1\noom_kill 1\n");
	load();
	ck_assert(!premortem_was_taken(&record));
	check_why("memory went past memory.high and memory.max, and the kernel killed a process",
		  "below it");
	ck_assert_uint_eq(record.premortem->thread_count, 0);
	check_holds("cgroup.freeze", "0\n");
}
END_TEST

/* The counter rises with kills in cgroups below, too. */
START_TEST(a_kill_for_another_limit_is_no_kill_for_this_one)
{
	const bool knows_own = _i;

	if (knows_own)
		put_file("memory.events.local", "high 0\nmax 0\noom 2\noom_kill 2\n", 0600);
	arm();
	events("low 0\nhigh 1\nmax 9\noom 1\noom_kill 1\n");
	load();
	ck_assert(!premortem_was_taken(&record));
	check_why("the kernel killed a process in the run's cgroup, or in one below it, before",
		  "memory.max");
}
END_TEST

START_TEST(page_cache_alone_leaves_it_armed)
{
	arm();
	put_file("memory.stat", "anon 1\nactive_file 40000000\n", 0600);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(premortem.is_armed);
	check_holds("cgroup.freeze", "?\n");
	put_file("memory.stat", "anon 62000000\nactive_file 0\n", 0600);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n"); /* no news */
	ck_assert(premortem.is_armed);
	events("low 0\nhigh 2\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!premortem.is_armed);
}
END_TEST

START_TEST(what_was_never_reached_is_put_back)
{
	arm();
	premortem_disarm(&premortem);
	ck_assert(!premortem.is_armed);
	check_holds("memory.high", "max50144");
	load();
	ck_assert(!premortem_was_taken(&record));
	ck_assert_int_eq(record.premortem->high_events, 0);
	ck_assert(record_source_named(&record, "pre-mortem")->is_open);
}
END_TEST

START_TEST(memory_high_of_the_run_is_left_alone)
{
	put_file("memory.high", "60000000\n", 0600);
	arm();
	ck_assert(!premortem.is_armed);
	check_holds("memory.high", "60000000\n");
	load();
	ck_assert_ptr_null(record.premortem);
	ck_assert_ptr_nonnull(strstr(record_source_named(&record, "pre-mortem")->why, "in use"));
}
END_TEST

START_TEST(turned_off_it_is_not_spoken_of)
{
	config.percent = 0;
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	ck_assert_ptr_null(record_source_named(&record, "pre-mortem"));
	check_holds("memory.high", "max\n");
}
END_TEST

START_TEST(without_memory_high_there_is_a_reason)
{
	const struct record_source *source;

	unlink("memory.high");
	arm();
	ck_assert(!premortem.is_armed);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	ck_assert_ptr_null(record.premortem);
	source = record_source_named(&record, "pre-mortem");
	ck_assert(!source->is_open);
	ck_assert_ptr_nonnull(strstr(source->why, "memory.high: No such file"));
}
END_TEST

START_TEST(what_is_disarmed_is_left_alone)
{
	arm();
	premortem_disarm(&premortem);
	put_file("memory.high", "1\n", 0600);
	premortem_disarm(&premortem); /* once more is nothing */
	check_holds("memory.high", "1\n");
}
END_TEST

START_TEST(what_was_counted_before_is_no_reason)
{
	put_file("memory.events", "low 0\nhigh 5\nmax 0\noom 0\noom_kill 0\n", 0600);
	arm();
	events("low 0\nhigh 5\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(premortem.is_armed);
	events("low 0\nhigh 6\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!premortem.is_armed);
	load();
	ck_assert_int_eq(record.premortem->high_events, 1);
}
END_TEST

START_TEST(what_is_missing_in_the_cgroup_ends_no_look)
{
	arm();
	unlink("cgroup.events");
	unlink("cgroup.procs");
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	check_holds("cgroup.freeze", "0\n");
	load();
	ck_assert(premortem_was_taken(&record));
	ck_assert(!record.premortem->is_frozen);
	ck_assert_uint_eq(record.premortem->process_count, 0);
	ck_assert_int_ge(record.premortem->thaw_ns, record.premortem->t_ns);
}
END_TEST

START_TEST(who_holds_the_most_is_looked_at_first)
{
	_cleanup_free_ char *block = xcalloc(1, 32 << 20);
	_cleanup_free_ char *procs = NULL;
	pid_t larger;

	memset(block, 1, 32 << 20);
	larger = start_child();
	procs = text_format("%d\n%d\n", child, larger);
	put_file("cgroup.procs", procs, 0600);
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	ck_assert_uint_eq(record.premortem->process_count, 2);
	ck_assert_int_eq(record.premortem->processes[0].pid, larger);
	ck_assert_int_eq(record.premortem->processes[1].pid, child);
	end_child(larger);
}
END_TEST

START_TEST(arenas_are_told_and_their_ring_is_no_file)
{
	_cleanup_free_ char *procs = NULL;
	static unsigned char pool[4096];
	struct err err = ERR_INIT;
	struct trace_ring *ring = trace_ring_create(TRACE_RING_MIN_BYTES, &err);
	_cleanup_free_ char *fd = NULL;
	struct arena arena;
	pid_t holder;

	ck_assert_ptr_nonnull(ring);
	fd = text_format("%d", trace_ring_fd(ring));
	setenv(TRACE_FD_ENV, fd, 1);
	trace_attach();
	ck_assert_int_eq(arena_init(&arena, &(struct arena_config){.name = "game memory",
								   .size = sizeof(pool),
								   .backing = pool}),
			 0);
	holder = start_child(); /* has the ring open, too */
	procs = text_format("%d\n", holder);
	put_file("cgroup.procs", procs, 0600);
	config.ring = ring;
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	ck_assert_uint_eq(record.premortem->arena_count, 1);
	ck_assert_str_eq(record.premortem->arenas[0].name, "game memory");
	ck_assert_uint_eq(record.premortem->file_count, 1);
	ck_assert_ptr_nonnull(strstr(record.premortem->files[0].name, "newline"));
	end_child(holder);
	trace_detach();
	trace_ring_free(ring);
}
END_TEST

static TCase *looks(void)
{
	TCase *t = tcase_create("look");

	tcase_add_checked_fixture(t, cgroup_enter, cgroup_leave);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_look_is_taken_once_and_undone);
	tcase_add_test(t, what_does_not_freeze_is_seen_in_motion);
	tcase_add_loop_test(t, why_nothing_was_seen_to_freeze_is_told, 0, 2);
	tcase_add_test(t, a_kernel_that_does_not_say_what_is_frozen_is_not_waited_for);
	tcase_add_test(t, a_kill_that_came_first_is_told);
	tcase_add_loop_test(t, a_kill_for_another_limit_is_no_kill_for_this_one, 0, 2);
	tcase_add_test(t, page_cache_alone_leaves_it_armed);
	tcase_add_test(t, what_was_never_reached_is_put_back);
	tcase_add_test(t, memory_high_of_the_run_is_left_alone);
	tcase_add_test(t, turned_off_it_is_not_spoken_of);
	tcase_add_test(t, without_memory_high_there_is_a_reason);
	tcase_add_test(t, what_is_disarmed_is_left_alone);
	tcase_add_test(t, what_was_counted_before_is_no_reason);
	tcase_add_test(t, what_is_missing_in_the_cgroup_ends_no_look);
	tcase_add_test(t, who_holds_the_most_is_looked_at_first);
	tcase_add_test(t, arenas_are_told_and_their_ring_is_no_file);
	return t;
}

/* Its lines in a record. */

static void load_text(const char *text)
{
	_cleanup_free_ char *whole = text_format("{\"ev\":\"run\"}\n%s", text);
	struct err err = ERR_INIT;

	ck_assert_msg(!record_load_memory(whole, strlen(whole), &record, &err), "%s", err.text);
}

START_TEST(damaged_lines_are_dropped_and_counted)
{
	load_text("{\"ev\":\"premortem\",\"percent\":5,\"limit\":100,\"high\":95}\n"
		  "{\"ev\":\"premortem\",\"percent\":6}\n"
		  "{\"ev\":\"premortem_look\",\"t\":\"x\"}\n"
		  "{\"ev\":\"premortem_thread\",\"pid\":1}\n"
		  "{\"ev\":\"premortem_thread\",\"pid\":1,\"tid\":2,\"stack\":[]}\n"
		  "{\"ev\":\"premortem_mapping\",\"pid\":1,\"size\":-1,\"rss\":0}\n"
		  "{\"ev\":\"premortem_file\",\"pid\":1}\n"
		  "{\"ev\":\"premortem_nonsense\"}\n"
		  "{\"ev\":\"premortemly\"}\n");
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 8);
	ck_assert_int_eq(record.premortem->percent, 5);
	ck_assert_uint_eq(record.premortem->thread_count, 0);
	ck_assert(!premortem_was_taken(&record));
	record_release(&record);
}
END_TEST

START_TEST(high_events_of_the_lab_throttle_nobody)
{
#define COUNTERS(high)                                                                    \
	"{\"ev\":\"counters\",\"level\":0,\"when\":\"before\",\"events\":{\"high\":0}}\n" \
	"{\"ev\":\"counters\",\"level\":0,\"when\":\"after\",\"events\":{\"high\":" high "}}\n"
	load_text(COUNTERS("40"));
	ck_assert_int_eq(record_high_delta(&record), 40);
	record_release(&record);
	load_text(
		"{\"ev\":\"premortem\",\"percent\":5,\"limit\":100,\"high\":95}\n" COUNTERS("40"));
	ck_assert_int_eq(record_high_delta(&record), 0);
	record_release(&record);
}
END_TEST

static TCase *lines(void)
{
	TCase *t = tcase_create("lines");

	tcase_add_test(t, damaged_lines_are_dropped_and_counted);
	tcase_add_test(t, high_events_of_the_lab_throttle_nobody);
	return t;
}

int main(void)
{
	TCase *const cases[] = {decisions(), looks(), lines()};

	return suite_run("premortem", cases, ARRAY_SIZE(cases));
}
