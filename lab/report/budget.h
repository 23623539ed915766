/*
 * budget.h - itemises the memory charged to a cgroup so that the items add up; pure.
 *
 * Internal to lab/report. Source of truth: memory.stat in Documentation/admin-guide/cgroup-v2.rst
 * (`file` holds shmem; `kernel` holds kernel_stack, pagetables, percpu, vmalloc and slab, and was
 * added in 5.18), and cgroup-v1/memory.rst (total_rss, total_cache with total_shmem inside).
 */
#ifndef OOMLAB_REPORT_BUDGET_H
#define OOMLAB_REPORT_BUDGET_H

#include "report/facts.h"

/*
 * Both fill `budget`, which is zeroed, or leave it if nothing is known. At the kill: from the
 * statistics in the kernel's dump, else from the last sample before it.
 */
void budget_at_kill(const struct facts *facts, struct budget *budget);
void budget_from_sample(const struct facts *facts, const struct record_sample *sample,
			struct budget *budget);

/*
 * False where it tells little: more than half of it is not itemised, or it is that of the highest
 * sample, which met less than half of the peak that the kernel counted.
 */
bool budget_is_telling(const struct facts *facts, const struct budget *budget);

#endif
