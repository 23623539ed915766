#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "symbols/demangle.h"
#include "symbols/frame.h"
#include "symbols/imports.h"
#include "symbols/modules.h"
#include "symbols/origin.h"
#include "symbols/symbol_index.h"
#include "symbols/tail_call.h"

enum { LOOKUPS_MOST = 64 };

struct symbols {
	Dwfl *dwfl;
	Dwarf_Die *unit; /* frame.h */
	struct symbol_index names;
	Dwfl_Module *named; /* the module that `names` is of */
	/* After symbols_open_file(): */
	char *path;
	bool is_mapped; /* mapping it was tried */
	void *data;	/* the mapped file; NULL: it could not be mapped */
	size_t len;
	struct imports *imports;
	int lookups; /* tail_call.h */
};

static const struct modules *files; /* see symbols_use_files() */

void symbols_use_files(const struct modules *modules)
{
	files = modules;
}

/* A copy of the descriptor, which the caller closes, or -1. */
static int open_from_files(const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i].file >= 0 && !strcmp(files->items[i].path, path))
			return fcntl(files->items[i].file, F_DUPFD_CLOEXEC, 3);
	return -1;
}

static int find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		    char **file_name, Elf **elf)
{
	int fd;

	if (!files)
		return dwfl_linux_proc_find_elf(module, data, name, base, file_name, elf);
	fd = open_from_files(name);
	if (fd >= 0)
		*file_name = xstrdup(name);
	return fd;
}

/* Looks on this machine alone: a report asks no server, even if the environment names one. */
static int find_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word crc, char **path)
{
	static const char servers[] = "DEBUGINFOD_URLS";
	const char *set = getenv(servers);
	_cleanup_free_ char *urls = set ? xstrdup(set) : NULL;
	int fd;

	unsetenv(servers);
	fd = dwfl_standard_find_debuginfo(module, data, name, base, file, link, crc, path);
	if (urls)
		setenv(servers, urls, 1);
	return fd;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = find_debuginfo,
};

struct symbols *symbols_open(const char *maps)
{
	_cleanup_fclose_ FILE *f = *maps ? fmemopen((char *)maps, strlen(maps), "r") : NULL;
	Dwfl *dwfl = f ? dwfl_begin(&callbacks) : NULL;
	struct symbols *symbols;

	if (!dwfl)
		return NULL;
	dwfl_report_begin(dwfl);
	if (dwfl_linux_proc_maps_report(dwfl, f) || dwfl_report_end(dwfl, NULL, NULL)) {
		dwfl_end(dwfl);
		return NULL;
	}
	symbols = xcalloc(1, sizeof(*symbols));
	symbols->lookups = LOOKUPS_MOST;
	symbols->dwfl = dwfl;
	return symbols;
}

static uint64_t lowest_address(const char *path)
{
	struct modules modules = {0};
	int number;
	uint64_t start;

	for (size_t i = 0; files && i < files->count; i++)
		if (!strcmp(files->items[i].path, path))
			return files->items[i].start;
	number = modules_find(&modules, MODULES_ROOT_OWN, path);
	start = number < 0 ? 0 : modules.items[number].start;

	modules_release(&modules);
	return start;
}

struct symbols *symbols_open_file(const char *path)
{
	int fd = files ? open_from_files(path) : -1;
	Dwfl *dwfl = files && fd < 0 ? NULL : dwfl_begin(&callbacks);
	struct symbols *symbols;
	Dwfl_Module *module;

	if (!dwfl)
		return NULL;
	dwfl_report_begin(dwfl);
	module = dwfl_report_elf(dwfl, path, path, fd, lowest_address(path), false);
	dwfl_report_end(dwfl, NULL, NULL);
	if (!module) {
		dwfl_end(dwfl);
		return NULL;
	}
	symbols = xcalloc(1, sizeof(*symbols));
	symbols->lookups = LOOKUPS_MOST;
	symbols->dwfl = dwfl;
	symbols->path = xstrdup(path);
	return symbols;
}

static bool has_lines_worth_reading(Dwfl_Module *module)
{
	const char *name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

	return !name || !origin_is_system_library(name);
}

/* A symbol's name, demangled and without its version ("memcpy@@GLIBC_2.14"); the caller frees. */
static char *readable_name(const char *name)
{
	char text[DEMANGLE_OUT_MAX];
	_cleanup_free_ char *bare = xstrndup(name, 1 + strcspn(name + !!*name, "@"));

	return xstrdup(demangle(bare, text));
}

/* True when there is a symbol table of all functions, not of the exported ones alone. */
static bool has_all_symbols(Dwfl_Module *module)
{
	const char *debug = NULL;
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, &debug);
	while (elf && !debug && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			return true;
	return debug != NULL;
}

/*
 * The function that holds the address. A symbol without a size is taken to reach to the next one
 * only where all functions have symbols.
 */
static const char *symbol_at(struct symbols *symbols, Dwfl_Module *module, uint64_t address)
{
	const char *name;

	if (symbols->named != module) {
		symbol_index_release(&symbols->names);
		symbol_index_read(&symbols->names, module);
		symbols->named = module;
	}
	name = symbol_index_find(&symbols->names, address);
	return name || !has_all_symbols(module) ? name : dwfl_module_addrname(module, address);
}

/* Returns how many, at least 1. The function of the first may be NULL, of the others never. */
static size_t find_frames(struct symbols *symbols, uint64_t address,
			  struct frame frames[FRAME_DEPTH])
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
	size_t count = 0, named = 1;

	if (module && has_lines_worth_reading(module))
		count = frame_find(module, address, &symbols->unit, frames);
	if (!count)
		frames[0] = (struct frame){0};
	if (module && !frames[0].function)
		frames[0].function = symbol_at(symbols, module, address);
	while (named < count && frames[named].function)
		named++;
	return named;
}

static void describe(const struct frame *frame, struct symbol *symbol)
{
	symbol->function = readable_name(frame->function);
	symbol->file = frame->file ? xstrdup(frame->file) : NULL;
	symbol->line = frame->file ? frame->line : 0;
}

bool symbols_find(struct symbols *symbols, uint64_t address, struct symbol *symbol)
{
	struct frame frames[FRAME_DEPTH];

	*symbol = (struct symbol){0};
	find_frames(symbols, address, frames);
	if (!frames[0].function)
		return false;
	describe(&frames[0], symbol);
	return true;
}

size_t symbols_find_inlined(struct symbols *symbols, uint64_t address,
			    struct symbol chain[SYMBOLS_DEPTH])
{
	struct frame frames[FRAME_DEPTH];
	size_t count = find_frames(symbols, address, frames);

	_Static_assert((int)SYMBOLS_DEPTH == (int)FRAME_DEPTH, "one has room for the other");
	if (!frames[0].function)
		return 0;
	for (size_t i = 0; i < count; i++)
		describe(&frames[i], &chain[i]);
	return count;
}

size_t symbols_tail_calls(struct symbols *symbols, uint64_t inner, uint64_t outer,
			  uint64_t jumps[SYMBOLS_TAIL_CALLS])
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, outer);

	_Static_assert((int)SYMBOLS_TAIL_CALLS == (int)TAIL_CALLS_MOST,
		       "one has room for the other");
	return module && has_lines_worth_reading(module)
		       ? tail_call_find(module, inner, outer, &symbols->lookups, jumps)
		       : 0;
}

void symbol_release(struct symbol *symbol)
{
	free(symbol->function);
	free(symbol->file);
	*symbol = (struct symbol){0};
}

static void map_file(struct symbols *symbols)
{
	_cleanup_close_ int fd = files ? open_from_files(symbols->path)
				       : open(symbols->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	symbols->is_mapped = true;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return;
	symbols->data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (symbols->data == MAP_FAILED)
		symbols->data = NULL;
	symbols->len = (size_t)st.st_size;
	if (symbols->data)
		symbols->imports = imports_open(symbols->data, symbols->len);
}

static int take_module(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr start,
		       void *to)
{
	(void)data, (void)name, (void)start;
	*(Dwfl_Module **)to = module;
	return DWARF_CB_ABORT;
}

char *symbols_called(struct symbols *symbols, uint64_t address)
{
	const char *name;

	if (!symbols->is_mapped)
		map_file(symbols);
	name = symbols->imports ? imports_called(symbols->imports, address + 1) : NULL;
	return name ? readable_name(name) : NULL;
}

bool symbols_are_few(struct symbols *symbols)
{
	Dwfl_Module *module = NULL;

	dwfl_getmodules(symbols->dwfl, take_module, &module, 0);
	return module && !has_all_symbols(module);
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	imports_close(symbols->imports);
	if (symbols->data)
		munmap(symbols->data, symbols->len);
	free(symbols->path);
	symbol_index_release(&symbols->names);
	dwfl_end(symbols->dwfl);
	free(symbols);
}
