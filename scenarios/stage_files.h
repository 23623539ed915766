/*
 * stage_files.h - the kernel's small files, for a stage: read, written, and what failed told.
 */
#ifndef OOMLAB_STAGE_FILES_H
#define OOMLAB_STAGE_FILES_H

#include <stdbool.h>
#include <stdint.h>

/* A line on standard error, with the text of errno. */
void stage_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* 0, or -1 with errno; stage_set() says what failed. */
int stage_write(const char *path, const char *text);
int stage_set(const char *path, const char *text);

/* The number that a file begins with, or that stands behind a name that begins a line; else 0. */
uint64_t stage_read_number(const char *path);
uint64_t stage_read_value(const char *path, const char *name);

/* The kernel-wide settings that a stage needs, and no huge pages for this process and its own. */
int stage_set_kernel(bool kills_invoker);

#endif
