#include "cli/replay_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "explain/explain_input.h"

#define HELD_MAX (256 << 20)

/* "kern.log#2"; a file may be called so, too. */
static int take_operand(struct replay_log *log, const char *operand, struct err *err)
{
	const char *mark = strrchr(operand, '#');
	long number;

	if (!mark || access(operand, R_OK) == 0) {
		log->file = xstrdup(operand);
		return 0;
	}
	if (text_parse_long(mark + 1, 1, INT32_MAX, &number) < 0)
		return err_set(err, EXIT_USAGE,
			       "'%s': behind '#' stands the number of a kill, from 1 on", operand);
	log->file = text_format("%.*s", (int)(mark - operand), operand);
	log->wanted = (uint64_t)number;
	return 0;
}

/* Takes a whole log piece by piece. */
static int read_pieces(const char *path, void (*take)(void *to, const char *data, size_t len),
		       void *to, struct err *err)
{
	static char buffer[1 << 16];
	struct explain_input input;
	ssize_t n;

	if (explain_input_open(&input, path, err) < 0)
		return -1;
	while ((n = explain_input_read(&input, buffer, sizeof(buffer), err)) > 0)
		take(to, buffer, (size_t)n);
	explain_input_close(&input);
	return n < 0 ? -1 : 0;
}

static void feed_piece(void *to, const char *data, size_t len)
{
	oomlog_feed(to, data, len);
}

static void hold_piece(void *to, const char *data, size_t len)
{
	struct strbuf *held = to;

	if (held->len <= HELD_MAX)
		strbuf_append(held, data, len);
}

/* A log is read twice; what comes through a pipe is held. */
static int hold_pipe(struct replay_log *log, struct err *err)
{
	struct stat st;
	bool is_stdin = strcmp(log->file, "-") == 0;

	if ((is_stdin ? fstat(STDIN_FILENO, &st) : stat(log->file, &st)) == 0 &&
	    S_ISREG(st.st_mode) && !is_stdin)
		return 0;
	log->is_held = true;
	if (read_pieces(log->file, hold_piece, &log->held, err) < 0)
		return -1;
	if (log->held.len <= HELD_MAX)
		return 0;
	return err_set(err, EXIT_FAILED, "%s: more than 256 MiB come through the pipe; give a file",
		       log->file);
}

int replay_log_open(struct replay_log *log, const char *operand, struct err *err)
{
	return take_operand(log, operand, err) < 0 || hold_pipe(log, err) < 0 ? -1 : 0;
}

int replay_log_read(const struct replay_log *log, int64_t page_size, oomlog_event_fn *event,
		    void *ctx, struct err *err)
{
	struct oomlog_options options = {page_size, event, ctx, NULL};
	struct oomlog *parser = oomlog_new(&options);
	int r = 0;

	if (log->is_held)
		oomlog_feed(parser, log->held.buf ? log->held.buf : "", log->held.len);
	else
		r = read_pieces(log->file, feed_piece, parser, err);
	oomlog_end(parser);
	oomlog_free(parser);
	return r;
}

void replay_log_close(struct replay_log *log)
{
	free(log->file);
	strbuf_release(&log->held);
}
