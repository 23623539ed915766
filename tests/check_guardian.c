/*
 * check_guardian.c - what a guardian does when its launcher is gone, late, held still, or well; and
 * what is said of it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "base/text.h"
#include "launch/guardian.h"
#include "launch/process.h"
#include "record/record.h"
#include "scratch.h"
#include "suite.h"

#define PATIENCE_MS 60000
#define ENDED	    "{\"ev\":\"exit\",\"t\":3,\"pid\":7,\"target\":true"

static struct err err = ERR_INIT;

static int line(const struct guardian_deed *deed, char *text, size_t size)
{
	return snprintf(text, size, "why %d ended %d left %d\n", deed->why, deed->ended,
			deed->left);
}

static const char *const sleep_long[] = {"sleep", "1000", NULL};

/* A program that the guardian is to end. 0 or -errno. */
static int start_sleep(struct guardian *g, struct spawned *process)
{
	const struct spawn request = {
		.argv = sleep_long, .by_name = true, .admit = guardian_kills, .admit_ctx = g};

	return spawn_start(&request, process);
}

static int sleeper(struct guardian *g)
{
	struct spawned process;

	return start_sleep(g, &process) ? -1 : process.pidfd;
}

static bool ends(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, PATIENCE_MS) == 1;
}

static void enter(void)
{
	scratch_enter();
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that the guardian can be waited for */
	put_file("record", "", 0600);
}

static int own(const char *const *removal, const char *const *question)
{
	struct guardian g;
	int record = open("record", O_WRONLY | O_APPEND | O_CLOEXEC);
	char path[100];

	if (guardian_start(&g, line, &err) || guardian_take_record(&g, record))
		return 1;
	if (mkdir("made", 0700) || mkdir("made/inner", 0700))
		return 2;
	put_file("made/file", "x", 0600);
	put_file("made/inner/file", "x", 0600);
	snprintf(path, sizeof(path), "%s/made", scratch_dir);
	if (guardian_take_folder(&g, path) ||
	    (removal && guardian_take_removal(&g, removal, question)) || sleeper(&g) < 0)
		return 3;
	return 0;
}

/* The launcher dies with nothing undone; then the record is what the guardian has written. */
static const char *die_and_read(const char *const *removal, const char *const *question)
{
	static char text[256];
	int status;
	pid_t launcher = fork();

	if (launcher == 0) {
		int r = own(removal, question);

		if (r)
			_exit(r);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(launcher, &status, 0), launcher);
	ck_assert(WIFSIGNALED(status));
	/* The guardian and the sleeper are this process's now. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	ck_assert_int_eq(io_read_line_at(AT_FDCWD, "record", text, sizeof(text)), 0);
	return text;
}

START_TEST(a_launcher_that_is_gone_leaves_nothing)
{
	ck_assert_str_eq(die_and_read(NULL, NULL), "why 1 ended 1 left 0");
	ck_assert_int_eq(access("made", F_OK), -1);
}
END_TEST

START_TEST(what_a_command_removes_is_asked_for)
{
	const char *const yes[] = {"true", NULL}, *const no[] = {"false", NULL};
	_cleanup_free_ char *file = text_format("%s/removed", scratch_dir);
	const char *const make[] = {"touch", file, NULL};

	ck_assert_str_eq(die_and_read(make, yes), "why 1 ended 1 left 0");
	ck_assert_int_eq(access("removed", F_OK), 0);
	ck_assert_int_eq(truncate("record", 0), 0);
	ck_assert_str_eq(die_and_read(no, no), "why 1 ended 1 left 0");
	ck_assert_int_eq(truncate("record", 0), 0);
	ck_assert_str_eq(die_and_read(no, yes), "why 1 ended 1 left 1");
}
END_TEST

START_TEST(a_launcher_that_is_well_is_left_alone)
{
	struct guardian g;
	struct guardian_deed deed;
	struct spawned process;
	int record = open("record", O_WRONLY | O_APPEND | O_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(guardian_start(&g, line, &err), 0);
	ck_assert_int_eq(guardian_take_record(&g, record), 0);
	ck_assert_int_eq(start_sleep(&g, &process), 0);
	ck_assert(guardian_is(g.pid));
	ck_assert(!guardian_read(&g, &deed));
	guardian_end(&g);
	ck_assert(!guardian_is(g.pid));
	ck_assert_int_eq(kill(process.pid, 0), 0);
	ck_assert_int_ne(process_state(process.pid), 'Z');
	ck_assert_int_eq(spawn_wait(&process, 0), -ETIMEDOUT);
	spawn_close(&process);
	ck_assert_int_eq(stat("record", &st), 0);
	ck_assert_int_eq(st.st_size, 0);
}
END_TEST

START_TEST(without_a_guardian_nothing_is_started)
{
	struct guardian g;
	struct guardian_deed deed = {.why = GUARDIAN_LATE};
	struct spawned process;

	ck_assert_int_eq(guardian_start(&g, line, &err), 0);
	ck_assert_int_eq(kill(g.pid, SIGKILL), 0);
	ck_assert(ends(g.pidfd));
	ck_assert_int_eq(start_sleep(&g, &process), -EPIPE);
	ck_assert(guardian_read(&g, &deed));
	ck_assert_int_eq(deed.why, GUARDIAN_NOTHING);
	ck_assert_int_eq(guardian_fd(&g), -1);
	ck_assert(!guardian_read(&g, &deed));
	ck_assert_int_eq(guardian_set_deadline(&g, 1), -1);
	guardian_end(&g);
	guardian_end(&g);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

/* A launcher held still past its time: its processes end, it goes on and is told. */
START_TEST(a_launcher_held_still_is_helped)
{
	struct guardian_deed deed = {0};
	struct guardian g;
	int status;
	pid_t launcher = fork();

	if (launcher == 0) {
		int pidfd;

		if (guardian_start(&g, line, &err))
			_exit(1);
		pidfd = sleeper(&g);
		if (guardian_set_deadline(&g, io_now_ns()) || pidfd < 0)
			_exit(2);
		raise(SIGSTOP);
		if (!ends(pidfd) || !ends(guardian_fd(&g)) || !guardian_read(&g, &deed))
			_exit(3);
		guardian_end(&g);
		_exit(deed.why == GUARDIAN_STOPPED && deed.ended == 1 ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(launcher, &status, 0), launcher);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static int slow_line(const struct guardian_deed *deed, char *text, size_t size)
{
	poll(NULL, 0, 500);
	return line(deed, text, size);
}

/* Goes no further: spawn_start() returns when it has been killed. */
static int hold_caller(void *ctx)
{
	(void)ctx;
	if (ptrace(PTRACE_SEIZE, getppid(), 0, 0) < 0 ||
	    ptrace(PTRACE_INTERRUPT, getppid(), 0, 0) < 0)
		kill(getppid(), SIGSTOP);
	return pause();
}

/* Its tracer is killed first, and the launcher goes on before the guardian has written. */
START_TEST(a_launcher_that_goes_on_early_finds_the_line_in_its_record)
{
	int status;
	pid_t launcher = fork();

	if (launcher == 0) {
		int record = open("record", O_WRONLY | O_APPEND | O_CLOEXEC);
		struct guardian g;
		const struct spawn tracer = {.argv = sleep_long,
					     .by_name = true,
					     .prepare = hold_caller,
					     .admit = guardian_kills,
					     .admit_ctx = &g};
		struct spawned process;
		struct stat st;

		/* The time is set first: who is traced before that says nothing for ever. */
		if (guardian_start(&g, slow_line, &err) || guardian_take_record(&g, record) ||
		    guardian_set_deadline(&g, io_now_ns()))
			_exit(1);
		if (spawn_start(&tracer, &process) || !ends(process.pidfd))
			_exit(2);
		if (guardian_leave_record(&g) || fstat(record, &st) || !st.st_size)
			_exit(3);
		guardian_end(&g);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(launcher, &status, 0), launcher);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Takes one of a kind, until it has been read where the guardian is behind. */
static int take_one(struct guardian *g, char kind, int pidfd)
{
	int r;

	do {
		r = kind == 'p'	  ? guardian_take_process(g, pidfd)
		    : kind == 'f' ? guardian_take_folder(g, "/no/such/folder")
		    : kind == 'i' ? guardian_take_inside(g, pidfd)
				  : guardian_take_cgroup(g, pidfd, "none", -1);
		if (r == -1)
			poll(NULL, 0, 1);
	} while (r == -1);
	return r;
}

START_TEST(what_is_past_its_room_is_told)
{
	static const struct {
		char kind;
		int most;
	} kinds[] = {{'p', GUARDIAN_PROCESSES_MAX},
		     {'f', GUARDIAN_FOLDERS_MAX},
		     {'i', GUARDIAN_CGROUPS_MAX},
		     {'c', GUARDIAN_CGROUPS_MAX}};
	struct guardian g;
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	ck_assert_int_eq(guardian_start(&g, line, &err), 0);
	for (int i = 0; i < kinds[_i].most; i++)
		ck_assert_int_eq(take_one(&g, kinds[_i].kind, pidfd), 0);
	ck_assert_int_eq(take_one(&g, kinds[_i].kind, pidfd), -ENOBUFS);
	ck_assert_ptr_nonnull(strstr(guardian_refusal(-ENOBUFS), "cannot guard more"));
	ck_assert_ptr_null(strstr(guardian_refusal(-ENOBUFS), "was ended"));
	ck_assert_ptr_nonnull(strstr(guardian_refusal(-1), "was ended"));
	if (kinds[_i].kind == 'p')
		ck_assert_int_eq(guardian_kills(&g, pidfd), -ENOBUFS);
	guardian_end(&g);
	close(pidfd);
}
END_TEST

static const char *const deep[] = {"made", "made/a", "made/a/b"};

static void own_deep(void)
{
	struct guardian g;
	char path[200];

	for (size_t i = 0; i < ARRAY_SIZE(deep); i++)
		mkdir(deep[i], 0700);
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "made/a/b/a folder that is too deep, number %d", i);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s/made", scratch_dir);
	if (guardian_start(&g, line, &err) ||
	    guardian_take_record(&g, open("record", O_WRONLY | O_APPEND | O_CLOEXEC)) ||
	    guardian_take_folder(&g, path))
		_exit(1);
	kill(getpid(), SIGKILL);
}

START_TEST(what_cannot_be_removed_is_left)
{
	char text[256];
	pid_t launcher = fork();

	if (launcher == 0)
		own_deep();
	while (waitpid(-1, NULL, 0) > 0)
		;
	ck_assert_int_eq(io_read_line_at(AT_FDCWD, "record", text, sizeof(text)), 0);
	ck_assert_str_eq(text, "why 1 ended 0 left 1");
}
END_TEST

/* Stopped itself, it keeps nobody waiting for long. */
START_TEST(a_guardian_held_still_keeps_nobody)
{
	struct guardian g;

	ck_assert_int_eq(guardian_start(&g, line, &err), 0);
	kill(g.pid, SIGSTOP);
	while (process_state(g.pid) != 'T')
		poll(NULL, 0, 1);
	for (int i = 0; i < 10000; i++)
		guardian_set_deadline(&g, 0);
	guardian_end(&g);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

static void load(struct record *record, const char *said, const char *end)
{
	_cleanup_free_ char *text = text_format(
		"{\"ev\":\"run\",\"id\":\"x\"}\n{\"ev\":\"gate\",\"t\":1}\n%s%s", said, end);

	ck_assert_int_eq(record_load_memory(text, strlen(text), record, &err), 0);
}

static void line_of(enum guardian_why why, int64_t ended, char *text, size_t size)
{
	const struct record_guardian g = {.t_ns = 2, .why = why, .ended = ended, .left = 3};

	ck_assert_int_gt(record_guardian_line(&g, text, size), 0);
}

/* What it wrote is read; only a run that it has ended past its time has timed out. */
START_TEST(its_line_is_read)
{
	static const struct {
		const char *end;
		int64_t ended;
		enum guardian_why why;
		bool timed_out;
	} cases[] = {{"", 2, GUARDIAN_GONE, false},
		     {"", 2, GUARDIAN_STOPPED, true},
		     {ENDED ",\"signal\":9}\n", 2, GUARDIAN_STOPPED, true},
		     {ENDED ",\"status\":0}\n", 2, GUARDIAN_STOPPED, false},
		     {"", 1, GUARDIAN_LATE, true},
		     {"", 0, GUARDIAN_STOPPED, false}};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct record record;

		line_of(cases[i].why, cases[i].ended, text, sizeof(text));
		load(&record, text, cases[i].end);
		ck_assert_int_eq(record.guardian.why, cases[i].why);
		ck_assert_int_eq(record.guardian.ended, cases[i].ended);
		ck_assert_int_eq(record.guardian.left, 3);
		ck_assert_int_eq(record.guardian.line, 3);
		ck_assert_int_eq(record.watchdog == WATCHDOG_TIMEOUT, cases[i].timed_out);
		record_release(&record);
	}
	ck_assert_int_eq(
		record_guardian_line(&(struct record_guardian){.why = GUARDIAN_LATE}, text, 8), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("guardian");

	tcase_add_checked_fixture(tc, enter, scratch_leave);
	tcase_add_loop_test(tc, what_is_past_its_room_is_told, 0, 4);
	tcase_add_test(tc, what_cannot_be_removed_is_left);
	tcase_add_test(tc, a_launcher_that_is_gone_leaves_nothing);
	tcase_add_test(tc, what_a_command_removes_is_asked_for);
	tcase_add_test(tc, a_launcher_that_is_well_is_left_alone);
	tcase_add_test(tc, without_a_guardian_nothing_is_started);
	tcase_add_test(tc, a_launcher_held_still_is_helped);
	tcase_add_test(tc, a_launcher_that_goes_on_early_finds_the_line_in_its_record);
	tcase_add_test(tc, a_guardian_held_still_keeps_nobody);
	tcase_add_test(tc, its_line_is_read);
	return suite_run("guardian", &tc, 1);
}
