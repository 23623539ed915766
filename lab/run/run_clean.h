/*
 * run_clean.h - removes the folders of old runs, and nothing else that lies beside them.
 *
 * A run's folder has a name that oomlab gives (NAME-20261130T212308Z-13477), belongs to this user,
 * is no link, and has a record.jsonl; a suite's has a suite.jsonl. What is in it goes, folders included; no link is followed. A
 * run that is still going on stays: its record has no end, and the process that its name ends with
 * is there.
 */
#ifndef OOMLAB_RUN_RUN_CLEAN_H
#define OOMLAB_RUN_RUN_CLEAN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct run_clean {
	const char *reports;
	size_t keep; /* the newest so many of those that have ended */
	FILE *list;  /* names of what would go, one a line, and nothing is removed; NULL: it is */
	size_t kept; /* set: of those that have ended, */
	size_t running; /* and of those that have not */
	size_t removed; /* likewise; with `list`, what would be */
	int64_t bytes;	/* that the files removed had on disk */
};

/* 0, or -1 with EXIT_FAILED: of the first that could not be removed; others were still tried. */
int run_clean(struct run_clean *clean, struct err *err);

#endif
