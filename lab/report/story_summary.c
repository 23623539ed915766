#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/budget.h"
#include "report/elsewhere.h"
#include "report/story.h"
#include "report/story_culprit.h"

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
	else if (f->conclusion->scope == SCOPE_CPUSET)
		snprintf(buf, size, "what the memory nodes of its cpuset had left");
	else if (f->conclusion->scope == SCOPE_MEMPOLICY)
		snprintf(buf, size, "what the memory nodes of its memory policy had left");
	else if (f->conclusion->scope == SCOPE_UNKNOWN &&
		 (!is_known(f->limit_bytes) || (f->kill && f->kill->is_outside)))
		snprintf(buf, size, "a limit that is not known");
	else if (f->conclusion->scope == SCOPE_UNKNOWN)
		snprintf(buf, size, "a limit (its own is %s; whose it was is not known)",
			 SIZE(f->limit_bytes));
	else if (!is_known(f->limit_bytes))
		snprintf(buf, size, "the limit");
	else if (f->conclusion->scope == SCOPE_ANCESTOR)
		snprintf(buf, size, "an ancestor's limit of %s", SIZE(f->limit_bytes));
	else if (f->conclusion->scope == SCOPE_OTHER)
		snprintf(buf, size, "another cgroup's limit of %s", SIZE(f->limit_bytes));
	else if (f->conclusion->scope == SCOPE_OWN && story_limit_elsewhere(f))
		snprintf(buf, size, "the limit of %s of a cgroup below the run's own",
			 SIZE(f->limit_bytes));
	else
		snprintf(buf, size, "the limit of %s", SIZE(f->limit_bytes));
	return buf;
}

/* Half of the limit and more is the victim's own, or there is no limit to compare with. */
static bool held_the_most(const struct facts *f)
{
	enum scope scope = f->conclusion->scope;
	bool is_limited = scope != SCOPE_GLOBAL && scope != SCOPE_CPUSET &&
			  scope != SCOPE_MEMPOLICY && is_known(f->limit_bytes);

	return f->victim && (!is_limited || f->victim->anon_rss_bytes >= f->limit_bytes / 2);
}

/* A victim is chosen among those there; what went past the limit may be mostly others', or shared.
 */
static void small_victim(const struct facts *f, struct doc *doc, const char *limit,
			 const char *rest)
{
	size_t candidates = f->kill ? f->kill->event.task_count : 0;
	char among[64] = "";
	_cleanup_(elsewhere_release) struct elsewhere other = elsewhere_tell(f, &f->at_kill, true);
	_cleanup_free_ char *largest = elsewhere_largest(f);
	int64_t held = f->victim->anon_rss_bytes;
	/* Each process has a stack; recent kernels count in batches. */
	_cleanup_free_ char *own = held ? text_format("It held %s itself.", SIZE(held))
					: xstrdup("By the kernel's count it held nothing itself.");

	if (candidates > 1)
		snprintf(among, sizeof(among), ", one of %zu processes there", candidates);
	doc_summary(doc, DOC_BAD,
		    "Memory went past %s, and the kernel killed the process%s. %s%s%s%s", limit,
		    among, own, largest, other.words, rest);
	elsewhere_cite(f, &other, doc);
}

/* A blank and a sentence where its end is not that of a kill: it was ending when it came. */
static char *contrary_end(const struct facts *f)
{
	_cleanup_free_ char *signal = story_signal(f->end ? f->end->signal : ABSENT);

	if (!f->end || f->end->signal == 9 ||
	    (f->end->is_engines_word && f->end->exit_status == 128 + 9))
		return xstrdup("");
	if (is_known(f->end->signal))
		return text_format(" It ended by %s all the same.", signal);
	if (is_known(f->end->exit_status))
		return text_format(" It ended with status %" PRId64 " all the same.",
				   f->end->exit_status);
	return xstrdup("");
}

/* What brought the kill about where no page was requested that was not to be had. */
static const struct unrequested {
	const char *sentence, *when; /* NULL: a page was requested */
} unrequested[MECHANISM_COUNT] = {
	[MECHANISM_MIN_TTL] =
		{"No allocation had failed: free memory was low, and what the kernel could evict had been in use within min_ttl_ms or is protected, so that its reclaim thread had the process killed.",
		 "when free memory was low and its reclaim thread asked for it (min_ttl_ms)"},
	[MECHANISM_SYSRQ] =
		{"Somebody requested a kill by hand (sysrq f), and the kernel chose this process.",
		 "when somebody requested it by hand (sysrq f)"},
	[MECHANISM_BPF_REQUEST] =
		{"A BPF program requested a kill, and the kernel chose this process.",
		 "when a BPF program requested it"},
	[MECHANISM_LIMIT_LOWERED] =
		{"A limit was lowered below what was in use, and the kernel killed the process.",
		 "when a limit was lowered below what was in use"},
};

/* "when memory went past LIMIT", or what else it was. */
static const char *when_killed(const struct facts *f, const char *limit, char *buf, size_t size)
{
	const char *other = f->kill ? unrequested[f->kill->event.mechanism].when : NULL;

	snprintf(buf, size, "when memory went past %s", limit);
	return other ? other : buf;
}

static void oom_killed(const struct facts *f, struct doc *doc)
{
	struct culprit copies = story_copies(f);
	_cleanup_free_ char *contrary = contrary_end(f);
	_cleanup_free_ char *rest = text_format("%s%s", copies.words ? copies.words : "", contrary);
	const struct record_arena *a = f->arena;
	bool is_counted = f->victim && is_known(f->victim->anon_rss_bytes);
	struct culprit culprit = story_culprit(f, "its own memory");
	bool is_told = culprit.words && held_the_most(f) && !is_unfinished(a);
	char limit[128], swapped[64] = "";

	limit_words(f, limit, sizeof(limit));
	if (story_swapped(f))
		snprintf(swapped, sizeof(swapped), ", and %s in swap,", SIZE(story_swapped(f)));
	if (is_unfinished(a))
		doc_summary(
			doc, DOC_BAD,
			"arena_init() was clearing all of its %s at once. With %s%s written, the next page went past %s, and the kernel killed the process.%s",
			SIZE(a->clear_target), is_counted ? "" : "at least ",
			SIZE(is_counted ? f->victim->anon_rss_bytes : a->cleared), limit, contrary);
	else if (is_counted && !held_the_most(f))
		small_victim(f, doc, limit, rest);
	else if (is_counted && unrequested[f->kill->event.mechanism].sentence)
		doc_summary(doc, DOC_BAD, "%s%s%s. %s%s",
			    culprit.words ? culprit.words : "It held ",
			    culprit.words ? "" : SIZE(f->victim->anon_rss_bytes),
			    culprit.words ? "" : " of memory",
			    unrequested[f->kill->event.mechanism].sentence, rest);
	else if (culprit.words)
		doc_summary(doc, DOC_BAD,
			    "%s. When the next page went past %s, the kernel killed the process.%s",
			    culprit.words, limit, rest);
	else if (is_counted)
		doc_summary(
			doc, DOC_BAD,
			"It held %s of memory%s when the next page went past %s, and the kernel killed it.%s",
			SIZE(f->victim->anon_rss_bytes), swapped, limit, rest);
	else
		doc_summary(doc, DOC_BAD, "Memory went past %s, and the kernel killed it.%s", limit,
			    rest);
	if (is_told || copies.words)
		cite_profile(doc);
	story_culprit_release(&copies);
	story_culprit_release(&culprit);
}

/* Who joined the cgroup otherwise (docker exec) has no parent in the record. */
static bool is_started_by_target(const struct record *r, int64_t pid)
{
	for (size_t i = 0; i < r->process_count; i++)
		if (r->processes[i].pid == pid)
			return is_known(r->processes[i].parent);
	return false;
}

/* Who was killed, as far as the record knows it. The caller frees. */
static char *killed_words(const struct facts *f)
{
	int64_t killed = f->conclusion->killed;
	const char *comm = f->victim && f->victim->comm ? f->victim->comm : "?";

	if (!f->victim)
		return killed > 1 ? text_format("%" PRId64 " processes in its cgroup", killed)
				  : xstrdup("a process in its cgroup");
	if (killed > 1)
		return text_format("%" PRId64 " processes of this run, among them %s (pid %" PRId64
				   ")",
				   killed, comm, f->victim->pid);
	return text_format("%s: %s (pid %" PRId64 ")",
			   is_started_by_target(f->record, f->victim->pid)
				   ? "a process that the program had started"
				   : "a process in its cgroup",
			   comm, f->victim->pid);
}

static void child_oom_killed(const struct facts *f, struct doc *doc)
{
	char limit[128], past[160];
	_cleanup_(elsewhere_release) struct elsewhere other = elsewhere_tell(f, &f->at_kill, true);
	_cleanup_free_ char *ending = story_ending_words(f);
	_cleanup_free_ char *killed = killed_words(f);
	_cleanup_free_ char *whose = text_format(
		"%s's own memory", f->victim && f->victim->comm ? f->victim->comm : "?");
	struct culprit culprit = story_culprit(f, whose), copies = story_copies(f);
	const char *copied = copies.words ? copies.words : "", *when;

	limit_words(f, limit, sizeof(limit));
	when = when_killed(f, limit, past, sizeof(past));
	if (culprit.words && held_the_most(f))
		doc_summary(doc, DOC_BAD, "The kernel's OOM killer killed %s, %s. %s.%s%s %s",
			    killed, when, culprit.words, other.words, copied, ending);
	else
		doc_summary(doc, DOC_BAD, "The kernel's OOM killer killed %s, %s.%s%s %s", killed,
			    when, other.words, copied, ending);
	if ((culprit.words && held_the_most(f)) || copies.words)
		cite_profile(doc);
	elsewhere_cite(f, &other, doc);
	story_culprit_release(&copies);
	story_culprit_release(&culprit);
}

static void survived(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;
	static const struct budget none;
	_cleanup_(elsewhere_release) struct elsewhere other =
		elsewhere_tell(f, budget_is_telling(f, &f->at_peak) ? &f->at_peak : &none, false);
	_cleanup_free_ char *doubt = story_doubt(f);
	char peak[160] = "";

	if (is_known(f->peak) && is_known(f->limit_bytes))
		snprintf(peak, sizeof(peak), " At most %s of the limit of %s were charged%s.",
			 SIZE(f->peak), SIZE(f->limit_bytes),
			 f->is_peak_sampled ? ", as far as samples show" : "");
	else if (is_known(f->peak))
		snprintf(peak, sizeof(peak), " At most %s were charged%s.", SIZE(f->peak),
			 f->is_peak_sampled ? ", as far as samples show" : "");
	if (a && is_known(a->reserved) && is_known(a->touched))
		doc_summary(doc, DOC_GOOD,
			    "It survived: of %s reserved, its arena touched %s.%s%s%s",
			    SIZE(a->reserved), SIZE(a->touched), doubt, peak, other.words);
	else
		doc_summary(doc, DOC_GOOD, "It survived.%s%s%s", doubt, peak, other.words);
	elsewhere_cite(f, &other, doc);
}

void story_summary(const struct facts *f, struct doc *doc)
{
	if (f->conclusion->outcome == OUTCOME_OOM_KILLED)
		oom_killed(f, doc);
	else if (f->conclusion->outcome == OUTCOME_CHILD_OOM_KILLED)
		child_oom_killed(f, doc);
	else if (f->conclusion->outcome == OUTCOME_SURVIVED)
		survived(f, doc);
	else
		story_summary_other(f, doc);
	for (size_t i = 0; i < f->conclusion->cause_evidence_count; i++)
		doc_cite(doc, "%s", f->conclusion->cause_evidence[i]);
}
