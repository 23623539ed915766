#include "snapshot/smaps.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

/* "7ffe0a1c3000-7ffe0a1e4000 rw-p 00000000 00:00 0          [stack]" */
static bool parse_head(const char *line, struct smaps *s)
{
	uint64_t start, end;
	char *at;
	size_t len;

	start = strtoull(line, &at, 16);
	if (at == line || *at != '-')
		return false;
	end = strtoull(at + 1, &at, 16);
	if (*at != ' ' || end < start || end - start > (uint64_t)SMAPS_BYTES_MAX)
		return false;
	/* perms, offset, device, inode; then blanks and the name, which may have blanks itself */
	for (int i = 0; i < 4; i++) {
		at += strspn(at, " ");
		at += strcspn(at, " \n");
	}
	at += strspn(at, " ");
	len = strcspn(at, "\n");
	if (len >= sizeof(s->name))
		len = sizeof(s->name) - 1;
	memcpy(s->name, at, len);
	s->name[len] = '\0';
	s->now = (struct smaps_row){
		.name = s->name,
		.start = start,
		.end = end,
		.mappings = 1,
		.size = (int64_t)(end - start),
	};
	return true;
}

static int64_t sum(int64_t a, int64_t b)
{
	return a > SMAPS_BYTES_MAX - b ? SMAPS_BYTES_MAX : a + b;
}

static void add(struct smaps_row *to, const struct smaps_row *from)
{
	if (to->end == from->start)
		to->end = from->end;
	to->mappings += from->mappings;
	to->size = sum(to->size, from->size);
	to->rss = sum(to->rss, from->rss);
	to->anon = sum(to->anon, from->anon);
	to->huge = sum(to->huge, from->huge);
	to->swap = sum(to->swap, from->swap);
}

static bool is_small(const struct smaps_row *row)
{
	return sum(row->rss, row->swap) < SMAPS_LARGE_BYTES;
}

/* Whether the mapping is summed in that row. */
static bool belongs(const struct smaps_row *row, const struct smaps_row *now)
{
	if (strcmp(row->name, now->name) != 0)
		return false;
	return *now->name || (is_small(row) && is_small(now));
}

static void push(struct smaps *s)
{
	struct smaps_row *row;

	if (s->count == SMAPS_ROWS_MAX) {
		add(&s->rest, &s->now);
		return;
	}
	if (!(s->count & (s->count - 1)))
		s->rows = xrealloc(s->rows, s->count ? s->count * 2 : 1, sizeof(*s->rows));
	row = &s->rows[s->count++];
	*row = s->now;
	row->name = xstrdup(s->now.name);
}

static void flush(struct smaps *s)
{
	if (!s->has_now)
		return;
	s->has_now = false;
	s->mappings++;
	for (size_t i = s->count; i-- > 0;)
		if (belongs(&s->rows[i], &s->now)) {
			add(&s->rows[i], &s->now);
			return;
		}
	push(s);
}

void smaps_line(struct smaps *s, const char *line)
{
	const struct {
		const char *key;
		int64_t *to;
	} keys[] = {
		{"Rss:", &s->now.rss},
		{"Anonymous:", &s->now.anon},
		{"AnonHugePages:", &s->now.huge},
		{"Swap:", &s->now.swap},
	};

	for (size_t i = 0; s->has_now && i < ARRAY_SIZE(keys); i++)
		if (text_starts_with(line, keys[i].key)) {
			unsigned long long kib = strtoull(line + strlen(keys[i].key), NULL, 10);

			*keys[i].to = kib <= SMAPS_BYTES_MAX >> 10 ? (int64_t)(kib << 10) : 0;
			return;
		}
	/* Keys begin with a capital, addresses never do. */
	if (*line >= 'A' && *line <= 'Z')
		return;
	flush(s);
	s->has_now = parse_head(line, s);
}

static int largest_first(const void *a, const void *b)
{
	const struct smaps_row *x = a, *y = b;

	if (x->rss != y->rss)
		return y->rss > x->rss ? 1 : -1;
	return (y->size > x->size) - (y->size < x->size);
}

void smaps_sort(struct smaps *s)
{
	flush(s);
	if (s->count)
		qsort(s->rows, s->count, sizeof(*s->rows), largest_first);
}

void smaps_release(struct smaps *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->rows[i].name);
	free(s->rows);
	*s = (struct smaps){0};
}
