/*
 * trace_sites.h - the preload library's tables in a ring: read, checked, and packed for a dump.
 *
 * Not here: filling them (src/preload does), the rest of the ring (trace_ring.h, which calls this).
 *
 * Units: bytes; addresses are those of the process that wrote them; pids are as that process saw
 * itself. The tables were written by the program under test and are hostile, as trace_ring.h says:
 * what does not fit is dropped or made to fit, paths are valid UTF-8 without control characters.
 */
#ifndef OOMLAB_TRACE_TRACE_SITES_H
#define OOMLAB_TRACE_TRACE_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "src/trace_format.h"

#define TRACE_SITES_MAX_BYTES (UINT64_C(1) << 60) /* no figure is larger */

/* A program image that loaded the library. */
struct trace_log_process {
	uint32_t id; /* 1.. */
	uint32_t pid;
	uint32_t parent; /* id of the process it was forked from; 0: none */
	enum trace_process_state state;
	uint64_t frees_unknown;			   /* calls */
	uint64_t not_followed, not_followed_bytes; /* allocations whose giving back was not seen */
};

/* One line of code of one process. live = asked - freed <= peak <= asked; frees <= calls. */
struct trace_log_site {
	uint32_t process; /* id; 0: of several, what found the table of sites full */
	enum trace_taken what;
	uint64_t address;		   /* return address; 0: several */
	const char *module;		   /* lives as long as the log; NULL: not known */
	uint32_t module_id;		   /* 1..; 0: not known */
	uint64_t offset;		   /* of the return address in the module */
	uint64_t calls, refused, frees;	   /* calls that gave memory, that did not, ... */
	uint64_t asked, freed, live, peak; /* bytes */
};

/* Address space that was held at the end. */
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
	bool is_damaged;	 /* the program wrote over them */
	uint64_t processes_lost; /* that found the table full: they count nothing */
};

/*
 * Whether the capacities of a header are ones that a reader will look at; their sum is then far
 * below 2^63.
 */
bool trace_sites_fit(const struct trace_header *header) __attribute__((nonnull));

/* Reads the tables of a ring or dump of `len` bytes at `buf`, whose header was checked. */
void trace_sites_parse(const void *buf, size_t len, const struct trace_header *header,
		       struct trace_sites *to) __attribute__((nonnull));
void trace_sites_release(struct trace_sites *sites) __attribute__((nonnull));

/* Process of that id, or NULL. */
const struct trace_log_process *trace_sites_process(const struct trace_sites *sites, uint32_t id)
	__attribute__((nonnull));

/*
 * Appends what is in use of the live tables at `tables`, whose sizes `header` tells, and sets the
 * capacities in `header` to what was appended. The pointers that are followed stay behind: figures
 * are all in the sites.
 */
void trace_sites_pack(const void *tables, struct trace_header *header, struct strbuf *to)
	__attribute__((nonnull));

#endif
