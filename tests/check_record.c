/*
 * check_record.c - the record: what is written is read back; damaged and hostile lines are dropped
 * and counted, never followed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "record/fields.h"
#include "record/query.h"
#include "suite.h"

#define RUN "{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"a\"]}\n"

static struct record_writer writer;
static int fd;

static void open_writer(void)
{
	fd = memfd_create("record", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	record_writer_init(&writer, fd);
}

static void close_writer(void)
{
	close(fd);
}

/* What has been written so far. */
static void written(struct strbuf *sb)
{
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(io_read_fd(fd, 1 << 20, sb), 0);
}

static void assert_written(const char *expected)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	written(&sb);
	ck_assert_str_eq(sb.buf, expected);
}

static void load_text(const char *text, struct record *record)
{
	struct err err = ERR_INIT;

	ck_assert_msg(!record_load_memory(text, strlen(text), record, &err), "%s", err.text);
}

static void load_written(struct record *record)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	written(&sb);
	load_text(sb.buf, record);
}

static void put_run(void)
{
	char name[] = "prog", argument[] = "x y", *argv[] = {name, argument, NULL};

	record_put_run(&writer, &(struct record_run){.id = "id-1",
						     .backend = "vm",
						     .kernel = "6.12",
						     .argv = argv,
						     .page_size = 4096,
						     .cgroup_version = 2});
}

START_TEST(lines_have_their_kind_first)
{
	record_put_gate(&writer, 7);
	record_put_kmsg(&writer, 1, 2, 3, "text", 4);
	record_put_lost(&writer, LOSS_KMSG, 5);
	assert_written("{\"ev\":\"gate\",\"t\":7}\n"
		       "{\"ev\":\"kmsg\",\"t\":1,\"seq\":2,\"pri\":3,\"text\":\"text\"}\n"
		       "{\"ev\":\"lost\",\"name\":\"kmsg\",\"count\":5}\n");
}
END_TEST

START_TEST(absent_is_not_written)
{
	struct record_sample sample = {.t_ns = 9};
	struct record_process_end end = {.t_ns = 1, .pid = 2, .exit_status = ABSENT, .signal = 9};

	for (int i = 0; i < METRIC_COUNT; i++)
		sample.value[i] = ABSENT;
	sample.value[METRIC_SWAP] = 0;
	record_put_sample(&writer, &sample);
	record_put_exit(&writer, &end);
	assert_written("{\"ev\":\"sample\",\"t\":9,\"swap\":0}\n"
		       "{\"ev\":\"exit\",\"t\":1,\"pid\":2,\"target\":false,\"engine\":false,"
		       "\"signal\":9}\n");
}
END_TEST

/* A target says what it likes of what it was refused, and a stamp of the log may be anything. */
START_TEST(figures_that_nobody_has_cost_no_line)
{
	struct record_sample sample = {.t_ns = 9};
	struct record record;

	for (int i = 0; i < METRIC_COUNT; i++)
		sample.value[i] = INT64_MAX;
	put_run();
	record_put_refused(&writer, 1, 12, INT64_MAX, "x");
	record_put_kmsg(&writer, INT64_MAX, 2, 3, "text", 4);
	record_put_sample(&writer, &sample);
	load_written(&record);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	ck_assert_int_eq(record.refused_bytes, FIELD_I64_MAX);
	ck_assert_int_eq(record.kmsg[0].t_ns, FIELD_I64_MAX);
	ck_assert_int_eq(record.samples[0].value[METRIC_CURRENT], FIELD_I64_MAX);
	record_release(&record);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_become_text)
{
	record_put_kmsg(&writer, 1, 2, 3, "a\0b\xff\xe3\x81\x1b\"\\", 9);
	assert_written("{\"ev\":\"kmsg\",\"t\":1,\"seq\":2,\"pri\":3,\"text\":"
		       "\"a\\\\x00b\\\\xff\\\\xe3\\\\x81\\u001B\\\"\\\\\"}\n");
}
END_TEST

START_TEST(kmsg_keeps_the_first_line_only)
{
	record_put_kmsg(&writer, 1, 2, 3, "first\n SUBSYSTEM=x", 18);
	assert_written("{\"ev\":\"kmsg\",\"t\":1,\"seq\":2,\"pri\":3,\"text\":\"first\"}\n");
}
END_TEST

START_TEST(raw_lines_must_be_lines)
{
	static const char *const bad[] = {"",
					  "{}",
					  "[1]",
					  "{\"ev\":1}",
					  "{\"ev\":\"x\"",
					  "{\"ev\":\n\"x\"}",
					  "{\"ev\":\"\xff\"}"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(record_put_raw(&writer, bad[i], strlen(bad[i])) == -1, "%s", bad[i]);
	assert_written("");
	ck_assert_int_eq(record_put_raw(&writer, "{\"ev\": \"x\"}zz", 11), 0);
	assert_written("{\"ev\": \"x\"}\n");
}
END_TEST

START_TEST(a_full_disk_is_the_first_error)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	record_writer_init(&writer, full);
	record_put_gate(&writer, 1);
	ck_assert(writer.failed);
	ck_assert_ptr_nonnull(strstr(writer.err.text, strerror(ENOSPC)));
	writer.fd = fd;
	record_put_gate(&writer, 2);
	assert_written("");
	close(full);
}
END_TEST

START_TEST(spec_comes_back_as_it_was)
{
	struct record r;
	struct spec spec;

	spec_init(&spec);
	spec.name = "memset-2g";
	spec.memory_max = (struct amount)BYTES(MIB(512));
	spec.memory_high = (struct amount)NO_LIMIT;
	spec.memory_swap_max = (struct amount)BYTES(0);
	spec.oom_score_adj = -1000;
	spec.has_expect = true;
	spec.expect = (struct expect){.outcome = OUTCOME_OOM_KILLED,
				      .constraint = CONSTRAINT_MEMCG,
				      .victim = VICTIM_CHILD,
				      .oom_kill = AT_LEAST(1),
				      .peak_bytes = WITHIN_PCT(MIB(512), 3)};
	put_run();
	record_put_spec(&writer, &spec);
	load_written(&r);
	ck_assert_str_eq(r.spec.name, "memset-2g");
	ck_assert_uint_eq(r.spec.memory_max.bytes, MIB(512));
	ck_assert(r.spec.memory_high.is_max);
	ck_assert(r.spec.memory_swap_max.is_set && !r.spec.memory_swap_max.bytes);
	ck_assert_int_eq(r.spec.oom_score_adj, -1000);
	ck_assert_int_eq(r.spec.overcommit_memory, SPEC_KEEP);
	ck_assert(r.spec.has_expect);
	ck_assert_int_eq(r.spec.expect.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(r.spec.expect.constraint, CONSTRAINT_MEMCG);
	ck_assert_int_eq(r.spec.expect.victim, VICTIM_CHILD);
	ck_assert_uint_eq(r.spec.expect.oom_kill.max, UINT64_MAX);
	ck_assert_uint_eq(r.spec.expect.peak_bytes.min, spec.expect.peak_bytes.min);
	ck_assert(!r.spec.expect.rss_bytes.is_set);
	record_release(&r);
}
END_TEST

static void put_one_of_each(void)
{
	struct cgroup_limits limits = {.memory_max = BYTES(100), .oom_group = true};
	struct record_counters all = {{0, 1, 2, 3, 4, ABSENT}};
	struct record_checkpoint checkpoint = {
		.t_ns = 5, .name = "c", .vsz_bytes = 6, .rss_bytes = 7};
	struct record_arena arena = {
		.id = 1, .pid = 31, .name = "a", .policy = POLICY_EAGER, .reserved = 9};
	struct record_site site = {
		.address = 0xffff800000000000, .function = "f", .line_number = 3};

	put_run();
	record_put_setting(&writer, "vm.overcommit_memory", "2");
	record_put_setting(&writer, "MemTotal", "1024 kB");
	record_put_cgroup(&writer, 0, "/x", &limits);
	record_put_counters(&writer, 1, 0, MOMENT_BEFORE, &all, NULL);
	all.value[COUNTER_OOM_KILL] = 6;
	record_put_counters(&writer, 2, 0, MOMENT_AFTER, &all, &all);
	record_put_source(&writer, "kmsg", false, "no /dev/kmsg");
	record_put_start(&writer, 3, 31, "/x");
	record_put_gate(&writer, 4);
	record_put_checkpoint(&writer, &checkpoint);
	record_put_refused(&writer, 5, 12, 2048, "malloc");
	record_put_mark(&writer, 6, MARK_OOM, 1);
	record_put_mark_victim(&writer, 7, 31, "comm");
	record_put_watchdog(&writer, 8, WATCHDOG_TIMEOUT);
	record_put_residue(&writer, 10);
	record_put_note(&writer, "n");
	record_put_twin(&writer, &(struct record_twin){"t", OUTCOME_SURVIVED, 12, 0});
	record_put_isolation(&writer, ISOLATION_HOST);
	record_put_needless(&writer, "mark_victim", "n");
	record_put_maps(&writer, 31, "/bin/x", "maps\n");
	record_put_arena(&writer, &arena);
	arena.reserved = 10;
	record_put_arena(&writer, &arena);
	record_put_site(&writer, &site);
	record_put_error(&writer, "e");
	record_put_skip(&writer, "s");
	record_put_end(&writer, 11);
}

START_TEST(every_kind_comes_back)
{
	struct record r;

	put_one_of_each();
	load_written(&r);
	ck_assert_uint_eq(r.lost_count, 0);
	ck_assert_uint_eq(r.argc, 2);
	ck_assert_str_eq(r.argv[1], "x y");
	ck_assert_int_eq(record_setting_number(&r, "MemTotal"), 1 << 20);
	ck_assert_int_eq(record_setting_number(&r, "vm.overcommit_memory"), 2);
	ck_assert_uint_eq(record_own_cgroup(&r)->memory_max.bytes, 100);
	ck_assert_int_eq(record_delta(record_own_cgroup(&r), COUNTER_OOM_KILL), 2);
	ck_assert_int_eq(record_delta(record_own_cgroup(&r), COUNTER_OOM_GROUP_KILL), ABSENT);
	ck_assert_int_eq(record_delta_local(record_own_cgroup(&r), COUNTER_OOM), ABSENT);
	ck_assert_str_eq(record_source_named(&r, "kmsg")->why, "no /dev/kmsg");
	ck_assert_int_eq(r.target_pid, 31);
	ck_assert_int_eq(r.checkpoints[0].rss_bytes, 7);
	ck_assert_int_eq(r.refused_bytes, 2048);
	ck_assert_int_eq(r.mark_victims[0].count, 31);
	ck_assert_int_eq(r.watchdog, WATCHDOG_TIMEOUT);
	ck_assert_int_eq(r.marks[0].what, MARK_OOM);
	ck_assert_int_eq(r.marks[0].value, 1);
	ck_assert_str_eq(r.twin.name, "t");
	ck_assert_int_eq(r.twin.outcome, OUTCOME_SURVIVED);
	ck_assert_int_eq(r.twin.peak, 12);
	ck_assert_int_eq(r.isolation.files, ISOLATION_HOST);
	ck_assert_ptr_null(r.isolation.note);
	ck_assert(record_source_named(&r, "mark_victim")->is_needless);
	ck_assert(!record_source_named(&r, "kmsg")->is_needless);
	ck_assert_int_eq(r.residue_bytes, 10);
	ck_assert_uint_eq(r.arena_count, 1);
	ck_assert_int_eq(r.arenas[0].reserved, 10);
	ck_assert_int_eq(r.arenas[0].policy, POLICY_EAGER);
	ck_assert_int_eq(r.arenas[0].source, ORIGIN_UNKNOWN);
	ck_assert_int_eq(record_site_at(&r, 0xffff800000000000)->line_number, 3);
	ck_assert_str_eq(r.maps[0].maps, "maps\n");
	ck_assert(r.is_complete);
	record_release(&r);
}
END_TEST

/* The launcher writes what it knows before the guest has spoken, the guest the rest. */
START_TEST(run_lines_add_up)
{
	struct record r;

	load_text("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"a\",7,\"b\"]}\n"
		  "{\"ev\":\"run\",\"kernel\":\"6.12\",\"cgroup_version\":2}\n"
		  "{\"ev\":\"run\",\"accelerator\":\"tcg\"}\n",
		  &r);
	ck_assert_str_eq(r.id, "r");
	ck_assert_str_eq(r.kernel, "6.12");
	ck_assert_str_eq(r.accelerator, "tcg");
	ck_assert_int_eq(r.cgroup_version, 2);
	ck_assert_uint_eq(r.argc, 2);
	ck_assert_str_eq(r.argv[1], "b");
	record_release(&r);
}
END_TEST

START_TEST(without_a_run_line_it_is_no_record)
{
	char fifo[64];
	static const char *const texts[] = {"", "\n", "x", "{\"ev\":\"gate\",\"t\":1}\n", "\0\0"};
	struct err err = ERR_INIT;
	struct record r;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_int_eq(record_load_memory(texts[i], strlen(texts[i]), &r, &err), -1);
	ck_assert_int_eq(err.status, EXIT_FAILED);
	ck_assert_int_eq(record_load("/nonexistent/record", &r, &err), -1);
	ck_assert_int_eq(record_load("/", &r, &err), -1);
	snprintf(fifo, sizeof(fifo), "/tmp/oomlab-check-%d", (int)getpid());
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	err = (struct err)ERR_INIT;
	ck_assert_int_eq(record_load(fifo, &r, &err), -1);
	unlink(fifo);
	ck_assert_ptr_nonnull(strstr(err.text, "it is no file but a pipe"));
}
END_TEST

/* Each line alone is dropped and counted. */
static const char *const damaged[] = {
	"nonsense",
	"[]",
	"{\"ev\":\"unheard of\"}",
	"{\"ev\":\"gate\",\"t\":\"7\"}",
	"{\"ev\":\"gate\",\"t\":7.5}",
	"{\"ev\":\"gate\",\"t\":-1}",
	"{\"ev\":\"gate\",\"t\":9223372036854775807}",
	"{\"ev\":\"gate\",\"t\":99999999999999999999}",
	"{\"ev\":\"gate\"}",
	"{\"ev\":\"sample\",\"t\":1,\"anon\":-4096}",
	"{\"ev\":\"sample\",\"t\":1,\"anon\":{}}",
	"{\"ev\":\"kmsg\",\"t\":1,\"seq\":2,\"pri\":3}",
	"{\"ev\":\"kmsg\",\"t\":1,\"seq\":2,\"text\":\"a\\u0000b\"}",
	"{\"ev\":\"cgroup\",\"level\":-1}",
	"{\"ev\":\"cgroup\",\"level\":64}",
	"{\"ev\":\"cgroup\",\"level\":4294967296}",
	"{\"ev\":\"cgroup\",\"level\":0,\"memory_max\":\"huge\"}",
	"{\"ev\":\"counters\",\"level\":0,\"when\":\"later\"}",
	"{\"ev\":\"counters\",\"level\":0,\"when\":\"after\",\"events\":[]}",
	"{\"ev\":\"spec\",\"expect\":7}",
	"{\"ev\":\"spec\",\"expect\":{\"outcome\":\"eaten\"}}",
	"{\"ev\":\"spec\",\"expect\":{\"oom_kill\":{\"min\":\"1\"}}}",
	"{\"ev\":\"exit\",\"pid\":1}",
	"{\"ev\":\"note\",\"text\":null}",
	"{\"ev\":\"lost\",\"name\":\"kmsg\"}",
	"{\"ev\":\"site\",\"address\":\"0x1\"}",
	"{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":1}",
	"{\"ev\":\"run\",\"page_size\":1152921504606846976}",
	"{\"ev\":\"run\",\"page_size\":0}",
	"{\"ev\":\"run\",\"page_size\":12288}",
	"{\"ev\":\"touch\",\"pid\":5,\"faults\":274877906945}",
};

START_TEST(damaged_lines_are_dropped_and_counted)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct record r;

	strbuf_printf(&sb, RUN "%s\n{\"ev\":\"end\",\"t\":1}\n", damaged[_i]);
	load_text(sb.buf, &r);
	ck_assert_msg(record_lost(&r, LOSS_RECORD) == 1, "not counted: %s", damaged[_i]);
	ck_assert(r.is_complete);
	ck_assert_uint_eq(r.line_count, 3);
	record_release(&r);
}
END_TEST

#define HALF_OF_ALL "576460752303423488"

/* Of lines whose values together are more than any sum may be, those behind are dropped. */
START_TEST(no_sum_of_lines_overflows)
{
	static const char *const lines[] = {
		"{\"ev\":\"touch\",\"pid\":5,\"anon\":" HALF_OF_ALL "}\n",
		"{\"ev\":\"touch\",\"pid\":5,\"shmem\":" HALF_OF_ALL "}\n",
		"{\"ev\":\"mapping\",\"id\":1,\"pid\":5,\"what\":\"mmap\",\"bytes\":" HALF_OF_ALL
		"}\n",
		"{\"ev\":\"resident\",\"pid\":5,\"inherited\":" HALF_OF_ALL "}\n",
		"{\"ev\":\"touch\",\"pid\":5,\"faults\":137438953472}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
		struct record r;

		strbuf_puts(&sb, RUN);
		for (size_t n = 0; n < 18; n++)
			strbuf_puts(&sb, lines[i]);
		strbuf_puts(&sb, "{\"ev\":\"touch\",\"pid\":5}\n");
		load_text(sb.buf, &r);
		ck_assert_int_eq(record_lost(&r, LOSS_RECORD), 16);
		ck_assert_uint_eq(r.touch_count + r.mapping_count + r.resident_count, 3);
		record_release(&r);
	}
}
END_TEST

START_TEST(a_last_line_cut_short_is_said)
{
	struct record r;

	load_text(RUN "{\"ev\":\"gate\",\"t\":1}\n{\"ev\":\"kmsg\",\"t\":1,\"se", &r);
	ck_assert_int_eq(r.gate_ns, 1);
	ck_assert(!r.is_complete);
	ck_assert_int_eq(record_lost(&r, LOSS_RECORD), 1);
	ck_assert(r.is_cut);
	record_release(&r);
	load_text(RUN "{\"ev\":\"end\",\"t\":1}", &r);
	ck_assert(!r.is_cut);
	ck_assert(r.is_complete);
	ck_assert_int_eq(record_lost(&r, LOSS_RECORD), 0);
	record_release(&r);
}
END_TEST

#define CLOSES	  "{\"ev\":\"run\",\"last_line\":\"closed\"}\n"
#define END	  "{\"ev\":\"end\",\"t\":1}\n"
#define CLOSED(n) "{\"ev\":\"closed\",\"lines\":" #n "}\n"

/* A launcher adds lines behind the end of its guest's record. */
START_TEST(a_record_cut_behind_its_end_is_said)
{
	static const struct {
		const char *text;
		int64_t lost;
		bool is_unclosed, is_cut;
	} cases[] = {
		{RUN CLOSES END CLOSED(3), 0, false, false},
		{RUN CLOSES END, 0, true, false},
		{RUN CLOSES END "{\"ev\":\"clo", 1, true, true},
		{RUN CLOSES END CLOSED(5), 2, false, false}, /* lines were taken out */
		{RUN CLOSES, 0, false, false},		     /* the missing end says it all */
		{RUN END, 0, false, false},		     /* nothing was announced */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct record r;

		load_text(cases[i].text, &r);
		ck_assert_int_eq(r.is_unclosed, cases[i].is_unclosed);
		ck_assert_int_eq(record_lost(&r, LOSS_RECORD), cases[i].lost);
		ck_assert_int_eq(r.is_cut, cases[i].is_cut);
		record_release(&r);
	}
}
END_TEST

START_TEST(the_closing_line_counts_the_lines_before_it)
{
	struct record r;
	char text[512];
	ssize_t n;

	open_writer();
	ck_assert_int_eq(record_put_raw(&writer, CLOSES, strlen(CLOSES) - 1), 0);
	record_put_end(&writer, 1);
	record_put_closed(&writer);
	n = pread(fd, text, sizeof(text) - 1, 0);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	close(fd);
	load_text(text, &r);
	ck_assert_uint_eq(r.line_count, 3);
	ck_assert(!r.is_unclosed);
	ck_assert_int_eq(record_lost(&r, LOSS_RECORD), 0);
	record_release(&r);
}
END_TEST

/* A record cut anywhere, or with any byte changed, is read or refused, and never crashes. */
START_TEST(any_damage_is_survived)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct record r;
	unsigned int seed = 1;

	put_one_of_each();
	written(&sb);
	ck_assert_uint_gt(sb.len, 0);
	for (size_t len = 0; len <= sb.len; len++)
		if (!record_load_memory(sb.buf, len, &r, &err))
			record_release(&r);
	for (int i = 0; i < 3000; i++) {
		size_t at = (size_t)rand_r(&seed) % sb.len;
		char was = sb.buf[at];

		sb.buf[at] = (char)rand_r(&seed);
		if (!record_load_memory(sb.buf, sb.len, &r, &err))
			record_release(&r);
		sb.buf[at] = was;
	}
}
END_TEST

START_TEST(floods_are_bounded)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct record r;

	strbuf_puts(&sb, RUN);
	for (int i = 0; i < 5000; i++)
		strbuf_printf(&sb,
			      "{\"ev\":\"arena\",\"id\":%d}\n{\"ev\":\"source\",\"name\":\"%d\","
			      "\"open\":true}\n",
			      i, i);
	load_text(sb.buf, &r);
	ck_assert_uint_eq(r.arena_count, 4096);
	ck_assert_uint_eq(r.source_count, 64);
	ck_assert_int_eq(record_lost(&r, LOSS_RECORD), 5000 - 4096 + 5000 - 64);
	record_release(&r);
}
END_TEST

START_TEST(settings_are_numbers_only_when_whole)
{
	static const struct {
		const char *text;
		int64_t number;
	} cases[] = {{"7", 7},
		     {"7 kB", 7168},
		     {"7\n", 7},
		     {"", ABSENT},
		     {"x", ABSENT},
		     {"-1", ABSENT},
		     {"7 apples", ABSENT},
		     {"99999999999999999999", ABSENT}};
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct record r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_run();
		record_put_setting(&writer, "k", cases[i].text);
		load_written(&r);
		ck_assert_msg(record_setting_number(&r, "k") == cases[i].number, "'%s'",
			      cases[i].text);
		record_release(&r);
	}
}
END_TEST

static TCase *record_case(void)
{
	TCase *t = tcase_create("record");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, open_writer, close_writer);
	tcase_add_test(t, lines_have_their_kind_first);
	tcase_add_test(t, absent_is_not_written);
	tcase_add_test(t, figures_that_nobody_has_cost_no_line);
	tcase_add_test(t, bytes_that_are_not_utf8_become_text);
	tcase_add_test(t, kmsg_keeps_the_first_line_only);
	tcase_add_test(t, raw_lines_must_be_lines);
	tcase_add_test(t, a_full_disk_is_the_first_error);
	tcase_add_test(t, spec_comes_back_as_it_was);
	tcase_add_test(t, every_kind_comes_back);
	tcase_add_test(t, run_lines_add_up);
	tcase_add_test(t, without_a_run_line_it_is_no_record);
	tcase_add_loop_test(t, damaged_lines_are_dropped_and_counted, 0, (int)ARRAY_SIZE(damaged));
	tcase_add_test(t, no_sum_of_lines_overflows);
	tcase_add_test(t, a_last_line_cut_short_is_said);
	tcase_add_test(t, a_record_cut_behind_its_end_is_said);
	tcase_add_test(t, the_closing_line_counts_the_lines_before_it);
	tcase_add_test(t, any_damage_is_survived);
	tcase_add_test(t, floods_are_bounded);
	tcase_add_test(t, settings_are_numbers_only_when_whole);
	return t;
}

int main(void)
{
	TCase *const cases[] = {record_case()};

	return suite_run("record", cases, ARRAY_SIZE(cases));
}
