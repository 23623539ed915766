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

/* Writes a decimal number, faster than printf. Returns buf. pre: buf holds TEXT_NUMBER_MAX. */
#define TEXT_NUMBER_MAX 21
char *text_number(char *buf, uint64_t value);

/* Room for any text_size() result. */
#define TEXT_SIZE_MAX 32

/*
 * Writes bytes for people: "0 bytes", "4 KiB", "511.9 MiB", "2 GiB"; exact multiples have no
 * fraction. Returns buf. pre: buf holds TEXT_SIZE_MAX.
 */
char *text_size(char *buf, uint64_t bytes);

/* For printf arguments: the text lives until the enclosing block ends. */
#define TEXT_SIZE(bytes) text_size((char[TEXT_SIZE_MAX]){0}, (bytes))

/* Writes "340 ms", "2.31 s", "1 min 5 s". Returns buf. pre: buf holds TEXT_SIZE_MAX. */
char *text_duration(char *buf, uint64_t ns);
#define TEXT_DURATION(ns) text_duration((char[TEXT_SIZE_MAX]){0}, (ns))

/*
 * Writes "1 call", "4 calls", "2 processes": the number and the noun, which is given in the singular
 * and takes an s, or es behind an s. Returns buf. pre: buf holds TEXT_COUNT_MAX, noun 40 bytes.
 */
#define TEXT_COUNT_MAX 80
char *text_count(char *buf, int64_t count, const char *noun);
#define TEXT_COUNT(count, noun) text_count((char[TEXT_COUNT_MAX]){0}, (int64_t)(count), noun)

/* The code point of the valid UTF-8 sequence of n bytes at p. pre: n is 1 to 4. */
unsigned int text_code_point(const char *p, size_t n);

/*
 * True for what must not reach a reader's screen as it is: C0, DEL, C1, line and paragraph
 * separators, and characters that reorder or hide text (bidi, zero width).
 */
bool text_is_invisible(unsigned int code_point);

/* True when all of it is printable ASCII, as most text is. */
bool text_is_plain(const char *text, size_t len);

/*
 * Overwrites with '?' each byte of a character that text_is_invisible() names, and each that is no
 * part of valid UTF-8. C1 controls are among them: they drive some terminals as ESC does.
 */
void text_neutralise(char *text);

/* Length in bytes of the valid UTF-8 sequence at p (at most len bytes), or 0 if it is none. */
size_t text_utf8_length(const char *p, size_t len);

/* printf into malloc'd memory; never NULL. The caller frees. */
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* True when both texts are equal, or both are NULL. */
bool text_is_same(const char *a, const char *b);

/*
 * Where to break the line that begins at `from` so that it fits into `columns`: at the last blank
 * that fits, else at the first one; `end` when all of it fits or it has no blank. Text is UTF-8.
 */
const char *text_line_end(const char *from, const char *end, int columns);

/* The index of `word` in a table that may have NULLs; -1 when it is NULL or not in the table. */
int text_index(const char *const *words, size_t count, const char *word);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

#endif
