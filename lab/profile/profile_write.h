/*
 * profile_write.h - what the touch profile found, as lines of the record. Internal to lab/profile.
 *
 * Bounded: of more than 1000 stacks the smallest are one line; maps of 64 processes.
 */
#ifndef OOMLAB_PROFILE_PROFILE_WRITE_H
#define OOMLAB_PROFILE_PROFILE_WRITE_H

#include "profile/address_space.h"
#include "profile/profile_table.h"
#include "profile/rss_ledger.h"
#include "record/record.h"
#include "symbols/unwind.h"

void profile_write_modules(const struct unwind *unwind, struct record_writer *w);
/* What went wrong with the stacks, if anything did. */
void profile_write_trouble(const struct unwind *unwind, struct record_writer *w);
void profile_write_processes(const struct rss_ledger *ledger, struct record_writer *w);
/* For the addresses in the kernel's own record of a kill. */
void profile_write_maps(const struct rss_ledger *ledger, struct unwind *unwind,
			struct record_writer *w);
/* has_reserve: who asked for memory was seen. */
void profile_write_mappings(const struct address_spaces *spaces, bool has_reserve,
			    struct record_writer *w);
/* The largest first. */
void profile_write_rows(const struct profile_table *table, struct record_writer *w);

#endif
