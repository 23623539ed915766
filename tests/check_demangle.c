/*
 * check_demangle.c - names of C++ and Rust functions: as their languages write them, what is no
 * such name as it is, and names made to fill the memory of who reads them.
 */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "scratch.h"
#include "suite.h"
#include "symbols/demangle.h"
#include "symbols/symbols.h"

static const char *const known[][2] = {
	{"_ZN3app5cache4growEm", "app::cache::grow"},
	{"_Znwm", "operator new"},
	{"_ZSt4fillIPiiEvT_S1_RKT0_", "std::fill<int*, int>"},
	{"_ZNSt6vectorIiSaIiEE17_M_realloc_insertIJRKiEEEvN9__gnu_cxx17__normal_"
	 "iteratorIPiS1_EEDpOT_",
	 "std::vector<int, std::allocator<int> >::_M_realloc_insert<int const&>"},
	{"_Z3foov.part.0", "foo"},
	/* rustc's names, the older kind and the newer. */
	{"_ZN4prog4main17h0123456789abcdefE", "prog::main"},
	{"_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$14grow_amortized17h0123456789abcdefE",
	 "alloc::raw_vec::RawVec<T,A>::grow_amortized"},
	{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
	{"_RNvXs1_NtCs9ltgdHTiPiY_5alloc3vecINtB5_3VecpENtNtCsbmNqQUJIY6D_"
	 "4core5clone5Clone5clone",
	 "<alloc::vec::Vec<_> as core::clone::Clone>::clone"},
};

START_TEST(a_name_is_told_as_its_language_writes_it)
{
	char text[DEMANGLE_OUT_MAX];

	ck_assert_str_eq(demangle(known[_i][0], text), known[_i][1]);
}
END_TEST

static const char *const unknown[] = {
	"",
	"_",
	"_Z",
	"_R",
	"_Zzz",
	"_ZN",
	"_ZN3app",
	"_Z999999999999999999a",
	"_RNvC",
	"_R_",
	"Zm",
	"main",
	"_start",
	"memset",
	"_RNvC7mycrate3fooX\x01",
	"_RINvC0Ne",
	"\xff\xfe_Z3foov",
};

START_TEST(what_is_no_such_name_stays)
{
	char text[DEMANGLE_OUT_MAX];

	ck_assert_ptr_eq(demangle(unknown[_i], text), unknown[_i]);
}
END_TEST

/* The n-th thing that a C++ name has said before. */
static void add_again(struct strbuf *name, int n)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (n > 36)
		strbuf_printf(name, "S%c%c_", digits[(n - 1) / 36], digits[(n - 1) % 36]);
	else
		strbuf_printf(name, "S%c_", digits[n - 1]);
}

/* f<a<int, int>, a<that, that>, a<that, that>, ...>: each is twice the one before. */
static void cxx_bomb(struct strbuf *name, int doublings)
{
	strbuf_puts(name, "_Z1fI1aIiiE");
	for (int i = 0; i < doublings; i++) {
		add_again(name, 1);
		strbuf_putc(name, 'I');
		add_again(name, 2 + i);
		add_again(name, 2 + i);
		strbuf_putc(name, 'E');
	}
	strbuf_puts(name, "Evv");
}

/* What a newer Rust name has said at `offset`. */
static void add_from(struct strbuf *name, size_t offset)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	offset--;
	strbuf_putc(name, 'B');
	if (offset >= 62)
		strbuf_putc(name, digits[offset / 62]);
	strbuf_putc(name, digits[offset % 62]);
	strbuf_putc(name, '_');
}

static void rust_bomb(struct strbuf *name, int doublings)
{
	size_t last = 8;

	strbuf_puts(name, "_RINvC1a1fTuuE");
	for (int i = 0; i < doublings; i++) {
		size_t here = name->len - 2;

		strbuf_putc(name, 'T');
		add_from(name, last);
		add_from(name, last);
		strbuf_putc(name, 'E');
		last = here;
	}
	strbuf_putc(name, 'E');
}

START_TEST(a_name_that_doubles_itself_is_left)
{
	_cleanup_strbuf_ struct strbuf little = STRBUF_INIT, much = STRBUF_INIT;
	char text[DEMANGLE_OUT_MAX];

	(_i ? rust_bomb : cxx_bomb)(&little, 3);
	ck_assert_ptr_eq(demangle(little.buf, text), text);
	ck_assert_uint_gt(strlen(text), 100);
	/* 2^60 of them. */
	(_i ? rust_bomb : cxx_bomb)(&much, 60);
	ck_assert_uint_lt(much.len, DEMANGLE_IN_MAX);
	ck_assert_ptr_eq(demangle(much.buf, text), much.buf);
	/* The bound is as good after a name that was left as before. */
	ck_assert_str_eq(demangle(known[0][0], text), known[0][1]);
}
END_TEST

START_TEST(a_name_longer_than_the_bound_is_left)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	char text[DEMANGLE_OUT_MAX];

	strbuf_puts(&name, "_ZN");
	while (name.len < DEMANGLE_IN_MAX - 2)
		strbuf_puts(&name, "1a");
	strbuf_puts(&name, "E");
	ck_assert_uint_eq(name.len, DEMANGLE_IN_MAX);
	ck_assert_ptr_eq(demangle(name.buf, text), text);
	strbuf_putc(&name, 'v');
	ck_assert_ptr_eq(demangle(name.buf, text), name.buf);
}
END_TEST

/* Nested as deep as a name may be: 8 MiB of stack are enough. */
START_TEST(deep_names_are_survived)
{
	static const char *const parts[] = {"N", "P", "I1a", "NvC", "B_", "S_", "DpT_", "XL", "M"};
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	char text[DEMANGLE_OUT_MAX];

	for (const char *kind = "ZR"; *kind; kind++) {
		strbuf_clear(&name);
		strbuf_printf(&name, "_%c%s", *kind, _i % 2 ? "1f" : "");
		while (name.len < DEMANGLE_IN_MAX - 4)
			strbuf_puts(&name, parts[_i / 2]);
		ck_assert_ptr_nonnull(demangle(name.buf, text));
	}
}
END_TEST

/* Beside the compiler's code, so that no debug information is there for them. */
__asm__(".pushsection .text.no_lines, \"ax\"\n"
	".globl _ZN3app5cache4growEm\n.type _ZN3app5cache4growEm, %function\n"
	"_ZN3app5cache4growEm: .quad 0, 0\n.size _ZN3app5cache4growEm, 16\n"
	".popsection");
void cache_grow(void) __asm__("_ZN3app5cache4growEm");

static int of_program(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uintptr_t *)bias = info->dlpi_addr;
	return 1;
}

static void expect_name(const char *path, const char *name)
{
	struct symbols *symbols = symbols_open_file(path);
	struct symbol symbol;
	uintptr_t bias = 0;

	ck_assert_ptr_nonnull(symbols);
	dl_iterate_phdr(of_program, &bias);
	ck_assert(symbols_find(symbols, (uintptr_t)cache_grow + 4 - bias, &symbol));
	ck_assert_str_eq(symbol.function, name);
	ck_assert_ptr_null(symbol.file);
	free(symbol.function);
	symbols_close(symbols);
}

START_TEST(a_function_without_debug_information_has_its_name)
{
	_cleanup_free_ char *self = io_program_path();

	expect_name(self, "app::cache::grow");
}
END_TEST

/* As libc has them: "fopen@@GLIBC_2.2.5". */
START_TEST(a_version_is_no_part_of_a_name)
{
	_cleanup_free_ char *self = io_program_path();
	_cleanup_free_ char *command = text_format(
		"objcopy --redefine-sym _ZN3app5cache4growEm=grow@@V_1.2 '%s' versioned", self);
	_cleanup_free_ char *path = text_format("%s/versioned", scratch_dir);

	ck_assert_int_eq(system(command), 0);
	expect_name(path, "grow");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("demangle");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_loop_test(tc, a_name_is_told_as_its_language_writes_it, 0,
			    (int)ARRAY_SIZE(known));
	tcase_add_loop_test(tc, what_is_no_such_name_stays, 0, (int)ARRAY_SIZE(unknown));
	tcase_add_loop_test(tc, a_name_that_doubles_itself_is_left, 0, 2);
	tcase_add_test(tc, a_name_longer_than_the_bound_is_left);
	tcase_add_loop_test(tc, deep_names_are_survived, 0, 18);
	tcase_add_test(tc, a_function_without_debug_information_has_its_name);
	tcase_add_test(tc, a_version_is_no_part_of_a_name);
	return suite_run("demangle", (TCase *const[]){tc}, 1);
}
