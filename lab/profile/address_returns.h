/*
 * address_returns.h - address space that a process gives back, or moves; pure.
 *
 * Internal to lab/profile. What munmap(2) gives back is nobody's from then on, and so are the
 * addresses that mremap(2) moves memory away from: what is mapped there later is not counted for
 * who requested it before. Both are told of as the call begins, so nothing can be mapped there yet.
 *
 * What was given back counts as reserved all the same, but not what was PROT_NONE, nor a part of a
 * mapping that its thread gives back right after it was made: nobody can have touched that. So of
 * 128 MiB that malloc(3) maps for a thread's arena, to keep the 64 MiB that are aligned, 64 MiB
 * count.
 *
 * LIMITATIONS: memory that a process has from its parent is cut, but counted as given back by none.
 */
#ifndef OOMLAB_PROFILE_ADDRESS_RETURNS_H
#define OOMLAB_PROFILE_ADDRESS_RETURNS_H

#include "profile/address_space.h"

/* EVENT_UNMAP. */
void address_returns_unmap(struct address_spaces *spaces, const struct perf_event *event);
/* EVENT_REMAP. */
void address_returns_remap(struct address_spaces *spaces, const struct perf_event *event);

#endif
