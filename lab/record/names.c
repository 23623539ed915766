#include "record/names.h"
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

const char *const record_moment_names[MOMENT_COUNT] = {
	[MOMENT_BEFORE] = "before",
	[MOMENT_AFTER] = "after",
};

const char *const record_watchdog_names[WATCHDOG_COUNT] = {
	[WATCHDOG_TIMEOUT] = "timeout",
	[WATCHDOG_INTERRUPT] = "interrupt",
	[WATCHDOG_LIVELOCK] = "livelock",
	[WATCHDOG_ESCAPE] = "escape",
};

const char *const record_guardian_names[GUARDIAN_WHY_COUNT] = {
	[GUARDIAN_GONE] = "launcher gone",
	[GUARDIAN_STOPPED] = "launcher stopped",
	[GUARDIAN_LATE] = "launcher late",
};

const char *const record_mark_names[MARK_COUNT] = {
	[MARK_LOW] = "low",
	[MARK_HIGH] = "high",
	[MARK_MAX] = "max",
	[MARK_OOM] = "oom",
	[MARK_OOM_KILL] = "oom_kill",
	[MARK_OOM_GROUP_KILL] = "oom_group_kill",
	[MARK_PREMORTEM] = "pre-mortem",
};

const char *const record_loss_names[LOSS_COUNT] = {
	[LOSS_KMSG] = "kmsg",
	[LOSS_KMSG_FIRST] = "kmsg before the first",
	[LOSS_KMSG_LIMIT] = "kmsg over the limit of this lab",
	[LOSS_MARK_VICTIM] = "mark_victim",
	[LOSS_MESSAGES] = "messages",
	[LOSS_RING] = "ring",
	[LOSS_ARENAS] = "arenas",
	[LOSS_RING_BLOCKS] = "ring blocks",
	[LOSS_RING_HEADER] = "ring header",
	[LOSS_SAMPLES] = "samples",
	[LOSS_SAMPLES_BAD] = "samples that cannot be read",
	[LOSS_PROCESS_RECORDS] = "process records",
	[LOSS_PROCESSES] = "processes",
	[LOSS_ALLOCATIONS] = "allocations",
	[LOSS_HEADERS] = "headers",
	[LOSS_RECORD] = "record",
};

const char *const record_policy_names[POLICY_COUNT] = {
	[POLICY_UNKNOWN] = "unknown",
	[POLICY_EAGER] = "eager",
	[POLICY_ON_ALLOCATION] = "on_allocation",
	[POLICY_NEVER] = "never",
};

const char *const record_origin_names[ORIGIN_COUNT] = {
	[ORIGIN_UNKNOWN] = "unknown",
	[ORIGIN_MALLOC] = "malloc",
	[ORIGIN_RESERVE] = "reserve",
	[ORIGIN_BUFFER] = "buffer",
};

const char *const record_taken_names[TAKEN_COUNT] = {
	[TAKEN_UNKNOWN] = "unknown", [TAKEN_MALLOC] = "malloc", [TAKEN_MMAP] = "mmap",
	[TAKEN_FILE] = "mmap_file",  [TAKEN_BRK] = "brk",
};

const char *const record_program_end_names[PROGRAM_END_COUNT] = {
	[PROGRAM_END_EXIT] = "exit",
	[PROGRAM_END_EXEC] = "exec",
};

const char *const record_mapping_names[MAPPING_WHAT_COUNT] = {
	[MAPPING_MMAP] = "mmap",	   [MAPPING_SHARED] = "shared", [MAPPING_HEAP] = "heap",
	[MAPPING_SMALL] = "small",	   [MAPPING_UNSEEN] = "unseen", [MAPPING_PIECES] = "pieces",
	[MAPPING_ANONYMOUS] = "anonymous", [MAPPING_FILE] = "file",	[MAPPING_LABS] = "labs",
};

const char *const record_part_names[PART_COUNT] = {
	[PART_PROCESSES] = "processes",
	[PART_THREADS] = "threads",
	[PART_MAPPINGS] = "mappings",
	[PART_FILES] = "files",
};

const char *const record_isolation_names[ISOLATION_COUNT] = {
	[ISOLATION_COMMAND] = "command",
	[ISOLATION_HOST] = "host",
};

const char *const verdict_names[] = {
	[VERDICT_NONE] = "none",     [VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail",
	[VERDICT_BROKEN] = "broken", [VERDICT_SKIP] = "skip",
};

const char *const ending_names[] = {
	[ENDING_UNKNOWN] = "unknown",	      [ENDING_EXITED] = "exited",
	[ENDING_SIGNALLED] = "signalled",     [ENDING_TIMED_OUT] = "timed_out",
	[ENDING_INTERRUPTED] = "interrupted", [ENDING_LIVELOCKED] = "livelocked",
	[ENDING_ESCAPED] = "escaped",
};
