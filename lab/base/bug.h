/*
 * bug.h - BUG() ends the program where only a programmer's mistake can lead; libc only.
 */
#ifndef OOMLAB_BASE_BUG_H
#define OOMLAB_BASE_BUG_H

/* Prints file, line and message to stderr, and aborts. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#endif
