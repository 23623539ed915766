/*
 * check_kernel.c - the guest's kernel is found by series, prefix or path; the newest wins; what is
 * missing is named with its cure.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "launch/vm/kernel.h"
#include "suite.h"

static char dir[] = "/tmp/oomlab-check-kernel-XXXXXX";
static struct kernel found;
static struct err err;

/* A file of the cache, with the folders above it. */
static void put(const char *path, const char *text)
{
	_cleanup_free_ char *full = text_format("%s/%s", dir, path);
	_cleanup_free_ char *parent = xstrndup(full, (size_t)(strrchr(full, '/') - full));
	FILE *file;

	ck_assert_int_eq(io_make_dirs(parent), 0);
	file = fopen(full, "we");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void setup(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	setenv("OOMLAB_CACHE", dir, 1);
	found = (struct kernel){0};
	err = (struct err)ERR_INIT;
	put("kernels/6.1.0-9-cloud-amd64/vmlinuz", "");
	put("kernels/6.1.0-56-cloud-amd64/vmlinuz", "");
	put("kernels/6.12.8-cloud-amd64/vmlinuz", "");
	put("kernels/6.12.117+deb12-cloud-amd64/vmlinuz", "");
	put("kernels/6.12.200-broken/modules", "");
}

static void teardown(void)
{
	kernel_release(&found);
	ck_assert_int_eq(io_remove_tree(dir), 0);
}

static void expect(const char *wanted, const char *release)
{
	int rc = kernel_find(wanted, &found, &err);

	ck_assert_msg(rc == 0, "%s: %s", wanted ? wanted : "NULL", err.text);
	ck_assert_str_eq(found.release, release);
	kernel_release(&found);
}

START_TEST(the_newest_of_a_series_wins)
{
	expect("6.1", "6.1.0-56-cloud-amd64");
	expect("6.12", "6.12.117+deb12-cloud-amd64");
	expect("6.12.8", "6.12.8-cloud-amd64");
	expect("6.1.0-9", "6.1.0-9-cloud-amd64");
	expect("6", "6.12.117+deb12-cloud-amd64");
}
END_TEST

START_TEST(nothing_asked_is_the_default)
{
	expect(NULL, "6.12.117+deb12-cloud-amd64");
	expect("", "6.12.117+deb12-cloud-amd64");
}
END_TEST

START_TEST(the_unpacked_image_is_preferred)
{
	put("kernels/6.1.0-56-cloud-amd64/vmlinux", "");
	ck_assert_int_eq(kernel_find("6.1", &found, &err), 0);
	ck_assert(text_ends_with(found.image, "/kernels/6.1.0-56-cloud-amd64/vmlinux"));
}
END_TEST

START_TEST(a_missing_series_names_the_cure)
{
	ck_assert_int_eq(kernel_find("6.6", &found, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no kernel 6.6"));
	ck_assert_ptr_nonnull(strstr(err.text, dir));
	ck_assert_ptr_nonnull(strstr(err.text, " kernel fetch 6.6"));
	ck_assert_ptr_null(found.image);
}
END_TEST

START_TEST(part_of_a_number_is_no_match)
{
	ck_assert_int_eq(kernel_find("6.1.0-5", &found, &err), -1);
	ck_assert_int_eq(kernel_find("6.120", &found, &err), -1);
}
END_TEST

START_TEST(modules_keep_their_order)
{
	put("kernels/6.1.0-56-cloud-amd64/modules", "virtio_ring.ko\n\nvirtio.ko");
	put("kernels/6.1.0-56-cloud-amd64/virtio_ring.ko", "");
	put("kernels/6.1.0-56-cloud-amd64/virtio.ko", "");
	ck_assert_int_eq(kernel_find("6.1", &found, &err), 0);
	ck_assert_uint_eq(found.module_count, 2);
	ck_assert(text_ends_with(found.modules[0], "/virtio_ring.ko"));
	ck_assert(text_ends_with(found.modules[1], "/virtio.ko"));
}
END_TEST

START_TEST(a_module_that_is_not_there_is_an_error)
{
	put("kernels/6.1.0-56-cloud-amd64/modules", "virtio_mmio.ko\n");
	ck_assert_int_eq(kernel_find("6.1", &found, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "virtio_mmio.ko"));
}
END_TEST

START_TEST(a_path_is_taken_as_it_is)
{
	_cleanup_free_ char *path = text_format("%s/my kernel", dir);

	ck_assert_int_eq(kernel_find(path, &found, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
	put("my kernel", "\177ELF");
	ck_assert_int_eq(kernel_find(path, &found, &err), 0);
	ck_assert_str_eq(found.image, path);
	ck_assert_str_eq(found.release, "my kernel");
	ck_assert_uint_eq(found.module_count, 0);
}
END_TEST

START_TEST(what_is_no_kernel_is_refused)
{
	_cleanup_free_ char *path = text_format("%s/file", dir),
			    *pipe = text_format("%s/pipe", dir);
	const char *const others[] = {path, dir, pipe, "/dev/zero"};

	put("file", "root:x:0:0\n");
	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		err = (struct err)ERR_INIT;
		ck_assert_int_eq(kernel_find(others[i], &found, &err), -1);
		ck_assert_msg(strstr(err.text, "is no Linux kernel; give a vmlinuz") != NULL, "%s",
			      err.text);
		kernel_release(&found);
	}
}
END_TEST

static void expect_cache(const char *own, const char *xdg, const char *home, const char *expected)
{
	_cleanup_free_ char *cache = NULL;

	setenv("OOMLAB_CACHE", own, 1);
	setenv("XDG_CACHE_HOME", xdg, 1);
	setenv("HOME", home, 1);
	cache = kernel_cache_dir();
	ck_assert_str_eq(cache, expected);
}

START_TEST(the_cache_is_where_the_environment_says)
{
	expect_cache("/own", "/xdg", "/home/u", "/own");
	expect_cache("", "/xdg", "/home/u", "/xdg/oomlab");
	expect_cache("", "", "/home/u", "/home/u/.cache/oomlab");
	expect_cache("", "", "", "/var/cache/oomlab");
}
END_TEST

int main(void)
{
	TCase *kernel = tcase_create("kernel");

	tcase_add_checked_fixture(kernel, setup, teardown);
	tcase_add_test(kernel, the_newest_of_a_series_wins);
	tcase_add_test(kernel, nothing_asked_is_the_default);
	tcase_add_test(kernel, the_unpacked_image_is_preferred);
	tcase_add_test(kernel, a_missing_series_names_the_cure);
	tcase_add_test(kernel, part_of_a_number_is_no_match);
	tcase_add_test(kernel, modules_keep_their_order);
	tcase_add_test(kernel, a_module_that_is_not_there_is_an_error);
	tcase_add_test(kernel, a_path_is_taken_as_it_is);
	tcase_add_test(kernel, what_is_no_kernel_is_refused);
	tcase_add_test(kernel, the_cache_is_where_the_environment_says);
	return suite_run("kernel", &kernel, 1);
}
