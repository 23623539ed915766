/*
 * trace_sites.h - reads the preload library's tables in a ring, and packs them for a dump. They
 * count memory by site, which is one line of code that takes it (src/trace_format.h).
 *
 * Not here: filling them (src/preload does), the rest of the ring (trace_ring.h, which calls this).
 *
 * Units: bytes; addresses are those of the process that wrote them; pids are as that process saw
 * itself (in its pid namespace). The tables are hostile, as trace_ring.h says: what does not fit is
 * dropped or made to fit, paths are valid UTF-8 without control characters.
 */
#ifndef OOMLAB_TRACE_TRACE_SITES_H
#define OOMLAB_TRACE_TRACE_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "src/trace_format.h"

#define TRACE_SITES_MAX_BYTES (UINT64_C(1) << 60) /* larger figures are cut to this */

/* A program image that loaded the library. */
struct trace_log_process {
	uint32_t id; /* 1.. */
	uint32_t pid;
	uint32_t parent; /* id of the process it was forked from; 0: none */
	enum trace_process_state state;
	uint64_t frees_unknown;			   /* calls that freed memory of no known site */
	uint64_t not_followed, not_followed_bytes; /* allocations whose freeing is not seen */
};

/* One line of code of one process. live = asked - freed <= peak <= asked; frees <= calls. */
struct trace_log_site {
	uint32_t process;      /* id; 0: of several, for what found the table of sites full */
	enum trace_taken what; /* by which kind of call */
	uint64_t address;      /* return address; 0: several */
	const char *module;    /* lives as long as the log; NULL: not known */
	uint32_t module_id;    /* 1..; 0: not known */
	uint64_t offset;       /* of the return address in the module */
	uint64_t calls, refused, frees;	   /* calls that got memory, were refused, gave it back */
	uint64_t refused_most;		   /* bytes of the largest request that was refused */
	uint64_t asked, freed, live, peak; /* bytes; asked: got by all calls so far */
};

/* Address space that a site still held. */
struct trace_log_range {
	uint32_t process;
	enum trace_taken what;
	uint64_t address; /* of its site */
	uint64_t start, bytes;
};

/* Zero-initialise. Owned arrays. */
struct trace_sites {
	struct trace_log_process *processes; /* by id, without those that are not sound */
	size_t process_count;
	char (*modules)[TRACE_MODULE_PATH_MAX];
	size_t module_count;
	struct trace_log_site *sites;
	size_t site_count;
	struct trace_log_range *ranges;
	size_t range_count;
	bool is_damaged;	 /* the program wrote over the tables */
	uint64_t processes_lost; /* found the table full, so that nothing of them is counted */
};

/*
 * True when the capacities of a header are within the reader's limits; the bytes of all tables are
 * then far below 2^63.
 */
bool trace_sites_fit(const struct trace_header *header) __attribute__((nonnull));

/* Reads the tables of a ring or dump of `len` bytes at `buf`, whose header was checked. */
void trace_sites_parse(const void *buf, size_t len, const struct trace_header *header,
		       struct trace_sites *to) __attribute__((nonnull));
void trace_sites_release(struct trace_sites *sites) __attribute__((nonnull));

/* The process of that id, or NULL. */
const struct trace_log_process *trace_sites_process(const struct trace_sites *sites, uint32_t id)
	__attribute__((nonnull));

/*
 * Appends the entries in use of the live tables at `tables`, whose capacities are in `header`, and
 * sets those to what was appended. Followed pointers are left out: all figures are in the sites.
 */
void trace_sites_pack(const void *tables, struct trace_header *header, struct strbuf *to)
	__attribute__((nonnull));

#endif
