#include "symbols/modules.h"

#include <elf.h>
#include <fcntl.h>
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

/* A program header (elf(5)) of 32 or 64 bits. */
struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz, align;
};

#define SEGMENT(from)                                                                     \
	((struct segment){(from).p_type, (from).p_flags, (from).p_offset, (from).p_vaddr, \
			  (from).p_filesz, (from).p_align})

/* What is needed of a file's header. */
struct head {
	bool is_64;
	uint16_t type, segment_count;
	uint64_t segments_at;
};

static bool read_at(int fd, void *to, size_t size, uint64_t at)
{
	return at <= INT64_MAX - size && pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

#define HEAD(from, size)                                                                     \
	((from).e_phentsize == (size) ? (struct head){.is_64 = (size) == sizeof(Elf64_Phdr), \
						      .type = (from).e_type,                 \
						      .segment_count = (from).e_phnum,       \
						      .segments_at = (from).e_phoff}         \
				      : (struct head){0})

static bool read_head(int fd, struct head *head)
{
	static const unsigned char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB
										     : ELFDATA2MSB;
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} u;

	if (!read_at(fd, u.ident, sizeof(u.ident), 0) || memcmp(u.ident, ELFMAG, SELFMAG) != 0 ||
	    u.ident[EI_DATA] != order)
		return false;
	*head = (struct head){0};
	if (u.ident[EI_CLASS] == ELFCLASS64 && read_at(fd, &u.e64, sizeof(u.e64), 0))
		*head = HEAD(u.e64, sizeof(Elf64_Phdr));
	else if (u.ident[EI_CLASS] == ELFCLASS32 && read_at(fd, &u.e32, sizeof(u.e32), 0))
		*head = HEAD(u.e32, sizeof(Elf32_Phdr));
	return head->type == ET_EXEC || head->type == ET_DYN;
}

static bool read_segment(int fd, const struct head *head, size_t i, struct segment *segment)
{
	size_t size = head->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	union {
		Elf64_Phdr p64;
		Elf32_Phdr p32;
	} u;

	if (head->segments_at > INT64_MAX || !read_at(fd, &u, size, head->segments_at + i * size))
		return false;
	*segment = head->is_64 ? SEGMENT(u.p64) : SEGMENT(u.p32);
	return true;
}

/* Not by libelf, which may read hostile files only in an aside (base/aside.h). */
static void read_elf(struct module *module, int fd)
{
	bool is_first_seen = false;
	struct segment segment;
	struct head head;

	if (!read_head(fd, &head))
		return;
	module->is_elf = true;
	module->is_fixed = head.type == ET_EXEC;
	for (size_t i = 0; i < head.segment_count && module->segment_count < MODULE_SEGMENTS_MAX;
	     i++) {
		if (!read_segment(fd, &head, i, &segment))
			break;
		if (segment.type != PT_LOAD)
			continue;
		if (!is_first_seen)
			module->start = segment.vaddr & -(segment.align ? segment.align : 1);
		is_first_seen = true;
		if (!(segment.flags & PF_X))
			continue;
		module->segments[module->segment_count].vaddr = segment.vaddr;
		module->segments[module->segment_count].offset = segment.offset;
		module->segments[module->segment_count++].size = segment.filesz;
	}
}

/* By now the path may name anything, also a FIFO that nobody writes to. */
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

	if (fd >= 0)
		read_elf(module, fd);
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

	/* A mapping begins at the page of the segment's beginning, or inside it. */
	for (size_t i = 0; i < module->segment_count; i++)
		if (pgoff + page > module->segments[i].offset &&
		    pgoff < module->segments[i].offset + module->segments[i].size)
			return start -
			       (module->segments[i].vaddr - module->segments[i].offset + pgoff);
	return module->is_fixed ? 0 : start - pgoff;
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
