/*
 * check_folders.c - where reports go and scenarios are found, whatever they are called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "run/run_dir.h"
#include "scratch.h"
#include "spec/scenarios.h"
#include "suite.h"

static struct err err;

static const struct {
	const char *name, *begins;
} run_names[] = {
	{"memset-2g", "r/memset-2g-2"}, {"/usr/bin/true", "r/true-2"}, {"../x", "r/x-2"},
	{"..", "r/command-2"},		{"bin/", "r/command-2"},       {"", "r/command-2"},
	{"-rf", "r/command-2"},		{".hidden", "r/command-2"},    {"a b\nc", "r/a_b_c-2"},
	{"\x1b[31m\xff", "r/__31m_-2"}, {"$(x);'\"", "r/__x____-2"},
};

START_TEST(run_folders_have_tame_names)
{
	_cleanup_(folder_close) struct folder made = FOLDER_INIT, again = FOLDER_INIT;

	ck_assert_int_eq(run_dir_make("r", run_names[_i].name, &made, &err), 0);
	ck_assert_int_eq(run_dir_make("r", run_names[_i].name, &again, &err), 0);
	ck_assert(text_starts_with(made.path, run_names[_i].begins));
	ck_assert(!strchr(made.path + 2, '/'));
	ck_assert_str_ne(made.path, again.path);
}
END_TEST

START_TEST(run_folders_are_short)
{
	char name[5000];
	_cleanup_(folder_close) struct folder made = FOLDER_INIT;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(run_dir_make("r", name, &made, &err), 0);
	ck_assert_uint_lt(strlen(made.path), 120);
}
END_TEST

START_TEST(run_folders_need_a_place)
{
	struct folder made = FOLDER_INIT;

	put_file("file", "", 0644);
	ck_assert_int_eq(run_dir_make("file/r", "x", &made, &err), -1);
	ck_assert_int_eq(err.status, EXIT_LAB_BROKEN);
	ck_assert_str_eq(err.text, "cannot make a folder in 'file/r': Not a directory; choose "
				   "another with --reports");
	ck_assert_int_eq(run_dir_make("file", "x", &made, &err), -1);
	ck_assert_int_eq(run_dir_make("", "x", &made, &err), -1);
	ck_assert_int_eq(run_dir_make("/proc/none", "x", &made, &err), -1);
}
END_TEST

static time_t stopped_clock;

/* In place of libc's: run folders are named by the second. */
time_t time(time_t *to)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (stopped_clock)
		now.tv_sec = stopped_clock;
	if (to)
		*to = now.tv_sec;
	return now.tv_sec;
}

/* In memory where that is there: so many folders take half a minute on a disk. */
START_TEST(no_name_is_left_for_a_run_folder)
{
	char reports[] = "/dev/shm/oomlab-check-XXXXXX", path[100], *end;
	struct folder made = FOLDER_INIT;

	if (!mkdtemp(reports))
		ck_assert_ptr_nonnull(mkdtemp(memcpy(reports, "r-XXXXXX", 9)));
	stopped_clock = 1;
	end = path +
	      snprintf(path, sizeof(path), "%s/x-19700101T000001Z-%d", reports, (int)getpid());
	for (int i = 1; i <= 10000; i++) {
		if (i > 1)
			snprintf(end, 10, "-%d", i);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	ck_assert_int_eq(run_dir_make(reports, "x", &made, &err), -1);
	ck_assert_int_eq(io_remove_tree(reports), 0);
	ck_assert_ptr_nonnull(strstr(err.text, ": File exists; choose another with --reports"));
}
END_TEST

START_TEST(latest_points_at_the_newest)
{
	char to[64] = "";

	ck_assert_int_eq(mkdir("r", 0755), 0);
	run_dir_point_latest("r", "r/one");
	run_dir_point_latest("r", "r/two");
	ck_assert_int_eq(readlink("r/latest", to, sizeof(to) - 1), 3);
	ck_assert_str_eq(to, "two");
	ck_assert_int_eq(unlink("r/latest"), 0);
	ck_assert_int_eq(mkdir("r/latest", 0755), 0);
	run_dir_point_latest("r", "r/three");
	ck_assert_int_eq(rmdir("r/latest"), 0);
	ck_assert_int_eq(rmdir("r"), 0);
}
END_TEST

START_TEST(scenario_names_are_no_paths)
{
	static const char *const names[] = {"../x", "a/b", "", "x y", "x\n", "X", ".", "x;y"};
	_cleanup_free_ char *found = NULL;

	put_file("x", "", 0755);
	put_file("y", "", 0644);
	setenv("OOMLAB_SCENARIOS", scratch_dir, 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ck_assert_ptr_null(scenarios_find(names[i], &err));
		ck_assert_ptr_nonnull(strstr(err.text, "is no scenario name"));
	}
	ck_assert_ptr_null(scenarios_find("y", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "there is no scenario 'y' in"));
	found = scenarios_find("x", &err);
	ck_assert_ptr_nonnull(found);
	ck_assert(text_ends_with(found, "/x"));
}
END_TEST

static TCase *folders_case(void)
{
	TCase *tc = tcase_create("folders");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_loop_test(tc, run_folders_have_tame_names, 0, (int)ARRAY_SIZE(run_names));
	tcase_add_test(tc, run_folders_are_short);
	tcase_add_test(tc, run_folders_need_a_place);
	tcase_add_test(tc, no_name_is_left_for_a_run_folder);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, latest_points_at_the_newest);
	tcase_add_test(tc, scenario_names_are_no_paths);
	return tc;
}

int main(void)
{
	return suite_run("folders", (TCase *const[]){folders_case()}, 1);
}
