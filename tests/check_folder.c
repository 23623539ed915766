/*
 * check_folder.c - files in a folder that may be another's: whatever was planted at a name is
 * neither written through nor waited for.
 */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "scratch.h"
#include "suite.h"

static struct folder folder;
static struct err err;

static void enter(void)
{
	scratch_enter();
	err = (struct err)ERR_INIT;
	put_file("victim", "untouched", 0600);
	ck_assert_int_eq(mkdir("in", 0700), 0);
	ck_assert_int_eq(folder_open(&folder, "in", &err), 0);
}

static void leave(void)
{
	check_holds("victim", "untouched");
	folder_close(&folder);
	ck_assert_int_eq(folder.fd, -1);
	scratch_leave();
}

static int plant_link(const char *at)
{
	return symlink("../victim", at);
}

static int plant_dangling(const char *at)
{
	return symlink("../new", at);
}

static int plant_loop(const char *at)
{
	return symlink("file", at);
}

static int plant_device(const char *at)
{
	return symlink("/dev/zero", at);
}

static int plant_pipe(const char *at)
{
	return mkfifo(at, 0600);
}

static int plant_name(const char *at)
{
	return link("victim", at);
}

static const struct {
	int (*plant)(const char *at);
	const char *read_says; /* NULL: it is read */
} plants[] = {
	{plant_link, "cannot read 'in/file': it is no file but a symbolic link"},
	{plant_dangling, "cannot read 'in/file': it is no file but a symbolic link"},
	{plant_loop, "cannot read 'in/file': it is no file but a symbolic link"},
	{plant_device, "cannot read 'in/file': it is no file but a pipe, socket or device"},
	{plant_pipe, "cannot read 'in/file': it is no file but a pipe, socket or device"},
	{plant_name, NULL},
};

static int count_in(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	int count = -2;

	while (readdir(dir))
		count++;
	return count;
}

START_TEST(what_is_planted_is_not_written_through)
{
	struct stat st;
	int fd;

	ck_assert_int_eq(plants[_i].plant("in/file"), 0);
	ck_assert_int_eq(folder_write(&folder, "file", "text", 4, &err), 0);
	check_holds("in/file", "text");
	ck_assert_int_eq(unlink("in/file"), 0);
	ck_assert_int_eq(plants[_i].plant("in/file"), 0);
	fd = folder_create(&folder, "file", &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "by and ", 7), 7);
	ck_assert_int_eq(write(fd, "by", 2), 2);
	ck_assert_int_eq(close(fd), 0);
	check_holds("in/file", "by and by");
	ck_assert_int_eq(lstat("in/file", &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(count_in("in"), 1);
	ck_assert_int_ne(access("new", F_OK), 0);
}
END_TEST

START_TEST(what_is_planted_is_not_read)
{
	_cleanup_close_ int fd = -1;

	ck_assert_int_eq(plants[_i].plant("in/file"), 0);
	fd = folder_read(&folder, "file", &err);
	ck_assert_int_eq(fd < 0, plants[_i].read_says != NULL);
	ck_assert_str_eq(err.text, plants[_i].read_says ? plants[_i].read_says : "");
	if (fd >= 0)
		ck_assert_int_eq(lseek(fd, 0, SEEK_END), 9);
}
END_TEST

/* Whoever looks before sees no file, or the older one of that name. */
START_TEST(a_file_is_seen_once_it_is_shown)
{
	char hidden[FOLDER_NAME_MAX];
	_cleanup_close_ int fd = folder_create_hidden(&folder, "file", hidden, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(hidden[0], '.');
	ck_assert_int_eq(write(fd, "begun", 5), 5);
	ck_assert_int_eq(folder_read(&folder, "file", &err), -1);
	ck_assert_int_eq(folder_show(&folder, hidden, "file", &err), 0);
	ck_assert_int_eq(write(fd, ", done", 6), 6);
	check_holds("in/file", "begun, done");
	ck_assert_int_eq(count_in("in"), 1);
}
END_TEST

START_TEST(a_folder_at_the_name_is_an_error)
{
	ck_assert_int_eq(mkdir("in/file", 0700), 0);
	ck_assert_int_eq(folder_write(&folder, "file", "text", 4, &err), -1);
	ck_assert_str_eq(err.text, "cannot write 'in/file': Is a directory");
	ck_assert_int_eq(err.status, EXIT_LAB_BROKEN);
	ck_assert_int_eq(folder_create(&folder, "file", &err), -1);
	ck_assert_str_eq(err.text, "cannot write 'in/file': Is a directory");
	ck_assert_int_eq(folder_read(&folder, "file", &err), -1);
	ck_assert_str_eq(err.text, "cannot read 'in/file': it is no file but a folder");
	ck_assert_int_eq(count_in("in"), 1);
}
END_TEST

/* What was opened is what is written in, whatever has its name by then. */
START_TEST(a_folder_that_is_replaced_changes_nothing)
{
	ck_assert_int_eq(mkdir("other", 0700), 0);
	ck_assert_int_eq(rename("in", "moved"), 0);
	ck_assert_int_eq(symlink("other", "in"), 0);
	ck_assert_int_eq(folder_write(&folder, "file", "text", 4, &err), 0);
	check_holds("moved/file", "text");
	ck_assert_int_eq(count_in("other"), 0);
}
END_TEST

START_TEST(a_place_that_takes_no_file_says_so)
{
	struct folder full;

	ck_assert_int_eq(folder_open(&full, "/proc/self", &err), 0);
	ck_assert_int_eq(folder_write(&full, "file", "text", 4, &err), -1);
	ck_assert(text_starts_with(err.text, "cannot write '/proc/self/file': "));
	folder_close(&full);
}
END_TEST

/* Names in the folder besides that one. */
static int count_others(const char *name)
{
	_cleanup_closedir_ DIR *dir = opendir("in");
	struct dirent *entry;
	int others = 0;

	while ((entry = readdir(dir)))
		others += *entry->d_name == '.' ? entry->d_name[1] && entry->d_name[1] != '.'
						: strcmp(entry->d_name, name) != 0;
	return others;
}

START_TEST(a_writer_that_is_killed_leaves_nothing)
{
	const size_t len = 64 << 20;
	_cleanup_free_ char *data = xcalloc(1, len);
	_cleanup_close_ int unnamed = open("in", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (unnamed < 0)
		return; /* this file system has none */
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(folder_write(&folder, "file", data, len, &err) ? 1 : 0);
		poll(NULL, 0, 2 + 3 * i);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		ck_assert_int_eq(count_others("file"), 0);
	}
}
END_TEST

START_TEST(a_private_folder_is_this_user_s_alone)
{
	char name[FOLDER_NAME_MAX];
	struct stat st;
	mode_t old = umask(0);
	_cleanup_close_ int fd = folder_make_private(&folder, name);

	umask(old);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstatat(folder.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(unlinkat(folder.fd, name, AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(folder.fd, ".", AT_REMOVEDIR), -1);
}
END_TEST

/* Root's file, which another has linked into a folder of his own. */
START_TEST(another_name_of_somebody_else_s_file_is_not_read)
{
	ck_assert_int_eq(chown("in", 4711, 4711), 0);
	ck_assert_int_eq(plant_name("in/file"), 0);
	ck_assert_int_eq(folder_read(&folder, "file", &err), -1);
	ck_assert_str_eq(err.text,
			 "cannot read 'in/file': it is a file of uid 0 that has more than "
			 "one name, and the folder is another's");
}
END_TEST

START_TEST(a_path_is_no_folder)
{
	struct folder none;

	ck_assert_int_eq(folder_open(&none, "victim", &err), -1);
	ck_assert_str_eq(err.text, "cannot open the folder 'victim': Not a directory");
	ck_assert_int_eq(none.fd, -1);
	folder_close(&none);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("folder");

	tcase_add_checked_fixture(tc, enter, leave);
	tcase_add_loop_test(tc, what_is_planted_is_not_written_through, 0, (int)ARRAY_SIZE(plants));
	tcase_add_loop_test(tc, what_is_planted_is_not_read, 0, (int)ARRAY_SIZE(plants));
	tcase_add_test(tc, a_file_is_seen_once_it_is_shown);
	tcase_add_test(tc, a_folder_at_the_name_is_an_error);
	tcase_add_test(tc, a_folder_that_is_replaced_changes_nothing);
	tcase_add_test(tc, a_place_that_takes_no_file_says_so);
	tcase_add_test(tc, a_private_folder_is_this_user_s_alone);
	tcase_add_test(tc, a_writer_that_is_killed_leaves_nothing);
	tcase_add_test(tc, a_path_is_no_folder);
	if (suite_is_root("another_name_of_somebody_else_s_file_is_not_read"))
		tcase_add_test(tc, another_name_of_somebody_else_s_file_is_not_read);
	return suite_run("folder", (TCase *const[]){tc}, 1);
}
