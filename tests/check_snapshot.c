/*
 * check_snapshot.c - what is seen of processes that stand still, at children of this program. Needs no
 * root.
 */
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

#include "premortem_helpers.h"
#include "snapshot/smaps.h"
#include "snapshot/snapshot.h"
#include "src/arena.h"
#include "src/trace.h"
#include "suite.h"
#include "trace/trace_ring.h"

/* More than the kernel gives (PID_MAX_LIMIT): nothing of it is found outside a made-up /proc. */
enum { NOBODY = (1 << 22) + 1 };

START_TEST(threads_mappings_and_files_are_seen)
{
	const struct record_premortem *p;
	int64_t rss = 0;

	arm();
	events("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n");
	load();
	p = record.premortem;
	ck_assert_uint_eq(p->thread_count, 1);
	ck_assert_int_eq(p->threads[0].pid, child);
	ck_assert_int_eq(p->threads[0].tid, child);
	ck_assert_str_eq(p->threads[0].comm, "a) \x01 b");
	ck_assert_ptr_nonnull(p->threads[0].stack);
	/* pause(), rest_here() and those above it */
	ck_assert(p->threads[0].is_whole);
	ck_assert_ptr_nonnull(strchr(p->threads[0].stack, ' '));
	ck_assert_uint_gt(record.module_count, 0);
	for (size_t i = 0; i < p->mapping_count; i++)
		rss += p->mappings[i].rss;
	ck_assert_int_gt(rss, 0);
	ck_assert_uint_eq(p->file_count, 1);
	ck_assert_int_eq(p->files[0].size, 8 << 20);
	ck_assert_int_eq(p->files[0].resident, 4096);
	ck_assert_ptr_nonnull(strstr(p->files[0].name, "newline"));
	ck_assert_uint_eq(record.maps_count, 1);
	ck_assert_int_eq(record.maps[0].pid, child);
	/* Nobody holds it any more. */
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

START_TEST(what_has_no_room_or_time_is_counted)
{
	struct snapshot snapshot = {
		.w = &writer,
		.proc = "/proc",
		.unwind = unwind_new(MODULES_ROOT_OWN),
		.deadline_ns = io_now_ns() + INT64_C(3000000000),
		.threads = SNAPSHOT_THREADS_MAX,
		.processes = SNAPSHOT_PROCESSES_MAX - 1,
	};

	snapshot_process(&snapshot, child);
	ck_assert_int_eq(snapshot.left.threads, 1);
	snapshot_process(&snapshot, child);
	ck_assert_int_eq(snapshot.left.processes, 1);
	snapshot.processes = 0;
	snapshot.deadline_ns = 0;
	snapshot_process(&snapshot, child);
	ck_assert_int_eq(snapshot.left.processes, 2);
	snapshot_mappings(&snapshot, child);
	ck_assert_int_gt(snapshot.left.mappings, 0);
	snapshot_write_left(&snapshot);
	unwind_free(snapshot.unwind);
	load();
	ck_assert_uint_eq(record.premortem->left_count, 3);
	ck_assert_int_eq(record.premortem->left[0].what, PART_PROCESSES);
	ck_assert_int_eq(record.premortem->left[0].count, 2);
}
END_TEST

/* As posix_spawn(3) does: the parent stands in the kernel until its child lets go of the pipe. */
static pid_t start_vfork(int release, int ready, int done)
{
	pid_t pid = fork();
	char byte = 0;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
		if (write(ready, &byte, 1) != 1)
			_exit(1);
		_exit(read(release, &byte, 1) != 1);
	}
	if (write(done, &byte, 1) != 1)
		_exit(1);
	rest_here(done);
	return 0;
}

START_TEST(who_cannot_stop_now_is_not_stopped_later)
{
	struct snapshot snapshot = {
		.w = &writer,
		.proc = "/proc",
		.unwind = unwind_new(MODULES_ROOT_OWN),
		.is_frozen = true,
		.deadline_ns = INT64_MAX,
	};
	int release[2], ready[2], done[2];
	struct pollfd p;
	char byte = 0;
	pid_t pid;

	ck_assert(!pipe(release) && !pipe(ready) && !pipe(done));
	pid = start_vfork(release[0], ready[1], done[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	snapshot_threads(&snapshot, pid);
	unwind_free(snapshot.unwind);
	ck_assert_int_eq(write(release[1], &byte, 1), 1);
	p = (struct pollfd){.fd = done[0], .events = POLLIN};
	ck_assert_msg(poll(&p, 1, 5000) == 1, "oomlab still holds it");
	load();
	ck_assert_uint_eq(record.premortem->thread_count, 1);
	ck_assert(!record.premortem->threads[0].is_whole);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

static struct snapshot snapshot_below(const char *proc)
{
	return (struct snapshot){.w = &writer, .proc = proc, .deadline_ns = INT64_MAX};
}

static void put_proc(const char *name, const char *text)
{
	_cleanup_free_ char *path = text_format("proc/%d/%s", NOBODY, name);

	put_file(path, text, 0600);
}

static void make_proc(void)
{
	_cleanup_free_ char *dir = text_format("proc/%d/task/%d", NOBODY, NOBODY);

	ck_assert_int_eq(io_make_dirs(dir), 0);
}

static const struct premortem_mapping *mapping_at(int64_t start)
{
	for (size_t i = 0; i < record.premortem->mapping_count; i++)
		if (record.premortem->mappings[i].start == start)
			return &record.premortem->mappings[i];
	ck_abort_msg("no mapping at %#llx", (long long)start);
}

START_TEST(arenas_are_found_where_memory_has_no_name_of_a_file)
{
	struct trace_log_arena arenas[] = {
		{.id = 1, .pid = NOBODY, .name = "small", .base = 0x10001000, .reserved = 4096},
		{.id = 2, .pid = NOBODY, .name = "large", .base = 0x10002000, .reserved = 1 << 20},
		{.id = 3,
		 .pid = NOBODY,
		 .name = "gone",
		 .base = 0x10003000,
		 .reserved = 1 << 21,
		 .is_released = true},
		{.id = 4, .pid = 1, .name = "another's", .base = 0x20000000, .reserved = 4096},
		{.id = 5, .pid = NOBODY, .name = "refused", .base = 0, .reserved = 4096},
		{.id = 6,
		 .pid = NOBODY,
		 .name = "at the end",
		 .base = 0x30200000,
		 .reserved = 4096},
		{.id = 7, .pid = NOBODY, .name = "in the heap", .base = 0x40000000, .reserved = 1},
		{.id = 8, .pid = NOBODY, .name = "with a name", .base = 0x50000000, .reserved = 1},
		{.id = 9, .pid = NOBODY, .name = "in a file", .base = 0x60000000, .reserved = 1},
	};
	const struct trace_log log = {.arenas = arenas, .arena_count = ARRAY_SIZE(arenas)};
	struct snapshot snapshot = snapshot_below("proc");

	make_proc();
	put_proc("smaps", "10000000-10200000 rw-p 0 00:00 0 \nRss: 2048 kB\n"
			  "20000000-20200000 rw-p 0 00:00 0 \nRss: 2048 kB\n"
			  "30000000-30200000 rw-p 0 00:00 0 \nRss: 2048 kB\n"
			  "40000000-40200000 rw-p 0 00:00 0 [heap]\nRss: 2048 kB\n"
			  "50000000-50200000 rw-p 0 00:00 0 [anon:a b (deleted)]\nRss: 2048 kB\n"
			  "60000000-60200000 rw-p 0 fe:00 7 /a\\012b (deleted)\nRss: 2048 kB\n");
	snapshot.log = &log;
	snapshot_mappings(&snapshot, NOBODY);
	load();
	ck_assert_uint_eq(record.premortem->mapping_count, 6);
	ck_assert_str_eq(mapping_at(0x10000000)->arena, "large");
	ck_assert_int_eq(mapping_at(0x10000000)->arena_id, 2);
	ck_assert_ptr_null(mapping_at(0x20000000)->arena);
	ck_assert_ptr_null(mapping_at(0x30000000)->arena);
	ck_assert_str_eq(mapping_at(0x40000000)->arena, "in the heap");
	ck_assert_str_eq(mapping_at(0x50000000)->arena, "with a name");
	ck_assert_str_eq(mapping_at(0x50000000)->name, "[anon:a b (deleted)]");
	ck_assert_ptr_null(mapping_at(0x60000000)->arena);
	ck_assert_str_eq(mapping_at(0x60000000)->name, "/a\\012b (deleted)");
}
END_TEST

/* A ring that this process writes to. */
static struct trace_ring *attach_ring(void)
{
	struct err err = ERR_INIT;
	struct trace_ring *ring = trace_ring_create(TRACE_RING_MIN_BYTES, &err);
	_cleanup_free_ char *fd = NULL;

	ck_assert_ptr_nonnull(ring);
	fd = text_format("%d", trace_ring_fd(ring));
	setenv(TRACE_FD_ENV, fd, 1);
	trace_detach();
	trace_attach();
	ck_assert(trace_on());
	return ring;
}

/* In a container; the name of the process is escaped by the kernel, and cannot be a line. */
static const struct {
	const char *status;
	uint32_t own;
} numbers[] = {
	{"Name:\tx\nPid:\t9\nNSpid:\t4194305\t7\nVmPeak:\t1 kB\n", 7},
	{"Name:\tx\\nNSpid:\\t8\nNSpid:\t4194305\t300\t1\n", 1},
	{"Name:\tx\nNSpid:\t4194305", NOBODY},
	{"Name:\tof a kernel without it\n", NOBODY},
	{"", NOBODY},
};

START_TEST(an_arena_is_known_by_the_number_its_process_has_itself)
{
	struct trace_log_arena arena = {
		.id = 1, .pid = numbers[_i].own, .name = "own", .base = 0x10000000, .reserved = 1};
	const struct trace_log log = {.arenas = &arena, .arena_count = 1};
	struct snapshot snapshot = snapshot_below("proc");

	make_proc();
	put_proc("smaps", "10000000-10200000 rw-p 0 00:00 0 \nRss: 2048 kB\n");
	put_proc("status", numbers[_i].status);
	snapshot.log = &log;
	snapshot_mappings(&snapshot, NOBODY);
	load();
	ck_assert_int_eq(mapping_at(0x10000000)->pid, NOBODY);
	ck_assert_str_eq(mapping_at(0x10000000)->arena, "own");
}
END_TEST

START_TEST(the_arena_of_a_real_process_is_found)
{
	struct err err = ERR_INIT;
	struct trace_ring *ring = attach_ring();
	struct snapshot snapshot = snapshot_below("/proc");
	struct trace_log log;
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, &(struct arena_config){.name = "game memory",
								   .size = 64 << 20,
								   .source = ARENA_SOURCE_RESERVE}),
			 0);
	memset(arena_push(&arena, 16 << 20, 16), 1, 16 << 20);
	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	snapshot.log = &log;
	snapshot_mappings(&snapshot, getpid());
	load();
	/* The largest by far, with the kernel's name for it or without. */
	ck_assert_str_eq(record.premortem->mappings[0].arena, "game memory");
	ck_assert_int_ge(record.premortem->mappings[0].rss, 16 << 20);
	if (record.premortem->mappings[0].name)
		ck_assert_str_eq(record.premortem->mappings[0].name, "[anon:oomlab game memory]");
	arena_destroy(&arena);
	trace_log_release(&log);
	trace_detach();
	trace_ring_free(ring);
}
END_TEST

START_TEST(mappings_without_a_row_are_summed)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct snapshot snapshot = snapshot_below("proc");
	int64_t mappings = 0, rss = 0;

	for (int i = 0; i < SMAPS_ROWS_MAX + 10; i++)
		strbuf_printf(&text, "%x000-%x000 r--p 0 00:00 1 /lib/%d\nRss: 4 kB\n", 2 * i + 16,
			      2 * i + 17, i);
	make_proc();
	put_proc("smaps", text.buf);
	snapshot_mappings(&snapshot, NOBODY);
	load();
	ck_assert_uint_eq(record.premortem->mapping_count, SNAPSHOT_MAPPINGS_MAX + 1);
	ck_assert(record.premortem->mappings[SNAPSHOT_MAPPINGS_MAX].is_rest);
	for (size_t i = 0; i < record.premortem->mapping_count; i++) {
		mappings += record.premortem->mappings[i].mappings;
		rss += record.premortem->mappings[i].rss;
	}
	ck_assert_int_eq(mappings, SMAPS_ROWS_MAX + 10);
	ck_assert_int_eq(rss, (SMAPS_ROWS_MAX + 10) * 4096);
}
END_TEST

/* The stack cannot be read, the registers cannot be asked for, the name is gone. */
START_TEST(a_thread_is_seen_with_what_is_left_of_it)
{
	static const struct {
		const char *syscall;
		int64_t number, sp;
		bool is_running;
	} threads[] = {
		{"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7f00 0x1234\n", 202, 0x7f00, false},
		{"-1 0x7f10 0x1234\n", ABSENT, 0x7f10, false},
		{"-1 0xfffffffffffffff0 0xfffffffffffffff0\n", ABSENT, ABSENT, false},
		{"running\n", ABSENT, ABSENT, true},
		{"of another kernel\n", ABSENT, ABSENT, true},
	};
	struct snapshot snapshot = snapshot_below("proc");
	const struct premortem_thread *seen;
	_cleanup_free_ char *file = text_format("task/%d/syscall", NOBODY);

	snapshot.is_frozen = true;
	snapshot.unwind = unwind_new(MODULES_ROOT_OWN);
	make_proc();
	put_proc(file, threads[_i].syscall);
	snapshot_threads(&snapshot, NOBODY);
	unwind_free(snapshot.unwind);
	load();
	ck_assert_uint_eq(record.premortem->thread_count, 1);
	seen = record.premortem->threads;
	ck_assert_int_eq(seen->syscall, threads[_i].number);
	ck_assert_int_eq(seen->sp, threads[_i].sp);
	ck_assert_int_eq(seen->is_running, threads[_i].is_running);
	ck_assert_int_eq(seen->stack == NULL, threads[_i].is_running);
	ck_assert(!seen->is_whole);
	ck_assert_ptr_null(seen->comm);
}
END_TEST

/* /proc/PID/maps with names that are none, or that are no code by now. */
START_TEST(code_of_any_name_is_told)
{
	_cleanup_free_ char *file = text_format("task/%d/syscall", NOBODY);
	struct snapshot snapshot = snapshot_below("proc");
	const struct modules *modules;

	snapshot.unwind = unwind_new(MODULES_ROOT_OWN);
	make_proc();
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	put_proc(file, "-1 0x10 0x2010\n");
	{
		_cleanup_free_ char *maps =
			text_format("1000-2000 r-xp 0 00:00 0 [vdso]\n"
				    "2000-3000 r-xp 0 fe:00 7    %s/fifo\n"
				    "3000-4000 r-xp 0 fe:00 7    /a b\\012c (deleted)\n"
				    "4000-5000 rw-p 0 fe:00 7    /data\n"
				    "junk\n6000-7000\n7000-8000 r-xp 0\n8000-9000 r-xp 0 fe:00 7\n"
				    "ffffffffffffffff-0 r-xp ffffffffffffffff fe:00 7 /end\n",
				    scratch_dir);

		put_proc("maps", maps);
	}
	snapshot_threads(&snapshot, NOBODY);
	modules = unwind_modules(snapshot.unwind);
	ck_assert_uint_eq(modules->count, 3);
	ck_assert(text_ends_with(modules->items[0].path, "/fifo"));
	ck_assert_str_eq(modules->items[1].path, "/a b\\012c (deleted)");
	ck_assert_str_eq(modules->items[2].path, "/end");
	unwind_free(snapshot.unwind);
	load();
	ck_assert_str_eq(record.premortem->threads[0].stack, "0+10");
}
END_TEST

START_TEST(files_are_bounded_and_the_ring_is_none)
{
	struct snapshot snapshot = snapshot_below("/proc");
	struct snapshot_file file;

	snapshot.files = SNAPSHOT_FILES_MAX;
	snapshot_files(&snapshot, child);
	ck_assert_int_eq(snapshot.left.files, 2); /* two descriptors of one file that is not kept */
	snapshot = snapshot_below("/proc");
	snapshot.deadline_ns = 0;
	snapshot_files(&snapshot, child);
	ck_assert_int_gt(snapshot.left.files, 2);
	snapshot = snapshot_below("/proc");
	snapshot_files(&snapshot, child);
	ck_assert_uint_eq(snapshot.files, 1);
	ck_assert_int_eq(snapshot.left.files, 0);
	file = snapshot.seen[0];
	snapshot = snapshot_below("/proc");
	snapshot.ring_dev = file.dev;
	snapshot.ring_ino = file.ino;
	snapshot_files(&snapshot, child);
	ck_assert_uint_eq(snapshot.files, 0);
	load();
	ck_assert_uint_eq(record.premortem->file_count, 1);
}
END_TEST

/* Once it has a file of its own file system open, which is all that its server answers for. */
static void await_mute_file(pid_t pid, const char *folder)
{
	const int64_t deadline = io_now_ns() + INT64_C(10000000000);
	_cleanup_free_ char *file = text_format("%s/file", folder);
	_cleanup_free_ char *link = text_format("/proc/%d/fd/3", pid);
	char name[4096] = "";

	while (strcmp(name, file) != 0) {
		ssize_t n = readlink(link, name, sizeof(name) - 1);

		name[n < 0 ? 0 : n] = '\0';
		ck_assert_int_lt(io_now_ns(), deadline);
		poll(NULL, 0, 1);
	}
}

START_TEST(a_file_that_its_own_program_serves_is_not_asked)
{
	_cleanup_free_ char *dir = io_program_dir();
	_cleanup_free_ char *program = text_format("%s/helpers/fuse_mute", dir);
	_cleanup_free_ char *folder = text_format("%s/mute", scratch_dir);
	struct snapshot snapshot = snapshot_below("/proc");
	int64_t since;
	pid_t pid;

	ck_assert_int_eq(mkdir(folder, 0700), 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		close_range(3, ~0U, 0);
		execl(program, program, folder, "1", "10", NULL);
		_exit(1);
	}
	await_mute_file(pid, folder);
	since = io_now_ns();
	snapshot_files(&snapshot, pid);
	ck_assert_int_lt(io_now_ns() - since, INT64_C(8000000000));
	ck_assert_uint_eq(snapshot.files, 0);
	kill(-pid, SIGKILL); /* its server, too */
	end_child(pid);
}
END_TEST

START_TEST(files_and_mounts_in_memory_are_told_from_others)
{
	_cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT;
	_cleanup_close_ int memory = memfd_create("memory", MFD_CLOEXEC), file = -1;
	_cleanup_free_ char *path = text_format("/proc/self/fd/%d", memory), *copy = NULL;
	struct memory_fs fs = {.is_tmpfs_alone = true};
	char *save = NULL, point[1024];
	struct stat st;

	ck_assert_int_eq(io_read_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mounts), 0);
	memory_fs_add(&fs, "/proc", getpid());
	ck_assert_int_eq(ftruncate(memory, 12345), 0);
	file = memory_fs_open(&fs, AT_FDCWD, path, 0, &st);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(st.st_size, 12345);
	ck_assert_int_eq(memory_fs_open(&fs, AT_FDCWD, "/proc/self/status", 0, &st), -1);
	ck_assert_int_eq(memory_fs_open_mount(getpid(), mounts.buf, "/proc"), -1);
	ck_assert_int_eq(memory_fs_open_mount(getpid(), mounts.buf, "/no/such/folder"), -1);
	copy = xstrdup(mounts.buf);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		_cleanup_close_ int mount = -1;

		if (!strstr(line, " - tmpfs ") || !strstr(line, " /dev/shm ") ||
		    sscanf(line, "%*s %*s %*s %*s %1023s", point) != 1)
			continue;
		mount = memory_fs_open_mount(getpid(), mounts.buf, point);
		ck_assert_int_ge(mount, 0);
	}
}
END_TEST

/* A FUSE file system on the way to it, by the mount table alone. */
START_TEST(what_is_below_a_file_system_that_is_served_is_not_looked_for)
{
	_cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT;
	static const char *const types[] = {"fuse", "fuseblk", "fuse.sshfs"};
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *info = text_format("/proc/self/fdinfo/%d", root);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *id;

	ck_assert_int_eq(io_read_at(AT_FDCWD, info, 4096, &text), 0);
	id = strstr(text.buf, "mnt_id:");
	ck_assert_ptr_nonnull(id);
	strbuf_printf(&mounts, "%ld 1 0:33 / / rw - %s x rw\n", strtol(id + 7, NULL, 10),
		      types[_i]);
	ck_assert_int_eq(io_read_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mounts), 0);
	ck_assert_int_eq(memory_fs_open_mount(getpid(), mounts.buf, "/dev/shm"), -1);
}
END_TEST

START_TEST(who_has_gone_adds_nothing)
{
	struct snapshot snapshot = snapshot_below("/proc");

	snapshot.unwind = unwind_new(MODULES_ROOT_OWN);
	snapshot_process(&snapshot, NOBODY);
	snapshot_write_left(&snapshot);
	unwind_free(snapshot.unwind);
	load();
	ck_assert_ptr_null(record.premortem);
}
END_TEST

START_TEST(without_a_tracer_two_registers_have_to_do)
{
	struct snapshot snapshot = snapshot_below("/proc");

	snapshot.is_frozen = true;
	snapshot.unwind = unwind_new(MODULES_ROOT_OWN);
	leave_no_room_for_threads();
	snapshot_threads(&snapshot, child);
	unwind_free(snapshot.unwind);
	load();
	ck_assert_uint_eq(record.premortem->thread_count, 1);
	ck_assert(!record.premortem->threads[0].is_whole);
	ck_assert(!record.premortem->threads[0].is_running);
	ck_assert_ptr_nonnull(record.premortem->threads[0].stack);
}
END_TEST

static TCase *looks(void)
{
	TCase *t = tcase_create("snapshot");

	tcase_add_checked_fixture(t, cgroup_enter, cgroup_leave);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, threads_mappings_and_files_are_seen);
	tcase_add_test(t, what_has_no_room_or_time_is_counted);
	tcase_add_test(t, arenas_are_found_where_memory_has_no_name_of_a_file);
	tcase_add_loop_test(t, an_arena_is_known_by_the_number_its_process_has_itself, 0, 5);
	tcase_add_test(t, the_arena_of_a_real_process_is_found);
	tcase_add_test(t, mappings_without_a_row_are_summed);
	tcase_add_loop_test(t, a_thread_is_seen_with_what_is_left_of_it, 0, 5);
	tcase_add_test(t, code_of_any_name_is_told);
	tcase_add_test(t, files_are_bounded_and_the_ring_is_none);
	tcase_add_test(t, files_and_mounts_in_memory_are_told_from_others);
	tcase_add_loop_test(t, what_is_below_a_file_system_that_is_served_is_not_looked_for, 0, 3);
	if (!access("/dev/fuse", W_OK) && suite_is_root("a_file_that_its_own_program_serves"))
		tcase_add_test(t, a_file_that_its_own_program_serves_is_not_asked);
	tcase_add_test(t, who_has_gone_adds_nothing);
	tcase_add_test(t, who_cannot_stop_now_is_not_stopped_later);
	if (CAN_LEAVE_NO_ROOM)
		tcase_add_test(t, without_a_tracer_two_registers_have_to_do);
	return t;
}

int main(void)
{
	TCase *const cases[] = {looks()};

	return suite_run("snapshot", cases, ARRAY_SIZE(cases));
}
