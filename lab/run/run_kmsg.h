/*
 * run_kmsg.h - writes the kernel log lines of a run into a file beside its report.
 */
#ifndef OOMLAB_RUN_RUN_KMSG_H
#define OOMLAB_RUN_RUN_KMSG_H

#include "base/err.h"
#include "base/folder.h"
#include "record/record.h"

/*
 * Writes dir/kmsg.log: the record's kernel log lines in the format of /dev/kmsg (the kernel's
 * Documentation/ABI/testing/dev-kmsg: "level,sequence,microseconds,-;text"), so that other tools
 * can read them. Without such lines there is no file. 0 or -1.
 */
int run_kmsg_write(const struct record *record, const struct folder *dir, struct err *err);

#endif
