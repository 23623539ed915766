/*
 * settings.h - writes into the record how the kernel that runs the target is set up: overcommit,
 * THP, swap, what the OOM killer logs. Called once before the target starts. What cannot be read is
 * left out.
 *
 * Names: sysctls as sysctl(8) has them ("vm.overcommit_memory"), lines of /proc/meminfo by their
 * own name and with their own unit ("CommitLimit" -> "1534532 kB"), "numa_nodes" for the nodes with
 * memory, "thp" for /sys/kernel/mm/transparent_hugepage/enabled, "pid_namespace" where oomlab is
 * not in the first one, "container_id" where an engine's mounts name it (64 hexadecimal digits).
 */
#ifndef OOMLAB_CAPTURE_SETTINGS_H
#define OOMLAB_CAPTURE_SETTINGS_H

#include "record/record.h"

void settings_write(struct record_writer *w);

#endif
