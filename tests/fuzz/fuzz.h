/*
 * fuzz.h - what the fuzz programs share. Each is one file with LLVMFuzzerTestOneInput(); `make
 * fuzz` builds them with clang's libFuzzer under ASan and UBSan and runs them by tests/fuzz/run.
 */
#ifndef OOMLAB_TESTS_FUZZ_H
#define OOMLAB_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding unless it holds. */
static inline void require(int condition)
{
	if (!condition)
		abort();
}

#endif
