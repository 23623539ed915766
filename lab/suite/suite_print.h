/*
 * suite_print.h - a suite in its forms: lines while it goes on, a table, TAP, JUnit, JSON.
 */
#ifndef OOMLAB_SUITE_SUITE_PRINT_H
#define OOMLAB_SUITE_SUITE_PRINT_H

#include <jansson.h>

#include "suite/suite.h"

/* A line for a run that has ended: "12/48 pass memset-2g 6.12: oom_killed; peak 512 MiB; 3.1 s". */
void suite_print_run(FILE *to, const struct suite *suite, const struct suite_run *run);

/* The line that is drawn over: how many are done, and what runs. At most `columns` wide. */
char *suite_live_line(const struct suite *suite, const struct suite_run *const *running,
		      const double *seconds, size_t count, int columns);

/* The table: a row for each scenario and kernel, then what did not pass and why. */
void suite_print_table(FILE *to, const struct suite *suite, int columns, bool colour);

/* TAP version 13: the plan comes first, then a point for each run as it ends. */
void suite_print_tap_plan(FILE *to, const struct suite *suite);
void suite_print_tap_run(FILE *to, const struct suite *suite, const struct suite_run *run);

/* JUnit's XML, as its readers take it: a testsuite a kernel, a testcase a run. */
char *suite_junit(const struct suite *suite);

/* Schema oomlab.suite/1; a new reference. */
json_t *suite_json(const struct suite *suite);

#endif
