/*
 * maps.h - writes /proc/PID/maps into the record, so that addresses become source lines afterwards.
 */
#ifndef OOMLAB_SNAPSHOT_MAPS_H
#define OOMLAB_SNAPSHOT_MAPS_H

#include <sys/types.h>

#include "record/record.h"

/*
 * The process's program and maps become one line of the record. A process that is gone gets none.
 */
void maps_write(struct record_writer *w, pid_t pid);

#endif
