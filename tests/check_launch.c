/*
 * check_launch.c - commands found or refused, targets at their gate, processes with hostile names,
 * cgroups made, limited and cleared.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "launch/cgroup.h"
#include "launch/process.h"
#include "launch/target.h"
#include "scratch.h"
#include "spec/spec.h"
#include "suite.h"

static struct err err;

/* In a folder with: file (not executable), program, folder/, link to nowhere, loop. */
static const struct {
	const char *command;
	int status;
	const char *says;
} commands[] = {
	{"program", 0, NULL},
	{"./program", 0, NULL},
	{"first", EXIT_NOT_EXEC, "cannot execute 'first': Permission denied"},
	{"both", 0, NULL},
	{"file", EXIT_NOT_EXEC, "cannot execute 'file': Permission denied"},
	{"./file", EXIT_NOT_EXEC, "cannot execute './file': Permission denied"},
	{"./folder", EXIT_NOT_EXEC, "cannot execute './folder': Permission denied"},
	{"folder", EXIT_NOT_EXEC, "cannot execute 'folder': Permission denied"},
	{"./loop", EXIT_NOT_EXEC, "cannot execute './loop': Too many levels of symbolic links"},
	{"none", EXIT_NOT_FOUND, "command 'none' not found"},
	{"./none", EXIT_NOT_FOUND, "command './none' not found"},
	{"./file/none", EXIT_NOT_FOUND, "command './file/none' not found"},
	{"./nowhere", EXIT_NOT_FOUND, "command './nowhere' not found"},
	{"", EXIT_NOT_FOUND, "command '' not found"},
	{"a\nb", EXIT_NOT_FOUND, "command 'a?b' not found"},
};

START_TEST(finds_a_command_as_env_does)
{
	char *path;

	put_file("program", "", 0755);
	put_file("file", "", 0644);
	ck_assert_int_eq(mkdir("folder", 0755) | mkdir("first-dir", 0755), 0);
	put_file("first-dir/first", "", 0644);
	put_file("first-dir/both", "", 0644);
	put_file("both", "", 0755);
	ck_assert_int_eq(symlink("gone", "nowhere") | symlink("loop", "loop"), 0);
	setenv("PATH", "/none:first-dir:", 1);
	path = target_find(commands[_i].command, &err);
	if (commands[_i].says) {
		ck_assert_ptr_null(path);
		ck_assert_int_eq(err.status, commands[_i].status);
		ck_assert_str_eq(err.text, commands[_i].says);
	} else {
		ck_assert_ptr_nonnull(path);
		ck_assert_int_eq(path[0], '/');
		ck_assert_int_eq(access(path, X_OK), 0);
	}
	free(path);
}
END_TEST

/* Starts a shell script outside any cgroup, as a place without one would. */
static void start(struct target *target, const char *path, char *const *argv, int64_t score)
{
	static const struct cg no_cgroup;
	const struct target_request request = {
		.argv = argv,
		.path = path,
		.cg = &no_cgroup,
		.oom_score_adj = score,
	};

	*target = (struct target)TARGET_INIT;
	ck_assert_int_eq(target_start(&request, target, &err), 0);
}

static int shell(const char *script, int64_t score)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	struct target target;
	int status;

	start(&target, "/bin/sh", argv, score);
	ck_assert_int_eq(target_release(&target, "sh", &err), 0);
	ck_assert_int_eq(waitpid(target.pid, &status, 0), target.pid);
	target_close(&target);
	return status;
}

START_TEST(target_starts_as_from_a_shell)
{
	sigset_t all;
	int status;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	status = shell("exit 7", SPEC_KEEP);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	status = shell("kill -PIPE $$; exit 0", SPEC_KEEP);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	status = shell("kill -TERM $$; exit 0", SPEC_KEEP);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	status = shell("read s </proc/self/oom_score_adj; [ $s = 0 ]", SPEC_KEEP);
	ck_assert_int_eq(status, 0);
	status = shell("read s </proc/self/oom_score_adj; [ $s = 500 ]", 500);
	ck_assert_int_eq(status, 0);
	status = shell("[ -e /proc/self/fd/$OOMLAB_GATE_FD ]", SPEC_KEEP);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(target_inherits_no_descriptors)
{
	int secret = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *script = text_format(
		"[ ! -e /proc/$$/fd/%d ] || exit 1; n=3; while [ $n -lt 50 ]; do "
		"[ $n = $OOMLAB_GATE_FD ] || [ ! -e /proc/$$/fd/$n ] || exit $n; n=$((n+1)); done",
		secret);

	close_range(3, 100, CLOSE_RANGE_CLOEXEC);
	ck_assert_int_eq(shell(script, SPEC_KEEP), 0);
}
END_TEST

static const struct {
	const char *text;
	int status;
	const char *says;
} bad_programs[] = {
	{"#!/none/interpreter\n", EXIT_NOT_FOUND, "the interpreter of 'x' is not there"},
	{"#!/etc/passwd\n", EXIT_NOT_EXEC, "cannot execute 'x': Permission denied"},
	{"garbage", EXIT_NOT_EXEC, "cannot execute 'x': Exec format error"},
	{"", EXIT_NOT_EXEC, "cannot execute 'x': Exec format error"},
};

START_TEST(exec_failures_reach_the_launcher)
{
	char *const argv[] = {(char *)"x", NULL};
	struct target target;
	int status;

	put_file("x", bad_programs[_i].text, 0755);
	start(&target, "./x", argv, SPEC_KEEP);
	ck_assert_int_eq(target_release(&target, "x", &err), -1);
	ck_assert_int_eq(err.status, bad_programs[_i].status);
	ck_assert_str_eq(err.text, bad_programs[_i].says);
	ck_assert_int_eq(waitpid(target.pid, &status, 0), target.pid);
	ck_assert_int_eq(WEXITSTATUS(status), bad_programs[_i].status);
	target_close(&target);
}
END_TEST

START_TEST(a_gate_that_never_opens_ends_the_target)
{
	char *const argv[] = {(char *)"true", NULL};
	struct target target;
	int status;

	start(&target, "/bin/true", argv, SPEC_KEEP);
	target_close(&target);
	ck_assert_int_eq(waitpid(target.pid, &status, 0), target.pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 125);
}
END_TEST

static TCase *target_case(void)
{
	TCase *tc = tcase_create("target");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_loop_test(tc, finds_a_command_as_env_does, 0, (int)ARRAY_SIZE(commands));
	tcase_add_test(tc, target_starts_as_from_a_shell);
	tcase_add_test(tc, target_inherits_no_descriptors);
	tcase_add_loop_test(tc, exec_failures_reach_the_launcher, 0, (int)ARRAY_SIZE(bad_programs));
	tcase_add_test(tc, a_gate_that_never_opens_ends_the_target);
	return tc;
}

static const char *const hostile_comms[] = {
	"plain", "a) 1 2 (b", ") S 1 1 1", "x\ny", "((((", "))))", " ", "\x1b[31m", "\xff\xfe", "",
};

START_TEST(reads_processes_with_hostile_names)
{
	int64_t vsz = 0, rss = 0;
	uint64_t start_time;
	int fds[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, hostile_comms[_i]);
		if (write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	start_time = process_start_time(pid);
	ck_assert_int_eq(process_sizes(pid, &vsz, &rss), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_uint_ge(start_time, process_start_time(getpid()));
	ck_assert_int_gt(rss, 4096);
	ck_assert_int_gt(vsz, rss);
	ck_assert_int_eq(rss % sysconf(_SC_PAGESIZE), 0);
	ck_assert_uint_eq(process_start_time(pid), 0);
	ck_assert_int_eq(process_sizes(pid, &vsz, &rss), -ENOENT);
}
END_TEST

/* Not yet waited for: its status can be read, as by one who is not its parent. */
START_TEST(a_zombie_tells_how_it_ended)
{
	static const struct {
		int signal, exit_status, result;
	} ends[] = {{SIGKILL, 0, 0}, {SIGUSR1, 0, 0}, {0, 137, 0}, {0, 3, 0}, {0, 0, -EACCES}};
	siginfo_t info;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			if (ends[i].signal)
				raise(ends[i].signal);
			_exit(ends[i].exit_status);
		}
		ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
		ck_assert_int_eq(process_zombie_status(pid, &status), ends[i].result);
		ck_assert_int_eq(status,
				 ends[i].signal ? ends[i].signal : ends[i].exit_status << 8);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(process_zombie_status(pid, &status), -ESRCH);
	}
	ck_assert_int_eq(process_zombie_status(getpid(), &(int){0}), -EINVAL);
}
END_TEST

static const struct {
	const char *status;
	pid_t number;
} statuses[] = {
	{"Name:\tx\nNSpid:\t4711\nNSpgid:\t4711\n", 4711},
	{"Name:\tx\nNSpid:\t4711\t23\t1\nNSpgid:\t4711\n", 1},
	{"Name:\tx NSpid:\t9\nPid:\t4711\n", 4711},
	{"Name:\tx\nNSpid:\t\nX:\t7\n", 4711},
	{"", 4711},
};

START_TEST(a_process_in_a_container_has_a_number_of_its_own)
{
	char proc[] = "/tmp/oomlab-check-launch-XXXXXX";
	_cleanup_free_ char *dir = NULL, *path = NULL;
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(proc));
	ck_assert_int_eq(process_pid_inside(proc, 4711), 4711);
	dir = text_format("%s/4711", proc);
	path = text_format("%s/status", dir);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fputs(statuses[_i].status, file);
	fclose(file);
	ck_assert_int_eq(process_pid_inside(proc, 4711), statuses[_i].number);
	ck_assert_int_eq(io_remove_tree(proc), 0);
	ck_assert_int_eq(process_pid_inside("/proc", getpid()), getpid());
}
END_TEST

/* The next descriptor that is free. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

START_TEST(a_path_that_is_too_long_leaves_nothing_open)
{
	static struct cg_home deep = {.version = 2};
	static struct cg cg;
	int fd = next_fd();

	for (size_t i = 0; i < sizeof(deep.parent) - 3; i += 2)
		memcpy(deep.parent + i, "/.", 3);
	ck_assert_int_eq(cg_name(&deep, &cg, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "too long"));
	ck_assert_int_eq(next_fd(), fd);
}
END_TEST

static TCase *process_case(void)
{
	TCase *tc = tcase_create("process");

	tcase_add_loop_test(tc, a_process_in_a_container_has_a_number_of_its_own, 0,
			    (int)ARRAY_SIZE(statuses));
	tcase_add_test(tc, a_zombie_tells_how_it_ended);
	tcase_add_test(tc, a_path_that_is_too_long_leaves_nothing_open);
	tcase_add_loop_test(tc, reads_processes_with_hostile_names, 0,
			    (int)ARRAY_SIZE(hostile_comms));
	return tc;
}

/* A cgroup of this test alone is the home, so that other tests may come and go beside it. */
static struct cg_home home;
static struct cg own;

static int make(struct cg *cg)
{
	int r = cg_name(&home, cg, &err);

	return r ? r : cg_create(&home, cg, &err);
}

static void enter_home(void)
{
	ck_assert_int_eq(cg_find_home(&home, &err), 0);
	ck_assert_int_eq(make(&own), 0);
	if (home.version == 2)
		ck_assert_int_eq(
			io_write_at(own.levels[0].dirfd, "cgroup.subtree_control", "+memory"), 0);
	snprintf(home.parent, sizeof(home.parent), "%s", own.path);
}

static void leave_home(void)
{
	ck_assert_int_eq(cg_destroy(&own, &err), 0);
}

START_TEST(cgroup_limits_are_read_back)
{
	const struct cgroup_limits asked = {.memory_max = BYTES(MIB(64) + 1)};
	struct cgroup_limits found;
	struct cg cg;

	ck_assert_int_eq(make(&cg), 0);
	ck_assert_int_eq(cg_limit(&cg, &asked, &err), 0);
	cg_read_limits(&cg, 0, &found);
	ck_assert_uint_eq(found.memory_max.bytes, MIB(64));
	ck_assert_int_eq(cg_limit(&cg, &(struct cgroup_limits){.memory_max = NO_LIMIT}, &err), 0);
	cg_read_limits(&cg, 0, &found);
	ck_assert(found.memory_max.is_max);
	ck_assert_int_eq(cg_population(&cg), 0);
	ck_assert_int_eq(cg_destroy(&cg, &err), 0);
	ck_assert_int_eq(cg_destroy(&cg, &err), 0);
}
END_TEST

/* A process in a cgroup below, as an oomlab that was killed inside an oomlab leaves it. */
START_TEST(cgroups_below_go_too)
{
	struct cg cg;
	int status;
	pid_t pid;

	ck_assert_int_eq(make(&cg), 0);
	ck_assert_int_eq(mkdirat(cg.levels[0].dirfd, "a", 0755), 0);
	ck_assert_int_eq(mkdirat(cg.levels[0].dirfd, "a/b", 0755), 0);
	pid = fork();
	if (pid == 0)
		_exit(io_write_at(cg.levels[0].dirfd, "a/b/cgroup.procs", "0") ? 1 : pause());
	while (cg_population(&cg) == 0 && waitpid(pid, NULL, WNOHANG) == 0)
		usleep(1000);
	ck_assert_int_eq(cg_population(&cg), 1);
	ck_assert_int_eq(cg_destroy(&cg, &err), 0);
	if (waitpid(pid, &status, 0) == pid)
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

START_TEST(only_cgroups_of_dead_launchers_are_cleared)
{
	_cleanup_free_ char *top = text_format("%s%s", home.mount, home.parent);
	_cleanup_close_ int fd = open(top, O_RDONLY | O_DIRECTORY);
	static const char *const kept[] = {"oomlab-4194305-1-mine", "oomlab-4194305", "oomlab-x"};
	_cleanup_close_ int freezers = home.version == 1 ? cg_open_freezer() : -1;
	struct cg living;
	int stuck;

	ck_assert_int_eq(make(&living), 0);
	/* Its sibling is gone already. */
	if (freezers >= 0)
		ck_assert_int_eq(mkdirat(freezers, "oomlab-4194305-2", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		ck_assert_int_eq(mkdirat(fd, kept[i], 0755), 0);
	ck_assert_int_eq(mkdirat(fd, "oomlab-4194305-1", 0755), 0);
	/* Freezers of others' killed launchers may stand beside. */
	ck_assert_int_ge(cg_clear_leftovers(&home, true, &stuck), 1 + (freezers >= 0));
	ck_assert_int_eq(faccessat(fd, "oomlab-4194305-1", F_OK, 0), 0);
	ck_assert_int_ge(cg_clear_leftovers(&home, false, &stuck), 1 + (freezers >= 0));
	ck_assert_int_eq(stuck, 0);
	if (freezers >= 0)
		ck_assert_int_eq(faccessat(freezers, "oomlab-4194305-2", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(fd, "oomlab-4194305-1", F_OK, 0), -1);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		ck_assert_int_eq(unlinkat(fd, kept[i], AT_REMOVEDIR), 0);
	ck_assert_int_eq(cg_destroy(&living, &err), 0);
}
END_TEST

static TCase *cgroup_case(void)
{
	TCase *tc = tcase_create("cgroup");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, enter_home, leave_home);
	if (cg_find_home(&home, &err) < 0) {
		suite_skip("3 tests with a cgroup", err.text);
		return tc;
	}
	tcase_add_test(tc, cgroup_limits_are_read_back);
	tcase_add_test(tc, cgroups_below_go_too);
	tcase_add_test(tc, only_cgroups_of_dead_launchers_are_cleared);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {target_case(), process_case(), cgroup_case()};

	return suite_run("launch", cases, ARRAY_SIZE(cases));
}
