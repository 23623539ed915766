/*
 * profile.h - the touch profile: which code makes the target's resident memory grow, in bytes.
 *
 * The tracepoint kmem:rss_stat, sampled with the user's registers and the top of the user's stack,
 * for the target, its threads and children, from the exec on; page faults beside it, because a
 * page copied after fork(2) changes nobody's resident size. The rings belong to the launcher: what
 * was sampled survives the target.
 *
 * Where the tracepoint is not to be had, page faults alone are sampled: they have addresses but no
 * sizes, and what they amount to is estimated by the report.
 *
 * Pattern of use: profile_open() when the target waits at the gate; profile_drain() when
 * profile_fd() is readable and after the end; profile_write() once; profile_free().
 * The kernel chooses the period so that about PROFILE_SAMPLES_PER_SECOND samples come; the rings,
 * the table and the open call frame information are bounded. Of programs that go on to touch many
 * small pages not each is counted (sampling_duty.h): the sum stays the kernel's, and who gets what
 * is right to some 2 % of all where nothing stands below. Huge pages are watched one by one
 * (huge_page_tracker.h) from the first sample that stands for more than small pages can be, and
 * where every program gets them (THP "always") from the first mapping that can hold one.
 * docs/touch-profile.md is the model behind it.
 *
 * LIMITATIONS: the last few hundred KiB before a kill may lie between two samples; of huge pages,
 * some MiB that came at once before they were watched, and more where a run is over in 100 ms.
 * Where not each page is counted: what comes and goes within a gap, 50 ms at most, is an estimate,
 * and what stays beside it suffers; so is what came after the last gap before the end of a process
 * that is no child of the lab; bursts shorter than a gap, and populating in turns with writing, can
 * be told as their neighbour's by a fifth. Linux 6.1 tells of every 64th page: who takes turns
 * within that cannot be told apart. 32-bit programs are weighed without their stacks.
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
 * NULL with the reason in why[size] when it cannot be opened here. Where only page faults can be
 * had, `why` says so beside the profile; else it is "".
 * has_other_root: its files are not found by this process' paths (a container).
 */
struct profile *profile_open(pid_t pid, bool has_other_root, char *why, size_t size);
/* Page faults alone, as for users who may have no more. */
struct profile *profile_open_faults(pid_t pid, bool has_other_root, char *why, size_t size);
int profile_fd(const struct profile *profile);
void profile_drain(struct profile *profile);
/* Bytes until the target's limit, before profile_drain(): near it every page is counted. */
void profile_set_room(struct profile *profile, int64_t bytes);
/* The highest resident size of a process that has ended, of all kinds together. */
void profile_set_peak(struct profile *profile, pid_t pid, int64_t bytes, bool is_killed);
/* What unwinds its stacks, and names the modules in what profile_write() writes. */
struct unwind *profile_unwind(struct profile *profile);
void profile_write(struct profile *profile, struct record_writer *w);
/* The files of the code that was seen, after profile_write(); for modules_release(). */
struct modules profile_take_modules(struct profile *profile);
void profile_free(struct profile *profile);

#endif
