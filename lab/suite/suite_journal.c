/* The suite's folder and its journal, one JSON object a line, each by a single write(2). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "run/run_dir.h"
#include "suite/suite.h"
#include "suite/suite_parts.h"

#define JOURNAL_SCHEMA "oomlab.suite-journal/1"

enum { JOURNAL_BYTES_MAX = 256 << 20 };

static int write_line(const struct suite *suite, json_t *object, struct err *err)
{
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
	_cleanup_free_ char *line = text_format("%s\n", text);

	json_decref(object);
	errno = -io_write_all(suite->journal, line, strlen(line));
	return errno ? err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s/%s'", suite->folder.path,
				 RUN_DIR_JOURNAL)
		     : 0;
}

static json_t *names_json(const struct suite *suite)
{
	const char *first = suite->row_count ? suite->rows[0].kernel : NULL;
	json_t *names = json_array();

	for (size_t i = 0; i < suite->row_count && suite->rows[i].kernel == first; i++)
		json_array_append_new(names, json_string(suite->rows[i].name));
	return names;
}

static int write_head(const struct suite *suite, struct err *err)
{
	const struct suite_options *o = &suite->options;
	json_t *kernels = json_array();
	json_t *head = json_object();

	for (size_t i = 0; i < o->kernels.count; i++)
		json_array_append_new(kernels, json_string(o->kernels.list[i]));
	json_object_set_new(head, "schema", json_string(JOURNAL_SCHEMA));
	json_object_set_new(head, "reports", json_string(o->reports));
	json_object_set_new(head, "backend", json_string(o->backend));
	json_object_set_new(head, "repeat", json_integer(o->repeat));
	json_object_set_new(head, "touch_profile", json_boolean(!o->no_touch_profile));
	if (o->premortem)
		json_object_set_new(head, "premortem", json_string(o->premortem));
	json_object_set_new(head, "kernels", kernels);
	json_object_set_new(head, "scenarios", names_json(suite));
	return write_line(suite, head, err);
}

int suite_begin(struct suite *suite, struct err *err)
{
	if (run_dir_make(suite->options.reports, "suite", &suite->folder, err) < 0)
		return -1;
	suite->journal = folder_create(&suite->folder, RUN_DIR_JOURNAL, err);
	return suite->journal < 0 ? -1 : write_head(suite, err);
}

json_t *suite_run_json(const struct suite *suite, const struct suite_run *run)
{
	const struct suite_row *row = &suite->rows[run->row];
	json_t *o = json_object();

	json_object_set_new(o, "scenario", json_string(row->name));
	if (row->kernel)
		json_object_set_new(o, "kernel", json_string(row->kernel));
	json_object_set_new(o, "round", json_integer(run->round));
	if (run->folder)
		json_object_set_new(o, "folder", json_string(run->folder));
	json_object_set_new(o, "verdict", json_string(suite_word(run)));
	json_object_set_new(o, "seconds", json_real(run->seconds));
	if (run->why)
		json_object_set_new(o, "why", json_string(run->why));
	return o;
}

int suite_journal_run(const struct suite *suite, const struct suite_run *run, struct err *err)
{
	return write_line(suite, suite_run_json(suite, run), err);
}

/* A journal that is read again; the strings live as long as `head`. */
static int refuse(const char *path, const char *what, struct err *err)
{
	return err_set(err, EXIT_FAILED, "'%s' is no suite that can go on: %s", path, what);
}

static int take_names(const json_t *array, struct strvec *into)
{
	const json_t *value;
	size_t i;

	if (!json_is_array(array))
		return -1;
	json_array_foreach (array, i, value) {
		if (!json_is_string(value))
			return -1;
		strvec_push(into, json_string_value(value));
	}
	return 0;
}

static int take_head(struct suite *suite, const json_t *head, long jobs, struct err *err)
{
	const char *schema = json_string_value(json_object_get(head, "schema"));
	const char *reports = json_string_value(json_object_get(head, "reports"));
	const char *backend = json_string_value(json_object_get(head, "backend"));
	json_int_t repeat = json_integer_value(json_object_get(head, "repeat"));
	_cleanup_strvec_ struct strvec names = STRVEC_INIT;
	struct suite_options options = {
		.reports = reports,
		.backend = backend,
		.repeat = (long)repeat,
		.jobs = jobs,
		.no_touch_profile = json_is_false(json_object_get(head, "touch_profile")),
		.premortem = json_string_value(json_object_get(head, "premortem")),
		.kernels = STRVEC_INIT,
	};

	if (!schema || strcmp(schema, JOURNAL_SCHEMA) != 0 || !reports || !backend || repeat < 1 ||
	    repeat > SUITE_REPEAT_MAX ||
	    take_names(json_object_get(head, "kernels"), &options.kernels) < 0 ||
	    take_names(json_object_get(head, "scenarios"), &names) < 0 || !names.count) {
		strvec_release(&options.kernels);
		return refuse(suite->folder.path, "its first line is no head of one", err);
	}
	suite->own_kernels = options.kernels;
	suite->own_reports = xstrdup(reports);
	suite->own_backend = xstrdup(backend);
	options.reports = suite->own_reports;
	options.backend = suite->own_backend;
	if (options.premortem) {
		suite->own_premortem = xstrdup(options.premortem);
		options.premortem = suite->own_premortem;
	}
	return suite_choose(suite, &options, (char *const *)names.list, err);
}

static struct suite_run *find_run(struct suite *suite, const json_t *line)
{
	const char *name = json_string_value(json_object_get(line, "scenario"));
	const char *kernel = json_string_value(json_object_get(line, "kernel"));
	json_int_t round = json_integer_value(json_object_get(line, "round"));

	for (size_t i = 0; name && i < suite->run_count; i++) {
		const struct suite_row *row = &suite->rows[suite->runs[i].row];

		if (suite->runs[i].round == round && !strcmp(row->name, name) &&
		    text_is_same(row->kernel, kernel))
			return &suite->runs[i];
	}
	return NULL;
}

/* A line that is cut, or of a run that is not wanted any more, is a run that is to be done. */
static void take_line(struct suite *suite, const char *text, size_t len)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	struct suite_run *run = line ? find_run(suite, line) : NULL;

	if (run && !run->is_done)
		suite_take(suite, run, json_string_value(json_object_get(line, "folder")),
			   json_string_value(json_object_get(line, "why")),
			   json_number_value(json_object_get(line, "seconds")));
	json_decref(line);
}

static int take_lines(struct suite *suite, const struct strbuf *text, long jobs, struct err *err)
{
	const char *at = text->buf, *end = at + text->len, *newline = memchr(at, '\n', text->len);
	json_t *head = newline ? json_loadb(at, (size_t)(newline - at), 0, NULL) : NULL;
	int r = head ? take_head(suite, head, jobs, err)
		     : refuse(suite->folder.path, "its journal is empty", err);

	json_decref(head);
	while (r == 0 && newline) {
		at = newline + 1;
		newline = memchr(at, '\n', (size_t)(end - at));
		if (newline)
			take_line(suite, at, (size_t)(newline - at));
	}
	return r;
}

/* What was cut in its middle would spoil the next line. */
static int reopen(struct suite *suite, const struct strbuf *text, struct err *err)
{
	bool is_cut = text->len && text->buf[text->len - 1] != '\n';

	suite->journal = openat(suite->folder.fd, RUN_DIR_JOURNAL,
				O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (suite->journal < 0 || (is_cut && io_write_all(suite->journal, "\n", 1) < 0))
		return err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s/%s'", suite->folder.path,
				 RUN_DIR_JOURNAL);
	return 0;
}

int suite_resume(struct suite *suite, const char *path, long jobs, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_close_ int fd = -1;

	if (folder_open(&suite->folder, path, err) < 0)
		return -1;
	fd = folder_read(&suite->folder, RUN_DIR_JOURNAL, err);
	if (fd < 0)
		return -1;
	if (io_read_fd(fd, JOURNAL_BYTES_MAX, &text) < 0)
		return refuse(path, "its journal cannot be read", err);
	return take_lines(suite, &text, jobs, err) < 0 ? -1 : reopen(suite, &text, err);
}
