#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Writes the text from offset `at` on, and marks a cut one. */
static void format_at(struct err *err, size_t at, const char *fmt, va_list ap)
{
	size_t room = sizeof(err->text) - at;
	int n = vsnprintf(err->text + at, room, fmt, ap);

	if (n >= 0 && (size_t)n >= room)
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
	text_neutralise(err->text + at);
}

static void append(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void append(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_at(err, strlen(err->text), fmt, ap);
	va_end(ap);
}

int err_set(struct err *err, int status, const char *fmt, ...)
{
	va_list ap;

	err->status = status;
	va_start(ap, fmt);
	format_at(err, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int err_errno(struct err *err, int status, const char *fmt, ...)
{
	int cause = errno;
	va_list ap;

	err->status = status;
	va_start(ap, fmt);
	format_at(err, 0, fmt, ap);
	va_end(ap);
	append(err, ": %s", strerror(cause));
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char cause[sizeof(err->text)];
	va_list ap;

	memcpy(cause, err->text, sizeof(cause));
	va_start(ap, fmt);
	format_at(err, 0, fmt, ap);
	va_end(ap);
	append(err, ": %s", cause);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	append(err, "; ");
	va_start(ap, fmt);
	format_at(err, strlen(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

void err_print(const struct err *err)
{
	fprintf(stderr, "oomlab: %s\n", err->text);
}
