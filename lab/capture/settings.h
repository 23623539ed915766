/*
 * settings.h - how the kernel that runs the target is set up, into the record: overcommit, THP,
 * swap, what printk will show of an OOM. Read once before the target starts. What cannot be read
 * is left out.
 *
 * Names: sysctls as sysctl(8) has them ("vm.overcommit_memory"), lines of /proc/meminfo by their
 * own name and with their own unit ("CommitLimit" -> "1534532 kB"), "thp" for
 * /sys/kernel/mm/transparent_hugepage/enabled, "pid_namespace" for one that is not the first,
 * "container_id" where an engine has left its 64 digits among the mounts.
 */
#ifndef OOMLAB_CAPTURE_SETTINGS_H
#define OOMLAB_CAPTURE_SETTINGS_H

#include "record/record.h"

void settings_write(struct record_writer *w);

#endif
