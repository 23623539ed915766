/*
 * report.h - renders a finished record: on the terminal, and as files beside it.
 *
 * Pattern of use: record_load(), conclusion_draw(), then either function below, any number of
 * times. One walk over the record makes one document (story.h); each format has one emitter
 * (doc/emit.h), report.json its own (json.h). Nothing but the record is read.
 */
#ifndef OOMLAB_REPORT_REPORT_H
#define OOMLAB_REPORT_REPORT_H

#include <stdio.h>

#include "base/err.h"
#include "base/folder.h"
#include "record/verdict.h"

#define REPORT_SCHEMA "oomlab.report/1"

/*
 * Writes report.json, report.txt, report.md, report.html and what export.h makes into `dir`, and
 * replaces files of these names as base/folder.h says: no reader sees half a file, and nothing is
 * written through a link, a pipe or another name. Returns 0, or -1 with err; files written before
 * the failure stay.
 */
int report_write_all(const struct record *record, const struct conclusion *conclusion,
		     const struct folder *dir, struct err *err)
	__attribute__((nonnull, warn_unused_result));

struct report_style {
	bool colour;
	int columns;  /* of the terminal; 0: not known */
	bool is_full; /* all of report.txt; else one screen of it */
};

/* Prints the text report. The caller checks ferror(out). */
void report_print_terminal(FILE *out, const struct record *record,
			   const struct conclusion *conclusion, const struct report_style *style)
	__attribute__((nonnull));

/* Prints what report.json has. The caller checks ferror(out). */
void report_print_json(FILE *out, const struct record *record, const struct conclusion *conclusion)
	__attribute__((nonnull));

/* The summary, which a person reads first; the caller frees it. */
char *report_summary(const struct record *record, const struct conclusion *conclusion)
	__attribute__((nonnull, warn_unused_result));

/* "killed by the OOM killer, as expected", for a line of its own; the caller frees it. */
char *report_outcome(const struct record *record, const struct conclusion *conclusion)
	__attribute__((nonnull, warn_unused_result));

#endif
