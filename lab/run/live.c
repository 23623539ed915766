#include "run/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"

#define REDRAW_NS INT64_C(100000000)

void live_start(struct live *live, const char *name, bool quiet)
{
	*live = (struct live){
		.is_on = !quiet && terminal_can_redraw(stderr),
		.name = name,
		.stage = "starting",
		.started_ns = io_now_ns(),
		.current_bytes = -1,
		.max_bytes = INT64_MAX,
	};
}

static void draw(struct live *live)
{
	char line[256];
	int n;

	if (live->is_held)
		return;
	n = snprintf(line, sizeof(line), "%.40s  %.1f s  %s", live->name,
		     (double)(io_now_ns() - live->started_ns) / 1e9, live->stage);

	if (live->current_bytes >= 0 && n > 0 && (size_t)n < sizeof(line)) {
		int64_t mib = live->current_bytes >> 20;

		if (live->max_bytes < INT64_MAX)
			snprintf(line + n, sizeof(line) - (size_t)n,
				 ": %" PRId64 " of %" PRId64 " MiB%s", mib, live->max_bytes >> 20,
				 live->oom_kill > 0 ? ", killed" : "");
		else
			snprintf(line + n, sizeof(line) - (size_t)n, ": %" PRId64 " MiB%s", mib,
				 live->oom_kill > 0 ? ", killed" : "");
	}
	text_neutralise(line);
	fprintf(stderr, "\r\033[K%s", line);
	live->drawn_ns = io_now_ns();
}

void live_stage(struct live *live, const char *stage)
{
	live->stage = stage;
	if (live->is_on)
		draw(live);
}

void live_update(struct live *live)
{
	if (live->is_on && io_now_ns() - live->drawn_ns >= REDRAW_NS)
		draw(live);
}

static int64_t number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	long long n;

	return at && sscanf(at + strlen(key), "%lld", &n) == 1 ? n : -1;
}

/* The guest's lines are compact JSON of this same program: looking for keys is enough here. */
void live_record_line(struct live *live, const char *text, uint64_t len)
{
	char head[512];
	int64_t n;

	if (!live->is_on)
		return;
	snprintf(head, sizeof(head), "%.*s", (int)(len < 500 ? len : 500), text);
	if (strstr(head, "\"ev\":\"gate\""))
		live->stage = "running";
	if (strstr(head, "\"ev\":\"exit\""))
		live->stage = "ended";
	if (strstr(head, "\"ev\":\"mark\"") && strstr(head, "\"what\":\"oom_kill\""))
		live->oom_kill = 1;
	if (strstr(head, "\"ev\":\"cgroup\"") && strstr(head, "\"level\":0") &&
	    (n = number_after(head, "\"memory_max\":")) > 0)
		live->max_bytes = n;
	if (strstr(head, "\"ev\":\"sample\"") && (n = number_after(head, "\"current\":")) >= 0)
		live->current_bytes = n;
	live_update(live);
}

void live_make_way(struct live *live, bool ends_line)
{
	if (live->is_on && live->drawn_ns && !live->is_held)
		fputs("\r\033[K", stderr);
	live->is_held = !ends_line;
}

void live_end(struct live *live)
{
	if (live->is_on && live->drawn_ns && !live->is_held)
		fputs("\r\033[K", stderr);
	live->is_on = false;
}
