/*
 * explain_table.h - all events of a log as one table: when, whose limit, who was killed, why.
 *
 * Pattern of use: 1. a zeroed struct explain_table; 2. explain_table_add() for each event, in
 * order; 3. explain_table_doc(); 4. explain_table_release(). Events in a row that are the same kill
 * again (whose limit, who, about the same size) share a row. Pure.
 *
 * LIMITATIONS: at most EXPLAIN_ROWS_MAX rows are kept, and the table says how many are not.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_TABLE_H
#define OOMLAB_EXPLAIN_EXPLAIN_TABLE_H

#include "doc/doc.h"
#include "explain/explain.h"

#define EXPLAIN_ROWS_MAX 1000

struct explain_row {
	uint64_t first, last, count; /* indexes of the events, from 1; count: of them */
	const char *when, *whose, *who, *why;
	int64_t size_bytes; /* resident, of all victims of the first; or ABSENT */
};

struct explain_table {
	struct explain_row *rows;
	size_t count, capacity;
	uint64_t events; /* added, in rows or not */
	bool has_unsaid; /* of one of them no victim is known */
	struct pool pool;
};

/* Adds an event with its explanation, neither of which is needed afterwards. */
void explain_table_add(struct explain_table *table, const struct oomlog_event *event,
		       struct explanation *x);

/* Adds a heading and the table, or nothing for fewer than two events. */
void explain_table_doc(const struct explain_table *table, struct doc *doc);

void explain_table_release(struct explain_table *table);

#endif
