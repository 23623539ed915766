/*
 * check_look.c - what is seen of processes that stand still, at children of this program. Needs no
 * root.
 */
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

#include "capture/look.h"
#include "premortem_helpers.h"
#include "suite.h"

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

/* As posix_spawn(3) does: the parent stands in the kernel until its child lets go of the pipe. */
static pid_t start_vfork(int release, int ready, int done)
{
	pid_t pid = fork();
	char byte = 0;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
		if (write(ready, &byte, 1) != 1)
			_exit(1);
		_exit(read(release, &byte, 1) != 1);
	}
	if (write(done, &byte, 1) != 1)
		_exit(1);
	rest_here(done);
	return 0;
}

START_TEST(who_cannot_stop_now_is_not_stopped_later)
{
	struct look look = {
		.w = &writer,
		.proc = "/proc",
		.unwind = unwind_new(MODULES_ROOT_OWN),
		.is_frozen = true,
		.deadline_ns = INT64_MAX,
	};
	int release[2], ready[2], done[2];
	struct pollfd p;
	char byte = 0;
	pid_t pid;

	ck_assert(!pipe(release) && !pipe(ready) && !pipe(done));
	pid = start_vfork(release[0], ready[1], done[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	look_at_threads(&look, pid);
	unwind_free(look.unwind);
	ck_assert_int_eq(write(release[1], &byte, 1), 1);
	p = (struct pollfd){.fd = done[0], .events = POLLIN};
	ck_assert_msg(poll(&p, 1, 5000) == 1, "the lab still holds it");
	load();
	ck_assert_uint_eq(record.premortem->thread_count, 1);
	ck_assert(!record.premortem->threads[0].is_whole);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

static TCase *looks(void)
{
	TCase *t = tcase_create("look");

	tcase_add_checked_fixture(t, cgroup_enter, cgroup_leave);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, threads_mappings_and_files_are_seen);
	tcase_add_test(t, what_has_no_room_or_time_is_counted);
	tcase_add_test(t, who_cannot_stop_now_is_not_stopped_later);
	return t;
}

int main(void)
{
	TCase *const cases[] = {looks()};

	return suite_run("look", cases, ARRAY_SIZE(cases));
}
