/*
 * check_end_reader.c - what is read at once when a target ends that somebody else waits for, of
 * children of this program and a cgroup made of files. Needs no root.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "capture/end_reader.h"
#include "premortem_helpers.h"
#include "suite.h"

static void put_counters(void)
{
	put_file("memory.events", "low 0\nhigh 3\nmax 7\noom 1\noom_kill 1\n", 0600);
	put_file("memory.events.local", "low 0\nhigh 3\nmax 7\noom 1\noom_kill 0\n", 0600);
	target.pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	ck_assert_int_ge(target.pidfd, 0);
}

/* What the thread waits for has happened: it is not stopped before it has read. */
static void wait_for_thread(struct end_reader *reader)
{
	ck_assert_int_eq(pthread_join(reader->thread, NULL), 0);
	close(reader->stop_fd);
	reader->is_running = false;
}

START_TEST(the_end_is_seen_before_it_is_waited_for)
{
	struct end_reader reader;
	int status;

	put_counters();
	end_reader_start(&reader, &cg, &target);
	ck_assert(reader.is_running);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	wait_for_thread(&reader);
	ck_assert(reader.is_taken);
	ck_assert(WIFSIGNALED(reader.status));
	ck_assert_int_eq(WTERMSIG(reader.status), SIGKILL);
	ck_assert_int_eq(reader.events.value[COUNTER_OOM_KILL], 1);
	ck_assert_int_eq(reader.local.value[COUNTER_OOM_KILL], 0);
	ck_assert_int_eq(reader.sample.value[METRIC_CURRENT], 63963136);
	/* It was not taken from those who wait. */
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, reader.status);
	close(target.pidfd);
}
END_TEST

START_TEST(what_has_gone_is_absent)
{
	struct end_reader reader;

	put_counters();
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	unlink("memory.events");
	unlink("memory.events.local");
	unlink("memory.current");
	end_reader_start(&reader, &cg, &target);
	wait_for_thread(&reader);
	ck_assert(reader.is_taken);
	ck_assert_int_eq(reader.status, 0);
	ck_assert_int_eq(reader.events.value[COUNTER_OOM_KILL], ABSENT);
	ck_assert_int_eq(reader.local.value[COUNTER_OOM_KILL], ABSENT);
	ck_assert_int_eq(reader.sample.value[METRIC_CURRENT], ABSENT);
	close(target.pidfd);
}
END_TEST

START_TEST(stopped_while_it_runs_it_has_seen_nothing)
{
	struct end_reader reader;

	put_counters();
	end_reader_start(&reader, &cg, &target);
	end_reader_stop(&reader);
	ck_assert(!reader.is_running);
	ck_assert(!reader.is_taken);
	end_reader_stop(&reader); /* once more is nothing */
	ck_assert_int_eq(kill(child, 0), 0);
	close(target.pidfd);
}
END_TEST

START_TEST(without_a_descriptor_left_there_is_none)
{
	struct end_reader reader;
	struct rlimit limit, none;

	put_counters();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){0, limit.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	end_reader_start(&reader, &cg, &target);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert(!reader.is_running);
	end_reader_stop(&reader);
	ck_assert(!reader.is_taken);
	close(target.pidfd);
}
END_TEST

START_TEST(without_room_for_a_thread_there_is_none)
{
	struct end_reader reader;

	put_counters();
	leave_no_room_for_threads();
	end_reader_start(&reader, &cg, &target);
	ck_assert(!reader.is_running);
	end_reader_stop(&reader);
	ck_assert(!reader.is_taken);
	close(target.pidfd);
}
END_TEST

static TCase *end_readings(void)
{
	TCase *t = tcase_create("end reader");

	tcase_add_checked_fixture(t, cgroup_enter, cgroup_leave);
	tcase_add_test(t, the_end_is_seen_before_it_is_waited_for);
	tcase_add_test(t, what_has_gone_is_absent);
	tcase_add_test(t, stopped_while_it_runs_it_has_seen_nothing);
	tcase_add_test(t, without_a_descriptor_left_there_is_none);
	if (CAN_LEAVE_NO_ROOM)
		tcase_add_test(t, without_room_for_a_thread_there_is_none);
	return t;
}

int main(void)
{
	TCase *const cases[] = {end_readings()};

	return suite_run("end_reader", cases, ARRAY_SIZE(cases));
}
