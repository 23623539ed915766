/*
 * check_symbol_index.c - symbols by address, as libdwfl finds them at this program and at its libc, which
 * are asked for thousands of addresses.
 */
#include <elfutils/libdwfl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "suite.h"
#include "symbols/symbol_index.h"

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static const char *by_libdwfl(Dwfl_Module *module, uint64_t address)
{
	GElf_Off offset;
	GElf_Sym symbol;
	const char *name =
		dwfl_module_addrinfo(module, address, &offset, &symbol, NULL, NULL, NULL);

	return name && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size ? name : NULL;
}

START_TEST(functions_have_the_names_that_libdwfl_gives_them)
{
	_cleanup_free_ char *self = io_program_path();
	Dwfl *dwfl = dwfl_begin(&callbacks);
	struct symbol_index names = {0};
	Dwfl_Module *module;
	Dwarf_Addr start, end, step;
	int named = 0;

	dwfl_report_begin(dwfl);
	module = dwfl_report_elf(dwfl, self, self, -1, 0x400000, false);
	dwfl_report_end(dwfl, NULL, NULL);
	ck_assert_ptr_nonnull(module);
	dwfl_module_info(module, NULL, &start, &end, NULL, NULL, NULL, NULL);
	symbol_index_read(&names, module);
	ck_assert_uint_gt(names.count, 100);
	step = (end - start) / 4000 | 1;
	for (Dwarf_Addr at = start; at < end; at += step) {
		const char *expected = by_libdwfl(module, at),
			   *found = symbol_index_find(&names, at);

		if (!expected)
			continue;
		named++;
		ck_assert_msg(found && !strcmp(found, expected), "%s, %s", expected, found);
	}
	ck_assert_int_gt(named, 100);
	symbol_index_release(&names);
	dwfl_end(dwfl);
}
END_TEST

#define NAME(text, start, size, binding, number)   \
	{                                          \
		start, size, text, binding, number \
	}

START_TEST(of_several_one_is_chosen)
{
	struct indexed_symbol items[] = {
		NAME("outer", 100, 100, STB_GLOBAL, 5), NAME("local", 120, 10, STB_LOCAL, 1),
		NAME("weak", 140, 10, STB_WEAK, 2),	NAME("strong", 140, 10, STB_GLOBAL, 4),
		NAME("again", 140, 10, STB_GLOBAL, 6),	NAME("alone", 300, 10, STB_LOCAL, 3),
	};
	const struct symbol_index names = {items, sizeof(items) / sizeof(items[0]), 100};
	static const struct {
		uint64_t address;
		const char *name;
	} cases[] = {{99, NULL},     {100, "outer"}, {125, "outer"},	{145, "strong"},
		     {199, "outer"}, {200, NULL},    {299, NULL},	{305, "alone"},
		     {310, NULL},    {0, NULL},	     {UINT64_MAX, NULL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *found = symbol_index_find(&names, cases[i].address);

		ck_assert_int_eq(!found, !cases[i].name);
		if (found)
			ck_assert_str_eq(found, cases[i].name);
	}
	ck_assert_ptr_null(symbol_index_find(&(struct symbol_index){0}, 5));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("symbol_index");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, functions_have_the_names_that_libdwfl_gives_them);
	tcase_add_test(tc, of_several_one_is_chosen);
	return suite_run("symbol_index", (TCase *const[]){tc}, 1);
}
