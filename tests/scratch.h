/*
 * scratch.h - a fresh folder for each test, which is the current one while the test runs.
 *
 *	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
 */
#ifndef OOMLAB_TESTS_SCRATCH_H
#define OOMLAB_TESTS_SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"

static char scratch_dir[] = "/tmp/oomlab-check-XXXXXX";
static inline void scratch_enter(void)
{
	memset(scratch_dir + strlen(scratch_dir) - 6, 'X', 6);
	ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
	ck_assert_int_eq(chdir(scratch_dir), 0);
}

static inline void scratch_leave(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(io_remove_tree(scratch_dir), 0);
}

static inline void put_file(const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(io_write_all(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
}

static inline void check_holds(const char *name, const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	ck_assert_int_eq(io_read_at(AT_FDCWD, name, 4096, &sb), 0);
	ck_assert_str_eq(sb.buf, text);
}

#endif
