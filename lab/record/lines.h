/*
 * lines.h - the lines of a record as tables: one list of fields a kind, used to write and to read.
 *
 * Internal to lab/record: everybody else goes through record.h. A table says for each field its
 * JSON key, its type and where it stands in the struct of that kind; writing walks the table over
 * a struct, reading walks it over a JSON object. So the two cannot drift.
 *
 * Absent: RECORD_ABSENT (I64), NULL (STRING), 0 (ADDRESS), !is_set (AMOUNT); absent fields are not
 * written. Bytes of a string that are not UTF-8, and NULs, are
 * written as the text \xNN, as the kernel does in its log.
 */
#ifndef OOMLAB_RECORD_LINES_H
#define OOMLAB_RECORD_LINES_H

#include "record/record.h"

enum field_type {
	FIELD_END,
	FIELD_I64,	/* int64_t, 0..FIELD_I64_MAX */
	FIELD_INT,	/* int, not negative; always written */
	FIELD_U64,	/* uint64_t; always written */
	FIELD_ADDRESS,	/* uint64_t */
	FIELD_STRING,	/* const char * */
	FIELD_BOOL,	/* bool; always written */
	FIELD_AMOUNT,	/* struct amount: bytes, or "max" */
	FIELD_COUNTERS, /* struct record_counters: an object of them */
	FIELD_METRICS,	/* int64_t[METRIC_COUNT], inline: each its own key; name is not used */
};

/* Numbers are read up to 2^60, so that a sum of seven cannot overflow. */
#define FIELD_I64_MAX (INT64_C(1) << 60)

struct field {
	const char *name;
	enum field_type type;
	bool is_required; /* a line without it is damaged */
	size_t offset;
};

/* One table a kind of line, named after its "ev"; each ends with FIELD_END. */
extern const struct field fields_run[];	     /* struct record_run; argv stands beside */
extern const struct field fields_setting[];  /* struct line_setting */
extern const struct field fields_cgroup[];   /* struct record_cgroup */
extern const struct field fields_counters[]; /* struct line_counters */
extern const struct field fields_source[];   /* struct record_source */
extern const struct field fields_start[];    /* struct line_start */
extern const struct field fields_sample[];   /* struct record_sample */
extern const struct field fields_kmsg[];     /* struct record_kmsg */
extern const struct field fields_checkpoint[];
extern const struct field fields_refused[]; /* struct line_refused */
extern const struct field fields_exit[];    /* struct record_process_end */
extern const struct field fields_arena[];
extern const struct field fields_engine[];     /* struct record_engine: what is known before */
extern const struct field fields_engine_end[]; /* ... and after */
extern const struct field fields_site[];
extern const struct field fields_maps[];
extern const struct field fields_module[];
extern const struct field fields_touch[];
extern const struct field fields_mapping[];
extern const struct field fields_resident[];
extern const struct field fields_frame[];
extern const struct field fields_reservation[];
extern const struct field fields_range[];
/* struct record_note under the keys of each kind: */
extern const struct field fields_gate[];	/* t */
extern const struct field fields_end[];		/* t */
extern const struct field fields_mark[];	/* t, name */
extern const struct field fields_mark_victim[]; /* t, pid = count, comm = text */
extern const struct field fields_watchdog[];	/* t, why = text */
extern const struct field fields_residue[];	/* bytes = count */
extern const struct field fields_lost[];	/* name, count */
extern const struct field fields_note[];	/* text: note, error, skip */

/* Lines that are no struct of record.h. */
struct line_setting {
	const char *name, *value;
};

struct line_counters {
	int64_t t_ns;
	int level;
	const char *when; /* "before", "after" */
	struct record_counters all, local;
};

struct line_start {
	int64_t t_ns, pid;
	const char *cgroup_path;
};

struct line_refused {
	int64_t t_ns, errno_value, bytes;
	const char *what;
};

/* The struct as a new JSON object; NULL when memory is short. */
json_t *fields_to_json(const struct field *fields, const void *from);

/*
 * Fills the struct from an object: absent fields get their absent value, other members stay.
 * Returns 0, or -1 when a field has the wrong type or a required one is missing. Strings are
 * borrowed from `object`.
 */
int fields_from_json(const struct field *fields, const json_t *object, void *to);

/* Text as a JSON string; NULL gives NULL. */
json_t *line_string(const char *text, size_t len);

#endif
