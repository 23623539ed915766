/*
 * story_helpers.h - the lines of a record, told as one line of words, for the tests of sentences.
 * Not for anything else: static functions that assert.
 *
 *	tell(RUN CGROUP ... LIVED);
 *	says("words"); does_not_say("words");
 *	teardown();
 */
#ifndef OOMLAB_TESTS_STORY_HELPERS_H
#define OOMLAB_TESTS_STORY_HELPERS_H

#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "doc/emit.h"
#include "report/story.h"

#define RUN                                                                                \
	"{\"ev\":\"run\",\"id\":\"r\",\"backend\":\"cgroup\",\"page_size\":4096,\"cgroup_" \
	"version\":1}\n"
#define V2 "{\"ev\":\"run\",\"id\":\"r\",\"page_size\":4096,\"cgroup_version\":2}\n"
#define CGROUP                                                                                     \
	"{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/a\",\"memory_max\":67108864}\n"                \
	"{\"ev\":\"counters\",\"t\":1,\"level\":0,\"when\":\"before\",\"events\":{\"oom_kill\":0}" \
	"}\n"                                                                                      \
	"{\"ev\":\"start\",\"t\":2,\"pid\":7,\"cgroup\":\"/a\"}\n{\"ev\":\"gate\",\"t\":3}\n"
#define COUNTS(when, events)                                                                      \
	"{\"ev\":\"counters\",\"t\":1,\"level\":0,\"when\":\"" when "\",\"events\":{" events "}}" \
	"\n"
#define KILLED                                                                                     \
	"{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"signal\":9}\n"                       \
	"{\"ev\":\"counters\",\"t\":10,\"level\":0,\"when\":\"after\",\"events\":{\"oom_kill\":1}" \
	"}\n"                                                                                      \
	"{\"ev\":\"end\",\"t\":11}\n"
#define LIVED                                                                                      \
	"{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":0}\n"                       \
	"{\"ev\":\"counters\",\"t\":10,\"level\":0,\"when\":\"after\",\"events\":{\"oom_kill\":0}" \
	"}\n"                                                                                      \
	"{\"ev\":\"end\",\"t\":11}\n"

/* A place that touched memory, and what the kernel says of a kill. */
#define TOUCH(bytes)                                                 \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"        \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\"}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"anon\":" bytes ",\"stack\":\"0+10\"}\n"
#define END	      "{\"ev\":\"end\",\"t\":11}\n"
#define KMSG(n, line) "{\"ev\":\"kmsg\",\"t\":8,\"seq\":" n ",\"pri\":4,\"text\":\"" line "\"}\n"
#define DUMP_OF(stats, anon)                                                                       \
	KMSG("1", "head invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0") \
	KMSG("2", "memory: usage 65536kB, limit 65536kB, failcnt 65")                              \
	KMSG("3", "Memory cgroup stats for /a:")                                                   \
	stats KMSG("7", "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"           \
			"mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=sh,pid=7,uid=0")           \
		KMSG("8",                                                                          \
		     "Memory cgroup out of memory: Killed process 7 (sh) total-vm:2592kB, "        \
		     "anon-rss:" anon "kB, file-rss:1508kB, shmem-rss:0kB, UID:0 pgtables:44kB "   \
		     "oom_score_adj:0")
#define DUMP(stats) DUMP_OF(stats, "4")
#define TMPFS	    KMSG("4", "anon 221184") KMSG("5", "file 66375680") KMSG("6", "shmem 66375680")
#define HEAP	    KMSG("4", "anon 66375680") KMSG("5", "file 221184") KMSG("6", "shmem 0")
/* A sample of a target that is there. */
#define ALIVE(rest) "{\"ev\":\"sample\",\"t\":5,\"current\":50000000,\"rss\":9" rest "}\n"

static struct strbuf text = STRBUF_INIT;

/* The record's story as one line of words, so that no line end hides a sentence; `lost` of its
 * lines are none. */
static inline void tell_by(void (*story)(const struct facts *, struct doc *), const char *lines,
			   int64_t lost)
{
	struct record record;
	struct conclusion conclusion;
	struct facts facts;
	struct doc doc = {0};
	struct err err = ERR_INIT;

	strbuf_clear(&text);
	ck_assert_msg(!record_load_memory(lines, strlen(lines), &record, &err), "%s", err.text);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), lost);
	conclusion_draw(&record, &conclusion);
	facts_gather(&record, &conclusion, &facts);
	story(&facts, &doc);
	emit_text(&doc, false, 100, &text);
	for (char *p = text.buf; *p; p++)
		if (*p == '\n' && p[1] == ' ' && p[2] == ' ' && p[3] != ' ')
			memmove(p, p + 2, strlen(p + 2) + 1), *p = ' ';
	doc_release(&doc);
	conclusion_release(&conclusion);
	record_release(&record);
}

static inline void tell_damaged(const char *lines, int64_t lost)
{
	tell_by(story_tell, lines, lost);
}

static inline void tell(const char *lines)
{
	tell_by(story_tell, lines, 0);
}

/* The one screen of it. */
static inline void tell_brief(const char *lines)
{
	tell_by(story_brief, lines, 0);
}

static inline void says(const char *words)
{
	ck_assert_msg(strstr(text.buf, words) != NULL, "'%s' is not in: %s", words, text.buf);
}

static inline void does_not_say(const char *words)
{
	ck_assert_msg(strstr(text.buf, words) == NULL, "'%s' is in: %s", words, text.buf);
}

static inline void teardown(void)
{
	strbuf_release(&text);
}

#endif
