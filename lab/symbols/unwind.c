#include "symbols/unwind.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "symbols/registers.h"

enum { SPACES_OPEN_MAX = 16, PROCESSES_KEPT = 256, CACHE_SIZE = 1024, READS_MAX = 64 };

struct mapping {
	uint64_t start, end, bias;
	int module;
};

/* One address space; a forked child shares its parent's until it execs. */
struct space {
	size_t users;
	uint64_t id; /* never used twice */
	struct mapping *mappings;
	size_t mapping_count;
	Dwfl *dwfl;
	uint64_t last_used;
};

struct process {
	pid_t pid;
	bool is_gone;
	struct space *space;
};

/* What one walk read of the stack: as long as that is the same, so is its result. */
struct walk {
	uint64_t space, pc, sp, fp;
	bool is_whole; /* all it read is in reads */
	size_t read_count, frame_count;
	struct {
		uint64_t address, value;
	} reads[READS_MAX];
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
};

struct unwind {
	struct modules modules;
	int root;
	struct process *processes;
	size_t process_count;
	uint64_t next_space, clock;
	struct walk *cache[CACHE_SIZE];
	/* of the walk in progress */
	const struct unwind_sample *sample;
	struct space *space;
	struct walk *walk;
};

struct unwind *unwind_new(int root)
{
	struct unwind *u = xcalloc(1, sizeof(struct unwind));

	u->root = root;
	return u;
}

static void space_drop(struct space *space)
{
	if (!space || --space->users)
		return;
	if (space->dwfl)
		dwfl_end(space->dwfl);
	free(space->mappings);
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

void unwind_exec(struct unwind *u, pid_t pid)
{
	struct space *space = xcalloc(1, sizeof(*space));

	space->id = ++u->next_space;
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
		unwind_exec(u, pid);
	return process_of(u, pid)->space;
}

static void forget_overlap(struct space *space, uint64_t start, uint64_t end)
{
	size_t kept = 0;

	for (size_t i = 0; i < space->mapping_count; i++)
		if (space->mappings[i].end <= start || space->mappings[i].start >= end)
			space->mappings[kept++] = space->mappings[i];
	if (kept < space->mapping_count && space->dwfl) {
		dwfl_end(space->dwfl);
		space->dwfl = NULL;
	}
	space->mapping_count = kept;
}

static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **path)
{
	(void)module, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)path;
	return -1;
}

/* Call frame information is in the programs themselves; separate files are for the lines. */
static const Dwfl_Callbacks dwfl_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = no_debuginfo,
};

static void report_mapping(struct unwind *u, struct space *space, const struct mapping *m)
{
	const struct module *module = &u->modules.items[m->module];
	int fd;

	if (!module->is_elf || !space->dwfl)
		return;
	/* Without a file of its own a module of another root would be taken from this one. */
	if (u->root != MODULES_ROOT_OWN && module->file < 0)
		return;
	fd = module->file < 0 ? -1 : fcntl(module->file, F_DUPFD_CLOEXEC, 3);
	dwfl_report_begin_add(space->dwfl);
	dwfl_report_elf(space->dwfl, module->path, module->path, fd, m->bias + module->start,
			false);
	dwfl_report_end(space->dwfl, NULL, NULL);
}

void unwind_map(struct unwind *u, pid_t pid, uint64_t start, uint64_t len, uint64_t pgoff,
		const char *path)
{
	struct space *space = space_of(u, pid);
	int number = modules_find(&u->modules, u->root, path);
	struct mapping *m;

	if (number < 0 || start + len < start)
		return;
	forget_overlap(space, start, start + len);
	space->mappings =
		xrealloc(space->mappings, space->mapping_count + 1, sizeof(*space->mappings));
	m = &space->mappings[space->mapping_count++];
	*m = (struct mapping){.start = start, .end = start + len, .module = number};
	m->bias = module_bias(&u->modules.items[number], start, pgoff);
	space->id = ++u->next_space; /* what was walked before may be walked further now */
	report_mapping(u, space, m);
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

static bool read_stack(const struct unwind_sample *sample, uint64_t address, uint64_t *value)
{
	uint64_t sp = registers_sp(sample->regs), at = address - sp;

	if (address < sp || sample->stack_len < sizeof(*value) ||
	    at > sample->stack_len - sizeof(*value))
		return false;
	memcpy(value, sample->stack + at, sizeof(*value));
	return true;
}

static bool on_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *value, void *arg)
{
	struct unwind *u = arg;
	struct walk *walk = u->walk;

	(void)dwfl;
	if (!read_stack(u->sample, address, value))
		return false;
	if (walk->read_count == READS_MAX) {
		walk->is_whole = false;
		return true;
	}
	walk->reads[walk->read_count].address = address;
	walk->reads[walk->read_count++].value = *value;
	return true;
}

static pid_t on_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = arg;
	return 1;
}

static bool on_registers(Dwfl_Thread *thread, void *arg)
{
	struct unwind *u = arg;
	uint64_t dwarf[REGISTERS_MAX];
	size_t count = registers_dwarf(u->sample->regs, dwarf);

	dwfl_thread_state_register_pc(thread, registers_pc(u->sample->regs));
	return dwfl_thread_state_registers(thread, 0, (unsigned int)count, dwarf);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = on_thread,
	.memory_read = on_read,
	.set_initial_registers = on_registers,
};

static int on_frame(Dwfl_Frame *state, void *arg)
{
	struct unwind *u = arg;
	struct walk *walk = u->walk;
	Dwarf_Addr pc;
	bool is_exact;

	if (!dwfl_frame_pc(state, &pc, &is_exact) || !pc)
		return DWARF_CB_ABORT;
	walk->frames[walk->frame_count++] = locate(u->space, is_exact ? pc : pc - 1);
	return walk->frame_count == UNWIND_DEPTH_MAX ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static void close_oldest(struct unwind *u)
{
	struct space *oldest = NULL;
	size_t open = 0;

	for (size_t i = 0; i < u->process_count; i++) {
		struct space *space = u->processes[i].space;

		if (!space->dwfl)
			continue;
		open++;
		if (!oldest || space->last_used < oldest->last_used)
			oldest = space;
	}
	if (open < SPACES_OPEN_MAX)
		return;
	dwfl_end(oldest->dwfl);
	oldest->dwfl = NULL;
}

static bool open_space(struct unwind *u, struct space *space)
{
	if (space->dwfl)
		return true;
	close_oldest(u);
	space->dwfl = dwfl_begin(&dwfl_callbacks);
	for (size_t i = 0; space->dwfl && i < space->mapping_count; i++)
		report_mapping(u, space, &space->mappings[i]);
	if (space->dwfl && dwfl_attach_state(space->dwfl, NULL, 1, &thread_callbacks, u))
		return true;
	if (space->dwfl)
		dwfl_end(space->dwfl);
	space->dwfl = NULL;
	return false;
}

static void walk_stack(struct unwind *u, const struct unwind_sample *sample, struct walk *walk)
{
	u->sample = sample;
	u->walk = walk;
	*walk = (struct walk){
		.space = u->space->id,
		.pc = registers_pc(sample->regs),
		.sp = registers_sp(sample->regs),
		.fp = registers_fp(sample->regs),
		.is_whole = true,
	};
	if (open_space(u, u->space))
		dwfl_getthread_frames(u->space->dwfl, 1, on_frame, u);
	if (!walk->frame_count)
		walk->frames[walk->frame_count++] = locate(u->space, walk->pc);
}

static bool is_same(const struct walk *walk, const struct unwind *u,
		    const struct unwind_sample *sample)
{
	uint64_t value;

	if (!walk || !walk->is_whole || walk->space != u->space->id ||
	    walk->pc != registers_pc(sample->regs) || walk->sp != registers_sp(sample->regs) ||
	    walk->fp != registers_fp(sample->regs))
		return false;
	for (size_t i = 0; i < walk->read_count; i++)
		if (!read_stack(sample, walk->reads[i].address, &value) ||
		    value != walk->reads[i].value)
			return false;
	return true;
}

static size_t cache_slot(const struct unwind *u, const struct unwind_sample *sample)
{
	uint64_t h = registers_pc(sample->regs) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= registers_sp(sample->regs) * UINT64_C(0xc2b2ae3d27d4eb4f) + u->space->id;
	return (h ^ h >> 29) % CACHE_SIZE;
}

size_t unwind_stack(struct unwind *u, const struct unwind_sample *sample,
		    struct unwind_frame frames[UNWIND_DEPTH_MAX])
{
	struct walk **slot;

	u->space = space_of(u, sample->pid);
	u->space->last_used = ++u->clock;
	slot = &u->cache[cache_slot(u, sample)];
	if (!is_same(*slot, u, sample)) {
		if (!*slot)
			*slot = xcalloc(1, sizeof(**slot));
		walk_stack(u, sample, *slot);
	}
	memcpy(frames, (*slot)->frames, (*slot)->frame_count * sizeof(*frames));
	return (*slot)->frame_count;
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
	modules_release(&u->modules);
	cleanup_closep(&u->root);
	free(u);
}
