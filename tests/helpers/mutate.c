/*
 * mutate.c - damages a record as a full disk, a dying machine or a hostile hand does.
 *
 *	mutate cut|lines|bytes SEED <record.jsonl >damaged
 *
 * cut: what came after some byte is missing, half of the time little. lines: lines are lost, told
 *twice, exchanged, joined, overwritten with noise or zeros. bytes: a number becomes another, bits
 *flip, text turns hostile. The same seed does the same; what was done is told on the standard
 *error.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *at;
	size_t len;
};

static uint64_t state;

/* splitmix64: any seed does. */
static uint64_t draw(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(size_t n)
{
	return n ? (size_t)(draw() % n) : 0;
}

static char *room_for(size_t len)
{
	char *room = malloc(len ? len : 1);

	if (!room)
		abort();
	return room;
}

static struct text read_all(FILE *from)
{
	struct text text = {0};
	size_t room = 0, n;

	do {
		if (room - text.len < 65536) {
			room = room * 2 + 65536;
			text.at = realloc(text.at, room);
			if (!text.at)
				abort();
		}
		n = fread(text.at + text.len, 1, room - text.len, from);
		text.len += n;
	} while (n);
	return text;
}

/* Replaces `cut` bytes at `from` with those of `by`. */
static void splice(struct text *text, size_t from, size_t cut, const char *by, size_t len)
{
	char *made = room_for(text->len - cut + len);

	memcpy(made, text->at, from);
	memcpy(made + from, by, len);
	memcpy(made + from + len, text->at + from + cut, text->len - from - cut);
	free(text->at);
	text->at = made;
	text->len += len - cut;
}

/* A line, its end included. */
static void pick_line(const struct text *text, size_t *from, size_t *len)
{
	size_t at = below(text->len);
	const char *end;

	while (at && text->at[at - 1] != '\n')
		at--;
	end = memchr(text->at + at, '\n', text->len - at);
	*from = at;
	*len = end ? (size_t)(end - text->at) + 1 - at : text->len - at;
}

static void drop(struct text *text)
{
	size_t from, len, lines = 1 + below(3);

	fprintf(stderr, "%zu lines are lost", lines);
	while (lines-- && text->len) {
		pick_line(text, &from, &len);
		fprintf(stderr, ", %.24s", text->at + from);
		splice(text, from, len, "", 0);
	}
}

static void repeat(struct text *text)
{
	size_t from, len;
	char *copy;

	pick_line(text, &from, &len);
	copy = room_for(len);
	memcpy(copy, text->at + from, len);
	fprintf(stderr, "a line is told twice: %.*s", len < 60 ? (int)len : 60, copy);
	splice(text, below(2) ? from : text->len, 0, copy, len);
	free(copy);
}

static void exchange(struct text *text)
{
	size_t from, len, to, ignored;
	char *copy;

	pick_line(text, &from, &len);
	copy = room_for(len);
	memcpy(copy, text->at + from, len);
	splice(text, from, len, "", 0);
	if (text->len) {
		pick_line(text, &to, &ignored);
		splice(text, to, 0, copy, len);
	}
	fprintf(stderr, "a line stands elsewhere: %.*s", len < 60 ? (int)len : 60, copy);
	free(copy);
}

static void join(struct text *text)
{
	size_t from, len;

	pick_line(text, &from, &len);
	fprintf(stderr, "a line end is lost after: %.*s", len < 60 ? (int)len : 60,
		text->at + from);
	if (len)
		splice(text, from + len - 1, 1, "", 0);
}

/* noise, zeros, or a hole. */
static void overwrite(struct text *text)
{
	static const char *const names[] = {"noise", "zeros", "a hole"};
	size_t from = below(text->len), len = 1 + below(300), how = below(3);

	len = len < text->len - from ? len : text->len - from;
	fprintf(stderr, "%s of %zu bytes at %zu: %.*s", names[how], len, from,
		len < 60 ? (int)len : 60, text->at + from);
	if (how == 2) {
		splice(text, from, len, "", 0);
		return;
	}
	for (size_t i = 0; i < len; i++)
		text->at[from + i] = (char)(how == 0 ? draw() : 0);
}

static void damage_lines(struct text *text)
{
	static void (*const ways[])(struct text *) = {drop, repeat, exchange, join, overwrite};

	ways[below(sizeof(ways) / sizeof(ways[0]))](text);
}

static int is_number(int c)
{
	return isdigit(c) || c == '-' || c == '.';
}

static void change_number(struct text *text)
{
	static const char *const numbers[] = {"0",
					      "1",
					      "-1",
					      "9",
					      "7",
					      "18446744073709551615",
					      "-9223372036854775808",
					      "1e308",
					      "0.5",
					      "null",
					      "\"x\"",
					      "[]",
					      "{}",
					      "true"};
	const char *by = numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
	size_t at = below(text->len), len = 0;

	while (at < text->len && !isdigit((unsigned char)text->at[at]))
		at++;
	while (at && is_number((unsigned char)text->at[at - 1]))
		at--;
	while (at + len < text->len && is_number((unsigned char)text->at[at + len]))
		len++;
	fprintf(stderr, "%.*s becomes %s at %zu", len < 40 ? (int)len : 40, text->at + at, by, at);
	splice(text, at, len, by, strlen(by));
}

static void flip(struct text *text)
{
	size_t bits = 1 + below(8);

	fprintf(stderr, "%zu bits flip", bits);
	while (bits-- && text->len) {
		size_t at = below(text->len);

		text->at[at] = (char)(text->at[at] ^ (char)(1u << below(8)));
		fprintf(stderr, ", %zu", at);
	}
}

static void turn_hostile(struct text *text)
{
	static const char *const words[] = {"\\u0000",	"\\ud800", "\xff\xfe", "\\n\\n",
					    "<script>", "\\\"",	   "\033[2J",  "Killed process 1"};
	const char *by = words[below(sizeof(words) / sizeof(words[0]))];
	size_t at = below(text->len);
	const char *quote = memchr(text->at + at, '"', text->len - at);

	at = quote ? (size_t)(quote - text->at) + 1 : at;
	fprintf(stderr, "hostile text at %zu", at);
	splice(text, at < text->len ? at : text->len, 0, by, strlen(by));
}

static void damage_bytes(struct text *text)
{
	static void (*const ways[])(struct text *) = {change_number, change_number, flip,
						      turn_hostile};

	ways[below(sizeof(ways) / sizeof(ways[0]))](text);
}

int main(int argc, char **argv)
{
	const char *how = argc == 3 ? argv[1] : "";
	struct text text;

	if (strcmp(how, "cut") && strcmp(how, "lines") && strcmp(how, "bytes")) {
		fprintf(stderr, "usage: mutate cut|lines|bytes SEED\n");
		return 2;
	}
	state = strtoull(argv[2], NULL, 10);
	text = read_all(stdin);
	if (!strcmp(how, "cut")) {
		text.len = below(2) || text.len < 4096 ? below(text.len) : text.len - below(4096);
		fprintf(stderr, "cut at byte %zu", text.len);
	} else if (text.len) {
		(how[0] == 'l' ? damage_lines : damage_bytes)(&text);
	}
	fputc('\n', stderr);
	fwrite(text.at, 1, text.len, stdout);
	free(text.at);
	return fflush(stdout) ? 1 : 0;
}
