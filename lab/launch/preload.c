#include "launch/preload.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { INTERPRETERS_MAX = 4 }; /* "#!" lines that lead to "#!" lines; as the kernel's own limit */

enum { STRINGS_MAX = 16 << 20 };

/* A file that is read piece by piece; it may change under us. */
struct image {
	int fd;
};

static void image_close(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
}

static int image_open(const char *path, struct image *image, struct stat *st)
{
	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return image->fd < 0 || fstat(image->fd, st) < 0 ? -1 : 0;
}

static bool read_at(const struct image *image, uint64_t at, void *to, size_t size)
{
	return at <= INT64_MAX && pread(image->fd, to, size, (off_t)at) == (ssize_t)size;
}

/* At most size - 1 bytes at that offset, NUL-terminated. */
static void read_text_at(const struct image *image, uint64_t at, char *to, size_t size)
{
	const ssize_t n = at <= INT64_MAX ? pread(image->fd, to, size - 1, (off_t)at) : -1;

	to[n > 0 ? n : 0] = '\0';
}

static int refuse(struct err *err, const char *path, const char *why)
{
	err_set(err, EXIT_LAB_BROKEN, "--preload does not reach '%s': %s", path, why);
	return err_hint(err, "without --preload the run works; the touch profile needs no library");
}

/* The linker ignores LD_PRELOAD for such a program, unless the user has its rights anyway. */
static bool is_privileged(const char *path, const struct stat *st)
{
	if (st->st_mode & S_ISUID && st->st_uid != geteuid())
		return true;
	if (st->st_mode & S_ISGID && st->st_mode & S_IXGRP && st->st_gid != getegid())
		return true;
	return geteuid() && getxattr(path, "security.capability", NULL, 0) > 0;
}

static bool find_segment(const struct image *image, const Elf64_Ehdr *header, uint32_t type,
			 Elf64_Phdr *segment)
{
	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (read_at(image, header->e_phoff + (uint64_t)i * sizeof(*segment), segment,
			    sizeof(*segment)) &&
		    segment->p_type == type)
			return true;
	return false;
}

/* The offset in the file of an address of the program; UINT64_MAX: it is not in the file. */
static uint64_t file_offset(const struct image *image, const Elf64_Ehdr *header, uint64_t address)
{
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr s;

		if (read_at(image, header->e_phoff + (uint64_t)i * sizeof(s), &s, sizeof(s)) &&
		    s.p_type == PT_LOAD && address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz)
			return address - s.p_vaddr + s.p_offset;
	}
	return UINT64_MAX;
}

static uint64_t dynamic_value(const struct image *image, const Elf64_Phdr *dynamic, int64_t tag)
{
	Elf64_Dyn entry;

	for (uint64_t at = 0; at < dynamic->p_filesz; at += sizeof(entry)) {
		if (!read_at(image, dynamic->p_offset + at, &entry, sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == tag)
			return entry.d_un.d_val;
	}
	return 0;
}

static bool is_sanitizer(const char *library)
{
	static const char *const names[] = {"libasan.", "libtsan.", "libhwasan.", "liblsan.",
					    "libclang_rt."};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_starts_with(library, names[i]))
			return true;
	return false;
}

static bool needs_sanitizer(const struct image *image, const Elf64_Phdr *dynamic,
			    const char *strings, uint64_t size)
{
	Elf64_Dyn entry;

	for (uint64_t at = 0; at < dynamic->p_filesz; at += sizeof(entry)) {
		if (!read_at(image, dynamic->p_offset + at, &entry, sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_NEEDED && entry.d_un.d_val < size &&
		    is_sanitizer(strings + entry.d_un.d_val))
			return true;
	}
	return false;
}

/* A sanitizer's run-time is a library, or part of the program, whose symbols then name it. */
static bool has_sanitizer(const struct image *image, const Elf64_Ehdr *header,
			  const Elf64_Phdr *dynamic)
{
	static const char *const inside[] = {"__asan_init", "__tsan_init", "__msan_init",
					     "__hwasan_init", "__lsan_init"};
	uint64_t at = file_offset(image, header, dynamic_value(image, dynamic, DT_STRTAB));
	uint64_t size = dynamic_value(image, dynamic, DT_STRSZ);
	_cleanup_free_ char *strings = NULL;

	if (at == UINT64_MAX || size == 0 || size > STRINGS_MAX)
		return false;
	strings = xcalloc(size + 1, 1);
	if (!read_at(image, at, strings, size))
		return false;
	if (needs_sanitizer(image, dynamic, strings, size))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++)
		if (memmem(strings, size, inside[i], strlen(inside[i]) + 1))
			return true;
	return false;
}

static int check_elf(const struct image *image, const char *path, struct err *err)
{
	char interpreter[PATH_MAX];
	Elf64_Ehdr own, header;
	Elf64_Phdr segment;
	_cleanup_(image_close) struct image self = {-1};
	struct stat st;

	if (image_open("/proc/self/exe", &self, &st) < 0 || !read_at(&self, 0, &own, sizeof(own)))
		return err_set(err, EXIT_LAB_BROKEN, "cannot read this program");
	if (!read_at(image, 0, &header, sizeof(header)) || header.e_machine != own.e_machine ||
	    header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
	    header.e_phentsize != sizeof(Elf64_Phdr))
		return refuse(err, path, "it is a program for another machine than the library");
	if (!find_segment(image, &header, PT_INTERP, &segment))
		return refuse(err, path, "it is static, and loads no library");
	read_text_at(image, segment.p_offset, interpreter, sizeof(interpreter));
	if (strstr(interpreter, "musl"))
		return refuse(err, path, "it uses musl, and the library is for glibc");
	if (find_segment(image, &header, PT_DYNAMIC, &segment) &&
	    has_sanitizer(image, &header, &segment))
		return refuse(err, path,
			      "it is built with a sanitizer, whose own malloc has to come first");
	return 0;
}

static int check(const char *path, int depth, struct err *err);

static int check_script(char *head, const char *path, int depth, struct err *err)
{
	char *rest = NULL, *line = strtok_r(head + 2, "\n", &rest);
	char *interpreter = line ? strtok_r(line, " \t", &rest) : NULL;

	if (!interpreter || depth >= INTERPRETERS_MAX)
		return refuse(err, path, "its \"#!\" line leads nowhere");
	return check(interpreter, depth + 1, err);
}

static int check(const char *path, int depth, struct err *err)
{
	_cleanup_(image_close) struct image image = {-1};
	char head[PATH_MAX];
	struct stat st;

	if (image_open(path, &image, &st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "--preload: cannot read '%s'", path);
	if (is_privileged(path, &st))
		return refuse(
			err, path,
			"it has more rights than its user (set-user-ID, set-group-ID or capabilities), and such programs ignore LD_PRELOAD");
	read_text_at(&image, 0, head, sizeof(head));
	if (text_starts_with(head, "#!"))
		return check_script(head, path, depth, err);
	if (!memcmp(head, ELFMAG, SELFMAG))
		return check_elf(&image, path, err);
	return refuse(err, path, "it is neither an ELF program nor a \"#!\" script");
}

int preload_check(const char *path, struct err *err)
{
	return check(path, 0, err);
}

int preload_check_library(const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const int r = io_read_at(AT_FDCWD, path, (size_t)16 << 20, &text);

	if (r < 0) {
		errno = -r;
		return err_errno(err, EXIT_LAB_BROKEN, "--preload: cannot read '%s'", path);
	}
	if (strpbrk(path, ": \t\n"))
		return err_set(
			err, EXIT_LAB_BROKEN,
			"--preload: LD_PRELOAD cannot name '%s', for the blank or colon in it; install oomlab elsewhere",
			path);
	return 0;
}
