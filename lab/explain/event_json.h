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
 * Puts all fields that have a key except the notes, in the table's order. The first victim's fields
 * are put into the object itself, too (event_json_put_victim()).
 */
void event_json_put_all(json_t *object, const struct oomlog_event *event);

/*
 * Puts the fields of these keys, in their order; NULL ends the keys. Here a flag may be false and a
 * list empty. pre: each key is one of the table's.
 */
void event_json_put(json_t *object, const struct oomlog_event *event, const char *const *keys);

/* Puts a victim as members of its event: "victim_comm", "victim_pid", "total_vm_bytes", ... */
void event_json_put_victim(json_t *object, const struct oomlog_victim *victim);

/*
 * Puts "largest_task", the listed task with the largest footprint, and "runner_up", the one with
 * the next score behind the victim.
 */
void event_json_put_candidates(json_t *object, const struct explanation *x);

/* A new object of topic and text, which the caller owns; the caller adds what it rests on. */
json_t *event_json_sentence(const struct sentence *sentence);

/* Puts a member, unless its value is ABSENT or NULL. */
void event_json_put_number(json_t *object, const char *key, int64_t value);
void event_json_put_text(json_t *object, const char *key, const char *text);

#endif
