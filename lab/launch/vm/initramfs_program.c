/* Packs what a program needs in order to start: its interpreter and the libraries it loads. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/initramfs.h"

#define INTERPRETERS_MAX 4 /* "#!" lines that lead to "#!" lines; as the kernel's own limit */
#define LIST_MAX	 (1 << 20)
#define HEAD_MAX	 4096 /* ELF and program headers, or the "#!" line */

#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
#define ELF_CLASS ELFCLASS64
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
#define ELF_CLASS ELFCLASS32
#endif

/* The path in the segment PT_INTERP; NULL: the program is static. Any file is safe to pass. */
static char *interpreter_of(int fd, const elf_header *header)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < header->e_phnum; i++) {
		off_t at = (off_t)(header->e_phoff + i * sizeof(elf_segment));
		elf_segment s;
		ssize_t n;

		if (pread(fd, &s, sizeof(s), at) != sizeof(s))
			return NULL;
		if (s.p_type != PT_INTERP || s.p_filesz >= sizeof(path))
			continue;
		n = pread(fd, path, s.p_filesz, (off_t)s.p_offset);
		if (n <= 0 || path[0] != '/')
			return NULL;
		return xstrndup(path, (size_t)n);
	}
	return NULL;
}

/* Runs "INTERPRETER --list PROGRAM"; its output in *list. 0, its exit status, or -errno. */
static int run_list(const char *interpreter, const char *program, struct strbuf *list)
{
	const char *const argv[] = {interpreter, "--list", program, NULL};
	const struct spawn loader = {
		.argv = argv,
		.in = {SPAWN_NULL},
		.out = {SPAWN_PIPE},
		.err = {SPAWN_NULL},
		.dies_with_caller = true,
		.timeout_ns = SPAWN_FOREVER,
		.output_max = LIST_MAX,
	};
	int status, r = spawn_run(&loader, list, NULL, &status);

	if (r)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/*
 * One line of the list, as glibc's and musl's loaders print it:
 *	"\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f...)"
 *	"\t/lib64/ld-linux-x86-64.so.2 (0x00007f...)"  "\tlinux-vdso.so.1 (0x00007f...)"
 *	"\tlibnone.so => not found"
 */
static int add_library(struct initramfs *fs, char *line, const char *program, struct err *err)
{
	char *arrow = strstr(line, " => ");
	char *path = arrow ? arrow + 4 : line + strspn(line, "\t ");
	char *address = NULL;

	for (char *p = path; (p = strstr(p, " (0x")); p++)
		address = p;
	if (address)
		*address = '\0';
	if (*path == '/')
		return initramfs_file(fs, path, err);
	if (!arrow || address)
		return 0;
	return err_set(err, EXIT_LAB_BROKEN, "'%s' needs a library that is not there: %s", program,
		       line + strspn(line, "\t "));
}

/*
 * A program names its own loader, which oomlab starts outside of the VM to list the libraries. So
 * only a loader that is in a folder of the system and not writable by everybody is started.
 */
static bool is_of_the_system(const char *interpreter)
{
	static const char *const homes[] = {"/usr/",	"/lib/", "/lib32/",	"/lib64/",
					    "/libx32/", "/opt/", "/nix/store/", "/gnu/store/"};
	_cleanup_free_ char *real = realpath(interpreter, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0 || !S_ISREG(st.st_mode) || st.st_mode & S_IWOTH)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
		if (text_starts_with(real, homes[i]))
			return true;
	return false;
}

static int refuse_loader(const char *program, const char *interpreter, struct err *err)
{
	err_set(err, EXIT_LAB_BROKEN,
		"'%s' names a loader that is in no folder of the system: '%s'; it would be started outside of the VM, to list what the program loads",
		program, interpreter);
	return err_hint(err, "with --share-host it is started in the VM alone");
}

static int add_libraries(struct initramfs *fs, const char *interpreter, const char *program,
			 struct err *err)
{
	_cleanup_strbuf_ struct strbuf list = STRBUF_INIT;
	char *save = NULL;
	int rc = run_list(interpreter, program, &list);

	if (rc != 0)
		return err_set(err, EXIT_LAB_BROKEN,
			       "cannot find the libraries of '%s': '%s --list' failed (%d)",
			       program, interpreter, rc);
	for (char *line = strtok_r(list.buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (add_library(fs, line, program, err) < 0)
			return -1;
	return 0;
}

static int add_elf(struct initramfs *fs, int fd, const char *path, const elf_header *header,
		   struct err *err)
{
	_cleanup_free_ char *interpreter = NULL;

	if (header->e_ident[EI_CLASS] != ELF_CLASS || header->e_phentsize != sizeof(elf_segment))
		return err_set(err, EXIT_NOT_EXEC, "'%s' is a program for another machine", path);
	interpreter = interpreter_of(fd, header);
	if (!interpreter)
		return 0;
	if (access(interpreter, F_OK) == 0 && !is_of_the_system(interpreter))
		return refuse_loader(path, interpreter, err);
	return initramfs_file(fs, interpreter, err) < 0 ? -1
							: add_libraries(fs, interpreter, path, err);
}

static int add_program(struct initramfs *fs, const char *path, int depth, struct err *err);

/* Packs what env(1) runs for `name`. A name that is not in PATH fails later, in the guest. */
static int add_from_path(struct initramfs *fs, const char *name, int depth, struct err *err)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *dirs = xstrdup(path ? path : "/usr/bin:/bin");
	char *save = NULL;

	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		_cleanup_free_ char *file = text_format("%s/%s", dir, name);

		if (*dir == '/' && io_is_executable(file))
			return add_program(fs, file, depth + 1, err);
	}
	return 0;
}

/* head: "#!/bin/sh -e\n..." packs /bin/sh; "#!/usr/bin/env python3" also what PATH finds. */
static int add_script(struct initramfs *fs, char *head, const char *path, int depth,
		      struct err *err)
{
	char *rest = NULL;
	char *line = strtok_r(head + 2, "\n", &rest);
	char *interpreter = line ? strtok_r(line, " \t", &rest) : NULL;
	char *argument = interpreter ? strtok_r(NULL, " \t", &rest) : NULL;

	if (!interpreter || *interpreter != '/' || depth >= INTERPRETERS_MAX)
		return err_set(err, EXIT_NOT_EXEC, "cannot find the interpreter of '%s'", path);
	if (add_program(fs, interpreter, depth + 1, err) < 0)
		return -1;
	if (argument && *argument != '-' && text_ends_with(interpreter, "/env"))
		return add_from_path(fs, argument, depth, err);
	return 0;
}

static int add_program(struct initramfs *fs, const char *path, int depth, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	union {
		char text[HEAD_MAX];
		elf_header elf;
	} head = {.text = ""};
	ssize_t n = fd < 0 ? -1 : pread(fd, head.text, sizeof(head.text) - 1, 0);

	if (n < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM", path);
	if (initramfs_file(fs, path, err) < 0)
		return -1;
	if ((size_t)n >= sizeof(head.elf) && memcmp(head.text, ELFMAG, SELFMAG) == 0)
		return add_elf(fs, fd, path, &head.elf, err);
	if (text_starts_with(head.text, "#!"))
		return add_script(fs, head.text, path, depth, err);
	return err_set(err, EXIT_NOT_EXEC, "'%s' is no program: neither ELF nor a '#!' line", path);
}

int initramfs_program(struct initramfs *fs, const char *path, struct err *err)
{
	return add_program(fs, path, 0, err);
}
