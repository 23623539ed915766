/*
 * Where every thread of a process is. The registers come from ptrace(2), which works on threads
 * that the cgroup v2 freezer holds and leaves them frozen. Where ptrace(2) is refused, the stack
 * pointer and the program counter alone come from /proc.
 *
 * The tracer is a thread that ends with the snapshot of a process. A thread that waits in vfork(2)
 * does not stop when it is interrupted, and one that has not stopped cannot be detached: it would
 * stop later, for good. When a tracer ends, the kernel detaches all that it traced.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/stack.h"
#include "snapshot/snapshot.h"
#include "snapshot/thread_state.h"
#include "symbols/registers.h"

#define STOP_PATIENCE_NS INT64_C(200000000)

/* Waits for WSTOPPED alone, so that the end of a thread is left to whoever waits for it. */
static bool wait_for_stop(pid_t tid)
{
	int64_t deadline = io_now_ns() + STOP_PATIENCE_NS;

	do {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)tid, &info, WSTOPPED | WNOHANG | __WALL) < 0)
			return false;
		if (info.si_pid == tid)
			return true;
		poll(NULL, 0, 1);
	} while (io_now_ns() < deadline);
	return false;
}

/* For arguments that the kernel declares as pointers and reads as numbers or foreign addresses. */
static void *as_pointer(uint64_t value)
{
	const uintptr_t number = (uintptr_t)value;
	void *pointer;

	memcpy(&pointer, &number, sizeof(pointer));
	return pointer;
}

static bool trace_registers(pid_t tid, uint64_t regs[REGISTERS_MAX])
{
	struct user_regs_struct set;
	struct iovec iov = {&set, sizeof(set)};
	bool ok;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return false;
	ok = ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0 && wait_for_stop(tid) &&
	     ptrace(PTRACE_GETREGSET, tid, as_pointer(NT_PRSTATUS), &iov) == 0 &&
	     registers_from_regset(&set, iov.iov_len, regs);
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return ok;
}

static size_t read_stack(pid_t pid, uint64_t sp, unsigned char *stack)
{
	const uint64_t page = 4096;
	size_t len = SNAPSHOT_STACK_BYTES;

	/* Fails where the stack ends sooner, so less is tried then. */
	while (len) {
		struct iovec to = {stack, len};
		struct iovec from = {as_pointer(sp), len};
		ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

		if (n > 0)
			return (size_t)n;
		len = len > page ? len / 2 : 0;
	}
	return 0;
}

static void write_frames(const struct unwind_frame *frames, size_t depth, struct strbuf *sb)
{
	for (size_t i = 0; i < depth; i++)
		stack_put(sb, frames[i].module, frames[i].offset);
}

static void unwind_thread(struct snapshot *snapshot, pid_t pid, const uint64_t *regs,
			  struct strbuf *sb)
{
	_cleanup_free_ unsigned char *stack = xcalloc(1, SNAPSHOT_STACK_BYTES);
	const struct unwind_sample sample = {
		.pid = pid,
		.regs = regs,
		.stack = stack,
		.stack_len = read_stack(pid, registers_sp(regs), stack),
	};
	struct unwind_frame frames[UNWIND_DEPTH_MAX];

	write_frames(frames, unwind_stack(snapshot->unwind, &sample, frames), sb);
}

static void read_comm(const struct snapshot *snapshot, pid_t pid, pid_t tid, char *comm,
		      size_t size)
{
	_cleanup_free_ char *path = text_format("%s/%d/task/%d/comm", snapshot->proc, pid, tid);
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	size_t len;

	*comm = '\0';
	if (io_read_at(AT_FDCWD, path, size - 1, &sb))
		return;
	/* The name may hold newlines; the last one is added by the kernel. */
	len = sb.len && sb.buf[sb.len - 1] == '\n' ? sb.len - 1 : sb.len;
	memcpy(comm, sb.buf, len);
	comm[len] = '\0';
}

static void read_thread(struct snapshot *snapshot, pid_t pid, pid_t tid, bool may_trace)
{
	_cleanup_strbuf_ struct strbuf stack = STRBUF_INIT;
	uint64_t regs[REGISTERS_MAX];
	struct thread_state state;
	char comm[64];
	struct premortem_thread line = {.pid = pid, .tid = tid, .syscall = ABSENT, .sp = ABSENT};

	thread_state_read(snapshot->proc, pid, tid, &state);
	read_comm(snapshot, pid, tid, comm, sizeof(comm));
	line.comm = *comm ? comm : NULL;
	line.is_running = state.where == THREAD_RUNNING;
	line.syscall = state.where == THREAD_IN_SYSCALL ? state.syscall : ABSENT;
	if (registers_count() && may_trace)
		line.is_whole = trace_registers(tid, regs);
	if (!line.is_whole && (state.where == THREAD_IN_USER || state.where == THREAD_IN_SYSCALL))
		registers_from_pc_sp(state.pc, state.sp, regs);
	else if (!line.is_whole)
		line.is_running = true;
	if (registers_count() && !line.is_running) {
		unwind_thread(snapshot, pid, regs, &stack);
		line.sp = registers_sp(regs) < (uint64_t)1 << 60 ? (int64_t)registers_sp(regs)
								 : ABSENT;
	}
	line.stack = stack.len ? stack.buf : NULL;
	premortem_put_thread(snapshot->w, &line);
	snapshot->threads++;
}

/* Tells the unwinder what code the process maps, where it does not know already. */
static void add_code_maps(struct snapshot *snapshot, pid_t pid)
{
	_cleanup_free_ char *path = text_format("%s/%d/maps", snapshot->proc, pid);
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		uint64_t start, end, offset;
		char perms[8];
		int at = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %n", &start, &end,
			   perms, &offset, &at) < 4 ||
		    !at || perms[2] != 'x' || line[at] != '/')
			continue;
		if (!unwind_knows(snapshot->unwind, pid, start))
			unwind_map(snapshot->unwind, pid, start, end - start, offset, line + at);
	}
}

static void write_process(struct snapshot *snapshot, pid_t pid, int64_t threads)
{
	char comm[64];
	struct premortem_process line = {.pid = pid, .threads = threads};

	read_comm(snapshot, pid, pid, comm, sizeof(comm));
	line.comm = *comm ? comm : NULL;
	premortem_put_process(snapshot->w, &line);
}

/* Of the threads of one process; the tracer's argument. */
struct thread_walk {
	struct snapshot *snapshot;
	pid_t pid;
	DIR *dir;
	bool may_trace;
	int64_t threads; /* seen */
};

static void *walk_threads(void *arg)
{
	struct thread_walk *walk = arg;
	struct snapshot *snapshot = walk->snapshot;
	struct dirent *d;

	while ((d = readdir(walk->dir))) {
		int tid = atoi(d->d_name);

		if (tid <= 0)
			continue;
		walk->threads++;
		if (snapshot->threads < SNAPSHOT_THREADS_MAX && !snapshot_is_late(snapshot))
			read_thread(snapshot, walk->pid, tid, walk->may_trace);
		else
			snapshot->left.threads++;
	}
	return NULL;
}

void snapshot_threads(struct snapshot *snapshot, pid_t pid)
{
	_cleanup_free_ char *path = text_format("%s/%d/task", snapshot->proc, pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct thread_walk walk = {
		.snapshot = snapshot, .pid = pid, .dir = dir, .may_trace = snapshot->is_frozen};
	pthread_t tracer;

	if (!dir)
		return;
	add_code_maps(snapshot, pid);
	if (!pthread_create(&tracer, NULL, walk_threads, &walk)) {
		pthread_join(tracer, NULL);
	} else {
		walk.may_trace = false;
		walk_threads(&walk);
	}
	write_process(snapshot, pid, walk.threads);
}
