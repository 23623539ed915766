/* The first sentence of a run that was neither killed nor survived. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/reserved.h"
#include "report/story.h"

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
	bool met_limit = record_delta(f->own, COUNTER_MAX) > 0;

	if (call && !is_known(r->refused_errno))
		refused_call(f, call, doc);
	else if (is_known(r->refused_bytes) && r->refused_bytes)
		doc_summary(doc, DOC_GOOD, "The kernel refused: %s of %s failed with %s. %s%s.%s",
			    what, SIZE(r->refused_bytes),
			    r->refused_errno == 12 ? "ENOMEM" : strerror((int)r->refused_errno),
			    met_limit ? "Memory met the limit while it ran"
				      : "Nothing was touched for it",
			    *doubt ? "" : " and nobody was killed", doubt);
	else
		doc_summary(doc, DOC_GOOD, "The kernel refused an allocation with ENOMEM%s.%s",
			    *doubt ? "" : "; nobody was killed", doubt);
	if (met_limit && is_known(r->refused_errno))
		cite_event(doc, f, COUNTER_MAX);
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

/* The kernel's line of a panic that vm.panic_on_oom asked for has that name in it. */
static void panicked(const struct facts *f, struct doc *doc)
{
	const char *panic = f->record->panic;

	if (strstr(panic, "panic_on_oom"))
		doc_summary(
			doc, DOC_BAD,
			"The kernel panicked instead of killing a process: memory ran out, and vm.panic_on_oom says that it is to stop the machine then. It said: %s.",
			panic);
	else
		doc_summary(
			doc, DOC_BAD,
			"The guest's kernel panicked while the program ran: %s. How the program would have ended is not known.",
			panic);
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

void story_summary_other(const struct facts *f, struct doc *doc)
{
	switch (f->conclusion->outcome) {
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
	case OUTCOME_PANICKED:
		panicked(f, doc);
		break;
	case OUTCOME_UNSET:
		doc_summary(doc, DOC_NEUTRAL, "Not run: %s.",
			    f->record->skip ? f->record->skip : "no reason was recorded");
		break;
	case OUTCOME_LAB_ERROR:
	case OUTCOME_OOM_KILLED:
	case OUTCOME_CHILD_OOM_KILLED:
	case OUTCOME_SURVIVED:
	case OUTCOME_COUNT:
		lab_error(f, doc);
		break;
	}
}
