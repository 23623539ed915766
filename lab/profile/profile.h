/*
 * profile.h - the touch profile: which code makes the target's resident memory grow, in bytes.
 *
 * It samples the tracepoint kmem:rss_stat, with the user's registers and the top of the user's
 * stack, for the target, its threads and children, from the exec on. It samples page faults too,
 * because a page copied after fork(2) changes nobody's resident size. The rings belong to the
 * launcher: what was sampled survives the target.
 *
 * Where the tracepoint cannot be opened, page faults alone are sampled. They have addresses but no
 * sizes, and the report estimates the bytes.
 *
 * Pattern of use: profile_open() when the target waits at the gate; profile_drain() when
 * profile_fd() is readable and after the end; profile_write() once; profile_free(). The kernel
 * chooses the period so that about PROFILE_SAMPLES_PER_SECOND samples come; the rings, the table
 * and the open call frame information are bounded. When a program goes on to touch many small
 * pages, not each of them is counted (sampling_duty.h). The sum stays the kernel's figure; a line
 * is off by some 2 % of all bytes at most, but for the limitations below. Each huge page is a
 * sample of its own (huge_page_tracker.h) from the first sample on that small pages cannot explain,
 * and where every program gets huge pages (THP "always") from the first mapping that can hold one.
 * docs/touch-profile.md has the model behind it, and its words.
 *
 * LIMITATIONS: the last few hundred KiB before a kill may lie between two samples; of huge pages,
 * some MiB that came at once before they were sampled, and more where a run is over in 100 ms.
 * Where not each page is counted: memory that comes and goes within a gap, 50 ms at most, is an
 * estimate, which makes its neighbours less exact too; so is what a process that is no child of
 * oomlab gained after its last gap; a fifth of a burst shorter than a gap, or of memory populated
 * in turns with writing, can be credited to the neighbouring line. Linux 6.1 counts 64 pages at a
 * time: lines that take turns within these cannot be told apart. Of 32-bit programs no stack is
 * known. Not thread safe.
 */
#ifndef OOMLAB_PROFILE_PROFILE_H
#define OOMLAB_PROFILE_PROFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "record/record.h"
#include "symbols/modules.h"

enum { PROFILE_SAMPLES_PER_SECOND = 10000 };

struct profile;
struct unwind;

/*
 * NULL with the reason in why[size] when neither can be opened here. Where page faults alone are
 * sampled, `why` says so; else it is "".
 * has_other_root: the process' files are not found by this process' paths (a container).
 */
struct profile *profile_open(pid_t pid, bool has_other_root, char *why, size_t size);
/* Samples page faults alone, which needs less privilege. */
struct profile *profile_open_faults(pid_t pid, bool has_other_root, char *why, size_t size);
/* The profile's; poll it for POLLIN. */
int profile_fd(const struct profile *profile);
/* Takes in all samples there are. */
void profile_drain(struct profile *profile);
/* Call before profile_drain(). bytes: until the target's limit; every page is counted near it. */
void profile_set_headroom(struct profile *profile, int64_t bytes);
/* The highest resident size (ru_maxrss, in bytes) of a process that has ended. */
void profile_set_peak(struct profile *profile, pid_t pid, int64_t bytes, bool is_killed);
/* The profile's unwinder, whose modules profile_write() writes; not to be freed. */
struct unwind *profile_unwind(struct profile *profile);
/* Writes the touch, mapping, resident and module lines of the record. */
void profile_write(struct profile *profile, struct record_writer *w);
/*
 * The files of the code that was seen, after profile_write(); the caller calls modules_release().
 */
struct modules profile_take_modules(struct profile *profile);
/* NULL is fine. */
void profile_free(struct profile *profile);

#endif
