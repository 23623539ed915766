#include "oomlog/mechanism.h"

#include <stdint.h>
#include <string.h>

enum way {
	LIMIT_LOWERED,
	SYSRQ,
	FORK,
	EXEC,
	PIPE,
	SOCKET,
	TMPFS,
	READ_AHEAD,
	FILE_READ,
	FILE_WRITE,
	FILE_FAULT,
	COW,
	PAGE_TABLES,
	MMAP,
	SWAP_IN,
	STACK,
	DRIVER,
	COPY_OUT,
	PAGE_FAULT,
	SOME_FAULT,
	PATH_WALK,
	KERNEL_THREAD,
	SYSCALL,
	WAY_COUNT,
};

static const struct mechanism mechanisms[WAY_COUNT] = {
	[LIMIT_LOWERED] = {"limit_lowered", "lowered a memory limit below what was in use", false},
	[SYSRQ] = {"sysrq", "asked for a kill by hand (sysrq f)", false},
	[FORK] = {"fork", "was creating a process or thread (fork, clone)", true},
	[EXEC] = {"exec", "was starting a program (execve)", true},
	[PIPE] = {"pipe_write", "was writing into a pipe", true},
	[SOCKET] = {"socket", "was sending or receiving on a socket", true},
	[TMPFS] = {"tmpfs_write", "was adding pages to tmpfs or shared memory", true},
	[READ_AHEAD] = {"file_read", "was reading a file into the page cache", true},
	[FILE_READ] = {"file_read", "was reading a file into the page cache", true},
	[FILE_WRITE] = {"file_write", "was writing to a file through the page cache", true},
	[FILE_FAULT] = {"file_fault", "touched a page of a mapped file that was not in memory",
			true},
	[COW] = {"copy_on_write", "wrote to a page shared since a fork (copy on write)", true},
	[PAGE_TABLES] = {"page_tables", "needed memory for page tables", true},
	[MMAP] = {"mmap", "was mapping memory (mmap, mprotect, brk)", true},
	[SWAP_IN] = {"swap_in", "touched a page that had to come back from swap", true},
	[STACK] = {"kernel_stack", "needed memory for a kernel stack or vmalloc area", true},
	[DRIVER] = {"driver", "was inside a device driver's request (ioctl)", true},
	[COPY_OUT] = {"syscall_copy",
		      "was in a system call that touched the program's memory on its behalf", true},
	[PAGE_FAULT] = {"page_fault", "touched memory of its own (a page fault)", true},
	[SOME_FAULT] = {"some_page_fault", "was in a page fault", true},
	[PATH_WALK] = {"file_metadata", "needed kernel memory for files or directories", true},
	[KERNEL_THREAD] = {"kernel_thread", "is a kernel thread that needed memory for its work",
			   true},
	[SYSCALL] = {"syscall", "was in a system call that needed kernel memory", true},
};

struct frame_rule {
	const char *function; /* a trailing '*' matches any ending */
	enum way way;
};

/* Searched for each frame from the innermost out; rules of one frame in this order. */
static const struct frame_rule rules[] = {
	{"memory_max_write", LIMIT_LOWERED},
	{"mem_cgroup_resize_*", LIMIT_LOWERED},
	{"mem_cgroup_write", LIMIT_LOWERED},
	{"moom_callback", SYSRQ},
	{"sysrq_handle_moom", SYSRQ},
	{"copy_process", FORK},
	{"dup_mm*", FORK},
	{"copy_page_range", FORK},
	{"_do_fork", FORK},
	{"do_fork", FORK},
	{"kernel_clone", FORK},
	{"pipe_write", PIPE},
	{"anon_pipe_write", PIPE},
	{"sock_alloc_send_*", SOCKET},
	{"sock_sendmsg", SOCKET},
	{"__sock_sendmsg", SOCKET},
	{"sock_write_iter", SOCKET},
	{"tcp_sendmsg*", SOCKET},
	{"unix_stream_sendmsg", SOCKET},
	{"sock_recvmsg", SOCKET},
	{"shmem_*", TMPFS},
	{"do_wp_page", COW},
	{"wp_page_copy", COW},
	{"do_cow_fault", COW},
	{"do_swap_page", SWAP_IN},
	{"swapin_readahead", SWAP_IN},
	{"__read_swap_cache_async", SWAP_IN},
	{"read_swap_cache_async", SWAP_IN},
	{"filemap_fault", FILE_FAULT},
	{"filemap_nopage", FILE_FAULT},
	{"__do_page_cache_readahead", READ_AHEAD},
	{"do_page_cache_readahead", READ_AHEAD},
	{"ra_submit", READ_AHEAD},
	{"ondemand_readahead", READ_AHEAD},
	{"do_generic_mapping_read", FILE_READ},
	{"page_cache_ra_*", READ_AHEAD},
	{"page_cache_sync_*", READ_AHEAD},
	{"force_page_cache_*", READ_AHEAD},
	{"filemap_read", FILE_READ},
	{"generic_file_buffered_read", FILE_READ},
	{"generic_file_read_iter", FILE_READ},
	{"generic_file_aio_read", FILE_READ},
	{"do_generic_file_read*", FILE_READ},
	{"generic_perform_write", FILE_WRITE},
	{"generic_file_buffered_write", FILE_WRITE},
	{"iomap_file_buffered_write", FILE_WRITE},
	{"btrfs_buffered_write", FILE_WRITE},
	{"grab_cache_page_write_begin", FILE_WRITE},
	{"do_exec*", EXEC},
	{"load_elf_binary", EXEC},
	{"bprm_execve", EXEC},
	{"do_anonymous_page", PAGE_FAULT},
	{"do_huge_pmd_anonymous_page", PAGE_FAULT},
	{"__pte_alloc*", PAGE_TABLES},
	{"pte_alloc_one", PAGE_TABLES},
	{"__pmd_alloc", PAGE_TABLES},
	{"mmap_region", MMAP},
	{"do_brk*", MMAP},
	{"mprotect_fixup", MMAP},
	{"vm_area_alloc", MMAP},
	{"alloc_thread_stack_node", STACK},
	{"__vmalloc*", STACK},
	{"handle_mm_fault", SOME_FAULT},
	{"__handle_mm_fault", SOME_FAULT},
	{"pagefault_out_of_memory", SOME_FAULT},
	{"vfs_ioctl", DRIVER},
	{"drm_ioctl", DRIVER},
	{"__x64_sys_ioctl", DRIVER},
	{"alloc_inode", PATH_WALK},
	{"__d_alloc", PATH_WALK},
	{"d_alloc", PATH_WALK},
	{"kthread", KERNEL_THREAD},
	{"ret_from_fork", KERNEL_THREAD},
	{"do_syscall_64", SYSCALL},
	{"entry_SYSCALL_64_after_hwframe", SYSCALL},
	{"system_call_fastpath", SYSCALL},
	{"el0_svc*", SYSCALL},
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

static bool has_frame(const char *const *trace, size_t count, const char *pattern)
{
	for (size_t i = 0; i < count; i++)
		if (frame_is(trace[i], pattern))
			return true;
	return false;
}

/* A fault taken while the kernel copied to or from the program: a system call stands outside it. */
static bool fault_in_syscall(const char *const *trace, size_t count)
{
	return has_frame(trace, count, "do_syscall_64") ||
	       has_frame(trace, count, "system_call_fastpath") ||
	       has_frame(trace, count, "el0_svc*") ||
	       has_frame(trace, count, "entry_SYSCALL_64_after_hwframe");
}

/* Read-ahead for a mapped file that was touched, not for read(2). */
static bool is_file_fault(const char *const *trace, size_t count)
{
	return has_frame(trace, count, "filemap_fault") ||
	       has_frame(trace, count, "filemap_nopage");
}

/* Files and shared memory have frames of their own, which come first. */
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
		if (has_frame(trace, count, frames[i]))
			return true;
	return false;
}

#define RULES (sizeof(rules) / sizeof(rules[0]))

/* The first rule for names with a first letter, and the next for the same one; RULES: none. */
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

const struct mechanism *mechanism_of_trace(const char *const *trace, size_t count)
{
	const struct frame_rule *rule = NULL;
	bool fault;

	for (size_t i = 0; i < count && !rule; i++)
		rule = rule_of(trace[i]);
	if (!rule)
		return NULL;
	fault = rule->way == PAGE_FAULT || rule->way == SOME_FAULT;
	if (rule->way == READ_AHEAD && is_file_fault(trace, count))
		return &mechanisms[FILE_FAULT];
	if (fault && fault_in_syscall(trace, count))
		return &mechanisms[COPY_OUT];
	if (fault && takes_private_page(trace, count))
		return &mechanisms[PAGE_FAULT];
	return &mechanisms[rule->way];
}

const struct mechanism *mechanism_named(const char *name)
{
	for (size_t i = 0; name && i < WAY_COUNT; i++)
		if (strcmp(mechanisms[i].name, name) == 0)
			return &mechanisms[i];
	return NULL;
}
