/*
 * check_family.c - which processes are the run's, from records that come in the order of each
 * processor alone; and which of them are stopped at the end of a run: real children.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/refusal.h"
#include "base/text.h"
#include "capture/family_watch.h"
#include "capture/source.h"
#include "suite.h"

static struct family family;

static void teardown(void)
{
	family_release(&family);
}

static const struct relative *get(pid_t pid)
{
	const struct relative *who = family_find(&family, pid);

	ck_assert_msg(who != NULL, "%d is not known", (int)pid);
	return who;
}

START_TEST(nobody_is_known_at_first)
{
	ck_assert_ptr_null(family_find(&family, 1));
	ck_assert_ptr_null(family_find(&family, 0));
	ck_assert_ptr_null(family_find(&family, -1));
}
END_TEST

START_TEST(a_child_has_its_parents_name_until_it_has_its_own)
{
	family_forked(&family, 10, 0, 100);
	family_renamed(&family, 10, "sh", 110);
	family_forked(&family, 11, 10, 120);
	ck_assert_str_eq(get(11)->comm, "sh");
	ck_assert_int_eq(get(11)->parent, 10);
	family_renamed(&family, 11, "a name that is too long", 130);
	ck_assert_str_eq(get(11)->comm, "a name that is ");
	ck_assert_str_eq(get(10)->comm, "sh");
}
END_TEST

START_TEST(an_exec_and_an_end_may_be_read_before_the_fork)
{
	family_forked(&family, 10, 0, 100);
	family_renamed(&family, 10, "sh", 110);
	family_renamed(&family, 11, "tail", 130);
	family_ended(&family, 11, 140);
	family_forked(&family, 11, 10, 120);
	ck_assert_int_eq(get(11)->parent, 10);
	ck_assert_int_eq(get(11)->from_ns, 120);
	ck_assert_int_eq(get(11)->to_ns, 140);
	ck_assert_str_eq(get(11)->comm, "tail");
}
END_TEST

START_TEST(a_pid_that_is_used_again_begins_a_new_life)
{
	family_forked(&family, 11, 10, 120);
	family_renamed(&family, 11, "tail", 130);
	family_ended(&family, 11, 140);
	family_forked(&family, 11, 12, 900);
	ck_assert_int_eq(get(11)->to_ns, 0);
	ck_assert_int_eq(get(11)->parent, 12);
	ck_assert_str_eq(get(11)->comm, "");
	/* What is late of the old life changes nothing. */
	family_ended(&family, 11, 950);
	ck_assert_int_eq(get(11)->to_ns, 950);
	family_forked(&family, 11, 10, 120);
	ck_assert_int_eq(get(11)->from_ns, 900);
}
END_TEST

START_TEST(many_are_all_found)
{
	for (pid_t pid = 1; pid <= 20000; pid++)
		family_forked(&family, pid * 7, pid, pid);
	ck_assert_uint_eq(family.count, 20000);
	for (pid_t pid = 1; pid <= 20000; pid++)
		ck_assert_int_eq(get(pid * 7)->parent, pid);
	ck_assert_ptr_null(family_find(&family, 8));
}
END_TEST

/* One record stands for all that were lost since the one before. */
START_TEST(what_a_ring_lost_is_counted_in_events)
{
	struct {
		struct perf_event_header header;
		uint64_t id, lost;
	} record = {
		.header = {.type = PERF_RECORD_LOST, .size = sizeof(record)}, .id = 7, .lost = 640};

	ck_assert_int_eq(perf_ring_lost(&record.header, sizeof(record)), 640);
	ck_assert_int_eq(perf_ring_lost(&record.header, sizeof(record) - 1), 0);
	record.lost = UINT64_MAX;
	ck_assert_int_eq(perf_ring_lost(&record.header, sizeof(record)), INT32_MAX);
	record.header.type = PERF_RECORD_SAMPLE;
	ck_assert_int_eq(perf_ring_lost(&record.header, sizeof(record)), 0);
}
END_TEST

static TCase *table(void)
{
	TCase *t = tcase_create("table");

	tcase_add_test(t, what_a_ring_lost_is_counted_in_events);

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, nobody_is_known_at_first);
	tcase_add_test(t, a_child_has_its_parents_name_until_it_has_its_own);
	tcase_add_test(t, an_exec_and_an_end_may_be_read_before_the_fork);
	tcase_add_test(t, a_pid_that_is_used_again_begins_a_new_life);
	tcase_add_test(t, many_are_all_found);
	return t;
}

/* Forked within `from_ns` and a tick of proc(5); where the machine was held up, again. */
static pid_t fork_one(int64_t *from_ns)
{
	const int64_t tick_ns = INT64_C(1000000000) / sysconf(_SC_CLK_TCK);

	for (;;) {
		pid_t pid;

		*from_ns = io_now_ns();
		pid = fork();
		if (!pid)
			for (;;)
				pause();
		ck_assert_int_gt(pid, 0);
		if (io_now_ns() - *from_ns < tick_ns)
			return pid;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* The end of a run of which `who` is said to be a process that has left the cgroup; the notes. */
static char *end_with(struct relative who)
{
	static struct cg cg = {.made = true};
	struct target target = {.pid = getpid()};
	struct record_writer w;
	struct family_watch *watch = xcalloc(1, sizeof(*watch));
	struct capture capture = {.w = &w, .cg = &cg, .target = &target, .family = watch};
	_cleanup_close_ int fd = memfd_create("record", MFD_CLOEXEC);
	struct relative *put;
	static char text[4096];
	ssize_t n;

	watch->knows_forks = true;
	watch->rings.epoll_fd = -1;
	record_writer_init(&w, fd);
	family_forked(&watch->table, who.pid, who.parent, who.from_ns);
	if (who.to_ns)
		family_ended(&watch->table, who.pid, who.to_ns);
	put = family_find(&watch->table, who.pid);
	put->has_left = true;
	family_end(&capture);
	source_family.close(&capture);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool is_running(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

START_TEST(one_that_left_is_stopped_at_the_end)
{
	int64_t from_ns;
	pid_t pid = fork_one(&from_ns);
	char *text =
		end_with((struct relative){.pid = pid, .parent = getpid(), .from_ns = from_ns});
	int status;

	ck_assert_ptr_nonnull(strstr(text, "1 process of the target was still running outside"));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
END_TEST

/* The record of its end was lost, and its pid went to somebody else. */
START_TEST(a_stranger_with_the_pid_of_one_that_left_is_not)
{
	const int64_t second_ns = 1000000000;
	int64_t from_ns;
	pid_t pid = fork_one(&from_ns);
	const struct relative strangers[] = {
		{.pid = pid, .parent = getpid(), .from_ns = from_ns - second_ns},
		{.pid = pid, .parent = getpid(), .from_ns = from_ns + second_ns},
		{.pid = pid, .parent = getpid(), .from_ns = 1},
		/* Seen in cgroup.procs alone: when it was forked is not known. */
		{.pid = pid, .parent = 0, .from_ns = from_ns},
		{.pid = pid, .parent = getpid(), .from_ns = from_ns, .to_ns = from_ns + 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		char *text = end_with(strangers[i]);

		ck_assert_msg(!strstr(text, "outside"), "%zu: %s", i, text);
		ck_assert_msg(is_running(pid), "%zu was stopped", i);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Nor is anybody when there is no such process. */
	ck_assert_str_eq(end_with(strangers[0]), "");
}
END_TEST

/* What the record says when the guardian is to guard this process, twice. */
static char *guard_twice(struct guardian *guardian)
{
	struct record_writer w;
	struct family_watch watch = {0};
	struct capture capture = {.w = &w, .family = &watch, .config.guardian = guardian};
	_cleanup_close_ int fd = memfd_create("record", MFD_CLOEXEC);
	static char text[4096];
	ssize_t n;

	record_writer_init(&w, fd);
	family_guard(&capture, getpid());
	family_guard(&capture, getpid());
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(who_is_not_guarded_is_told_once)
{
	struct guardian guardian = GUARDIAN_INIT;
	const char *text = guard_twice(&guardian);
	const char *told = strstr(text, "could not be told of a process");

	ck_assert_ptr_nonnull(told);
	ck_assert_ptr_null(strstr(told, "\"note\""));
	guardian.processes = GUARDIAN_PROCESSES_MAX;
	text = guard_twice(&guardian);
	ck_assert_ptr_nonnull(strstr(text, "can guard no more processes"));
	ck_assert_ptr_null(strstr(text, "could not be told"));
	ck_assert_str_eq(guard_twice(NULL), "");
}
END_TEST

/* What is needed is said where it is the reason, and of a container only inside one. */
START_TEST(why_a_source_is_absent_is_told_as_far_as_it_is_known)
{
	char why[WHY_MAX];

	kmsg_refusal(ENOENT, true, why);
	ck_assert_ptr_nonnull(strstr(why, "not shown in this container"));
	kmsg_refusal(ENOENT, false, why);
	ck_assert_str_eq(why, "/dev/kmsg: No such file or directory");
	kmsg_refusal(EMFILE, true, why);
	ck_assert_str_eq(why, "/dev/kmsg: Too many open files");
	kmsg_refusal(EPERM, true, why);
	ck_assert_str_eq(why, "/dev/kmsg: Operation not permitted (needs root, CAP_SYSLOG, or "
			      "kernel.dmesg_restrict=0)");
	refusal_words(why, sizeof(why), "perf_event_open", EACCES, "CAP_PERFMON");
	ck_assert_str_eq(why, "perf_event_open: Permission denied (needs CAP_PERFMON)");
	refusal_words(why, sizeof(why), "perf_event_open", EMFILE, "CAP_PERFMON");
	ck_assert_str_eq(why, "perf_event_open: Too many open files");
}
END_TEST

static TCase *end(void)
{
	TCase *t = tcase_create("end");

	tcase_add_test(t, who_is_not_guarded_is_told_once);
	tcase_add_test(t, why_a_source_is_absent_is_told_as_far_as_it_is_known);
	tcase_add_test(t, one_that_left_is_stopped_at_the_end);
	tcase_add_test(t, a_stranger_with_the_pid_of_one_that_left_is_not);
	return t;
}

int main(void)
{
	TCase *const cases[] = {table(), end()};

	return suite_run("family", cases, ARRAY_SIZE(cases));
}
