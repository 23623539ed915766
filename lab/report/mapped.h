/*
 * mapped.h - address space by the line of code that requested it, and who touched how much of it;
 * pure.
 *
 * The mapping lines of the touch profile and the arenas of the trace are joined by address. What
 * one line of code requested is one entry. Units: bytes, ns. Text is raw (hostile).
 */
#ifndef OOMLAB_REPORT_MAPPED_H
#define OOMLAB_REPORT_MAPPED_H

#include "report/touches.h"

/* Kinds of entries besides enum mapping_what. */
enum mapped_what {
	MAPPED_STACK = MAPPING_WHAT_COUNT, /* stacks that the kernel made */
	MAPPED_ELSEWHERE,		   /* touches in no known mapping */
	MAPPED_COUNT
};

struct mapped {
	unsigned int what;		  /* enum mapping_what, or one of these */
	const struct record_arena *arena; /* fills it, and no other is in it; NULL: no such */
	bool is_requested;		  /* the program chose the address */
	bool is_by_known;
	struct touch_line by;	   /* the line of code that requested it */
	int64_t reserved;	   /* absent: not known */
	int64_t calls;		   /* absent: not counted */
	int64_t returned;	   /* of reserved: was given back; absent: that was not seen */
	int64_t first_ns, last_ns; /* first and last touch; absent: not seen */
	struct touches touches;	   /* a page that went and came again is counted twice */
};

/* Zero-initialise. */
struct mapped_list {
	struct touch_frames frames;
	struct mapped *items; /* the most touched first */
	size_t count;
};

/* Count 0 when the record has no mappings. mapped_release() frees. */
void mapped_gather(const struct record *record, struct mapped_list *list);
void mapped_release(struct mapped_list *list);

/* For programs: "mmap", "stack". */
const char *mapped_what_name(const struct mapped *mapped);

/* The entry whose `arena` this is; NULL: none. */
const struct mapped *mapped_of_arena(const struct mapped_list *list,
				     const struct record_arena *arena);

/*
 * For people: "take at t.c:12", "node at t.c:5, heap", "arena \"pool\" of t.c:12", "stacks the
 * kernel made". The caller frees.
 */
char *mapped_by(const struct mapped *mapped);

#endif
