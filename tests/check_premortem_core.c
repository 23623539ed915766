/*
 * check_premortem_core.c - the core file taken just before the limit. Needs no root and no gdb.
 */
#include "capture/premortem_core.h"
#include "premortem_helpers.h"
#include "suite.h"

/* The core file, by a gdb of this test's making. */

static void core_enter(void)
{
	scratch_enter();
	child = start_child();
	setenv("PATH", scratch_dir, 1);
}

static void core_leave(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	scratch_leave();
}

#define GDB(body) put_file("gdb", "#!/bin/sh\nPATH=/bin:/usr/bin\n" body, 0700)

static bool take_core(char *path, int64_t *bytes, char *why)
{
	*why = '\0';
	return premortem_core(child, scratch_dir, path, 256, bytes, why);
}

START_TEST(a_core_file_is_gdb_s)
{
	char path[256], why[256];
	int64_t bytes;

	/* The last argument is the command "gcore PATH". */
	GDB("for last; do :; done; printf 12345 >\"${last#gcore }\"\n");
	ck_assert_msg(take_core(path, &bytes, why), "%s", why);
	ck_assert_int_eq(bytes, 5);
	check_holds(path, "12345");
}
END_TEST

START_TEST(no_core_file_has_a_reason)
{
	char path[256], why[256];
	int64_t bytes;

	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "install the package gdb"));
	GDB("for last; do :; done; printf 12345 >\"${last#gcore }\"; exit 9\n");
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "status 9"));
	ck_assert_int_ne(access(path, F_OK), 0);
	GDB("kill -6 $$\n");
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "status 134"));
	GDB("exit 0\n"); /* and wrote nothing */
	ck_assert(!take_core(path, &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "wrote none"));
	ck_assert(!premortem_core(child, "/a b", path, sizeof(path), &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "of such a name"));
}
END_TEST

START_TEST(a_core_file_beyond_the_bound_is_not_begun)
{
	char path[256], why[256];
	int64_t bytes;
	void *huge = mmap(NULL, (size_t)PREMORTEM_CORE_MAX, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pid_t other = start_child();

	ck_assert_ptr_ne(huge, MAP_FAILED);
	GDB("for last; do :; done; printf 12345 >\"${last#gcore }\"\n");
	ck_assert(!premortem_core(other, scratch_dir, path, sizeof(path), &bytes, why));
	ck_assert_ptr_nonnull(strstr(why, "at most are written here"));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	/* What is not to be dumped does not count. */
	ck_assert_int_eq(madvise(huge, (size_t)PREMORTEM_CORE_MAX, MADV_DONTDUMP), 0);
	other = start_child();
	ck_assert_msg(premortem_core(other, scratch_dir, path, sizeof(path), &bytes, why), "%s",
		      why);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	munmap(huge, (size_t)PREMORTEM_CORE_MAX);
}
END_TEST

static TCase *cores(void)
{
	TCase *t = tcase_create("core");

	tcase_add_checked_fixture(t, core_enter, core_leave);
	tcase_add_test(t, a_core_file_is_gdb_s);
	tcase_add_test(t, no_core_file_has_a_reason);
	tcase_add_test(t, a_core_file_beyond_the_bound_is_not_begun);
	return t;
}

int main(void)
{
	TCase *const cases[] = {cores()};

	return suite_run("premortem_core", cases, ARRAY_SIZE(cases));
}
