/*
 * maps.h - where a process has mapped code, to turn addresses into lines afterwards.
 */
#ifndef OOMLAB_SNAPSHOT_MAPS_H
#define OOMLAB_SNAPSHOT_MAPS_H

#include <sys/types.h>

#include "record/record.h"

/* Its program and its maps become a line of the record; of one that has gone, none. */
void maps_write(struct record_writer *w, pid_t pid);

#endif
