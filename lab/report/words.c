#include "report/words.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#define ALONE                                                                                  \
	"The guest had the command, what it loads and what --file named, and nothing else of " \
	"this host; --share-host shows it all, or says why it cannot"
#define CUT "The last line of the record was cut short and dropped"
#define UNCLOSED                                                                                \
	"The record was cut after its end: what the launcher adds there, such as the lines of " \
	"code and what did not arrive from the guest, is missing"

/* Inserts by line, behind those of the same line. Takes ownership of text. */
static struct remark *add(struct remarks *all, unsigned int line, char *text)
{
	size_t at = all->count;

	if (!(all->count & (all->count - 1)))
		all->items =
			xrealloc(all->items, all->count ? all->count * 2 : 1, sizeof(*all->items));
	for (; at && all->items[at - 1].line > line; at--)
		all->items[at] = all->items[at - 1];
	all->items[at] = (struct remark){.text = text, .line = line};
	all->count++;
	return &all->items[at];
}

void words_gather(const struct record *r, struct remarks *all)
{
	_cleanup_free_ char *twin = r->twin.name ? words_twin(&r->twin) : NULL;

	*all = (struct remarks){0};
	for (size_t i = 0; i < r->note_count; i++)
		add(all, r->notes[i].line, xstrdup(r->notes[i].text));
	if (twin)
		add(all, r->twin.line, text_format("twin %s: %s", r->twin.name, twin))->is_twin =
			true;
	if (r->isolation.files == ISOLATION_COMMAND)
		add(all, r->isolation.line, xstrdup(r->isolation.note ? r->isolation.note : ALONE));
	if (r->is_cut)
		add(all, (unsigned int)r->line_count, xstrdup(CUT));
	if (r->is_unclosed)
		add(all, (unsigned int)r->line_count, xstrdup(UNCLOSED));
}

void words_release(struct remarks *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->items[i].text);
	free(all->items);
	*all = (struct remarks){0};
}

char *words_twin(const struct record_twin *twin)
{
	return text_format("%s, peak %s", spec_outcome_names[twin->outcome],
			   TEXT_SIZE((uint64_t)twin->peak));
}

char *words_mark(const struct record_mark *mark)
{
	const char *what = record_mark_names[mark->what];

	return is_known(mark->value) ? text_format("%s %" PRId64, what, mark->value)
				     : xstrdup(what);
}

/* One of them, and several: the word that differs, then what follows. */
static const struct loss_words {
	const char *one, *many, *rest;
} loss_words[LOSS_COUNT] = {
	[LOSS_KMSG] = {"record", "records", "of the kernel log"},
	[LOSS_KMSG_FIRST] = {"record", "records",
			     "of the kernel log or more, overwritten before oomlab first read it"},
	[LOSS_KMSG_LIMIT] = {"record", "records", "of the kernel log beyond what is kept"},
	[LOSS_MARK_VICTIM] =
		{"event", "events",
		 "of the tracepoint oom:mark_victim, which names whom the kernel kills"},
	[LOSS_MESSAGES] = {"message", "messages", "of the scenario beyond what is kept"},
	[LOSS_RING] = {"record", "records", "of the arena trace"},
	[LOSS_ARENAS] = {"arena", "arenas", "of the trace"},
	[LOSS_RING_BLOCKS] =
		{"block", "blocks",
		 "of the arena trace, of up to 100 records each, that the program wrote over or was killed in taking"},
	[LOSS_RING_HEADER] =
		{"header", "headers",
		 "of the arena trace, which the program wrote over: what else is lost with it is not known"},
	[LOSS_SAMPLES] = {"sample", "samples", "of who touched memory"},
	[LOSS_SAMPLES_BAD] = {"sample", "samples", "of who touched memory that cannot be read"},
	[LOSS_PROCESS_RECORDS] = {"record", "records", "of which process started which"},
	[LOSS_PROCESSES] = {"process", "processes",
			    "whose allocation calls --preload did not count"},
	[LOSS_ALLOCATIONS] = {"allocation", "allocations",
			      "that --preload counted and did not follow"},
	[LOSS_HEADERS] = {"kernel account", "kernel accounts", "of a kill"},
	[LOSS_RECORD] = {"line", "lines", "of the record"},
};

char *words_loss(enum loss loss, int64_t count)
{
	const struct loss_words *words = &loss_words[loss];

	return text_format("%" PRId64 " %s %s", count, count == 1 ? words->one : words->many,
			   words->rest);
}
