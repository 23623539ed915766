/*
 * check_sysctl_state.c - a folder and files of saved settings that nobody should trust: planted,
 * forged, cut, of another user, of an earlier boot. Nothing is written for any of them.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "suite.h"
#include "sysctl_helpers.h"

static void leave(const char *boot, const char *setting)
{
	_cleanup_free_ char *text =
		text_format("oomlab settings 1\nboot %s\n%send\n", boot, setting);

	put_file(SAVED, text, 0644);
}

static void leave_now(const char *setting)
{
	char boot[64];

	ck_assert_int_eq(io_read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, 64), 0);
	leave(boot, setting);
}

static void check_untrusted(const char *why)
{
	struct sysctl_set set = plan(2, 80);
	struct sysctl_findings f;

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(sysctl_apply(&set, "state", &err), -1);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(sysctl_examine("state", "root", true, &f, &err), -1);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	check_host("0", "50");
	set = plan(2, 80);
	ck_assert_int_eq(sysctl_restore(&set, &err), 0);
}

static const char *const not_settings[] = {
	"victim 0 1\n",
	"/victim 0 1\n",
	MODE "/../../../../victim 0 1\n",
	SHARE "\n",
	MODE " 0\n",
	MODE "_x 0 1\n",
	" " MODE " 0 1\n",
	MODE " 0 1 2\n",
	MODE " 0  1\n",
	MODE " |x 1\n",
	MODE " 0 1\n" MODE " 1 2\n",
	SHARE " 50 80\n" KILOBYTES " 9 0\n",
	MODE " 0123456789012345678901234567890123456789 1\n",
	"/proc/sys/kernel/core_pattern core x\n",
	"end\n",
};

START_TEST(what_is_saved_is_no_licence_to_write)
{
	put_file("root/victim", "untouched", 0644);
	put_file("victim", "untouched", 0644);
	leave_now(not_settings[_i]);
	check_untrusted("'state/sysctl.saved', for kernel-wide settings, is not to be trusted: it "
			"is not as oomlab writes it");
	check_holds("root/victim", "untouched");
	check_holds("victim", "untouched");
	ck_assert_int_eq(access(SAVED, F_OK), 0);
}
END_TEST

START_TEST(what_is_cut_is_not_believed)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	leave_now(MODE " 1 2\n");
	ck_assert_int_eq(io_read_at(AT_FDCWD, SAVED, 4096, &text), 0);
	for (size_t len = 0; len < text.len; len++) {
		_cleanup_free_ char *cut = xstrndup(text.buf, len);

		put_file(SAVED, cut, 0644);
		check_untrusted("it is not as oomlab writes it");
	}
	put_file(SAVED, text.buf, 0644);
	examine(true);
	check_holds("root" MODE, "1");
}
END_TEST

/* The kernel has forgotten what was set before it started. */
START_TEST(of_an_earlier_boot_nothing_is_put_back)
{
	leave("00000000-0000-0000-0000-000000000000", MODE " 1 2\n");
	ck_assert_uint_eq(examine(true).count, 0);
	check_host("0", "50");
}
END_TEST

START_TEST(a_planted_file_is_refused)
{
	static const char *const names[] = {SAVED, "state/sysctl.lock"};
	const char *name = names[_i % 2];

	put_file("victim", "untouched", 0644);
	if (_i / 2 == 0)
		ck_assert_int_eq(symlink("../victim", name), 0);
	else if (_i / 2 == 1)
		ck_assert_int_eq(mkfifo(name, 0644), 0);
	else if (_i / 2 == 2)
		ck_assert_int_eq(mkdir(name, 0755), 0);
	else if (_i / 2 == 3)
		ck_assert_int_eq(link("victim", name), 0);
	else
		put_file(name, "", 0666);
	check_untrusted(_i / 2 < 3   ? "it is no plain file"
			: _i / 2 < 4 ? "it has a second name"
				     : "others may write to it");
	check_holds("victim", "untouched");
}
END_TEST

START_TEST(a_planted_folder_is_refused)
{
	ck_assert_int_eq(rmdir("state"), 0);
	ck_assert_int_eq(mkdir("other", 0755), 0);
	if (_i == 0)
		ck_assert_int_eq(symlink("other", "state"), 0);
	else if (_i == 1)
		put_file("state", "", 0644);
	else if (_i == 2)
		ck_assert_int_eq(mkfifo("state", 0644), 0);
	else
		ck_assert_int_eq(mkdir("state", 0755) || chmod("state", 01777), 0);
	check_untrusted(_i < 3 ? "'state', for kernel-wide settings, is not to be trusted: it is "
				 "no folder"
			       : "others may write to it");
	ck_assert_int_eq(rmdir("other"), 0);
}
END_TEST

START_TEST(another_users_is_refused)
{
	if (_i == 0) {
		ck_assert_int_eq(chown("state", 65534, 65534), 0);
	} else {
		leave_now(MODE " 1 2\n");
		ck_assert_int_eq(chown(SAVED, 65534, 65534), 0);
	}
	check_untrusted("it belongs to another user");
}
END_TEST

static TCase *state_case(void)
{
	TCase *tc = tcase_create("sysctl_state");

	tcase_add_checked_fixture(tc, scratch_host, scratch_leave);
	tcase_add_loop_test(tc, what_is_saved_is_no_licence_to_write, 0,
			    (int)ARRAY_SIZE(not_settings));
	tcase_add_test(tc, what_is_cut_is_not_believed);
	tcase_add_test(tc, of_an_earlier_boot_nothing_is_put_back);
	tcase_add_loop_test(tc, a_planted_file_is_refused, 0, 10);
	tcase_add_loop_test(tc, a_planted_folder_is_refused, 0, 4);
	if (suite_is_root("another_users_is_refused"))
		tcase_add_loop_test(tc, another_users_is_refused, 0, 2);
	return tc;
}

int main(void)
{
	return suite_run("sysctl_state", (TCase *const[]){state_case()}, 1);
}
