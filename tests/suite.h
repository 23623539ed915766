/*
 * suite.h - main() of a Check program in three lines, and how a test that cannot run here says so.
 *
 *	int main(void)
 *	{
 *		TCase *const cases[] = {sizes(), errors()};
 *		return suite_run("base", cases, ARRAY_SIZE(cases));
 *	}
 *
 * Check knows no skips: suite_skip() prints the comment that tests/run counts as one.
 */
#ifndef OOMLAB_TESTS_SUITE_H
#define OOMLAB_TESTS_SUITE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

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

#endif
