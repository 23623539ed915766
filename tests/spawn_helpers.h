/*
 * spawn_helpers.h - a shell that is started and read, in a folder of its own; after each test
 * neither a process nor a descriptor is left.
 */
#ifndef OOMLAB_TESTS_SPAWN_HELPERS_H
#define OOMLAB_TESTS_SPAWN_HELPERS_H

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "scratch.h"
#include "suite.h"

#define LATE (60 * SPAWN_SECOND)

static int fds_before;
static struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
static int status;

static inline int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static inline void enter(void)
{
	scratch_enter();
	fds_before = count_fds();
}

/* Neither a process nor a descriptor is left, whatever became of what was started. */
static inline void leave(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(count_fds(), fds_before);
	strbuf_release(&out);
	strbuf_release(&err);
	scratch_leave();
}

/* A shell whose two outputs are read. */
#define SHELL(script)                                                                       \
	(struct spawn)                                                                      \
	{                                                                                   \
		.argv = (const char *const[]){"sh", "-c", (script), NULL}, .by_name = true, \
		.out = {SPAWN_PIPE}, .err = {SPAWN_PIPE}, .timeout_ns = LATE,               \
		.output_max = 1 << 20                                                       \
	}

static inline int run(const struct spawn *request)
{
	strbuf_clear(&out);
	strbuf_clear(&err);
	return spawn_run(request, &out, &err, &status);
}

static inline TCase *case_of(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, enter, leave);
	return tc;
}

#endif
