/*
 * check_spawn_output.c - programs that are started: what they print, how they end, and who waits
 * for that how long.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "spawn_helpers.h"

#define SOON (SPAWN_SECOND / 20)

START_TEST(a_program_says_and_ends)
{
	ck_assert_int_eq(run(&SHELL("echo one; echo two >&2; exit 3")), 0);
	ck_assert_str_eq(out.buf, "one\n");
	ck_assert_str_eq(err.buf, "two\n");
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 3);
	ck_assert_int_eq(run(&SHELL("kill -SEGV $$")), 0);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
}
END_TEST

/* Each is more than a pipe holds, and one is written before the other. */
START_TEST(much_of_both_stops_nobody)
{
	ck_assert_int_eq(run(&SHELL("seq 1 100000 >&2; seq 1 100000; seq 1 10 >&2")), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(out.len, 588895);
	ck_assert_uint_eq(err.len, 588895 + 21);
}
END_TEST

START_TEST(nobody_need_listen)
{
	struct spawn request = SHELL("seq 1 100000; seq 1 100000 >&2; exit 4");

	ck_assert_int_eq(spawn_run(&request, NULL, NULL, &status), 0);
	ck_assert_int_eq(WEXITSTATUS(status), 4);
}
END_TEST

START_TEST(too_much_is_an_error)
{
	struct spawn request = SHELL("printf 12345; printf 123456 >&2");

	request.output_max = 5;
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "12345");
	ck_assert_str_eq(err.buf, "12345"); /* words are cut */
	request = SHELL("yes");
	ck_assert_int_eq(run(&request), -EFBIG);
	ck_assert_uint_le(out.len, 1 << 20);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
END_TEST

START_TEST(who_takes_too_long_is_killed)
{
	static const char *const scripts[] = {
		"exec sleep 100",	   "trap '' TERM INT HUP; while :; do sleep 0.1; done",
		"exec >&- 2>&- sleep 100", "exec yes >&2", /* it says something all the time */
		"kill -STOP $$",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct spawn request = SHELL(scripts[i]);
		int64_t began = io_now_ns();

		request.timeout_ns = SOON;
		ck_assert_int_eq(run(&request), -ETIMEDOUT);
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		ck_assert_int_ge(io_now_ns() - began, SOON);
		ck_assert_int_lt(io_now_ns() - began, LATE);
	}
}
END_TEST

/* What stands in the pipe is taken though its time has run meanwhile: it counts from the finish. */
START_TEST(it_may_be_finished_late)
{
	struct spawn request = SHELL("echo said");
	struct spawned process;
	struct pollfd end = {.events = POLLIN};

	request.timeout_ns = SOON * 10;
	ck_assert_int_eq(spawn_start(&request, &process), 0);
	end.fd = process.pidfd;
	ck_assert_int_eq(poll(&end, 1, 60000), 1);
	poll(NULL, 0, 600);
	ck_assert_int_eq(spawn_finish(&process, &out, NULL), 0);
	ck_assert_str_eq(out.buf, "said\n");
	ck_assert_int_eq(process.pid, 0);
}
END_TEST

START_TEST(it_can_be_ended_at_once)
{
	struct spawn request = SHELL("exec sleep 100");
	struct spawned process;

	ck_assert_int_eq(spawn_start(&request, &process), 0);
	ck_assert_int_gt(process.pid, 0);
	ck_assert_int_eq(spawn_wait(&process, 0), -ETIMEDOUT);
	ck_assert(WIFSIGNALED(process.status));
	ck_assert_int_ge(process.out, 0);
	ck_assert_int_eq(spawn_wait(&process, 0), 0);
	spawn_close(&process);
	spawn_close(&process);
	ck_assert_int_eq(spawn_finish(&process, NULL, NULL), 0);
}
END_TEST

START_TEST(another_may_have_waited_for_it)
{
	struct spawned process;

	ck_assert_int_eq(spawn_start(&SHELL("echo said; exit 3"), &process), 0);
	ck_assert_int_eq(waitpid(-1, NULL, 0), process.pid);
	ck_assert_int_eq(spawn_finish(&process, &out, NULL), -ECHILD);
	ck_assert_int_eq(process.status, 0);
	ck_assert_str_eq(out.buf, "said\n");
}
END_TEST

static TCase *output_case(void)
{
	TCase *tc = case_of("output");

	tcase_add_test(tc, a_program_says_and_ends);
	tcase_add_test(tc, much_of_both_stops_nobody);
	tcase_add_test(tc, nobody_need_listen);
	tcase_add_test(tc, too_much_is_an_error);
	tcase_add_test(tc, who_takes_too_long_is_killed);
	tcase_add_test(tc, it_may_be_finished_late);
	tcase_add_test(tc, it_can_be_ended_at_once);
	tcase_add_test(tc, another_may_have_waited_for_it);
	return tc;
}

int main(void)
{
	return suite_run("spawn_output", (TCase *const[]){output_case()}, 1);
}
