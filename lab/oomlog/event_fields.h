/*
 * event_fields.h - the members of an OOM event as a table. Resetting, copying, releasing and JSON
 * all walk this table, so none of them can forget a member. Pure.
 *
 * A member that is added to struct oomlog_event, or to a struct that it points to, needs its line
 * in event_fields.c: tests/check_event_fields.c looks for bytes that no line covers. The order of
 * the lines is that of explain's JSON.
 */
#ifndef OOMLAB_OOMLOG_EVENT_FIELDS_H
#define OOMLAB_OOMLOG_EVENT_FIELDS_H

#include "oomlog/oomlog.h"
#include "oomlog/pool.h"

/* The type of a member; the value that says that the log does not tell. */
enum event_field_kind {
	EVENT_END,     /* ends a table */
	EVENT_NUMBER,  /* int64_t; ABSENT */
	EVENT_COUNT,   /* int64_t; 0 */
	EVENT_TEXT,    /* const char *; NULL */
	EVENT_WORD,    /* an enum, its word by `word`; 0 */
	EVENT_FLAG,    /* bool; false */
	EVENT_LINE,    /* uint64_t; 0 */
	EVENT_ADDRESS, /* uint64_t; valid where the flag `beside` is true */
	EVENT_BYTES,   /* any bytes without a pointer, never in JSON; 0 */
	EVENT_PART,    /* a struct of `fields` */
	EVENT_OBJECTS, /* a pointer to structs of `fields`, their number `beside` */
	EVENT_PAIRS,   /* a pointer to struct oomlog_stat, their number `beside` */
	EVENT_TEXTS,   /* a pointer to const char *, their number `beside` */
};

struct event_field {
	enum event_field_kind kind;
	bool is_told_empty;    /* JSON has this list even when it is empty */
	size_t offset, size;   /* of the member */
	size_t beside;	       /* offset of the count or flag that belongs to it */
	const char *key;       /* in JSON; NULL: JSON does not have it */
	const char *first_key; /* key of the first victim's member in the event itself; or NULL */
	const char *(*word)(int value);	  /* returns NULL where the log does not tell */
	const struct event_field *fields; /* of the part, or of an element */
	size_t element_size;		  /* bytes */
};

extern const struct event_field event_fields[];
extern const struct event_field event_fields_task[], event_fields_victim[], event_fields_stat[],
	event_fields_zone[], event_fields_slab[], event_fields_alloc[], event_fields_note[],
	event_fields_lines[];

/* Whether the member is an array with a count; that count. */
bool event_fields_is_list(const struct event_field *field);
size_t event_fields_count(const struct event_field *list, const void *event);

/*
 * Sets all members of an event, or of an element, to the values that say nothing. Lists become
 * empty and keep their memory: an event that is reset for the first time must be zeroed.
 */
void event_fields_reset(const struct event_field *fields, void *of);

/* Frees the lists of an event whose lists are malloc'd (ARRAY_PUSH), not of an owned copy. */
void event_fields_release(struct oomlog_event *event);

/* Replaces everything that the event points to by a copy in the pool, which then owns it. */
void event_fields_own(struct oomlog_event *event, struct pool *pool);

#endif
