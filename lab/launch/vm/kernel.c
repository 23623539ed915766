#include "launch/vm/kernel.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/kernel_fetch.h"

#define SYSTEM_CACHE "/var/cache/oomlab"

static const char *non_empty_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

char *kernel_cache_dir(void)
{
	const char *own = non_empty_env("OOMLAB_CACHE");
	const char *xdg = non_empty_env("XDG_CACHE_HOME");
	const char *home = non_empty_env("HOME");

	if (own)
		return xstrdup(own);
	if (xdg)
		return text_format("%s/oomlab", xdg);
	if (home)
		return text_format("%s/.cache/oomlab", home);
	return xstrdup(SYSTEM_CACHE);
}

static bool release_matches(const char *release, const char *wanted)
{
	return text_starts_with(release, wanted) &&
	       !isdigit((unsigned char)release[strlen(wanted)]);
}

/* The image in `dir`, the unpacked one first, or NULL. */
static char *image_in(const char *dir)
{
	static const char *const names[] = {"vmlinux", "vmlinuz"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = text_format("%s/%s", dir, names[i]);

		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static bool is_newer(const char *release, const struct kernel *than)
{
	return !than->release || strverscmp(release, than->release) > 0;
}

/* Searches one cache; leaves a newer match than *kernel has in *kernel. */
static void search(const char *cache, const char *wanted, struct kernel *kernel)
{
	_cleanup_free_ char *kernels = text_format("%s/kernels", cache);
	_cleanup_closedir_ DIR *dir = opendir(kernels);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *path = text_format("%s/%s", kernels, entry->d_name);
		char *image;

		if (!release_matches(entry->d_name, wanted) || !is_newer(entry->d_name, kernel))
			continue;
		image = image_in(path);
		if (!image)
			continue;
		free(kernel->image);
		free(kernel->release);
		kernel->image = image;
		kernel->release = xstrdup(entry->d_name);
	}
}

static int find_series(const char *wanted, struct kernel *kernel, struct err *err)
{
	_cleanup_free_ char *cache = kernel_cache_dir(), *command = NULL;

	search(cache, wanted, kernel);
	if (!kernel->image && !non_empty_env("OOMLAB_CACHE"))
		search(SYSTEM_CACHE, wanted, kernel);
	if (kernel->image)
		return 0;
	err_set(err, EXIT_LAB_BROKEN, "no kernel %s for the VM under '%s/kernels'", wanted, cache);
	command = kernel_fetch_command(wanted);
	return err_hint(err, "fetch it with: %s", command);
}

/*
 * Knows the magic numbers of bzImage (the kernel's Documentation/arch/x86/boot.rst), vmlinux, and
 * arm64's Image (arch/arm64/booting.rst), which may be bare, in gzip, or in EFI's zboot.
 */
static bool is_kernel(const char *path)
{
	static const struct {
		size_t at;
		const char *magic;
	} heads[] = {
		{0x202, "HdrS"}, {0, "\177ELF"}, {0x38, "ARM\x64"}, {0, "\x1f\x8b"}, {4, "zimg"}};
	char head[0x206] = {0};
	struct stat st;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || read(fd, head, sizeof(head)) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (!memcmp(head + heads[i].at, heads[i].magic, strlen(heads[i].magic)))
			return true;
	return false;
}

static int find_path(const char *wanted, struct kernel *kernel, struct err *err)
{
	if (access(wanted, R_OK) < 0) {
		err_errno(err, EXIT_LAB_BROKEN, "cannot read the kernel '%s'", wanted);
		return err_hint(err, "give a readable vmlinuz, or a series such as %s",
				KERNEL_DEFAULT_SERIES);
	}
	if (!is_kernel(wanted)) {
		err_set(err, EXIT_LAB_BROKEN, "'%s' is no Linux kernel", wanted);
		return err_hint(err, "give a vmlinuz or vmlinux, or a series such as %s",
				KERNEL_DEFAULT_SERIES);
	}
	kernel->image = xstrdup(wanted);
	kernel->release = xstrdup(strrchr(wanted, '/') + 1);
	return 0;
}

static int add_module(struct kernel *kernel, const char *dir, const char *name, struct err *err)
{
	char *path = text_format("%s/%s", dir, name);

	kernel->modules = xrealloc(kernel->modules, kernel->module_count + 1, sizeof(char *));
	kernel->modules[kernel->module_count++] = path;
	if (access(path, R_OK) == 0)
		return 0;
	err_errno(err, EXIT_LAB_BROKEN, "cannot read the kernel module '%s'", path);
	return err_hint(err, "remove '%s' and fetch it again: oomlab kernel fetch", dir);
}

static int read_modules(struct kernel *kernel, struct err *err)
{
	size_t dir_len = (size_t)(strrchr(kernel->image, '/') - kernel->image);
	_cleanup_free_ char *dir = xstrndup(kernel->image, dir_len);
	_cleanup_free_ char *list = text_format("%s/modules", dir);
	_cleanup_fclose_ FILE *file = fopen(list, "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!file)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s'", list);
	while ((len = getline(&line, &cap, file)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (*line && add_module(kernel, dir, line, err) < 0)
			return -1;
	}
	return 0;
}

int kernel_find(const char *wanted, struct kernel *kernel, struct err *err)
{
	int rc;

	if (!wanted || !*wanted)
		wanted = KERNEL_DEFAULT_SERIES;
	rc = strchr(wanted, '/') ? find_path(wanted, kernel, err)
				 : find_series(wanted, kernel, err);
	return rc < 0 ? -1 : read_modules(kernel, err);
}

void kernel_release(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->module_count; i++)
		free(kernel->modules[i]);
	free(kernel->modules);
	free(kernel->release);
	free(kernel->image);
	*kernel = (struct kernel){0};
}
