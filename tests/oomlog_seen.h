/*
 * oomlog_seen.h - what tests of the log parser share: text in, one line an event out.
 *
 * A line is "invoker(pid)>victim:pid,victim:pid scope oom_memcg task_memcg"; "?" and "-" stand for
 * what is absent. The invoker's pid is there where no "PID:" line told it.
 */
#ifndef OOMLAB_TESTS_OOMLOG_SEEN_H
#define OOMLAB_TESTS_OOMLOG_SEEN_H

#include <stdio.h>
#include <string.h>

#include "oomlog/oomlog.h"

/* What a test looks at after the parser is gone. */
struct seen {
	size_t count;
	char log[8192]; /* one line an event: "invoker>victims scope oom_memcg task_memcg" */
};

static inline void describe(const struct oomlog_event *ev, void *ctx)
{
	struct seen *seen = ctx;
	size_t n = strlen(seen->log);

	n += (size_t)snprintf(seen->log + n, sizeof(seen->log) - n, "%s",
			      ev->invoker_comm ? ev->invoker_comm : "?");
	if (ev->invoker_pid != ABSENT && !ev->lines.cpu && ev->lines.invoked)
		n += (size_t)snprintf(seen->log + n, sizeof(seen->log) - n, "(%lld)",
				      (long long)ev->invoker_pid);
	n += (size_t)snprintf(seen->log + n, sizeof(seen->log) - n, ">");
	for (size_t i = 0; i < ev->victim_count && n < sizeof(seen->log); i++)
		n += (size_t)snprintf(seen->log + n, sizeof(seen->log) - n, "%s%s:%lld",
				      i ? "," : "", ev->victims[i].comm ? ev->victims[i].comm : "?",
				      (long long)ev->victims[i].pid);
	if (n < sizeof(seen->log))
		snprintf(seen->log + n, sizeof(seen->log) - n, " %s %s %s\n",
			 ev->scope ? scope_names[ev->scope] : "?",
			 ev->oom_memcg ? ev->oom_memcg : "-",
			 ev->task_memcg ? ev->task_memcg : "-");
	seen->count++;
}

static inline void parse_with(oomlog_event_fn *fn, void *ctx, const char *text, size_t len,
			      size_t step)
{
	struct oomlog_options options = {0, fn, ctx, NULL};
	struct oomlog *log = oomlog_new(&options);

	for (size_t at = 0; at < len; at += step)
		oomlog_feed(log, text + at, len - at < step ? len - at : step);
	oomlog_end(log);
	oomlog_free(log);
}

#endif
