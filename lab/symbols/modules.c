#include "symbols/modules.h"

#include <fcntl.h>
#include <gelf.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

static void take_segments(struct module *module, Elf *elf)
{
	GElf_Ehdr head;
	GElf_Phdr segment;
	bool is_first_seen = false;
	size_t count;

	if (!gelf_getehdr(elf, &head) || elf_getphdrnum(elf, &count))
		return;
	module->is_elf = true;
	module->is_fixed = head.e_type == ET_EXEC;
	for (size_t i = 0; i < count && module->segment_count < MODULE_SEGMENTS_MAX; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		if (!is_first_seen)
			module->start = segment.p_vaddr & -(segment.p_align ? segment.p_align : 1);
		is_first_seen = true;
		if (!(segment.p_flags & PF_X))
			continue;
		module->segments[module->segment_count].vaddr = segment.p_vaddr;
		module->segments[module->segment_count].offset = segment.p_offset;
		module->segments[module->segment_count++].size = segment.p_filesz;
	}
}

/* What the path names by now may be anything, a FIFO that nobody writes to included. */
static int open_file(int root, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	struct stat st;
	int fd;

	if (*path != '/')
		return -1;
	fd = root == MODULES_ROOT_OWN ? open(path, (int)how.flags)
				      : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		close(STEAL_FD(fd));
	return fd;
}

static void read_headers(struct modules *modules, struct module *module, int root)
{
	_cleanup_close_ int fd = open_file(root, module->path);
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		take_segments(module, elf);
	elf_end(elf);
	if (module->is_elf && root != MODULES_ROOT_OWN && modules->count < MODULE_FILES_MAX)
		module->file = STEAL_FD(fd);
}

int modules_root_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int modules_find(struct modules *modules, int root, const char *path)
{
	struct module *module;

	for (size_t i = modules->count; i-- > 0;)
		if (!strcmp(modules->items[i].path, path))
			return (int)i;
	if (modules->count == MODULES_MAX)
		return -1;
	modules->items = xrealloc(modules->items, modules->count + 1, sizeof(*modules->items));
	module = &modules->items[modules->count];
	*module = (struct module){.path = xstrdup(path), .file = -1};
	read_headers(modules, module, root);
	return (int)modules->count++;
}

uint64_t module_bias(const struct module *module, uint64_t start, uint64_t pgoff)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (module->is_fixed)
		return 0;
	/* A mapping begins at the page of the segment's beginning, or inside it. */
	for (size_t i = 0; i < module->segment_count; i++)
		if (pgoff + page > module->segments[i].offset &&
		    pgoff < module->segments[i].offset + module->segments[i].size)
			return start -
			       (module->segments[i].vaddr - module->segments[i].offset + pgoff);
	return start - pgoff;
}

void modules_release(struct modules *modules)
{
	for (size_t i = 0; i < modules->count; i++) {
		cleanup_closep(&modules->items[i].file);
		free(modules->items[i].path);
	}
	free(modules->items);
	*modules = (struct modules){0};
}
