/*
 * Nothing here allocates, and there is nobody to return an error to: what cannot be done is counted
 * in guardian_deed.left.
 */
#include "launch/guardian_work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "launch/cgroup_end.h"
#include "launch/process.h"

enum { WORDS_MAX = 64, TICK_MS = 1000, PASSES_MAX = 16 };

#define KILL_PATIENCE_NS    INT64_C(10000000000)
#define COMMAND_PATIENCE_MS 60000

struct taken_cgroup {
	int parent;	    /* it is `name` in here; -1: it is not oomlab's and stays */
	int freezer_parent; /* as in struct cg */
	int inside;	    /* the directory of one that stays */
	char name[NAME_MAX + 1];
};

static struct {
	struct guardian_ends ends;
	guardian_line *line;
	int record; /* -1: none */
	struct taken_cgroup cgroups[GUARDIAN_CGROUPS_MAX];
	int cgroup_count;
	int processes[GUARDIAN_PROCESSES_MAX];
	int process_count;
	char folders[GUARDIAN_FOLDERS_MAX][PATH_MAX];
	int folder_count;
	struct guardian_message removal, question; /* len 0: none */
	int awaited;				   /* -1: none */
	int64_t deadline_ns;			   /* 0: none */
} state;

static int open_cgroup(int parent, const char *name)
{
	return parent == -1 ? -1
			    : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* oom_kill of memory.events, or on v1 of memory.oom_control; -1: unknown. */
static int64_t count_oom_kills(int dir)
{
	static const char *const files[] = {"memory.events", "memory.oom_control"};
	int64_t kills = -1;

	for (size_t i = 0; i < ARRAY_SIZE(files) && kills < 0; i++) {
		_cleanup_close_ int fd = openat(dir, files[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		char text[1024];
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (n <= 0)
			continue;
		text[n] = '\0';
		kills = io_keyed_number(text, "oom_kill");
	}
	return kills < 0 ? -1 : kills;
}

static void end_cgroup(const struct taken_cgroup *taken, struct guardian_deed *deed)
{
	bool is_ours = taken->parent >= 0;
	int dir = is_ours ? open_cgroup(taken->parent, taken->name) : taken->inside;
	int freezer = open_cgroup(taken->freezer_parent, taken->name);
	int found = cgroup_end_count(dir), frozen = cgroup_end_count(freezer);

	deed->ended += found > frozen ? found : frozen;
	if (dir >= 0)
		cgroup_end_kill(dir, freezer, KILL_PATIENCE_NS);
	deed->left += cgroup_end_count(dir);
	if (dir >= 0)
		deed->oom_kill = count_oom_kills(dir);
	if (is_ours && dir >= 0)
		close(dir);
	if (freezer >= 0)
		close(freezer);
}

static void remove_cgroup(const struct taken_cgroup *taken, struct guardian_deed *deed)
{
	if (taken->parent < 0)
		return;
	deed->left += cgroup_end_remove(taken->parent, taken->name, KILL_PATIENCE_NS) != 0;
	if (taken->freezer_parent >= 0)
		cgroup_end_remove(taken->freezer_parent, taken->name, KILL_PATIENCE_NS);
}

static bool has_ended(int pidfd, int wait_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, wait_ms) > 0;
}

/* A process inside a cgroup was killed and counted by end_cgroup() already. */
static void end_process(int pidfd, struct guardian_deed *deed)
{
	if (has_ended(pidfd, 0))
		return;
	deed->ended++;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		deed->left++;
}

static void end_all(struct guardian_deed *deed)
{
	for (int i = 0; i < state.cgroup_count; i++)
		end_cgroup(&state.cgroups[i], deed);
	for (int i = 0; i < state.process_count; i++)
		end_process(state.processes[i], deed);
}

/* Runs the words of a message as a program; true when it succeeds. */
static bool run_command(const struct guardian_message *command)
{
	const char *words[WORDS_MAX + 1] = {NULL}, *end = command->text + command->len;
	const struct spawn request = {
		.argv = words,
		.by_name = true,
		.unblocks_signals = true,
		.timeout_ns = COMMAND_PATIENCE_MS * (SPAWN_SECOND / 1000),
	};
	int count = 0, status;

	for (const char *word = command->text; word < end && count < WORDS_MAX;
	     word += strlen(word) + 1)
		words[count++] = word;
	return count && !spawn_run(&request, NULL, NULL, &status) && !status;
}

static void remove_by_command(struct guardian_deed *deed)
{
	if (!state.removal.len)
		return;
	if (state.awaited >= 0 && !has_ended(state.awaited, COMMAND_PATIENCE_MS))
		syscall(SYS_pidfd_send_signal, state.awaited, SIGKILL, NULL, 0);
	if (!run_command(&state.removal) && run_command(&state.question))
		deed->left++;
}

static void empty_folder(int dir, int depth);

/* Removes an entry, and of a folder what is in `depth` levels below. False: it is still there. */
static bool remove_entry(int dir, const char *name, int depth)
{
	int below;

	if (!unlinkat(dir, name, 0))
		return true;
	below = depth ? open_cgroup(dir, name) : -1;
	if (below < 0)
		return false;
	empty_folder(below, depth - 1);
	close(below);
	return !unlinkat(dir, name, AT_REMOVEDIR);
}

/* Returns how many entries it removed. */
static int remove_entries(int dir, int depth)
{
	char chunk[1024] __attribute__((aligned(8)));
	int removed = 0;
	long len;

	while ((len = syscall(SYS_getdents64, dir, chunk, sizeof(chunk))) > 0)
		for (long at = 0; at < len;) {
			const char *entry = chunk + at;
			const char *name = entry + 19; /* linux_dirent64: ino, off, reclen, type */
			unsigned short size;

			memcpy(&size, entry + 16, sizeof(size));
			at += size;
			if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
				removed += remove_entry(dir, name, depth);
		}
	return removed;
}

/*
 * Removes what is in a folder, and in `depth` levels of folders below it. A pass may miss entries
 * where it removes some; what cannot be removed ends it.
 */
static void empty_folder(int dir, int depth)
{
	for (int i = 0; i < PASSES_MAX && remove_entries(dir, depth); i++)
		lseek(dir, 0, SEEK_SET);
}

static void remove_folder(const char *path, struct guardian_deed *deed)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0) {
		empty_folder(dir, 2);
		close(dir);
	}
	if (rmdir(path) < 0 && errno != ENOENT)
		deed->left++;
}

static void write_line(const struct guardian_deed *deed)
{
	char text[512];
	int len = state.record < 0 ? 0 : state.line(deed, text, sizeof(text));

	if (len > 0)
		io_write_all(state.record, text, (size_t)len);
}

/* The launcher is gone. */
static void end_run(void) __attribute__((noreturn));
static void end_run(void)
{
	struct guardian_deed deed = {.why = GUARDIAN_GONE, .t_ns = io_now_ns(), .oom_kill = -1};

	end_all(&deed);
	for (int i = 0; i < state.cgroup_count; i++)
		remove_cgroup(&state.cgroups[i], &deed);
	remove_by_command(&deed);
	for (int i = 0; i < state.folder_count; i++)
		remove_folder(state.folders[i], &deed);
	write_line(&deed);
	_exit(0);
}

static bool is_stopped(pid_t pid)
{
	char letter = process_state(pid);

	return letter == 'T' || letter == 't';
}

/* The launcher lives but missed the deadline: ends the run for it and lets it continue. */
static void end_overdue(enum guardian_why why)
{
	struct guardian_deed deed = {.why = why, .t_ns = io_now_ns(), .oom_kill = -1};

	state.deadline_ns = 0;
	end_all(&deed);
	write_line(&deed);
	send(state.ends.channel, &deed, sizeof(deed), MSG_DONTWAIT | MSG_NOSIGNAL);
	syscall(SYS_pidfd_send_signal, state.ends.launcher, SIGCONT, NULL, 0);
}

static void check_deadline(void)
{
	int64_t late_ns = state.deadline_ns ? io_now_ns() - state.deadline_ns : 0;

	if (late_ns > GUARDIAN_PATIENCE_NS)
		end_overdue(GUARDIAN_LATE);
	else if (late_ns > GUARDIAN_GRACE_NS && is_stopped(state.ends.launcher_pid))
		end_overdue(GUARDIAN_STOPPED);
}

static void take_cgroup(const struct guardian_message *m, const int *fds, int count)
{
	struct taken_cgroup *taken = &state.cgroups[state.cgroup_count];

	if (state.cgroup_count == GUARDIAN_CGROUPS_MAX || count < 1)
		return;
	*taken = (struct taken_cgroup){.parent = -1, .freezer_parent = -1, .inside = -1};
	if (m->what == TAKE_INSIDE) {
		taken->inside = fds[0];
	} else {
		taken->parent = fds[0];
		taken->freezer_parent = count > 1 ? fds[1] : -1;
		snprintf(taken->name, sizeof(taken->name), "%.*s", NAME_MAX, m->text);
	}
	state.cgroup_count++;
}

static void leave_record(void)
{
	const struct guardian_deed nothing = {.why = GUARDIAN_NOTHING};

	if (state.record >= 0)
		close(state.record);
	state.record = -1;
	send(state.ends.channel, &nothing, sizeof(nothing), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take(const struct guardian_message *m, const int *fds, int count)
{
	switch (m->what) {
	case TAKE_CGROUP:
	case TAKE_INSIDE:
		take_cgroup(m, fds, count);
		break;
	case TAKE_PROCESS:
		if (state.process_count < GUARDIAN_PROCESSES_MAX && count == 1)
			state.processes[state.process_count++] = fds[0];
		break;
	case TAKE_FOLDER:
		if (state.folder_count < GUARDIAN_FOLDERS_MAX)
			snprintf(state.folders[state.folder_count++], PATH_MAX, "%s", m->text);
		break;
	case TAKE_REMOVAL:
		state.removal = *m;
		break;
	case TAKE_QUESTION:
		state.question = *m;
		break;
	case AWAIT_PROCESS:
		state.awaited = count ? fds[0] : -1;
		break;
	case SET_DEADLINE:
		state.deadline_ns = m->t_ns;
		break;
	case TAKE_RECORD:
		state.record = count ? fds[0] : -1;
		break;
	case LEAVE_RECORD:
		leave_record();
		break;
	case GUARD_END:
		_exit(0);
	}
}

/* Reads one message. False: there is none. */
static bool take_next(void)
{
	struct guardian_message m = {0};
	struct iovec part = {&m, sizeof(m)};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * GUARDIAN_FDS_MAX)];
	} control = {0};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(state.ends.channel, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;
	int fds[GUARDIAN_FDS_MAX], count = 0;

	if (n <= 0)
		return false;
	if (head && head->cmsg_type == SCM_RIGHTS) {
		count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(head), sizeof(int) * (size_t)count);
	}
	take(&m, fds, count);
	return true;
}

void guardian_work(const struct guardian_ends *ends, guardian_line *line)
{
	state.ends = *ends;
	state.line = line;
	state.record = state.awaited = -1;
	for (;;) {
		struct pollfd p[] = {{.fd = ends->channel, .events = POLLIN},
				     {.fd = ends->launcher, .events = POLLIN}};

		poll(p, ARRAY_SIZE(p), state.deadline_ns ? TICK_MS : -1);
		while (take_next())
			;
		if (p[1].revents)
			end_run();
		/* A launcher that has closed its end is about to exit. */
		if (p[0].revents & POLLHUP && has_ended(ends->launcher, -1))
			end_run();
		check_deadline();
	}
}
