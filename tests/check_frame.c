/*
 * From addresses of this very program to lines: of functions inlined into one another the one that
 * is no standard library's, and without the table of addresses that not each compiler writes.
 */
#include <link.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "scratch.h"
#include "suite.h"
#include "symbols/symbols.h"

__attribute__((noinline)) static uintptr_t here(void)
{
	return (uintptr_t)__builtin_return_address(0) - 1;
}

/* As if it stood in a header of the system: what is inlined is its line, not the caller's. */
/* clang-format off */
#line 100 "/usr/include/oomlab/fake.h"
static inline __attribute__((always_inline)) uintptr_t wrapper(void)
{
	uintptr_t address = here();

	__asm__ volatile("" ::: "memory");
	return address;
}
#line 200 "check_frame_caller.c"
static __attribute__((noinline)) uintptr_t caller(void)
{
	return wrapper();
}

/* Inlined too, but the program's own. */
static inline __attribute__((always_inline)) uintptr_t own_wrapper(void)
{
	__asm__ volatile("nop"); /* or it would be one with the other caller */
	return wrapper();
}

static __attribute__((noinline)) uintptr_t other_caller(void)
{
	return own_wrapper();
}
#line 49 "check_frame.c"
/* clang-format on */

static int of_program(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uintptr_t *)bias = info->dlpi_addr;
	return 1;
}

static void expect(const char *path, uintptr_t address, const char *function, int line)
{
	struct symbols *symbols = symbols_open_file(path);
	struct symbol symbol;
	uintptr_t bias = 0;

	ck_assert_ptr_nonnull(symbols);
	dl_iterate_phdr(of_program, &bias);
	ck_assert(symbols_find(symbols, address - bias, &symbol));
	ck_assert_str_eq(symbol.function, function);
	ck_assert_ptr_nonnull(symbol.file);
	ck_assert_ptr_nonnull(strstr(symbol.file, "check_frame_caller.c"));
	ck_assert_int_eq(symbol.line, line);
	free(symbol.function);
	free(symbol.file);
	symbols_close(symbols);
}

START_TEST(a_line_is_the_innermost_outside_a_standard_library)
{
	_cleanup_free_ char *self = io_program_path();

	expect(self, caller(), "caller", 202);
	expect(self, other_caller(), "own_wrapper", 209);
}
END_TEST

struct wanted {
	const char *function;
	int line;
};

static void expect_chain(const char *path, uintptr_t address, size_t count,
			 const struct wanted *wanted)
{
	struct symbols *symbols = symbols_open_file(path);
	struct symbol chain[SYMBOLS_DEPTH];
	uintptr_t bias = 0;

	ck_assert_ptr_nonnull(symbols);
	dl_iterate_phdr(of_program, &bias);
	ck_assert_uint_eq(symbols_find_inlined(symbols, address - bias, chain), count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(chain[i].function, wanted[i].function);
		ck_assert_int_eq(chain[i].line, wanted[i].line);
		symbol_release(&chain[i]);
	}
	symbols_close(symbols);
}

START_TEST(what_it_is_inlined_into_follows)
{
	_cleanup_free_ char *self = io_program_path();

	/* The function that has the code is the last. */
	expect_chain(self, caller(), 1, (const struct wanted[]){{"caller", 202}});
	expect_chain(self, other_caller(), 2,
		     (const struct wanted[]){{"own_wrapper", 209}, {"other_caller", 214}});
}
END_TEST

/* clang and rustc do not write it. */
START_TEST(without_a_table_of_addresses_lines_are_found)
{
	_cleanup_free_ char *self = io_program_path();
	_cleanup_free_ char *command =
		text_format("objcopy --remove-section=.debug_aranges '%s' bare", self);
	_cleanup_free_ char *bare = text_format("%s/bare", scratch_dir);

	ck_assert_int_eq(system(command), 0);
	expect(bare, caller(), "caller", 202);
	expect(bare, other_caller(), "own_wrapper", 209);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("frame");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, a_line_is_the_innermost_outside_a_standard_library);
	tcase_add_test(tc, what_it_is_inlined_into_follows);
	tcase_add_test(tc, without_a_table_of_addresses_lines_are_found);
	return suite_run("frame", (TCase *const[]){tc}, 1);
}
