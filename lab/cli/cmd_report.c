#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/browser.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/folder.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "record/verdict.h"
#include "report/report.h"

#define HINT "give the folder of a run, such as reports/latest"

struct report_options {
	bool full, json, open, help;
};

static const struct option_def table[] = {
	OPTION_FLAG("full", "print all of it, not one screen", struct report_options, full),
	OPTION_FLAG("json", "print report.json", struct report_options, json),
	OPTION_FLAG("open", "show its page in the browser", struct report_options, open),
	OPTION_COLOR,
	OPTION_HELP(struct report_options),
};
const struct option_table report_option_table = {table, ARRAY_SIZE(table)};

static void print(const struct report_options *options, const struct record *record,
		  const struct conclusion *conclusion)
{
	const struct report_style style = {terminal_has_colour(stdout), terminal_columns(stdout),
					   options->full};

	if (options->json)
		report_print_json(stdout, record, conclusion);
	else
		report_print_terminal(stdout, record, conclusion, &style);
}

static int open_page(const char *dir, struct err *err)
{
	_cleanup_free_ char *page = text_format("%s/report.html", dir);

	return browser_open(page, err);
}

static int render(const char *dir, const struct report_options *options, struct err *err)
{
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(conclusion_release) struct conclusion conclusion = {0};

	if (folder_open(&folder, dir, err) < 0) {
		err_errno(err, EXIT_FAILED, "cannot read '%s/" RECORD_FILE "'", dir);
		return err_hint(err, HINT);
	}
	if (record_load_in(&folder, &record, err) < 0)
		return err_hint(err, HINT);
	conclusion_draw(&record, &conclusion);
	print(options, &record, &conclusion);
	if (report_write_all(&record, &conclusion, &folder, err) < 0 ||
	    (options->open && open_page(dir, err) < 0))
		return -1;
	return conclusion_exit_status(&record, &conclusion);
}

int cmd_report(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct report_options options = {0};
	int first = options_parse("report", table, ARRAY_SIZE(table), &options, argc, argv, &err);
	int status;

	if (first >= 0 && !options.help && first != argc - 1)
		first = err_set(&err, EXIT_USAGE,
				"give one folder of a run, such as reports/latest");
	if (first < 0) {
		err_print(&err);
		return EXIT_USAGE;
	}
	if (options.help) {
		puts("usage: oomlab report [--full|--json] [--open] RUN_DIR\n\n"
		     "Judges and renders a run again from its record.jsonl, also one that was cut\n"
		     "short. Prints one screen of the report, writes report.json, .txt, .md, .html beside the\n"
		     "record. Exit status as 'oomlab run' would have had; 1 when there is no "
		     "record.\n");
		options_print(stdout, table, ARRAY_SIZE(table));
		return EXIT_OK;
	}
	status = render(argv[first], &options, &err);
	if (status < 0)
		err_print(&err);
	return status < 0 ? EXIT_FAILED : status;
}
