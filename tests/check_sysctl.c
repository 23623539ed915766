/*
 * check_sysctl.c - settings of the whole kernel: planned, applied, saved, put back by whoever comes
 * after a launcher that was killed. Plain files below "root" stand in for the settings;
 * it_vm_sysctl.sh sets a real kernel's, check_sysctl_state.c plants what nobody should trust.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "suite.h"
#include "sysctl_helpers.h"

START_TEST(plans_what_the_spec_asks)
{
	struct sysctl_set set;
	struct spec spec;

	spec_init(&spec);
	sysctl_plan(&spec, &set);
	ck_assert_uint_eq(set.count, 0);
	spec.overcommit_memory = 2;
	spec.overcommit_ratio = 100;
	spec.thp = THP_MADVISE;
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

enum { KILLS = 100, HOLD_MS = 60000 };

static void turn_into(const char *path, const char *target)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(target, path), 0);
}

/* A launcher that has the settings and waits to be killed. */
static pid_t start_holder(int mode, int share)
{
	char byte = 'y';
	int done[2];
	pid_t pid;

	ck_assert_int_eq(pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		struct sysctl_set set = plan(mode, share);

		close(done[0]);
		if (sysctl_apply(&set, "state", &err) < 0 || write(done[1], &byte, 1) != 1)
			_exit(1);
		poll(NULL, 0, HOLD_MS);
		_exit(1);
	}
	close(done[1]);
	ck_assert_int_eq(read(done[0], &byte, 1), 1);
	close(done[0]);
	return pid;
}

static void end_with(pid_t pid, int expected)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, expected);
}

static void end_by_force(pid_t pid)
{
	kill(pid, SIGKILL);
	end_with(pid, SIGKILL);
}

START_TEST(applies_saves_and_puts_back)
{
	struct sysctl_set set = plan(2, 80);

	ck_assert_int_eq(sysctl_apply(&set, "deep/state", &err), 0);
	check_host("2", "80");
	ck_assert_int_eq(access("deep/state/sysctl.saved", F_OK), 0);
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_host("0", "50");
	ck_assert_int_eq(rmdir("deep/state"), 0); /* nothing is in it */
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
}
END_TEST

START_TEST(a_guest_saves_nothing)
{
	struct sysctl_set set = plan(2, 80);

	ck_assert_int_eq(sysctl_apply(&set, NULL, &err), 0);
	check_host("2", "80");
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_host("0", "50");
	ck_assert_int_eq(rmdir("state"), 0);
}
END_TEST

/* As the kernel does: the ratio reads 0 beside kilobytes, and setting one clears the other. */
START_TEST(kilobytes_are_what_is_put_back)
{
	struct sysctl_set set = plan(2, 80);

	put_file("root" KILOBYTES, "9", 0644);
	put_file("root" SHARE, "00", 0644);
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	check_host("2", "80");
	put_file("root" KILOBYTES, "0", 0644);
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_holds("root" KILOBYTES, "9");
	check_host("0", "80");
}
END_TEST

START_TEST(a_setting_that_does_not_hold_undoes_the_rest)
{
	struct sysctl_set set = plan(2, 80);

	turn_into("root" MODE, "/dev/null");
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, MODE " is '' after setting it to '2'"));
	check_holds("root" SHARE, "50");
	ck_assert_int_eq(unlink("root" MODE), 0);
	set = plan(2, 80);
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	check_holds("root" SHARE, "50");
}
END_TEST

START_TEST(what_cannot_be_put_back_stays_known)
{
	struct sysctl_set set = plan(2, 80);
	struct sysctl_findings f;

	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	turn_into("root" MODE, "/dev/full");
	ck_assert_int_eq(sysctl_restore(&set, &err), -1);
	ck_assert_ptr_nonnull(
		strstr(err.text, "cannot put back what the kernel was set to: " MODE));
	ck_assert_ptr_null(strstr(err.text, SHARE));
	check_holds("root" SHARE, "50");
	f = examine(true);
	ck_assert_uint_eq(f.count, 1);
	ck_assert_int_ne(f.items[0].cause, 0);
	ck_assert_str_eq(f.items[0].saved.old, "0");
	ck_assert_int_eq(unlink("root" MODE), 0);
	put_file("root" MODE, "2", 0644);
	set = plan(1, 90); /* takes the older value over, not the 2 */
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	check_host("1", "90");
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_host("0", "50");
	ck_assert_uint_eq(examine(false).count, 0);
}
END_TEST

START_TEST(a_value_the_kernel_does_not_keep_is_no_success)
{
	struct sysctl_set set = plan(2, 80);
	struct sysctl_findings f;

	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	turn_into("root" MODE, "/dev/null");
	ck_assert_int_eq(sysctl_restore(&set, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, MODE " is '' and was '0';"));
	f = examine(true);
	ck_assert_uint_eq(f.count, 1);
	ck_assert_int_eq(f.items[0].cause, EIO);
}
END_TEST

START_TEST(two_at_once_are_refused)
{
	pid_t holder = start_holder(2, 80);
	_cleanup_free_ char *who = text_format("a run of process %d has set them", (int)holder);
	struct sysctl_set set = plan(1, 70);
	struct sysctl_findings f;

	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	ck_assert_msg(strstr(err.text, who) != NULL, "%s", err.text);
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_host("2", "80");
	f = examine(true); /* not while it runs */
	ck_assert_int_eq(f.holder, holder);
	ck_assert_uint_eq(f.count, 2);
	check_host("2", "80");
	end_by_force(holder);
	f = examine(false);
	ck_assert_int_eq(f.holder, 0);
	ck_assert_uint_eq(f.count, 2);
	set = plan(1, 70); /* the lock went with it */
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	check_host("1", "70");
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_host("0", "50");
}
END_TEST

/* Children of a launcher outlive it: they have no part in its lock. */
START_TEST(a_lock_is_not_inherited)
{
	struct sysctl_set set = plan(2, 80);
	int alive[2];
	pid_t holder;

	ck_assert_int_eq(pipe(alive), 0);
	holder = fork();
	if (holder == 0) {
		char byte;

		close(alive[1]);
		if (sysctl_apply(&set, "state", &err) < 0)
			_exit(1);
		if (fork() == 0)
			_exit((int)read(alive[0], &byte, 1)); /* until the test ends */
		_exit(0);
	}
	end_with(holder, 0);
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), 0);
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
	check_host("0", "50");
}
END_TEST

START_TEST(the_oldest_value_wins)
{
	static const int modes[] = {1, 2, 1};
	struct sysctl_findings f;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		end_by_force(start_holder(modes[i], 60 + (int)i));
	check_host("1", "62");
	f = examine(false);
	ck_assert_uint_eq(f.count, 2);
	for (size_t i = 0; i < f.count; i++)
		ck_assert_str_eq(f.items[i].saved.old,
				 strcmp(f.items[i].saved.path, MODE) ? "50" : "0");
	check_host("1", "62");
	f = examine(true);
	ck_assert_uint_eq(f.count, 2);
	check_host("0", "50");
	ck_assert_uint_eq(examine(true).count, 0);
	ck_assert_int_eq(rmdir("state"), 0);
}
END_TEST

/* A launcher that does nothing but change settings and put them back, killed at any instant. */
START_TEST(killed_at_any_instant)
{
	for (int i = 0; i < KILLS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				struct sysctl_set set = plan(1 + i % 2, 60 + i % 10);

				if (sysctl_apply(&set, "state", &err) < 0 ||
				    sysctl_restore(&set, &err) < 0)
					_exit(1);
			}
		}
		usleep((useconds_t)(rand() % 3000));
		ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
		end_by_force(pid);
		examine(false); /* what is there is whole */
		if (i % 5 == 4) {
			examine(true);
			check_host("0", "50");
		}
	}
	ck_assert_uint_eq(examine(false).count, 0);
}
END_TEST

static TCase *sysctl_case(void)
{
	TCase *tc = tcase_create("sysctl");

	tcase_add_checked_fixture(tc, scratch_host, scratch_leave);
	tcase_add_test(tc, plans_what_the_spec_asks);
	tcase_add_loop_test(tc, reads_a_setting, 0, (int)ARRAY_SIZE(settings));
	tcase_add_test(tc, applies_saves_and_puts_back);
	tcase_add_test(tc, a_guest_saves_nothing);
	tcase_add_test(tc, kilobytes_are_what_is_put_back);
	tcase_add_test(tc, a_setting_that_does_not_hold_undoes_the_rest);
	tcase_add_test(tc, what_cannot_be_put_back_stays_known);
	tcase_add_test(tc, a_value_the_kernel_does_not_keep_is_no_success);
	tcase_add_test(tc, two_at_once_are_refused);
	tcase_add_test(tc, a_lock_is_not_inherited);
	tcase_add_test(tc, the_oldest_value_wins);
	tcase_add_test(tc, killed_at_any_instant);
	return tc;
}

int main(void)
{
	return suite_run("sysctl", (TCase *const[]){sysctl_case()}, 1);
}
