/*
 * address_space.h - which mapping an address belongs to, as time goes on; pure.
 *
 * A mapping is address space by who requested it, that is by process and call chain; it has one
 * range or many. Large mappings (PROBES_LARGE_BYTES) are known from mmap:vm_unmapped_area, and
 * those at an address that the program chose from syscalls:sys_enter_mmap, both with the call
 * chain. How far they reach, and the heap of brk(2), is known from PERF_RECORD_MMAP2. A later
 * mapping at an address that the kernel chose replaces what was there; one at an address that the
 * program chose adds to it, as a heap is committed in parts. What munmap(2) gives back is nobody's
 * from then on (syscalls:sys_enter_munmap), and so are the addresses that mremap(2) moves memory
 * away from. Each process has one ownerless mapping
 * of each kind, where it is not known who requested it: small ones, large ones that no event came
 * before, and files.
 *
 * A thread's stack is what lies above a guard, up to the end of one call's mapping; that of the
 * main thread is around where its stack pointer was first.
 *
 * Of a heap that has become large some growths are seen with their call chain
 * (maple_tree:ma_write). What the heap grows by afterwards counts for the same call chain until the
 * next one is seen. Before the first the heap is ownerless.
 *
 * Bounded: HEAPS_MAX call chains for heaps; SPACES_MAX processes of RANGES_MAX ranges; of more,
 * nothing is known.
 *
 * LIMITATIONS: shmdt(2) is not seen. A guard made by madvise(2) (MADV_GUARD_INSTALL) is not seen:
 * such a stack is memory like any other. What mremap(2) adds in place is in no mapping, nor is
 * memory of less than 1 MiB that it may have moved.
 */
#ifndef OOMLAB_PROFILE_ADDRESS_SPACE_H
#define OOMLAB_PROFILE_ADDRESS_SPACE_H

#include "profile/address_ranges.h"
#include "profile/perf_sample.h"
#include "profile/space_mappings.h"
#include "symbols/unwind.h"

enum {
	HEAPS_MAX = 128,
	SPACES_MAX = 256,
	PENDING_MAX = 256, /* threads, by tid: one may evict another's call */
};

struct address_space {
	pid_t pid;
	int heap, small, unseen, file, labs; /* ids of the ownerless mappings; 0: none yet */
	int grower; /* id of the mapping that more of the heap counts for; 0: ownerless */
	uint64_t heap_start, heap_end;
	bool is_heap_watched;
	uint64_t main_sp; /* first stack pointer of the main thread; 0: not known */
	struct address_ranges ranges;
};

/* The last large mapping that a thread requested, or made larger. */
struct pending_call {
	pid_t pid, tid;
	bool is_open;	   /* its PERF_RECORD_MMAP2 is still to come */
	bool is_requested; /* the program chose the address */
	bool is_moving;	   /* mremap(2) of [start, end), which an EVENT_RESERVE may follow */
	uint64_t pc, sp;   /* of the call */
	uint64_t start, end;
	uint64_t t_ns;
	int mapping;
};

/* Zero-initialise. */
struct address_spaces {
	struct space_mappings mappings;
	size_t heap_count; /* call chains of heaps */
	struct address_space spaces[SPACES_MAX];
	size_t space_count;
	struct pending_call pending[PENDING_MAX];
};

/* EVENT_RESERVE, with its stack. */
void address_space_reserve(struct address_spaces *spaces, const struct perf_event *event,
			   const struct unwind_frame *frames, size_t depth);
/* EVENT_REQUEST, with its stack. */
void address_space_request(struct address_spaces *spaces, const struct perf_event *event,
			   const struct unwind_frame *frames, size_t depth);
/* EVENT_GROW, with its stack. */
void address_space_grow(struct address_spaces *spaces, const struct perf_event *event,
			const struct unwind_frame *frames, size_t depth);
/*
 * Whether the heap of a process has become large and is not watched yet; *start: where it begins.
 * True once for each program: the caller then watches it.
 */
bool address_space_has_heap(struct address_spaces *spaces, pid_t pid, uint64_t *start);
/* EVENT_MAP. */
void address_space_map(struct address_spaces *spaces, const struct perf_event *event);
void address_space_fork(struct address_spaces *spaces, const struct perf_event *event);
/* An exec or the end of a process: nothing is mapped. */
void address_space_clear(struct address_spaces *spaces, pid_t pid);

/* The range of an address; NULL: not known. Valid until the next call that changes ranges. */
const struct address_range *address_space_range(const struct address_spaces *spaces, pid_t pid,
						uint64_t address);

/* Call with every event that has registers: learns where the main thread's stack is. */
void address_space_note_sp(struct address_spaces *spaces, const struct perf_event *event);
/* NULL: nothing is known of the process. */
struct address_space *address_space_of(const struct address_spaces *spaces, pid_t pid);
/* The last call of that thread, or of another that has its slot. */
struct pending_call *address_space_pending(struct address_spaces *spaces, pid_t tid);

/* The mapping at an address, or MAPPING_UNKNOWN. */
int address_space_find(const struct address_spaces *spaces, pid_t pid, uint64_t address);

/* The mapping that the event's own system call made, and now populates; else MAPPING_UNKNOWN. */
int address_space_populated(const struct address_spaces *spaces, const struct perf_event *event);

/* The mapping that the thread of an event requested since `t_ns`, or MAPPING_UNKNOWN. */
int address_space_newest(const struct address_spaces *spaces, const struct perf_event *event,
			 uint64_t t_ns);

/*
 * Subtracts what the kernel refused: it found an address, but no mapping followed. Mappings that
 * were touched are left as they are, because mremap(2) maps without an event.
 */
void address_space_drop_refused(struct address_spaces *spaces);

void address_space_release(struct address_spaces *spaces);

#endif
