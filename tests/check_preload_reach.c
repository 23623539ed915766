/*
 * check_preload_reach.c - which programs the preload library is refused for, and in what words.
 */
#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/preload.h"
#include "scratch.h"
#include "suite.h"

#define MIB ((size_t)1 << 20)

static char *beside(const char *name)
{
	_cleanup_free_ char *here = io_program_dir();

	return text_format("%s/%s", here, name);
}

static void assert_refused(const char *path, const char *why)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(preload_check(path, &e), -1);
	ck_assert_int_eq(e.status, EXIT_LAB_BROKEN);
	ck_assert_msg(strstr(e.text, why) && strstr(e.text, path), "'%s' not in '%s'", why, e.text);
}

/* A copy of the helper that `change` may damage. */
static void changed_copy(const char *name, void (*change)(char *data, size_t len))
{
	_cleanup_free_ char *from = beside("helpers/preload_calls");
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int fd;

	ck_assert_int_eq(io_read_at(AT_FDCWD, from, 64 * MIB, &text), 0);
	change(text.buf, text.len);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ck_assert_int_eq(io_write_all(fd, text.buf, text.len), 0);
	close(fd);
}

static void change_nothing(char *data, size_t len)
{
	(void)data, (void)len;
}

static void change_machine(char *data, size_t len)
{
	(void)len;
	((Elf64_Ehdr *)(void *)data)->e_machine = EM_S390;
}

static void hide_interpreter(char *data, size_t len)
{
	const Elf64_Ehdr *h = (void *)data;
	Elf64_Phdr *p = (void *)(data + h->e_phoff);

	(void)len;
	for (int i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_INTERP)
			p[i].p_type = PT_NULL;
}

static void name_musl(char *data, size_t len)
{
	char *at = memmem(data, len, "/ld-linux", 9);

	ck_assert_ptr_nonnull(at);
	memcpy(at, "/ld-musl-", 9);
}

static void need_asan(char *data, size_t len)
{
	/* Where the dynamic strings name libc. */
	char *at = memmem(data, len, "libc.so.6", 10);

	ck_assert_ptr_nonnull(at);
	memcpy(at, "libasan.8", 10);
}

START_TEST(programs_it_does_not_reach)
{
	const struct {
		const char *name, *why;
		void (*change)(char *data, size_t len);
	} kinds[] = {
		{"machine", "another machine", change_machine},
		{"static", "static", hide_interpreter},
		{"musl", "musl", name_musl},
		{"asan", "sanitizer", need_asan},
	};
	struct err e = ERR_INIT;

	changed_copy("good", change_nothing);
	ck_assert_int_eq(preload_check("good", &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		changed_copy(kinds[i].name, kinds[i].change);
		assert_refused(kinds[i].name, kinds[i].why);
	}
	ck_assert_int_eq(preload_check("/nonexistent", &e), -1);
	ck_assert_int_eq(preload_check("/dev/null", &e), -1);
}
END_TEST

START_TEST(set_user_id_programs_of_others)
{
	changed_copy("good", change_nothing);
	ck_assert_int_eq(chown("good", 65534, 65534), 0);
	ck_assert_int_eq(chmod("good", 04755), 0);
	assert_refused("good", "LD_PRELOAD");
}
END_TEST

START_TEST(scripts_are_their_interpreters)
{
	_cleanup_free_ char *here = getcwd(NULL, 0);
	_cleanup_free_ char *fixed = text_format("#! %s/fixed -x\n", here);
	_cleanup_free_ char *loop = text_format("#!%s/script\n", here);
	struct err e = ERR_INIT;

	changed_copy("fixed", hide_interpreter);
	put_file("script", "#!/bin/sh\ntrue\n", 0755);
	ck_assert_int_eq(preload_check("script", &e), 0);
	put_file("script", fixed, 0755);
	ck_assert_int_eq(preload_check("script", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "static"));
	put_file("script", loop, 0755);
	assert_refused("script", "leads nowhere");
	put_file("script", "#!", 0755);
	assert_refused("script", "leads nowhere");
	put_file("script", "plain text", 0755);
	assert_refused("script", "neither");
}
END_TEST

static unsigned int damage_seed;

static void damage(char *data, size_t len)
{
	for (int i = 0; i < 20; i++)
		data[(size_t)rand_r(&damage_seed) % (i % 2 ? len : 1024)] =
			(char)rand_r(&damage_seed);
}

START_TEST(damaged_programs_do_no_harm)
{
	for (damage_seed = 1; damage_seed < 200; damage_seed++) {
		const unsigned int seed = damage_seed;
		struct err e = ERR_INIT;

		changed_copy("damaged", damage);
		if (preload_check("damaged", &e) < 0)
			ck_assert(e.text[0]);
		damage_seed = seed;
	}
}
END_TEST

START_TEST(library_needs_a_name_that_fits)
{
	_cleanup_free_ char *library = beside("../" PRELOAD_NAME);
	struct err e = ERR_INIT;

	ck_assert_int_eq(preload_check_library(library, &e), 0);
	ck_assert_int_eq(preload_check_library("/nonexistent", &e), -1);
	put_file("a b.so", "x", 0644);
	ck_assert_int_eq(preload_check_library("a b.so", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "a b.so"));
}
END_TEST

static TCase *reach(void)
{
	TCase *tc = tcase_create("reach");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, programs_it_does_not_reach);
	if (suite_is_root("set_user_id_programs_of_others"))
		tcase_add_test(tc, set_user_id_programs_of_others);
	tcase_add_test(tc, scripts_are_their_interpreters);
	tcase_add_test(tc, damaged_programs_do_no_harm);
	tcase_add_test(tc, library_needs_a_name_that_fits);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {reach()};

	return suite_run("preload_reach", cases, ARRAY_SIZE(cases));
}
