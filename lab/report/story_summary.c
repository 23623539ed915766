#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/reserved.h"
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
		snprintf(buf, size, "the limit of %s of a cgroup below its own",
			 SIZE(f->limit_bytes));
	else
		snprintf(buf, size, "the limit of %s", SIZE(f->limit_bytes));
	return buf;
}

/* Half of the limit and more is the victim's own, or there is no limit to compare with. */
static bool held_the_most(const struct facts *f)
{
	bool is_limited = f->conclusion->scope != SCOPE_GLOBAL && is_known(f->limit_bytes);

	return f->victim && (!is_limited || f->victim->anon_rss_bytes >= f->limit_bytes / 2);
}

/* " (/dev/shm/x had 60 MiB when last seen)"; "" where none had half of it. The caller frees. */
static char *largest_file(const struct facts *f, int64_t bytes)
{
	size_t count;
	const struct record_memory_file *files = story_files_last(f, &count);
	_cleanup_free_ char *name = count ? story_file_name(files) : NULL;

	if (!count || files->resident < bytes / 2)
		return xstrdup("");
	return text_format(" (%s had %s when last seen)", name, SIZE(files->resident));
}

/*
 * Where most of it was no process's own: a sentence that says what it was, with a blank before it;
 * else "". The caller frees.
 */
static char *other_memory(const struct facts *f, const struct budget *b, bool was_killed)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct budget_item *item = &b->items[i];

		if (item->bytes < b->total / 2)
			continue;
		if (item->part == BUDGET_SHMEM) {
			_cleanup_free_ char *file = largest_file(f, item->bytes);

			return text_format(
				" %s were files in tmpfs or shared memory%s, which stay as long as anything refers to them, whoever is killed.",
				SIZE(item->bytes), file);
		}
		if (item->part == BUDGET_FILE && !was_killed && is_known(b->limit) &&
		    b->total >= b->limit / 2)
			return text_format(
				" %s were file cache, which the kernel drops when it is needed.",
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

/*
 * " The largest, server (pid 12), held 60 MiB": of those there, where it is another that had half of
 * the limit, and nothing else was told. The caller frees.
 */
static char *largest_other(const struct facts *f)
{
	const struct oomlog_task *largest = NULL;

	for (size_t i = 0; f->kill && i < f->kill->event.task_count; i++) {
		const struct oomlog_task *task = &f->kill->event.tasks[i];

		if (is_known(task->rss_anon_bytes) && task->pid != f->victim->pid &&
		    (!largest || task->rss_anon_bytes > largest->rss_anon_bytes))
			largest = task;
	}
	if (!largest || !is_known(f->limit_bytes) || largest->rss_anon_bytes < f->limit_bytes / 2)
		return xstrdup("");
	return text_format(" %s (pid %" PRId64 ") held %s.", largest->comm ? largest->comm : "?",
			   largest->pid, SIZE(largest->rss_anon_bytes));
}

/* A victim is chosen among those there; what went past the limit may be mostly others', or shared.
 */
static void small_victim(const struct facts *f, struct doc *doc, const char *limit,
			 const char *rest)
{
	size_t candidates = f->kill ? f->kill->event.task_count : 0;
	char among[64] = "";
	_cleanup_free_ char *other = other_memory(f, &f->at_kill, true);
	_cleanup_free_ char *largest = largest_other(f);

	if (candidates > 1)
		snprintf(among, sizeof(among), ", one of %zu processes there", candidates);
	doc_summary(
		doc, DOC_BAD,
		"Memory went past %s, and the kernel killed the process%s. It held %s itself.%s%s%s",
		limit, among, SIZE(f->victim->anon_rss_bytes), largest, other, rest);
	cite_budget(&f->at_kill, other, doc);
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

static void oom_killed(const struct facts *f, struct doc *doc)
{
	struct culprit copies = story_copies(f);
	_cleanup_free_ char *contrary = contrary_end(f);
	_cleanup_free_ char *rest = text_format("%s%s", copies.words ? copies.words : "", contrary);
	const struct record_arena *a = f->arena;
	bool is_counted = f->victim && is_known(f->victim->anon_rss_bytes);
	struct culprit culprit = story_culprit(f, "its own memory");
	bool is_told = culprit.words && held_the_most(f) && !is_unfinished(a);
	char limit[128];

	limit_words(f, limit, sizeof(limit));
	if (is_unfinished(a))
		doc_summary(
			doc, DOC_BAD,
			"arena_init() was clearing all of its %s at once. With %s%s written, the next page went past %s, and the kernel killed the process.%s",
			SIZE(a->clear_target), is_counted ? "" : "at least ",
			SIZE(is_counted ? f->victim->anon_rss_bytes : a->cleared), limit, contrary);
	else if (is_counted && !held_the_most(f))
		small_victim(f, doc, limit, rest);
	else if (culprit.words)
		doc_summary(doc, DOC_BAD,
			    "%s. When the next page went past %s, the kernel killed the process.%s",
			    culprit.words, limit, rest);
	else if (is_counted)
		doc_summary(
			doc, DOC_BAD,
			"It held %s of memory when the next page went past %s, and the kernel killed it.%s",
			SIZE(f->victim->anon_rss_bytes), limit, rest);
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
	char limit[128];
	_cleanup_free_ char *other = other_memory(f, &f->at_kill, true);
	_cleanup_free_ char *ending = story_ending_words(f);
	_cleanup_free_ char *killed = killed_words(f);
	_cleanup_free_ char *whose = text_format(
		"%s's own memory", f->victim && f->victim->comm ? f->victim->comm : "?");
	struct culprit culprit = story_culprit(f, whose), copies = story_copies(f);
	const char *copied = copies.words ? copies.words : "";

	limit_words(f, limit, sizeof(limit));
	if (culprit.words && held_the_most(f))
		doc_summary(
			doc, DOC_BAD,
			"The kernel's OOM killer killed %s, when memory went past %s. %s.%s%s %s",
			killed, limit, culprit.words, other, copied, ending);
	else
		doc_summary(doc, DOC_BAD,
			    "The kernel's OOM killer killed %s, when memory went past %s.%s%s %s",
			    killed, limit, other, copied, ending);
	if ((culprit.words && held_the_most(f)) || copies.words)
		cite_profile(doc);
	cite_budget(&f->at_kill, other, doc);
	story_culprit_release(&copies);
	story_culprit_release(&culprit);
}

static void survived(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;
	_cleanup_free_ char *other = other_memory(f, &f->at_peak, false);
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
			    SIZE(a->reserved), SIZE(a->touched), doubt, peak, other);
	else
		doc_summary(doc, DOC_GOOD, "It survived.%s%s%s", doubt, peak, other);
	cite_budget(&f->at_peak, other, doc);
}

/* What a command was refused, as --preload saw it, and how it ended then. */
static void refused_call(const struct facts *f, const struct record_reservation *call,
			 struct doc *doc)
{
	_cleanup_free_ char *place = reserved_place(f->record, call), *doubt = story_doubt(f);
	_cleanup_free_ char *ending = story_ending_words(f);
	_cleanup_free_ char *size = reserved_refused_size(call->refused_bytes);

	doc_summary(doc, DOC_NEUTRAL,
		    "It was refused memory: %s (%s) requested %s and got ENOMEM. %s%s%s", place,
		    reserved_what(call->what), size, ending,
		    *doubt ? "" : " The OOM killer had no part in it.", doubt);
}

static void refused(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	const char *what = r->refused_what ? r->refused_what : "the allocation";
	const struct record_reservation *call = record_refused_call(r);
	_cleanup_free_ char *doubt = story_doubt(f);

	if (call && !is_known(r->refused_errno))
		refused_call(f, call, doc);
	else if (is_known(r->refused_bytes))
		doc_summary(
			doc, DOC_GOOD,
			"The kernel refused: %s of %s failed with %s. Nothing was touched for it%s.%s",
			what, SIZE(r->refused_bytes),
			r->refused_errno == 12 ? "ENOMEM" : strerror((int)r->refused_errno),
			*doubt ? "" : " and nobody was killed", doubt);
	else
		doc_summary(doc, DOC_GOOD, "The kernel refused an allocation with ENOMEM%s.%s",
			    *doubt ? "" : "; nobody was killed", doubt);
}

static void signalled(const struct facts *f, struct doc *doc)
{
	int64_t number = f->end ? f->end->signal : ABSENT;
	_cleanup_free_ char *signal = story_signal(number), *doubt = story_doubt(f);

	if (f->record->watchdog)
		doc_summary(doc, DOC_NEUTRAL, "The run was interrupted and oomlab stopped it.%s",
			    doubt);
	else if (number != 9)
		doc_summary(
			doc, DOC_BAD,
			"It was ended by %s. That was not the OOM killer: the OOM killer sends SIGKILL only.%s",
			signal, doubt);
	else if (*doubt)
		doc_summary(doc, DOC_BAD, "It was ended by %s.%s", signal, doubt);
	else
		doc_summary(
			doc, DOC_BAD,
			"It was ended by %s. That was not the OOM killer: somebody or something else sent it, and exit status 137 alone proves nothing.",
			signal);
}

/* Somebody may have been killed before nobody was left whom the kernel may kill. */
static void livelocked(const struct facts *f, struct doc *doc, const char *after)
{
	int64_t oom = record_delta(f->own, COUNTER_OOM);
	bool has_killed = f->conclusion->killed > 0;
	char times[64] = "", killed[96] = "";

	if (is_known(oom))
		snprintf(times, sizeof(times), " %s", TEXT_COUNT(oom, "time"));
	if (has_killed)
		snprintf(killed, sizeof(killed), "; it had killed %s of this run",
			 TEXT_COUNT(f->conclusion->killed, "process"));
	doc_summary(
		doc, DOC_BAD,
		"The cgroup ran out of memory%s and %sthe kernel found nobody it may kill%s; oomlab stopped it%s.",
		times, has_killed ? "in the end " : "", killed, after);
}

static void stopped(const struct facts *f, struct doc *doc)
{
	int64_t duration = facts_duration_ns(f), high = record_delta(f->own, COUNTER_HIGH);
	_cleanup_free_ char *doubt = story_doubt(f), *why = story_why_stopped(f);
	char after[64] = "";

	if (is_known(duration))
		snprintf(after, sizeof(after), " after %s", TEXT_DURATION((uint64_t)duration));
	if (f->conclusion->outcome == OUTCOME_THROTTLED)
		doc_summary(doc, DOC_BAD,
			    "It never finished: memory.high held it back %" PRId64
			    " times. %soomlab stopped it%s.%s",
			    high, *doubt ? "" : "Nobody was killed; ", after, doubt);
	else if (f->conclusion->outcome == OUTCOME_LIVELOCKED)
		livelocked(f, doc, after);
	else
		doc_summary(doc, DOC_BAD, "It did not finish and oomlab stopped it%s. %s", after,
			    why);
	if (f->conclusion->outcome == OUTCOME_TIMED_OUT)
		cite_why_stopped(f, doc);
}

/* " The kernel's OOM killer killed 2 processes of this run." */
static char *kernels_kills(const struct facts *f)
{
	int64_t killed = f->conclusion->killed;

	return killed ? text_format(" The kernel's OOM killer killed %s of this run.",
				    TEXT_COUNT(killed, "process"))
		      : xstrdup("");
}

/* The end of the target stands in the record, but not whether the kernel killed anybody. */
static void cut_short(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *signal = story_signal(f->end->signal);
	char status[64];

	snprintf(status, sizeof(status), "ended with status %" PRId64,
		 or_zero(f->end->exit_status));
	doc_summary(
		doc, DOC_BAD,
		"The program %s%s, and %s: whether the OOM killer had a part in it is not known.",
		is_known(f->end->signal) ? "was ended by " : status,
		is_known(f->end->signal) ? signal : "",
		f->record->is_complete
			? "what the record had of the kernel's count of kills is damaged"
			: "the record ends before oomlab had read all that the kernel says");
}

static void unknown_sender(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *signal = story_signal(f->end->signal);

	doc_summary(
		doc, DOC_BAD,
		"The program %s%s.%s Lines of the record are lost, and the one that says that oomlab itself stopped the program may be among them: who sent the signal is not known.",
		is_known(f->end->signal) ? "was ended by "
					 : "ended with status 137, as after SIGKILL",
		is_known(f->end->signal) ? signal : "",
		kills_are_ruled_out(f->record, f->conclusion->kills)
			? " That was not the OOM killer."
			: "");
}

static void lab_error(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	_cleanup_free_ char *killed = kernels_kills(f);

	if (r->error)
		doc_summary(doc, DOC_BAD, "oomlab could not do its part: %s.%s", r->error, killed);
	else if (f->end && !f->conclusion->killed && f->record->is_complete &&
		 conclusion_lacks_sender(r) && is_known(record_delta(f->own, COUNTER_OOM_KILL)))
		unknown_sender(f, doc);
	else if (f->end && !f->conclusion->killed)
		cut_short(f, doc);
	else if (story_guardian_ended(f) && is_known(r->gate_ns))
		doc_summary(
			doc, DOC_BAD,
			"The launcher was gone before the run was over, and its guardian ended the run: how the program would have ended is not known.%s What the record has of it follows.",
			killed);
	else if (story_guardian_ended(f))
		doc_summary(
			doc, DOC_BAD,
			"The launcher was gone before the run was over, and its guardian ended the run: the program had not been started.");
	else
		doc_summary(
			doc, DOC_BAD,
			"The record does not say how the target ended: oomlab was stopped while it ran.%s What stands in it follows.",
			killed);
}

/* An interpreter without its library fails in words that do not tell why. */
static void failed(const struct facts *f, struct doc *doc)
{
	const struct record_isolation *isolation = &f->record->isolation;
	bool is_alone = isolation->files == ISOLATION_COMMAND;
	_cleanup_free_ char *doubt = story_doubt(f);

	doc_summary(
		doc, DOC_BAD, "It ended by itself with status %" PRId64 "%s.%s%s",
		f->end->exit_status, *doubt ? "" : "; the OOM killer had no part in it", doubt,
		is_alone
			? " If it missed a file: the guest had none but the command, what it loads and what --file named; --share-host shows it all of this host, or says why it cannot."
			: "");
	if (is_alone)
		doc_cite(doc, "record line %u", isolation->line);
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
