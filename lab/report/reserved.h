/*
 * reserved.h - what each line of code asked for, as the preload library counted it, with the line's
 * name. Pure.
 */
#ifndef OOMLAB_REPORT_RESERVED_H
#define OOMLAB_REPORT_RESERVED_H

#include <jansson.h>

#include "record/record.h"
#include "report/touches.h"

/* All sites of one process that stand on one line and ask in one way. Bytes. */
struct reserved_line {
	int64_t pid; /* absent: several processes */
	enum taken what;
	struct touch_line place; /* function, file, line_number, module, at */
	int64_t calls, refused, asked, live;
};

struct reserved {
	struct reserved_line *lines; /* the most live first, then the most asked */
	size_t count;
	int64_t calls, refused, asked, live; /* of all lines */
	bool has_processes;		     /* more than one */
};

/* Count 0 when the record has no reservations. reserved_release() frees. */
void reserved_gather(const struct record *record, struct reserved *reserved);
void reserved_release(struct reserved *reserved);

/* reservations[] of report.json: one a site, with the ranges it held at the end. */
json_t *reserved_to_json(const struct record *record);

#endif
