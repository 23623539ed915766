/*
 * check_sysctl.c - settings of the whole kernel: planned, applied, saved, put back; state files
 * that nobody should trust. Plain files stand in for the settings.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "launch/process.h"
#include "launch/sysctl.h"
#include "scratch.h"
#include "suite.h"

static struct err err;

START_TEST(plans_what_the_spec_asks)
{
	struct sysctl_set set;
	struct spec spec;

	spec_init(&spec);
	sysctl_plan(&spec, &set);
	ck_assert_uint_eq(set.count, 0);
	spec.overcommit_memory = 2;
	spec.overcommit_ratio = 100;
	spec.thp = "madvise";
	sysctl_plan(&spec, &set);
	ck_assert_uint_eq(set.count, 3);
	ck_assert_str_eq(set.changes[0].path, "/proc/sys/vm/overcommit_ratio");
	ck_assert_str_eq(set.changes[0].value, "100");
	ck_assert_str_eq(set.changes[1].path, "/proc/sys/vm/overcommit_memory");
	ck_assert_str_eq(set.changes[1].value, "2");
	ck_assert_str_eq(set.changes[2].path, "/sys/kernel/mm/transparent_hugepage/enabled");
	ck_assert_str_eq(set.changes[2].value, "madvise");
}
END_TEST

static const struct {
	const char *text, *word;
} settings[] = {
	{"[always] madvise never\n", "always"},
	{"always [madvise] never\n", "madvise"},
	{"always madvise [never]\n", "never"},
	{"1\n", "1"},
	{"", ""},
	{"broken [bracket\n", "broken [bracket"},
	{"[]\n", ""},
};

START_TEST(reads_a_setting)
{
	char value[32];

	put_file("setting", settings[_i].text, 0644);
	ck_assert_int_eq(sysctl_read("setting", value, sizeof(value)), 0);
	ck_assert_str_eq(value, settings[_i].word);
	ck_assert_int_eq(sysctl_read("none", value, sizeof(value)), -ENOENT);
}
END_TEST

/* Plain files stand in for settings. */
static struct sysctl_set two_settings(void)
{
	struct sysctl_set set = {
		.changes = {{.path = "a", .value = "1"}, {.path = "b", .value = "2"}},
		.count = 2,
	};

	put_file("a", "5", 0644);
	put_file("b", "6", 0644);
	return set;
}

START_TEST(applies_saves_and_puts_back)
{
	struct sysctl_set set = two_settings();

	ck_assert_int_eq(sysctl_apply(&set, "state/deep", &err), 0);
	check_holds("a", "1");
	check_holds("b", "2");
	check_holds(set.state_path, "b 6\na 5\n");
	sysctl_restore(&set);
	check_holds("a", "5");
	check_holds("b", "6");
	ck_assert_ptr_null(set.state_path);
	ck_assert_int_eq(rmdir("state/deep"), 0);
	sysctl_restore(&set);
}
END_TEST

START_TEST(a_setting_that_does_not_hold_undoes_the_rest)
{
	struct sysctl_set set = two_settings();

	set.changes[1].path = "/dev/full";
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	set = two_settings();
	ck_assert_int_eq(unlink("b"), 0);
	ck_assert_int_eq(symlink("/dev/null", "b"), 0);
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	ck_assert_str_eq(err.text, "b is '' after setting it to '2'");
	check_holds("a", "5");
	ck_assert_int_eq(rmdir("state"), 0);
}
END_TEST

START_TEST(what_cannot_be_put_back_stays_known)
{
	struct sysctl_set set = two_settings();
	_cleanup_free_ char *state = NULL;

	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	state = xstrdup(set.state_path);
	ck_assert_int_eq(unlink("b"), 0);
	sysctl_restore(&set);
	check_holds("a", "5");
	check_holds(state, "b 6\na 5\n");
}
END_TEST

START_TEST(leftovers_are_no_licence_to_write)
{
	static const char *const lines[] = {
		"victim 1\n",
		"./victim 1\n",
		"/proc/sys/vm/overcommit_memory/../../../../victim 1\n",
		"/proc/sys/vm/overcommit_ratio\n",
		"/proc/sys/vm/overcommit_memory_x 1\n",
		" /proc/sys/vm/overcommit_memory 1\n",
		"/proc/sys/kernel/core_pattern |x\n",
	};
	int stuck;

	put_file("victim", "untouched", 0644);
	ck_assert_int_eq(mkdir("state", 0755), 0);
	put_file("state/sysctl-4194305-1", lines[_i], 0644);
	ck_assert_int_eq(sysctl_restore_leftovers("state", false, &stuck), 1);
	ck_assert_int_eq(stuck, 1);
	check_holds("victim", "untouched");
	check_holds("state/sysctl-4194305-1", lines[_i]);
}
END_TEST

START_TEST(leftovers_are_of_the_dead_alone)
{
	_cleanup_free_ char *own = text_format("state/sysctl-%d-%" PRIu64, (int)getpid(),
					       process_start_time(getpid()));
	int stuck;

	ck_assert_int_eq(sysctl_restore_leftovers("none", false, &stuck), 0);
	ck_assert_int_eq(mkdir("state", 0755), 0);
	put_file(own, "", 0644);
	put_file("state/sysctl-1", "", 0644);
	put_file("state/sysctl-4194305-1.bak", "", 0644);
	put_file("state/other", "", 0644);
	ck_assert_int_eq(sysctl_restore_leftovers("state", false, &stuck), 0);
	put_file("state/sysctl-4194305-1", "", 0644);
	ck_assert_int_eq(sysctl_restore_leftovers("state", true, &stuck), 1);
	ck_assert_int_eq(access("state/sysctl-4194305-1", F_OK), 0);
	ck_assert_int_eq(sysctl_restore_leftovers("state", false, &stuck), 1);
	ck_assert_int_eq(stuck, 0);
	ck_assert_int_eq(access("state/sysctl-4194305-1", F_OK), -1);
	ck_assert_int_eq(access(own, F_OK), 0);
	put_file("elsewhere", "", 0644);
	ck_assert_int_eq(symlink("../elsewhere", "state/sysctl-4194306-1"), 0);
	ck_assert_int_eq(sysctl_restore_leftovers("state", false, &stuck), 1);
	ck_assert_int_eq(stuck, 1);
	ck_assert_int_eq(access("elsewhere", F_OK), 0);
}
END_TEST

START_TEST(a_state_file_is_never_followed)
{
	struct sysctl_set set = two_settings();
	_cleanup_free_ char *own = text_format("state/sysctl-%d-%" PRIu64, (int)getpid(),
					       process_start_time(getpid()));

	put_file("victim", "untouched", 0644);
	ck_assert_int_eq(mkdir("state", 0755), 0);
	ck_assert_int_eq(symlink("../victim", own), 0);
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	sysctl_restore(&set);
	check_holds("victim", "untouched");
	check_holds("a", "5");
	ck_assert_int_eq(access(own, F_OK), 0);
}
END_TEST

static TCase *sysctl_case(void)
{
	TCase *tc = tcase_create("sysctl");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, plans_what_the_spec_asks);
	tcase_add_loop_test(tc, reads_a_setting, 0, (int)ARRAY_SIZE(settings));
	tcase_add_test(tc, applies_saves_and_puts_back);
	tcase_add_test(tc, a_setting_that_does_not_hold_undoes_the_rest);
	tcase_add_test(tc, what_cannot_be_put_back_stays_known);
	tcase_add_loop_test(tc, leftovers_are_no_licence_to_write, 0, 7);
	tcase_add_test(tc, leftovers_are_of_the_dead_alone);
	tcase_add_test(tc, a_state_file_is_never_followed);
	return tc;
}

int main(void)
{
	return suite_run("sysctl", (TCase *const[]){sysctl_case()}, 1);
}
