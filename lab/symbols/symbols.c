#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "symbols/modules.h"

struct symbols {
	Dwfl *dwfl;
};

static const struct modules *files; /* of symbols_use_files() */

void symbols_use_files(const struct modules *modules)
{
	files = modules;
}

/* A descriptor that is the caller's, or -1. */
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

/* Files of this machine alone: a report asks no server, whatever the shell is set up for. */
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
	symbols->dwfl = dwfl;
	return symbols;
}

/* What the line information speaks of is the inlined function, the symbol table does not know it.
 */
static const char *inlined_function(Dwfl_Module *module, uint64_t address)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias), *scopes = NULL;
	int count = unit ? dwarf_getscopes(unit, address - bias, &scopes) : 0;
	const char *name = NULL;

	for (int i = 0; i < count && !name; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_subprogram)
			break;
		if (tag == DW_TAG_inlined_subroutine)
			name = dwarf_diename(&scopes[i]);
	}
	free(scopes);
	return name;
}

static bool has_lines_worth_reading(Dwfl_Module *module)
{
	const char *name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

	return !name || !symbols_is_system_library(name);
}

static char *source_of(Dwfl_Module *module, uint64_t address, int *line_number)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, address);
	const char *file = line ? dwfl_lineinfo(line, NULL, line_number, NULL, NULL, NULL) : NULL;

	return file ? xstrdup(file) : NULL;
}

bool symbols_find(struct symbols *symbols, uint64_t address, struct symbol *symbol)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
	bool has_lines = module && has_lines_worth_reading(module);
	const char *function = has_lines ? inlined_function(module, address) : NULL;

	*symbol = (struct symbol){0};
	if (module && !function)
		function = dwfl_module_addrname(module, address);
	if (!function)
		return false;
	symbol->function = xstrdup(function);
	symbol->file = has_lines ? source_of(module, address, &symbol->line) : NULL;
	return true;
}

bool symbols_is_system_library(const char *path)
{
	static const char *const names[] = {
		"libc.so",    "libc-",	   "ld-linux", "ld-musl", "libm.so",	 "libpthread",
		"libstdc++.", "libgcc_s.", "[vdso]",   "libasan", "libjemalloc", "libtcmalloc",
	};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_starts_with(name, names[i]))
			return true;
	return false;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	dwfl_end(symbols->dwfl);
	free(symbols);
}
