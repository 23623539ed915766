/*
 * tables_map.h - where the tables are, for the files that fill them. Internal to src/preload.
 */
#ifndef OOMLAB_PRELOAD_TABLES_MAP_H
#define OOMLAB_PRELOAD_TABLES_MAP_H

#include "preload/tables.h"

/* Set once by tables_map(); `geometry` is the header as it was when it was checked. */
struct tables {
	struct trace_header *header;
	struct trace_header geometry;
	struct trace_process *processes;
	struct trace_module *modules;
	struct trace_site *sites;
	struct trace_range *ranges;
	struct trace_bucket *buckets;
};
extern struct tables tables;

/* Id of this process, 1..; 0: it has none. */
uint32_t tables_self(void);

/* Whether that process has ended or become another: what it followed is of no use. */
bool tables_is_over(uint32_t process);

#endif
