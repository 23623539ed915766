/*
 * modules.h - the files whose code a process maps, and where in them an address is.
 *
 * An address of a process means nothing once it has gone; a file and an address as the file's own
 * headers count them (what nm(1) and objdump(1) print) do. Modules are known by path, each once.
 * Not thread safe.
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
	int file; /* of another root, open to be read when that has gone; -1: to be opened by path
		   */
	bool is_elf;	/* it could be read; else addresses are offsets in the file */
	bool is_fixed;	/* linked to run at its own addresses (ET_EXEC); a copy may be elsewhere */
	uint64_t start; /* lowest address it maps, by its own headers */
	struct {
		uint64_t vaddr, offset, size;
	} segments[MODULE_SEGMENTS_MAX]; /* of code */
	size_t segment_count;
};

/* Zero-initialise. */
struct modules {
	struct module *items;
	size_t count;
};

/* The root directory of this process. */
enum { MODULES_ROOT_OWN = -100 };

/* The root directory of a process, for one in a container; -1: it has gone. */
int modules_root_of(pid_t pid);

/*
 * The number of the module at `path`, which is opened when it is new, below `root`: a directory's
 * descriptor, out of which no symbolic link leads, or MODULES_ROOT_OWN. The first MODULE_FILES_MAX
 * of another root stay open. -1 when there are MODULES_MAX already.
 */
int modules_find(struct modules *modules, int root, const char *path);

/* What to subtract from an address in a mapping of `pgoff` at `start` to get the module's own. */
uint64_t module_bias(const struct module *module, uint64_t start, uint64_t pgoff);

void modules_release(struct modules *modules);

#endif
