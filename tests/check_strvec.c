/*
 * check_strvec.c - lists of words: they end in NULL at every length, hold copies, and no word is
 * read as anything but a word.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strvec.h"
#include "suite.h"

static void is_list(const struct strvec *words, size_t count)
{
	size_t n = 0;

	while (words->list[n])
		n++;
	ck_assert_uint_eq(n, count);
	ck_assert_uint_eq(words->count, count);
}

START_TEST(an_empty_one_is_a_list)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	is_list(&words, 0);
	strvec_push_all(&words, NULL);
	is_list(&words, 0);
	strvec_release(&words);
	is_list(&words, 0);
}
END_TEST

START_TEST(it_ends_in_null_at_every_length)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	for (size_t i = 0; i < 100; i++) {
		strvec_pushf(&words, "word %zu", i);
		is_list(&words, i + 1);
	}
	ck_assert_str_eq(words.list[0], "word 0");
	ck_assert_str_eq(words.list[99], "word 99");
}
END_TEST

START_TEST(its_words_are_its_own)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	char text[] = "before";
	const char *const more[] = {text, text, NULL};

	strvec_push(&words, text);
	strvec_push_all(&words, more);
	strvec_pushl(&words, text, "literal");
	strcpy(text, "after");
	is_list(&words, 5);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(words.list[i], "before");
	ck_assert_str_eq(words.list[4], "literal");
}
END_TEST

START_TEST(any_bytes_are_a_word)
{
	static const char *const hostile[] = {"",   "a b",  "'",	"\"$(id)\"", "%s%n", "-",
					      "--", "a\nb", "\xff\x80", "\x1b[2J",   NULL};
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	strvec_push_all(&words, hostile);
	strvec_pushf(&words, "%s", hostile[4]);
	is_list(&words, 11);
	for (size_t i = 0; hostile[i]; i++)
		ck_assert_str_eq(words.list[i], hostile[i]);
	ck_assert_str_eq(words.list[10], "%s%n");
}
END_TEST

START_TEST(what_is_taken_out_is_the_caller_s)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	char **list = strvec_detach(&words);

	ck_assert_ptr_null(list[0]);
	free(list);
	strvec_pushl(&words, "one", "two");
	list = strvec_detach(&words);
	is_list(&words, 0);
	ck_assert_str_eq(list[1], "two");
	ck_assert_ptr_null(list[2]);
	free(list[0]);
	free(list[1]);
	free(list);
	strvec_push(&words, "again");
	is_list(&words, 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("strvec");

	tcase_add_test(tc, an_empty_one_is_a_list);
	tcase_add_test(tc, it_ends_in_null_at_every_length);
	tcase_add_test(tc, its_words_are_its_own);
	tcase_add_test(tc, any_bytes_are_a_word);
	tcase_add_test(tc, what_is_taken_out_is_the_caller_s);
	return suite_run("strvec", (TCase *const[]){tc}, 1);
}
