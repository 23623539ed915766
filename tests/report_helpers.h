/*
 * report_helpers.h - one recorded run, told, for the tests of reports. Not for anything else:
 * static functions that assert.
 *
 *	tell(&t, "memset-2g");	tests/fixtures/records/memset-2g.jsonl
 *	... emit_text(&t.doc, ...), report_to_json(&t.facts, &t.doc)
 *	forget(&t);
 */
#ifndef OOMLAB_TESTS_REPORT_HELPERS_H
#define OOMLAB_TESTS_REPORT_HELPERS_H

#include <check.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "doc/emit.h"
#include "record/verdict.h"
#include "report/story.h"

#define FIXTURES "tests/fixtures/records/"

/* One record, told. */
struct told {
	struct record record;
	struct conclusion conclusion;
	struct facts facts;
	struct doc doc;
};

/* The record is loaded; the rest follows from it. */
static inline void tell_record(struct told *t)
{
	conclusion_draw(&t->record, &t->conclusion);
	facts_gather(&t->record, &t->conclusion, &t->facts);
	story_tell(&t->facts, &t->doc);
}

static inline void tell(struct told *t, const char *name)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct err err = ERR_INIT;

	*t = (struct told){0};
	strbuf_printf(&path, FIXTURES "%s.jsonl", name);
	ck_assert_msg(!record_load(path.buf, &t->record, &err), "%s", err.text);
	tell_record(t);
}

static inline void forget(struct told *t)
{
	doc_release(&t->doc);
	conclusion_release(&t->conclusion);
	record_release(&t->record);
}

/* Reports are longer than Check's messages may be: the first line that differs is enough. */
static inline void assert_same_text(const char *found, const char *expected, const char *what)
{
	int line = 1;

	for (; *found && *found == *expected; found++, expected++)
		line += *found == '\n';
	ck_assert_msg(*found == *expected, "%s differs in line %d: '%.200s', expected '%.200s'",
		      what, line, found, expected);
}

static __attribute__((unused)) const char *const records[] = {
	"memset-2g", "malloc-128m", "refused-2g", "hostile", "lazy-zero-2g", "signalled",
	"ancestor",  "throttled",   "livelocked", "cut",     "preload",	     "premortem"};
#define RECORDS ((int)ARRAY_SIZE(records))

#endif
