/* Whose limit was hit, what the kernel said and did, and where the memory was. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/budget.h"
#include "report/story.h"
#include "report/story_coverage.h"
#include "report/vm_files.h"

/* Lasts as long as SIZE(). */
#define SIZE_OR_UNKNOWN(bytes) (is_known(bytes) ? SIZE(bytes) : "not known")

static const char *path_of(const struct record_cgroup *cgroup)
{
	return cgroup && cgroup->path ? cgroup->path : "its cgroup";
}

static bool may_swap(const struct record_cgroup *cgroup)
{
	const struct amount *swap = &cgroup->memory_swap_max;

	return swap->is_set && (swap->is_max || swap->bytes);
}

static const char *swap_words(const struct facts *f, const struct record_cgroup *cgroup)
{
	if (!cgroup || !cgroup->memory_swap_max.is_set)
		return "";
	if (!may_swap(cgroup))
		return ", and it may not swap";
	return record_setting_number(f->record, "SwapTotal") == 0
		       ? ", and it may swap, but there is no swap"
		       : "";
}

static void cite_limits(struct doc *doc, const struct record_cgroup *cgroup)
{
	if (cgroup && cgroup->limits_line)
		doc_cite(doc, "record line %u", cgroup->limits_line);
}

static const char *limit_file(const struct facts *f)
{
	return f->record->cgroup_version == 1 ? "memory.limit_in_bytes" : "memory.max";
}

static void say_runs_own_limit(const struct facts *f, struct doc *doc)
{
	if (!f->own || !f->own->memory_max.is_set || f->own->memory_max.is_max)
		return;
	doc_sentence(doc, "The limit of the run's own cgroup is %s.",
		     SIZE(f->own->memory_max.bytes));
	cite_limits(doc, f->own);
}

static void cite_seen(const struct facts *f, struct doc *doc)
{
	if (f->limit_seen)
		doc_cite(doc, "record line %u", f->limit_seen->line);
}

/* The limit is that of a cgroup below the run's own, or of one that a process moved to. */
static void say_named(const struct facts *f, struct doc *doc, const char *path, const char *where)
{
	doc_sentence(doc, "%s: %s of %s is %s.", where, limit_file(f), path,
		     SIZE_OR_UNKNOWN(f->limit_bytes));
	cite_kmsg(doc, f->summary_line);
	cite_kmsg(doc, f->limit_line);
	cite_seen(f, doc);
	say_runs_own_limit(f, doc);
}

static void say_own(const struct facts *f, struct doc *doc)
{
	const struct record_cgroup *limit = f->limit ? f->limit : f->own;

	if (story_limit_elsewhere(f)) {
		say_named(f, doc, story_limit_elsewhere(f), "That of a cgroup below the run's own");
		return;
	}
	doc_sentence(doc, "Its own: %s of %s is %s%s.", limit_file(f), path_of(limit),
		     SIZE_OR_UNKNOWN(f->limit_bytes), swap_words(f, limit));
	cite_limits(doc, limit);
	if (limit && may_swap(limit))
		cite_setting(doc, f, "SwapTotal");
	cite_kmsg(doc, f->limit_line);
	cite_event(doc, f, COUNTER_OOM);
	if (!f->kill && f->record->cgroup_version == 1)
		cite_event(doc, f, COUNTER_MAX);
}

static void say_ancestor(const struct facts *f, struct doc *doc)
{
	const char *path = f->kill ? f->kill->event.oom_memcg : NULL;

	doc_sentence(doc, "Not its own: that of %s above it, %s, shared by all below.",
		     path ? path : path_of(f->limit),
		     is_known(f->limit_bytes) ? SIZE(f->limit_bytes) : "size not known");
	cite_kmsg(doc, f->summary_line);
	cite_limits(doc, f->limit);
	say_runs_own_limit(f, doc);
}

static void say_global(const struct facts *f, struct doc *doc)
{
	doc_sentence(doc, "No cgroup's: %s, so every process on it was a candidate.",
		     f->kill && mechanism_needs_none(f->kill->event.mechanism)
			     ? "the kill was for the whole machine"
			     : "the whole machine ran out of memory");
	cite_kmsg(doc, f->summary_line);
	cite_setting(doc, f, "MemTotal");
	cite_setting(doc, f, "SwapTotal");
}

static void say_limit(const struct facts *f, struct doc *doc)
{
	enum scope scope = f->conclusion->scope;

	if (scope == SCOPE_OWN) {
		say_own(f, doc);
	} else if (scope == SCOPE_ANCESTOR) {
		say_ancestor(f, doc);
	} else if (scope == SCOPE_GLOBAL) {
		say_global(f, doc);
	} else if (scope == SCOPE_OTHER) {
		say_named(f, doc,
			  f->kill->event.oom_memcg ? f->kill->event.oom_memcg : f->kill->left_for,
			  "That of another cgroup, neither the run's own nor above or below it");
	} else if (scope == SCOPE_UNKNOWN) {
		doc_sentence(
			doc,
			"Not known: the kernel's account of the kill was not seen, and no cgroup's own counters rose.");
		cite_event(doc, f, COUNTER_OOM_KILL);
	} else {
		doc_sentence(doc, "That of the memory nodes this process may use (%s).",
			     scope_names[scope]);
		cite_kmsg(doc, f->summary_line);
	}
}

/* What the invoker was doing; for page tables with the reason. */
static const char *doing(const struct oomlog_event *e)
{
	if (e->mechanism == MECHANISM_NONE)
		return "needed memory";
	return e->mechanism == MECHANISM_PAGE_TABLES
		       ? "needed a page for its page tables, to map the next memory it touched"
		       : mechanism_words[e->mechanism].sentence;
}

static void say_invoker(const struct facts *f, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (!e->invoker_comm)
		return;
	strbuf_puts(&sb, e->invoker_comm);
	if (is_known(e->invoker_pid))
		strbuf_printf(&sb, " (pid %" PRId64 ")", e->invoker_pid);
	if (mechanism_needs_none(e->mechanism))
		doc_sentence(doc, "%s %s, and the kernel invoked its OOM killer.", sb.buf,
			     doing(e));
	else
		doc_sentence(
			doc,
			"%s %s; %s and nothing could be reclaimed, so the kernel invoked its OOM killer.",
			sb.buf, doing(e),
			f->conclusion->scope == SCOPE_GLOBAL ? "no memory was left"
							     : "the limit was reached");
	cite_kmsg(doc, f->invoked_line);
	cite_event(doc, f, COUNTER_MAX);
}

static const char *constraint_words(const char *constraint)
{
	if (!strcmp(constraint, "MEMCG"))
		return " (a cgroup's limit)";
	return strcmp(constraint, "NONE") ? "" : " (the whole machine)";
}

static void add_candidates(const struct oomlog_event *e, struct strbuf *sb)
{
	if (e->task_count == 1)
		strbuf_puts(sb, ", the only candidate");
	else if (e->task_count)
		strbuf_printf(sb, ", of %zu candidates", e->task_count);
	if (e->constraint)
		strbuf_printf(sb, ", under CONSTRAINT_%s%s,", e->constraint,
			      constraint_words(e->constraint));
}

/* Whom the kernel sent SIGKILL: one process, or each of a group. */
static void add_sent(const struct oomlog_event *e, struct strbuf *sb)
{
	strbuf_puts(sb, " and sent SIGKILL");
	if (!e->group_kill)
		return;
	strbuf_puts(sb, " to every process of the group (memory.oom.group");
	if (e->group_memcg)
		strbuf_printf(sb, " of %s", e->group_memcg);
	strbuf_printf(sb, "), %zu in all", e->victim_count);
}

static void say_choice(const struct facts *f, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;
	const struct oomlog_victim *who = f->chosen ? f->chosen : f->victim;
	const struct record_kmsg *line = kills_line(f->record, who->line);
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	/* Of a group kill without its summary line it is not known whom the kernel chose. */
	if (e->group_kill && !f->chosen)
		strbuf_puts(&sb, "It chose one of a group");
	else
		strbuf_printf(&sb, "It chose %s (pid %" PRId64 ")", who->comm ? who->comm : "?",
			      who->pid);
	add_candidates(e, &sb);
	add_sent(e, &sb);
	doc_sentence(doc, "%s%s", sb.buf, line ? ":" : ".");
	cite_kmsg(doc, f->summary_line);
	cite_kmsg(doc, line);
	if (!f->kill->is_outside)
		cite_event(doc, f, COUNTER_OOM_KILL);
	if (line)
		doc_quote(doc, line->text);
}

static void say_undumped(const struct facts *f, struct doc *doc)
{
	if (f->kill->is_dumped)
		return;
	doc_sentence(
		doc,
		"Of this kill the log has the line alone, without the account of who requested memory, whose limit it was and who was there: the kernel prints at most ten of these in 5 s, for the whole machine.");
	cite_kmsg(doc, f->kill_line);
}

static bool has_log(const struct record *r)
{
	const struct record_source *kmsg = record_source_named(r, RECORD_SOURCE_KMSG);

	return !kmsg || kmsg->is_open;
}

/* Why the log does not tell of the kill. */
static char *log_words(const struct facts *f)
{
	size_t unknown = f->conclusion->kills->unknown;

	if (!has_log(f->record))
		return xstrdup("The kernel's log could not be read here");
	if (unknown)
		return text_format(
			"The kernel's log has %s of which it is not known whether they are of this run",
			TEXT_COUNT(unknown, "kill line"));
	return xstrdup("The kernel's log, as far as it was seen, holds no account of the kill");
}

static void say_unseen(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *log = log_words(f);
	bool died = f->conclusion->outcome == OUTCOME_OOM_KILLED;

	if (record_delta(f->own, COUNTER_OOM_KILL) > 0)
		doc_sentence(doc, "%s, but its counters tell: oom_kill rose%s.", log,
			     died ? " while the process died of SIGKILL" : "");
	else
		doc_sentence(doc, "%s, but the tracepoint oom:mark_victim tells whom it killed.",
			     log);
	cite_event(doc, f, COUNTER_OOM_KILL);
	if (died)
		cite_end(doc, f);
}

void story_kernel(const struct facts *f, struct doc *doc)
{
	if (f->conclusion->scope == SCOPE_NONE)
		return;
	doc_heading(doc, "Whose limit was hit, and what the kernel did");
	say_limit(f, doc);
	if (f->kill) {
		say_invoker(f, doc);
		say_undumped(f, doc);
		story_witness(f, doc);
		say_choice(f, doc);
	} else {
		say_unseen(f, doc);
	}
	story_victims(f, doc);
	if (f->conclusion->scope == SCOPE_OWN)
		story_thrash(f, doc);
	if (f->conclusion->outcome == OUTCOME_CHILD_OOM_KILLED)
		story_ending(f, doc);
}

/* Small items of kernel memory share one bar. */
static bool is_crumb(const struct budget *b, const struct budget_item *item)
{
	return item->is_kernel && item->bytes < b->total / 1000;
}

static void draw_crumbs(const struct budget *b, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf label = STRBUF_INIT;
	int64_t sum = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (!is_crumb(b, &b->items[i]))
			continue;
		strbuf_printf(&label, "%s%s", label.len ? ", " : "", b->items[i].label);
		sum += b->items[i].bytes;
	}
	if (sum)
		doc_bar(doc, label.buf, sum);
}

static void draw_budget(const struct budget *b, struct doc *doc)
{
	bool has_limit = is_known(b->unused);
	const struct budget_item *rest = NULL;

	doc_bars(doc, has_limit ? b->limit : b->total, has_limit ? "limit" : "sum");
	for (size_t i = 0; i < b->count; i++) {
		if (b->items[i].part == BUDGET_NOT_ITEMISED)
			rest = &b->items[i];
		else if (!is_crumb(b, &b->items[i]))
			doc_bar(doc, b->items[i].label, b->items[i].bytes);
	}
	draw_crumbs(b, doc);
	if (rest)
		doc_bar(doc, rest->label, rest->bytes);
	if (has_limit && b->unused)
		doc_bar(doc, "not used", b->unused);
}

/* Samples are some milliseconds apart: the peak that the kernel counted may be between two. */
static bool missed_peak(const struct facts *f, const struct budget *b)
{
	return b == &f->at_peak && is_known(f->peak) && !f->is_peak_sampled &&
	       f->peak - b->total > f->peak / 100;
}

static void say_missed_peak(const struct facts *f, const struct budget *b, struct doc *doc)
{
	doc_sentence(
		doc,
		"These are the %s of the highest sample; the peak that the kernel counted, %s, was met by none.",
		SIZE(b->total), SIZE(f->peak));
	doc_cite(doc, "sample %zu", b->sample_number);
}

/* A short run is over before samples and statistics have met what it took. */
static void say_missed(const struct facts *f, const struct budget *b, struct doc *doc)
{
	if (b != &f->at_peak || !b->count || !is_known(f->peak) ||
	    !coverage_is_worth_telling(f, f->peak))
		return;
	doc_heading(doc, "Where the memory was");
	doc_sentence(
		doc,
		"There is no table: of the %s charged at most, the highest sample has less than half by its parts.",
		SIZE(f->peak));
	doc_cite(doc, "sample %zu", b->sample_number);
}

void story_budget(const struct facts *f, struct doc *doc)
{
	const struct budget *b = f->at_kill.count ? &f->at_kill : &f->at_peak;

	if (!budget_is_telling(f, b)) {
		say_missed(f, b, doc);
		return;
	}
	if (missed_peak(f, b))
		doc_heading(doc, "Where the memory was, in the highest sample");
	else if (b == &f->at_peak)
		doc_heading(doc, "Where the memory was, at its highest");
	else if (b->kmsg)
		doc_heading(doc, "Where the memory was at the kill, by the kernel's own account");
	else if (is_known(f->kill_ns))
		doc_heading(doc, "Where the memory was, %s before the kill",
			    TEXT_DURATION((uint64_t)(f->kill_ns - b->sample->t_ns)));
	else
		doc_heading(doc, "Where the memory was, in the highest sample before the kill");
	if (b->kmsg)
		doc_cite(doc, "kmsg %" PRIu64 " and after", b->kmsg->seq);
	else
		doc_cite(doc, "sample %zu", b->sample_number);
	draw_budget(b, doc);
	if (missed_peak(f, b))
		say_missed_peak(f, b, doc);
	vm_files_say(f, b, doc);
}
