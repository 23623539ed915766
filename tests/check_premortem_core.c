/*
 * check_premortem_core.c - the core file taken just before the limit. Needs no root and no gdb.
 */
#include "premortem_helpers.h"
#include "snapshot/premortem_core.h"
#include "suite.h"

/* The core file, by a gdb of this test's making. */

static struct folder here = FOLDER_INIT;

static void open_here(void)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(folder_open(&here, scratch_dir, &err), 0);
}

static void core_enter(void)
{
	scratch_enter();
	open_here();
	child = start_child();
	setenv("PATH", scratch_dir, 1);
}

static void core_leave(void)
{
	folder_close(&here);
	end_child(child);
	scratch_leave();
}

#define GDB(body) put_file("gdb", "#!/bin/sh\nPATH=/bin:/usr/bin\n" body, 0700)
/* Five bytes; the last argument is the command "gcore PATH". */
#define WRITES "for last; do :; done; printf 12345 >\"${last#gcore }\"\n"

static bool take_core(char *path, int64_t *bytes, char *why)
{
	*why = '\0';
	return premortem_core_write(child, &here, path, 256, bytes, why);
}

START_TEST(a_core_file_is_gdb_s)
{
	char path[256], why[256];
	int64_t bytes;

	GDB(WRITES);
	ck_assert_msg(take_core(path, &bytes, why), "%s", why);
	ck_assert_int_eq(bytes, 5);
	check_holds(path, "12345");
}
END_TEST

/* Of what was made for gdb nothing stays. */
static void check_left_alone(void)
{
	_cleanup_closedir_ DIR *dir = opendir(".");
	const struct dirent *entry;

	while ((entry = readdir(dir)))
		ck_assert_msg(!strstr(entry->d_name, "private"), "%s is left", entry->d_name);
}

START_TEST(no_core_file_has_a_reason)
{
	char path[256], why[256];
	int64_t bytes;

	ck_assert(!take_core(path, &bytes, why));
	ck_assert_str_eq(why, "gdb could not be run; install the package gdb");
	put_file("gdb", "#!/bin/sh\n", 0600);
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_str_eq(why, "gdb could not be run: Permission denied");
	GDB(WRITES "exit 9\n");
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "status 9"));
	ck_assert_int_ne(access(path, F_OK), 0);
	GDB("kill -6 $$\n");
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "status 134"));
	GDB("exit 0\n"); /* and wrote nothing */
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "wrote none"));
	check_left_alone();
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
	GDB(WRITES);
	ck_assert(!premortem_core_write(other, &here, path, sizeof(path), &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "at most are written here"));
	end_child(other);
	/* What is not to be dumped does not count. */
	ck_assert_int_eq(madvise(huge, (size_t)PREMORTEM_CORE_MAX, MADV_DONTDUMP), 0);
	other = start_child();
	ck_assert_msg(premortem_core_write(other, &here, path, sizeof(path), &bytes, why), "%s",
		      why);
	end_child(other);
	munmap(huge, (size_t)PREMORTEM_CORE_MAX);
}
END_TEST

/* The letter in /proc/PID/stat, once the child has reported a change. */
static void wait_for_stop(pid_t pid)
{
	siginfo_t info = {0};

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
	ck_assert_int_eq(info.si_code, CLD_STOPPED);
}

static bool is_stopped(pid_t pid)
{
	siginfo_t info = {0};

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == pid;
}

START_TEST(who_was_stopped_before_stays_so)
{
	_cleanup_close_ int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *procs = NULL;
	pid_t other = start_child();
	struct stopped stopped;

	procs = text_format("%d\n0\njunk\n-1\n%d\n%d\n", child, 1 << 22, other);
	put_file("cgroup.procs", procs, 0600);
	ck_assert_int_eq(kill(other, SIGSTOP), 0);
	wait_for_stop(other);
	premortem_core_stop_all(dir, &stopped);
	ck_assert_uint_eq(stopped.count, 1);
	ck_assert_int_eq(stopped.pids[0], child);
	wait_for_stop(child);
	premortem_core_continue(&stopped);
	ck_assert_uint_eq(stopped.count, 0);
	ck_assert(!is_stopped(child));
	ck_assert(is_stopped(other));
	end_child(other);
}
END_TEST

START_TEST(a_cgroup_that_has_gone_stops_nobody)
{
	_cleanup_close_ int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stopped stopped;

	premortem_core_stop_all(dir, &stopped);
	ck_assert_uint_eq(stopped.count, 0);
	premortem_core_continue(&stopped);
}
END_TEST

START_TEST(a_folder_that_has_gone_holds_no_core_file)
{
	_cleanup_(folder_close) struct folder gone = FOLDER_INIT;
	char path[256], why[256] = "";
	struct err err = ERR_INIT;
	int64_t bytes;

	GDB(WRITES);
	ck_assert_int_eq(mkdir("gone", 0700), 0);
	ck_assert_int_eq(folder_open(&gone, "gone", &err), 0);
	ck_assert_int_eq(rmdir("gone"), 0);
	ck_assert(!premortem_core_write(child, &gone, path, sizeof(path), &bytes, why));
	ck_assert_str_eq(why, "no folder for gdb: No such file or directory");
	ck_assert(!premortem_core_write(child, &here, path, strlen(scratch_dir), &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "too long a name"));
}
END_TEST

/* gdb opens a path; what stands at it in the run's folder may be another's doing. */
START_TEST(a_planted_core_file_is_not_written_through)
{
	_cleanup_(folder_close) struct folder planted = FOLDER_INIT;
	_cleanup_free_ char *name = text_format("a b/core.%d", child);
	char path[256], why[256] = "";
	struct err err = ERR_INIT;
	struct stat st;
	int64_t bytes;

	GDB(WRITES);
	put_file("victim", "untouched", 0600);
	ck_assert_int_eq(mkdir("a b", 0700), 0);
	ck_assert_int_eq(symlink("../victim", name), 0);
	ck_assert_int_eq(folder_open(&planted, "a b", &err), 0);
	ck_assert_msg(premortem_core_write(child, &planted, path, sizeof(path), &bytes, why), "%s",
		      why);
	check_holds("victim", "untouched");
	ck_assert_str_eq(path, name);
	check_holds(path, "12345");
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	ck_assert_msg(premortem_core_write(child, &planted, path, sizeof(path), &bytes, why), "%s",
		      why);
	check_holds(path, "12345");
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(mkdir(name, 0700), 0);
	ck_assert(!premortem_core_write(child, &planted, path, sizeof(path), &bytes, why));
	ck_assert_str_eq(why, "it cannot be put into its place: Is a directory");
	ck_assert_int_eq(rmdir(name), 0);
	ck_assert_int_eq(rmdir("a b"), 0);
	ck_assert_int_ne(stat("a b", &st), 0);
}
END_TEST

/* As a part of the look: stopped for gdb, and going on afterwards. */

static void taking_enter(void)
{
	cgroup_enter();
	open_here();
	setenv("PATH", scratch_dir, 1);
	config.core_dir = &here;
	arm();
}

static void taking_leave(void)
{
	folder_close(&here);
	cgroup_leave();
}

START_TEST(the_look_tells_of_the_core_file)
{
	GDB(WRITES);
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!is_stopped(child));
	check_holds("cgroup.freeze", "0\n");
	load();
	ck_assert_int_eq(record.premortem->core_bytes, 5);
	ck_assert_ptr_nonnull(strstr(record.premortem->core, "/core."));
	ck_assert_ptr_null(record.premortem->core_why);
	check_holds(record.premortem->core, "12345");
}
END_TEST

START_TEST(the_look_tells_why_there_is_no_core_file)
{
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	ck_assert(!is_stopped(child));
	load();
	ck_assert(premortem_was_taken(&record));
	ck_assert_ptr_null(record.premortem->core);
	ck_assert_ptr_nonnull(strstr(record.premortem->core_why, "install the package gdb"));
}
END_TEST

static TCase *takings(void)
{
	TCase *t = tcase_create("taking");

	tcase_add_checked_fixture(t, taking_enter, taking_leave);
	tcase_add_test(t, the_look_tells_of_the_core_file);
	tcase_add_test(t, the_look_tells_why_there_is_no_core_file);
	return t;
}

static TCase *cores(void)
{
	TCase *t = tcase_create("core");

	tcase_add_checked_fixture(t, core_enter, core_leave);
	tcase_add_test(t, a_core_file_is_gdb_s);
	tcase_add_test(t, no_core_file_has_a_reason);
	tcase_add_test(t, a_core_file_beyond_the_bound_is_not_begun);
	tcase_add_test(t, who_was_stopped_before_stays_so);
	tcase_add_test(t, a_cgroup_that_has_gone_stops_nobody);
	tcase_add_test(t, a_folder_that_has_gone_holds_no_core_file);
	tcase_add_test(t, a_planted_core_file_is_not_written_through);
	return t;
}

int main(void)
{
	TCase *const cases[] = {cores(), takings()};

	return suite_run("premortem_core", cases, ARRAY_SIZE(cases));
}
