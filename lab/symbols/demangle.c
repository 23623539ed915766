#include "symbols/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

struct output {
	char *text;
	size_t len;
	jmp_buf too_much; /* the only way to stop libiberty, which then leaks some hundred bytes */
};

/* An empty piece may be NULL. */
static void take(const char *piece, size_t len, void *opaque)
{
	struct output *out = opaque;

	if (len >= DEMANGLE_OUT_MAX - out->len)
		longjmp(out->too_much, 1);
	if (len)
		memcpy(out->text + out->len, piece, len);
	out->len += len;
}

/* Rust comes first: its older names are C++ names with a hash at the end. */
static bool write_out(const char *name, struct output *out)
{
	if (setjmp(out->too_much))
		return false;
	return rust_demangle_callback(name, DMGL_NO_OPTS, take, out) ||
	       cplus_demangle_v3_callback(name, DMGL_NO_OPTS, take, out);
}

const char *demangle(const char *name, char text[DEMANGLE_OUT_MAX])
{
	struct output out = {.text = text};
	bool is_mangled = name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');

	if (!is_mangled || strlen(name) > DEMANGLE_IN_MAX || !write_out(name, &out) || !out.len)
		return name;
	text[out.len] = '\0';
	return text;
}
