/*
 * event_text.h - the facts of an OOM event as members of a JSON object, by the table of its fields
 * (oomlog/event_fields.h), written as text: all JSON about an event begins here. event_json.h has
 * the same for those who build an object.
 *
 * Pattern of use: json_text_open(sb, '{'); the functions below, in the wanted order;
 * json_text_close(sb, '}').
 *
 * What a log does not say is left out, never null or 0. Sizes are bytes, times ns. Bytes of names
 * and paths that are not valid UTF-8 are written as the text \xNN, as the kernel does on /dev/kmsg.
 */
#ifndef OOMLAB_EXPLAIN_EVENT_TEXT_H
#define OOMLAB_EXPLAIN_EVENT_TEXT_H

#include "base/json_text.h"
#include "explain/explain.h"

/*
 * Writes all fields that have a key except the notes, in the table's order. The first victim's
 * fields are written as members of the object itself, too (event_text_victim()).
 */
void event_text_all(struct strbuf *sb, const struct oomlog_event *event);

/*
 * Writes the fields of these keys, in their order; NULL ends the keys. Here a flag may be false and
 * a list empty. pre: each key is one of the table's.
 */
void event_text_keys(struct strbuf *sb, const struct oomlog_event *event, const char *const *keys);

/* Writes a victim as members of its event: "victim_comm", "victim_pid", "total_vm_bytes", ... */
void event_text_victim(struct strbuf *sb, const struct oomlog_victim *victim);

/*
 * Writes "largest_task", the listed task with the largest footprint, and "runner_up", the one with
 * the next score behind the victim.
 */
void event_text_candidates(struct strbuf *sb, const struct explanation *x);

/* Writes topic and text of a sentence. */
void event_text_sentence(struct strbuf *sb, const struct sentence *sentence);

/* Writes a member, unless its value is ABSENT or NULL. */
void event_text_number(struct strbuf *sb, const char *key, int64_t value);
void event_text_string(struct strbuf *sb, const char *key, const char *text);

#endif
