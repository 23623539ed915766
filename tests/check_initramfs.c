/*
 * check_initramfs.c - the archive is read back: paths, links, nodes, contents; a dynamic program
 * travels with its interpreter and libraries; hostile names survive; what cannot be packed is said.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/initramfs.h"
#include "suite.h"

static char dir[] = "/tmp/oomlab-check-initramfs-XXXXXX";
static int fd;
static struct initramfs *fs;
static struct err err;

static void setup(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = memfd_create("initramfs", MFD_CLOEXEC);
	err = (struct err)ERR_INIT;
	fs = initramfs_new(fd, &err);
	ck_assert_ptr_nonnull(fs);
}

static void teardown(void)
{
	initramfs_free(fs);
	close(fd);
	ck_assert_int_eq(io_remove_tree(dir), 0);
}

static char *in_dir(const char *name)
{
	return text_format("%s/%s", dir, name);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(io_write_all(file, text, strlen(text)), 0);
	close(file);
}

/* What the finished archive says about a path. */
struct packed {
	int count; /* entries of this name */
	mode_t mode;
	dev_t dev;
	char link[4096], data[4096];
	ssize_t size;
};

static void note(struct packed *p, struct archive *a, struct archive_entry *e)
{
	const char *link = archive_entry_symlink(e);

	p->count++;
	p->mode = archive_entry_mode(e);
	p->dev = archive_entry_rdev(e);
	p->size = archive_entry_size(e);
	snprintf(p->link, sizeof(p->link), "%s", link ? link : "");
	archive_read_data(a, p->data, sizeof(p->data) - 1);
}

static struct packed packed(const char *path)
{
	struct archive *a = archive_read_new();
	struct packed p = {0};
	struct archive_entry *e;

	lseek(fd, 0, SEEK_SET);
	archive_read_support_format_cpio(a);
	ck_assert_int_eq(archive_read_open_fd(a, fd, 65536), ARCHIVE_OK);
	while (archive_read_next_header(a, &e) == ARCHIVE_OK)
		if (strcmp(archive_entry_pathname(e), path + 1) == 0)
			note(&p, a, e);
	archive_read_free(a);
	return p;
}

static void finish(void)
{
	ck_assert_msg(initramfs_finish(fs, &err) == 0, "%s", err.text);
}

#define OK(call) ck_assert_msg((call) == 0, "%s", err.text)

START_TEST(data_nodes_and_parents)
{
	OK(initramfs_node(fs, "/dev/console", S_IFCHR | 0600, makedev(5, 1), &err));
	OK(initramfs_data(fs, "/a/b/c", 0640, "hello", 5, &err));
	OK(initramfs_dir(fs, "/a/d", &err));
	finish();
	ck_assert_uint_eq(packed("/dev/console").mode, S_IFCHR | 0600);
	ck_assert_uint_eq(packed("/dev/console").dev, makedev(5, 1));
	ck_assert_str_eq(packed("/a/b/c").data, "hello");
	ck_assert_uint_eq(packed("/a/b/c").mode, S_IFREG | 0640);
	ck_assert_uint_eq(packed("/a").mode, S_IFDIR | 0755);
	ck_assert_int_eq(packed("/a").count, 1);
	ck_assert_uint_eq(packed("/a/d").mode, S_IFDIR | 0755);
}
END_TEST

START_TEST(the_kernels_own_format)
{
	char magic[6];

	OK(initramfs_data(fs, "/x", 0644, "", 0, &err));
	finish();
	ck_assert_int_eq(pread(fd, magic, sizeof(magic), 0), sizeof(magic));
	ck_assert_mem_eq(magic, "070701", sizeof(magic));
}
END_TEST

START_TEST(a_file_keeps_its_path_and_mode)
{
	_cleanup_free_ char *path = in_dir("tool");

	put(path, "text", 0755);
	OK(initramfs_file(fs, path, &err));
	OK(initramfs_file(fs, path, &err));
	finish();
	ck_assert_int_eq(packed(path).count, 1);
	ck_assert_uint_eq(packed(path).mode & 0111, 0111);
	ck_assert_str_eq(packed(path).data, "text");
}
END_TEST

START_TEST(names_are_bytes)
{
	_cleanup_free_ char *path = in_dir("a b\n'\"$(x)\\ \xff) => etc (0x1)");

	put(path, "text", 0644);
	OK(initramfs_file(fs, path, &err));
	finish();
	ck_assert_str_eq(packed(path).data, "text");
}
END_TEST

START_TEST(links_on_the_way_are_kept)
{
	_cleanup_free_ char *real = in_dir("real"), *file = in_dir("real/file");
	_cleanup_free_ char *link = in_dir("link"), *other = in_dir("link/../second");
	_cleanup_free_ char *second = in_dir("second"), *asked = in_dir("second/.//file");

	ck_assert_int_eq(mkdir(real, 0755), 0);
	put(file, "text", 0644);
	ck_assert_int_eq(symlink("real", link), 0);
	ck_assert_int_eq(symlink(link, second), 0);
	OK(initramfs_file(fs, asked, &err));
	finish();
	ck_assert_str_eq(packed(second).link, link);
	ck_assert_str_eq(packed(link).link, "real");
	ck_assert_str_eq(packed(file).data, "text");
	ck_assert_int_eq(packed(asked).count, 0);
	ck_assert_int_eq(access(other, F_OK), 0);
}
END_TEST

START_TEST(a_loop_of_links_ends)
{
	_cleanup_free_ char *a = in_dir("a"), *b = in_dir("b");

	ck_assert_int_eq(symlink(b, a), 0);
	ck_assert_int_eq(symlink(a, b), 0);
	ck_assert_int_eq(initramfs_file(fs, a, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, strerror(ELOOP)));
}
END_TEST

START_TEST(a_folder_goes_with_all_in_it)
{
	_cleanup_free_ char *sub = in_dir("tree"), *deep = in_dir("tree/sub");
	_cleanup_free_ char *file = in_dir("tree/sub/file");

	ck_assert_int_eq(mkdir(sub, 0755), 0);
	ck_assert_int_eq(mkdir(deep, 0755), 0);
	put(file, "text", 0644);
	OK(initramfs_file(fs, sub, &err));
	finish();
	ck_assert_str_eq(packed(file).data, "text");
}
END_TEST

/* To itself, the folder, one above and nowhere: each is packed as a link, and nothing twice. */
START_TEST(links_of_a_folder_make_no_loop)
{
	static const char *const links[][2] = {{"tree/sub/up", ".."},	 {"tree/self", "self"},
					       {"tree/here", "."},	 {"tree/above", ".."},
					       {"tree/none", "no/such"}, {"tree/to", "sub/file"}};
	_cleanup_free_ char *tree = in_dir("tree"), *sub = in_dir("tree/sub");
	_cleanup_free_ char *file = in_dir("tree/sub/file"), *twice = in_dir("tree/here/sub/file");
	_cleanup_free_ char *beside = in_dir("beside");

	ck_assert_int_eq(mkdir(tree, 0755), 0);
	ck_assert_int_eq(mkdir(sub, 0755), 0);
	put(file, "text", 0644);
	put(beside, "not requested", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		_cleanup_free_ char *link = in_dir(links[i][0]);

		ck_assert_int_eq(symlink(links[i][1], link), 0);
	}
	OK(initramfs_file(fs, tree, &err));
	finish();
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		_cleanup_free_ char *link = in_dir(links[i][0]);

		ck_assert_str_eq(packed(link).link, links[i][1]);
	}
	ck_assert_int_eq(packed(file).count, 1);
	ck_assert_str_eq(packed(file).data, "text");
	ck_assert_int_eq(packed(twice).count, 0);
	ck_assert_int_eq(packed(beside).count, 0);
}
END_TEST

/* What the kernel says of memory is longer than its size of 0. */
START_TEST(a_file_that_is_read_is_as_long_as_it_was)
{
	static const char shorter[] = "/sys/kernel/uevent_seqnum"; /* a page, by its size */

	OK(initramfs_copy(fs, "/x", "/proc/meminfo", &err));
	if (access(shorter, R_OK) == 0) {
		ck_assert_int_eq(initramfs_copy(fs, "/y", shorter, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "of its 4096 bytes only"));
		return;
	}
	finish();
	ck_assert_int_eq(packed("/x").size, 0);
}
END_TEST

START_TEST(what_cannot_be_packed_is_said)
{
	_cleanup_free_ char *none = in_dir("none"), *fifo = in_dir("fifo");

	ck_assert_int_eq(initramfs_file(fs, none, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, none));
	ck_assert_int_eq(mkfifo(fifo, 0644), 0);
	ck_assert_int_eq(initramfs_file(fs, fifo, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not a regular file"));
}
END_TEST

START_TEST(a_dynamic_program_takes_what_it_loads)
{
	char self[4096] = "";
	struct packed libc;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	OK(initramfs_program(fs, self, &err));
	finish();
	ck_assert_int_eq(packed(self).count, 1);
#if defined(__x86_64__) && defined(__GLIBC__)
	_cleanup_free_ char *loader = realpath("/lib64/ld-linux-x86-64.so.2", NULL);
	_cleanup_free_ char *real = realpath("/lib/x86_64-linux-gnu/libc.so.6", NULL);

	ck_assert_int_eq(packed(loader).count, 1);
	libc = packed(real ? real : "/lib64/libc.so.6");
	ck_assert_int_eq(libc.count, 1);
	ck_assert_int_gt(libc.size, 100000);
#else
	(void)libc;
#endif
}
END_TEST

/* A program names its loader, and the lab would start it here. */
START_TEST(a_loader_of_the_programs_own_is_not_started)
{
	static const char own[] = "/proc/self/cwd/x";
	_cleanup_strbuf_ struct strbuf image = STRBUF_INIT;
	_cleanup_free_ char *program = in_dir("program"), *loader = in_dir("x");
	char *at;
	int file;

	ck_assert_int_eq(io_read_at(AT_FDCWD, "/proc/self/exe", (size_t)64 << 20, &image), 0);
	at = memmem(image.buf, image.len, "/lib", 4);
	ck_assert_msg(at && strlen(at) >= strlen(own), "the first is PT_INTERP");
	memcpy(at, own, sizeof(own));
	file = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_eq(io_write_all(file, image.buf, image.len), 0);
	close(file);
	put(loader, "#!/bin/sh\n: >started\n", 0755);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(initramfs_program(fs, program, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "names a loader that is in no folder of the system: "
					       "'/proc/self/cwd/x'"));
	ck_assert_int_eq(access("started", F_OK), -1);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(a_script_takes_its_interpreter)
{
	_cleanup_free_ char *script = in_dir("script"), *shell = realpath("/bin/sh", NULL);

	put(script, "#! /bin/sh -e\nexit 0\n", 0755);
	OK(initramfs_program(fs, script, &err));
	finish();
	ck_assert_int_eq(packed(script).count, 1);
	ck_assert_int_eq(packed(shell).count, 1);
}
END_TEST

START_TEST(env_in_a_script_takes_what_path_finds)
{
	_cleanup_free_ char *script = in_dir("script"), *tool = in_dir("tool-of-path");

	put(script, "#!/usr/bin/env tool-of-path\n", 0755);
	put(tool, "#!/bin/sh\n", 0755);
	setenv("PATH", dir, 1);
	OK(initramfs_program(fs, script, &err));
	finish();
	ck_assert_int_eq(packed(tool).count, 1);
	ck_assert_int_eq(packed("/usr/bin/env").count, 1);
}
END_TEST

START_TEST(scripts_that_lead_in_circles_end)
{
	_cleanup_free_ char *script = in_dir("script"), *line = text_format("#!%s\n", script);

	put(script, line, 0755);
	ck_assert_int_eq(initramfs_program(fs, script, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "interpreter"));
}
END_TEST

START_TEST(what_is_no_program_is_said)
{
	_cleanup_free_ char *text = in_dir("text"), *cut = in_dir("cut");

	put(text, "hello", 0755);
	ck_assert_int_eq(initramfs_program(fs, text, &err), -1);
	ck_assert_int_eq(err.status, EXIT_NOT_EXEC);
	put(cut, "\177ELF", 0755);
	ck_assert_int_eq(initramfs_program(fs, cut, &err), -1);
	ck_assert_int_eq(err.status, EXIT_NOT_EXEC);
}
END_TEST

/* An ELF header whose program headers lie anywhere: an error or a program, never a crash. */
START_TEST(a_damaged_header_is_harmless)
{
	_cleanup_free_ char *path = in_dir("damaged");
	char head[4096] = "";
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(pread(self, head, sizeof(head), 0), sizeof(head));
	close(self);
	for (size_t at = 16; at < 64 + 56; at++) {
		char damaged[sizeof(head)];
		int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

		memcpy(damaged, head, sizeof(head));
		damaged[at] = (char)0xff;
		ck_assert_int_eq(io_write_all(file, damaged, sizeof(damaged)), 0);
		close(file);
		if (initramfs_program(fs, path, &err) < 0)
			ck_assert_str_ne(err.text, "");
	}
}
END_TEST

int main(void)
{
	TCase *archive = tcase_create("archive");

	tcase_add_checked_fixture(archive, setup, teardown);
	tcase_add_test(archive, data_nodes_and_parents);
	tcase_add_test(archive, the_kernels_own_format);
	tcase_add_test(archive, a_file_keeps_its_path_and_mode);
	tcase_add_test(archive, names_are_bytes);
	tcase_add_test(archive, links_on_the_way_are_kept);
	tcase_add_test(archive, a_loop_of_links_ends);
	tcase_add_test(archive, a_folder_goes_with_all_in_it);
	tcase_add_test(archive, links_of_a_folder_make_no_loop);
	tcase_add_test(archive, a_file_that_is_read_is_as_long_as_it_was);
	tcase_add_test(archive, what_cannot_be_packed_is_said);
	tcase_add_test(archive, a_dynamic_program_takes_what_it_loads);
	tcase_add_test(archive, a_loader_of_the_programs_own_is_not_started);
	tcase_add_test(archive, a_script_takes_its_interpreter);
	tcase_add_test(archive, env_in_a_script_takes_what_path_finds);
	tcase_add_test(archive, scripts_that_lead_in_circles_end);
	tcase_add_test(archive, what_is_no_program_is_said);
	tcase_add_test(archive, a_damaged_header_is_harmless);
	return suite_run("initramfs", &archive, 1);
}
