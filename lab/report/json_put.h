/*
 * json_put.h - members of report.json that several of its writers put.
 */
#ifndef OOMLAB_REPORT_JSON_PUT_H
#define OOMLAB_REPORT_JSON_PUT_H

#include <jansson.h>

#include "report/facts.h"

/* Sets a member, unless the value is absent (ABSENT, NULL). */
void json_put_number(json_t *object, const char *key, int64_t value);
void json_put_text(json_t *object, const char *key, const char *text);

/* A member of "arenas", of the report or of its snapshot. The caller owns the reference. */
json_t *arena_to_json(const struct facts *facts, const struct record_arena *arena);

#endif
