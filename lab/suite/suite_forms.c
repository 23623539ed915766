/* A suite for other programs: TAP, JUnit, JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/absent.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "suite/suite_parts.h"
#include "suite/suite_print.h"

void suite_print_tap_plan(FILE *to, const struct suite *suite)
{
	fprintf(to, "TAP version 13\n1..%zu\n", suite->run_count);
}

static void print_detail(FILE *to, const char *why)
{
	_cleanup_free_ char *plain = xstrdup(why);

	text_neutralise(plain);
	fprintf(to, "# %s\n", plain);
}

void suite_print_tap_run(FILE *to, const struct suite *suite, const struct suite_run *run)
{
	const struct suite_row *row = &suite->rows[run->row];
	bool is_skip = run->verdict == VERDICT_SKIP;

	fprintf(to, "%sok %zu - %s%s%s", is_skip || run->verdict == VERDICT_PASS ? "" : "not ",
		suite->done, row->name, row->kernel ? " " : "", row->kernel ? row->kernel : "");
	if (suite->options.repeat > 1)
		fprintf(to, " round %ld", run->round);
	fputs(is_skip ? " # SKIP\n" : "\n", to);
	if (run->why)
		print_detail(to, run->why);
	fflush(to);
}

/* As XML 1.0 has it; what it does not have is no character of a neutral text. */
static void put_xml(struct strbuf *out, const char *text)
{
	_cleanup_free_ char *plain = xstrdup(text);

	text_neutralise(plain);
	for (const char *c = plain; *c; c++) {
		if (*c == '&')
			strbuf_printf(out, "&amp;");
		else if (*c == '<')
			strbuf_printf(out, "&lt;");
		else if (*c == '>')
			strbuf_printf(out, "&gt;");
		else if (*c == '"')
			strbuf_printf(out, "&quot;");
		else
			strbuf_append(out, c, 1);
	}
}

static void put_result(struct strbuf *out, const struct suite_run *run)
{
	static const char *const elements[] = {
		[VERDICT_FAIL] = "failure",
		[VERDICT_BROKEN] = "error",
		[VERDICT_SKIP] = "skipped",
	};
	const char *element = !run->is_done		     ? "skipped"
			      : run->verdict == VERDICT_PASS ? NULL
							     : elements[run->verdict];

	if (!element)
		return;
	strbuf_printf(out, "<%s message=\"", element);
	put_xml(out, run->is_done ? (run->why ? run->why : "") : "not run");
	strbuf_printf(out, "\"/>");
}

static void put_case(struct strbuf *out, const struct suite *suite, const struct suite_run *run)
{
	const struct suite_row *row = &suite->rows[run->row];

	strbuf_printf(out, "    <testcase classname=\"oomlab%s%s\" name=\"", *row->group ? "." : "",
		      row->group);
	put_xml(out, row->name);
	if (suite->options.repeat > 1)
		strbuf_printf(out, " #%ld", run->round);
	strbuf_printf(out, "\" time=\"%.3f\">", run->seconds);
	put_result(out, run);
	strbuf_printf(out, "</testcase>\n");
}

struct counts {
	size_t all, failed, broken, skipped;
	double seconds;
};

static bool is_of(const struct suite *suite, const struct suite_run *run, const char *kernel)
{
	return suite->rows[run->row].kernel == kernel;
}

static struct counts count(const struct suite *suite, const char *kernel)
{
	struct counts c = {0};

	for (size_t i = 0; i < suite->run_count; i++) {
		const struct suite_run *run = &suite->runs[i];

		if (!is_of(suite, run, kernel))
			continue;
		c.all++;
		c.failed += run->is_done && run->verdict == VERDICT_FAIL;
		c.broken += run->is_done && run->verdict == VERDICT_BROKEN;
		c.skipped += !run->is_done || run->verdict == VERDICT_SKIP;
		c.seconds += run->seconds;
	}
	return c;
}

static void put_kernel(struct strbuf *out, const struct suite *suite, const char *kernel)
{
	struct counts c = count(suite, kernel);

	strbuf_printf(out, "  <testsuite name=\"oomlab%s", kernel ? " on kernel " : "");
	put_xml(out, kernel ? kernel : "");
	strbuf_printf(
		out,
		"\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
		c.all, c.failed, c.broken, c.skipped, c.seconds);
	for (size_t i = 0; i < suite->run_count; i++)
		if (is_of(suite, &suite->runs[i], kernel))
			put_case(out, suite, &suite->runs[i]);
	strbuf_printf(out, "  </testsuite>\n");
}

char *suite_junit(const struct suite *suite)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_printf(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; i < suite->row_count; i++)
		if (!i || suite->rows[i].kernel != suite->rows[i - 1].kernel)
			put_kernel(&out, suite, suite->rows[i].kernel);
	strbuf_printf(&out, "</testsuites>\n");
	return strbuf_detach(&out);
}

static void put_known(json_t *object, const char *key, int64_t value)
{
	if (is_known(value))
		json_object_set_new(object, key, json_integer(value));
}

static json_t *full_run_json(const struct suite *suite, const struct suite_run *run)
{
	json_t *o = suite_run_json(suite, run);

	if (!run->is_done)
		return o;
	if (run->outcome)
		json_object_set_new(o, "outcome", json_string(spec_outcome_names[run->outcome]));
	put_known(o, "peak_bytes", run->peak_bytes);
	put_known(o, "duration_ns", run->duration_ns);
	return o;
}

json_t *suite_json(const struct suite *suite)
{
	json_t *o = json_object(), *runs = json_array(), *flaky = json_array();

	for (size_t i = 0; i < suite->run_count; i++)
		json_array_append_new(runs, full_run_json(suite, &suite->runs[i]));
	for (size_t i = 0; i < suite->row_count; i++)
		if (suite_is_flaky(&suite->rows[i]))
			json_array_append_new(flaky, json_string(suite->rows[i].name));
	json_object_set_new(o, "schema", json_string("oomlab.suite/1"));
	json_object_set_new(o, "is_complete", json_boolean(suite->done == suite->run_count));
	json_object_set_new(o, "seconds", json_real(suite->seconds));
	json_object_set_new(o, "boots", json_integer(suite->boots));
	json_object_set_new(o, "runs", runs);
	json_object_set_new(o, "flaky", flaky);
	return o;
}
