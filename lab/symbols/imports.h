/*
 * imports.h - which function of another file a call instruction names; pure.
 *
 * Internal to lab/symbols. Libraries without their debug information have no name for most of what
 * is inside them, libc's memset(3) among it: its symbol there is that of a function which chooses
 * one of several. Who calls it knows it by name: the call goes by an entry of the caller's own
 * table (PLT, GOT), which a relocation gives the name of.
 *
 * The file is taken as it is: any bytes, of which nothing is read beyond `len`.
 * LIMITATIONS: x86-64, a call by the table alone: not by a pointer that the program keeps. What is
 * called may end with a jump to another function, which then is the one that runs.
 */
#ifndef OOMLAB_SYMBOLS_IMPORTS_H
#define OOMLAB_SYMBOLS_IMPORTS_H

#include <stddef.h>
#include <stdint.h>

struct imports;

/* data: the whole file, which must live on. NULL: there is nothing to be known by it. */
struct imports *imports_open(const void *data, size_t len);

/*
 * What the call names that returns to the address (as the file's headers count). A part of the
 * file; NULL: none.
 */
const char *imports_called(const struct imports *imports, uint64_t return_address);

void imports_close(struct imports *imports);

#endif
