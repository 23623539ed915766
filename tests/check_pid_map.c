/* check_pid_map.c - pids of a container: noted while they live, by looks at a cgroup. */
#include <stdlib.h>

#include "base/text.h"
#include "launch/pid_map.h"
#include "scratch.h"
#include "suite.h"

static struct pid_map map;

static void setup(void)
{
	scratch_enter();
	map = (struct pid_map){0};
}

static void teardown(void)
{
	pid_map_release(&map);
	scratch_leave();
}

/* A process of the pretended /proc, which is the current folder, as is the cgroup. */
static void put_process(int here, const char *all_numbers)
{
	_cleanup_free_ char *dir = text_format("%d", here);
	_cleanup_free_ char *path = text_format("%d/status", here);
	_cleanup_free_ char *status = text_format("Name:\tx\nNSpid:\t%s\n", all_numbers);

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	put_file(path, status, 0600);
}

static void look(const char *procs)
{
	put_file("cgroup.procs", procs, 0600);
	pid_map_look(&map, AT_FDCWD, ".");
}

START_TEST(who_was_there_at_a_look_is_known)
{
	pid_map_add(&map, 4711, 1);
	put_process(4711, "4711\t1");
	put_process(4720, "4720\t8");
	put_process(4721, "4721\t33\t9");
	look("4711\n4720\n");
	look("4721\n4711\n4799\n");
	ck_assert_int_eq(pid_map_here(&map, 1), 4711);
	ck_assert_int_eq(pid_map_here(&map, 8), 4720);
	ck_assert_int_eq(pid_map_here(&map, 9), 4721);
	/* One that had gone, and what its number might be taken for. */
	ck_assert_int_eq(pid_map_here(&map, 4799), 0);
	ck_assert_int_eq(pid_map_here(&map, 33), 0);
	ck_assert_uint_eq(map.count, 3);
}
END_TEST

START_TEST(of_a_number_given_twice_the_later_stands)
{
	pid_map_add(&map, 4711, 1);
	put_process(4720, "4720\t8");
	put_process(4800, "4800\t8");
	look("4720\n");
	look("4800\n");
	ck_assert_int_eq(pid_map_here(&map, 8), 4800);
}
END_TEST

START_TEST(without_numbers_of_its_own_each_is_what_it_says)
{
	ck_assert_int_eq(pid_map_here(&map, 8), 8);
	pid_map_add(&map, 4711, 4711);
	put_process(4720, "4720\t8");
	look("4711\n4720\n");
	ck_assert_int_eq(pid_map_here(&map, 8), 8);
	ck_assert_uint_eq(map.count, 1);
}
END_TEST

START_TEST(what_is_no_list_is_survived)
{
	static const char *const lists[] = {"",	      "\n",   "x\n",
					    "0\n0\n", "-5\n", "99999999999999999999\n"};

	pid_map_add(&map, 4711, 1);
	pid_map_look(&map, AT_FDCWD, ".");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		look(lists[i]);
	ck_assert_uint_eq(map.count, 1);
}
END_TEST

START_TEST(there_is_an_end_to_them)
{
	for (pid_t i = 1; i <= PID_MAP_MAX + 10; i++)
		pid_map_add(&map, 5000 + i, i);
	ck_assert_uint_eq(map.count, PID_MAP_MAX);
	ck_assert_int_eq(pid_map_here(&map, PID_MAP_MAX), 5000 + PID_MAP_MAX);
	ck_assert_int_eq(pid_map_here(&map, PID_MAP_MAX + 1), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pid_map");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, who_was_there_at_a_look_is_known);
	tcase_add_test(tc, of_a_number_given_twice_the_later_stands);
	tcase_add_test(tc, without_numbers_of_its_own_each_is_what_it_says);
	tcase_add_test(tc, what_is_no_list_is_survived);
	tcase_add_test(tc, there_is_an_end_to_them);
	return suite_run("pid_map", (TCase *const[]){tc}, 1);
}
