/*
 * reserved.h - what each line of code requested, as the preload library counted it; pure.
 */
#ifndef OOMLAB_REPORT_RESERVED_H
#define OOMLAB_REPORT_RESERVED_H

#include <jansson.h>

#include "record/record.h"
#include "report/touches.h"

/* The call sites of one process on one line that request memory in one way, summed. */
struct reserved_line {
	int64_t pid; /* absent: several processes */
	enum taken what;
	struct touch_line place; /* function, file, line_number, module, at */
	int64_t calls, refused;	 /* as in record_reservation */
	int64_t asked, live;	 /* bytes */
	int64_t refused_bytes;	 /* as in record_reservation */
};

struct reserved {
	struct reserved_line *lines; /* by live, then by asked; the largest first */
	size_t count;
	int64_t calls, refused, asked, live; /* of all lines */
	bool has_processes;		     /* lines are of more than one process */
};

/* The call's place for people, "main at t.c:12", of a reservation of the record. Caller frees. */
char *reserved_place(const struct record *record, const struct record_reservation *reservation);
/* The size of a refused request: what is cut to 1 EiB is told as that or more. */
char *reserved_refused_size(int64_t bytes);
/* By what call: "malloc and its kin". */
const char *reserved_what(enum taken what);

/* Count 0 when the record has no reservations. reserved_release() frees. */
void reserved_gather(const struct record *record, struct reserved *reserved);
void reserved_release(struct reserved *reserved);

/*
 * "reservations" of report.json: an object for each call site, with the ranges that it held at the
 * end. The caller owns the reference.
 */
json_t *reserved_to_json(const struct record *record);

#endif
