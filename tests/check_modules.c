/*
 * check_modules.c - files of code below another root: found there and nowhere else, kept open, and
 * never waited for.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "scratch.h"
#include "suite.h"
#include "symbols/modules.h"
#include "symbols/symbols.h"

static struct modules modules;
static int root;

/* root/: program (this one), out -> its path here, fifo, text, in -> /program. */
static void begin(void)
{
	_cleanup_free_ char *self = io_program_path();
	_cleanup_strbuf_ struct strbuf data = STRBUF_INIT;
	_cleanup_close_ int fd = -1;

	scratch_enter();
	ck_assert_int_eq(mkdir("root", 0755), 0);
	ck_assert_int_eq(io_read_at(AT_FDCWD, self, 64 << 20, &data), 0);
	fd = open("root/program", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_eq(io_write_all(fd, data.buf, data.len), 0);
	ck_assert_int_eq(symlink(self, "root/out"), 0);
	ck_assert_int_eq(symlink("/program", "root/in"), 0);
	ck_assert_int_eq(mkfifo("root/fifo", 0600), 0);
	put_file("root/text", "no program", 0644);
	root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void finish(void)
{
	symbols_use_files(NULL);
	modules_release(&modules);
	close(root);
	scratch_leave();
}

static const struct module *find(const char *path)
{
	int number = modules_find(&modules, root, path);

	ck_assert_int_ge(number, 0);
	return &modules.items[number];
}

START_TEST(a_file_below_the_root_is_kept_open)
{
	ck_assert(find("/program")->is_elf);
	ck_assert_int_ge(find("/program")->file, 0);
	ck_assert(find("/in")->is_elf);
	ck_assert_int_eq((int)modules.count, 2);
}
END_TEST

START_TEST(no_link_leads_out_of_the_root)
{
	static const char *const paths[] = {
		"/out", "/../../../proc/self/exe", "/none", "relative", "/fifo", "/text", ""};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		ck_assert_msg(!find(paths[i])->is_elf, "%s", paths[i]);
		ck_assert_int_eq(find(paths[i])->file, -1);
	}
}
END_TEST

START_TEST(a_fifo_is_not_waited_for_here_either)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0), *path = text_format("%s/root/fifo", cwd);
	int number = modules_find(&modules, MODULES_ROOT_OWN, path);

	ck_assert_int_ge(number, 0);
	ck_assert(!modules.items[number].is_elf);
}
END_TEST

/* Gone by its path, but not from the table: its functions are still told. */
START_TEST(symbols_come_from_the_files_that_stand_open)
{
	const struct module *module = find("/program");
	_cleanup_free_ char *self = io_program_path();
	struct symbols *symbols;

	ck_assert_int_eq(unlink("root/program"), 0);
	symbols_use_files(&modules);
	symbols = symbols_open_file("/program");
	ck_assert_ptr_nonnull(symbols);
	ck_assert(module->is_elf);
	symbols_close(symbols);
	ck_assert_ptr_null(symbols_open_file(self));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("modules");

	tcase_add_checked_fixture(tc, begin, finish);
	tcase_add_test(tc, a_file_below_the_root_is_kept_open);
	tcase_add_test(tc, no_link_leads_out_of_the_root);
	tcase_add_test(tc, a_fifo_is_not_waited_for_here_either);
	tcase_add_test(tc, symbols_come_from_the_files_that_stand_open);
	return suite_run("modules", (TCase *const[]){tc}, 1);
}
