/*
 * fuzz_program.c - any bytes as the program that is to run: what the lab reads of it for the VM and
 * for --preload before it is started. Nothing of it is started here.
 *
 * Checked besides memory safety: a loader's path is one, and an answer comes with its sentence.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "launch/vm/initramfs_program.c"

#include "fuzz.h"
#include "launch/preload.h"

static void ask_loader(int fd)
{
	_cleanup_free_ char *loader = NULL;
	elf_header header;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    header.e_phentsize != sizeof(elf_segment))
		return;
	loader = interpreter_of(fd, &header);
	require(!loader || (loader[0] == '/' && strlen(loader) < PATH_MAX));
}

static void ask_preload(int fd)
{
	_cleanup_free_ char *path = text_format("/proc/self/fd/%d", fd);
	struct err err = ERR_INIT;

	if (preload_check(path, &err) < 0)
		require(err.text[0] != '\0');
	for (const char *p = err.text; *p; p++)
		require((unsigned char)*p >= ' ' && *p != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("program", MFD_CLOEXEC);

	require(fd >= 0 && io_write_all(fd, data, size) == 0);
	ask_loader(fd);
	ask_preload(fd);
	return 0;
}
