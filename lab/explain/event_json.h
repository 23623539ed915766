/*
 * event_json.h - the facts of an OOM event as members of a JSON object, by the table of its fields
 * (oomlog/event_fields.h); all JSON about an event is written here.
 *
 * What a log does not say is left out, never null or 0. Sizes are bytes, times ns. Bytes of names
 * and paths that are not valid UTF-8 are written as the text \xNN, as the kernel does on /dev/kmsg.
 */
#ifndef OOMLAB_EXPLAIN_EVENT_JSON_H
#define OOMLAB_EXPLAIN_EVENT_JSON_H

#include <jansson.h>

#include "explain/explain.h"

/*
 * All fields that have a key but the notes, in the table's order; of the first victim what it has
 * in the event, too.
 */
void event_json_put_all(json_t *object, const struct oomlog_event *event);

/* The fields of these keys, in their order; NULL ends them. Flags are false, lists may be empty. */
void event_json_put(json_t *object, const struct oomlog_event *event, const char *const *keys);

/* A victim among the members of its event: "victim_comm", "victim_pid", "total_vm_bytes", ... */
void event_json_put_victim(json_t *object, const struct oomlog_victim *victim);

/*
 * "largest_task": of the tasks listed the one with the largest footprint. "runner_up": who was next
 * in line by score.
 */
void event_json_put_candidates(json_t *object, const struct explanation *x);

/* Topic and text; what it rests on is the caller's to add. */
json_t *event_json_sentence(const struct sentence *sentence);

/* A member that is left out where it is ABSENT, or NULL. */
void event_json_put_number(json_t *object, const char *key, int64_t value);
void event_json_put_text(json_t *object, const char *key, const char *text);

#endif
