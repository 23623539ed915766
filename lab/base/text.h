/*
 * text.h - sizes, durations and hostile strings as text; pure, libc only.
 *
 * Sizes are bytes in uint64_t. "512M", "512MiB", "0.5G", "1048576" and "64k" are read with powers
 * of 1024 whatever the case, as docker and systemd do.
 */
#ifndef OOMLAB_BASE_TEXT_H
#define OOMLAB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a size. Returns 0 and sets *bytes, or -EINVAL (not a size, negative, trailing text) or
 * -ERANGE (more than INT64_MAX bytes: larger than any kernel limit).
 */
int text_parse_size(const char *text, uint64_t *bytes);

/* Reads a whole decimal number within [min, max]; 0, -EINVAL or -ERANGE. */
int text_parse_long(const char *text, long min, long max, long *value);

/* Reads "20", "20s", "500ms", "2m" as nanoseconds; 0, -EINVAL or -ERANGE. "20" is seconds. */
int text_parse_duration(const char *text, uint64_t *ns);

/* Writes a decimal number; printf is slow at it. Returns buf. pre: it holds TEXT_NUMBER_MAX. */
#define TEXT_NUMBER_MAX 21
char *text_number(char *buf, uint64_t value);

/* Room for any text_size() result. */
#define TEXT_SIZE_MAX 32

/*
 * Writes bytes for people: "0 bytes", "4 KiB", "511.9 MiB", "2 GiB"; exact multiples have no
 * fraction. Returns buf. pre: buf holds TEXT_SIZE_MAX.
 */
char *text_size(char *buf, uint64_t bytes);

/* A literal-like temporary for printf arguments: lives until the enclosing block ends. */
#define TEXT_SIZE(bytes) text_size((char[TEXT_SIZE_MAX]){0}, (bytes))

/* Writes "340 ms", "2.31 s", "1 min 5 s". Returns buf. pre: buf holds TEXT_SIZE_MAX. */
char *text_duration(char *buf, uint64_t ns);
#define TEXT_DURATION(ns) text_duration((char[TEXT_SIZE_MAX]){0}, (ns))

/* The code point of a valid sequence of n bytes, 1 to 4. */
unsigned int text_code_point(const char *p, size_t n);

/* C0, DEL, C1, line and paragraph separators, what reorders or hides text (bidi, zero width). */
bool text_is_invisible(unsigned int code_point);

/* Whether all of it is printable ASCII, which most text is. */
bool text_is_plain(const char *text, size_t len);

/*
 * Replaces what text_is_invisible() and bytes that are not part of valid UTF-8 by '?', in place. C1
 * controls drive some terminals as ESC does.
 */
void text_neutralise(char *text);

/* Length in bytes of the valid UTF-8 sequence at p (at most len bytes), or 0 if it is none. */
size_t text_utf8_length(const char *p, size_t len);

/* printf into malloc'd memory; never NULL. The caller frees. */
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Equal; NULL is the same as NULL alone. */
bool text_is_same(const char *a, const char *b);

/*
 * Where the line that begins at `from` is broken, when it has `columns`: at the last blank that fits,
 * else at the first; `end` when all of it fits or there is no blank. Text is UTF-8.
 */
const char *text_line_end(const char *from, const char *end, int columns);

/* The index of a word in a table that may have NULLs; -1: it is NULL, or not in it. */
int text_index(const char *const *words, size_t count, const char *word);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

#endif
