/*
 * fuzz_demangle.c - any symbol name is told in bounded time and length, or stays.
 */
#include <string.h>

#include "fuzz.h"
#include "symbols/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[DEMANGLE_IN_MAX + 8] = "_", text[DEMANGLE_OUT_MAX];
	size_t room = sizeof(name) - 2, len = size < room ? size : room;

	memcpy(name + 1, data, len);
	name[1 + len] = '\0';
	require(strlen(demangle(name, text)) < DEMANGLE_OUT_MAX);
	return 0;
}
