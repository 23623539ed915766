/*
 * stage_room.h - how much memory the machine still gives.
 */
#ifndef OOMLAB_STAGE_ROOM_H
#define OOMLAB_STAGE_ROOM_H

#include <stdint.h>

#define STAGE_ALL_NODES (-1)

/*
 * Bytes that a request can still take of all zones, or of those of one node, before it falls below
 * their minimum: /proc/zoneinfo (mm/vmstat.c). What each CPU holds back is not among them.
 */
uint64_t stage_room(int node);

#endif
