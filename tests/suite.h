/*
 * suite.h - main() of a Check program in three lines, and how a test that cannot run here says so.
 *
 *	int main(void)
 *	{
 *		TCase *const cases[] = {sizes(), errors()};
 *		return suite_run("base", cases, ARRAY_SIZE(cases));
 *	}
 *
 * Check knows no skips: suite_skip() prints the comment that tests/run counts as one. What a test
 * needs is asked before it is added:
 *
 *	if (suite_is_root("owners_are_kept"))
 *		tcase_add_test(tc, owners_are_kept);
 */
#ifndef OOMLAB_TESTS_SUITE_H
#define OOMLAB_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int suite_run(const char *name, TCase *const *cases, size_t count)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < count; i++)
		suite_add_tcase(suite, cases[i]);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* For main(), before the run: what is left out, and why. */
static inline void suite_skip(const char *what, const char *why)
{
	printf("# SKIP %s: %s\n", what, why);
	fflush(stdout);
}

/* False, and `what` is skipped, where this is no root. */
static inline bool suite_is_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	suite_skip(what, "needs root");
	return false;
}

/* False, and `what` is skipped, where the program is not. */
static inline bool suite_has(const char *what, const char *path)
{
	char why[4096];

	if (access(path, X_OK) == 0)
		return true;
	snprintf(why, sizeof(why), "no %s here", path);
	suite_skip(what, why);
	return false;
}

#endif
