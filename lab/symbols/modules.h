/*
 * modules.h - a module is a file whose code a process maps (a program or a library, as libdwfl
 * calls it); this keeps them and turns a process's addresses into the module's own.
 *
 * A process's address means nothing once it has ended. What lasts is a module and an address as the
 * module's own headers (elf(5)) count it, which nm(1) and objdump(1) print. Modules are known by
 * path, each once. Not thread safe.
 */
#ifndef OOMLAB_SYMBOLS_MODULES_H
#define OOMLAB_SYMBOLS_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MODULES_MAX = 4096, MODULE_SEGMENTS_MAX = 8, MODULE_FILES_MAX = 256 };

struct module {
	char *path;
	int file;	/* kept open, as its root may go away; owned; -1: open it by its path */
	bool is_elf;	/* its headers could be read; else addresses are offsets in the file */
	bool is_fixed;	/* linked to run at its own addresses (ET_EXEC) */
	uint64_t start; /* the lowest address that it maps, by its own headers */
	struct {
		uint64_t vaddr, offset, size;
	} segments[MODULE_SEGMENTS_MAX]; /* executable ones (PT_LOAD with PF_X), as in elf(5) */
	size_t segment_count;
};

/* Zero-initialise; modules_release() frees it and closes the files. */
struct modules {
	struct module *items;
	size_t count;
};

/* For a root directory's descriptor: that of this process itself. */
enum { MODULES_ROOT_OWN = -100 };

/* A process's root directory, which a container's differs in; the caller closes. -1: it ended. */
int modules_root_of(pid_t pid);

/*
 * The index of the module at `path`. A new one is opened and read below `root`, a directory's
 * descriptor, which no symbolic link leads out of, or MODULES_ROOT_OWN. The first MODULE_FILES_MAX
 * of another root stay open. -1 when there are MODULES_MAX already.
 */
int modules_find(struct modules *modules, int root, const char *path);

/*
 * What to subtract from an address to get the module's own, where a mapping at `start` begins at
 * byte `pgoff` of the file.
 */
uint64_t module_bias(const struct module *module, uint64_t start, uint64_t pgoff);

void modules_release(struct modules *modules);

#endif
