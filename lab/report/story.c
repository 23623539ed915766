#include "report/story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

static const char *outcome_words(enum outcome outcome)
{
	static const char *const words[OUTCOME_COUNT] = {
		[OUTCOME_UNSET] = "not run",
		[OUTCOME_SURVIVED] = "survived",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_OOM_KILLED] = "killed by the OOM killer",
		[OUTCOME_CHILD_OOM_KILLED] = "one of its processes was killed by the OOM killer",
		[OUTCOME_SIGNALLED] = "ended by a signal, not by the OOM killer",
		[OUTCOME_FAILED] = "failed by itself",
		[OUTCOME_THROTTLED] = "throttled",
		[OUTCOME_LIVELOCKED] = "livelocked",
		[OUTCOME_TIMED_OUT] = "timed out",
		[OUTCOME_PANICKED] = "the kernel panicked",
		[OUTCOME_LAB_ERROR] = "oomlab could not do its part",
	};

	return words[outcome];
}

/* The caller frees. */
static char *title_words(const struct facts *f)
{
	const struct conclusion *c = f->conclusion;
	bool is_sure = kills_are_ruled_out(f->record, c->kills);

	if (c->outcome == OUTCOME_CHILD_OOM_KILLED && c->killed > 1)
		return text_format("%" PRId64 " of its processes were killed by the OOM killer",
				   c->killed);
	if (c->outcome == OUTCOME_SIGNALLED && c->ending == ENDING_INTERRUPTED)
		return xstrdup("interrupted");
	if (c->outcome == OUTCOME_SIGNALLED && !is_sure)
		return xstrdup("ended by a signal");
	if (c->outcome == OUTCOME_SURVIVED && !is_sure)
		return xstrdup("survived itself; whether all of its processes did is not known");
	return xstrdup(outcome_words(c->outcome));
}

static const char *verdict_words(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return ", as expected";
	case VERDICT_FAIL:
		return ", NOT as expected";
	case VERDICT_BROKEN:
		return " (broken run)";
	case VERDICT_SKIP:
		return " (skipped)";
	case VERDICT_NONE:
		break;
	}
	return "";
}

static void add_part(struct strbuf *sb, const char *before, const char *text)
{
	if (text)
		strbuf_printf(sb, "%s%s%s", sb->len ? ", " : "", before, text);
}

/* Where a run of this kernel was, whichever cgroup it used. */
static const char *here_words(const struct record *r)
{
	if (record_setting(r, "in_container") || record_setting(r, "container_id"))
		return "inside a container";
	return record_setting(r, "pid_namespace") ? "in a pid namespace of its own" : "on the host";
}

/* The record has the words of the options; a reader need not know those. */
static char *backend_words(const struct record *r)
{
	static const char *const words[][2] = {
		{"docker", "in a docker container"},
		{"podman", "in a podman container"},
		{"vm", "virtual machine"},
	};
	const char *place = r->backend, *by = r->accelerator;

	for (size_t i = 0; place && i < ARRAY_SIZE(words); i++)
		if (!strcmp(r->backend, words[i][0]))
			place = words[i][1];
	if (place && (!strcmp(place, "cgroup") || !strcmp(place, "current")))
		place = here_words(r);
	if (!place || !by)
		return place ? xstrdup(place) : NULL;
	if (!strcmp(by, "tcg"))
		return text_format("%s, emulated (no KVM)", place);
	return text_format("%s (%s)", place, strcmp(by, "kvm") ? by : "KVM");
}

static void byline(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_free_ char *place = backend_words(r);

	add_part(&sb, "Linux ", r->kernel);
	if (r->machine)
		strbuf_printf(&sb, " %s", r->machine);
	add_part(&sb, "", place);
	if (is_known(r->cgroup_version))
		strbuf_printf(&sb, "%scgroup v%" PRId64, sb.len ? ", " : "", r->cgroup_version);
	add_part(&sb, "", r->started_at);
	if (is_known(facts_duration_ns(f)))
		strbuf_printf(&sb, ", %s", TEXT_DURATION((uint64_t)facts_duration_ns(f)));
	if (sb.len)
		doc_byline(doc, "%s", sb.buf);
}

char *story_outcome(const struct facts *facts)
{
	_cleanup_free_ char *title = title_words(facts);

	return text_format("%s%s", title, verdict_words(facts->conclusion->verdict));
}

void story_head(const struct facts *facts, struct doc *doc)
{
	_cleanup_free_ char *outcome = story_outcome(facts);

	doc_title(doc, "%s: %s", facts_target_name(facts), outcome);
	byline(facts, doc);
	story_summary(facts, doc);
}

void story_tell(const struct facts *facts, struct doc *doc)
{
	story_head(facts, doc);
	story_requested(facts, doc);
	story_reserved(facts, doc);
	story_touched(facts, doc);
	story_files(facts, doc);
	story_who(facts, doc);
	story_tree(facts, doc);
	story_mapped(facts, doc);
	story_premortem(facts, doc);
	story_ps(facts, doc);
	story_kernel(facts, doc);
	story_no_kill(facts, doc);
	story_budget(facts, doc);
	story_timeline(facts, doc);
	story_instead(facts, doc);
	story_engine(facts, doc);
	story_checks(facts, doc);
	story_quality(facts, doc);
	story_appendix(facts, doc);
}
