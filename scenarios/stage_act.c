#include "stage_act.h"

#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE	   UINT64_C(4096)
#define PIPE_SIZE  (1 << 20)		 /* so large that making pipes takes little */
#define TABLE_SPAN (UINT64_C(2) << 20)	 /* that the entries of one page table map */
#define PACE	   (UINT64_C(256) << 10) /* requested in a millisecond, so that it can be stopped */

/* A line "NAME: N kB" of /proc/self/status, in bytes. */
static uint64_t own(const char *name)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	const char *at = n > 0 ? strstr(text, name) : NULL;

	if (fd >= 0)
		close(fd);
	return at ? strtoull(at + strlen(name), NULL, 10) << 10 : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Pages over as many page tables: dense where there are no more tables than the pages need. */
static int take_private(uint64_t bytes, uint64_t pgtables_bytes)
{
	uint64_t pages = bytes / PAGE, tables = pgtables_bytes / PAGE;
	uint64_t needed = (bytes + TABLE_SPAN - 1) / TABLE_SPAN;
	char *base;

	if (tables < needed)
		tables = needed;
	if (!tables)
		return 0;
	base = mmap(NULL, (tables + 1) * TABLE_SPAN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -1;
	base += TABLE_SPAN - (uintptr_t)base % TABLE_SPAN;
	for (uint64_t i = 0; i < tables; i++) {
		uint64_t here = pages * (i + 1) / tables - pages * i / tables;

		/* The zero page is no memory of this process, its page table is. */
		if (here ? madvise(base + i * TABLE_SPAN, here * PAGE, MADV_POPULATE_WRITE)
			 : madvise(base + i * TABLE_SPAN, PAGE, MADV_POPULATE_READ))
			return -1;
	}
	return 0;
}

static int take_shared(int fd, uint64_t bytes)
{
	void *base;

	if (!bytes)
		return 0;
	base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	return base == MAP_FAILED ? -1 : madvise(base, bytes, MADV_POPULATE_READ);
}

void stage_act_props(const struct stage_props *props)
{
	fallocate(props->tmpfs, 0, 0, (off_t)props->tmpfs_bytes);
	take_shared(props->file, props->file_bytes);
}

/* The kernel cuts a message in pieces of a page, each an object of kmalloc (ipc/msgutil.c). */
void stage_act_slab(uint64_t bytes)
{
	static struct {
		long type;
		char text[15 * PAGE];
	} message = {.type = 1};
	int queue = bytes ? msgget(IPC_PRIVATE, 0600) : -1;

	for (uint64_t sent = 0; queue >= 0 && sent < bytes; sent += sizeof(message.text))
		if (msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT) < 0)
			break;
}

static int become(const struct stage_process *process)
{
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), len;

	len = snprintf(text, sizeof(text), "%d", process->oom_score_adj);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		return -1;
	close(fd);
	return prctl(PR_SET_NAME, process->comm);
}

static int leave_root(unsigned int uid)
{
	if (!uid)
		return 0;
	return syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, uid, uid, uid) ||
			       syscall(SYS_setresuid, uid, uid, uid)
		       ? -1
		       : 0;
}

/* is_slow: so that another thread may be faster. */
static void pace(bool is_slow)
{
	nanosleep(&(struct timespec){.tv_nsec = is_slow ? 20000000 : 1000000}, NULL);
}

static void touch_window(volatile char *window)
{
	for (uint64_t at = 0; window != MAP_FAILED && at < PACE; at += PAGE)
		window[at] = 1;
}

/* Its own size first; what it needs beyond is in a file of tmpfs, so that it does not grow. */
static void touch(const struct stage_role *role)
{
	uint64_t held = stage_held_back(role->stage);
	bool is_slow = role->stage->way == STAGE_MIN_TTL;
	off_t from = lseek(role->props->new_tmpfs, 0, SEEK_END);

	for (uint64_t own = 0; own < held + STAGE_OVERSHOOT || role->stage->may_grow;
	     own += PACE, pace(is_slow))
		touch_window(mmap(NULL, PACE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	for (;; from += (off_t)PACE, pace(is_slow)) {
		void *window = MAP_FAILED;

		if (ftruncate(role->props->new_tmpfs, from + (off_t)PACE) == 0)
			window = mmap(NULL, PACE, PROT_READ | PROT_WRITE, MAP_SHARED,
				      role->props->new_tmpfs, from);
		touch_window(window);
		if (window != MAP_FAILED)
			munmap(window, PACE);
	}
}

/* Its pages stay in the file, not in this process. */
static void touch_file(int fd)
{
	for (off_t from = 0;; from += (off_t)PACE) {
		volatile char *window = mmap(NULL, PACE, PROT_READ, MAP_SHARED, fd, from);

		for (uint64_t at = 0; window != MAP_FAILED && at < PACE; at += PAGE)
			(void)window[at];
		if (window != MAP_FAILED)
			munmap((void *)window, PACE);
		pace(false);
	}
}

static void write_on(int fd)
{
	static const char block[PAGE * 16];

	while (write(fd, block, sizeof(block)) > 0)
		pace(false);
}

static void fill_pipes(void)
{
	static const char block[PAGE * 16];
	int ends[2];

	while (pipe2(ends, O_NONBLOCK) == 0) {
		fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
		while (write(ends[1], block, sizeof(block)) > 0)
			;
	}
}

static void multiply(void)
{
	pid_t pid;

	do
		pid = fork();
	while (pid > 0);
	if (pid < 0)
		return;
	for (;;)
		pause();
}

static void request(const struct stage_role *role)
{
	switch (role->stage->way) {
	case STAGE_TOUCH_FILE:
		touch_file(role->props->new_file);
		break;
	case STAGE_WRITE_FILE:
		write_on(role->props->new_file);
		break;
	case STAGE_WRITE_TMPFS:
		lseek(role->props->new_tmpfs, 0, SEEK_END);
		write_on(role->props->new_tmpfs);
		break;
	case STAGE_PIPE:
		fill_pipes();
		break;
	case STAGE_FORK:
		multiply();
		break;
	case STAGE_TOUCH:
	case STAGE_LOWER_LIMIT:
	case STAGE_SYSRQ:
	case STAGE_MIN_TTL:
	case STAGE_WAY_COUNT:
	default:
		touch(role);
		break;
	}
}

uint64_t stage_held_back(const struct stage *stage)
{
	uint64_t most = stage->processes[stage->invoker].private_bytes / 4 * 3;

	if (stage->way != STAGE_TOUCH)
		return 0;
	return most < STAGE_HELD_BACK ? most : STAGE_HELD_BACK;
}

/* What is executed no more leaves this process again. */
static void drop_program(void)
{
	extern char __executable_start[], etext[];
	uintptr_t from = (uintptr_t)__executable_start, to = (uintptr_t)etext & ~(PAGE - 1);

	madvise(__executable_start, to - from, MADV_DONTNEED);
}

static int take_all(const struct stage_role *role)
{
	const struct stage_process *p = &role->stage->processes[role->index];
	uint64_t held = role->index == role->stage->invoker ? stage_held_back(role->stage) : 0;

	drop_program();
	if (take_shared(role->props->tmpfs, less(p->tmpfs_bytes, own("RssShmem:"))) < 0 ||
	    take_shared(role->props->file, less(p->file_bytes, own("RssFile:"))) < 0)
		return -1;
	return take_private(less(p->private_bytes, own("RssAnon:") + held),
			    less(p->pgtables_bytes, own("VmPTE:")));
}

/* The stage itself does what nobody's memory is requested for. */
static bool requests(const struct stage_role *role)
{
	return role->index == role->stage->invoker && role->stage->way != STAGE_LOWER_LIMIT &&
	       role->stage->way != STAGE_SYSRQ;
}

void stage_act(const struct stage_role *role)
{
	const struct stage_process *process = &role->stage->processes[role->index];
	bool is_there = become(process) == 0 && take_all(role) == 0 &&
			leave_root(process->uid) == 0;
	char answer = is_there ? 'y' : STAGE_CANNOT;

	if (write(role->ready, &answer, 1) == 1 && is_there && requests(role) &&
	    read(role->go, &answer, 1) == 1)
		request(role);
	for (;;)
		pause();
}
