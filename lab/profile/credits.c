#include "profile/credits.h"

#include <stdlib.h>

#include "base/strbuf.h"

void credits_add(struct credits *c, struct profile_row *row, enum rss_counter counter,
		 int64_t bytes)
{
	if (!row || !bytes)
		return;
	if (c->count == c->size) {
		c->size = c->size ? c->size * 2 : 16;
		c->items = xrealloc(c->items, c->size, sizeof(*c->items));
	}
	c->items[c->count++] = (struct credit){row, counter, bytes};
}

void credits_apply(struct credits *c)
{
	for (size_t i = 0; i < c->count; i++)
		c->items[i].row->gained[c->items[i].counter] += c->items[i].bytes;
	c->count = 0;
}

void credits_release(struct credits *c)
{
	free(c->items);
	*c = (struct credits){0};
}
