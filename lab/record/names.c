#include "record/record.h"
#include "record/verdict.h"

const char *const record_metric_names[METRIC_COUNT] = {
	[METRIC_CURRENT] = "current",
	[METRIC_PEAK] = "peak",
	[METRIC_SWAP] = "swap",
	[METRIC_ANON] = "anon",
	[METRIC_FILE] = "file",
	[METRIC_SHMEM] = "shmem",
	[METRIC_KERNEL] = "kernel",
	[METRIC_KERNEL_STACK] = "kernel_stack",
	[METRIC_PAGETABLES] = "pagetables",
	[METRIC_PERCPU] = "percpu",
	[METRIC_SLAB] = "slab",
	[METRIC_SOCK] = "sock",
	[METRIC_VMALLOC] = "vmalloc",
	[METRIC_ANON_THP] = "anon_thp",
	[METRIC_PGFAULT] = "pgfault",
	[METRIC_PGMAJFAULT] = "pgmajfault",
	[METRIC_REFAULT_FILE] = "workingset_refault_file",
	[METRIC_REFAULT_ANON] = "workingset_refault_anon",
	[METRIC_PSI_SOME_US] = "psi_some_us",
	[METRIC_PSI_FULL_US] = "psi_full_us",
	[METRIC_VSZ] = "vsz",
	[METRIC_RSS] = "rss",
	[METRIC_TMP_FILES] = "tmp_files",
	[METRIC_SHM_FILES] = "shm_files",
	[METRIC_OTHER_FILES] = "other_files",
};

const char *const record_counter_names[COUNTER_COUNT] = {
	[COUNTER_LOW] = "low",		 [COUNTER_HIGH] = "high",
	[COUNTER_MAX] = "max",		 [COUNTER_OOM] = "oom",
	[COUNTER_OOM_KILL] = "oom_kill", [COUNTER_OOM_GROUP_KILL] = "oom_group_kill",
};

const char *const verdict_names[] = {
	[VERDICT_NONE] = "none",     [VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail",
	[VERDICT_BROKEN] = "broken", [VERDICT_SKIP] = "skip",
};

const char *const scope_names[] = {
	[SCOPE_NONE] = "none",	     [SCOPE_OWN] = "own",	[SCOPE_ANCESTOR] = "ancestor",
	[SCOPE_GLOBAL] = "global",   [SCOPE_CPUSET] = "cpuset", [SCOPE_MEMPOLICY] = "mempolicy",
	[SCOPE_UNKNOWN] = "unknown", [SCOPE_OTHER] = "other",
};

const char *const ending_names[] = {
	[ENDING_UNKNOWN] = "unknown",	      [ENDING_EXITED] = "exited",
	[ENDING_SIGNALLED] = "signalled",     [ENDING_TIMED_OUT] = "timed_out",
	[ENDING_INTERRUPTED] = "interrupted", [ENDING_LIVELOCKED] = "livelocked",
	[ENDING_ESCAPED] = "escaped",
};
