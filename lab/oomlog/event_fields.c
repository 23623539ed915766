#include "oomlog/event_fields.h"

#include <stdlib.h>
#include <string.h>

#define END               \
	{                 \
		EVENT_END \
	}
/* NOLINTBEGIN(bugprone-macro-parentheses): types and members take no parentheses */
#define MEMBER(of, what, member, ...)                                                 \
	{                                                                             \
		.kind = EVENT_##what, .offset = offsetof(struct oomlog_##of, member), \
		.size = sizeof(((struct oomlog_##of *)NULL)->member), __VA_ARGS__     \
	}
#define LIST(what, member, count, of, ...)                                                     \
	MEMBER(event, what, member, .beside = offsetof(struct oomlog_event, count),            \
	       .element_size = sizeof(*((struct oomlog_event *)NULL)->member), .fields = (of), \
	       __VA_ARGS__)
/* NOLINTEND(bugprone-macro-parentheses) */
#define KEY(name)		.key = (name)
#define TOLD_EMPTY		.is_told_empty = true

#define TASK(what, member, ...) MEMBER(task, what, member, __VA_ARGS__)
const struct event_field event_fields_task[] = {
	TASK(NUMBER, pid, KEY("pid")),
	TASK(NUMBER, uid, KEY("uid")),
	TASK(NUMBER, tgid, KEY("tgid")),
	TASK(NUMBER, total_vm_bytes, KEY("total_vm_bytes")),
	TASK(NUMBER, rss_bytes, KEY("rss_bytes")),
	TASK(NUMBER, rss_anon_bytes, KEY("rss_anon_bytes")),
	TASK(NUMBER, rss_file_bytes, KEY("rss_file_bytes")),
	TASK(NUMBER, rss_shmem_bytes, KEY("rss_shmem_bytes")),
	TASK(NUMBER, pgtables_bytes, KEY("pgtables_bytes")),
	TASK(NUMBER, swap_bytes, KEY("swap_bytes")),
	TASK(NUMBER, oom_score_adj, KEY("oom_score_adj")),
	TASK(TEXT, comm, KEY("comm")),
	TASK(LINE, line, KEY(NULL)),
	END,
};

#define VICTIM(what, member, name, first) \
	MEMBER(victim, what, member, KEY(name), .first_key = (first))
const struct event_field event_fields_victim[] = {
	VICTIM(TEXT, comm, "comm", "victim_comm"),
	VICTIM(NUMBER, pid, "pid", "victim_pid"),
	VICTIM(NUMBER, uid, "uid", "victim_uid"),
	VICTIM(NUMBER, total_vm_bytes, "total_vm_bytes", "total_vm_bytes"),
	VICTIM(NUMBER, anon_rss_bytes, "anon_rss_bytes", "anon_rss_bytes"),
	VICTIM(NUMBER, file_rss_bytes, "file_rss_bytes", "file_rss_bytes"),
	VICTIM(NUMBER, shmem_rss_bytes, "shmem_rss_bytes", "shmem_rss_bytes"),
	VICTIM(NUMBER, pgtables_bytes, "pgtables_bytes", "pgtables_bytes"),
	VICTIM(NUMBER, oom_score_adj, "oom_score_adj", "oom_score_adj"),
	VICTIM(LINE, line, "line", NULL),
	END,
};

const struct event_field event_fields_stat[] = {
	MEMBER(stat, TEXT, name, KEY(NULL)),
	MEMBER(stat, NUMBER, value, KEY(NULL)),
	END,
};

#define ZONE(what, member) MEMBER(zone, what, member, KEY(NULL))
const struct event_field event_fields_zone[] = {
	ZONE(TEXT, name),
	ZONE(NUMBER, free_bytes),
	ZONE(NUMBER, min_bytes),
	ZONE(NUMBER, low_bytes),
	ZONE(NUMBER, high_bytes),
	ZONE(NUMBER, managed_bytes),
	ZONE(NUMBER, reserve_bytes),
	ZONE(NUMBER, low_reserve_bytes),
	ZONE(NUMBER, free_cma_bytes),
	ZONE(NUMBER, highatomic_bytes),
	ZONE(BYTES, blocks),
	ZONE(BYTES, only_cma),
	ZONE(LINE, line),
	ZONE(LINE, buddy_line),
	END,
};

const struct event_field event_fields_slab[] = {
	MEMBER(slab, TEXT, name, KEY(NULL)),
	MEMBER(slab, NUMBER, used_bytes, KEY(NULL)),
	MEMBER(slab, NUMBER, total_bytes, KEY(NULL)),
	END,
};

const struct event_field event_fields_alloc[] = {
	MEMBER(alloc, TEXT, where, KEY("where")),
	MEMBER(alloc, NUMBER, bytes, KEY("bytes")),
	MEMBER(alloc, NUMBER, calls, KEY("calls")),
	END,
};

const struct event_field event_fields_note[] = {
	MEMBER(note, TEXT, text, KEY("text")),
	MEMBER(note, LINE, line, KEY("line")),
	END,
};

#define SEEN(member) MEMBER(lines, LINE, member, KEY(NULL))
const struct event_field event_fields_lines[] = {
	MEMBER(lines, LINE, first, KEY("first")),
	MEMBER(lines, LINE, last, KEY("last")),
	SEEN(invoked),
	SEEN(limit),
	SEEN(table),
	SEEN(summary),
	SEEN(killed),
	SEEN(cpu),
	SEEN(task_in),
	SEEN(swap_limit),
	SEEN(stats),
	SEEN(meminfo),
	SEEN(swap),
	SEEN(trace),
	SEEN(chosen),
	SEEN(group),
	SEEN(no_killable),
	SEEN(panic),
	SEEN(slab),
	SEEN(registers),
	SEEN(exiting),
	SEEN(duplicate),
	SEEN(suppressed),
	SEEN(hugepages),
	SEEN(zspages),
	SEEN(balloon),
	SEEN(allocs),
	SEEN(previous),
	SEEN(result),
	END,
};

static const struct event_field text_itself[] = {{.kind = EVENT_TEXT, .size = sizeof(char *)}, END};

static const char *scope_word(int scope)
{
	return scope ? scope_names[scope] : NULL;
}

static const char *mechanism_word(int mechanism)
{
	return mechanism_words[mechanism].name;
}

#define EVENT(what, member, name) MEMBER(event, what, member, KEY(name))
#define ADDRESS(member, name)                     \
	MEMBER(event, ADDRESS, member, KEY(name), \
	       .beside = offsetof(struct oomlog_event, has_registers))
const struct event_field event_fields[] = {
	EVENT(NUMBER, time_ns, "time"),
	EVENT(TEXT, wall, "wall_time"),
	EVENT(TEXT, kernel, "kernel"),
	EVENT(TEXT, invoker_comm, "invoker_comm"),
	EVENT(NUMBER, invoker_pid, "invoker_pid"),
	EVENT(NUMBER, invoker_uid, "invoker_uid"),
	EVENT(NUMBER, invoker_oom_score_adj, "invoker_oom_score_adj"),
	EVENT(TEXT, gfp_mask, "gfp_mask"),
	EVENT(NUMBER, order, "order"),
	EVENT(TEXT, constraint, "constraint"),
	MEMBER(event, WORD, scope, KEY("scope"), .word = scope_word),
	EVENT(TEXT, nodemask, "nodemask"),
	EVENT(TEXT, cpuset, "cpuset"),
	EVENT(TEXT, mems_allowed, "mems_allowed"),
	EVENT(TEXT, oom_memcg, "oom_memcg"),
	EVENT(TEXT, task_memcg, "task_memcg"),
	EVENT(TEXT, summary_comm, "summary_comm"),
	EVENT(NUMBER, summary_pid, "summary_pid"),
	EVENT(NUMBER, summary_uid, "summary_uid"),
	EVENT(TEXT, chosen_comm, "chosen_comm"),
	EVENT(NUMBER, chosen_pid, "chosen_pid"),
	EVENT(NUMBER, chosen_score, "chosen_score"),
	LIST(OBJECTS, victims, victim_count, event_fields_victim, KEY("victims"), TOLD_EMPTY),
	EVENT(NUMBER, limit_bytes, "limit_bytes"),
	EVENT(FLAG, limit_is_max, "limit_is_max"),
	EVENT(NUMBER, usage_bytes, "usage_bytes"),
	EVENT(NUMBER, failcnt, "failcnt"),
	EVENT(NUMBER, swap_limit_bytes, "swap_limit_bytes"),
	EVENT(NUMBER, swap_usage_bytes, "swap_usage_bytes"),
	EVENT(NUMBER, memsw_limit_bytes, "memsw_limit_bytes"),
	EVENT(NUMBER, memsw_usage_bytes, "memsw_usage_bytes"),
	EVENT(NUMBER, kmem_limit_bytes, "kmem_limit_bytes"),
	EVENT(NUMBER, kmem_usage_bytes, "kmem_usage_bytes"),
	EVENT(NUMBER, swap_total_bytes, "swap_total_bytes"),
	EVENT(NUMBER, swap_free_bytes, "swap_free_bytes"),
	EVENT(NUMBER, ram_bytes, "ram_bytes"),
	EVENT(NUMBER, hugepages_bytes, "hugepages_bytes"),
	EVENT(NUMBER, hugepages_free_bytes, "hugepages_free_bytes"),
	EVENT(NUMBER, zspages_bytes, "zspages_bytes"),
	EVENT(NUMBER, balloon_bytes, "balloon_bytes"),
	EVENT(COUNT, page_size, "page_size"),
	EVENT(FLAG, page_size_inferred, "page_size_inferred"),
	EVENT(FLAG, page_size_assumed, "page_size_assumed"),
	EVENT(FLAG, group_kill, "group_kill"),
	EVENT(FLAG, panic, "panic"),
	EVENT(FLAG, no_killable_process, "no_killable_process"),
	EVENT(FLAG, allocating_task, "allocating_task"),
	EVENT(FLAG, by_hand, "by_hand"),
	EVENT(TEXT, group_memcg, "group_memcg"),
	EVENT(NUMBER, beancounter, "beancounter"),
	EVENT(TEXT, failed_unit, "failed_unit"),
	EVENT(COUNT, exiting_count, "exiting_count"),
	EVENT(NUMBER, headers_suppressed, "suppressed_count"),
	LIST(TEXTS, trace, trace_count, text_itself, KEY("trace")),
	MEMBER(event, WORD, mechanism, KEY("mechanism"), .word = mechanism_word),
	ADDRESS(user_rip, "user_rip"),
	ADDRESS(user_rsp, "user_rsp"),
	LIST(OBJECTS, tasks, task_count, event_fields_task, KEY("tasks"), TOLD_EMPTY),
	EVENT(COUNT, rows_unread, "rows_unread"),
	EVENT(TEXT, table_columns, "table_columns"),
	LIST(PAIRS, stats, stat_count, event_fields_stat, KEY("memory")),
	LIST(PAIRS, meminfo, meminfo_count, event_fields_stat, KEY("meminfo")),
	LIST(OBJECTS, allocs, alloc_count, event_fields_alloc, KEY("allocations")),
	MEMBER(event, PART, lines, KEY("lines"), .fields = event_fields_lines),
	LIST(OBJECTS, notes, note_count, event_fields_note, KEY("notes"), TOLD_EMPTY),
	EVENT(NUMBER, kernel_stack_bytes, NULL),
	EVENT(NUMBER, reserved_bytes, NULL),
	EVENT(TEXT, stats_memcg, NULL),
	LIST(OBJECTS, zones, zone_count, event_fields_zone, KEY(NULL)),
	LIST(OBJECTS, slabs, slab_count, event_fields_slab, KEY(NULL)),
	ADDRESS(user_rcx, NULL),
	ADDRESS(user_rdi, NULL),
	EVENT(FLAG, has_registers, NULL),
	EVENT(BYTES, user_code, NULL),
	EVENT(BYTES, user_code_length, NULL),
	EVENT(FLAG, panic_is_compulsory, NULL),
	EVENT(FLAG, old_score, NULL),
	EVENT(FLAG, invoker_is_unsaid, NULL),
	EVENT(FLAG, compaction_disabled, NULL),
	EVENT(COUNT, duplicate_kills, NULL),
	EVENT(COUNT, reaped_count, NULL),
	END,
};

bool event_fields_is_list(const struct event_field *f)
{
	return f->kind == EVENT_OBJECTS || f->kind == EVENT_PAIRS || f->kind == EVENT_TEXTS;
}

size_t event_fields_count(const struct event_field *list, const void *event)
{
	return *(const size_t *)((const char *)event + list->beside);
}

void event_fields_reset(const struct event_field *fields, void *of)
{
	static const int64_t absent = ABSENT;

	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		char *at = (char *)of + f->offset;

		if (f->kind == EVENT_NUMBER)
			memcpy(at, &absent, sizeof(absent));
		else if (event_fields_is_list(f))
			memset((char *)of + f->beside, 0, sizeof(size_t));
		else if (f->size == sizeof(absent)) /* mostly; without a call */
			memset(at, 0, sizeof(absent));
		else
			memset(at, 0, f->size);
	}
}

static void *list_of(const struct event_field *list, const void *event)
{
	void *array;

	memcpy(&array, (const char *)event + list->offset, sizeof(array));
	return array;
}

void event_fields_release(struct oomlog_event *event)
{
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++)
		if (event_fields_is_list(f))
			free(list_of(f, event));
}

static void own_texts(const struct event_field *fields, void *of, struct pool *pool)
{
	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		const char **text = (const char **)((char *)of + f->offset);

		if (f->kind == EVENT_TEXT && *text)
			*text = pool_text(pool, (struct span){*text, strlen(*text)});
	}
}

static void own_list(const struct event_field *list, struct oomlog_event *event, struct pool *pool)
{
	size_t count = event_fields_count(list, event);
	char *copy = NULL;

	if (count) {
		copy = pool_alloc(pool, count * list->element_size);
		memcpy(copy, list_of(list, event), count * list->element_size);
	}
	memcpy((char *)event + list->offset, &copy, sizeof(copy));
	for (size_t i = 0; i < count; i++)
		own_texts(list->fields, copy + i * list->element_size, pool);
}

void event_fields_own(struct oomlog_event *event, struct pool *pool)
{
	own_texts(event_fields, event, pool);
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++)
		if (event_fields_is_list(f))
			own_list(f, event, pool);
}
