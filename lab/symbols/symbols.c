#include "symbols/symbols.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

struct symbols {
	Dwfl *dwfl;
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
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

bool symbols_find(struct symbols *symbols, uint64_t address, struct symbol *symbol)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);
	const char *function = module ? dwfl_module_addrname(module, address) : NULL;
	Dwfl_Line *line = module ? dwfl_module_getsrc(module, address) : NULL;
	const char *file;

	memset(symbol, 0, sizeof(*symbol));
	if (!function)
		return false;
	symbol->function = xstrdup(function);
	file = line ? dwfl_lineinfo(line, NULL, &symbol->line, NULL, NULL, NULL) : NULL;
	if (file)
		symbol->file = xstrdup(file);
	return true;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	dwfl_end(symbols->dwfl);
	free(symbols);
}
