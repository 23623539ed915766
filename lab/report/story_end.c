/* How the target ended, where nobody was killed or only another process was. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"

static void cite_limits(struct doc *doc, const struct record_cgroup *cgroup)
{
	if (cgroup && cgroup->limits_line)
		doc_cite(doc, "record line %u", cgroup->limits_line);
}

void story_ending(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *words = story_ending_words(f);

	doc_sentence(doc, "%s", words);
	if (f->record->watchdog)
		doc_cite(doc, "record line %u", f->record->watchdog_line);
	else
		cite_end(doc, f);
	if (f->conclusion->ending == ENDING_EXITED && f->end && f->end->exit_status == 128 + 9 &&
	    !f->end->is_engines_word) {
		doc_sentence(
			doc,
			"Status 137 is what a shell gives when a command that it waited for died of SIGKILL.");
		cite_end(doc, f);
	}
}

static void say_not_proof(const struct facts *f, struct doc *doc)
{
	bool saw_all = record_saw_all_kmsg(f->record);

	doc_sentence(
		doc,
		"SIGKILL (exit status 137 in a shell or container) is a symptom, not a cause: the OOM killer sends it, and so can anybody.");
	cite_end(doc, f);
	if (is_known(record_delta(f->own, COUNTER_OOM_KILL))) {
		doc_sentence(doc, "Here oom_kill did not rise%s.",
			     saw_all ? " and the kernel log holds no kill line for this process"
				     : "");
		cite_event(doc, f, COUNTER_OOM_KILL);
	} else if (saw_all) {
		doc_sentence(doc, "Here the kernel log holds no kill line for this process.");
	}
	if (saw_all)
		doc_cite(doc, "kmsg whole, %s", TEXT_COUNT(f->record->kmsg_count, "line"));
}

static void say_throttled(const struct facts *f, struct doc *doc)
{
	const struct amount *high = f->own ? &f->own->memory_high : NULL;
	bool has_limit = high && high->is_set && !high->is_max;

	doc_sentence(
		doc,
		"Above memory.high%s%s%s the kernel reclaims and puts the program to sleep, longer and longer, but never kills it.",
		has_limit ? " (" : "", has_limit ? SIZE(high->bytes) : "", has_limit ? ")" : "");
	cite_limits(doc, f->own);
	cite_event(doc, f, COUNTER_HIGH);
}

static void say_livelocked(const struct facts *f, struct doc *doc)
{
	if (f->record->spec.oom_score_adj == -1000) {
		doc_sentence(
			doc,
			"An oom_score_adj of -1000 forbids the OOM killer to choose a process; it found no other and tried again and again.");
		doc_cite(doc, "spec oom_score_adj -1000");
	} else {
		doc_sentence(
			doc,
			"The OOM killer found no process it may choose and tried again and again.");
	}
	cite_event(doc, f, COUNTER_OOM);
	cite_event(doc, f, COUNTER_OOM_KILL);
}

static void say_stopped(const struct facts *f, struct doc *doc)
{
	doc_sentence(doc, "oomlab itself stopped it (%s), with SIGKILL.",
		     record_watchdog_names[f->record->watchdog]);
	doc_cite(doc, "record line %u", f->record->watchdog_line);
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
			     record_delta(f->own, COUNTER_OOM_KILL) == 0
				     ? "; the kernel counted no OOM kill in its cgroup"
				     : "");
	else
		doc_sentence(doc, "By a signal that is not the OOM killer's.");
	cite_end(doc, f);
	cite_event(doc, f, COUNTER_OOM_KILL);
}

void story_no_kill(const struct facts *f, struct doc *doc)
{
	if (f->conclusion->scope != SCOPE_NONE || f->record->skip ||
	    f->conclusion->outcome == OUTCOME_LAB_ERROR ||
	    f->conclusion->outcome == OUTCOME_PANICKED)
		return;
	doc_heading(doc, "How it ended");
	say_end(f, doc);
	story_thrash(f, doc);
	story_victims(f, doc);
}
