/*
 * run_kmsg.h - the kernel's own lines of a run, beside its report.
 */
#ifndef OOMLAB_RUN_RUN_KMSG_H
#define OOMLAB_RUN_RUN_KMSG_H

#include "base/err.h"
#include "base/folder.h"
#include "record/record.h"

/*
 * Writes dir/kmsg.log: the record's kernel log lines as /dev/kmsg gave them
 * ("level,sequence,microseconds,-;text"), so that any tool reads them. None: no file.
 */
int run_write_kmsg(const struct record *record, const struct folder *dir, struct err *err);

#endif
