#include "symbols/walker.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/strbuf.h"

enum { SPACES_OPEN_MAX = 16 };

struct file {
	char *path;
	int fd; /* -1: open it by its path */
};

/* What libdwfl knows of one address space. */
struct space {
	uint64_t id, generation, last_used;
	Dwfl *dwfl; /* NULL: none yet */
	bool is_attached;
	struct walker_base bases[WALKER_BASES_MAX];
	size_t base_count;
};

struct walker {
	struct walker_shared *shared;
	struct file *files;
	size_t file_count;
	struct space *spaces[SPACES_OPEN_MAX];
	uint64_t clock;
};

static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **path)
{
	(void)module, (void)data, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)path;
	return -1;
}

/* Programs hold their call frame information themselves, so no debug file is looked for. */
static const Dwfl_Callbacks dwfl_callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = no_debuginfo,
};

bool walker_word(uint64_t sp, const unsigned char *stack, size_t len, uint64_t address,
		 uint64_t *value)
{
	uint64_t at = address - sp;

	if (address < sp || len < sizeof(*value) || at > len - sizeof(*value))
		return false;
	memcpy(value, stack + at, sizeof(*value));
	return true;
}

static bool on_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *value, void *arg)
{
	struct walker_shared *s = ((struct walker *)arg)->shared;

	(void)dwfl;
	if (!walker_word(registers_sp(s->regs), s->stack, s->stack_len, address, value))
		return false;
	if (s->read_count == WALKER_READS_MAX) {
		s->is_whole = false;
		return true;
	}
	s->reads[s->read_count] = (struct walker_read){address, *value};
	s->read_count++;
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
	const struct walker_shared *s = ((struct walker *)arg)->shared;
	uint64_t dwarf[REGISTERS_MAX];
	size_t count = registers_dwarf(s->regs, dwarf);

	dwfl_thread_state_register_pc(thread, registers_pc(s->regs));
	return dwfl_thread_state_registers(thread, 0, (unsigned int)count, dwarf);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = on_thread,
	.memory_read = on_read,
	.set_initial_registers = on_registers,
};

static int on_frame(Dwfl_Frame *state, void *arg)
{
	struct walker_shared *s = ((struct walker *)arg)->shared;
	Dwarf_Addr pc;
	bool is_exact;

	if (!dwfl_frame_pc(state, &pc, &is_exact) || !pc)
		return DWARF_CB_ABORT;
	s->pcs[s->pc_count] = is_exact ? pc : pc - 1;
	s->pc_count++;
	return s->pc_count == UNWIND_DEPTH_MAX ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static void close_space(struct space *space)
{
	if (space->dwfl)
		dwfl_end(space->dwfl);
	*space = (struct space){0};
}

/* The space of that id, or an empty one in place of the least recently used. */
static struct space *space_of(struct walker *w, uint64_t id)
{
	size_t oldest = 0;

	for (size_t i = 0; i < SPACES_OPEN_MAX; i++) {
		struct space *space = w->spaces[i], *last = w->spaces[oldest];

		if (space && space->id == id)
			return space;
		if (last && (!space || space->last_used < last->last_used))
			oldest = i;
	}
	if (!w->spaces[oldest])
		w->spaces[oldest] = xcalloc(1, sizeof(*w->spaces[oldest]));
	close_space(w->spaces[oldest]);
	w->spaces[oldest]->id = id;
	return w->spaces[oldest];
}

static bool is_in(const struct walker_base *base, const struct walker_base *bases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bases[i].module == base->module && bases[i].base == base->base)
			return true;
	return false;
}

/*
 * Each module is reported only once: libdwfl frees one that is reported again and has changed in
 * between, and with it what it knows of the machine (its "ebl", which the first module owns).
 */
static void report(struct walker *w, struct space *space, const struct walker_base *base)
{
	const struct file *file = &w->files[base->module];
	int fd = file->fd < 0 ? -1 : fcntl(file->fd, F_DUPFD_CLOEXEC, 3);

	space->bases[space->base_count++] = *base;
	if (file->fd >= 0 && fd < 0)
		return;
	if (!dwfl_report_elf(space->dwfl, file->path, file->path, fd, base->base, false) && fd >= 0)
		close(fd);
}

/* libdwfl cannot take out one module, so the space is made anew when one is gone. */
static bool has_lost_any(const struct space *space, const struct walker_shared *s)
{
	for (size_t i = 0; i < space->base_count; i++)
		if (!is_in(&space->bases[i], s->bases, s->base_count))
			return true;
	return false;
}

static void update_space(struct walker *w, struct space *space)
{
	const struct walker_shared *s = w->shared;

	if (has_lost_any(space, s))
		close_space(space);
	space->id = s->space;
	space->generation = s->generation;
	if (!space->dwfl)
		space->dwfl = dwfl_begin(&dwfl_callbacks);
	if (!space->dwfl)
		return;
	dwfl_report_begin_add(space->dwfl);
	for (size_t i = 0; i < s->base_count && space->base_count < WALKER_BASES_MAX; i++)
		if (s->bases[i].module >= 0 && (size_t)s->bases[i].module < w->file_count &&
		    !is_in(&s->bases[i], space->bases, space->base_count))
			report(w, space, &s->bases[i]);
	dwfl_report_end(space->dwfl, NULL, NULL);
	if (!space->is_attached)
		space->is_attached = dwfl_attach_state(space->dwfl, NULL, 1, &thread_callbacks, w);
}

static void walk(struct walker *w)
{
	struct walker_shared *s = w->shared;
	struct space *space = space_of(w, s->space);

	space->last_used = ++w->clock;
	if (space->generation != s->generation)
		update_space(w, space);
	if (space->is_attached)
		dwfl_getthread_frames(space->dwfl, 1, on_frame, w);
}

static void add_module(struct walker *w, const char *path, size_t len, int fd)
{
	w->files = xrealloc(w->files, w->file_count + 1, sizeof(*w->files));
	w->files[w->file_count++] = (struct file){xstrndup(path, len), fd};
}

static void release(struct walker *w)
{
	for (size_t i = 0; i < SPACES_OPEN_MAX; i++) {
		if (w->spaces[i])
			close_space(w->spaces[i]);
		free(w->spaces[i]);
	}
	for (size_t i = 0; i < w->file_count; i++) {
		if (w->files[i].fd >= 0)
			close(w->files[i].fd);
		free(w->files[i].path);
	}
	free(w->files);
}

void walker_work(int channel, void *shared)
{
	struct walker walker = {.shared = shared};
	char *message = xcalloc(1, ASIDE_MESSAGE_MAX);
	ssize_t n;
	int fd;

	/* The run waits for the answer, also on a busy machine. */
	setpriority(PRIO_PROCESS, 0, -20);
	while ((n = aside_next(channel, message, ASIDE_MESSAGE_MAX, &fd)) > 0) {
		if (*message == WALKER_MODULE)
			add_module(&walker, message + 1, (size_t)n - 1, fd);
		else
			walk(&walker);
		if (*message == WALKER_WALK && write(channel, message, 1) != 1)
			break;
	}
	free(message);
	release(&walker);
}
