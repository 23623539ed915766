/*
 * touches.h - the samples of the touch profile by line of code: who touched the memory; pure.
 *
 * A stack is blamed on its innermost frame that is the program's own. Frames of libc and of the
 * inside of an allocator are not: they do what they are told. A frame is given by its text in the
 * stack (record/stack.h): `at`, `len` bytes. Units: bytes. Text is raw (hostile).
 *
 * touch_frames.c has the frames and their names, touches.c the lines, touch_estimate.c,
 * touch_copies.c and touch_files.c what samples amount to.
 */
#ifndef OOMLAB_REPORT_TOUCHES_H
#define OOMLAB_REPORT_TOUCHES_H

#include "record/query.h"
#include "report/id_index.h"

enum touch_kind {
	TOUCH_STORE,	 /* a write to new memory */
	TOUCH_ALLOCATOR, /* a write by malloc(3) and its like, of what it notes there itself */
	TOUCH_CLEAR,	 /* calloc(3), bzero(3) */
	TOUCH_MEMSET,	 /* memset(3): with what value is not known */
	TOUCH_COPY,	 /* memcpy(3) and its like */
	TOUCH_READ,	 /* read(2) and its like into memory not touched before */
	TOUCH_POPULATE,	 /* mmap(2) with MAP_POPULATE, mlock(2), madvise(2) */
	TOUCH_SYSCALL,	 /* any other system call */
	TOUCH_COW,	 /* a page shared since fork(2), copied at the first write */
	TOUCH_SHMEM,	 /* shared memory, tmpfs */
	TOUCH_FILE,	 /* a mapped file, programs among them */
	TOUCH_STACK,	 /* the stack of a thread */
	TOUCH_KIND_COUNT
};
extern const char *const touch_kind_names[TOUCH_KIND_COUNT]; /* in JSON */
extern const char *const touch_kind_words[TOUCH_KIND_COUNT]; /* for people */

struct touch_line {
	enum touch_kind kind;
	const char *function, *file; /* NULL: not known */
	int line_number;	     /* 0: not known */
	const char *module;	     /* path of the mapped file with the code; NULL: not known */
	const char *at;		     /* the frame's text, "3+15a2b0", of at_len bytes */
	size_t at_len;
	int64_t bytes, samples;
	int64_t pid, last_pid; /* of the first and the last process that was added */
	int64_t processes;     /* how many touched there; only by touches_gather() */
};

struct touches {
	struct touch_line *lines; /* the largest first */
	size_t count;
	int64_t total;	    /* bytes of all lines */
	int64_t samples;    /* of all lines */
	int64_t processes;  /* how many touched anything; only by touches_gather() */
	int64_t file_gone;  /* bytes of files that came and went: in no line; the same */
	int64_t swapped_in; /* bytes that came back from swap: in no line */
	void *places;	    /* the lines by place (tsearch(3)), until touches_sort() */
};

/* The resolved frames of the record's stacks, and what all touches share. */
struct touch_frames {
	const struct record *record;
	bool is_estimate; /* sizes are estimated from page faults alone */
	bool has_huge_pages;
	double scale;	  /* factor that fits the target's estimates to its resident size */
	int64_t resident; /* of the target when it was last seen; absent: not known */
	const struct record_frame **sorted;
	struct id_index modules, mappings;
	bool has_shared_mappings;
	int64_t *copied; /* for each touch: bytes of pages copied after a fork; NULL: none */
	int64_t *files;	 /* for each touch: bytes of file pages that are resident */
};
void touch_frames_init(struct touch_frames *frames, const struct record *record);
void touch_frames_release(struct touch_frames *frames);

/* Fills in function, file, line_number, module and at of a frame; `at` must outlive the line. */
void touch_locate(const struct touch_frames *frames, const char *at, size_t len,
		  struct touch_line *line);

/*
 * The function of a frame, or NULL: by its symbol, else, in a system library, by the name that the
 * calling frame calls. After a tail call that may be the function that jumped here.
 */
const char *touch_function(const struct touch_frames *frames, const char *at, size_t len);

/*
 * The same; without a name "FILE+0xADDRESS", or "(not known)" if the code is in no file. The caller
 * frees.
 */
char *touch_frame_name(const struct touch_frames *frames, const char *at, size_t len);

/* How many functions a frame stands for: its own, and those that it is inlined into. */
size_t touch_levels(const struct touch_frames *frames, const char *at, size_t len);

/* The name of one of them: 0 is touch_frame_name(), then outwards. The caller frees. */
char *touch_level_name(const struct touch_frames *frames, const char *at, size_t len, size_t level);

/*
 * Fills in the frame that a stack is blamed on, as touch_locate(): the innermost one that is the
 * program's own, else the innermost. True when it is the program's own.
 */
bool touch_blame(const struct touch_frames *frames, const char *stack, struct touch_line *line);

/*
 * If a file system lives in memory, as the root of a VM's guest, the kernel counts mapped files of
 * it as shared memory, some of them late, in another touch. True when the touch's shared memory
 * must be such files, because it is in no shared mapping.
 */
bool touch_shmem_is_file(const struct touch_frames *frames, const struct record_touch *touch);

/* The mapping that was touched; NULL: not known. */
static inline const struct record_mapping *touch_mapping(const struct touch_frames *frames,
							 const struct record_touch *touch)
{
	size_t at = is_known(touch->mapping) ? id_index_find(&frames->mappings, touch->mapping)
					     : SIZE_MAX;

	return at == SIZE_MAX ? NULL : &frames->record->mappings[at];
}

/*
 * An order of places: 0 for the same line of code and kind; without a line the same function, else
 * the same address.
 */
int touch_compare_places(const struct touch_line *a, const struct touch_line *b);

static inline bool touch_is_same_place(const struct touch_line *a, const struct touch_line *b)
{
	return touch_compare_places(a, b) == 0;
}

/*
 * Adds a touch of the record to `touches`, which is zeroed before the first; touches_sort() sorts
 * them once behind the last; none may be added then. `copied`: touch_copied() of the touch.
 */
void touches_add(const struct touch_frames *frames, const struct record_touch *touch,
		 int64_t copied, struct touches *touches);
void touches_sort(struct touches *touches);

/* What the profile lacks, in words, if its sizes are estimates; NULL: they are the kernel's. */
const char *touches_lack(const struct record *record);

/* Bytes of a touch, estimated from page faults; 0 when sizes are the kernel's. */
int64_t touch_estimate(const struct touch_frames *frames, const struct record_touch *touch);

/* Bytes copied after a fork(2) by the touch of that index (touch_copies.c). */
int64_t touch_copied(const struct touch_frames *frames, size_t touch);

/*
 * All bytes of the touch of that index, known or estimated, copies included; of files only what is
 * resident, and nothing of the lab's own memory.
 */
int64_t touch_bytes(const struct touch_frames *frames, size_t touch);

/*
 * Whether the touch's shared memory is the lab's own, which it maps into the target for the trace
 * of arenas and for --preload. That is not charged to the target.
 */
bool touch_is_labs(const struct touch_frames *frames, const struct record_touch *touch);

/*
 * Whether the frame, or a function that it is inlined into, is the program's own and no system
 * library's.
 */
bool touch_frame_is_own(const struct touch_frames *frames, const char *at, size_t len);

/* Adds up the whole record; count 0 when it has no profile. touches_release() frees. */
void touches_gather(const struct record *record, struct touches *touches);
/* The same of one process. */
void touches_gather_of(const struct record *record, int64_t pid, struct touches *touches);
/* The same of the processes that `takes` is true for; touches_any takes all. */
typedef bool touches_take(int64_t pid, const void *ctx);
touches_take touches_any;
void touches_gather_if(const struct record *record, touches_take *takes, const void *ctx,
		       struct touches *touches);
void touches_release(struct touches *touches);

/*
 * A line for people: "main at t.c:12", "main in t", "t+0x1169"; long names are cut (short_name.h). The
 * caller frees.
 */
char *touch_place(const struct touch_line *line);

/*
 * Anonymous bytes of a process that the samples account for: what came less what went, and what it
 * had at its fork. ABSENT: not known.
 */
int64_t touches_anon_of(const struct record *record, int64_t pid);

#endif
