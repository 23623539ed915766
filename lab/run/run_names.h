/*
 * run_names.h - why functions inside a system's library have no names here, and what brings them.
 */
#ifndef OOMLAB_RUN_RUN_NAMES_H
#define OOMLAB_RUN_RUN_NAMES_H

#include "base/strbuf.h"
#include "record/record.h"

/* Libraries with neither a symbol table nor a file of one: of the package libc6, and others. */
struct nameless {
	struct strbuf libc6, others;
};
#define NAMELESS_INIT ((struct nameless){STRBUF_INIT, STRBUF_INIT})

void nameless_add(struct nameless *nameless, const char *path);
/* Notes on them in the record; nothing stays to be released. */
void nameless_tell(struct nameless *nameless, struct record_writer *w);

/* Whether a list of dpkg's (DIR/PACKAGE*.list) has the path, or the one it had before /usr was one.
 */
bool run_is_of_package(const char *dir, const char *package, const char *path);

#endif
