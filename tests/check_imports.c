/*
 * check_imports.c - the names that calls of a program have for functions of other files, at this
 * program itself and at what can be made of it; and the names of programs that have several.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "run/run_nameless.h"
#include "scratch.h"
#include "suite.h"
#include "symbols/exec_name.h"
#include "symbols/imports.h"
#include "symbols/modules.h"

static struct strbuf self;

/* Not the compiler's own: both are called where they stand. */
char *__attribute__((noinline)) asks_the_environment(const char *name);
char *__attribute__((noinline)) asks_the_environment(const char *name)
{
	char *value = secure_getenv(name);

	return value ? value + 1 : NULL;
}

static void begin(void)
{
	_cleanup_free_ char *path = io_program_path();

	scratch_enter();
	self = (struct strbuf)STRBUF_INIT;
	ck_assert_int_eq(io_read_at(AT_FDCWD, path, 64 << 20, &self), 0);
}

static void finish(void)
{
	strbuf_release(&self);
	scratch_leave();
}

static int first_bias(struct dl_phdr_info *info, size_t size, void *to)
{
	(void)size;
	*(uint64_t *)to = info->dlpi_addr;
	return 1;
}

/* As the file's own headers count. */
static uint64_t own_address(void)
{
	uint64_t bias = 0;

	dl_iterate_phdr(first_bias, &bias);
	return (uint64_t)(uintptr_t)asks_the_environment - bias;
}

/* All that the first `len` bytes of the function call. */
static const char *called_near(const struct imports *imports, uint64_t address, uint64_t len)
{
	const char *found = NULL;

	for (uint64_t at = address; at < address + len; at++) {
		const char *name = imports_called(imports, at);

		if (name && !strcmp(name, "secure_getenv"))
			found = name;
	}
	return found;
}

START_TEST(a_call_has_the_name_of_what_it_calls)
{
	struct imports *imports = imports_open(self.buf, self.len);

	asks_the_environment("HOME");
	ck_assert_ptr_nonnull(imports);
	ck_assert_ptr_nonnull(called_near(imports, own_address(), 256));
	/* Where there is no call there is no name. */
	ck_assert_ptr_null(imports_called(imports, own_address() + 1));
	ck_assert_ptr_null(imports_called(imports, 0));
	ck_assert_ptr_null(imports_called(imports, 3));
	ck_assert_ptr_null(imports_called(imports, UINT64_MAX));
	imports_close(imports);
}
END_TEST

/* Of what is cut off nothing is read, of which the sanitizers take care. */
START_TEST(a_file_may_be_cut_anywhere)
{
	uint64_t address = own_address();

	for (size_t len = 0; len < self.len; len += len < 6000 ? 7 : 4099) {
		char *part = malloc(len + !len);
		struct imports *imports;

		ck_assert_ptr_nonnull(part);
		memcpy(part, self.buf, len);
		imports = imports_open(part, len);
		if (imports)
			called_near(imports, address, 128);
		imports_close(imports);
		free(part);
	}
}
END_TEST

/* Numbers in its headers and tables may be any. */
START_TEST(a_file_may_say_anything)
{
	static const unsigned char values[] = {0x00, 0x7f, 0x80, 0xff};
	uint64_t address = own_address();

	for (size_t at = 16; at < 4096 && at < self.len; at += 3)
		for (size_t i = 0; i < sizeof(values); i++) {
			char old[4];
			struct imports *imports;

			memcpy(old, self.buf + at, sizeof(old));
			memset(self.buf + at, values[i], sizeof(old));
			imports = imports_open(self.buf, self.len);
			if (imports)
				called_near(imports, address, 64);
			imports_close(imports);
			memcpy(self.buf + at, old, sizeof(old));
		}
}
END_TEST

/* A copy of the code of a program that is linked to its addresses, as some make one. */
START_TEST(a_copy_of_code_has_the_addresses_of_the_original)
{
	struct module module = {.is_elf = true, .is_fixed = true, .start = 0x400000};

	module.segments[0].vaddr = 0x2600000;
	module.segments[0].offset = 0x2200000;
	module.segments[0].size = 0x5000;
	module.segment_count = 1;
	ck_assert_uint_eq(module_bias(&module, 0x2600000, 0x2200000), 0);
	ck_assert_uint_eq(module_bias(&module, 0x7f0000001000, 0x2201000),
			  0x7f0000000000 - 0x2600000);
	/* Of what is no code of its own nothing is known. */
	ck_assert_uint_eq(module_bias(&module, 0x400000, 0), 0);
}
END_TEST

START_TEST(headers_may_say_anything)
{
	for (size_t at = 0; at < 0x400 && at < self.len; at += 2)
		for (int value = 0; value < 256; value += 85) {
			_cleanup_free_ char *path = text_format("%s/f", scratch_dir);
			struct modules modules = {0};
			_cleanup_close_ int fd =
				open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
			char old[2];

			memcpy(old, self.buf + at, sizeof(old));
			memset(self.buf + at, value, sizeof(old));
			ck_assert_int_eq(io_write_all(fd, self.buf, 0x600), 0);
			ck_assert_int_eq(modules_find(&modules, MODULES_ROOT_OWN, path), 0);
			ck_assert_uint_le(modules.items[0].segment_count, MODULE_SEGMENTS_MAX);
			module_bias(&modules.items[0], 0x1000, 0x1000);
			modules_release(&modules);
			memcpy(self.buf + at, old, sizeof(old));
		}
}
END_TEST

/* A process called so, with the arguments of this one: its own word for itself is no help. */
START_TEST(a_program_has_the_name_it_was_started_by)
{
	_cleanup_free_ char *program = text_format("%s/program", scratch_dir);
	_cleanup_free_ char *link = text_format("%s/other-name", scratch_dir);
	_cleanup_free_ char *long_link = text_format("%s/a-name-longer-than-15", scratch_dir);
	_cleanup_free_ char *found = NULL, *hinted = NULL;

	put_file("program", "x", 0755);
	put_file("unrelated", "x", 0755);
	ck_assert_int_eq(symlink("program", "other-name"), 0);
	ck_assert_int_eq(symlink("program", "a-name-longer-than-15"), 0);
	found = exec_name(getpid(), "other-name", program, NULL);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found, link);
	/* It is the file's, it is another file's, it is a script's, it is cut, it is no name. */
	ck_assert_ptr_null(exec_name(getpid(), "program", program, NULL));
	ck_assert_ptr_null(exec_name(getpid(), "unrelated", program, NULL));
	ck_assert_ptr_null(exec_name(getpid(), "build.sh", program, NULL));
	ck_assert_ptr_null(exec_name(getpid(), "a-name-longer-t", program, NULL));
	hinted = exec_name(getpid(), "a-name-longer-t", program, long_link);
	ck_assert_ptr_nonnull(hinted);
	ck_assert_str_eq(hinted, long_link);
	ck_assert_ptr_null(exec_name(getpid(), "a-name", program, long_link));
	ck_assert_ptr_null(exec_name(getpid(), "..", program, NULL));
	ck_assert_ptr_null(exec_name(getpid(), "", program, NULL));
	ck_assert_ptr_null(exec_name(getpid(), "other-name", "//anon", NULL));
	ck_assert_ptr_null(exec_name(getpid(), "other-name", "[vdso]", NULL));
}
END_TEST

/* Its first argument has the whole of a name that the kernel has cut, and a folder. */
START_TEST(the_first_argument_tells_the_rest)
{
	static char name[] = "in/a-name-longer-than-15", *argv[] = {name, NULL};
	_cleanup_free_ char *cat = realpath("/bin/cat", NULL);
	_cleanup_free_ char *found = NULL, *expected = NULL;
	int pipes[2];
	char comm[32] = "";
	pid_t child;

	ck_assert_int_eq(mkdir("in", 0755), 0);
	ck_assert_int_eq(symlink(cat, name), 0);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		dup2(pipes[0], 0);
		execv(name, argv);
		_exit(1);
	}
	/* It is called so when it has been executed. */
	while (strcmp(comm, "a-name-longer-t") != 0) {
		_cleanup_free_ char *path = text_format("/proc/%d/comm", (int)child);

		ck_assert_int_eq(io_read_line_at(AT_FDCWD, path, comm, sizeof(comm)), 0);
	}
	/* The kernel sets the name before the arguments. */
	while (!found)
		found = exec_name(child, comm, cat, NULL);
	expected = text_format("%s/in/a-name-longer-than-15", scratch_dir);
	close(pipes[0]);
	close(pipes[1]);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found, expected);
}
END_TEST

START_TEST(a_package_is_told_by_its_list)
{
	put_file("libc6:amd64.list", "/.\n/lib\n/lib/x86_64-linux-gnu/libc.so.6\n", 0644);
	put_file("libc6-dev:amd64.list", "/usr/lib/x86_64-linux-gnu/libc.so\n", 0644);
	ck_assert(run_nameless_is_of_package(".", "libc6", "/lib/x86_64-linux-gnu/libc.so.6"));
	ck_assert(run_nameless_is_of_package(".", "libc6", "/usr/lib/x86_64-linux-gnu/libc.so.6"));
	ck_assert(!run_nameless_is_of_package(".", "libc6", "/usr/lib/x86_64-linux-gnu/libc.so"));
	ck_assert(!run_nameless_is_of_package(".", "libc6", "/usr/lib/libc.so.6"));
	ck_assert(!run_nameless_is_of_package("none", "libc6", "/lib/x86_64-linux-gnu/libc.so.6"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("imports");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, begin, finish);
#if defined(__x86_64__)
	tcase_add_test(tc, a_call_has_the_name_of_what_it_calls);
#else
	suite_skip("calls", "their names are read on x86-64 alone");
#endif
	tcase_add_test(tc, a_file_may_be_cut_anywhere);
	tcase_add_test(tc, a_file_may_say_anything);
	tcase_add_test(tc, a_copy_of_code_has_the_addresses_of_the_original);
	tcase_add_test(tc, headers_may_say_anything);
	tcase_add_test(tc, a_program_has_the_name_it_was_started_by);
	tcase_add_test(tc, the_first_argument_tells_the_rest);
	tcase_add_test(tc, a_package_is_told_by_its_list);
	return suite_run("imports", (TCase *const[]){tc}, 1);
}
