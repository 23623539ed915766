/*
 * check_aside.c - processes beside the lab: what they say arrives whole, whatever becomes of them,
 * and how they ended is known. The record that reads symbols through one is whole, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "launch/descendants.h"
#include "record/query.h"
#include "run/run_symbols.h"
#include "scratch.h"
#include "suite.h"

#define SOON_NS	 INT64_C(50000000)
#define LATER_NS INT64_C(30000000000)

static int64_t in(int64_t ns)
{
	return io_now_ns() + ns;
}

static void finish(void)
{
	/* None is left behind, dead or alive. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

/* Sends back what comes, and what stands in a file whose descriptor comes along. */
static void echo(int fd, void *ctx)
{
	char text[100], file[100] = "";
	ssize_t n;
	int with;

	(void)ctx;
	while ((n = aside_next(fd, text, sizeof(text), &with)) > 0) {
		ssize_t more = with < 0 ? 0 : pread(with, file, sizeof(file), 0);

		if (with >= 0)
			close(with);
		if (write(fd, text, (size_t)n) != n ||
		    (more > 0 && write(fd, file, (size_t)more) < 0))
			return;
	}
}

START_TEST(messages_go_both_ways)
{
	struct aside aside;
	char text[100];
	_cleanup_close_ int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(aside_start(&aside, "oomlab-test", echo, NULL), 0);
	ck_assert(aside_is_one(aside.pid));
	/* It is the lab's own. */
	ck_assert_int_eq(descendants_count(), 0);
	ck_assert_int_eq(aside_send(&aside, "one", 3, -1), 0);
	ck_assert_int_eq(aside_send(&aside, "two", 3, fd), 0);
	ck_assert_int_eq(aside_receive(&aside, text, sizeof(text), in(LATER_NS)), 3);
	ck_assert(!memcmp(text, "one", 3));
	ck_assert_int_eq(aside_receive(&aside, text, sizeof(text), in(LATER_NS)), 3);
	ck_assert_int_gt(aside_receive(&aside, text, sizeof(text), in(LATER_NS)), 3);
	ck_assert(!memcmp(text, "check_aside\n", 12));
	ck_assert(aside_end(&aside));
	ck_assert(!aside_is_one(aside.pid));
}
END_TEST

/* What other processes wait for the end of stays open nowhere. */
static void count_descriptors(int fd, void *ctx)
{
	char text[64];
	int open_fds = 0;

	(void)ctx;
	for (int i = 0; i < 1000; i++)
		open_fds += i != fd && fcntl(i, F_GETFD) >= 0;
	snprintf(text, sizeof(text), "%d", open_fds);
	if (write(fd, text, strlen(text)) < 0)
		_exit(9);
}

START_TEST(it_keeps_no_descriptor_of_others)
{
	struct aside aside;
	char text[64] = "";
	_cleanup_close_ int a = dup(1), b = fcntl(1, F_DUPFD, 700);

	ck_assert_int_eq(aside_start(&aside, "oomlab-test", count_descriptors, NULL), 0);
	ck_assert_int_gt(aside_receive(&aside, text, sizeof(text) - 1, in(LATER_NS)), 0);
	/* The standard three, two of them nowhere; what it opened for that. */
	ck_assert_int_le(atoi(text), 3);
	ck_assert(aside_end(&aside));
	ck_assert(a >= 0 && b >= 0);
}
END_TEST

static void die(int fd, void *ctx)
{
	const int *how = ctx;

	if (write(fd, "last words", 10) != 10)
		_exit(9);
	if (*how >= 1000)
		_exit(*how - 1000);
	signal(*how, SIG_DFL);
	raise(*how);
}

START_TEST(its_end_is_told_in_words)
{
	static const struct {
		int how;
		const char *words;
	} cases[] = {
		{SIGSEGV, "was ended by signal 11 (Segmentation fault)"},
		{SIGABRT, "was ended by signal 6 (Aborted)"},
		{SIGKILL, "was ended by signal 9 (Killed)"},
		{1003, "ended with status 3"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aside aside;
		char text[64];
		int how = cases[i].how;
		_cleanup_free_ char *words = NULL;

		ck_assert_int_eq(aside_start(&aside, "oomlab-test", die, &how), 0);
		ck_assert_int_eq(aside_receive(&aside, text, sizeof(text), in(LATER_NS)), 10);
		ck_assert_int_eq(aside_receive(&aside, text, sizeof(text), in(LATER_NS)), 0);
		ck_assert_int_eq(aside_send(&aside, "x", 1, -1), -EPIPE);
		ck_assert(!aside_end(&aside));
		words = aside_words(&aside);
		ck_assert_str_eq(words, cases[i].words);
	}
}
END_TEST

static void sleep_on(int fd, void *ctx)
{
	(void)fd, (void)ctx;
	pause();
}

START_TEST(who_does_not_answer_is_stopped)
{
	struct aside aside;
	char text[64];
	_cleanup_free_ char *words = NULL;

	ck_assert_int_eq(aside_start(&aside, "oomlab-test", sleep_on, NULL), 0);
	ck_assert_int_eq(aside_receive(&aside, text, sizeof(text), in(SOON_NS)), -ETIMEDOUT);
	ck_assert(!aside_end(&aside));
	words = aside_words(&aside);
	ck_assert_str_eq(words, "did not answer and was stopped");
}
END_TEST

START_TEST(another_may_have_waited_for_it)
{
	struct aside aside;
	int how = SIGSEGV, status;
	pid_t pid;

	ck_assert_int_eq(aside_start(&aside, "oomlab-test", die, &how), 0);
	pid = waitpid(-1, &status, 0);
	ck_assert_int_eq(pid, aside.pid);
	ck_assert(aside_took(pid, status));
	ck_assert(!aside_took(pid, status));
	ck_assert(!aside_end(&aside));
	ck_assert(WIFSIGNALED(aside.status));
}
END_TEST

START_TEST(what_was_not_started_has_an_end_too)
{
	struct aside aside = ASIDE_INIT;
	_cleanup_free_ char *words = NULL;

	aside.error = -EAGAIN;
	ck_assert(!aside_end(&aside));
	words = aside_words(&aside);
	ck_assert_ptr_nonnull(strstr(words, "could not be started (Resource"));
}
END_TEST

/* Waits where it cannot see that nobody listens any more. */
static void wait_for_a_writer(int fd, void *ctx)
{
	(void)fd;
	close(open(ctx, O_RDONLY));
}

static void start_and_die(int ready[2], int alive[2])
{
	char fifo[] = "fifo";
	struct aside aside;

	aside_start_with_files(&aside, "oomlab-test", wait_for_a_writer, fifo);
	close(alive[1]);
	if (write(ready[1], "", 1) == 1)
		raise(SIGKILL);
	_exit(1);
}

static void *start_one(void *ctx)
{
	return aside_start(ctx, "test", echo, NULL) ? ctx : NULL;
}

/* As the thread does that looks at a frozen program. */
START_TEST(it_outlives_the_thread_that_started_it)
{
	struct aside aside = ASIDE_INIT;
	pthread_t thread;
	void *failed;
	char text[100];

	ck_assert_int_eq(pthread_create(&thread, NULL, start_one, &aside), 0);
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_int_eq(aside_send(&aside, "hello", 5, -1), 0);
	ck_assert_int_eq(aside_receive(&aside, text, sizeof(text), in(LATER_NS)), 5);
	ck_assert(aside_end(&aside));
	finish();
}
END_TEST

START_TEST(it_does_not_outlive_its_parent)
{
	int ready[2], alive[2];
	char c;
	pid_t pid;

	ck_assert_int_eq(mkfifo("fifo", 0600) | pipe2(ready, O_CLOEXEC) | pipe2(alive, O_CLOEXEC),
			 0);
	pid = fork();
	if (!pid)
		start_and_die(ready, alive);
	close(alive[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	/* At its end the last who could write has gone. */
	ck_assert_int_eq(read(alive[0], &c, 1), 0);
}
END_TEST

/* Whoever waits for the end of what is to be closed late sees it late, and of all else at once. */
START_TEST(what_closes_slowly_is_closed_beside)
{
	int slow[2], mine[2], other[2], status;
	int64_t began = io_now_ns();
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(slow) | pipe(mine) | pipe(other), 0);
	aside_close((int[]){mine[1], slow[1]}, 2, 300);
	ck_assert_int_lt(fcntl(slow[1], F_GETFD), 0);
	ck_assert_int_lt(fcntl(mine[1], F_GETFD), 0);
	close(other[1]);
	ck_assert_int_eq(read(other[0], &c, 1), 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);
	/* It is the lab's own. */
	ck_assert_int_eq(descendants_count(), 0);
	ck_assert_int_eq(read(slow[0], &c, 1), 0);
	ck_assert_int_eq(read(mine[0], &c, 1), 0);
	ck_assert_int_ge(io_now_ns() - began, 300 * INT64_C(1000000));
	pid = waitpid(-1, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert(aside_is_one(pid));
	ck_assert(aside_took(pid, status));
	ck_assert(!aside_is_one(pid));
	finish();
}
END_TEST

/* Symbols. */

static struct record record;

static void four_steps(struct run_symbols_steps *steps, void *ctx);

/* ^C comes in the second step, which never ends. */
static void interrupts(struct run_symbols_steps *steps, void *ctx)
{
	(void)ctx;
	if (steps->done == 0)
		kill(getppid(), SIGINT);
	four_steps(steps, &(int){-1});
}

/* Four steps; the second ends by what ctx says: a signal, 0: well, -1: never. */
static void four_steps(struct run_symbols_steps *steps, void *ctx)
{
	const int *how = ctx;
	static const char *const files[] = {"'/a'", "'/b'", "'/c'", "'/d'"};

	for (int i = 0; i < 4; i++) {
		_cleanup_free_ char *at = text_format("%d+10", i);
		_cleanup_free_ char *torn = text_format("{\"ev\":\"frame\",\"at\":\"%d", i);

		if (!run_symbols_step(steps, files[i]))
			continue;
		if (i == 1 && *how < 0)
			pause();
		signal(SIGSEGV, SIG_DFL);
		if (i == 1 && *how > 0 && write(steps->w.fd, torn, strlen(torn)) > 0)
			raise(*how);
		record_put_frame(&steps->w, &(struct record_frame){.at = at,
								   .function = "f",
								   .file = "f.c",
								   .level = ABSENT});
	}
}

static bool write_steps(struct record_writer *w, int how, run_symbols_work *work)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return run_symbols(w, work, &how, how < 0 ? SOON_NS * 4 : LATER_NS, &signals);
}

static void run_steps(int how, run_symbols_work *work)
{
	struct record_writer w;
	struct err err = ERR_INIT;
	_cleanup_close_ int fd = open("record", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.id = "x", .page_size = 4096, .cgroup_version = 2});
	ck_assert_int_eq(write_steps(&w, how, work), work != interrupts);
	ck_assert(!w.failed);
	record_put_end(&w, 1);
	ck_assert_int_eq(record_load("record", &record, &err), 0);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	ck_assert(record.is_complete);
}

static void leave(void)
{
	record_release(&record);
	scratch_leave();
	finish();
}

START_TEST(symbols_that_can_be_read_are_all_there)
{
	run_steps(0, four_steps);
	ck_assert_uint_eq(record.frame_count, 4);
	ck_assert_uint_eq(record.note_count, 0);
}
END_TEST

START_TEST(who_dies_of_a_file_is_begun_again_behind_it)
{
	run_steps(SIGSEGV, four_steps);
	ck_assert_uint_eq(record.frame_count, 3);
	ck_assert_str_eq(record.frames[1].at, "2+10");
	ck_assert_uint_eq(record.note_count, 1);
	ck_assert_str_eq(
		record.notes[0].text,
		"The process that reads symbols was ended by signal 11 (Segmentation "
		"fault) while it read those of '/b': functions and lines there are missing");
}
END_TEST

START_TEST(who_hangs_in_a_file_is_begun_again_behind_it)
{
	run_steps(-1, four_steps);
	ck_assert_uint_eq(record.frame_count, 3);
	ck_assert_uint_eq(record.note_count, 1);
	ck_assert_ptr_nonnull(strstr(record.notes[0].text, "did not answer and was stopped while "
							   "it read those of '/b'"));
}
END_TEST

START_TEST(who_is_interrupted_reads_no_more)
{
	sigset_t pending;

	run_steps(0, interrupts);
	ck_assert_uint_le(record.frame_count, 1);
	ck_assert_uint_eq(record.note_count, 1);
	ck_assert_ptr_nonnull(
		strstr(record.notes[0].text, "The process that reads symbols was interrupted"));
	ck_assert_ptr_nonnull(strstr(record.notes[0].text,
				     ": functions and lines of what came after are missing"));
	sigpending(&pending);
	ck_assert_int_eq(sigismember(&pending, SIGINT), 1);
}
END_TEST

/* Its first line cannot be written; in the second step it would never end. */
START_TEST(where_the_disk_is_full_nothing_more_is_read)
{
	struct record_writer w;
	_cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int64_t began = io_now_ns();

	put_file("record", "{\"ev\":\"run\"}\n", 0600);
	record_writer_init(&w, fd);
	ck_assert(run_symbols(&w, four_steps, &(int){-1}, 100 * LATER_NS, &(sigset_t){0}));
	ck_assert(w.failed);
	ck_assert_int_lt(io_now_ns() - began, 10 * LATER_NS);
	ck_assert_int_eq(record_load("record", &record, &(struct err)ERR_INIT), 0);
}
END_TEST

static void always_dies(struct run_symbols_steps *steps, void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 100; i++)
		if (run_symbols_step(steps, "'/x'"))
			raise(SIGKILL);
}

START_TEST(it_is_given_up_some_time)
{
	run_steps(SIGKILL, always_dies);
	ck_assert_uint_eq(record.frame_count, 0);
	ck_assert_uint_eq(record.note_count, 8);
	ck_assert_ptr_nonnull(strstr(record.notes[7].text, "lines of what came after are missing"));
}
END_TEST

static void says_nonsense(struct run_symbols_steps *steps, void *ctx)
{
	static const char *const messages[] = {
		"x", "\n", "{}", "{\"ev\":1}\n", "{\"ev\":\"frame\"}\n{\"ev\":\"end\"}\n", "[]"};

	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (write(steps->w.fd, messages[i], strlen(messages[i])) < 0)
			_exit(1);
	four_steps(steps, &(int){0});
}

START_TEST(only_whole_lines_of_a_record_are_taken)
{
	run_steps(0, says_nonsense);
	ck_assert_uint_eq(record.frame_count, 4);
	ck_assert_uint_eq(record.note_count, 0);
}
END_TEST

int main(void)
{
	TCase *aside = tcase_create("aside"), *symbols = tcase_create("symbols");
	TCase *orphan = tcase_create("orphan");

	tcase_set_timeout(aside, 60);
	tcase_set_timeout(symbols, 60);
	tcase_set_timeout(orphan, 60);
	tcase_add_checked_fixture(aside, NULL, finish);
	tcase_add_test(aside, messages_go_both_ways);
	tcase_add_test(aside, it_keeps_no_descriptor_of_others);
	tcase_add_test(aside, its_end_is_told_in_words);
	tcase_add_test(aside, who_does_not_answer_is_stopped);
	tcase_add_test(aside, another_may_have_waited_for_it);
	tcase_add_test(aside, what_was_not_started_has_an_end_too);
	tcase_add_test(aside, it_outlives_the_thread_that_started_it);
	tcase_add_test(aside, what_closes_slowly_is_closed_beside);
	tcase_add_checked_fixture(orphan, scratch_enter, scratch_leave);
	tcase_add_test(orphan, it_does_not_outlive_its_parent);
	tcase_add_checked_fixture(symbols, scratch_enter, leave);
	tcase_add_test(symbols, who_is_interrupted_reads_no_more);
	tcase_add_test(symbols, where_the_disk_is_full_nothing_more_is_read);
	tcase_add_test(symbols, symbols_that_can_be_read_are_all_there);
	tcase_add_test(symbols, who_dies_of_a_file_is_begun_again_behind_it);
	tcase_add_test(symbols, who_hangs_in_a_file_is_begun_again_behind_it);
	tcase_add_test(symbols, it_is_given_up_some_time);
	tcase_add_test(symbols, only_whole_lines_of_a_record_are_taken);
	return suite_run("aside", (TCase *const[]){aside, symbols, orphan}, 3);
}
