/*
 * run_nameless.h - notes which system libraries have no symbols here, so that their functions have
 * no names, and which package brings them.
 */
#ifndef OOMLAB_RUN_RUN_NAMELESS_H
#define OOMLAB_RUN_RUN_NAMELESS_H

#include "base/strbuf.h"
#include "record/record.h"

/* Lists of quoted paths: the libraries of the package libc6, and all others. */
struct run_nameless {
	struct strbuf libc6, others;
};
#define RUN_NAMELESS_INIT ((struct run_nameless){STRBUF_INIT, STRBUF_INIT})

/* path: of a library without a symbol table, of its own or in a separate file. */
void run_nameless_add(struct run_nameless *nameless, const char *path);

/* Writes a note for each list that is not empty, and releases both. */
void run_nameless_note(struct run_nameless *nameless, struct record_writer *w);

/*
 * Whether a list of dpkg(1), DIR/PACKAGE.list or DIR/PACKAGE:ARCH.list, has the path. "/lib/x" and
 * "/usr/lib/x" are the same path here, because hosts with a merged /usr show either.
 */
bool run_nameless_is_of_package(const char *dir, const char *package, const char *path);

#endif
