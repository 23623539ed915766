/* Whose limit was hit, what the kernel said and did, and where the memory was. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "oomlog/mechanism.h"
#include "report/guest_files.h"
#include "report/story.h"

#define SIZE(bytes) TEXT_SIZE((uint64_t)(bytes))

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

static void say_own(const struct facts *f, struct doc *doc)
{
	const struct record_cgroup *limit = f->limit ? f->limit : f->own;

	doc_sentence(doc, "Its own: %s of %s is %s%s.",
		     f->record->cgroup_version == 1 ? "memory.limit_in_bytes" : "memory.max",
		     path_of(limit), is_known(f->limit_bytes) ? SIZE(f->limit_bytes) : "not known",
		     swap_words(f, limit));
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
	if (!f->own || !f->own->memory_max.is_set || f->own->memory_max.is_max)
		return;
	doc_sentence(doc, "The limit of its own cgroup is %s.", SIZE(f->own->memory_max.bytes));
	cite_limits(doc, f->own);
}

static void say_global(const struct facts *f, struct doc *doc)
{
	doc_sentence(doc,
		     "No cgroup's: the whole machine ran out of memory, so every process on it "
		     "was a candidate.");
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
	} else if (scope == SCOPE_UNKNOWN) {
		doc_sentence(doc,
			     "Not known: the kernel's account of the kill was not seen, and no "
			     "cgroup's own counters rose.");
		cite_event(doc, f, COUNTER_OOM_KILL);
	} else {
		doc_sentence(doc, "That of the memory nodes this process may use (%s).",
			     scope_names[scope]);
		cite_kmsg(doc, f->summary_line);
	}
}

/* What the invoker was doing; the trace's word for page tables needs the reason added. */
static const char *doing(const struct oomlog_event *e)
{
	const struct mechanism *mechanism = mechanism_named(e->mechanism);

	if (!mechanism)
		return "needed memory";
	return strcmp(mechanism->name, "page_tables")
		       ? mechanism->sentence
		       : "needed a page for its page tables, to map the next memory it touched";
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

static void say_choice(const struct facts *f, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (e->task_count == 1)
		strbuf_puts(&sb, ", the only candidate");
	else if (e->task_count)
		strbuf_printf(&sb, ", of %zu candidates", e->task_count);
	if (e->constraint)
		strbuf_printf(&sb, ", under CONSTRAINT_%s%s,", e->constraint,
			      constraint_words(e->constraint));
	doc_sentence(doc, "It chose %s (pid %" PRId64 ")%s and sent SIGKILL%s%s",
		     f->victim->comm ? f->victim->comm : "?", f->victim->pid, sb.buf,
		     e->group_kill ? " to every process of the group (memory.oom.group)" : "",
		     f->kill_line ? ":" : ".");
	cite_kmsg(doc, f->summary_line);
	cite_kmsg(doc, f->kill_line);
	cite_event(doc, f, COUNTER_OOM_KILL);
}

static void say_further_kills(const struct facts *f, struct doc *doc)
{
	const struct kills *kills = f->conclusion->kills;
	size_t own = 0;

	for (size_t i = 0; i < kills->count; i++)
		own += kills->items[i].child_count + kills->items[i].is_target;
	if (own < 2)
		return;
	doc_sentence(doc, "In all the kernel killed %zu processes of this run.", own);
	cite_event(doc, f, COUNTER_OOM_KILL);
}

static bool has_log(const struct record *r)
{
	const struct record_source *kmsg = record_source_named(r, "kmsg");

	return !kmsg || kmsg->is_open;
}

void story_kernel(const struct facts *f, struct doc *doc)
{
	if (f->conclusion->scope == SCOPE_NONE)
		return;
	doc_heading(doc, "Whose limit was hit, and what the kernel did");
	say_limit(f, doc);
	if (!f->kill) {
		doc_sentence(
			doc, "%s: oom_kill rose while the process died of SIGKILL.",
			has_log(f->record)
				? "The kernel's log holds no account of the kill, but its counters "
				  "do"
				: "The kernel's log could not be read here, but its counters tell");
		cite_event(doc, f, COUNTER_OOM_KILL);
		cite_end(doc, f);
		return;
	}
	say_invoker(f, doc);
	story_witness(f, doc);
	say_choice(f, doc);
	if (f->kill_line)
		doc_quote(doc, f->kill_line->text);
	say_further_kills(f, doc);
	if (f->conclusion->scope == SCOPE_OWN)
		story_thrash(f, doc);
}

static void say_not_proof(const struct facts *f, struct doc *doc)
{
	bool saw_all = record_saw_all_kmsg(f->record);

	doc_sentence(
		doc,
		"SIGKILL (exit status 137 in a shell or container) is a symptom, not a cause: the "
		"OOM killer sends it, and so can anybody.");
	cite_end(doc, f);
	doc_sentence(doc, "Here oom_kill did not rise%s.",
		     saw_all ? " and the kernel log holds no kill line for this process" : "");
	cite_event(doc, f, COUNTER_OOM_KILL);
	if (saw_all)
		doc_cite(doc, "kmsg whole, %zu lines", f->record->kmsg_count);
}

static void say_throttled(const struct facts *f, struct doc *doc)
{
	const struct amount *high = f->own ? &f->own->memory_high : NULL;
	bool has_limit = high && high->is_set && !high->is_max;

	doc_sentence(
		doc,
		"Above memory.high%s%s%s the kernel reclaims and puts the program to sleep, longer "
		"and longer, but never kills it; here nothing could be reclaimed.",
		has_limit ? " (" : "", has_limit ? SIZE(high->bytes) : "", has_limit ? ")" : "");
	cite_limits(doc, f->own);
	cite_event(doc, f, COUNTER_HIGH);
}

static void say_livelocked(const struct facts *f, struct doc *doc)
{
	if (f->record->spec.oom_score_adj == -1000) {
		doc_sentence(
			doc,
			"An oom_score_adj of -1000 forbids the OOM killer to choose a process; "
			"it found no other and tried again and again.");
		doc_cite(doc, "spec oom_score_adj -1000");
	} else {
		doc_sentence(doc,
			     "The OOM killer found no process it may choose and tried again and "
			     "again.");
	}
	cite_event(doc, f, COUNTER_OOM);
	cite_event(doc, f, COUNTER_OOM_KILL);
}

static void say_stopped(const struct facts *f, struct doc *doc)
{
	doc_sentence(doc, "The lab itself stopped it (%s).", f->record->watchdog);
	doc_cite(doc, "record line %u", f->record->watchdog_line);
	cite_event(doc, f, COUNTER_OOM_KILL);
	if (f->conclusion->outcome == OUTCOME_THROTTLED)
		say_throttled(f, doc);
	else if (f->conclusion->outcome == OUTCOME_LIVELOCKED)
		say_livelocked(f, doc);
}

static void say_end(const struct facts *f, struct doc *doc)
{
	if (f->record->watchdog) {
		say_stopped(f, doc);
		return;
	}
	if (f->conclusion->outcome == OUTCOME_SIGNALLED && f->end->signal == 9) {
		say_not_proof(f, doc);
		return;
	}
	if (f->end && is_known(f->end->exit_status))
		doc_sentence(doc, "By itself, with status %" PRId64 "%s.", f->end->exit_status,
			     is_known(record_delta(f->own, COUNTER_OOM_KILL))
				     ? "; the kernel counted no OOM kill"
				     : "");
	else
		doc_sentence(doc, "By a signal that is not the OOM killer's.");
	cite_end(doc, f);
	cite_event(doc, f, COUNTER_OOM_KILL);
}

/* How it ended, where no kill is to be told of. */
void story_no_kill(const struct facts *f, struct doc *doc)
{
	if (f->conclusion->scope != SCOPE_NONE || f->record->skip ||
	    f->conclusion->outcome == OUTCOME_LAB_ERROR)
		return;
	doc_heading(doc, "How it ended");
	say_end(f, doc);
	story_thrash(f, doc);
}

/* Small items of the kernel's own stand on one line together. */
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
		if (!strcmp(b->items[i].key, "not_itemised"))
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

/* The statistics of a short run may not have been brought up to date even once. */
static bool is_itemised(const struct budget *b)
{
	return b->count && strcmp(b->items[0].key, "not_itemised") != 0;
}

void story_budget(const struct facts *f, struct doc *doc)
{
	const struct budget *b = f->at_kill.count ? &f->at_kill : &f->at_peak;

	if (!is_itemised(b))
		return;
	if (b == &f->at_peak)
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
	guest_files_say(f, b, doc);
}
