#include "oomlog/oomlog.h"

#include <stdlib.h>

#include "oomlog/assemble.h"
#include "oomlog/record.h"

struct oomlog {
	struct assembler assembler;
	struct joiner joiner;
	struct strbuf partial; /* the beginning of a line whose end was not fed yet */
	uint64_t lines;
};

struct oomlog *oomlog_new(const struct oomlog_options *options)
{
	struct oomlog *log = xcalloc(1, sizeof(*log));

	assembler_init(&log->assembler, options);
	joiner_init(&log->joiner, assembler_message, &log->assembler);
	log->partial = (struct strbuf)STRBUF_INIT;
	return log;
}

void oomlog_free(struct oomlog *log)
{
	if (!log)
		return;
	assembler_release(&log->assembler);
	joiner_release(&log->joiner);
	strbuf_release(&log->partial);
	free(log);
}

uint64_t oomlog_line_count(const struct oomlog *log)
{
	return log->lines;
}

static void take_line(struct oomlog *log, struct span line)
{
	joiner_line(&log->joiner, line, ++log->lines);
}

void oomlog_feed(struct oomlog *log, const char *data, size_t len)
{
	struct span rest = {data, len};

	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;

		if (!end || log->partial.len) {
			strbuf_append(&log->partial, rest.p, n);
			if (!end)
				return;
			take_line(log, (struct span){log->partial.buf, log->partial.len});
			strbuf_clear(&log->partial);
		} else {
			take_line(log, span_head(rest, n));
		}
		rest = span_skip(rest, n + 1);
	}
}

void oomlog_end(struct oomlog *log)
{
	if (log->partial.len) {
		take_line(log, (struct span){log->partial.buf, log->partial.len});
		strbuf_clear(&log->partial);
	}
	joiner_flush(&log->joiner);
	assembler_close(&log->assembler);
}
