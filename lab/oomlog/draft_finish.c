#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "oomlog/draft.h"

#define DEFAULT_PAGE 4096

static struct oomlog_task *task_of(struct oomlog_event *ev, int64_t pid)
{
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == pid)
			return &ev->tasks[i];
	return NULL;
}

static bool task_is(const struct oomlog_event *ev, int64_t pid, const char *comm)
{
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == pid)
			return strcmp(ev->tasks[i].comm, comm) == 0;
	return false;
}

/* total-vm of a victim in bytes, divided by that of its row in pages; 0: gives no page size. */
static int64_t page_size_of_victims(struct oomlog_event *ev)
{
	for (size_t i = 0; i < ev->victim_count; i++) {
		const struct oomlog_task *task = task_of(ev, ev->victims[i].pid);
		int64_t bytes = ev->victims[i].total_vm_bytes;

		if (!task || !is_known(bytes) || task->total_vm_bytes <= 0 ||
		    bytes % task->total_vm_bytes)
			continue;
		for (int64_t size = OOMLOG_PAGE_MIN; size <= OOMLOG_PAGE_MAX; size *= 2)
			if (bytes / task->total_vm_bytes == size)
				return size;
	}
	return 0;
}

/*
 * Page tables are whole pages, so all their sizes are multiples of the page size. With pages of
 * 4 KiB a size is a multiple of 64 KiB by chance once in 16 times, and of 16 KiB once in 4: three
 * different sizes, or six, are taken for proof.
 */
static int64_t page_size_of_tables(const struct draft *f)
{
	static const struct {
		int64_t size;
		size_t needed;
	} sizes[] = {{65536, 3}, {16384, 6}};
	const struct oomlog_event *ev = &f->event;

	for (size_t s = 0; !f->pgtables_in_pages && s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		int64_t seen_sizes[6];
		size_t different = 0, i = 0;

		for (; i < ev->task_count; i++) {
			int64_t bytes = ev->tasks[i].pgtables_bytes;
			size_t k = 0;

			if (bytes == ABSENT || bytes == 0)
				continue;
			if (bytes % sizes[s].size)
				break;
			while (k < different && seen_sizes[k] != bytes)
				k++;
			if (k == different && different < sizes[s].needed)
				seen_sizes[different++] = bytes;
		}
		if (i == ev->task_count && different == sizes[s].needed)
			return sizes[s].size;
	}
	return 0;
}

/* A free list, and who gives a size, may say anything. */
static int64_t sound_page_size(int64_t size)
{
	return oomlog_is_page_size(size) ? size : 0;
}

/* x86 has pages of 4 KiB alone: by a register, a function or a release that only x86 has. */
static bool is_x86(const struct oomlog_event *ev)
{
	static const char *const frames[] = {"entry_SYSCALL_64*",  "do_syscall_64",
					     "asm_exc_page_fault", "async_page_fault",
					     "exc_page_fault",	   "system_call_fastpath",
					     "page_fault",	   "ret_from_fork_asm"};
	static const char *const releases[] = {"amd64", "x86_64", "i686", "i386"};

	if (ev->has_registers)
		return true;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (mechanism_has_frame((const char *const *)ev->trace, ev->trace_count, frames[i]))
			return true;
	for (size_t i = 0; ev->kernel && i < sizeof(releases) / sizeof(releases[0]); i++)
		if (strstr(ev->kernel, releases[i]))
			return true;
	return false;
}

static void decide_page_size(struct draft *f, int64_t told)
{
	struct oomlog_event *ev = &f->event;
	int64_t victims = page_size_of_victims(ev);
	int64_t buddy = sound_page_size(f->buddy_page_size), given = sound_page_size(told);
	int64_t tables = given || victims || buddy ? 0 : page_size_of_tables(f);

	ev->page_size_inferred = !given && (victims || buddy || tables);
	ev->page_size = given	  ? given
			: victims ? victims
			: buddy	  ? buddy
			: tables  ? tables
				  : DEFAULT_PAGE;
	ev->page_size_assumed = !given && !ev->page_size_inferred && !is_x86(ev);
	if (tables)
		draft_note(f, ev->lines.table,
			   "The page size of %lld bytes is told by the sizes of the page tables",
			   (long long)tables);
	if (victims && victims != ev->page_size)
		draft_note(f, ev->lines.killed,
			   "The kill line and the task table imply pages of %lld bytes, not %lld",
			   (long long)victims, (long long)ev->page_size);
	else if (buddy && buddy != ev->page_size)
		draft_note(f, ev->lines.meminfo,
			   "The free lists imply pages of %lld bytes, not %lld", (long long)buddy,
			   (long long)ev->page_size);
	if (ev->page_size_assumed && ev->task_count)
		draft_note(f, ev->lines.table,
			   "The log does not tell the page size; 4096 bytes are assumed");
}

static void pages_to_bytes(int64_t *value, int64_t page_size)
{
	if (*value != ABSENT)
		*value = fact_size(*value, page_size);
}

/* A reserve that no request may ever use is printed as more pages than any machine has. */
static void reserve_to_bytes(int64_t *value, int64_t page_size)
{
	if (*value == ABSENT)
		return;
	pages_to_bytes(value, page_size);
	if (*value == ABSENT)
		*value = FACT_SIZE_MAX;
}

static void convert_pages(struct draft *f)
{
	struct oomlog_event *ev = &f->event;
	int64_t size = ev->page_size;

	for (size_t i = 0; i < ev->task_count; i++) {
		struct oomlog_task *t = &ev->tasks[i];

		pages_to_bytes(&t->total_vm_bytes, size);
		pages_to_bytes(&t->rss_bytes, size);
		pages_to_bytes(&t->rss_anon_bytes, size);
		pages_to_bytes(&t->rss_file_bytes, size);
		pages_to_bytes(&t->rss_shmem_bytes, size);
		pages_to_bytes(&t->swap_bytes, size);
		if (f->pgtables_in_pages)
			pages_to_bytes(&t->pgtables_bytes, size);
	}
	for (size_t i = 0; i < ev->meminfo_count; i++)
		pages_to_bytes(&ev->meminfo[i].value, size);
	for (size_t i = 0; i < ev->zone_count; i++) {
		reserve_to_bytes(&ev->zones[i].reserve_bytes, size);
		reserve_to_bytes(&ev->zones[i].low_reserve_bytes, size);
	}
	ev->ram_bytes = f->ram_pages;
	ev->reserved_bytes = f->reserved_pages;
	pages_to_bytes(&ev->ram_bytes, size);
	pages_to_bytes(&ev->reserved_bytes, size);
}

static bool traced(const struct oomlog_event *ev, const char *function)
{
	for (size_t i = 0; i < ev->trace_count; i++)
		if (strcmp(ev->trace[i], function) == 0)
			return true;
	return false;
}

static bool traced_start(const struct oomlog_event *ev, const char *start)
{
	for (size_t i = 0; i < ev->trace_count; i++)
		if (strncmp(ev->trace[i], start, strlen(start)) == 0)
			return true;
	return false;
}

static bool blames_memcg(const struct draft *f)
{
	const struct oomlog_event *ev = &f->event;

	return f->kill_says_memcg || ev->oom_memcg || ev->lines.task_in || ev->lines.limit ||
	       ev->lines.stats || (ev->constraint && strcmp(ev->constraint, "MEMCG") == 0) ||
	       traced(ev, "mem_cgroup_out_of_memory");
}

static bool is_machine_constraint(const char *constraint)
{
	return constraint && (!strcmp(constraint, "NONE") || !strcmp(constraint, "CPUSET") ||
			      !strcmp(constraint, "MEMORY_POLICY"));
}

bool draft_is_of_machine(const struct draft *f)
{
	return f->kill_says_global || is_machine_constraint(f->event.constraint);
}

/* Kernels before 2.6.25 have no memory cgroups: by the release, or by a line without invoker. */
static bool before_memcg(const struct oomlog_event *ev)
{
	int patch = 0;

	if (!ev->lines.invoked)
		return false;
	return !ev->invoker_comm
		       ? ev->gfp_mask && ev->invoker_is_unsaid
		       : ev->kernel && sscanf(ev->kernel, "2.6.%d", &patch) == 1 && patch < 25;
}

/* Since 3.9 a cgroup's dump has no Mem-Info. */
static bool has_machine_dump(const struct draft *f)
{
	const struct oomlog_event *ev = &f->event;
	int major = 0, minor = 0;

	return ev->lines.invoked && ev->lines.meminfo > ev->lines.invoked && !f->has_other_dump &&
	       ev->kernel && sscanf(ev->kernel, "%d.%d", &major, &minor) == 2 &&
	       (major > 3 || (major == 3 && minor >= 9));
}

static bool blames_machine(const struct draft *f)
{
	const struct oomlog_event *ev = &f->event;
	bool by_allocator = traced_start(ev, "__alloc_pages") ||
			    traced_start(ev, "__alloc_frozen") || traced(ev, "moom_callback");
	/* Since 3.12 a cgroup's page fault ends in mem_cgroup_out_of_memory() instead. */
	bool by_fault = traced(ev, "pagefault_out_of_memory") && ev->gfp_mask &&
			strtoull(ev->gfp_mask, NULL, 16);

	/* kswapd serves no cgroup alone. */
	bool by_kswapd = traced(ev, "balance_pgdat") || traced(ev, "lru_gen_age_node") ||
			 traced(ev, "kswapd");

	return f->kill_says_global || is_machine_constraint(ev->constraint) || before_memcg(ev) ||
	       (ev->no_killable_process && (ev->panic || ev->lines.meminfo)) ||
	       (traced_start(ev, "out_of_memory") && (by_allocator || by_fault || by_kswapd));
}

static bool path_within(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strcmp(top, "/") == 0 ||
	       (strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

static enum scope memcg_scope(const struct oomlog_event *ev)
{
	if (!ev->oom_memcg || !ev->task_memcg)
		return SCOPE_MEMCG;
	if (strcmp(ev->oom_memcg, ev->task_memcg) == 0)
		return SCOPE_OWN;
	return path_within(ev->task_memcg, ev->oom_memcg) ? SCOPE_ANCESTOR : SCOPE_MEMCG;
}

/* Statistics that are listed are of the cgroup that ran out. */
static void path_from_stats(struct draft *f)
{
	struct oomlog_event *ev = &f->event;

	if (!ev->oom_memcg && ev->stats_memcg && f->stats_are_listed &&
	    !text_ends_with(ev->stats_memcg, "...") && !text_ends_with(ev->stats_memcg, ">"))
		ev->oom_memcg = ev->stats_memcg;
}

static void decide_scope(struct draft *f)
{
	struct oomlog_event *ev = &f->event;

	path_from_stats(f);

	if (blames_memcg(f)) {
		ev->scope = memcg_scope(ev);
		if (!ev->constraint)
			ev->constraint = "MEMCG";
	} else if (blames_machine(f) || has_machine_dump(f)) {
		ev->scope = SCOPE_GLOBAL;
		if (ev->constraint && strcmp(ev->constraint, "CPUSET") == 0)
			ev->scope = SCOPE_CPUSET;
		if (ev->constraint && strcmp(ev->constraint, "MEMORY_POLICY") == 0)
			ev->scope = SCOPE_MEMPOLICY;
	}
}

static struct oomlog_victim bare_victim(const char *comm, int64_t pid, int64_t uid, uint64_t line)
{
	return (struct oomlog_victim){
		.comm = comm,
		.pid = pid,
		.uid = uid,
		.total_vm_bytes = ABSENT,
		.anon_rss_bytes = ABSENT,
		.file_rss_bytes = ABSENT,
		.shmem_rss_bytes = ABSENT,
		.pgtables_bytes = ABSENT,
		.oom_score_adj = ABSENT,
		.line = line,
	};
}

/* The reaper names a process of this table, and not the previous event's victim. */
static bool reaped_after_dump(const struct draft *f)
{
	const struct oomlog_event *ev = &f->event;

	return ev->task_count && !f->reaped_previous_victim &&
	       f->reaped_line > ev->tasks[ev->task_count - 1].line &&
	       task_is(ev, f->reaped_pid, f->reaped_comm);
}

/* Without a kill line the summary names the victim, and failing that the reaper. */
static void victim_from_elsewhere(struct draft *f)
{
	struct oomlog_event *ev = &f->event;
	struct oomlog_victim victim;

	if (ev->victim_count || ev->no_killable_process)
		return;
	if (ev->summary_comm && is_known(ev->summary_pid)) {
		victim = bare_victim(ev->summary_comm, ev->summary_pid, ev->summary_uid,
				     ev->lines.summary);
		draft_note(f, ev->lines.summary,
			   "The kill line is missing; the victim is known from the summary line");
	} else if (f->reaped_line && ev->reaped_count == 1 &&
		   (ev->group_kill || reaped_after_dump(f))) {
		victim = bare_victim(f->reaped_comm, f->reaped_pid, ABSENT, f->reaped_line);
		draft_note(f, f->reaped_line,
			   "The kill line is missing; the victim is known from oom_reaper");
	} else {
		return;
	}
	fact_victim(f, &victim);
	ev->lines.killed = 0;
}

static bool same_comm(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Adds from the summary and the task table what older kernels' kill lines do not print. */
static void complete_victims(struct oomlog_event *ev)
{
	for (size_t i = 0; i < ev->victim_count; i++) {
		struct oomlog_victim *v = &ev->victims[i];
		const struct oomlog_task *task = task_of(ev, v->pid);
		bool row = task && (!v->comm || same_comm(task->comm, v->comm));

		if (!v->comm && v->pid == ev->summary_pid)
			v->comm = ev->summary_comm;
		if (!is_known(v->uid) && v->pid == ev->summary_pid)
			v->uid = ev->summary_uid;
		if (!is_known(v->uid) && row)
			v->uid = task->uid;
		if (!is_known(v->oom_score_adj) && row)
			v->oom_score_adj = task->oom_score_adj;
	}
}

/* A row that was wrapped inside the name has a blank there that the kill line does not have. */
static void mend_names(struct oomlog_event *ev)
{
	for (size_t i = 0; i < ev->victim_count; i++) {
		struct oomlog_task *task = task_of(ev, ev->victims[i].pid);
		const char *comm = ev->victims[i].comm;

		if (!task || !comm || strlen(task->comm) != strlen(comm) + 1)
			continue;
		size_t n = strcspn(task->comm, " ");
		if (strncmp(task->comm, comm, n) == 0 && strcmp(task->comm + n + 1, comm + n) == 0)
			task->comm = comm;
	}
}

/* A longer name than the kernel keeps has the header of an unknown carrier in it. */
static void doubt_invoker(struct draft *f)
{
	struct oomlog_event *ev = &f->event;

	if (!ev->invoker_comm || strlen(ev->invoker_comm) <= COMM_MAX)
		return;
	ev->invoker_comm = NULL;
	draft_note(f, ev->lines.invoked,
		   "What stands before \"invoked oom-killer\" is longer than a task's name");
}

void draft_finish(struct draft *f, int64_t page_size)
{
	struct oomlog_event *ev = &f->event;

	doubt_invoker(f);
	victim_from_elsewhere(f);
	decide_page_size(f, page_size);
	convert_pages(f);
	mend_names(ev);
	complete_victims(ev);
	decide_scope(f);
	ev->mechanism = mechanism_of_trace((const char *const *)ev->trace, ev->trace_count);
	ev->by_hand |= ev->order == -1;
	draft_check(f);
}
