/*
 * explain_input.h - the bytes of a log for `oomlab explain`: a file, or the standard input for "-".
 * A gzip file (RFC 1952), as logrotate leaves logs, is unpacked, also if it has several members.
 * A file of xz, zstd, bzip2 or systemd's journal is refused with the name of the program that reads
 * it: its bytes would look like a log without an OOM kill. It is recognised by its first bytes, and
 * also if it is cut within them, unless a text may begin so.
 *
 *	if (explain_input_open(&input, "kern.log.2.gz", &err) < 0) ...
 *	while ((n = explain_input_read(&input, buffer, sizeof(buffer), &err)) > 0) ...
 *	explain_input_close(&input);
 *
 * Plain text is read into the caller's buffer, and nothing is allocated for it.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_INPUT_H
#define OOMLAB_EXPLAIN_EXPLAIN_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct explain_unpacker;

struct explain_input {
	const char *name; /* for people */
	int fd;
	bool has_begun;			   /* the first bytes were read and recognised */
	struct explain_unpacker *unpacker; /* NULL: plain text */
};

/* 0, or -1 with status 1 and nothing to close. `name` must outlive the input. */
int explain_input_open(struct explain_input *input, const char *name, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Bytes read, 0 at the end, or -1 with status 1. pre: size >= 4096. */
ssize_t explain_input_read(struct explain_input *input, char *buffer, size_t size, struct err *err)
	__attribute__((nonnull, warn_unused_result));

void explain_input_close(struct explain_input *input) __attribute__((nonnull));

#endif
