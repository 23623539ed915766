/*
 * verdict_helpers.h - a record made line by line, and what is concluded from it, for the tests of
 * the verdict. Not for anything else: static functions that assert.
 *
 *	tcase_add_checked_fixture(tc, begin, finish);	a run whose target has started
 *	oom(OWN, OWN, TARGET);				what the kernel said of it
 *	target_ended(SIGKILLED);			how it ended
 *	counted(0, 1, 1);				what the counters rose by
 *	end();						the conclusion is drawn
 */
#ifndef OOMLAB_TESTS_VERDICT_HELPERS_H
#define OOMLAB_TESTS_VERDICT_HELPERS_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"
#include "record/verdict.h"

#define TARGET	  100
#define OWN	  "/lab/run"
#define SIGKILLED "\"signal\":9"

static struct strbuf text = STRBUF_INIT;
static unsigned long long seq;
static struct record record;
static struct conclusion conclusion;

/* One line of the record, as printf(3) writes it. */
#define add(...) (strbuf_printf(&text, __VA_ARGS__), strbuf_putc(&text, '\n'))

/* A run whose target has started, with its kernel log in sight. */
static inline void begin(void)
{
	strbuf_clear(&text);
	seq = 800;
	add("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"x\"],\"cgroup_version\":2}");
	add("{\"ev\":\"cgroup\",\"level\":0,\"path\":\"" OWN "\",\"memory_max\":33554432}");
	add("{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":true}");
	add("{\"ev\":\"counters\",\"level\":0,\"when\":\"before\",\"events\":{\"high\":0,\"max\":0,"
	    "\"oom\":0,\"oom_kill\":0},\"local\":{\"oom\":0,\"oom_kill\":0}}");
	add("{\"ev\":\"start\",\"t\":1,\"pid\":%d,\"cgroup\":\"" OWN "\"}", TARGET);
	add("{\"ev\":\"gate\",\"t\":2}");
}

static inline void finish(void)
{
	conclusion_release(&conclusion);
	record_release(&record);
	strbuf_release(&text);
}

/* One line of the kernel log, as printf(3) writes it. */
#define kmsg(...) add_kmsg(text_format(__VA_ARGS__))
static inline void add_kmsg(char *line)
{
	add("{\"ev\":\"kmsg\",\"t\":%llu,\"seq\":%llu,\"pri\":4,\"text\":\"%s\"}", seq * 1000000,
	    seq, line);
	seq++;
	free(line);
}

static inline void kill_line(int pid)
{
	kmsg("Memory cgroup out of memory: Killed process %d (hog) total-vm:66624kB, "
	     "anon-rss:32492kB, file-rss:0kB, shmem-rss:260kB, UID:0 pgtables:104kB "
	     "oom_score_adj:0",
	     pid);
}

static inline void header(void)
{
	kmsg("hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0");
	kmsg("CPU: 0 UID: 0 PID: 100 Comm: hog Not tainted 6.12.57 #1");
}

static inline void memcg_header(void)
{
	header();
	kmsg("memory: usage 32768kB, limit 32768kB, failcnt 65");
}

static inline void oom(const char *oom_memcg, const char *task_memcg, int pid)
{
	memcg_header();
	kmsg("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
	     "oom_memcg=%s,task_memcg=%s,task=hog,pid=%d,uid=0",
	     oom_memcg, task_memcg, pid);
	kill_line(pid);
}

static inline void global_oom(const char *task_memcg, int pid)
{
	header();
	kmsg("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/"
	     ",mems_allowed=0,global_oom,"
	     "task_memcg=%s,task=hog,pid=%d,uid=0",
	     task_memcg, pid);
	kmsg("Out of memory: Killed process %d (hog) total-vm:66624kB, anon-rss:32492kB, "
	     "file-rss:0kB, shmem-rss:260kB, UID:0 pgtables:104kB oom_score_adj:0",
	     pid);
}

static inline void counted(int high, int ooms, int kills)
{
	add("{\"ev\":\"counters\",\"level\":0,\"when\":\"after\",\"events\":{\"high\":%d,\"max\":5,"
	    "\"oom\":%d,\"oom_kill\":%d},\"local\":{\"oom\":%d,\"oom_kill\":%d}}",
	    high, ooms, kills, ooms, kills);
}

static inline void target_ended(const char *how)
{
	add("{\"ev\":\"exit\",\"t\":9000000000,\"pid\":%d,\"target\":true,%s}", TARGET, how);
}

static inline void draw(void)
{
	struct err err = ERR_INIT;

	ck_assert_msg(!record_load_memory(text.buf, text.len, &record, &err), "%s", err.text);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	conclusion_draw(&record, &conclusion);
}

static inline void end(void)
{
	add("{\"ev\":\"end\",\"t\":9900000000}");
	draw();
}

static inline void assert_outcome(enum outcome outcome, enum scope scope)
{
	ck_assert_str_eq(spec_outcome_names[conclusion.outcome], spec_outcome_names[outcome]);
	ck_assert_str_eq(scope_names[conclusion.scope], scope_names[scope]);
}

static inline bool cites(const char *evidence)
{
	for (size_t i = 0; i < conclusion.cause_evidence_count; i++)
		if (!strcmp(conclusion.cause_evidence[i], evidence))
			return true;
	return false;
}

#endif
