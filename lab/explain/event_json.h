/*
 * event_json.h - the facts of an OOM event (event_text.h) for those who build an object of jansson.
 * Slow beside the text: it is for a few events, not for a log of them.
 */
#ifndef OOMLAB_EXPLAIN_EVENT_JSON_H
#define OOMLAB_EXPLAIN_EVENT_JSON_H

#include <jansson.h>

#include "explain/explain.h"

/* Each puts into the object what its namesake in event_text.h writes. */
void event_json_put(json_t *object, const struct oomlog_event *event, const char *const *keys);
void event_json_put_victim(json_t *object, const struct oomlog_victim *victim);
void event_json_put_candidates(json_t *object, const struct explanation *x);
void event_json_put_number(json_t *object, const char *key, int64_t value);
void event_json_put_text(json_t *object, const char *key, const char *text);

/* A new object of topic and text, which the caller owns; the caller adds what it rests on. */
json_t *event_json_sentence(const struct sentence *sentence);

#endif
