#include "symbols/origin.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Paths as gcc, clang and rustc record them; those of Rust's library may be relative. */
bool origin_is_standard_source(const char *file)
{
	static const char *const starts[] = {
		"/usr/include/",      "/rustc/",	   "/rust/deps/",
		"library/alloc/src/", "library/core/src/", "library/std/src/",
	};
	static const char *const folders[] = {
		"/include/c++/",
		"/include/oomlab/",
		"/lib/gcc/",
		"/lib/clang/",
		"/rustlib/src/rust/library/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (text_starts_with(file, starts[i]))
			return true;
	if (text_ends_with(file, "scenarios/scenario.h"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (strstr(file, folders[i]))
			return true;
	return false;
}

/* "//anon" is of perf events (kernel/events/core.c), the rest of /proc/PID/maps (proc(5)). */
bool origin_is_made(const char *path)
{
	return !strcmp(path, "//anon") || !strcmp(path, "[heap]") ||
	       text_starts_with(path, "[anon");
}

bool origin_is_labs_library(const char *path)
{
	const char *name = name_of(path);

	return text_starts_with(name, "liboomlab_preload.so") ||
	       text_starts_with(name, ".oomlab_preload.so");
}

bool origin_is_system_library(const char *path)
{
	static const char *const names[] = {
		"libc.so",    "libc-",	   "ld-linux", "ld-musl", "libm.so",	 "libpthread",
		"libstdc++.", "libgcc_s.", "[vdso]",   "libasan", "libjemalloc", "libtcmalloc",
	};
	const char *name = name_of(path);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_starts_with(name, names[i]))
			return true;
	return origin_is_labs_library(path);
}
