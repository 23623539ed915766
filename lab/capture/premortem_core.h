/*
 * premortem_core.h - a core file of a process that stands still, by gdb's gcore; private to
 * lab/capture.
 *
 * Bounded: PREMORTEM_CORE_MAX bytes, half of what the disk has left, PREMORTEM_CORE_SECONDS.
 * Address space that was never touched is read by gdb as zeroes and counts, too.
 */
#ifndef OOMLAB_CAPTURE_PREMORTEM_CORE_H
#define OOMLAB_CAPTURE_PREMORTEM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PREMORTEM_CORE_MAX (INT64_C(4) << 30)
enum { PREMORTEM_CORE_SECONDS = 120 };

/*
 * Writes DIR/core.PID and says where and how large; false with the reason in why[256], and nothing
 * is left behind then.
 */
bool premortem_core(pid_t pid, const char *dir, char *path, size_t size, int64_t *bytes, char *why);

#endif
