/*
 * profile_write.h - writes what the touch profile found, as lines of the record. For lab/profile;
 * the snapshot uses profile_write_trouble().
 *
 * Bounded: of more than 1000 rows the smaller ones are summed by ever shorter stacks; 1000
 * processes, and maps of 64.
 */
#ifndef OOMLAB_PROFILE_PROFILE_WRITE_H
#define OOMLAB_PROFILE_PROFILE_WRITE_H

#include "profile/address_space.h"
#include "profile/invokers.h"
#include "profile/profile_table.h"
#include "profile/rss_ledger.h"
#include "record/record.h"
#include "symbols/unwind.h"

void profile_write_modules(const struct unwind *unwind, struct record_writer *w);
/* A note of what went wrong in unwinding, if anything did. */
void profile_write_trouble(const struct unwind *unwind, struct record_writer *w);
void profile_write_processes(const struct rss_ledger *ledger, struct record_writer *w);
/* Code mappings, for the addresses in the kernel's own messages of a kill. */
void profile_write_maps(const struct rss_ledger *ledger, struct unwind *unwind,
			struct record_writer *w);
/* has_reserve: mmap:vm_unmapped_area was open, so it is known who requested memory. */
void profile_write_mappings(const struct address_spaces *spaces, bool has_reserve,
			    struct record_writer *w);
void profile_write_invokers(const struct invokers *invokers, struct record_writer *w);
/* The largest first. */
void profile_write_rows(const struct profile_table *table, struct record_writer *w);

#endif
