#include "oomlog/mechanism.h"

#include <stdint.h>
#include <string.h>

const struct mechanism_words mechanism_words[MECHANISM_COUNT] = {
	[MECHANISM_LIMIT_LOWERED] = {"limit_lowered",
				     "lowered a memory limit below what was in use"},
	[MECHANISM_SYSRQ] = {"sysrq", "requested a kill by hand (sysrq f)"},
	[MECHANISM_MIN_TTL] =
		{"min_ttl",
		 "asked for a kill, since all that it could evict had been in use within min_ttl_ms or is protected (multi-generational LRU's guard against thrashing)"},
	[MECHANISM_BPF_REQUEST] =
		{"bpf_request",
		 "carried out a kill that a BPF program asked for (bpf_out_of_memory)"},
	[MECHANISM_SWAPOFF] = {"swapoff", "was bringing everything back from swap (swapoff)"},
	[MECHANISM_FORK] = {"fork", "was creating a process or thread (fork, clone)"},
	[MECHANISM_EXEC] = {"exec", "was starting a program (execve)"},
	[MECHANISM_PIPE_WRITE] = {"pipe_write", "was writing into a pipe"},
	[MECHANISM_SOCKET] = {"socket", "was sending or receiving on a socket"},
	[MECHANISM_TMPFS_WRITE] = {"tmpfs_write", "was adding pages to tmpfs or shared memory"},
	[MECHANISM_FILE_READ] = {"file_read", "was reading a file into the page cache"},
	[MECHANISM_FILE_WRITE] = {"file_write", "was writing to a file through the page cache"},
	[MECHANISM_FILE_FAULT] = {"file_fault",
				  "touched a page of a mapped file that was not in memory"},
	[MECHANISM_COPY_ON_WRITE] = {"copy_on_write",
				     "wrote to a page shared since a fork (copy on write)"},
	[MECHANISM_PAGE_TABLES] = {"page_tables", "needed memory for page tables"},
	[MECHANISM_MMAP] = {"mmap", "was mapping memory (mmap, mprotect, brk)"},
	[MECHANISM_SWAP_IN] = {"swap_in", "touched a page that had to come back from swap"},
	[MECHANISM_KERNEL_STACK] = {"kernel_stack",
				    "needed memory for a kernel stack or vmalloc area"},
	[MECHANISM_DRIVER] = {"driver", "was inside a driver's request (ioctl, graphics memory)"},
	[MECHANISM_BPF] = {"bpf", "was creating a BPF map or program (bpf)"},
	[MECHANISM_SYSCALL_COPY] =
		{"syscall_copy",
		 "was in a system call that touched the program's memory on its behalf"},
	[MECHANISM_PAGE_FAULT] = {"page_fault", "touched memory of its own (a page fault)"},
	[MECHANISM_SOME_PAGE_FAULT] = {"some_page_fault", "was in a page fault"},
	[MECHANISM_FILE_METADATA] = {"file_metadata",
				     "needed kernel memory for files or directories"},
	[MECHANISM_KERNEL_THREAD] = {"kernel_thread",
				     "is a kernel thread that needed memory for its work"},
	[MECHANISM_SYSCALL] = {"syscall", "was in a system call that needed kernel memory"},
};

/* Read-ahead serves read(2) and touches of mapped files: the frames further out tell which. */
enum { READ_AHEAD = MECHANISM_COUNT };

struct frame_rule {
	const char *function;	/* a trailing '*' matches any ending */
	unsigned int mechanism; /* enum mechanism, or READ_AHEAD */
};

/* Frames further out that tell more than those inside of them. */
static const struct frame_rule over_all[] = {
	{"try_to_unuse", MECHANISM_SWAPOFF}, {"__do_sys_swapoff", MECHANISM_SWAPOFF},
	{"sys_swapoff", MECHANISM_SWAPOFF},  {"__do_sys_bpf", MECHANISM_BPF},
	{"__sys_bpf", MECHANISM_BPF},	     {"i915_gem_*", MECHANISM_DRIVER},
	{"drm_gem_*", MECHANISM_DRIVER},     {"ttm_*", MECHANISM_DRIVER},
	{"amdgpu_*", MECHANISM_DRIVER},	     {"nvmap_*", MECHANISM_DRIVER},
	{"kgsl_*", MECHANISM_DRIVER},
};

/* Searched for each frame from the innermost out; rules of one frame in this order. */
static const struct frame_rule rules[] = {
	{"memory_max_write", MECHANISM_LIMIT_LOWERED},
	{"mem_cgroup_resize_*", MECHANISM_LIMIT_LOWERED},
	{"mem_cgroup_write", MECHANISM_LIMIT_LOWERED},
	{"moom_callback", MECHANISM_SYSRQ},
	{"sysrq_handle_moom", MECHANISM_SYSRQ},
	{"bpf_out_of_memory", MECHANISM_BPF_REQUEST},
	{"lru_gen_age_node", MECHANISM_MIN_TTL},
	{"balance_pgdat", MECHANISM_MIN_TTL},
	{"kswapd", MECHANISM_MIN_TTL},
	{"copy_process", MECHANISM_FORK},
	{"dup_mm*", MECHANISM_FORK},
	{"copy_page_range", MECHANISM_FORK},
	{"_do_fork", MECHANISM_FORK},
	{"do_fork", MECHANISM_FORK},
	{"kernel_clone", MECHANISM_FORK},
	{"pipe_write", MECHANISM_PIPE_WRITE},
	{"anon_pipe_write", MECHANISM_PIPE_WRITE},
	{"sock_alloc_send_*", MECHANISM_SOCKET},
	{"sock_sendmsg", MECHANISM_SOCKET},
	{"__sock_sendmsg", MECHANISM_SOCKET},
	{"sock_write_iter", MECHANISM_SOCKET},
	{"tcp_sendmsg*", MECHANISM_SOCKET},
	{"unix_stream_sendmsg", MECHANISM_SOCKET},
	{"sock_recvmsg", MECHANISM_SOCKET},
	{"shmem_alloc_inode", MECHANISM_FILE_METADATA},
	{"shmem_*", MECHANISM_TMPFS_WRITE},
	{"do_wp_page", MECHANISM_COPY_ON_WRITE},
	{"wp_page_copy", MECHANISM_COPY_ON_WRITE},
	{"do_cow_fault", MECHANISM_COPY_ON_WRITE},
	{"do_swap_page", MECHANISM_SWAP_IN},
	{"swapin_readahead", MECHANISM_SWAP_IN},
	{"__read_swap_cache_async", MECHANISM_SWAP_IN},
	{"read_swap_cache_async", MECHANISM_SWAP_IN},
	{"filemap_fault", MECHANISM_FILE_FAULT},
	{"filemap_nopage", MECHANISM_FILE_FAULT},
	{"__do_page_cache_readahead", READ_AHEAD},
	{"do_page_cache_readahead", READ_AHEAD},
	{"ra_submit", READ_AHEAD},
	{"ondemand_readahead", READ_AHEAD},
	{"do_generic_mapping_read", MECHANISM_FILE_READ},
	{"page_cache_ra_*", READ_AHEAD},
	{"page_cache_sync_*", READ_AHEAD},
	{"force_page_cache_*", READ_AHEAD},
	{"filemap_read", MECHANISM_FILE_READ},
	{"generic_file_buffered_read", MECHANISM_FILE_READ},
	{"generic_file_read_iter", MECHANISM_FILE_READ},
	{"generic_file_aio_read", MECHANISM_FILE_READ},
	{"do_generic_file_read*", MECHANISM_FILE_READ},
	{"generic_perform_write", MECHANISM_FILE_WRITE},
	{"generic_file_buffered_write", MECHANISM_FILE_WRITE},
	{"iomap_file_buffered_write", MECHANISM_FILE_WRITE},
	{"btrfs_buffered_write", MECHANISM_FILE_WRITE},
	{"grab_cache_page_write_begin", MECHANISM_FILE_WRITE},
	{"do_exec*", MECHANISM_EXEC},
	{"load_elf_binary", MECHANISM_EXEC},
	{"bprm_execve", MECHANISM_EXEC},
	{"do_anonymous_page", MECHANISM_PAGE_FAULT},
	{"do_huge_pmd_anonymous_page", MECHANISM_PAGE_FAULT},
	{"__pte_alloc*", MECHANISM_PAGE_TABLES},
	{"pte_alloc_one", MECHANISM_PAGE_TABLES},
	{"__pmd_alloc", MECHANISM_PAGE_TABLES},
	{"mmap_region", MECHANISM_MMAP},
	{"do_brk*", MECHANISM_MMAP},
	{"mprotect_fixup", MECHANISM_MMAP},
	{"vm_area_alloc", MECHANISM_MMAP},
	{"alloc_thread_stack_node", MECHANISM_KERNEL_STACK},
	{"__vmalloc*", MECHANISM_KERNEL_STACK},
	{"handle_mm_fault", MECHANISM_SOME_PAGE_FAULT},
	{"__handle_mm_fault", MECHANISM_SOME_PAGE_FAULT},
	{"pagefault_out_of_memory", MECHANISM_SOME_PAGE_FAULT},
	{"vfs_ioctl", MECHANISM_DRIVER},
	{"drm_ioctl", MECHANISM_DRIVER},
	{"__x64_sys_ioctl", MECHANISM_DRIVER},
	{"alloc_inode", MECHANISM_FILE_METADATA},
	{"__d_alloc", MECHANISM_FILE_METADATA},
	{"d_alloc", MECHANISM_FILE_METADATA},
	{"kthread", MECHANISM_KERNEL_THREAD},
	{"ret_from_fork", MECHANISM_KERNEL_THREAD},
	{"do_syscall_64", MECHANISM_SYSCALL},
	{"entry_SYSCALL_64_after_hwframe", MECHANISM_SYSCALL},
	{"system_call_fastpath", MECHANISM_SYSCALL},
	{"el0_svc*", MECHANISM_SYSCALL},
};

/* "do_exit.part.0" is do_exit. */
static bool frame_is(const char *frame, const char *pattern)
{
	while (*pattern && *pattern != '*' && *frame == *pattern) {
		frame++;
		pattern++;
	}
	return *pattern == '*' || (!*pattern && (*frame == '\0' || *frame == '.'));
}

bool mechanism_has_frame(const char *const *trace, size_t count, const char *pattern)
{
	for (size_t i = 0; i < count; i++)
		if (frame_is(trace[i], pattern))
			return true;
	return false;
}

/* The fault was taken while the kernel copied to or from the program in a system call. */
static bool fault_in_syscall(const char *const *trace, size_t count)
{
	return mechanism_has_frame(trace, count, "do_syscall_64") ||
	       mechanism_has_frame(trace, count, "system_call_fastpath") ||
	       mechanism_has_frame(trace, count, "el0_svc*") ||
	       mechanism_has_frame(trace, count, "entry_SYSCALL_64_after_hwframe");
}

/* Read-ahead for a mapped file that was touched, not for read(2). */
static bool is_file_fault(const char *const *trace, size_t count)
{
	return mechanism_has_frame(trace, count, "filemap_fault") ||
	       mechanism_has_frame(trace, count, "filemap_nopage");
}

/* Pages of files and of shared memory are no private pages: rules for them matched before. */
static bool takes_private_page(const char *const *trace, size_t count)
{
	static const char *const frames[] = {"vma_alloc_folio*",
					     "alloc_pages_vma",
					     "charge_memcg",
					     "__mem_cgroup_charge",
					     "mem_cgroup_charge*",
					     "mem_cgroup_try_charge*",
					     "mem_cgroup_newpage_charge",
					     "__mem_cgroup_try_charge*",
					     "alloc_anon_folio",
					     "__alloc_zeroed_user_highpage*"};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (mechanism_has_frame(trace, count, frames[i]))
			return true;
	return false;
}

#define RULES (sizeof(rules) / sizeof(rules[0]))

/* By a name's first letter: the first rule; by a rule: the next of that letter; RULES: none. */
static uint8_t rules_from[256], rule_behind[RULES];

__attribute__((constructor)) static void index_rules(void)
{
	memset(rules_from, RULES, sizeof(rules_from));
	for (size_t i = RULES; i > 0; i--) {
		uint8_t *first = &rules_from[(unsigned char)*rules[i - 1].function];

		rule_behind[i - 1] = *first;
		*first = (uint8_t)(i - 1);
	}
}

static const struct frame_rule *rule_of(const char *frame)
{
	size_t i = rules_from[(unsigned char)*frame];

	while (i < RULES && !frame_is(frame, rules[i].function))
		i = rule_behind[i];
	return i < RULES ? &rules[i] : NULL;
}

static enum mechanism mechanism_over_all(const char *const *trace, size_t count)
{
	for (size_t i = 0; i < sizeof(over_all) / sizeof(over_all[0]); i++)
		if (mechanism_has_frame(trace, count, over_all[i].function))
			return (enum mechanism)over_all[i].mechanism;
	return MECHANISM_NONE;
}

enum mechanism mechanism_of_trace(const char *const *trace, size_t count)
{
	const struct frame_rule *rule = NULL;
	enum mechanism over = mechanism_over_all(trace, count);
	bool fault;

	if (over)
		return over;
	for (size_t i = 0; i < count && !rule; i++)
		rule = rule_of(trace[i]);
	if (!rule)
		return MECHANISM_NONE;
	fault = rule->mechanism == MECHANISM_PAGE_FAULT ||
		rule->mechanism == MECHANISM_SOME_PAGE_FAULT;
	if (rule->mechanism == READ_AHEAD)
		return is_file_fault(trace, count) ? MECHANISM_FILE_FAULT : MECHANISM_FILE_READ;
	if (fault && fault_in_syscall(trace, count))
		return MECHANISM_SYSCALL_COPY;
	if (fault && takes_private_page(trace, count))
		return MECHANISM_PAGE_FAULT;
	return (enum mechanism)rule->mechanism;
}

bool mechanism_needs_none(enum mechanism mechanism)
{
	return mechanism == MECHANISM_LIMIT_LOWERED || mechanism == MECHANISM_SYSRQ ||
	       mechanism == MECHANISM_MIN_TTL || mechanism == MECHANISM_BPF_REQUEST;
}
