/*
 * perf_sample.h - decodes records of a perf ring into events; pure. Records that are not whole or
 * not plausible are refused.
 *
 * Their layout follows perf_sample_type() with sample_id_all; see perf_event_open(2). Pointers of
 * an event point into the record. Sizes are bytes, times CLOCK_MONOTONIC ns. Internal to
 * lab/profile.
 */
#ifndef OOMLAB_PROFILE_PERF_SAMPLE_H
#define OOMLAB_PROFILE_PERF_SAMPLE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/tracefs.h"

enum perf_event_kind {
	EVENT_OTHER,   /* nothing of interest */
	EVENT_RSS,     /* resident memory of a process grew or shrank */
	EVENT_FAULT,   /* a page fault */
	EVENT_TICK,    /* a tick of the clock that runs inside the kernel alone; no address */
	EVENT_RESERVE, /* the kernel has chosen an address for a large mapping */
	EVENT_REQUEST, /* the program requests a large mapping at an address */
	EVENT_UNMAP,   /* the program gives memory back */
	EVENT_REMAP,   /* the program moves memory, or changes its size */
	EVENT_INVOKE,  /* the OOM killer has chosen a victim; the event's thread invoked it */
	EVENT_HUGE,    /* a huge page was allocated, not yet mapped */
	EVENT_GROW,    /* the heap of brk(2) is of this size now */
	EVENT_MAP,     /* memory or a file was mapped, or its protection changed */
	EVENT_FORK,    /* of a process, not of a thread */
	EVENT_EXEC,
	EVENT_EXIT, /* of the main thread */
	EVENT_LOST, /* records were lost */
};

/*
 * Resident counters of an mm (MM_FILEPAGES, ...), numbered as in linux/mm_types_task.h since 4.6.
 */
enum rss_counter { RSS_FILE, RSS_ANON, RSS_SWAP, RSS_SHMEM, RSS_COUNT };

struct perf_event {
	enum perf_event_kind kind;
	uint64_t t_ns;
	pid_t pid, tid;
	pid_t parent; /* EVENT_FORK */
	/* EVENT_RSS */
	uint32_t mm_id;
	bool is_current; /* the mm is the event's process's own */
	enum rss_counter counter;
	int64_t size; /* bytes resident now */
	/* EVENT_FAULT */
	uint64_t address;
	/* all samples; regs and stack are NULL when the kernel had none to give */
	uint64_t period; /* how many events the sample stands for */
	uint64_t id;	 /* of the perf event (PERF_EVENT_IOC_ID) */
	const uint64_t *regs;
	const unsigned char *stack;
	size_t stack_len;
	/*
	 * EVENT_MAP, EVENT_RESERVE, EVENT_REQUEST, EVENT_UNMAP, EVENT_REMAP, EVENT_GROW; len alone:
	 * EVENT_HUGE
	 */
	uint64_t start, len;
	/* EVENT_REMAP: new_start is of meaning with MREMAP_FIXED alone */
	uint64_t new_start, new_len, flags;
	pid_t victim; /* EVENT_INVOKE */
	/* EVENT_MAP */
	uint64_t pgoff;
	bool is_code;	  /* executable */
	bool is_none;	  /* nobody may read or write it (PROT_NONE) */
	const char *path; /* "//anon", "[heap]": there is no file; EVENT_EXEC: comm, or NULL */
	/* EVENT_LOST */
	int64_t lost;
};

/*
 * Where the fields of tracepoints are in their raw bytes. An id of 0: that tracepoint is not used.
 */
struct perf_sample_layout {
	struct tracefs_field mm_id, curr, counter, size;
	uint64_t period;     /* of all samples, where they do not hold it; 0: they hold it */
	uint16_t reserve_id; /* mmap:vm_unmapped_area */
	struct tracefs_field reserve_start, reserve_len;
	uint16_t request_id; /* syscalls:sys_enter_mmap */
	struct tracefs_field request_start, request_len;
	uint16_t unmap_id; /* syscalls:sys_enter_munmap */
	struct tracefs_field unmap_start, unmap_len;
	uint16_t remap_id; /* syscalls:sys_enter_mremap */
	struct tracefs_field remap_start, remap_len, remap_new_start, remap_new_len, remap_flags;
	uint16_t invoke_id; /* oom:mark_victim */
	struct tracefs_field invoke_victim;
	uint16_t grow_id; /* maple_tree:ma_write */
	struct tracefs_field grow_first, grow_last, grow_value;
	uint16_t huge_id; /* kmem:mm_page_alloc */
	struct tracefs_field huge_order;
	const uint64_t *extra_ids; /* of events whose samples hold no period */
	size_t extra_count;
};

/* kmem:rss_stat, from the text of its format file. False: a field is missing or of another size. */
bool perf_sample_layout(const char *format, struct perf_sample_layout *layout);
/*
 * The same of mmap:vm_unmapped_area, syscalls:sys_enter_mmap, its like of munmap and mremap,
 * oom:mark_victim, maple_tree:ma_write and kmem:mm_page_alloc, with the tracepoint's id.
 */
bool perf_sample_layout_reserve(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_request(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_unmap(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_remap(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_invoke(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_grow(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_huge(const char *format, int64_t id, struct perf_sample_layout *layout);

/* sample_type of the events; regs and stack are in it where the machine is known. */
uint64_t perf_sample_type(void);

/*
 * Decodes one record of `len` bytes, 8-aligned, header included. False when it does not hold what
 * its type says; the event is then EVENT_OTHER.
 */
bool perf_sample_decode(const struct perf_sample_layout *layout, const void *record, size_t len,
			struct perf_event *event);

#endif
