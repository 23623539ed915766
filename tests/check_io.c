/*
 * check_io.c - small files, whole reads and writes, folders made and removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "suite.h"

static char dir[] = "/tmp/oomlab-check-io-XXXXXX";
static int dirfd_;

static void setup(void)
{
	memset(dir + strlen(dir) - 6, 'X', 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dirfd_, 0);
}

static void teardown(void)
{
	close(dirfd_);
	ck_assert_int_eq(io_remove_tree(dir), 0);
	ck_assert_int_eq(access(dir, F_OK), -1);
}

static void put(const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(io_write_all(fd, text, strlen(text)), 0);
}

START_TEST(reads_up_to_the_limit_or_says_so)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	put("a", "12345");
	ck_assert_int_eq(io_read_at(dirfd_, "a", 5, &sb), 0);
	ck_assert_str_eq(sb.buf, "12345");
	ck_assert_int_eq(io_read_at(dirfd_, "a", 4, &sb), -EFBIG);
	ck_assert_int_eq(io_read_at(dirfd_, "none", 4, &sb), -ENOENT);
	ck_assert_int_eq(io_read_at(dirfd_, ".", 4, &sb), -EISDIR);
}
END_TEST

START_TEST(reads_one_line)
{
	char line[8];

	put("a", "one\ntwo");
	ck_assert_int_eq(io_read_line_at(dirfd_, "a", line, sizeof(line)), 0);
	ck_assert_str_eq(line, "one");
	put("a", "");
	ck_assert_int_eq(io_read_line_at(dirfd_, "a", line, sizeof(line)), 0);
	ck_assert_str_eq(line, "");
	put("a", "12345678");
	ck_assert_int_eq(io_read_line_at(dirfd_, "a", line, sizeof(line)), -EFBIG);
}
END_TEST

static const struct {
	const char *text;
	int status;
	int64_t value;
} numbers[] = {
	{"0\n", 0, 0},
	{"-5\n", 0, -5},
	{"max\n", 0, INT64_MAX},
	{"9223372036854771712\n", 0, INT64_C(9223372036854771712)},
	{"9223372036854775808\n", -EINVAL, 0},
	{"", -EINVAL, 0},
	{"\n", -EINVAL, 0},
	{"maximum", -EINVAL, 0},
	{"12 kB", -EINVAL, 0},
};

START_TEST(reads_a_number)
{
	int64_t value = 42;

	put("n", numbers[_i].text);
	ck_assert_int_eq(io_read_number_at(dirfd_, "n", &value), numbers[_i].status);
	if (!numbers[_i].status)
		ck_assert_int_eq(value, numbers[_i].value);
}
END_TEST

START_TEST(finds_a_keyed_number)
{
	const char *stat = "anon 12\nfile_mapped 3\nfile 7\nlast 9";

	ck_assert_int_eq(io_keyed_number(stat, "anon"), 12);
	ck_assert_int_eq(io_keyed_number(stat, "file"), 7);
	ck_assert_int_eq(io_keyed_number(stat, "last"), 9);
	ck_assert_int_eq(io_keyed_number(stat, "non"), -1);
	ck_assert_int_eq(io_keyed_number(stat, "12"), -1);
	ck_assert_int_eq(io_keyed_number("", "anon"), -1);
}
END_TEST

START_TEST(writes_only_into_what_is_there)
{
	char line[16];

	ck_assert_int_eq(io_write_at(dirfd_, "none", "x"), -ENOENT);
	put("a", "old");
	ck_assert_int_eq(io_write_at(dirfd_, "a", "new"), 0);
	ck_assert_int_eq(io_read_line_at(dirfd_, "a", line, sizeof(line)), 0);
	ck_assert_str_eq(line, "new");
	ck_assert_int_eq(io_write_at(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}
END_TEST

START_TEST(writes_all_through_a_narrow_pipe)
{
	char data[300000] = "", back[4096];
	size_t got = 0;
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	if (fork() == 0) {
		close(fds[0]);
		_exit(io_write_all(fds[1], data, sizeof(data)) ? 1 : 0);
	}
	close(fds[1]);
	while ((n = read(fds[0], back, sizeof(back))) > 0)
		got += (size_t)n;
	ck_assert_uint_eq(got, sizeof(data));
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(io_write_all(open("/dev/full", O_WRONLY), data, 1), -ENOSPC);
	ck_assert_int_eq(io_write_all(-1, data, 1), -EBADF);
	ck_assert_int_eq(io_write_all(-1, data, 0), 0);
}
END_TEST

START_TEST(makes_folders_on_the_way)
{
	_cleanup_free_ char *deep = text_format("%s/a/b//c/", dir);
	_cleanup_free_ char *through = text_format("%s/file/d", dir);
	_cleanup_free_ char *file = text_format("%s/file", dir);

	ck_assert_int_eq(io_make_dirs(deep), 0);
	ck_assert_int_eq(io_make_dirs(deep), 0);
	ck_assert_int_eq(access(deep, X_OK), 0);
	put("file", "");
	ck_assert_int_eq(io_make_dirs(through), -ENOTDIR);
	ck_assert_int_eq(io_make_dirs(file), -ENOTDIR);
	ck_assert_int_eq(io_make_dirs(""), -ENOENT);
	ck_assert_int_eq(io_make_dirs("/"), 0);
}
END_TEST

START_TEST(removes_links_not_what_they_show)
{
	_cleanup_free_ char *tree = text_format("%s/tree", dir);
	_cleanup_free_ char *deep = text_format("%s/tree/x/y/z", dir);
	_cleanup_free_ char *link = text_format("%s/link", dir);

	put("kept", "text");
	ck_assert_int_eq(mkdirat(dirfd_, "kept-dir", 0777), 0);
	put("kept-dir/file", "text");
	ck_assert_int_eq(io_make_dirs(deep), 0);
	ck_assert_int_eq(symlinkat("../kept", dirfd_, "tree/file-link"), 0);
	ck_assert_int_eq(symlinkat("../../kept-dir", dirfd_, "tree/x/dir-link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", dirfd_, "tree/dangling"), 0);
	ck_assert_int_eq(io_remove_tree(tree), 0);
	ck_assert_int_eq(faccessat(dirfd_, "tree", F_OK, 0), -1);
	ck_assert_int_eq(symlinkat("kept-dir", dirfd_, "link"), 0);
	ck_assert_int_eq(io_remove_tree(link), 0);
	ck_assert_int_eq(faccessat(dirfd_, "link", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	ck_assert_int_eq(faccessat(dirfd_, "kept", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(dirfd_, "kept-dir/file", F_OK, 0), 0);
	ck_assert_int_eq(io_remove_tree(tree), -ENOENT);
}
END_TEST

START_TEST(knows_its_own_program)
{
	_cleanup_free_ char *path = io_program_path(), *folder = io_program_dir();

	ck_assert(text_ends_with(path, "/check_io") ||
		  text_ends_with(path, "/memcheck-amd64-linux"));
	ck_assert(text_starts_with(path, folder) && !text_ends_with(folder, "/"));
	ck_assert(io_is_executable(path) && !io_is_executable(folder));
	ck_assert(!io_is_executable("/etc/passwd") && !io_is_executable("/none"));
	ck_assert_int_ge(io_now_ns(), 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("io");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reads_up_to_the_limit_or_says_so);
	tcase_add_test(tc, reads_one_line);
	tcase_add_loop_test(tc, reads_a_number, 0, (int)ARRAY_SIZE(numbers));
	tcase_add_test(tc, finds_a_keyed_number);
	tcase_add_test(tc, writes_only_into_what_is_there);
	tcase_add_test(tc, writes_all_through_a_narrow_pipe);
	tcase_add_test(tc, makes_folders_on_the_way);
	tcase_add_test(tc, removes_links_not_what_they_show);
	tcase_add_test(tc, knows_its_own_program);
	return suite_run("io", (TCase *const[]){tc}, 1);
}
