/*
 * check_foreign.c - which cgroup may be killed as a container's: the engine's for this container,
 * with the process in it, and nothing that holds the lab. On folders that look like cgroups.
 */
#include "launch/container/cgroup_foreign.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "scratch.h"
#include "suite.h"

#define ID    "5f22d92ebdd3caeb0494704cd6066931a5c0dd12531b2043e0a595614a3613fa"
#define OTHER "146415d5083b913a27a4928ce52e1dc749f7a90955b415807f1f5d00da611f69"
#define PID   4711

static struct err err;

static const struct {
	const char *path;
	bool is_named;
} paths[] = {
	{"/docker/" ID, true},
	{"/system.slice/docker-" ID ".scope", true},
	{"/machine.slice/libpod-" ID ".scope", true},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", true},
	{"/libpod_parent/libpod-" ID, true},
	{"/machine.slice/libpod-" ID ".scope/container", false},
	{"/docker/" ID "/docker/" OTHER, false},
	{"/docker/" OTHER, false},
	{"/docker", false},
	{"/", false},
	{"", false},
	{ID, false},
};

START_TEST(the_last_part_is_the_name)
{
	ck_assert_int_eq(cgroup_foreign_is_named_for(paths[_i].path, ID), paths[_i].is_named);
}
END_TEST

START_TEST(an_id_that_is_none_names_nothing)
{
	ck_assert(!cgroup_foreign_is_named_for("/docker/" ID, ""));
	ck_assert(!cgroup_foreign_is_named_for("/docker/" ID, "5f2"));
	ck_assert(!cgroup_foreign_is_named_for("/", ""));
}
END_TEST

/* The folder "." is the mount; `path` and all above it are opened, as cg_open_of() does. */
static void open_cg(const char *path, struct cg *cg)
{
	_cleanup_free_ char *rest = xstrdup(path);

	*cg = (struct cg){.version = 2};
	for (;;) {
		_cleanup_free_ char *dir = text_format(".%s", rest);
		struct cg_level *level = &cg->levels[cg->level_count++];
		char *slash = strrchr(rest, '/');

		level->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(level->dirfd, 0);
		level->path = xstrdup(*rest ? rest : "/");
		if (!slash)
			return;
		*slash = '\0';
	}
}

static void close_cg(struct cg *cg)
{
	ck_assert_int_eq(cg_destroy(cg, &err), 0);
}

/* Makes it, with the given processes in it. */
static void make_cg(const char *path, const char *procs)
{
	_cleanup_free_ char *dir = text_format(".%s", path);
	_cleanup_free_ char *file = text_format(".%s/cgroup.procs", path);

	ck_assert_int_eq(io_make_dirs(dir), 0);
	put_file(file, procs, 0600);
}

static int check(const char *path, const char *own_path)
{
	_cleanup_(close_cg) struct cg cg, own = {0};

	err = (struct err)ERR_INIT;
	open_cg(path, &cg);
	if (own_path)
		open_cg(own_path, &own);
	return cgroup_foreign_check(&cg, &own, PID, ID, &err);
}

START_TEST(the_container_s_is_it)
{
	make_cg("/docker/" ID, "4710\n4711\n");
	make_cg("/user/lab", "1\n");
	ck_assert_msg(!check("/docker/" ID, "/user/lab"), "%s", err.text);
	ck_assert_msg(!check("/docker/" ID, NULL), "%s", err.text);
	ck_assert_msg(!check("/docker/" ID, "/docker"), "%s", err.text);
	make_cg("/machine.slice/libpod-" ID ".scope/container", "4711\n");
	ck_assert_msg(!check("/machine.slice/libpod-" ID ".scope/container", "/user/lab"), "%s",
		      err.text);
}
END_TEST

START_TEST(a_stranger_s_is_not)
{
	static const char *const strangers[] = {"", "/user/session", "/docker/" OTHER};

	make_cg("/docker", "");
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		make_cg(strangers[i], "4711\n");
		ck_assert_int_eq(check(strangers[i], "/docker"), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "is not of the container"));
	}
}
END_TEST

/* A path that this mount does not show, and the top opened in its place. */
START_TEST(one_without_the_process_is_not)
{
	make_cg("/docker/" ID, "4710\n14711\n47110\n");
	ck_assert_int_eq(check("/docker/" ID, NULL), -1);
	ck_assert_str_eq(err.text, "cgroup '/docker/" ID "' of process 4711 cannot be seen from "
				   "here");
}
END_TEST

START_TEST(one_that_holds_the_lab_is_not)
{
	make_cg("/docker/" ID, "4711\n");
	make_cg("/docker/" ID "/below/lab", "1\n");
	ck_assert_int_eq(check("/docker/" ID, "/docker/" ID), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "holds oomlab itself"));
	ck_assert_int_eq(check("/docker/" ID, "/docker/" ID "/below/lab"), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "holds oomlab itself"));
	/* The payload's own does not, but what would be killed does. */
	make_cg("/docker/" ID "/container", "4711\n");
	ck_assert_int_eq(check("/docker/" ID "/container", "/docker/" ID "/below/lab"), -1);
}
END_TEST

/* Who is given a part of the tree can make a cgroup of any name in it. */
START_TEST(one_that_another_can_have_made_is_not)
{
	make_cg("/user-4711/libpod-" ID ".scope/container", "4711\n");
	ck_assert_int_eq(chown("user-4711", 4711, 4711), 0);
	ck_assert_int_eq(check("/user-4711/libpod-" ID ".scope/container", NULL), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "which another user can have made"));
	/* An engine gives a container its own cgroup, in a user namespace. */
	make_cg("/machine/libpod-" ID ".scope", "4711\n");
	ck_assert_int_eq(chown("machine/libpod-" ID ".scope", 100000, 100000), 0);
	ck_assert_msg(!check("/machine/libpod-" ID ".scope", NULL), "%s", err.text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("foreign");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_loop_test(tc, the_last_part_is_the_name, 0, (int)ARRAY_SIZE(paths));
	tcase_add_test(tc, an_id_that_is_none_names_nothing);
	tcase_add_test(tc, the_container_s_is_it);
	tcase_add_test(tc, a_stranger_s_is_not);
	tcase_add_test(tc, one_without_the_process_is_not);
	tcase_add_test(tc, one_that_holds_the_lab_is_not);
	if (suite_is_root("one_that_another_can_have_made_is_not"))
		tcase_add_test(tc, one_that_another_can_have_made_is_not);
	return suite_run("foreign", (TCase *const[]){tc}, 1);
}
