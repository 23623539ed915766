/*
 * err.h - one error: an exit status and one sentence that says what, where, why, what to do.
 *
 * Pattern of use: functions that can fail return 0 or -1 (or a pointer / NULL) and take
 * `struct err *err` last; on success err is untouched. The place of failure calls err_set() or
 * err_errno(); callers may prefix a context with err_wrap(); only main and the commands print.
 *
 *	if (mkdir(path, 0777) < 0)
 *		return err_errno(err, EXIT_LAB_BROKEN, "cannot create '%s'", path);
 *
 * The text lives inside the struct, so making an error never allocates and works when memory is
 * short. LIMITATION: text longer than the buffer is cut, marked with "...".
 */
#ifndef OOMLAB_BASE_ERR_H
#define OOMLAB_BASE_ERR_H

#include "base/bug.h"

/* Exit statuses of the oomlab commands, as documented in oomlab(1). */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,       /* verdict fail; a file that cannot be read */
	EXIT_USAGE = 2,	       /* wrong command line, bad value */
	EXIT_SKIP = 77,	       /* verdict skip: this host cannot do it, reason printed */
	EXIT_LAB_BROKEN = 125, /* the lab could not do its part */
	EXIT_NOT_EXEC = 126,   /* command found but not executable */
	EXIT_NOT_FOUND = 127,  /* command not found */
};

struct err {
	int status;	 /* enum exit_status; 0 while unset */
	char text[1024]; /* one sentence without newline; control characters escaped */
};

#define ERR_INIT      \
	{             \
		0, "" \
	}

/* Sets status and text. Returns -1 always, so it can be returned directly. */
int err_set(struct err *err, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* As err_set(), with ": " and the text of the current errno appended. */
int err_errno(struct err *err, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* Puts "context: " before the text; the status stays. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Appends "; hint": what the user can do about it. Returns -1. */
int err_hint(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Prints "oomlab: text" to stderr, one line. */
void err_print(const struct err *err) __attribute__((nonnull));

#endif
