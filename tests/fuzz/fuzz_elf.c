/*
 * fuzz_elf.c - any bytes as a program: what the lab reads of it itself, not through libelf, which
 * is kept in processes beside; and as the text of a stack.
 *
 * Checked besides memory safety: a name lies in the file, which ends it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "fuzz.h"
#include "record/stack.h"
#include "symbols/imports.h"
#include "symbols/modules.h"

enum { CALLS_MAX = 4096 };

static void ask(const char *data, size_t size)
{
	struct imports *imports = imports_open(data, size);

	for (uint64_t at = 0; imports && at < size && at < CALLS_MAX; at++) {
		const char *name = imports_called(imports, at);

		require(!name || (name >= data && name < data + size &&
				  memchr(name, '\0', (size_t)(data + size - name)) != NULL));
	}
	imports_close(imports);
}

static void map(const char *data, size_t size)
{
	struct modules modules = {0};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	require(fd >= 0 && io_write_all(fd, data, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(modules_find(&modules, MODULES_ROOT_OWN, path) == 0);
	require(modules.items[0].segment_count <= MODULE_SEGMENTS_MAX);
	for (uint64_t at = 0; at < size; at += 4096)
		module_bias(&modules.items[0], at << 20, at);
	modules_release(&modules);
	close(fd);
}

static void read_stack(const char *data, size_t size)
{
	char text[256];
	size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	const char *rest = text;
	struct stack_frame frame;

	memcpy(text, data, len);
	text[len] = '\0';
	while (stack_next(&rest, &frame))
		require(frame.len > 0 && frame.at + frame.len == rest &&
			(frame.is_known || frame.module == STACK_NO_MODULE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ask((const char *)data, size);
	map((const char *)data, size);
	read_stack((const char *)data, size);
	return 0;
}
