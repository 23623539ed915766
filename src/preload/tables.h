/*
 * tables.h - the preload library's tables in the ring, as one process writes them: who it is, which
 * lines of code asked, which address space it holds, which small pointers are still out.
 *
 * Not here: what is counted when (count.h), the functions that programs call (hooks.c).
 *
 * Everything lies in the ring's shared pages, which the launcher made and paid for: a process
 * killed at any instruction leaves the figures as they were then. Nothing here allocates, locks or
 * waits; entries are claimed by one compare-and-swap each. So a signal handler may interrupt any
 * function and call any other, and threads and processes share one ring. What is full stays full:
 * the functions say so, and the caller counts it.
 *
 * Nothing read from the ring is trusted with an address: indexes are checked against the geometry
 * that tables_map() verified, whatever another process scribbles there.
 */
#ifndef OOMLAB_PRELOAD_TABLES_H
#define OOMLAB_PRELOAD_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

/* Maps the tables of the ring at `fd`. False: no ring, or one without tables. Once a process. */
bool tables_map(int fd);

/*
 * How files of code are found: glibc's _dl_find_object(), which takes no lock, or NULL where it is
 * older than 2.35; then sites stay plain addresses.
 */
void tables_use_finder(void *dl_find_object);

/* In the child of a fork: it becomes a process of its own at its next call. */
void tables_forked(void);

/* This process's entry, claimed at its first call here; NULL: the table is full. */
struct trace_process *tables_process(void);

/*
 * It ends by exit() or _exit(): what it followed may be forgotten. Not so when a child of a vfork()
 * does, which lives in its parent's memory.
 */
void tables_exited(void);

/* The entry of a return address, made if it is new; never NULL after tables_process() gave one. */
struct trace_site *tables_site(uintptr_t address, enum trace_taken what);

/* The key that ranges of that site carry: it names this process, also where the table is full. */
uint64_t tables_key(uintptr_t address, enum trace_taken what);

/* The entry that a key names, of this process. */
struct trace_site *tables_site_of(uint64_t key);

/* Follows a pointer. False: its bucket and those after it are full. */
bool follow_add(const void *p, size_t size, const struct trace_site *site);

/* Stops following it. NULL: it was not followed; else its site, with *size. */
struct trace_site *follow_remove(const void *p, size_t *size);

/* Holds [start, start + bytes) for a site. False: full. */
bool range_add(uintptr_t start, size_t bytes, uint64_t key);

/* Makes the newest range of that key that ends at `start` longer. False: there is none. */
bool range_extend(uintptr_t start, size_t bytes, uint64_t key);

/*
 * Gives up the malloc'd range that starts at `start`, exactly. Returns its size with *key, or 0.
 */
size_t range_remove(uintptr_t start, uint64_t *key);

/*
 * Gives up what lies in [start, start + bytes) of ranges that are not malloc's, and tells `cut` of
 * each piece. is_last: nothing is left of that range. Pieces that remain keep their sites.
 */
typedef void range_cut_fn(uint64_t key, size_t bytes, bool is_last);
void range_cut(uintptr_t start, size_t bytes, range_cut_fn *cut);

#endif
