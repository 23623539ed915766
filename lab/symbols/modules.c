#include "symbols/modules.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

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

static void read_headers(struct module *module, const char *root)
{
	_cleanup_free_ char *path = text_format("%s%s", root, module->path);
	_cleanup_close_ int fd = *module->path == '/' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		take_segments(module, elf);
	elf_end(elf);
}

int modules_find(struct modules *modules, const char *root, const char *path)
{
	struct module *module;

	for (size_t i = modules->count; i-- > 0;)
		if (!strcmp(modules->items[i].path, path))
			return (int)i;
	if (modules->count == MODULES_MAX)
		return -1;
	modules->items = xrealloc(modules->items, modules->count + 1, sizeof(*modules->items));
	module = &modules->items[modules->count];
	*module = (struct module){.path = xstrdup(path)};
	read_headers(module, root);
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
	for (size_t i = 0; i < modules->count; i++)
		free(modules->items[i].path);
	free(modules->items);
	*modules = (struct modules){0};
}
