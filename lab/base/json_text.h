/*
 * json_text.h - writes JSON as text, member by member, into a strbuf; no tree is built. Not a
 * validator: the caller opens and closes what it writes.
 *
 * Pattern of use:
 *	json_text_open(&sb, '{');
 *	json_text_key(&sb, "pid");
 *	json_text_number(&sb, 7);
 *	json_text_close(&sb, '}');		{"pid":7}
 *
 * Commas are set by themselves: in front of a value or key that follows another. What is appended
 * otherwise must end as a value does, or the strbuf must be empty.
 */
#ifndef OOMLAB_BASE_JSON_TEXT_H
#define OOMLAB_BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

/* '{' or '[' begins an object or an array, as a value; '}' or ']' ends it. */
void json_text_open(struct strbuf *sb, char bracket);
void json_text_close(struct strbuf *sb, char bracket);

/* Begins a member. pre: the key is plain ASCII that needs no escape. */
void json_text_key(struct strbuf *sb, const char *key);

/* A string of any bytes but NUL; those that are not UTF-8 are written as in utf8.h. */
void json_text_string(struct strbuf *sb, const char *text);
void json_text_number(struct strbuf *sb, int64_t value);
void json_text_bool(struct strbuf *sb, bool value);

/* Begins a member whose key is any text, as json_text_string() writes it. */
void json_text_key_of(struct strbuf *sb, const char *text);

#endif
