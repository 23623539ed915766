/*
 * trace_format.h - the trace ring as it lies in memory and in trace.bin: layout and words only.
 *
 * Not here: functions, pointers, anything that depends on a process. The writer is trace.c (any
 * number of threads and processes), the reader is the lab; both see the ring only through this.
 *
 *	header | arena table: arena_capacity entries | block_count blocks of records | tables of the
 *	preload library: processes, modules, sites, ranges, followed pointers (all empty without it)
 *
 *  1. The launcher makes the ring: zeroes, then the header with everything but the counters.
 *  2. A process claims an entry of the arena table for each arena and keeps its figures current
 *     there: they are exact whatever becomes of the records.
 *  3. A thread claims a block by adding one to blocks_claimed; claim n (from 1) owns block
 *     (n - 1) % block_count and fills it alone, without further coordination. A full ring is
 *     lapped: the oldest block goes, its records are added to records_lost. A block that is being
 *     taken over, or belongs to a newer claim already, is left alone for another claim.
 *  4. A record is valid when its check word fits its fields and its block's claim (trace_check.h).
 *     One torn by lapping, by a fork that ran no fork handlers or by a kill does not fit.
 *  5. What the preload library (preload/count.h) counts stands in its tables, at one line of code
 *     ("site") of one process each: exact whatever becomes of the records.
 *
 * Units: sizes and offsets are bytes; times are ticks of the clock named in the header, two
 * (ticks, ns) pairs convert them; addresses are those of the process that wrote them. Byte order
 * and word size are the machine's: a ring is read where it was written. Every value was written by
 * the program under test: to a reader all of it is hostile.
 *
 * Time: reading a clock costs more than the rest of a record. Only every TRACE_TIMED_EVERY-th
 * record of a block, and every record that is not an allocation of a few bytes, has a reading of
 * its own; the others carry the last reading of their block: they happened then or later, and
 * before the next reading of that block. The order of one thread's records is exact: by time, then
 * by claim, then by place in the block.
 *
 * LIMITATIONS: time order between processors is as good as their clocks agree, and between threads
 * that make small allocations as good as their readings.
 */
#ifndef OOMLAB_TRACE_FORMAT_H
#define OOMLAB_TRACE_FORMAT_H

#include <stdint.h>

/* Environment variable with the number of the descriptor of the ring. */
#define TRACE_FD_ENV	     "OOMLAB_TRACE_FD"

#define TRACE_MAGIC	     UINT64_C(0x31474e4952424d4f) /* "OMBRING1" in memory, little endian */
#define TRACE_VERSION	     3u
#define TRACE_NAME_MAX	     40 /* bytes, with the NUL */
#define TRACE_BLOCK_RECORDS  100
#define TRACE_TIMED_BYTES    4096   /* a TRACE_ALLOC of as many has a time of its own */
#define TRACE_TIMED_EVERY    8	    /* so have the records 0, 8, 16 ... of a block */
#define TRACE_ARENA_CAPACITY 65535u /* ids are 16 bits; 0 is "none" */

/* When an arena writes zeroes. 0 is unset. */
enum arena_policy {
	ARENA_CLEAR_UNSET,
	ARENA_CLEAR_EAGERLY,	   /* all of it, in arena_init() */
	ARENA_CLEAR_ON_ALLOCATION, /* what is handed out, when it is handed out */
	ARENA_CLEAR_NEVER,
	ARENA_CLEAR_COUNT
};

/* Where an arena's memory comes from. 0 is unset. */
enum arena_source {
	ARENA_SOURCE_UNSET,
	ARENA_SOURCE_MALLOC,  /* one malloc() in arena_init() */
	ARENA_SOURCE_RESERVE, /* address space reserved at once, committed step by step */
	ARENA_SOURCE_BACKING, /* the caller's buffer */
	ARENA_SOURCE_COUNT
};

/* What a record says. `offset` is from the base of the arena unless said otherwise. */
enum trace_op {
	TRACE_NONE,	      /* never written: an empty place */
	TRACE_ATTACH,	      /* a process found the ring, or was forked: pid is in the block */
	TRACE_RESERVE,	      /* arena_init() got `size` bytes; offset: the address of the base */
	TRACE_REFUSED,	      /* `size` bytes were refused with `error`; offset: bytes used then */
	TRACE_COMMIT,	      /* [offset, offset + size) was made accessible */
	TRACE_CLEAR_BEGIN,    /* eager clearing of [offset, offset + size) starts */
	TRACE_CLEAR_PROGRESS, /* [0, offset) is cleared, the next `size` bytes are under way */
	TRACE_CLEAR_END,      /* eager clearing of [offset, offset + size) is done */
	TRACE_ALLOC,	      /* [offset, offset + size) was handed out */
	TRACE_TOUCH,	      /* [offset, offset + size) had a byte of each page written */
	TRACE_REWIND,	      /* used fell by `size` to offset */
	TRACE_RESET,	      /* used fell by `size` to 0 */
	TRACE_DECOMMIT,	      /* the pages of [offset, offset + size) went back to the kernel */
	TRACE_RELEASE,	      /* the arena ended; `size` bytes of address space were given up */
	TRACE_TAKE, /* preload: `size` bytes at address `offset`; arena: enum trace_taken */
	TRACE_GIVE, /* preload: they were given back; the rest as for TRACE_TAKE */
	TRACE_OP_COUNT
};

/* What ticks are; a writer built for another clock does not write. */
enum trace_clock {
	TRACE_CLOCK_UNSET,
	TRACE_CLOCK_MONOTONIC, /* ns of CLOCK_MONOTONIC */
	TRACE_CLOCK_TSC,       /* x86-64 time stamp counter */
	TRACE_CLOCK_CNTVCT,    /* aarch64 virtual counter */
	TRACE_CLOCK_COUNT
};

/* One moment on both clocks; all zero: not taken. */
struct trace_moment {
	uint64_t ticks;
	uint64_t ns; /* CLOCK_MONOTONIC */
};

/* 128 bytes at offset 0. The counters have a cache line of their own. */
struct trace_header {
	uint64_t magic;
	uint32_t version;
	uint32_t clock;		     /* enum trace_clock */
	uint32_t arena_capacity;     /* entries in the table, 1..TRACE_ARENA_CAPACITY */
	uint32_t block_count;	     /* 1.. */
	uint64_t total_bytes;	     /* of header, table and blocks together */
	struct trace_moment created; /* by the launcher, when it made the ring */
	struct trace_moment read;    /* by the launcher, when it dumped the ring; else zero */

	uint64_t blocks_claimed; /* so far: the claim number of the newest block */
	uint64_t records_lost;	 /* overwritten by lapping */
	uint32_t arenas_claimed; /* so far; may exceed the capacity */
	/* The preload library's part; without it all capacities are 0. */
	uint32_t processes_claimed; /* so far; may exceed the capacity */
	uint32_t process_capacity;  /* ..TRACE_PROCESS_CAPACITY */
	uint32_t module_capacity;
	uint32_t site_capacity;	 /* in a ring a power of two; ..TRACE_SITE_CAPACITY */
	uint32_t range_capacity; /* in a ring a power of two */
	uint32_t follow_buckets; /* in a ring a power of two; in a dump 0 */
	uint32_t reserved0;
	uint64_t reserved1[2];
};

enum trace_arena_state { TRACE_ARENA_EMPTY, TRACE_ARENA_ENTERED, TRACE_ARENA_RELEASED };

/*
 * One arena; 192 bytes. Entry i has id i + 1. All figures are bytes.
 * After its release they stay as they were just before.
 * used <= committed, touched <= committed, committed <= reserved, used <= peak <= reserved.
 */
struct trace_arena {
	uint32_t state;	 /* enum trace_arena_state, written after the first half */
	uint32_t pid;	 /* of the process it lives in */
	uint16_t parent; /* id of the arena it is the copy of since a fork; 0: none */
	uint8_t policy;	 /* enum arena_policy */
	uint8_t source;	 /* enum arena_source */
	uint32_t error;	 /* errno of the last refusal; 0: none */
	char name[TRACE_NAME_MAX];
	uint64_t time_first; /* ticks, of arena_init() or of the fork */
	uint64_t base;	     /* address of the first byte; 0 while refused */
	uint64_t requested;  /* what arena_init() was asked for */
	uint64_t init_site;  /* return address of arena_init() */

	uint64_t reserved; /* address space held now */
	uint64_t committed;
	uint64_t used;
	uint64_t touched; /* written by the arena itself: see arena.h */
	uint64_t peak;	  /* highest used */
	uint64_t cleared; /* by eager clearing so far; less than clear_target: unfinished */
	uint64_t clear_target;
	uint64_t clear_site; /* return address on the line of the eager memset; 0: none */
	uint64_t time_last;  /* ticks, of the newest record */
	uint64_t reserved1[4];
};

/*
 * The word that says what happened: id of the arena (0: none, or the table was full), enum
 * trace_op, errno of a TRACE_REFUSED (else 0; 255 for a larger one).
 */
#define TRACE_WHAT(op, arena, error)                \
	((uint32_t)(arena) | (uint32_t)(op) << 16 | \
	 ((uint32_t)(error) < 255 ? (uint32_t)(error) : 255u) << 24)
#define TRACE_WHAT_ARENA(what) ((uint16_t)((what)&0xffff))
#define TRACE_WHAT_OP(what)    ((uint8_t)((what) >> 16 & 0xff))
#define TRACE_WHAT_ERROR(what) ((uint8_t)((what) >> 24))

/* One event; 40 bytes. pid and tid are those of its block. */
struct trace_record {
	uint64_t time; /* ticks; of a small TRACE_ALLOC: the last reading of its block */
	uint64_t offset;
	uint64_t size;
	uint64_t site;	/* return address of the public call; that of memset for TRACE_CLEAR_* */
	uint32_t what;	/* TRACE_WHAT(): which arena, what, and errno */
	uint32_t check; /* trace_check() of all the above */
};

#define TRACE_CLAIM_BUSY (UINT64_C(1) << 63)

/* In a dump: blocks_claimed of a ring whose header the program had written over. */
#define TRACE_CLAIMED_UNKNOWN UINT64_MAX
/* No arena is entered beyond it, so no more than one a process follow. */
#define TRACE_ARENAS_CLAIMED_MAX (1u << 31)

/*
 * How many records of a block are written, 0..TRACE_BLOCK_RECORDS, and the low bits of the claim: a
 * thread that slept for a lap may still store the count of its own, long lost block.
 */
#define TRACE_WRITTEN(claim, count)   ((uint32_t)((claim) << 8) | (uint32_t)(count))
#define TRACE_WRITTEN_COUNT(written)  ((written)&0xff)
#define TRACE_WRITTEN_OF(claim, word) (((uint32_t)((claim) << 8) ^ (word)) < 256)

/* What one thread fills; 4096 bytes. */
struct trace_block {
	uint64_t claim; /* claim number; 0: never claimed; TRACE_CLAIM_BUSY set: being taken over */
	uint32_t pid;	/* of the writing process */
	uint32_t tid;	/* of the writing thread */
	uint32_t written; /* TRACE_WRITTEN(): records, and whose */
	uint32_t reserved0;
	uint64_t reserved1[9];
	struct trace_record records[TRACE_BLOCK_RECORDS];
};

/* How bytes were asked for. */
enum trace_taken {
	TRACE_TAKEN_NONE,
	TRACE_TAKEN_MALLOC, /* malloc() and its kin */
	TRACE_TAKEN_MMAP,   /* mmap() of no file, mremap() */
	TRACE_TAKEN_FILE,   /* mmap() of a file, tmpfs included */
	TRACE_TAKEN_BRK,    /* brk(), sbrk(): but malloc's own are its own matter */
	TRACE_TAKEN_COUNT
};

/* From here on a reservation has a TRACE_TAKE record and, of malloc() too, a range of its own. */
#define TRACE_LARGE_BYTES	((uint64_t)128 << 10)
#define TRACE_PROCESS_CAPACITY	4095u /* ids are 12 bits; 0 is "none" */
#define TRACE_SITE_CAPACITY	65536u
#define TRACE_MODULE_PATH_MAX	248
#define TRACE_FOLLOW_PER_BUCKET 4

enum trace_process_state {
	TRACE_PROCESS_EMPTY,
	TRACE_PROCESS_LIVE,	/* or killed: it could not say */
	TRACE_PROCESS_REPLACED, /* by an exec(): the same pid has a newer entry */
	TRACE_PROCESS_EXITED	/* by exit() */
};

/* A program image that loaded the library, or its copy by a fork; 64 bytes. Entry i has id i + 1.
 */
struct trace_process {
	uint32_t state;	 /* enum trace_process_state */
	uint32_t pid;	 /* as the process itself sees it */
	uint32_t parent; /* id of the entry it was forked from; 0: none */
	uint32_t reserved0;
	uint64_t time_first;	/* ticks, of its first call */
	uint64_t frees_unknown; /* given back, but not found: from before a fork, or not followed */
	uint64_t not_followed;	/* taken, but the table was full: their giving back is not seen */
	uint64_t not_followed_bytes;
	uint64_t reserved1[2];
};

/* A file that code was loaded from; 256 bytes. */
struct trace_module {
	uint32_t state; /* 2: the path is whole */
	uint32_t reserved0;
	char path[TRACE_MODULE_PATH_MAX]; /* with the NUL; as the process saw it */
};

/*
 * One line of code that asked, in one process; 72 bytes. live = asked - freed. The entries below
 * TRACE_TAKEN_COUNT hold, by enum trace_taken, what found the table full.
 */
struct trace_site {
	uint64_t key; /* TRACE_SITE_KEY(); 0: empty */
	uint64_t calls;
	uint64_t asked; /* bytes */
	uint64_t frees;
	uint64_t freed;	 /* bytes */
	uint64_t peak;	 /* highest asked - freed */
	uint64_t offset; /* of the return address in its module, as the module's headers count */
	uint64_t refused_most; /* bytes of the largest request that was refused */
	uint32_t refused;      /* calls that failed with ENOMEM */
	uint16_t module;       /* index + 1; 0: not known */
	uint16_t reserved0;
};

/* A return address (48 bits), the id of a process (12) and enum trace_taken (4). */
#define TRACE_SITE_KEY(address, process, what)                                      \
	(((uint64_t)(address)&0xffffffffffff) | ((uint64_t)(process)&0xfff) << 48 | \
	 (uint64_t)(what) << 60)
#define TRACE_SITE_ADDRESS(key) ((uint64_t)(key)&0xffffffffffff)
#define TRACE_SITE_PROCESS(key) ((uint32_t)((key) >> 48 & 0xfff))
#define TRACE_SITE_TAKEN(key)	((uint32_t)((key) >> 60))

enum trace_range_state { TRACE_RANGE_EMPTY, TRACE_RANGE_BUSY, TRACE_RANGE_LIVE };

/* Address space that is held; 32 bytes. */
struct trace_range {
	uint64_t state; /* enum trace_range_state */
	uint64_t key;	/* of its site */
	uint64_t start; /* address */
	uint64_t bytes;
};

/* One small allocation that is held; 16 bytes. */
struct trace_follow {
	uint64_t key;	/* TRACE_FOLLOW_KEY(); 0: empty */
	uint64_t value; /* index of its site (16 bits), size (48) */
};
#define TRACE_FOLLOW_KEY(address, process) \
	(((uint64_t)(address) >> 4 & 0xfffffffffff) | (uint64_t)(process) << 44 | UINT64_C(1) << 63)
#define TRACE_FOLLOW_PROCESS(key) ((uint32_t)((key) >> 44 & 0xfff))

struct trace_bucket {
	struct trace_follow entries[TRACE_FOLLOW_PER_BUCKET];
};

/* Bytes of the preload library's tables, given a header. */
#define TRACE_TABLES_BYTES(h)                                             \
	((uint64_t)(h)->process_capacity * sizeof(struct trace_process) + \
	 (uint64_t)(h)->module_capacity * sizeof(struct trace_module) +   \
	 (uint64_t)(h)->site_capacity * sizeof(struct trace_site) +       \
	 (uint64_t)(h)->range_capacity * sizeof(struct trace_range) +     \
	 (uint64_t)(h)->follow_buckets * sizeof(struct trace_bucket))

/* Where the blocks begin, and where the tables behind them do; 64 bits whatever the types. */
#define TRACE_BLOCKS_OFFSET(arena_capacity) \
	(sizeof(struct trace_header) + (uint64_t)(arena_capacity) * sizeof(struct trace_arena))
#define TRACE_TOTAL_BYTES(arena_capacity, block_count) \
	(TRACE_BLOCKS_OFFSET(arena_capacity) + (uint64_t)(block_count) * sizeof(struct trace_block))

#endif
