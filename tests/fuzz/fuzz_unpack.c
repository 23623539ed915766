/*
 * fuzz_unpack.c - any bytes as a log for explain, packed or not: the way to the parser's first
 * byte.
 *
 * Checked besides memory safety: text comes out as it is, and an error has its sentence.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "explain/explain_input.h"
#include "fuzz.h"

#define UNPACKED_MAX (1 << 20) /* a small file may be packed to become a large one */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct err err = ERR_INIT;
	struct explain_input input;
	static char buffer[4096];
	size_t total = 0;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(fd >= 0 && io_write_all(fd, data, size) == 0);
	require(explain_input_open(&input, path, &err) == 0);
	while ((n = explain_input_read(&input, buffer, sizeof(buffer), &err)) > 0) {
		require((size_t)n <= sizeof(buffer));
		if (!input.unpacker)
			require(total + (size_t)n <= size &&
				memcmp(buffer, data + total, (size_t)n) == 0);
		total += (size_t)n;
		if (total > UNPACKED_MAX)
			break;
	}
	require(n >= 0 || err.text[0] != '\0');
	require(input.unpacker || n < 0 || total == size);
	explain_input_close(&input);
	close(fd);
	return 0;
}
