/*
 * check_premortem.c - the look just before the limit: its parsers, its decisions, and the look
 * itself on children of this program below a made-up cgroup. Needs no root.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "capture/look.h"
#include "capture/premortem.h"
#include "capture/premortem_core.h"
#include "capture/smaps.h"
#include "capture/source.h"
#include "capture/thread_state.h"
#include "record/query.h"
#include "scratch.h"
#include "suite.h"

#define MEBI INT64_C(1048576)

/* smaps */

static void feed(struct smaps *smaps, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		smaps_line(smaps, s);
	smaps_sort(smaps);
}

#define KEYS(rss, anon)                                                \
	"Size:  1 kB\nRss:   " rss " kB\nPss: 1 kB\nAnonymous:  " anon \
	" kB\nAnonHugePages:  2048 kB\nSwap:  4 kB\nVmFlags: rd wr mr\n"

START_TEST(mappings_of_one_name_are_one_row)
{
	struct smaps s = {0};

	feed(&s,
	     "55d0c0000000-55d0c0001000 r--p 00000000 fe:01 7   /usr/bin/a b\n" KEYS(
		     "4", "0") "55d0c0001000-55d0c0003000 r-xp 00001000 fe:01 7   /usr/bin/a "
			       "b\n" KEYS("8",
					  "4") "7f0000000000-7f0004000000 rw-p 00000000 00:00 0 "
					       "[anon:oomlab game memory]\n" KEYS("4096", "4096"));
	ck_assert_uint_eq(s.count, 2);
	ck_assert_str_eq(s.rows[0].name, "[anon:oomlab game memory]");
	ck_assert_int_eq(s.rows[0].rss, 4 * MEBI);
	ck_assert_int_eq(s.rows[0].size, 64 * MEBI);
	ck_assert_int_eq(s.rows[0].huge, 2 * MEBI);
	ck_assert_int_eq(s.rows[0].swap, 4096);
	ck_assert_str_eq(s.rows[1].name, "/usr/bin/a b");
	ck_assert_int_eq(s.rows[1].mappings, 2);
	ck_assert_int_eq(s.rows[1].rss, 12 << 10);
	ck_assert_int_eq(s.rows[1].anon, 4 << 10);
	ck_assert_uint_eq(s.rows[1].start, 0x55d0c0000000);
	ck_assert_uint_eq(s.rows[1].end, 0x55d0c0003000);
	smaps_release(&s);
}
END_TEST

START_TEST(large_mappings_without_a_name_keep_their_row)
{
	struct smaps s = {0};

	feed(&s, "1000-2000 rw-p 0 00:00 0 \nRss: 4 kB\n"
		 "100000-900000 rw-p 0 00:00 0 \nRss: 8192 kB\n"
		 "a00000-b00000 rw-p 0 00:00 0\nRss: 8 kB\n"
		 "f00000-1f00000 rw-p 0 00:00 0 \nRss: 16384 kB\n");
	ck_assert_uint_eq(s.count, 3);
	ck_assert_uint_eq(s.rows[0].start, 0xf00000);
	ck_assert_uint_eq(s.rows[1].start, 0x100000);
	ck_assert_int_eq(s.rows[2].mappings, 2);
	ck_assert_int_eq(s.rows[2].rss, 12 << 10);
	ck_assert_int_eq(s.mappings, 4);
	smaps_release(&s);
}
END_TEST

START_TEST(what_is_no_smaps_is_skipped)
{
	static const char *const lines[] = {
		"",
		"\n",
		"-",
		"zz-10 r",
		"10",
		"10-",
		"20-10 rw-p",
		"Rss: 10 kB",
		"Rss:",
		"\xff\xfe",
		"10-20x rw-p 0",
		"ffffffffffffffffffff-1 r 0 0 0 a",
		"Anonymous: -5",
		"Swap: 99999999999999999999999 kB",
	};
	struct smaps s = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		smaps_line(&s, lines[i]);
	smaps_sort(&s);
	ck_assert_uint_eq(s.count, 0);
	feed(&s, "1000-2000 rw-p 0 00:00 0 [heap]\nRss: 99999999999999999999999 kB\nRss: junk\n");
	ck_assert_uint_eq(s.count, 1);
	ck_assert_int_eq(s.rows[0].rss, 0);
	smaps_release(&s);
}
END_TEST

START_TEST(rows_are_bounded_and_the_rest_is_summed)
{
	struct smaps s = {0};

	for (int i = 0; i < SMAPS_ROWS_MAX + 10; i++) {
		_cleanup_free_ char *line = text_format("%x000-%x000 r--p 0 00:00 1 /lib/%d",
							2 * i + 16, 2 * i + 17, i);

		smaps_line(&s, line);
		smaps_line(&s, "Rss: 4 kB");
	}
	smaps_sort(&s);
	ck_assert_uint_eq(s.count, SMAPS_ROWS_MAX);
	ck_assert_int_eq(s.rest.mappings, 10);
	ck_assert_int_eq(s.rest.rss, 10 * 4096);
	smaps_release(&s);
}
END_TEST

START_TEST(a_name_of_any_length_is_cut)
{
	_cleanup_free_ char *name = xcalloc(1, 3 * SMAPS_NAME_MAX);
	_cleanup_free_ char *line = NULL;
	struct smaps s = {0};

	memset(name, 'x', 3 * SMAPS_NAME_MAX - 1);
	line = text_format("1000-2000 rw-p 0 00:00 0 /%s", name);
	smaps_line(&s, line);
	smaps_sort(&s);
	ck_assert_uint_eq(strlen(s.rows[0].name), SMAPS_NAME_MAX - 1);
	smaps_release(&s);
}
END_TEST

static TCase *mappings(void)
{
	TCase *t = tcase_create("smaps");

	tcase_add_test(t, mappings_of_one_name_are_one_row);
	tcase_add_test(t, large_mappings_without_a_name_keep_their_row);
	tcase_add_test(t, what_is_no_smaps_is_skipped);
	tcase_add_test(t, rows_are_bounded_and_the_rest_is_summed);
	tcase_add_test(t, a_name_of_any_length_is_cut);
	return t;
}

/* /proc/PID/task/TID/syscall */

static const struct {
	const char *line;
	struct thread_state state;
} states[] = {
	{"running", {.where = THREAD_RUNNING}},
	{"running\n", {.where = THREAD_RUNNING}},
	{"-1 0x7ffd40a0 0x55d0c1a2", {THREAD_IN_USER, -1, 0x7ffd40a0, 0x55d0c1a2}},
	{"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd40a0 0x7f12\n",
	 {THREAD_IN_SYSCALL, 202, 0x7ffd40a0, 0x7f12}},
	{"0 0x0 0x0 0x0 0x0 0x0 0x0 0xffffffffffffffff 0x0", {THREAD_IN_SYSCALL, 0, UINT64_MAX, 0}},
	{"", {0}},
	{"\n", {0}},
	{"run", {0}},
	{"-2 0x1 0x2", {0}},
	{"-1", {0}},
	{"-1 ", {0}},
	{"-1 0x1", {0}},
	{"-1 0x 0x", {0}},
	{"-1 1 2", {0}},
	{"-1 0x1 0x2 0x3", {0}},
	{"202 0x1 0x2 0x3", {0}},
	{"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8 0x9", {0}},
	{"x 0x1 0x2", {0}},
	{"202 0x1 0xzz 0x3 0x4 0x5 0x6 0x7 0x8", {0}},
};

START_TEST(syscall_lines_are_read_or_refused_whole)
{
	const struct thread_state *expected = &states[_i].state;
	struct thread_state s;

	thread_state_parse(states[_i].line, &s);
	ck_assert_int_eq(s.where, expected->where);
	ck_assert_int_eq(s.syscall, expected->syscall);
	ck_assert_uint_eq(s.sp, expected->sp);
	ck_assert_uint_eq(s.pc, expected->pc);
}
END_TEST

START_TEST(a_state_is_read_below_any_proc)
{
	struct thread_state s;

	ck_assert_int_eq(io_make_dirs("proc/7/task/8"), 0);
	put_file("proc/7/task/8/syscall", "-1 0x10 0x20\n", 0600);
	thread_state_read("proc", 7, 8, &s);
	ck_assert_int_eq(s.where, THREAD_IN_USER);
	thread_state_read("proc", 7, 9, &s);
	ck_assert_int_eq(s.where, THREAD_UNKNOWN);
}
END_TEST

static TCase *threads(void)
{
	TCase *t = tcase_create("threads");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_loop_test(t, syscall_lines_are_read_or_refused_whole, 0, ARRAY_SIZE(states));
	tcase_add_test(t, a_state_is_read_below_any_proc);
	return t;
}

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

/* The look itself, at a child, in a cgroup made of files. */

static struct capture capture;
static struct cg cg;
static struct record_writer writer;
static struct target target;
static struct record record;
static pid_t child;

__attribute__((noinline)) static void rest_here(int ready)
{
	char byte = 0;

	if (write(ready, &byte, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start_child(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = memfd_create("with \n newline", 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a) \x01 b");
		if (ftruncate(fd, 8 << 20) || pwrite(fd, "x", 1, 0) != 1)
			_exit(1);
		dup(fd);
		rest_here(ready[1]);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void cgroup_enter(void)
{
	_cleanup_free_ char *procs = NULL;

	scratch_enter();
	child = start_child();
	procs = text_format("%d\n0\njunk\n%d\n", child, 1 << 22);
	put_file("memory.max", "67108864\n", 0600);
	put_file("memory.high", "max\n", 0600);
	put_file("memory.current", "63963136\n", 0600);
	put_file("memory.stat", "anon 63963136\nactive_file 0\n", 0600);
	put_file("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", 0600);
	put_file("cgroup.freeze", "?\n", 0600);
	put_file("cgroup.events", "populated 1\nfrozen 1\n", 0600);
	put_file("cgroup.procs", procs, 0600);
	cg = (struct cg){.version = 2, .level_count = 1};
	cg.levels[0].dirfd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	record_writer_init(&writer, open("record", O_RDWR | O_CREAT | O_APPEND, 0600));
	record_put_run(&writer, &(struct record_run){.page_size = 4096, .cgroup_version = 2});
	target = (struct target){.pid = child};
	capture = (struct capture){
		.config = {.premortem_percent = 5},
		.w = &writer,
		.cg = &cg,
		.target = &target,
	};
	counters_read(&cg, 0, false, &capture.before);
	capture.now = capture.before;
}

static void cgroup_leave(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	record_release(&record);
	close(writer.fd);
	close(cg.levels[0].dirfd);
	scratch_leave();
}

static void arm(void)
{
	put_file("memory.current", "1048576\n", 0600);
	premortem_arm(&capture);
	put_file("memory.current", "63963136\n", 0600);
}

static void events(const char *text)
{
	put_file("memory.events", text, 0600);
	counters_read(&cg, 0, false, &capture.now);
	premortem_check(&capture);
}

static void load(void)
{
	struct err err = ERR_INIT;

	record_release(&record);
	ck_assert_msg(!record_load("record", &record, &err), "%s", err.text);
	ck_assert_int_eq(record_lost(&record, "record"), 0);
}

START_TEST(a_look_is_taken_once_and_undone)
{
	const struct record_premortem *p;

	arm();
	ck_assert(capture.is_armed);
	check_holds("memory.high", "63750144");
	events("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(capture.is_armed);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!capture.is_armed);
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

START_TEST(threads_mappings_and_files_are_seen)
{
	const struct record_premortem *p;
	int64_t rss = 0;

	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	p = record.premortem;
	ck_assert_uint_eq(p->thread_count, 1);
	ck_assert_int_eq(p->threads[0].pid, child);
	ck_assert_int_eq(p->threads[0].tid, child);
	ck_assert_str_eq(p->threads[0].comm, "a) \x01 b");
	ck_assert_ptr_nonnull(p->threads[0].stack);
	/* pause(), rest_here() and those above it */
	ck_assert(p->threads[0].is_whole);
	ck_assert_ptr_nonnull(strchr(p->threads[0].stack, ' '));
	ck_assert_uint_gt(record.module_count, 0);
	for (size_t i = 0; i < p->mapping_count; i++)
		rss += p->mappings[i].rss;
	ck_assert_int_gt(rss, 0);
	ck_assert_uint_eq(p->file_count, 1);
	ck_assert_int_eq(p->files[0].size, 8 << 20);
	ck_assert_int_eq(p->files[0].resident, 4096);
	ck_assert_ptr_nonnull(strstr(p->files[0].name, "newline"));
	ck_assert_uint_eq(record.maps_count, 1);
	ck_assert_int_eq(record.maps[0].pid, child);
	/* Nobody holds it any more. */
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
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

START_TEST(a_kill_that_came_first_is_told)
{
	arm();
	events("low 0\nhigh 1\nmax 9\noom 1\noom_kill 1\n");
	load();
	ck_assert(!premortem_was_taken(&record));
	ck_assert_ptr_nonnull(strstr(record.premortem->why, "killed before the lab could look"));
	ck_assert_uint_eq(record.premortem->thread_count, 0);
	check_holds("cgroup.freeze", "0\n");
}
END_TEST

START_TEST(page_cache_alone_leaves_it_armed)
{
	arm();
	put_file("memory.stat", "anon 1\nactive_file 40000000\n", 0600);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(capture.is_armed);
	check_holds("cgroup.freeze", "?\n");
	put_file("memory.stat", "anon 62000000\nactive_file 0\n", 0600);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n"); /* no news */
	ck_assert(capture.is_armed);
	events("low 0\nhigh 2\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!capture.is_armed);
}
END_TEST

START_TEST(what_was_never_reached_is_put_back)
{
	arm();
	premortem_disarm(&capture);
	ck_assert(!capture.is_armed);
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
	ck_assert(!capture.is_armed);
	check_holds("memory.high", "60000000\n");
	load();
	ck_assert_ptr_null(record.premortem);
	ck_assert_ptr_nonnull(strstr(record_source_named(&record, "pre-mortem")->why, "in use"));
}
END_TEST

START_TEST(turned_off_it_is_not_spoken_of)
{
	capture.config.premortem_percent = 0;
	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	ck_assert_ptr_null(record_source_named(&record, "pre-mortem"));
	check_holds("memory.high", "max\n");
}
END_TEST

START_TEST(what_has_no_room_or_time_is_counted)
{
	struct look look = {
		.w = &writer,
		.proc = "/proc",
		.unwind = unwind_new(MODULES_ROOT_OWN),
		.deadline_ns = io_now_ns() + INT64_C(3000000000),
		.threads = LOOK_THREADS_MAX,
		.processes = LOOK_PROCESSES_MAX - 1,
	};

	look_at(&look, child);
	ck_assert_int_eq(look.left.threads, 1);
	look_at(&look, child);
	ck_assert_int_eq(look.left.processes, 1);
	look.processes = 0;
	look.deadline_ns = 0;
	look_at(&look, child);
	ck_assert_int_eq(look.left.processes, 2);
	look_at_mappings(&look, child);
	ck_assert_int_gt(look.left.mappings, 0);
	look_write_left(&look);
	unwind_free(look.unwind);
	load();
	ck_assert_uint_eq(record.premortem->left_count, 3);
	ck_assert_str_eq(record.premortem->left[0].name, "processes");
	ck_assert_int_eq(record.premortem->left[0].count, 2);
}
END_TEST

static TCase *looks(void)
{
	TCase *t = tcase_create("look");

	tcase_add_checked_fixture(t, cgroup_enter, cgroup_leave);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_look_is_taken_once_and_undone);
	tcase_add_test(t, threads_mappings_and_files_are_seen);
	tcase_add_test(t, what_does_not_freeze_is_seen_in_motion);
	tcase_add_test(t, a_kill_that_came_first_is_told);
	tcase_add_test(t, page_cache_alone_leaves_it_armed);
	tcase_add_test(t, what_was_never_reached_is_put_back);
	tcase_add_test(t, memory_high_of_the_run_is_left_alone);
	tcase_add_test(t, turned_off_it_is_not_spoken_of);
	tcase_add_test(t, what_has_no_room_or_time_is_counted);
	return t;
}

/* The core file, by a gdb of this test's making. */

static void core_enter(void)
{
	scratch_enter();
	child = start_child();
	setenv("PATH", scratch_dir, 1);
}

static void core_leave(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	scratch_leave();
}

#define GDB(body) put_file("gdb", "#!/bin/sh\nPATH=/bin:/usr/bin\n" body, 0700)

static bool take_core(char *path, int64_t *bytes, char *why)
{
	*why = '\0';
	return premortem_core(child, scratch_dir, path, 256, bytes, why);
}

START_TEST(a_core_file_is_gdb_s)
{
	char path[256], why[256];
	int64_t bytes;

	/* The last argument is the command "gcore PATH". */
	GDB("for last; do :; done; printf 12345 >\"${last#gcore }\"\n");
	ck_assert_msg(take_core(path, &bytes, why), "%s", why);
	ck_assert_int_eq(bytes, 5);
	check_holds(path, "12345");
}
END_TEST

START_TEST(no_core_file_has_a_reason)
{
	char path[256], why[256];
	int64_t bytes;

	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "install the package gdb"));
	GDB("for last; do :; done; printf 12345 >\"${last#gcore }\"; exit 9\n");
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "status 9"));
	ck_assert_int_ne(access(path, F_OK), 0);
	GDB("kill -6 $$\n");
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "status 134"));
	GDB("exit 0\n"); /* and wrote nothing */
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "wrote none"));
	ck_assert(!premortem_core(child, "/a b", path, sizeof(path), &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "of such a name"));
}
END_TEST

START_TEST(a_core_file_beyond_the_bound_is_not_begun)
{
	char path[256], why[256];
	int64_t bytes;
	void *huge = mmap(NULL, (size_t)PREMORTEM_CORE_MAX, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pid_t other = start_child();

	ck_assert_ptr_ne(huge, MAP_FAILED);
	GDB("for last; do :; done; printf 12345 >\"${last#gcore }\"\n");
	ck_assert(!premortem_core(other, scratch_dir, path, sizeof(path), &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "at most are written here"));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	/* What is not to be dumped does not count. */
	ck_assert_int_eq(madvise(huge, (size_t)PREMORTEM_CORE_MAX, MADV_DONTDUMP), 0);
	other = start_child();
	ck_assert_msg(premortem_core(other, scratch_dir, path, sizeof(path), &bytes, why), "%s",
		      why);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	munmap(huge, (size_t)PREMORTEM_CORE_MAX);
}
END_TEST

static TCase *cores(void)
{
	TCase *t = tcase_create("core");

	tcase_add_checked_fixture(t, core_enter, core_leave);
	tcase_add_test(t, a_core_file_is_gdb_s);
	tcase_add_test(t, no_core_file_has_a_reason);
	tcase_add_test(t, a_core_file_beyond_the_bound_is_not_begun);
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
	ck_assert_int_eq(record_lost(&record, "record"), 8);
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
	TCase *const cases[] = {mappings(), threads(), decisions(), looks(), cores(), lines()};

	return suite_run("premortem", cases, ARRAY_SIZE(cases));
}
