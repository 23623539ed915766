/* A comparison as a document. Sentences name the run that they are of. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/compare.h"
#include "report/compare_detail.h"
#include "report/report.h"
#include "report/story.h"

enum { ROWS_BRIEF = 5, ROWS_FULL = 40, NAMES_MAX = 8 };

static char *change_text(int64_t a, int64_t b)
{
	return text_format("%s%s", b < a ? "-" : "+", SIZE(b < a ? a - b : b - a));
}

static char *size_or_dash(int64_t bytes)
{
	return is_known(bytes) ? xstrdup(SIZE(bytes)) : xstrdup("-");
}

static bool is_change(const struct comparison *c, int64_t a, int64_t b)
{
	return llabs(b - a) > compare_noise(c, a, b);
}

static bool is_told(const struct comparison *c, const struct compare_line *line)
{
	return is_change(c, line->bytes_a, line->bytes_b);
}

static char *name_of(const struct record *r)
{
	return xstrdup(r->spec.name ? r->spec.name : r->argc ? r->argv[0] : "a run");
}

static void put_head(const struct comparison *c, struct doc *doc)
{
	_cleanup_free_ char *a = name_of(c->a.record), *b = name_of(c->b.record);

	doc_title(doc, "%s (A) and %s (B)", a, b);
	doc_byline(doc, "A: %s, %s", c->a.folder,
		   c->a.record->started_at ? c->a.record->started_at : "-");
	doc_byline(doc, "B: %s, %s", c->b.folder,
		   c->b.record->started_at ? c->b.record->started_at : "-");
}

static void put_outcomes(const struct comparison *c, struct strbuf *text)
{
	const char *a = compare_outcome(&c->a), *b = compare_outcome(&c->b);

	if (!strcmp(a, b))
		strbuf_printf(text, "Of both runs the outcome is %s.", a);
	else
		strbuf_printf(text, "The outcome of A is %s, that of B %s.", a, b);
}

/* "The largest change: +31 MiB, put at cache.c:88." */
static void put_largest(const struct comparison *c, struct strbuf *text)
{
	const struct compare_line *line = NULL;
	_cleanup_free_ char *place = NULL, *change = NULL;

	if (!c->is_profiled || !c->is_one_program)
		return;
	/* A larger change of a much larger line may be none. */
	for (size_t i = 0; i < c->line_count && !line; i++)
		line = is_told(c, &c->lines[i]) ? &c->lines[i] : NULL;
	if (!line) {
		strbuf_printf(text, " No line touched noticeably more or less memory.");
		return;
	}
	place = touch_place(line->at_b ? line->at_b : line->at_a);
	change = change_text(line->bytes_a, line->bytes_b);
	strbuf_printf(text, " The largest change: %s, %s%s.", change, place,
		      line->match == COMPARE_ONLY_A   ? " (in A alone)"
		      : line->match == COMPARE_ONLY_B ? " (in B alone)"
						      : "");
}

static void put_summary(const struct comparison *c, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	put_outcomes(c, &text);
	if (is_known(c->a.facts.peak) && is_known(c->b.facts.peak))
		strbuf_printf(&text, " Highest charge seen: A %s, B %s.", SIZE(c->a.facts.peak),
			      SIZE(c->b.facts.peak));
	put_largest(c, &text);
	doc_summary(doc, DOC_NEUTRAL, "%s", text.buf);
}

static bool is_killed(const struct compare_side *side)
{
	return side->conclusion->outcome == OUTCOME_OOM_KILLED ||
	       side->conclusion->outcome == OUTCOME_CHILD_OOM_KILLED;
}

/* The other, which was not killed, had more charged at its peak than this limit allows. */
static void put_limit_reason(const struct compare_side *killed, const struct compare_side *other,
			     const char *name, const char *other_name, struct doc *doc)
{
	int64_t limit = killed->facts.limit_bytes;

	if (!is_killed(killed) || is_killed(other) || !is_known(limit) ||
	    !is_known(other->facts.peak) || other->facts.peak <= limit ||
	    (is_known(other->facts.limit_bytes) && other->facts.limit_bytes <= limit))
		return;
	doc_sentence(
		doc,
		"%s, which was not killed, had %s at its peak, more than the %s that %s was killed at: under that limit some of it would have had to be reclaimed, or somebody killed.",
		other_name, SIZE(other->facts.peak), SIZE(limit), name);
	doc_cite(doc, "%s: peak", other_name);
	doc_cite(doc, "%s: limit", name);
}

/* Both under the same limit, one arena each that the stories are about. */
static void put_arena_reason(const struct comparison *c, struct doc *doc)
{
	const struct record_arena *a = c->a.facts.arena, *b = c->b.facts.arena;

	if (!a || !b || is_killed(&c->a) == is_killed(&c->b) || a->reserved != b->reserved ||
	    !is_known(a->touched) || !is_known(b->touched) || a->touched == b->touched)
		return;
	doc_sentence(
		doc,
		"Both arenas reserved %s. By their own records that of A had touched %s of it, that of B %s.",
		SIZE(a->reserved), SIZE(a->touched), SIZE(b->touched));
	doc_cite(doc, "A: record line %u", a->line);
	doc_cite(doc, "B: record line %u", b->line);
}

static bool is_told_whole(const struct compare_side *side)
{
	enum outcome outcome = side->conclusion->outcome;

	return outcome && outcome != OUTCOME_LAB_ERROR && outcome != OUTCOME_PANICKED;
}

/* The kernel killed one process in one run, and in the other all of its group. */
static void put_group_reason(const struct compare_side *group, const struct compare_side *single,
			     const char *name, const char *other, struct doc *doc)
{
	const struct oomlog_event *all = group->facts.kill ? &group->facts.kill->event : NULL;
	const struct oomlog_event *one = single->facts.kill ? &single->facts.kill->event : NULL;

	if (!all || !one || !all->group_kill || one->group_kill)
		return;
	doc_sentence(
		doc,
		"In %s the cgroup had memory.oom.group set, so that each process of it was killed with the one that was chosen; in %s that one alone.",
		name, other);
	doc_cite(doc, "%s: kmsg; %s: kmsg", name, other);
}

static void put_reasons(const struct comparison *c, struct doc *doc)
{
	size_t before = doc->count;

	doc_heading(doc, "What tips it");
	put_limit_reason(&c->a, &c->b, "A", "B", doc);
	put_limit_reason(&c->b, &c->a, "B", "A", doc);
	put_arena_reason(c, doc);
	put_group_reason(&c->a, &c->b, "A", "B", doc);
	put_group_reason(&c->b, &c->a, "B", "A", doc);
	if (doc->count > before + 1)
		return;
	if (!is_told_whole(&c->a) || !is_told_whole(&c->b))
		doc_sentence(doc, "Not known: what became of %s is not.",
			     is_told_whole(&c->a)   ? "B"
			     : is_told_whole(&c->b) ? "A"
						    : "either");
	else if (is_killed(&c->a) == is_killed(&c->b))
		doc_sentence(doc, "Nothing: %s.",
			     is_killed(&c->a) ? "in both a process was killed"
					      : "in neither was a process killed");
	else
		doc_sentence(
			doc,
			"The two records do not say what alone would be enough; what differs stands below.");
}

static void put_settings(const struct comparison *c, struct doc *doc)
{
	doc_heading(doc, "Settings that differ");
	if (!c->setting_count) {
		doc_sentence(
			doc,
			"None of those that are compared: command, limits, backend, kernel, overcommit, huge pages, swap, machine.");
		return;
	}
	doc_table(doc);
	doc_row(doc, "setting", "A", "B");
	for (size_t i = 0; i < c->setting_count; i++) {
		const struct compare_setting *s = &c->settings[i];

		doc_row(doc, s->name, s->a ? s->a : "-", s->b ? s->b : "-");
	}
}

static void put_line(const struct compare_line *line, struct doc *doc)
{
	_cleanup_free_ char *place = touch_place(line->at_b ? line->at_b : line->at_a);
	_cleanup_free_ char *change = change_text(line->bytes_a, line->bytes_b);
	_cleanup_free_ char *a = xstrdup(line->at_a ? SIZE(line->bytes_a) : "-");
	_cleanup_free_ char *b = xstrdup(line->at_b ? SIZE(line->bytes_b) : "-");
	_cleanup_free_ char *moved = NULL;

	if (line->at_a && line->at_b && line->at_a->line_number != line->at_b->line_number)
		moved = text_format("%s (line %d in A)", place, line->at_a->line_number);
	doc_row(doc, change, a, b, moved ? moved : place);
}

static void put_estimate(const struct compare_side *side, const char *name, struct doc *doc)
{
	const char *why = touches_lack(side->record);

	if (why)
		doc_sentence(doc, "The figures of %s are estimates: %s.", name, why);
}

static void put_lines(const struct comparison *c, bool full, struct doc *doc)
{
	size_t most = full ? ROWS_FULL : ROWS_BRIEF, shown = 0, told = 0;

	doc_heading(doc, c->is_one_program ? "Lines of code that touched more or less"
					   : "Lines of code that touched memory");
	if (!c->is_profiled) {
		doc_sentence(doc, "Not known: %s touch profile.",
			     c->a.touches.count	  ? "B has no"
			     : c->b.touches.count ? "A has no"
						  : "neither run has a");
		return;
	}
	for (size_t i = 0; i < c->line_count; i++)
		told += is_told(c, &c->lines[i]);
	if (told) {
		doc_table(doc);
		doc_row(doc, "change", "A", "B", "where");
	}
	for (size_t i = 0; i < c->line_count && shown < most; i++) {
		if (!is_told(c, &c->lines[i]))
			continue;
		put_line(&c->lines[i], doc);
		shown++;
	}
	if (told > shown)
		doc_sentence(doc, "%s changed, too.", TEXT_COUNT(told - shown, "other line"));
	doc_sentence(
		doc,
		"%s A difference is told where it is more than %s and a %s of the larger figure: below that memory may stand with a neighbouring line.",
		told ? "" : "No line changed noticeably.", SIZE(compare_noise(c, 0, 0)),
		touches_lack(c->a.record) || touches_lack(c->b.record) ? "tenth" : "twentieth");
	doc_cite(doc, "touch profiles of A and B");
	put_estimate(&c->a, "A", doc);
	put_estimate(&c->b, "B", doc);
}

static void put_row(struct doc *doc, const char *what, char *a, char *b)
{
	doc_row(doc, what, a, b);
	free(a);
	free(b);
}

static char *duration_text(const struct compare_side *side)
{
	int64_t ns = compare_duration(side);

	return xstrdup(is_known(ns) ? TEXT_DURATION((uint64_t)ns) : "-");
}

static char *kills_text(const struct compare_side *side)
{
	int64_t kills = record_delta(record_own_cgroup(side->record), COUNTER_OOM_KILL);

	return is_known(kills) ? text_format("%" PRId64, kills) : xstrdup("-");
}

/* "2 sh, tail": whom the kernel killed of the run, by name. */
static char *killed_text(const struct compare_side *side)
{
	const struct kills *kills = side->conclusion->kills;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *names[NAMES_MAX];
	size_t counts[NAMES_MAX], count = 0;

	for (size_t i = 0; kills && i < kills->count; i++) {
		const struct oomlog_event *event = &kills->items[i].event;

		for (size_t v = 0; v < event->victim_count; v++) {
			size_t n = 0;

			if (!event->victims[v].comm ||
			    !kills_is_of_run(side->record, kills, event, v))
				continue;
			while (n < count && strcmp(names[n], event->victims[v].comm) != 0)
				n++;
			if (n == NAMES_MAX)
				continue;
			names[n] = event->victims[v].comm;
			counts[n] = n < count ? counts[n] + 1 : 1;
			count += n == count;
		}
	}
	for (size_t n = 0; n < count; n++) {
		strbuf_puts(&text, n ? ", " : "");
		if (counts[n] > 1)
			strbuf_printf(&text, "%zu ", counts[n]);
		strbuf_puts(&text, names[n]);
	}
	return text.len ? strbuf_detach(&text) : xstrdup("-");
}

/* How the target ended: "status 0", "signal 9", "stopped (timeout)". */
static char *end_text(const struct compare_side *side)
{
	const struct record_process_end *end = record_target_end(side->record);

	if (side->record->watchdog && side->conclusion->outcome != OUTCOME_OOM_KILLED)
		return text_format("stopped (%s)", record_watchdog_names[side->record->watchdog]);
	if (end && is_known(end->signal))
		return text_format("signal %" PRId64, end->signal);
	if (end && is_known(end->exit_status))
		return text_format("status %" PRId64, end->exit_status);
	return xstrdup("-");
}

static char *verdict_text(const struct compare_side *side)
{
	enum verdict verdict = side->conclusion->verdict;

	return xstrdup(verdict ? verdict_names[verdict] : "-");
}

static char *scope_text(const struct compare_side *side)
{
	return xstrdup(side->conclusion->scope ? scope_names[side->conclusion->scope] : "-");
}

static void put_results(const struct comparison *c, struct doc *doc)
{
	const struct compare_side *a = &c->a, *b = &c->b;

	doc_heading(doc, "What became of them");
	doc_table(doc);
	doc_row(doc, "", "A", "B");
	put_row(doc, "outcome", xstrdup(compare_outcome(a)), xstrdup(compare_outcome(b)));
	put_row(doc, "whose limit", scope_text(a), scope_text(b));
	if (a->conclusion->verdict || b->conclusion->verdict)
		put_row(doc, "verdict", verdict_text(a), verdict_text(b));
	put_row(doc, "killed by the kernel", killed_text(a), killed_text(b));
	put_row(doc, "end of the target", end_text(a), end_text(b));
	put_row(doc, "oom_kill", kills_text(a), kills_text(b));
	put_row(doc, "limit", size_or_dash(a->facts.limit_bytes),
		size_or_dash(b->facts.limit_bytes));
	put_row(doc, "peak", size_or_dash(a->facts.peak), size_or_dash(b->facts.peak));
	put_row(doc, is_killed(a) || is_killed(b) ? "start to end or kill" : "start to end",
		duration_text(a), duration_text(b));
	if (a->facts.arena && b->facts.arena) {
		put_row(doc, "arena: reserved", size_or_dash(a->facts.arena->reserved),
			size_or_dash(b->facts.arena->reserved));
		put_row(doc, "arena: touched", size_or_dash(a->facts.arena->touched),
			size_or_dash(b->facts.arena->touched));
	}
}

static const struct budget *budget_of(const struct compare_side *side)
{
	return side->facts.at_kill.count ? &side->facts.at_kill : &side->facts.at_peak;
}

static int64_t part_of(const struct budget *budget, enum budget_part part)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < budget->count; i++)
		if (budget->items[i].part == part)
			bytes += budget->items[i].bytes;
	return bytes;
}

static const char *label_of(const struct budget *a, const struct budget *b, enum budget_part part)
{
	const struct budget *both[] = {a, b};

	for (size_t n = 0; n < ARRAY_SIZE(both); n++)
		for (size_t i = 0; i < both[n]->count; i++)
			if (both[n]->items[i].part == part)
				return both[n]->items[i].label;
	return NULL;
}

static const char *moment_of(const struct compare_side *side)
{
	return side->facts.at_kill.count ? "at the kill" : "at its peak";
}

static void put_budgets(const struct comparison *c, struct doc *doc)
{
	const struct budget *a = budget_of(&c->a), *b = budget_of(&c->b);

	if (!a->count || !b->count)
		return;
	doc_heading(doc, "Where the memory was: A %s, B %s", moment_of(&c->a), moment_of(&c->b));
	doc_table(doc);
	doc_row(doc, "what", "A", "B", "change");
	for (int part = 0; part < BUDGET_PART_COUNT; part++) {
		const char *label = label_of(a, b, (enum budget_part)part);
		int64_t in_a = part_of(a, (enum budget_part)part);
		int64_t in_b = part_of(b, (enum budget_part)part);
		_cleanup_free_ char *change = change_text(in_a, in_b);

		if (!label || in_a < 0 || in_b < 0 || (in_a < 4096 && in_b < 4096))
			continue;
		doc_row(doc, label, SIZE(in_a), SIZE(in_b), change);
	}
}

static void put_series(const struct compare_side *side, const char *name, struct doc *doc)
{
	const struct record *r = side->record;
	struct doc_point *points = xcalloc(r->sample_count + 1, sizeof(*points));
	size_t count = 0;

	for (size_t i = 0; i < r->sample_count && is_known(r->gate_ns); i++) {
		const struct record_sample *s = &r->samples[i];

		if (is_known(s->value[METRIC_CURRENT]) && s->t_ns >= r->gate_ns)
			points[count++] =
				(struct doc_point){s->t_ns - r->gate_ns, s->value[METRIC_CURRENT]};
	}
	doc_series(doc, name, points, count);
	free(points);
}

/* memory.max in bytes; INT64_MIN: none. */
static int64_t chart_limit(const struct compare_side *side)
{
	const struct record_cgroup *own = record_own_cgroup(side->record);
	bool is_limited = own && own->memory_max.is_set && !own->memory_max.is_max;

	return is_limited ? (int64_t)own->memory_max.bytes : INT64_MIN;
}

/* The line of a limit is drawn where it is that of both. */
static void put_chart(const struct comparison *c, struct doc *doc)
{
	int64_t a = chart_limit(&c->a);

	if (!c->a.record->sample_count || !c->b.record->sample_count)
		return;
	doc_heading(doc, "Memory over time, from the start of each");
	doc_chart(doc, a == chart_limit(&c->b) ? a : INT64_MIN);
	doc_sketch(doc);
	put_series(&c->a, "A", doc);
	put_series(&c->b, "B", doc);
}

void compare_tell(const struct comparison *c, bool full, struct doc *doc)
{
	put_head(c, doc);
	put_summary(c, doc);
	if (c->is_one_program)
		put_lines(c, full, doc);
	put_reasons(c, doc);
	put_settings(c, doc);
	put_results(c, doc);
	if (!c->is_one_program && full)
		put_lines(c, full, doc);
	compare_tell_calls(c, full, doc);
	if (!full)
		return;
	compare_tell_arenas(c, doc);
	put_budgets(c, doc);
	put_chart(c, doc);
}
