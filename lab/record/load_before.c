#include "record/load_before.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/names.h"

/* How the note on isolation began; its rest differed between versions. */
#define ALONE                                                                                  \
	"The guest had the command, what it loads and what --file named, and nothing else of " \
	"this host; --share-host shows it all"
#define NOT_NEEDED "not needed"

static const char *text_of(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void set_text(json_t *line, const char *key, const char *text)
{
	json_object_set_new(line, key, json_string(text));
}

/* "oom_kill 1", "pre-mortem" */
static void mend_mark(json_t *line)
{
	const char *name = text_of(line, "name"), *blank = name ? strrchr(name, ' ') : NULL;
	_cleanup_free_ char *word = name ? xstrdup(name) : NULL;
	char *end = NULL;
	long long value = 0;

	if (!word || json_object_get(line, "what"))
		return;
	if (blank) {
		word[blank - name] = '\0';
		errno = 0;
		value = strtoll(blank + 1, &end, 10);
		if (end == blank + 1 || *end || errno)
			return;
	}
	set_text(line, "what", word);
	if (blank)
		json_object_set_new(line, "value", json_integer(value));
}

/* Finds a number of bytes that TEXT_SIZE() prints as these words: "64.5 MiB". */
static bool find_size(const char *words, uint64_t *bytes)
{
	const char *blank = strchr(words, ' ');
	_cleanup_free_ char *size =
		blank ? text_format("%.*s%c", (int)(blank - words), words, blank[1]) : NULL;

	if (!size || text_parse_size(size, bytes))
		return false;
	if (strcmp(TEXT_SIZE(*bytes), words) != 0)
		++*bytes; /* 64 MiB and a little are "64.0 MiB" */
	return !strcmp(TEXT_SIZE(*bytes), words);
}

/* "twin NAME: OUTCOME, peak SIZE" */
static bool mend_twin(json_t *line, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *name = copy + strlen("twin "), *outcome = strstr(copy, ": ");
	char *peak = outcome ? strstr(outcome, ", peak ") : NULL;
	uint64_t bytes;

	if (!text_starts_with(text, "twin ") || !peak)
		return false;
	*outcome = *peak = '\0';
	outcome += strlen(": ");
	peak += strlen(", peak ");
	if (text_index(spec_outcome_names, OUTCOME_COUNT, outcome) < 0 || !find_size(peak, &bytes))
		return false;
	set_text(line, "ev", "twin");
	set_text(line, "name", name);
	set_text(line, "outcome", outcome);
	json_object_set_new(line, "peak", json_integer((json_int_t)bytes));
	return true;
}

static void mend_note(json_t *line)
{
	_cleanup_free_ char *text = text_of(line, "text") ? xstrdup(text_of(line, "text")) : NULL;

	if (!text || mend_twin(line, text) || !text_starts_with(text, ALONE))
		return;
	set_text(line, "ev", "isolation");
	set_text(line, "files", record_isolation_names[ISOLATION_COMMAND]);
	set_text(line, "note", text);
}

static void mend_source(json_t *line)
{
	const char *why = text_of(line, "why");

	if (why && text_starts_with(why, NOT_NEEDED) && !json_object_get(line, "needless"))
		json_object_set_new(line, "needless", json_true());
}

void load_before_mend(json_t *line)
{
	const char *ev = text_of(line, "ev");

	if (text_is_same(ev, "mark"))
		mend_mark(line);
	else if (text_is_same(ev, "note"))
		mend_note(line);
	else if (text_is_same(ev, "source"))
		mend_source(line);
}

const struct ps_figures *load_before_ps(const char *name)
{
	static const char where[] = "where the story of oomlab began";
	static const struct {
		const char *name;
		struct ps_figures ps;
	} known[] = {
		{"malloc-128m",
		 {.checkpoint = "after malloc",
		  .where = where,
		  .vsz_bytes = KIB(133416),
		  .rss_bytes = KIB(728),
		  .meaning =
			  "VSZ is address space: all 128 MiB are in it. RSS is memory: nothing was written, so hardly anything is."}},
		{"memset-128m",
		 {.checkpoint = "after memset",
		  .where = where,
		  .vsz_bytes = KIB(133416),
		  .rss_bytes = KIB(131952),
		  .meaning =
			  "VSZ is address space, RSS is memory: once written, all 128 MiB are in both."}},
	};

	for (size_t i = 0; name && i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i].name))
			return &known[i].ps;
	return NULL;
}
