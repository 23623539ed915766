#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stage_act.h"
#include "stage_files.h"
#include "stage_room.h"

#define CGROUPS	      "/sys/fs/cgroup"
#define OWN_PLACE     "oomlab-stage"
#define READY_MS      120000
#define KILL_MS	      60000
#define GROUP_MS      500
#define BOUND_NODE    1 /* of STAGE_CPUSET and STAGE_POLICY */
#define GAP_MEMCG     (UINT64_C(128) << 10)
#define LOWERED_BY    (UINT64_C(2) << 20) /* more than CPUs have charged and not used */
#define LEAST_GAP     (UINT64_C(1) << 19) /* else filling it runs out of memory */
#define MIN_TTL_GAP   (UINT64_C(6) << 20)
#define FILL_STEP_MAX (UINT64_C(64) << 20)

struct set {
	const struct stage *stage;
	char home[4096]; /* the run's cgroup */
	int *places;	 /* descriptors of the cgroups */
	struct stage_props props;
	int ready[2], go[2], fill[2]; /* pipes */
	pid_t filler;
	size_t alive; /* children that have not been reaped */
	bool is_killed;
};

/* The cgroup that this process is in, of cgroup v2. */
static int find_home(struct set *set)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strncmp(line, "0::/", 4) == 0;
	if (file)
		fclose(file);
	if (!found) {
		errno = ENOENT;
		stage_complain("this process is in no cgroup v2");
		return -1;
	}
	line[strcspn(line, "\n")] = '\0';
	snprintf(set->home, sizeof(set->home), CGROUPS "%.4000s", line + 3);
	return 0;
}

/* Path of a file of a place; of the run's own cgroup for "". */
static const char *place_file(const struct set *set, const char *place, const char *name)
{
	static char path[8300];

	snprintf(path, sizeof(path), "%s%s%.4000s/%s", set->home, *place ? "/" : "", place, name);
	return path;
}

static bool has_children(const struct stage *stage, size_t index)
{
	size_t len = strlen(stage->places[index]);

	for (size_t i = 0; i < stage->place_count; i++)
		if (!strncmp(stage->places[i], stage->places[index], len) &&
		    stage->places[i][len] == '/')
			return true;
	return false;
}

static int make_place(struct set *set, size_t index)
{
	const struct stage *stage = set->stage;
	const char *place = stage->places[index], *path = place_file(set, place, "");

	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		stage_complain("cannot make the cgroup %s", place);
		return -1;
	}
	set->places[index] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (set->places[index] < 0) {
		stage_complain("cannot open the cgroup %s", place);
		return -1;
	}
	if (has_children(stage, index) &&
	    stage_set(place_file(set, place, "cgroup.subtree_control"),
		      stage->bound == STAGE_CPUSET ? "+memory +cpuset" : "+memory") < 0)
		return -1;
	if (stage->bound == STAGE_CPUSET && !strchr(place, '/') &&
	    stage_set(place_file(set, place, "cpuset.mems"), "1") < 0)
		return -1;
	return index == stage->grouped ? stage_set(place_file(set, place, "memory.oom.group"), "1")
				       : 0;
}

/* This process leaves the run's cgroup, which then can have controllers for those below. */
static int make_places(struct set *set)
{
	const struct stage *stage = set->stage;

	if (find_home(set) < 0)
		return -1;
	if (mkdir(place_file(set, OWN_PLACE, ""), 0755) < 0) {
		stage_complain("cannot make a cgroup below that of the run");
		return -1;
	}
	if (stage_set(place_file(set, OWN_PLACE, "cgroup.procs"), "0") < 0 ||
	    stage_set(place_file(set, "", "cgroup.subtree_control"),
		      stage->bound == STAGE_CPUSET ? "+memory +cpuset" : "+memory") < 0)
		return -1;
	for (size_t i = 0; i < stage->place_count; i++)
		if (make_place(set, i) < 0)
			return -1;
	return 0;
}

/* Pages of ramfs count as pages of files and cannot be dropped, so that sizes stay. */
static int open_props(struct set *set)
{
	struct stage_props *props = &set->props;

	mkdir("/run/stage", 0755);
	if (mount("ramfs", "/run/stage", "ramfs", 0, "mode=0777") < 0) {
		stage_complain("cannot mount ramfs");
		return -1;
	}
	props->file = open("/run/stage/shared", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	props->new_file = open("/run/stage/new", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	props->tmpfs = memfd_create("shared", MFD_CLOEXEC);
	props->new_tmpfs = memfd_create("new", MFD_CLOEXEC);
	if (props->file < 0 || props->new_file < 0 || props->tmpfs < 0 || props->new_tmpfs < 0) {
		stage_complain("cannot make the files that processes share");
		return -1;
	}
	for (size_t i = 0; i < set->stage->process_count; i++) {
		const struct stage_process *p = &set->stage->processes[i];

		props->file_bytes = p->file_bytes > props->file_bytes ? p->file_bytes
								      : props->file_bytes;
		props->tmpfs_bytes = p->tmpfs_bytes > props->tmpfs_bytes ? p->tmpfs_bytes
									 : props->tmpfs_bytes;
	}
	if (ftruncate(props->file, (off_t)props->file_bytes) < 0 ||
	    ftruncate(props->tmpfs, (off_t)props->tmpfs_bytes) < 0 ||
	    ftruncate(props->new_file, (off_t)1 << 42) < 0) {
		stage_complain("cannot size the files that processes share");
		return -1;
	}
	return 0;
}

static int bind_memory(const struct stage *stage)
{
	const unsigned long nodes = 1UL << BOUND_NODE;

	if (stage->bound != STAGE_POLICY ||
	    syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, sizeof(nodes) * 8) == 0)
		return 0;
	stage_complain("cannot bind memory to node %d", BOUND_NODE);
	return -1;
}

/* The process is in its cgroup from its first page on. pid: 0: any. */
static pid_t spawn(struct set *set, size_t place, pid_t pid)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.set_tid = pid ? (uintptr_t)&pid : 0,
		.set_tid_size = pid ? 1 : 0,
		.cgroup = (unsigned int)set->places[place],
	};
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (child > 0)
		set->alive++;
	else if (child < 0)
		stage_complain("cannot start process %d", pid);
	return child;
}

/* Reaps what has ended; true if a process was killed. */
static bool reap(struct set *set)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		set->alive--;
		if (pid == set->filler)
			set->filler = 0;
		set->is_killed |= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	return set->is_killed;
}

/* One byte a process. 0, or -1: one said that it could not, was killed, or it takes too long. */
static int wait_ready(struct set *set, size_t count)
{
	struct pollfd p = {.fd = set->ready[0], .events = POLLIN};

	for (int waited = 0; count && waited < READY_MS; waited += 50) {
		char answers[256];
		ssize_t n = poll(&p, 1, 50) > 0 ? read(p.fd, answers, sizeof(answers)) : 0;

		if (n > 0 && memchr(answers, STAGE_CANNOT, (size_t)n)) {
			errno = ENOMEM;
			stage_complain("a process cannot be as large as it should");
			return -1;
		}
		count -= n > 0 ? (size_t)n : 0;
		if (reap(set))
			return -1;
	}
	if (!count)
		return 0;
	errno = ETIMEDOUT;
	stage_complain("%zu processes are not as large as they should be", count);
	return -1;
}

static int start_processes(struct set *set)
{
	const struct stage *stage = set->stage;
	struct stage_role role = {
		.stage = stage, .props = &set->props, .ready = set->ready[1], .go = set->go[0]};

	for (size_t i = 0; i < stage->process_count; i++) {
		pid_t pid = spawn(set, stage->processes[i].place, stage->processes[i].pid);

		if (pid < 0)
			return -1;
		role.index = i;
		if (pid == 0)
			stage_act(&role);
	}
	return 0;
}

static bool is_bound(const struct stage *stage)
{
	return stage->bound == STAGE_CPUSET || stage->bound == STAGE_POLICY;
}

/* How much of the slab is still to be made. */
static uint64_t missing_slab(const struct set *set)
{
	const struct stage *stage = set->stage;
	const char *path = "/proc/meminfo", *name = "SUnreclaim:";
	uint64_t unit = 1024, here;

	if (stage->bound == STAGE_CGROUP) {
		path = place_file(set, stage->places[stage->limited], "memory.stat");
		name = "slab_unreclaimable ";
		unit = 1;
	}
	here = stage_read_value(path, name) * unit;
	return stage->slab_bytes > here ? stage->slab_bytes - here : 0;
}

/* How much is to be filled. */
static uint64_t room(const struct set *set, uint64_t limit)
{
	const struct stage *stage = set->stage;
	uint64_t gap = stage_held_back(stage), used;

	if (stage->bound != STAGE_CGROUP) {
		used = 0;
		limit = stage_room(is_bound(stage) ? BOUND_NODE : STAGE_ALL_NODES);
		gap = stage->may_grow ? gap : gap / 4;
		gap = gap > LEAST_GAP ? gap : LEAST_GAP;
		/* kswapd is to be woken before a request fails. */
		if (stage->way == STAGE_MIN_TTL)
			gap = MIN_TTL_GAP;
	} else {
		used = stage_read_number(
			place_file(set, stage->places[stage->limited], "memory.current"));
		gap += GAP_MEMCG;
	}
	return limit > used + gap ? limit - used - gap : 0;
}

/* In a process of its own, in a cgroup that is charged; ends it. */
static void fill(struct set *set, uint64_t limit) __attribute__((noreturn));
static void fill(struct set *set, uint64_t limit)
{
	uint64_t size = 0, step;
	char go;

	prctl(PR_SET_NAME, "stage-filler");
	stage_act_props(&set->props);
	if (write(set->ready[1], "", 1) != 1 || read(set->fill[0], &go, 1) != 1)
		_exit(1);
	stage_act_slab(missing_slab(set));
	/* A kill by hand needs no shortage. */
	while (set->stage->way != STAGE_SYSRQ && (step = room(set, limit)) >= 4096) {
		step = step > FILL_STEP_MAX ? FILL_STEP_MAX : step & ~UINT64_C(4095);
		if (fallocate(set->props.new_tmpfs, 0, (off_t)size, (off_t)step) < 0)
			break;
		size += step;
	}
	_exit(write(set->ready[1], "", 1) == 1 ? 0 : 1);
}

/*
 * The limit in force once all are there: what the kernel itself needs for them may be more than is
 * left, then it is raised by that.
 */
static int limit_memory(struct set *set, uint64_t *limit)
{
	const struct stage *stage = set->stage;
	const char *place;
	char text[32];
	uint64_t current, gap;

	if (stage->limited == SIZE_MAX)
		return 0;
	gap = GAP_MEMCG + stage_held_back(stage) + missing_slab(set);
	place = stage->places[stage->limited];
	current = stage_read_number(place_file(set, place, "memory.current"));
	if (*limit < current + gap)
		*limit = (current + gap) & ~UINT64_C(4095);
	if (stage->way == STAGE_LOWER_LIMIT)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, *limit);
	return stage_set(place_file(set, place, "memory.max"), text);
}

static int lower_limit(struct set *set, uint64_t limit)
{
	const struct stage *stage = set->stage;
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, limit - LOWERED_BY);
	prctl(PR_SET_NAME, stage->processes[stage->invoker].comm);
	return stage_set(place_file(set, stage->places[stage->limited], "memory.max"), text);
}

/* What the kernel says then must reach the console: nothing else outlives it. */
static int prepare_panic(const struct stage *stage)
{
	const char value[] = {(char)('0' + stage->panic_on_oom), '\0'};

	if (!stage->panic_on_oom)
		return 0;
	return stage_set("/proc/sys/kernel/printk", "8") < 0 ||
			       stage_set("/proc/sys/vm/panic_on_oom", value) < 0
		       ? -1
		       : 0;
}

static int request(struct set *set, uint64_t limit)
{
	if (set->stage->way == STAGE_LOWER_LIMIT)
		return lower_limit(set, limit);
	if (set->stage->way == STAGE_SYSRQ)
		return stage_set("/proc/sysrq-trigger", "f");
	if (set->stage->way == STAGE_MIN_TTL &&
	    (stage_set("/sys/kernel/mm/lru_gen/enabled", "y") < 0 ||
	     stage_set("/sys/kernel/mm/lru_gen/min_ttl_ms", "100000000") < 0))
		return -1;
	return write(set->go[1], "", 1) == 1 ? 0 : -1;
}

static void sleep_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* The kernel kills a group one by one: until nobody has died for a while. */
static void await_group(struct set *set)
{
	size_t before;

	for (int waited = 0; waited < KILL_MS; waited += GROUP_MS) {
		before = set->alive;
		sleep_ms(GROUP_MS);
		reap(set);
		if (set->alive == before)
			return;
	}
}

/* Before the victim is gone, which takes long where it has much: what requests memory must stop. */
static bool is_killing(struct set *set)
{
	return reap(set) || stage_read_value(place_file(set, "", "memory.events"), "oom_kill ") > 0;
}

/* The invoker stops at the first kill: there was one in the log, or each is an event of its own. */
static enum stage_end await_kill(struct set *set)
{
	for (int waited = 0; waited < KILL_MS; waited += 2) {
		if (is_killing(set)) {
			kill(set->stage->processes[set->stage->invoker].pid, SIGSTOP);
			await_group(set);
			return STAGE_KILLED;
		}
		sleep_ms(2);
	}
	return STAGE_SURVIVED;
}

static enum stage_end perform(struct set *set)
{
	const struct stage *stage = set->stage;
	uint64_t limit = stage->limit_bytes;

	set->filler = spawn(set, stage->processes[stage->invoker].place, 0);
	if (set->filler == 0)
		fill(set, limit);
	if (set->filler < 0 || wait_ready(set, 1) < 0)
		return STAGE_BROKEN;
	if (start_processes(set) < 0)
		return STAGE_BROKEN;
	if (wait_ready(set, stage->process_count) < 0)
		return set->is_killed ? STAGE_TOO_EARLY : STAGE_BROKEN;
	/* Else the kernel finds these few MiB once memory is full. */
	if (stage_set("/proc/sys/vm/drop_caches", "2") < 0)
		return STAGE_BROKEN;
	if (limit_memory(set, &limit) < 0 || write(set->fill[1], "", 1) != 1)
		return STAGE_BROKEN;
	if (wait_ready(set, 1) < 0)
		return set->is_killed ? STAGE_KILLED : STAGE_BROKEN;
	if (prepare_panic(stage) < 0 || request(set, limit) < 0)
		return STAGE_BROKEN;
	return await_kill(set);
}

/* Whoever is left, wherever it is: the cgroups are this stage's. */
static void end_all(struct set *set)
{
	for (size_t i = 0; i < set->stage->place_count; i++)
		if (set->places[i] >= 0)
			stage_write(place_file(set, set->stage->places[i], "cgroup.kill"), "1");
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static int open_pipes(struct set *set)
{
	if (pipe2(set->ready, O_CLOEXEC) == 0 && pipe2(set->go, O_CLOEXEC) == 0 &&
	    pipe2(set->fill, O_CLOEXEC) == 0)
		return 0;
	stage_complain("cannot make a pipe");
	return -1;
}

/* Anywhere else it would fill the machine and set its kernel. The parameter is guest.h's. */
static bool is_in_vm(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");
	bool is_guest = file && fgets(line, sizeof(line), file) &&
			strstr(line, "OOMLAB_TRANSPORT=");

	if (file)
		fclose(file);
	if (!is_guest)
		fputs("replay-stage: not in a VM of oomlab: elsewhere it would fill the memory of the "
		      "machine and set its kernel; start it by 'oomlab replay' or 'oomlab run'\n",
		      stderr);
	return is_guest;
}

enum stage_end stage_run(const struct stage *stage)
{
	struct set set = {.stage = stage,
			  .places = calloc(stage->place_count + 1, sizeof(*set.places))};
	enum stage_end end = STAGE_BROKEN;

	for (size_t i = 0; set.places && i < stage->place_count; i++)
		set.places[i] = -1;
	if (set.places && is_in_vm() && stage_set_kernel(stage->kills_invoker) == 0 &&
	    make_places(&set) == 0 && open_props(&set) == 0 && open_pipes(&set) == 0 &&
	    bind_memory(stage) == 0) {
		end = perform(&set);
		end_all(&set);
	}
	free(set.places);
	return end;
}
