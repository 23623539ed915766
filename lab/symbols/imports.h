/*
 * imports.h - finds which function of another file a call instruction names; pure.
 *
 * Internal to lab/symbols. A stripped library has no names for most of its functions, libc's
 * memset(3) among them: the symbol of that name chooses one of several functions that have none
 * (IFUNC). The caller has the name: its call goes through an entry of its own table (PLT, GOT), and
 * a relocation gives the entry's name (elf(5); the x86-64 psABI).
 *
 * The file is hostile: nothing is read beyond `len`.
 * LIMITATIONS: only x86-64, and only calls through the table, not through a pointer that the
 * program keeps. The function called may end with a jump to another one, which then is the one that
 * runs.
 */
#ifndef OOMLAB_SYMBOLS_IMPORTS_H
#define OOMLAB_SYMBOLS_IMPORTS_H

#include <stddef.h>
#include <stdint.h>

struct imports;

/* data: the whole file, which must live on. NULL: no call can be named by it. */
struct imports *imports_open(const void *data, size_t len);

/*
 * The name of the function whose call returns to the address, which counts as the file's headers
 * do. Points into the file; NULL: no name is known.
 */
const char *imports_called(const struct imports *imports, uint64_t return_address);

void imports_close(struct imports *imports);

#endif
