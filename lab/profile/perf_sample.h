/*
 * perf_sample.h - bytes of a perf ring to events; pure, and bytes it cannot trust are refused.
 *
 * The layout is that of probes.c()'s sample_type with sample_id_all; see perf_event_open(2).
 * Everything points into the record that was given.
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
	EVENT_TICK,    /* the clock, inside the kernel: of no address */
	EVENT_RESERVE, /* room for a large mapping was found */
	EVENT_ASK,     /* a large mapping is asked for at an address; not yet mapped */
	EVENT_HUGE,    /* a huge page was handed out, not yet mapped */
	EVENT_GROW,    /* the heap of brk(2) is of this size now */
	EVENT_MAP,     /* memory or a file was mapped, or its protection changed */
	EVENT_FORK,    /* of a process, not of a thread */
	EVENT_EXEC,
	EVENT_EXIT, /* of the main thread */
	EVENT_LOST,
};

/* Resident counters of an mm (MM_FILEPAGES, ...), numbered as in linux/mm_types_task.h since 4.6. */
enum rss_counter { RSS_FILE, RSS_ANON, RSS_SWAP, RSS_SHMEM, RSS_COUNT };

struct perf_event {
	enum perf_event_kind kind;
	uint64_t t_ns;
	pid_t pid, tid;
	pid_t parent; /* EVENT_FORK */
	/* EVENT_RSS */
	uint32_t mm_id;
	bool is_current; /* the process's own memory, not another's that it works on */
	enum rss_counter counter;
	int64_t size; /* bytes resident now */
	/* EVENT_FAULT */
	uint64_t period, address;
	/* all samples; NULL when the kernel had none to give */
	uint64_t id; /* of the event */
	const uint64_t *regs;
	const unsigned char *stack;
	size_t stack_len;
	/* EVENT_MAP, EVENT_RESERVE, EVENT_ASK, EVENT_GROW; len alone: EVENT_HUGE */
	uint64_t start, len;
	/* EVENT_MAP */
	uint64_t pgoff;
	bool is_code;
	bool is_none;	  /* nobody may read or write it (PROT_NONE) */
	const char *path; /* "//anon", "[heap]" when it is of no file; EVENT_EXEC: comm, or NULL */
	/* EVENT_LOST */
	int64_t lost;
};

/* The fields of tracepoints in their raw bytes; ids that are 0 are of none. */
struct perf_sample_layout {
	struct tracefs_field mm_id, curr, counter, size;
	uint64_t period;     /* of all samples, which then do not hold it; 0: they do */
	uint16_t reserve_id; /* mmap:vm_unmapped_area */
	struct tracefs_field reserve_start, reserve_len;
	uint16_t ask_id; /* syscalls:sys_enter_mmap */
	struct tracefs_field ask_start, ask_len;
	uint16_t grow_id; /* maple_tree:ma_write */
	struct tracefs_field grow_first, grow_last, grow_value;
	uint16_t huge_id; /* kmem:mm_page_alloc */
	struct tracefs_field huge_order;
	const uint64_t *extra_ids; /* of events whose samples hold no period */
	size_t extra_count;
};

/* From the text of the format file. False when a field is missing or of another size. */
bool perf_sample_layout(const char *format, struct perf_sample_layout *layout);
/*
 * The same of mmap:vm_unmapped_area, whose id it is; of syscalls:sys_enter_mmap,
 * maple_tree:ma_write, kmem:mm_page_alloc.
 */
bool perf_sample_layout_reserve(const char *format, int64_t id, struct perf_sample_layout *layout);
bool perf_sample_layout_ask(const char *format, int64_t id, struct perf_sample_layout *layout);
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
