#include "fit/fit_tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#define MIB ((int64_t)1 << 20)

int64_t fit_advice(const struct fit *fit, int head_room)
{
	struct fit_result r;
	int64_t base;

	fit_result(fit, &r);
	base = is_known(r.unthrashed) ? r.unthrashed : r.survives;
	return is_known(base) ? (base + base / 100 * head_room + MIB - 1) / MIB : ABSENT;
}

/* "47.5 MiB": to the step, so that two limits never look the same. */
static char *limit_text(int64_t bytes)
{
	return bytes % MIB ? text_format("%.2f MiB", (double)bytes / (double)MIB)
			   : text_format("%" PRId64 " MiB", bytes / MIB);
}

/* How the runs at a limit failed: "oom_killed", "oom_killed, failed". */
static char *ways_to_fail(const struct fit *fit, int64_t limit)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < fit->count; i++) {
		const struct fit_run *run = &fit->runs[i];
		bool is_new = run->limit == limit && !run->survived;

		for (size_t j = 0; j < i && is_new; j++)
			is_new = fit->runs[j].limit != limit || fit->runs[j].survived ||
				 strcmp(fit->runs[j].what, run->what) != 0;
		if (is_new)
			strbuf_printf(&text, "%s%s", text.len ? ", " : "", run->what);
	}
	return strbuf_detach(&text);
}

static void add_speed(const struct fit *fit, const struct fit_result *r, struct strbuf *text)
{
	_cleanup_free_ char *fast = is_known(r->unthrashed) ? limit_text(r->unthrashed) : NULL;

	if (!fit->wants_unthrashed)
		return;
	if (!fast)
		strbuf_puts(
			text,
			" At none of the limits that were tried was it as fast as without one.");
	else if (r->unthrashed == r->survives)
		strbuf_printf(
			text,
			" With %s it is as fast as without a limit (within %d %% and 0.2 s%s).",
			fast, FIT_UNTHRASHED_PERCENT - 100,
			is_known(fit->free.stalled_ns) ? ", and hardly stalled" : "");
	else
		strbuf_printf(
			text,
			" As fast as without a limit (within %d %% and 0.2 s%s) it is from %s on: with less it survives, but %s.",
			FIT_UNTHRASHED_PERCENT - 100,
			is_known(fit->free.stalled_ns) ? ", and hardly stalled" : "", fast,
			is_known(fit->free.stalled_ns) ? "takes longer or waits for memory"
						       : "takes longer");
}

static void put_summary(const struct fit *fit, const struct fit_result *r, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *survives = NULL, *fails = NULL, *ways = NULL;

	if (!is_known(r->survives)) {
		doc_summary(
			doc, DOC_BAD,
			"No limit was found with which it survives, although it does without one.");
		return;
	}
	survives = limit_text(r->survives);
	strbuf_printf(&text, "It survives with %s: %d of %d runs did.", survives, r->survived_runs,
		      r->survived_runs);
	if (is_known(r->fails)) {
		fails = limit_text(r->fails);
		ways = ways_to_fail(fit, r->fails);
		strbuf_printf(&text, " With %s %d of %d did not (%s).", fails, r->failed_runs,
			      r->fails_of, ways);
	} else {
		strbuf_puts(&text, " No smaller limit that was tried was too small.");
	}
	add_speed(fit, r, &text);
	doc_summary(doc, DOC_GOOD, "%s", text.buf);
}

/* A larger limit with which it fails. */
static void put_odd(const struct fit_result *r, struct doc *doc)
{
	_cleanup_free_ char *low = NULL, *high = NULL;

	if (!is_known(r->odd_low))
		return;
	low = limit_text(r->odd_low);
	high = limit_text(r->odd_high);
	doc_sentence(
		doc,
		"It is not the larger the safer: with %s it survived, with %s, which is more, it did not. A program that sizes itself by its limit may do so; the figure above is the one above which no run failed.",
		low, high);
}

static int by_limit(const void *one, const void *other)
{
	const struct fit_run *const *a = one, *const *b = other;

	int what = strcmp((*a)->what, (*b)->what);

	if ((*a)->limit != (*b)->limit)
		return (*a)->limit < (*b)->limit ? -1 : 1;
	if (what || (*a)->status == (*b)->status)
		return what;
	return (*a)->status < (*b)->status ? -1 : 1;
}

/* Runs at one limit that fared alike are a row. */
struct row {
	const struct fit_run *first;
	int count;
	int64_t peak, least_ns, most_ns, stalled_ns; /* the most, but for least_ns */
};

static bool is_alike(const struct fit_run *a, const struct fit_run *b)
{
	return a->limit == b->limit && !strcmp(a->what, b->what) && a->status == b->status;
}

static void put_row(const struct row *row, struct doc *doc)
{
	const struct fit_run *run = row->first;
	_cleanup_free_ char *limit = is_known(run->limit) ? limit_text(run->limit)
							  : xstrdup("none");
	_cleanup_free_ char *count = text_format("%d", row->count);
	_cleanup_free_ char *status =
		is_known(run->status) && run->status
			? text_format("%s, status %" PRId64, run->what, run->status)
			: xstrdup(run->what);
	_cleanup_free_ char *peak =
		xstrdup(is_known(row->peak) ? TEXT_SIZE((uint64_t)row->peak) : "-");
	_cleanup_free_ char *least = xstrdup(TEXT_DURATION((uint64_t)row->least_ns));
	_cleanup_free_ char *most = text_format(" to %s", TEXT_DURATION((uint64_t)row->most_ns));
	_cleanup_free_ char *time = text_format("%s%s", least, row->count > 1 ? most : "");
	_cleanup_free_ char *stalled =
		xstrdup(is_known(row->stalled_ns) ? TEXT_DURATION((uint64_t)row->stalled_ns) : "-");

	doc_row(doc, limit, count, status, peak, time, stalled);
}

static struct row row_of(const struct fit_run *run)
{
	return (struct row){run, 1, run->peak, run->duration_ns, run->duration_ns, run->stalled_ns};
}

static void add_to_row(struct row *row, const struct fit_run *run)
{
	row->count++;
	row->peak = run->peak > row->peak ? run->peak : row->peak;
	row->least_ns = run->duration_ns < row->least_ns ? run->duration_ns : row->least_ns;
	row->most_ns = run->duration_ns > row->most_ns ? run->duration_ns : row->most_ns;
	row->stalled_ns = run->stalled_ns > row->stalled_ns ? run->stalled_ns : row->stalled_ns;
}

static void put_runs(const struct fit *fit, struct doc *doc)
{
	const struct fit_run *order[FIT_RUNS_MAX] = {NULL};
	struct row row = row_of(&fit->free);

	for (size_t i = 0; i < fit->count; i++)
		order[i] = &fit->runs[i];
	qsort(order, fit->count, sizeof(*order), by_limit);
	doc_heading(doc, "The runs");
	doc_table(doc);
	doc_row(doc, "limit", "runs", "what became of it", "peak", "time", "stalled");
	put_row(&row, doc);
	for (size_t i = 0; i < fit->count; i++) {
		if (i && is_alike(order[i - 1], order[i])) {
			add_to_row(&row, order[i]);
		} else {
			if (i)
				put_row(&row, doc);
			row = row_of(order[i]);
		}
	}
	if (fit->count)
		put_row(&row, doc);
	if (!is_known(fit->free.stalled_ns))
		doc_sentence(
			doc,
			"How long it was stalled for want of memory is not known here: that is memory.pressure of cgroup v2.");
}

static void put_lines(const struct fit *fit, const struct fit_result *r,
		      const struct fit_context *context, struct doc *doc)
{
	int64_t mib = fit_advice(fit, context->head_room);
	_cleanup_free_ char *base = NULL;

	if (!is_known(mib))
		return;
	base = limit_text(is_known(r->unthrashed) ? r->unthrashed : r->survives);
	doc_heading(doc, "Lines to paste");
	doc_sentence(
		doc,
		"%s and %d %% of head room, for what a run of another day needs more (--head-room):",
		base, context->head_room);
	doc_table(doc);
	doc_row(doc, "for", "line");
	{
		_cleanup_free_ char *docker = text_format("--memory=%" PRId64 "m", mib);
		_cleanup_free_ char *pod =
			text_format("resources: {limits: {memory: %" PRId64 "Mi}}", mib);
		_cleanup_free_ char *unit = text_format("MemoryMax=%" PRId64 "M", mib);
		_cleanup_free_ char *slurm = text_format("#SBATCH --mem=%" PRId64 "M", mib);

		doc_row(doc, "Docker, Podman", docker);
		doc_row(doc, "Kubernetes", pod);
		doc_row(doc, "systemd", unit);
		doc_row(doc, "Slurm", slurm);
	}
}

void fit_tell(const struct fit *fit, const struct fit_context *context, struct doc *doc)
{
	struct fit_result r;
	_cleanup_free_ char *fails = NULL;

	fit_result(fit, &r);
	doc_title(doc, "%s: the memory limit it needs", context->command);
	if (context->place)
		doc_byline(doc, "%s; limit of its cgroup, swap %s", context->place,
			   context->swap ? context->swap : "off");
	put_summary(fit, &r, doc);
	put_odd(&r, doc);
	if (context->failure && is_known(r.fails)) {
		fails = limit_text(r.fails);
		doc_heading(doc, "What it fails of, with %s", fails);
		doc_sentence(doc, "%s", context->failure);
		if (context->failure_folder)
			doc_cite(doc, "%s", context->failure_folder);
	}
	put_lines(fit, &r, context, doc);
	put_runs(fit, doc);
	if (!context->has_own_kernel)
		doc_sentence(
			doc,
			"A file that is in memory is charged to whoever read it first, an earlier run perhaps: for a program that reads much, look in the VM (--backend=vm), where no file is in memory when a run begins.");
	doc_sentence(
		doc,
		"Another kernel, allocator, input or machine may need another limit; what is said here is of these runs.");
}

static void put(json_t *o, const char *key, int64_t value)
{
	json_object_set_new(o, key, is_known(value) ? json_integer(value) : json_null());
}

static json_t *run_json(const struct fit *fit, const struct fit_run *run)
{
	json_t *o = json_object();

	put(o, "limit_bytes", run->limit);
	json_object_set_new(o, "survived", json_boolean(run->survived));
	json_object_set_new(o, "outcome", json_string(run->what));
	put(o, "status", run->status);
	put(o, "peak_bytes", run->peak);
	put(o, "duration_ns", run->duration_ns);
	put(o, "stalled_ns", run->stalled_ns);
	json_object_set_new(o, "is_unthrashed", json_boolean(fit_is_unthrashed(fit, run)));
	return o;
}

json_t *fit_json(const struct fit *fit, const struct fit_context *context)
{
	json_t *o = json_object(), *runs = json_array();
	int64_t mib = fit_advice(fit, context->head_room);
	struct fit_result r;

	fit_result(fit, &r);
	for (size_t i = 0; i < fit->count; i++)
		json_array_append_new(runs, run_json(fit, &fit->runs[i]));
	json_object_set_new(o, "schema", json_string("oomlab.fit/1"));
	json_object_set_new(o, "command", json_string(context->command));
	put(o, "survives_bytes", r.survives);
	put(o, "fails_bytes", r.fails);
	json_object_set_new(o, "failed_runs", json_integer(r.failed_runs));
	json_object_set_new(o, "runs_at_fails", json_integer(r.fails_of));
	put(o, "unthrashed_bytes", r.unthrashed);
	json_object_set_new(o, "is_monotone", json_boolean(!is_known(r.odd_low)));
	json_object_set_new(o, "head_room_percent", json_integer(context->head_room));
	put(o, "advised_bytes", is_known(mib) ? mib * MIB : ABSENT);
	json_object_set_new(o, "free", run_json(fit, &fit->free));
	json_object_set_new(o, "runs", runs);
	return o;
}
