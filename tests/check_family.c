/*
 * check_family.c - which processes are the run's, from records that come in the order of each
 * processor alone; and from the kernel, of real children.
 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "capture/family.h"
#include "suite.h"

static struct family family;

static void teardown(void)
{
	family_release(&family);
}

static const struct relative *get(pid_t pid)
{
	const struct relative *who = family_find(&family, pid);

	ck_assert_msg(who != NULL, "%d is not known", (int)pid);
	return who;
}

START_TEST(nobody_is_known_at_first)
{
	ck_assert_ptr_null(family_find(&family, 1));
	ck_assert_ptr_null(family_find(&family, 0));
	ck_assert_ptr_null(family_find(&family, -1));
}
END_TEST

START_TEST(a_child_has_its_parents_name_until_it_has_its_own)
{
	family_forked(&family, 10, 0, 100);
	family_renamed(&family, 10, "sh", 110);
	family_forked(&family, 11, 10, 120);
	ck_assert_str_eq(get(11)->comm, "sh");
	ck_assert_int_eq(get(11)->parent, 10);
	family_renamed(&family, 11, "a name that is too long", 130);
	ck_assert_str_eq(get(11)->comm, "a name that is ");
	ck_assert_str_eq(get(10)->comm, "sh");
}
END_TEST

START_TEST(an_exec_and_an_end_may_be_read_before_the_fork)
{
	family_forked(&family, 10, 0, 100);
	family_renamed(&family, 10, "sh", 110);
	family_renamed(&family, 11, "tail", 130);
	family_ended(&family, 11, 140);
	family_forked(&family, 11, 10, 120);
	ck_assert_int_eq(get(11)->parent, 10);
	ck_assert_int_eq(get(11)->from_ns, 120);
	ck_assert_int_eq(get(11)->to_ns, 140);
	ck_assert_str_eq(get(11)->comm, "tail");
}
END_TEST

START_TEST(a_pid_that_is_used_again_begins_a_new_life)
{
	family_forked(&family, 11, 10, 120);
	family_renamed(&family, 11, "tail", 130);
	family_ended(&family, 11, 140);
	family_forked(&family, 11, 12, 900);
	ck_assert_int_eq(get(11)->to_ns, 0);
	ck_assert_int_eq(get(11)->parent, 12);
	ck_assert_str_eq(get(11)->comm, "");
	/* What is late of the old life changes nothing. */
	family_ended(&family, 11, 950);
	ck_assert_int_eq(get(11)->to_ns, 950);
	family_forked(&family, 11, 10, 120);
	ck_assert_int_eq(get(11)->from_ns, 900);
}
END_TEST

START_TEST(many_are_all_found)
{
	for (pid_t pid = 1; pid <= 20000; pid++)
		family_forked(&family, pid * 7, pid, pid);
	ck_assert_uint_eq(family.count, 20000);
	for (pid_t pid = 1; pid <= 20000; pid++)
		ck_assert_int_eq(get(pid * 7)->parent, pid);
	ck_assert_ptr_null(family_find(&family, 8));
}
END_TEST

static TCase *table(void)
{
	TCase *t = tcase_create("table");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, nobody_is_known_at_first);
	tcase_add_test(t, a_child_has_its_parents_name_until_it_has_its_own);
	tcase_add_test(t, an_exec_and_an_end_may_be_read_before_the_fork);
	tcase_add_test(t, a_pid_that_is_used_again_begins_a_new_life);
	tcase_add_test(t, many_are_all_found);
	return t;
}

int main(void)
{
	TCase *const cases[] = {table()};

	return suite_run("family", cases, ARRAY_SIZE(cases));
}
