#include "run/run_conclude.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/browser.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"
#include "record/checks.h"
#include "record/verdict.h"
#include "report/report.h"
#include "run/run_dir.h"
#include "run/run_kmsg.h"

/* With --quiet, when nothing else says it: why the run was skipped, or could not be judged. */
static void say_why_broken(const struct run *run, const struct record *record,
			   const struct conclusion *c)
{
	const char *command = strrchr(run->argv[0], '/');
	const char *name = run->spec.name ? run->spec.name : command ? command + 1 : run->argv[0];
	_cleanup_free_ char *summary = report_summary(record, c);
	const char *unknown = NULL, *hint = checks_hint(record, c);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < c->check_count && !unknown; i++)
		unknown = c->checks[i].is_known ? NULL : c->checks[i].what;
	if (c->outcome == OUTCOME_UNSET || c->outcome == OUTCOME_LAB_ERROR ||
	    c->outcome == OUTCOME_PANICKED)
		err_set(&err, EXIT_LAB_BROKEN, "%s: %s", name, summary);
	else
		err_set(&err, EXIT_LAB_BROKEN, "%s: cannot be judged: %s is not known", name,
			unknown ? unknown : "what became of it");
	if (hint)
		err_hint(&err, "%s", hint);
	err_print(&err);
}

/* The record may be useful without a report, if it has more than its first line. */
static int tell_where(const struct run *run, struct err *err)
{
	return run->writer.lines > 1
		       ? err_hint(err, "what the record holds: oomlab report %s", run->folder.path)
		       : -1;
}

/* Where the rest stands comes last: that is what stays in sight. */
static void print_report(const struct run *run, const struct record *record,
			 const struct conclusion *conclusion, FILE *to)
{
	const struct report_style style = {terminal_has_colour(to), terminal_columns(to),
					   run->options->full || run->options->is_unkept};

	report_print_terminal(to, record, conclusion, &style);
	if (run->options->is_unkept)
		return;
	fprintf(to, "\npage: %s/report.html\n", run->folder.path);
	if (style.is_full)
		fprintf(to, "text: %s/report.txt\n", run->folder.path);
	else
		fprintf(to, "all of it: %s/report.txt, or --full\n", run->folder.path);
}

/* One run of many: a line, as the summary comes after the last. */
static void print_line(const struct run *run, const struct record *record,
		       const struct conclusion *conclusion, FILE *to)
{
	_cleanup_free_ char *outcome = report_outcome(record, conclusion);

	tally_print_run(&run->tally, run->options->repeat, outcome, record, run->folder.path, to);
}

static int print_json(const struct run *run, const struct record *record,
		      const struct conclusion *conclusion, struct err *err)
{
	report_print_json(run->json, record, conclusion);
	if (fflush(run->json) == 0 || errno == EPIPE)
		return 0;
	return err_errno(err, EXIT_LAB_BROKEN, "cannot write report.json to standard output");
}

/* That a browser cannot be started says nothing of the run. */
static void open_page(const struct run *run)
{
	_cleanup_free_ char *page = text_format("%s/report.html", run->folder.path);
	struct err err = ERR_INIT;

	if (browser_open(page, &err) < 0)
		err_print(&err);
}

/* A command's report goes to stderr, because stdout has what the command prints. */
int run_conclude(struct run *run, bool is_told, struct err *err)
{
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(conclusion_release) struct conclusion conclusion = {0};
	FILE *to = run->spec.name ? stdout : stderr;

	if (run->writer.failed) {
		*err = run->writer.err;
		return tell_where(run, err);
	}
	if (record_load_in(&run->folder, &record, err) < 0)
		return -1;
	conclusion_draw(&record, &conclusion);
	if (run_kmsg_write(&record, &run->folder, err) < 0 ||
	    report_write_all(&record, &conclusion, &run->folder, err) < 0)
		return tell_where(run, err);
	tally_add(&run->tally, &record, &conclusion);
	if (run->options->made) {
		free(*run->options->made);
		*run->options->made = xstrdup(run->folder.path);
	}
	run_dir_point_latest(run->options->reports, run->folder.path);
	if (run->options->open)
		open_page(run);
	if (run->json) {
		if (print_json(run, &record, &conclusion, err) < 0)
			return -1;
	} else if (!run->options->quiet && run->options->repeat > 1 && !run->options->full) {
		print_line(run, &record, &conclusion, to);
	} else if (!run->options->quiet) {
		print_report(run, &record, &conclusion, to);
	} else if (!is_told && !run->signal &&
		   (conclusion.verdict == VERDICT_SKIP || conclusion.verdict == VERDICT_BROKEN ||
		    (conclusion.outcome == OUTCOME_PANICKED &&
		     conclusion.verdict == VERDICT_NONE))) {
		say_why_broken(run, &record, &conclusion);
	}
	return conclusion_exit_status(&record, &conclusion);
}
