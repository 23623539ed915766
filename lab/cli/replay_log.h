/*
 * replay_log.h - a log for `oomlab replay`, which reads it twice: the operand "LOG[#N]" and its bytes.
 *
 * Pattern of use: 1. replay_log_open(); 2. replay_log_read() as often as needed; 3.
 * replay_log_close(), also after an error.
 */
#ifndef OOMLAB_CLI_REPLAY_LOG_H
#define OOMLAB_CLI_REPLAY_LOG_H

#include "base/err.h"
#include "base/strbuf.h"
#include "oomlog/oomlog.h"

struct replay_log {
	char *file;	    /* the operand without "#N" */
	uint64_t wanted;    /* N; 0: none was given */
	struct strbuf held; /* what came through a pipe, which can be read once only */
	bool is_held;
};

#define REPLAY_LOG_INIT             \
	{                           \
		.held = STRBUF_INIT \
	}

/* "-" is the standard input. A file may be called "a#1", too. 0, or -1. */
int replay_log_open(struct replay_log *log, const char *operand, struct err *err);
/* Calls back for each event of it, from its beginning. page_size: as in struct oomlog_options. */
int replay_log_read(const struct replay_log *log, int64_t page_size, oomlog_event_fn *event,
		    void *ctx, struct err *err);
void replay_log_close(struct replay_log *log);

#endif
