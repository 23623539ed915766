/* Parts of sentences that several sections say. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"
#include "report/story.h"

const char *story_unit(int64_t total)
{
	return total < 4 << 20 ? "KiB" : "MiB";
}

char *story_in_unit(int64_t total, int64_t bytes)
{
	return total < 4 << 20 ? text_format("%.0f", (double)bytes / (1 << 10))
			       : text_format("%.1f", (double)bytes / (1 << 20));
}

char *site_place(const struct record_site *site)
{
	const char *file = site ? site->file : NULL, *slash;

	if (!file)
		return xstrdup("");
	slash = strrchr(file, '/');
	while (slash && slash > file && slash[-1] != '/')
		slash--;
	if (slash && slash > file)
		file = slash;
	return site->line_number ? text_format("%s:%d", file, site->line_number) : xstrdup(file);
}

char *story_signal(int64_t number)
{
	const char *name = is_known(number) && number > 0 && number < 65 ? sigabbrev_np((int)number)
									 : NULL;

	return name ? text_format("signal %" PRId64 " (SIG%s)", number, name)
		    : text_format("signal %" PRId64, or_zero(number));
}

static char *after_words(const struct facts *f)
{
	int64_t duration = facts_duration_ns(f);

	return is_known(duration) ? text_format(" after %s", TEXT_DURATION((uint64_t)duration))
				  : xstrdup("");
}

static char *stopped_words(enum ending ending, const char *after)
{
	if (ending == ENDING_INTERRUPTED)
		return text_format(
			"The program itself had not ended when the run was interrupted%s, and oomlab stopped it with SIGKILL.",
			after);
	if (ending == ENDING_ESCAPED)
		return text_format(
			"The program itself left its cgroup, and oomlab stopped it%s with SIGKILL.",
			after);
	return text_format("The program itself did not end; oomlab stopped it%s%s with SIGKILL.",
			   after, ending == ENDING_TIMED_OUT ? ", at its timeout," : "");
}

char *story_ending_words(const struct facts *f)
{
	_cleanup_free_ char *signal = story_signal(f->end ? f->end->signal : ABSENT);
	_cleanup_free_ char *after = after_words(f);
	int64_t status = f->end ? f->end->exit_status : ABSENT;

	switch (f->conclusion->ending) {
	case ENDING_EXITED:
		return text_format("The program itself ended%s with status %" PRId64 ".", after,
				   status);
	case ENDING_SIGNALLED:
		return text_format("The program itself was ended%s by %s.", after, signal);
	case ENDING_TIMED_OUT:
	case ENDING_INTERRUPTED:
	case ENDING_LIVELOCKED:
	case ENDING_ESCAPED:
		return stopped_words(f->conclusion->ending, after);
	case ENDING_UNKNOWN:
		break;
	}
	return xstrdup("How the program itself ended is not known.");
}

char *story_doubt(const struct facts *f)
{
	size_t unknown = f->conclusion->kills->unknown;

	if (kills_are_ruled_out(f->record, f->conclusion->kills))
		return xstrdup("");
	if (unknown)
		return text_format(
			" Whether the OOM killer killed a process of this run is not known: the kernel's log tells of %s without naming the cgroup.",
			TEXT_COUNT(unknown, "kill"));
	return xstrdup(
		" Whether the OOM killer killed a process of this run is not known: the kernel's log was not seen whole, and the counters do not tell.");
}

const char *story_limit_elsewhere(const struct facts *f)
{
	const char *path = f->kill ? f->kill->event.oom_memcg : NULL;
	const char *own = f->record->cgroup_path;

	return path && own && strcmp(own, "/") && strcmp(own, path) ? path : NULL;
}
