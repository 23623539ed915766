#include "symbols/unwind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "symbols/exec_name.h"
#include "symbols/origin.h"
#include "symbols/registers.h"
#include "symbols/symbols.h"
#include "symbols/walked.h"
#include "symbols/walker.h"

enum { PROCESSES_KEPT = 256, CACHE_SIZE = 1024, WALKERS_MAX = 8 };

#define WALK_PATIENCE_NS INT64_C(10000000000)

struct mapping {
	uint64_t start, end, bias;
	int module;
};

/* One address space; a forked child shares its parent's until it execs. */
struct space {
	size_t users;
	uint64_t id;	     /* never used twice */
	uint64_t generation; /* another whenever what is mapped changes; never used twice */
	struct mapping *mappings;
	size_t mapping_count;
	char comm[16];	  /* of unwind_exec(), until code is mapped; then empty */
	char *file, *exe; /* the program's file, and the path it was started by; NULL: the same */
};

struct process {
	pid_t pid;
	bool is_gone;
	struct space *space;
};

/* The aside that walks stacks. */
struct walker_process {
	struct aside aside;
	struct walker_shared *shared; /* NULL: it was never started */
	size_t modules_sent;
	/* Of all asides so far: */
	int starts, deaths;
	char *end_words; /* how the last one ended that should not have */
	int module;	 /* that it was in then; -1: not known */
	int64_t cut;	 /* stacks that were walked in part, or not at all */
};

struct unwind {
	struct modules modules;
	int root;
	const char *hint; /* of unwind_hint(); NULL: none */
	struct process *processes;
	size_t process_count;
	uint64_t next_space;
	struct walked *cache[CACHE_SIZE];
	struct walker_process walker;
	struct space *space; /* of the walk in progress */
};

struct unwind *unwind_new(int root)
{
	struct unwind *u = xcalloc(1, sizeof(struct unwind));

	u->root = root;
	u->walker.aside = ASIDE_INIT;
	return u;
}

static void space_drop(struct space *space)
{
	if (!space || --space->users)
		return;
	free(space->mappings);
	free(space->file);
	free(space->exe);
	free(space);
}

static struct process *process_of(struct unwind *u, pid_t pid)
{
	for (size_t i = u->process_count; i-- > 0;)
		if (u->processes[i].pid == pid)
			return &u->processes[i];
	return NULL;
}

static void set_space(struct unwind *u, pid_t pid, struct space *space)
{
	struct process *process = process_of(u, pid);

	if (!process) {
		u->processes = xrealloc(u->processes, u->process_count + 1, sizeof(*u->processes));
		process = &u->processes[u->process_count++];
		*process = (struct process){.pid = pid};
	}
	space->users++;
	space_drop(process->space);
	process->space = space;
	process->is_gone = false;
}

void unwind_exec(struct unwind *u, pid_t pid, const char *comm)
{
	struct space *space = xcalloc(1, sizeof(*space));

	if (comm)
		snprintf(space->comm, sizeof(space->comm), "%s", comm);
	space->id = space->generation = ++u->next_space;
	set_space(u, pid, space);
}

void unwind_fork(struct unwind *u, pid_t pid, pid_t parent)
{
	struct process *from = process_of(u, parent);

	if (from)
		set_space(u, pid, from->space);
}

static void forget(struct unwind *u, size_t i)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed by the last of its users alone */
	space_drop(u->processes[i].space);
	u->processes[i] = u->processes[--u->process_count];
}

void unwind_exit(struct unwind *u, pid_t pid)
{
	struct process *process = process_of(u, pid);

	if (process)
		process->is_gone = true;
	if (u->process_count < PROCESSES_KEPT)
		return;
	for (size_t i = u->process_count; i-- > 0;)
		if (u->processes[i].is_gone)
			forget(u, i);
}

static struct space *space_of(struct unwind *u, pid_t pid)
{
	if (!process_of(u, pid))
		unwind_exec(u, pid, NULL);
	return process_of(u, pid)->space;
}

static void forget_overlap(struct space *space, uint64_t start, uint64_t end)
{
	size_t kept = 0;

	for (size_t i = 0; i < space->mapping_count; i++)
		if (space->mappings[i].end <= start || space->mappings[i].start >= end)
			space->mappings[kept++] = space->mappings[i];
	space->mapping_count = kept;
}

/* The path that code is known by: the program's own is the one that it was started by. */
static const char *choose_path(const struct unwind *u, struct space *space, pid_t pid,
			       const char *path)
{
	if (*space->comm && u->root == MODULES_ROOT_OWN) {
		space->exe = exec_name(pid, space->comm, path, u->hint);
		space->file = space->exe ? xstrdup(path) : NULL;
	}
	space->comm[0] = '\0';
	return space->exe && !strcmp(path, space->file) ? space->exe : path;
}

void unwind_map(struct unwind *u, pid_t pid, uint64_t start, uint64_t len, uint64_t pgoff,
		const char *path)
{
	struct space *space = space_of(u, pid);
	int number = modules_find(&u->modules, u->root, choose_path(u, space, pid, path));
	struct mapping *m;

	if (number < 0 || start + len < start)
		return;
	forget_overlap(space, start, start + len);
	space->mappings =
		xrealloc(space->mappings, space->mapping_count + 1, sizeof(*space->mappings));
	m = &space->mappings[space->mapping_count++];
	*m = (struct mapping){.start = start, .end = start + len, .module = number};
	/* Code that is in no file has no addresses but those of the process. */
	m->bias = origin_is_made(path) ? 0 : module_bias(&u->modules.items[number], start, pgoff);
	/* A walk that ended early may get further now. */
	space->generation = ++u->next_space;
}

static struct unwind_frame locate(const struct space *space, uint64_t address)
{
	for (size_t i = 0; i < space->mapping_count; i++) {
		const struct mapping *m = &space->mappings[i];

		if (address >= m->start && address < m->end)
			return (struct unwind_frame){m->module, address - m->bias};
	}
	return (struct unwind_frame){-1, address};
}

bool unwind_knows(const struct unwind *u, pid_t pid, uint64_t address)
{
	for (size_t i = u->process_count; i-- > 0;)
		if (u->processes[i].pid == pid)
			return locate(u->processes[i].space, address).module >= 0;
	return false;
}

/* Sets where the module begins in the process; false: walks cannot pass it. */
static bool base_of(const struct unwind *u, const struct mapping *m, uint64_t *base)
{
	const struct module *module = &u->modules.items[m->module];

	/* libdwfl takes a module with fixed addresses to be mapped at them. */
	if (!module->is_elf || (module->is_fixed && m->bias))
		return false;
	*base = m->bias + module->start;
	/* A path of another root would name another file in this one. */
	return u->root == MODULES_ROOT_OWN || module->file >= 0;
}

static void request_maps(const struct unwind *u, struct walker_shared *s)
{
	s->space = u->space->id;
	s->generation = u->space->generation;
	s->base_count = 0;
	for (size_t i = 0; i < u->space->mapping_count && s->base_count < WALKER_BASES_MAX; i++) {
		const struct mapping *m = &u->space->mappings[i];
		uint64_t base;

		if (base_of(u, m, &base))
			s->bases[s->base_count++] = (struct walker_base){m->module, base};
	}
}

static void request_sample(const struct unwind_sample *sample, struct walker_shared *s)
{
	s->stack_len = sample->stack_len < UNWIND_STACK_MAX ? sample->stack_len : UNWIND_STACK_MAX;
	memcpy(s->regs, sample->regs, registers_count() * sizeof(*s->regs));
	if (s->stack_len)
		memcpy(s->stack, sample->stack, s->stack_len);
	s->is_whole = true;
	s->read_count = s->pc_count = 0;
}

static bool send_modules(struct unwind *u)
{
	struct walker_process *w = &u->walker;

	for (; w->modules_sent < u->modules.count; w->modules_sent++) {
		const struct module *module = &u->modules.items[w->modules_sent];
		_cleanup_free_ char *text = text_format("%c%s", WALKER_MODULE, module->path);

		if (aside_send(&w->aside, text, strlen(text), module->file))
			return false;
	}
	return true;
}

/*
 * Counts are bounded by what was read of them once, which the compiler must not read again: the
 * aside may have been taken over by what it read, and may be writing.
 */
static size_t read_once(const size_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

/* Keeps how it ended, and in which module: that of the last frame it found. */
static void note_death(struct unwind *u)
{
	struct walker_process *w = &u->walker;
	const struct walker_shared *s = w->shared;
	size_t pcs = s ? read_once(&s->pc_count) : 0;

	aside_end(&w->aside);
	free(w->end_words);
	w->end_words = aside_words(&w->aside);
	w->aside = ASIDE_INIT;
	w->deaths++;
	w->module = -1;
	if (pcs && pcs <= UNWIND_DEPTH_MAX)
		w->module = locate(u->space, s->pcs[pcs - 1]).module;
}

/* False: the aside's error says why. */
static bool map_shared(struct walker_process *w)
{
	if (!w->shared) {
		void *shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		w->aside.error = shared == MAP_FAILED ? -errno : 0;
		w->shared = shared == MAP_FAILED ? NULL : shared;
	}
	if (w->shared)
		w->shared->pc_count = 0;
	return w->shared != NULL;
}

static bool start(struct unwind *u)
{
	struct walker_process *w = &u->walker;

	if (w->aside.pid)
		return true;
	if (w->starts == WALKERS_MAX)
		return false;
	w->starts++;
	w->modules_sent = 0;
	if (map_shared(w) && !aside_start(&w->aside, "oomlab-unwind", walker_work, w->shared))
		return true;
	note_death(u);
	return false;
}

/* Has the aside walk a stack; false: it died of it. pre: start(). */
static bool ask(struct unwind *u, const struct unwind_sample *sample)
{
	struct walker_process *w = &u->walker;
	const char walk = WALKER_WALK;
	char answer;

	request_sample(sample, w->shared);
	if (w->shared->generation != u->space->generation)
		request_maps(u, w->shared);
	if (send_modules(u) && !aside_send(&w->aside, &walk, 1, -1) &&
	    aside_receive(&w->aside, &answer, 1, io_now_ns() + WALK_PATIENCE_NS) > 0)
		return true;
	note_death(u);
	return false;
}

/* Hostile; walk->is_whole stays false where the aside died of it. */
static void take_answer(const struct unwind *u, struct walked *walk)
{
	const struct walker_shared *s = u->walker.shared;
	size_t reads = read_once(&s->read_count), pcs = read_once(&s->pc_count);

	walk->is_whole = walk->is_whole && s->is_whole && reads <= WALKER_READS_MAX;
	walk->read_count = reads < WALKER_READS_MAX ? reads : WALKER_READS_MAX;
	memcpy(walk->reads, s->reads, sizeof(walk->reads));
	walk->frame_count = pcs < UNWIND_DEPTH_MAX ? pcs : UNWIND_DEPTH_MAX;
	for (size_t i = 0; i < walk->frame_count; i++)
		walk->frames[i] = locate(u->space, s->pcs[i]);
	walked_mark(walk, s);
}

static void walk_stack(struct unwind *u, const struct unwind_sample *sample, struct walked *walk)
{
	*walk = (struct walked){
		.generation = u->space->generation,
		.pc = registers_pc(sample->regs),
		.sp = registers_sp(sample->regs),
		.fp = registers_fp(sample->regs),
	};
	bool is_asked = start(u);

	walk->is_whole = is_asked && ask(u, sample);
	u->walker.cut += !walk->is_whole;
	/* An aside that died may have found a part. */
	if (is_asked)
		take_answer(u, walk);
	if (!walk->frame_count)
		walk->frames[walk->frame_count++] = locate(u->space, walk->pc);
}

static size_t cache_slot(const struct unwind *u, const struct unwind_sample *sample)
{
	uint64_t h = registers_pc(sample->regs) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= registers_sp(sample->regs) * UINT64_C(0xc2b2ae3d27d4eb4f) + u->space->generation;
	return (h ^ h >> 29) % CACHE_SIZE;
}

size_t unwind_stack(struct unwind *u, const struct unwind_sample *sample,
		    struct unwind_frame frames[UNWIND_DEPTH_MAX])
{
	struct walked **slot;

	u->space = space_of(u, sample->pid);
	slot = &u->cache[cache_slot(u, sample)];
	if (!walked_is_same(*slot, u->space->generation, sample)) {
		if (!*slot)
			*slot = xcalloc(1, sizeof(**slot));
		walk_stack(u, sample, *slot);
	}
	memcpy(frames, (*slot)->frames, (*slot)->frame_count * sizeof(*frames));
	return (*slot)->frame_count;
}

void unwind_hint(struct unwind *u, const char *program)
{
	u->hint = program;
}

void unwind_begin(struct unwind *u)
{
	start(u);
}

void unwind_maps_text(const struct unwind *u, pid_t pid, struct strbuf *text)
{
	const struct process *process = NULL;

	for (size_t i = 0; i < u->process_count && !process; i++)
		if (u->processes[i].pid == pid)
			process = &u->processes[i];
	for (size_t i = 0; process && i < process->space->mapping_count; i++) {
		const struct mapping *m = &process->space->mappings[i];
		const struct module *module = &u->modules.items[m->module];

		if (module->is_elf)
			strbuf_printf(text, "%" PRIx64 "-%" PRIx64 " r-xp 0 00:00 %d %s\n",
				      m->bias + module->start, m->end, m->module + 1, module->path);
	}
}

char *unwind_trouble(const struct unwind *u)
{
	const struct walker_process *w = &u->walker;
	_cleanup_free_ char *where = NULL, *times = NULL;

	if (!w->deaths)
		return NULL;
	if (w->deaths > 1)
		times = text_format(", the last of %d times", w->deaths);
	if (w->module >= 0)
		where = text_format(" while it read '%s'", u->modules.items[w->module].path);
	return text_format("The process that unwinds stacks %s%s%s: of %" PRId64
			   " stack%s the callers are missing, all or some",
			   w->end_words, where ? where : "", times ? times : "", w->cut,
			   w->cut == 1 ? "" : "s");
}

const struct modules *unwind_modules(const struct unwind *u)
{
	return &u->modules;
}

struct modules unwind_take_modules(struct unwind *u)
{
	struct modules taken = u->modules;

	u->modules = (struct modules){0};
	return taken;
}

void unwind_free(struct unwind *u)
{
	if (!u)
		return;
	while (u->process_count)
		forget(u, 0);
	for (size_t i = 0; i < CACHE_SIZE; i++)
		free(u->cache[i]);
	free(u->processes);
	aside_end(&u->walker.aside);
	if (u->walker.shared)
		munmap(u->walker.shared, sizeof(*u->walker.shared));
	free(u->walker.end_words);
	modules_release(&u->modules);
	cleanup_closep(&u->root);
	free(u);
}
