/*
 * address_space.h - which reservation an address belongs to, as time goes on; pure.
 *
 * Large mappings are known from mmap:vm_unmapped_area, and where the program chose the address from
 * syscalls:sys_enter_mmap, with who asked; how far they reach, and the heap of brk(2), from
 * PERF_RECORD_MMAP2. What was mapped later at an address that the kernel chose hides what was there
 * before; at one of the program's choice it is more of what was there, as a heap is committed in
 * parts. Of what was mapped in small pieces nobody is known who asked: it is one mapping a process.
 * So is what is large and nobody was seen to ask for, and so are files, programs' own among them.
 *
 * A thread's stack is what lies above a guard, up to the end of one call's mapping; that of the
 * main thread is where its stack pointer was first.
 *
 * Of a heap that has become large some growths are known with who asked, by maple_tree:ma_write:
 * what comes after one is the same asker's until the next. Before, it is nobody's.
 *
 * Bounded: MAPPINGS_MAX mappings, after half of which those of one stack are one, and HEAPS_MAX
 * askers for growth of heaps; SPACES_MAX processes of RANGES_MAX ranges; of more, nothing is known.
 *
 * LIMITATIONS: munmap(2) is not seen. A guard made by madvise(2) (MADV_GUARD_INSTALL) is not seen:
 * such a stack is memory like any other. What is mapped at a chosen address where something was
 * unmapped counts to what was there. Growth in place by mremap(2) is in no mapping.
 */
#ifndef OOMLAB_PROFILE_ADDRESS_SPACE_H
#define OOMLAB_PROFILE_ADDRESS_SPACE_H

#include "profile/address_ranges.h"
#include "profile/perf_sample.h"
#include "record/names.h"
#include "symbols/unwind.h"

enum {
	MAPPINGS_MAX = 512,
	HEAPS_MAX = 128,
	SPACES_MAX = 256,
	PENDING_MAX = 256,
};

/* Ids of mappings are from 1. */
enum { MAPPING_UNKNOWN = 0 };

struct space_mapping {
	enum mapping_what what;
	pid_t pid;
	bool is_requested; /* mmap(2) was told the address */
	uint64_t start;	   /* of the first */
	int64_t bytes;	   /* of all */
	int64_t calls;
	int64_t open_bytes, open_calls; /* of these, room that was found and not seen mapped */
	uint64_t t_ns;			/* when the first was made */
	uint64_t first_ns, last_ns;	/* touched; 0: not */
	size_t depth;			/* 0: nobody is known who asked */
	struct unwind_frame *frames;
};

struct address_space {
	pid_t pid;
	int heap, pieces, unseen, file, labs; /* mappings nobody is known for; 0: none yet */
	int grower; /* mapping of who asked last for more of the heap; 0: nobody */
	uint64_t heap_start, heap_end;
	bool is_heap_watched;
	uint64_t main_sp; /* of the main thread, on the stack the kernel made; 0: not known */
	struct address_ranges ranges;
};

/* What a thread asked for last; open until it is known how far it reaches. */
struct pending_call {
	pid_t pid, tid;
	bool is_open, is_asked; /* is_asked: at this address, if it is free */
	uint64_t pc, sp;	/* of the call */
	uint64_t start, end;
	uint64_t t_ns;
	int mapping;
};

/* Zero-initialise. */
struct address_spaces {
	struct space_mapping *mappings; /* id - 1 */
	size_t mapping_count, heap_count;
	struct address_space spaces[SPACES_MAX];
	size_t space_count;
	struct pending_call pending[PENDING_MAX];
};

/* EVENT_RESERVE, with its stack. */
void address_space_reserve(struct address_spaces *spaces, const struct perf_event *event,
			   const struct unwind_frame *frames, size_t depth);
/* EVENT_ASK, with its stack. */
void address_space_ask(struct address_spaces *spaces, const struct perf_event *event,
		       const struct unwind_frame *frames, size_t depth);
/* EVENT_GROW, with its stack. */
void address_space_grow(struct address_spaces *spaces, const struct perf_event *event,
			const struct unwind_frame *frames, size_t depth);
/*
 * Whether the heap of a process has become large and is not watched, and where it begins. Answers
 * yes once a program: from then on it is.
 */
bool address_space_has_heap(struct address_spaces *spaces, pid_t pid, uint64_t *start);
/* EVENT_MAP, of whatever. */
void address_space_map(struct address_spaces *spaces, const struct perf_event *event);
void address_space_fork(struct address_spaces *spaces, const struct perf_event *event);
/* An exec or the end of a process: nothing is mapped. */
void address_space_clear(struct address_spaces *spaces, pid_t pid);

/* What is mapped together with an address; NULL: not known. Until the next call that changes it. */
const struct address_range *address_space_range(const struct address_spaces *spaces, pid_t pid,
						uint64_t address);

/* Any event that can tell where the stack of the main thread is. */
void address_space_note_sp(struct address_spaces *spaces, const struct perf_event *event);
/* NULL: nothing is known of the process. */
const struct address_space *address_space_of(const struct address_spaces *spaces, pid_t pid);

/* The mapping at an address, or MAPPING_UNKNOWN. */
int address_space_find(const struct address_spaces *spaces, pid_t pid, uint64_t address);

/* The mapping that the same system call made: it is being populated. Else MAPPING_UNKNOWN. */
int address_space_populated(const struct address_spaces *spaces, const struct perf_event *event);

/* The mapping that the thread of an event asked for since `t_ns`, or MAPPING_UNKNOWN. */
int address_space_newest(const struct address_spaces *spaces, const struct perf_event *event,
			 uint64_t t_ns);

/*
 * Takes out of its sums what the kernel refused: room was found, nothing was mapped there, and none
 * of the mapping was ever touched. (mremap(2) maps without telling.)
 */
void address_space_drop_refused(struct address_spaces *spaces);

/* NULL of none. */
struct space_mapping *address_space_mapping(const struct address_spaces *spaces, int id);

void address_space_release(struct address_spaces *spaces);

#endif
