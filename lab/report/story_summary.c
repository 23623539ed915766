#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"

#define SIZE(bytes) TEXT_SIZE((uint64_t)(bytes))

static bool is_unfinished(const struct record_arena *a)
{
	return a && is_known(a->clear_target) && is_known(a->cleared) &&
	       a->cleared < a->clear_target;
}

/* " the limit of 512 MiB", or what else ran out. */
static const char *limit_words(const struct facts *f, char *buf, size_t size)
{
	if (f->conclusion->scope == SCOPE_GLOBAL)
		snprintf(buf, size, "what the whole machine had left");
	else if (!is_known(f->limit_bytes))
		snprintf(buf, size, "the limit");
	else if (f->conclusion->scope == SCOPE_ANCESTOR)
		snprintf(buf, size, "an ancestor's limit of %s", SIZE(f->limit_bytes));
	else
		snprintf(buf, size, "the limit of %s", SIZE(f->limit_bytes));
	return buf;
}

/* Half of the limit and more is the victim's own, or there is no limit to compare with. */
static bool held_the_most(const struct facts *f)
{
	bool is_limited = f->conclusion->scope != SCOPE_GLOBAL && is_known(f->limit_bytes);

	return !is_limited || f->victim->anon_rss_bytes >= f->limit_bytes / 2;
}

/*
 * Where most of it was no process's own: a sentence that says what it was, with a blank before it;
 * else "". The caller frees.
 */
static char *other_memory(const struct budget *b, bool was_killed)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct budget_item *item = &b->items[i];

		if (item->bytes < b->total / 2)
			continue;
		if (!strcmp(item->key, "shmem"))
			return text_format(" %s were files in tmpfs or shared memory, which stay "
					   "as long as anything refers to them, whoever is killed.",
					   SIZE(item->bytes));
		if (!strcmp(item->key, "file") && !was_killed && is_known(b->limit) &&
		    b->total >= b->limit / 2)
			return text_format(" %s were file cache, which the kernel drops when it "
					   "is needed.",
					   SIZE(item->bytes));
		if (item->is_kernel)
			return text_format(" %s were the kernel's own on its behalf (%s).",
					   SIZE(item->bytes), item->label);
	}
	return xstrdup("");
}

static void cite_budget(const struct budget *b, const char *sentence, struct doc *doc)
{
	if (*sentence && b->kmsg)
		cite_kmsg(doc, b->kmsg);
	else if (*sentence && b->sample)
		doc_cite(doc, "sample %zu", b->sample_number);
}

/* A victim is chosen among those there; what went past the limit may be mostly others', or shared.
 */
static void small_victim(const struct facts *f, struct doc *doc, const char *limit)
{
	size_t candidates = f->kill ? f->kill->event.task_count : 0;
	char among[64] = "";
	_cleanup_free_ char *other = other_memory(&f->at_kill, true);

	if (candidates > 1)
		snprintf(among, sizeof(among), ", one of %zu processes there", candidates);
	doc_summary(doc, DOC_BAD,
		    "Memory went past %s, and the kernel killed it%s. It held %s itself.%s", limit,
		    among, SIZE(f->victim->anon_rss_bytes), other);
	cite_budget(&f->at_kill, other, doc);
}

static void oom_killed(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;
	bool is_counted = f->victim && is_known(f->victim->anon_rss_bytes);
	char limit[128];

	limit_words(f, limit, sizeof(limit));
	if (is_unfinished(a))
		doc_summary(doc, DOC_BAD,
			    "arena_init() was clearing all of its %s at once. With %s%s written, "
			    "the next page went past %s, and the kernel killed the process.",
			    SIZE(a->clear_target), is_counted ? "" : "at least ",
			    SIZE(is_counted ? f->victim->anon_rss_bytes : a->cleared), limit);
	else if (is_counted && !held_the_most(f))
		small_victim(f, doc, limit);
	else if (is_counted)
		doc_summary(doc, DOC_BAD,
			    "It held %s of memory when the next page went past %s, and the kernel "
			    "killed it.",
			    SIZE(f->victim->anon_rss_bytes), limit);
	else
		doc_summary(doc, DOC_BAD, "Memory went past %s, and the kernel killed it.", limit);
}

static void child_oom_killed(const struct facts *f, struct doc *doc)
{
	char limit[128], end[64] = "ended by itself";
	_cleanup_free_ char *other = other_memory(&f->at_kill, true);

	if (f->end && is_known(f->end->exit_status))
		snprintf(end, sizeof(end), "ended with status %" PRId64, f->end->exit_status);
	limit_words(f, limit, sizeof(limit));
	if (f->victim)
		doc_summary(
			doc, DOC_BAD,
			"The program itself %s, but the kernel's OOM killer killed a process it "
			"had started: %s (pid %" PRId64 "), when memory went past %s.%s",
			end, f->victim->comm ? f->victim->comm : "?", f->victim->pid, limit, other);
	else
		doc_summary(
			doc, DOC_BAD,
			"The program itself %s, but the kernel's OOM killer killed a process in "
			"its cgroup, when memory went past %s.%s",
			end, limit, other);
	cite_budget(&f->at_kill, other, doc);
}

static void survived(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;
	_cleanup_free_ char *other = other_memory(&f->at_peak, false);
	char peak[160] = "";

	if (is_known(f->peak) && is_known(f->limit_bytes))
		snprintf(peak, sizeof(peak), " At most %s of the limit of %s were charged%s.",
			 SIZE(f->peak), SIZE(f->limit_bytes),
			 f->is_peak_sampled ? ", as far as samples show" : "");
	else if (is_known(f->peak))
		snprintf(peak, sizeof(peak), " At most %s were charged%s.", SIZE(f->peak),
			 f->is_peak_sampled ? ", as far as samples show" : "");
	if (a && is_known(a->reserved) && is_known(a->touched))
		doc_summary(doc, DOC_GOOD, "It survived: of %s reserved, its arena touched %s.%s%s",
			    SIZE(a->reserved), SIZE(a->touched), peak, other);
	else
		doc_summary(doc, DOC_GOOD, "It survived.%s%s", peak, other);
	cite_budget(&f->at_peak, other, doc);
}

static void refused(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	const char *what = r->refused_what ? r->refused_what : "the allocation";

	if (is_known(r->refused_bytes))
		doc_summary(doc, DOC_GOOD,
			    "The kernel refused: %s of %s failed with %s. Nothing was touched for "
			    "it and nobody was killed.",
			    what, SIZE(r->refused_bytes),
			    r->refused_errno == 12 ? "ENOMEM" : strerror((int)r->refused_errno));
	else
		doc_summary(doc, DOC_GOOD,
			    "The kernel refused an allocation with ENOMEM; nobody was killed.");
}

static void signalled(const struct facts *f, struct doc *doc)
{
	int64_t number = f->end ? f->end->signal : RECORD_ABSENT;
	const char *name = is_known(number) && number < 65 ? sigabbrev_np((int)number) : NULL;

	if (f->record->watchdog)
		doc_summary(doc, DOC_NEUTRAL, "The run was interrupted and the lab stopped it.");
	else
		doc_summary(doc, DOC_BAD,
			    "It was ended by signal %" PRId64
			    "%s%s%s. That was not the OOM killer: "
			    "%s.",
			    or_zero(number), name ? " (SIG" : "", name ? name : "", name ? ")" : "",
			    number == 9 ? "somebody or something else sent it, and exit status 137 "
					  "alone proves nothing"
					: "the OOM killer sends SIGKILL only");
}

static void stopped(const struct facts *f, struct doc *doc)
{
	int64_t duration = facts_duration_ns(f);
	int64_t high = record_delta(f->own, COUNTER_HIGH), oom = record_delta(f->own, COUNTER_OOM);
	char after[64] = "";

	if (is_known(duration))
		snprintf(after, sizeof(after), " after %s", TEXT_DURATION((uint64_t)duration));
	if (f->conclusion->outcome == OUTCOME_THROTTLED)
		doc_summary(doc, DOC_BAD,
			    "It never finished: memory.high held it back %" PRId64 " times. Nobody "
			    "was killed; the lab stopped it%s.",
			    high, after);
	else if (f->conclusion->outcome == OUTCOME_LIVELOCKED && is_known(oom))
		doc_summary(doc, DOC_BAD,
			    "The cgroup ran out of memory %" PRId64 " times and the kernel found "
			    "nobody it may kill; the lab stopped it%s.",
			    oom, after);
	else if (f->conclusion->outcome == OUTCOME_LIVELOCKED)
		doc_summary(doc, DOC_BAD,
			    "The cgroup ran out of memory and the kernel found nobody it may kill; "
			    "the lab stopped it%s.",
			    after);
	else
		doc_summary(doc, DOC_BAD, "It did not finish and the lab stopped it%s. %s", after,
			    story_thrashed(f)
				    ? "It was at its limit and thrashed: what it needed of files "
				      "was dropped and read again, over and over."
				    : "Neither memory.high nor the OOM killer is to blame.");
}

static void lab_error(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;

	if (r->error)
		doc_summary(doc, DOC_BAD, "The lab could not do its part: %s.", r->error);
	else
		doc_summary(
			doc, DOC_BAD,
			"The record does not say how the target ended: the lab was stopped while "
			"it ran. What stands in it follows.");
}

static const struct record_note *note_alone(const struct record *r)
{
	for (size_t i = 0; i < r->note_count; i++)
		if (text_starts_with(r->notes[i].text, RECORD_NOTE_ALONE))
			return &r->notes[i];
	return NULL;
}

/* An interpreter without its library fails in words that do not tell why. */
static void failed(const struct facts *f, struct doc *doc)
{
	const struct record_note *alone = note_alone(f->record);

	doc_summary(doc, DOC_BAD,
		    "It ended by itself with status %" PRId64
		    "; the OOM killer had no part in it.%s",
		    f->end->exit_status,
		    alone ? " If it missed a file: the guest had none but the command, what it "
			    "loads and what --file named; --share-host shows it all of this host."
			  : "");
	if (alone)
		doc_cite(doc, "record line %u", alone->line);
}

void story_summary(const struct facts *f, struct doc *doc)
{
	switch (f->conclusion->outcome) {
	case OUTCOME_OOM_KILLED:
		oom_killed(f, doc);
		break;
	case OUTCOME_CHILD_OOM_KILLED:
		child_oom_killed(f, doc);
		break;
	case OUTCOME_SURVIVED:
		survived(f, doc);
		break;
	case OUTCOME_REFUSED:
		refused(f, doc);
		break;
	case OUTCOME_SIGNALLED:
		signalled(f, doc);
		break;
	case OUTCOME_FAILED:
		failed(f, doc);
		break;
	case OUTCOME_THROTTLED:
	case OUTCOME_LIVELOCKED:
	case OUTCOME_TIMED_OUT:
		stopped(f, doc);
		break;
	case OUTCOME_UNSET:
		doc_summary(doc, DOC_NEUTRAL, "Not run: %s.",
			    f->record->skip ? f->record->skip : "no reason was recorded");
		break;
	case OUTCOME_LAB_ERROR:
	case OUTCOME_COUNT:
		lab_error(f, doc);
		break;
	}
	for (size_t i = 0; i < f->conclusion->cause_evidence_count; i++)
		doc_cite(doc, "%s", f->conclusion->cause_evidence[i]);
}
