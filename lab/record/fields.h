/*
 * fields.h - converts a struct to a JSON object and back, by one table of the fields of both.
 *
 * Internal to lab/record. A table says for each field its JSON key, its type and its offset in the
 * struct; writing walks the table over a struct, reading walks it over a JSON object. So the two
 * cannot drift. Pattern of use:
 *
 *	static const struct field fields_module[] = {
 *		FIELD(struct record_module, id, "id", I64, REQUIRED),
 *		FIELD(struct record_module, path, "path", STRING),
 *		FIELDS_END,
 *	};
 *
 * Absent: ABSENT (I64), NULL (STRING), 0 (ADDRESS, ENUM), !is_set (AMOUNT), false (FLAG). Absent
 * fields are not written, except a 0 of an ENUM that has a word for it. Bytes of a string that are
 * not UTF-8, and NULs, are written as the text \xNN, as the kernel does in its log.
 */
#ifndef OOMLAB_RECORD_FIELDS_H
#define OOMLAB_RECORD_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum field_type {
	FIELD_END,
	FIELD_I64,	/* int64_t, 0..FIELD_I64_MAX */
	FIELD_INT,	/* int, not negative; always written */
	FIELD_U64,	/* uint64_t; always written */
	FIELD_ADDRESS,	/* uint64_t */
	FIELD_STRING,	/* const char * */
	FIELD_BOOL,	/* bool; always written */
	FIELD_FLAG,	/* bool; written where it is true */
	FIELD_ENUM,	/* an enum of names.h, by its word */
	FIELD_AMOUNT,	/* struct amount: bytes, or "max" */
	FIELD_COUNTERS, /* struct record_counters: an object of them */
	FIELD_METRICS,	/* int64_t[METRIC_COUNT]: a key of the line for each; name is not used */
};

/* The largest number that is read or written: a sum of seven of them fits into int64_t. */
#define FIELD_I64_MAX (INT64_C(1) << 60)
#define FIELD_SUM_MAX FIELD_I64_MAX

struct field {
	const char *name;
	enum field_type type;
	bool is_required;	 /* a line without it is damaged */
	bool is_summed;		 /* sums over lines are made of it: see fields_add_up() */
	unsigned char sum_shift; /* each of it stands for at most 1 << sum_shift bytes */
	size_t offset;
	const char *const *words; /* FIELD_ENUM: its table */
	size_t word_count;
};

#define FIELD(of, member, json_name, kind, ...)                                            \
	{                                                                                  \
		.name = (json_name), .type = FIELD_##kind, .offset = offsetof(of, member), \
		__VA_ARGS__                                                                \
	}
#define REQUIRED      .is_required = true
#define SUMMED(shift) .is_summed = true, .sum_shift = (shift)
#define WORDS(table)  .words = (table), .word_count = ARRAY_SIZE(table)
#define FIELDS_END                \
	{                         \
		.type = FIELD_END \
	}

/* The struct as a new JSON object, which the caller owns; NULL when memory is short. */
json_t *fields_to_json(const struct field *fields, const void *from);

/*
 * Fills the struct from an object: absent fields get their absent value, members without a field
 * keep theirs. Returns 0, or -1 when a field has the wrong type, is out of range or has a word that
 * is not in its table, or a required field is missing. Strings are borrowed from `object`.
 */
int fields_from_json(const struct field *fields, const json_t *object, void *to);

/*
 * Adds what the summed fields of an object stand for to *sum, which begins at 0 and is of all lines
 * of a record. Returns 0, or -1 when that would be more than FIELD_SUM_MAX, *sum unchanged: the line
 * is damaged. So no sum of summed fields of the lines that are left can overflow.
 */
int fields_add_up(const struct field *fields, const json_t *object, int64_t *sum);

/* record_string() for text of `len` bytes, which may hold NULs. */
json_t *fields_string(const char *text, size_t len);

#endif
