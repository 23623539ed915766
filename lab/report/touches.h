/*
 * touches.h - who touched the memory: the samples of the touch profile by line of code; pure.
 *
 * A stack is blamed on its innermost frame that is the program's own: neither libc nor an
 * allocator's inside, which only do what they are told. Units: bytes. Text is raw (hostile).
 */
#ifndef OOMLAB_REPORT_TOUCHES_H
#define OOMLAB_REPORT_TOUCHES_H

#include "record/query.h"

enum touch_kind {
	TOUCH_STORE,	/* a write to new memory */
	TOUCH_CLEAR,	/* calloc(3), bzero(3) */
	TOUCH_MEMSET,	/* memset(3): with what value is not known */
	TOUCH_COPY,	/* memcpy(3) and its like */
	TOUCH_READ,	/* read(2) and its like into memory not touched before */
	TOUCH_POPULATE, /* mmap(2) with MAP_POPULATE, mlock(2), madvise(2) */
	TOUCH_SYSCALL,	/* any other system call */
	TOUCH_COW,	/* a page shared since fork(2), copied at the first write */
	TOUCH_SHMEM,	/* shared memory, tmpfs */
	TOUCH_FILE,	/* a mapped file, programs among them */
	TOUCH_STACK,	/* the stack of a thread */
	TOUCH_KIND_COUNT
};
extern const char *const touch_kind_names[TOUCH_KIND_COUNT]; /* in JSON */
extern const char *const touch_kind_words[TOUCH_KIND_COUNT]; /* for people */

struct touch_line {
	enum touch_kind kind;
	const char *function, *file; /* NULL: not known */
	int line_number;	     /* 0: not known */
	const char *module;	     /* its file; NULL: not known */
	const char *at;		     /* "3+15a2b0", len at_len: what is left without symbols */
	size_t at_len;
	int64_t bytes, samples;
	int64_t pid, last_pid; /* of the first and the last process */
	int64_t processes;     /* that touched there; by touches_gather() alone */
};

struct touches {
	struct touch_line *lines; /* the largest first */
	size_t count;
	int64_t total;	    /* bytes of all lines */
	int64_t samples;    /* that they rest on */
	int64_t processes;  /* that touched anything; by touches_gather() alone */
	int64_t file_gone;  /* of files, came and went: in no line; by touches_gather() alone */
	int64_t swapped_in; /* came back from swap: in no line */
};

/* The resolved places of the record's stacks, to be looked up. */
struct touch_frames {
	const struct record *record;
	bool is_estimate; /* by page faults alone */
	bool has_huge_pages;
	double scale;	  /* so that the target's sum is about its resident size */
	int64_t resident; /* of the target when it was last seen; absent: not known */
	const struct record_frame **sorted;
	int64_t *copied; /* of each of the record's touches: bytes of pages copied after a fork, */
	int64_t *files;	 /* and of file pages that are resident */
};
void touch_frames_init(struct touch_frames *frames, const struct record *record);
void touch_frames_release(struct touch_frames *frames);

/* Fills in all but kind, bytes and samples, for the place at `at`, len bytes; `at` is kept. */
void touch_locate(const struct touch_frames *frames, const char *at, size_t len,
		  struct touch_line *line);

/*
 * The function of one place of a stack, len bytes of its text, or NULL: by its symbol, else, of
 * system libraries, by the name that the call of the next frame has there. It may be the one whose
 * last act was to jump here.
 */
const char *touch_function(const struct touch_frames *frames, const char *at, size_t len);

/*
 * The same; where there is none "FILE+0xADDRESS", or "(not known)" where the code is in no file.
 * The caller frees.
 */
char *touch_frame_name(const struct touch_frames *frames, const char *at, size_t len);

/* How many functions a place of a stack stands for, len bytes: 1, and those it is inlined into. */
size_t touch_levels(const struct touch_frames *frames, const char *at, size_t len);

/* The name of one of them, of 0 touch_frame_name(), then outward. The caller frees. */
char *touch_level_name(const struct touch_frames *frames, const char *at, size_t len, size_t level);

/*
 * Sets where a stack is blamed on: its innermost frame that is the program's own, or, of none, the
 * innermost. Kind, bytes and samples are not touched. True when it is the program's own.
 */
bool touch_blame(const struct touch_frames *frames, const char *stack, struct touch_line *line);

/*
 * Where a file system lives in memory, as a guest's first one does, its files are counted like
 * shared memory, some of them late, at another place. True when nothing that is shared can have
 * grown what the line counts as shared memory.
 */
bool touch_shmem_is_file(const struct record *record, const struct record_touch *touch);

/* Of one kind, too. Without a line each address is a place, unless the function is known. */
bool touch_is_same_place(const struct touch_line *a, const struct touch_line *b);

/*
 * Adds one line of the record to some, which are zero-initialised; then sort them once. `copied`:
 * touch_copied() of it.
 */
void touches_add(const struct touch_frames *frames, const struct record_touch *touch,
		 int64_t copied, struct touches *touches);
void touches_sort(struct touches *touches);

/* What the profile lacks, in words; NULL: nothing, sizes are the kernel's. */
const char *touches_lack(const struct record *record);

/* Bytes of a line by page faults alone; 0 when sizes are the kernel's. */
int64_t touch_estimate(const struct touch_frames *frames, const struct record_touch *touch);

/* Bytes copied after a fork(2) by the touch of that index (touch_copies.c). */
int64_t touch_copied(const struct touch_frames *frames, size_t touch);

/*
 * All bytes of the touch of that index, known or estimated, copies among them; of files what is
 * resident, and nothing that is the lab's own.
 */
int64_t touch_bytes(const struct touch_frames *frames, size_t touch);

/*
 * Whether what it has of shared memory is what the lab maps into the target, to trace arenas and to
 * count in for --preload: that is nobody's, and not charged to the target.
 */
bool touch_is_labs(const struct touch_frames *frames, const struct record_touch *touch);

/*
 * Of one place of a stack, len bytes: whether it, or a function it is inlined into, is the
 * program's own, no system library's.
 */
bool touch_frame_is_own(const struct touch_frames *frames, const char *at, size_t len);

/* count 0 when the record has no profile. touches_release() frees. */
void touches_gather(const struct record *record, struct touches *touches);
void touches_release(struct touches *touches);

/* "main at t.c:12", "main", "t+0x1169": where a line is. The caller frees. */
char *touch_place(const struct touch_line *line);

/*
 * Anonymous memory of a process that the samples account for: what came less what went, and what it
 * was forked with. ABSENT: not seen.
 */
int64_t touches_anon_of(const struct record *record, int64_t pid);

#endif
