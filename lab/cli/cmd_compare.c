#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/folder.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "doc/emit.h"
#include "report/compare.h"

#define HINT "give two folders of runs, such as reports/latest"

struct compare_options {
	const char *html;
	bool full, json, markdown, help;
};

static int set_html(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct compare_options *)to)->html = value;
	return 0;
}

#define FLAG(name, help, member) OPTION_FLAG(name, help, struct compare_options, member)

static const struct option_def table[] = {
	FLAG("full", "all rows, the memory by kind, the timeline", full),
	FLAG("json", "as JSON, schema oomlab.compare/1", json),
	FLAG("markdown", "as Markdown", markdown),
	OPTION("html", "FILE", "write it as a page, too", set_html),
	OPTION_COLOR,
	OPTION_HELP(struct compare_options),
};
const struct option_table compare_option_table = {table, ARRAY_SIZE(table)};

/* One of the two runs, loaded. Zero-initialise; release_side(). */
struct loaded {
	struct record record;
	struct conclusion conclusion;
	bool is_loaded;
};

static int load_side(const char *dir, struct loaded *side, struct err *err)
{
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;

	if (folder_open(&folder, dir, err) < 0) {
		err_errno(err, EXIT_FAILED, "cannot read '%s/" RECORD_FILE "'", dir);
		return err_hint(err, HINT);
	}
	if (record_load_in(&folder, &side->record, err) < 0)
		return err_hint(err, HINT);
	conclusion_draw(&side->record, &side->conclusion);
	side->is_loaded = true;
	return 0;
}

static void release_side(struct loaded *side)
{
	if (!side->is_loaded)
		return;
	conclusion_release(&side->conclusion);
	record_release(&side->record);
}

static int write_page(const struct comparison *c, const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf page = STRBUF_INIT;
	struct doc doc = {0};
	FILE *file = fopen(path, "we");
	bool is_written;

	compare_tell(c, true, &doc);
	emit_html(&doc, &page);
	doc_release(&doc);
	is_written = file && fwrite(page.buf, 1, page.len, file) == page.len;
	if (file && fclose(file) == EOF)
		is_written = false;
	return is_written ? 0 : err_errno(err, EXIT_FAILED, "cannot write '%s'", path);
}

static void print_json(const struct comparison *c)
{
	json_t *object = compare_json(c);

	json_dumpf(object, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(object);
}

static void print(const struct comparison *c, const struct compare_options *options)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	if (options->json) {
		print_json(c);
		return;
	}
	compare_tell(c, options->full || options->markdown, &doc);
	if (options->markdown)
		emit_markdown(&doc, &text);
	else
		emit_text(&doc, terminal_has_colour(stdout), terminal_columns(stdout), &text);
	doc_release(&doc);
	fwrite(text.buf, 1, text.len, stdout);
}

static int compare(const struct compare_options *options, char *const *dirs, struct err *err)
{
	_cleanup_(release_side) struct loaded a = {0};
	_cleanup_(release_side) struct loaded b = {0};
	struct comparison c;
	int r = 0;

	if (load_side(dirs[0], &a, err) < 0 || load_side(dirs[1], &b, err) < 0)
		return -1;
	compare_gather(&(struct compare_side){.folder = dirs[0],
					      .record = &a.record,
					      .conclusion = &a.conclusion},
		       &(struct compare_side){
			       .folder = dirs[1], .record = &b.record, .conclusion = &b.conclusion},
		       &c);
	print(&c, options);
	if (options->html)
		r = write_page(&c, options->html, err);
	compare_release(&c);
	return r;
}

int cmd_compare(int argc, char **argv)
{
	struct compare_options options = {0};
	struct err err = ERR_INIT;
	int first = options_parse("compare", table, ARRAY_SIZE(table), &options, argc, argv, &err);
	int status = first < 0 ? -1 : EXIT_OK;

	if (first >= 0 && options.help) {
		puts("usage: oomlab compare [OPTIONS] RUN_DIR_A RUN_DIR_B\n\n"
		     "What differed between two runs: settings, lines of code that touched more or less,\n"
		     "what became of them. For two runs of one program the lines that grew come first.\n");
		options_print(stdout, table, ARRAY_SIZE(table));
	} else if (first >= 0 && argc - first != 2) {
		status = err_set(&err, EXIT_USAGE, HINT);
	} else if (first >= 0) {
		status = compare(&options, argv + first, &err);
	}
	if (status >= 0)
		return status;
	err_print(&err);
	return err.status;
}
