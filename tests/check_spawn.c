/*
 * check_spawn.c - programs that are started: what they are given and nothing else, and that of one
 * that could not be started nothing is left.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "spawn_helpers.h"

START_TEST(who_cannot_be_executed_is_an_errno)
{
	static const struct {
		const char *program;
		bool by_name;
		int r;
	} cases[] = {
		{"/none/at/all", false, -ENOENT},
		{"no-such-program-anywhere", true, -ENOENT},
		{"no-such-program-anywhere", false, -ENOENT},
		{"./not-executable", false, -EACCES},
		{"./not-executable", true, -EACCES},
		{"./no-program", false, -ENOEXEC},
		{"./no-interpreter", false, -ENOENT},
		{"./no-interpreter/below", true, -ENOTDIR},
	};

	put_file("not-executable", "#!/bin/sh\n", 0600);
	put_file("no-program", "echo by sh\n", 0700);
	put_file("no-interpreter", "#!/none/at/all\n", 0700);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spawn request = SHELL("");
		struct spawned process;

		status = 7;
		request.argv = (const char *const[]){cases[i].program, NULL};
		request.by_name = cases[i].by_name;
		ck_assert_int_eq(run(&request), cases[i].r);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(spawn_start(&request, &process), cases[i].r);
		ck_assert_int_eq(process.pid, 0);
		ck_assert_int_eq(process.pidfd & process.out & process.err, -1);
	}
}
END_TEST

/* As execvp(3) has it, for who is found by name alone. */
START_TEST(a_text_is_of_the_shell_by_name)
{
	struct spawn request = SHELL("");

	put_file("no-program", "echo by sh\n", 0700);
	request.argv = (const char *const[]){"./no-program", NULL};
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "by sh\n");
}
END_TEST

START_TEST(its_name_may_be_another)
{
	struct spawn request = SHELL("echo $0");

	request.program = "/bin/sh";
	request.argv = (const char *const[]){"other", "-c", "cat /proc/$$/cmdline", NULL};
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "other");
}
END_TEST

/* Words arrive as they are: no shell reads them. */
START_TEST(hostile_words_are_words)
{
	static const char *const argv[] = {"sh",
					   "-c",
					   "printf '<%s>' \"$@\"",
					   "sh",
					   "",
					   "a b",
					   "'\"`id`$(id)",
					   "a\nb",
					   "%s%n",
					   "-e",
					   "--",
					   "*",
					   "\xff\x80\x1b[2J",
					   NULL};
	struct spawn request = SHELL("");

	request.argv = argv;
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "<><a b><'\"`id`$(id)><a\nb><%s%n><-e><--><*><\xff\x80\x1b[2J>");
}
END_TEST

START_TEST(it_has_no_descriptor_but_what_is_kept)
{
	_cleanup_close_ int secret = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int kept = fcntl(secret, F_DUPFD_CLOEXEC, 100);
	int keep[] = {-1, kept};
	struct spawn request = SHELL("cd /proc/$$/fd; echo *");

	ck_assert_int_eq(run(&request), 0);
	ck_assert_ptr_null(strstr(out.buf, "100"));
	request.keep = keep;
	request.keep_count = ARRAY_SIZE(keep);
	ck_assert_int_eq(run(&request), 0);
	ck_assert_ptr_nonnull(strstr(out.buf, " 100 "));
	/* The caller's own is as it was. */
	ck_assert_int_eq(fcntl(kept, F_GETFD), FD_CLOEXEC);
	keep[1] = 999;
	ck_assert_int_eq(run(&request), -EBADF);
}
END_TEST

static void open_as(int number, const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0600);

	ck_assert_int_eq(dup2(fd, number), number);
	close(fd);
}

static void check_streams(const struct spawn *request, const char *first, const char *second)
{
	ck_assert_int_eq(run(request), 0);
	ck_assert_int_eq(status, 0);
	check_holds("first", first);
	check_holds("second", second);
}

/* Also from one another, and where the caller has none: then new descriptors have their numbers. */
START_TEST(streams_come_from_anywhere)
{
	struct spawn request = SHELL("cat; echo out; echo err >&2");

	open_as(STDOUT_FILENO, "first");
	open_as(STDERR_FILENO, "second");
	request.in.where = SPAWN_NULL;
	request.out = (struct spawn_stream){SPAWN_SAME, 0};
	request.err = (struct spawn_stream){SPAWN_SAME, 0};
	check_streams(&request, "out\n", "err\n");
	request.out = (struct spawn_stream){SPAWN_FD, STDERR_FILENO};
	request.err = (struct spawn_stream){SPAWN_FD, STDOUT_FILENO};
	check_streams(&request, "out\nerr\n", "err\nout\n");
	request.out = (struct spawn_stream){SPAWN_NULL, 0};
	request.err = (struct spawn_stream){SPAWN_FD, STDERR_FILENO};
	check_streams(&request, "out\nerr\n", "err\nout\nerr\n");
	close(STDIN_FILENO);
	request.out = (struct spawn_stream){SPAWN_PIPE, 0};
	check_streams(&request, "out\nerr\n", "err\nout\nerr\nerr\n");
	ck_assert_str_eq(out.buf, "out\n");
	request.argv = (const char *const[]){"/none/at/all", NULL};
	ck_assert_int_eq(run(&request), -ENOENT);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	request = SHELL("echo out; echo err >&2");
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "out\n");
	ck_assert_str_eq(err.buf, "err\n");
	request.argv = (const char *const[]){"/none/at/all", NULL};
	ck_assert_int_eq(run(&request), -ENOENT);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		ck_assert_int_eq(open("/dev/null", O_RDWR), fd);
}
END_TEST

/* At each descriptor that cannot be had something else fails; leave() counts what is left. */
START_TEST(of_no_error_a_descriptor_is_left)
{
	struct spawn request = SHELL("echo said");
	struct rlimit limit;
	int failed = 0, r = -1;

	request.in.where = SPAWN_NULL;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned int more = 0; r < 0; more++) {
		limit.rlim_cur = (rlim_t)fds_before + more;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		r = run(&request);
		ck_assert(r == 0 || r == -EMFILE);
		failed += r < 0;
		ck_assert_int_eq(count_fds(), fds_before);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	}
	/* The channel, two pipes, /dev/null, a pidfd; and what the child makes of them. */
	ck_assert_int_ge(failed, 8);
	ck_assert_str_eq(out.buf, "said\n");
}
END_TEST

START_TEST(signals_are_blocked_or_not)
{
	struct spawn request = SHELL("");
	sigset_t set;

	/* A shell would unblock them. */
	request.argv = (const char *const[]){"grep", "SigBlk", "/proc/self/status", NULL};
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGINT);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &set, NULL), 0);
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "SigBlk:\t0000000000000202\n");
	request.unblocks_signals = true;
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "SigBlk:\t0000000000000000\n");
}
END_TEST

START_TEST(what_is_ignored_stays_ignored)
{
	uint64_t ignored;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	ck_assert_int_eq(run(&SHELL("grep SigIgn /proc/self/status")), 0);
	ignored = strtoull(out.buf + strlen("SigIgn:\t"), NULL, 16);
	ck_assert(ignored & 1U << (SIGPIPE - 1));
	ck_assert(!(ignored & 1U << (SIGUSR1 - 1)));
}
END_TEST

START_TEST(it_may_lead_a_group_or_a_session)
{
	struct spawn request = SHELL("exec sleep 100");
	struct spawned process;

	ck_assert_int_eq(spawn_start(&request, &process), 0);
	ck_assert_int_eq(getpgid(process.pid), getpgrp());
	spawn_wait(&process, 0);
	spawn_close(&process);
	request.new_group = true;
	ck_assert_int_eq(spawn_start(&request, &process), 0);
	ck_assert_int_eq(getpgid(process.pid), process.pid);
	ck_assert_int_eq(getsid(process.pid), getsid(0));
	spawn_wait(&process, 0);
	spawn_close(&process);
	request.new_session = true;
	ck_assert_int_eq(spawn_start(&request, &process), 0);
	ck_assert_int_eq(getsid(process.pid), process.pid);
	spawn_wait(&process, 0);
	spawn_close(&process);
}
END_TEST

/* One that starts a program and is killed; the program alone can write into `alive` then. */
static void start_and_die(bool dies, int alive)
{
	struct spawn request = SHELL("exec sleep 100");
	struct spawned process;

	request.out = (struct spawn_stream){SPAWN_FD, alive};
	request.dies_with_caller = dies;
	if (spawn_start(&request, &process) == 0)
		raise(SIGKILL);
	_exit(1);
}

static bool goes_with_its_caller(bool dies)
{
	struct pollfd end = {.events = POLLIN};
	int alive[2];
	bool is_gone;
	pid_t pid;

	ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		start_and_die(dies, alive[1]);
	close(alive[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	end.fd = alive[0];
	is_gone = poll(&end, 1, dies ? 60000 : 100) == 1;
	close(alive[0]);
	return is_gone;
}

START_TEST(it_dies_with_its_caller_where_it_is_to)
{
	ck_assert(goes_with_its_caller(true));
	ck_assert(!goes_with_its_caller(false));
}
END_TEST

static int put_limit(void *ctx)
{
	const char **word = ctx;
	const struct rlimit limit = {7, 7};

	*word = "ulimit -t";
	return setrlimit(RLIMIT_CPU, &limit);
}

static int refuse(void *ctx)
{
	errno = *(int *)ctx;
	return -1;
}

START_TEST(the_child_may_be_prepared)
{
	const char *argv[] = {"sh", "-c", "echo not this", NULL};
	struct spawn request = SHELL("");
	int cause = EXDEV;

	request.argv = argv;
	request.prepare = put_limit;
	request.prepare_ctx = &argv[2];
	ck_assert_int_eq(run(&request), 0);
	ck_assert_str_eq(out.buf, "7\n");
	ck_assert_str_eq(argv[2], "echo not this"); /* the child has a copy */
	request.prepare = refuse;
	request.prepare_ctx = &cause;
	ck_assert_int_eq(run(&request), -EXDEV);
	ck_assert_str_eq(out.buf, "");
}
END_TEST

static int seen_pidfd, admit_answer;

/* Whoever is not admitted yet has done nothing. */
static int admit(void *ctx, int pidfd)
{
	seen_pidfd = pidfd;
	ck_assert_str_eq(ctx, "ctx");
	poll(NULL, 0, 20);
	ck_assert_int_ne(access("done", F_OK), 0);
	return admit_answer;
}

START_TEST(nothing_begins_before_it_is_admitted)
{
	char ctx[] = "ctx";
	struct spawn request = SHELL("echo >done");

	request.admit = admit;
	request.admit_ctx = ctx;
	admit_answer = -EPIPE;
	ck_assert_int_eq(run(&request), -EPIPE);
	ck_assert_int_ne(access("done", F_OK), 0);
	admit_answer = 0;
	ck_assert_int_eq(run(&request), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_ge(seen_pidfd, 0);
	ck_assert_int_eq(access("done", F_OK), 0);
}
END_TEST

static int die(void *ctx, int pidfd)
{
	(void)pidfd;
	close(*(int *)ctx);
	raise(SIGKILL);
	return 0;
}

/* The caller ends before it has said so: the child ends, too, and has done nothing. */
START_TEST(nothing_begins_without_its_caller)
{
	struct pollfd end = {.events = POLLIN};
	struct spawn request = SHELL("echo >done");
	struct spawned process;
	int alive[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(alive, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		request.admit = die;
		request.admit_ctx = &alive[1];
		_exit(spawn_start(&request, &process) != 0);
	}
	close(alive[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	end.fd = alive[0];
	ck_assert_int_eq(poll(&end, 1, 60000), 1);
	ck_assert_int_eq(end.revents, POLLHUP);
	ck_assert_int_ne(access("done", F_OK), 0);
	close(alive[0]);
}
END_TEST

static TCase *start_case(void)
{
	TCase *tc = case_of("start");

	tcase_add_test(tc, who_cannot_be_executed_is_an_errno);
	tcase_add_test(tc, a_text_is_of_the_shell_by_name);
	tcase_add_test(tc, its_name_may_be_another);
	tcase_add_test(tc, hostile_words_are_words);
	tcase_add_test(tc, it_has_no_descriptor_but_what_is_kept);
	tcase_add_test(tc, streams_come_from_anywhere);
	tcase_add_test(tc, of_no_error_a_descriptor_is_left);
	tcase_add_test(tc, the_child_may_be_prepared);
	tcase_add_test(tc, nothing_begins_before_it_is_admitted);
	tcase_add_test(tc, nothing_begins_without_its_caller);
	return tc;
}

static TCase *process_case(void)
{
	TCase *tc = case_of("process");

	tcase_add_test(tc, signals_are_blocked_or_not);
	tcase_add_test(tc, what_is_ignored_stays_ignored);
	tcase_add_test(tc, it_may_lead_a_group_or_a_session);
	tcase_add_test(tc, it_dies_with_its_caller_where_it_is_to);
	return tc;
}

int main(void)
{
	return suite_run("spawn", (TCase *const[]){start_case(), process_case()}, 2);
}
