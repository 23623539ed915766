#include "scenario_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_BROKEN 125
#define MOUNT	    "/sys/fs/cgroup"
#define OWN_NODE    "target"

static void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void die(const char *fmt, ...)
{
	const char *cause = errno ? strerror(errno) : "";
	va_list args;

	fprintf(stderr, "%s: ", scenario.name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "%s%s\n", *cause ? ": " : "", cause);
	exit(EXIT_BROKEN);
}

static void path_of(char *path, const struct scenario_env *env, const char *node, const char *file)
{
	const char *slash = *node ? "/" : "";

	if (snprintf(path, PATH_MAX, "%s%s%s/%s", env->cgroup, slash, node, file) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		die("the path of '%s'", node);
	}
}

static ssize_t try_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, value, strlen(value));
	int cause = errno;

	if (fd >= 0)
		close(fd);
	errno = cause;
	return n;
}

void scenario_set_node(struct scenario_env *env, const char *node, const char *file,
		       const char *value)
{
	char path[PATH_MAX];

	if (!env->cgroup)
		die("it has no nodes of its own to set '%s' of", file);
	path_of(path, env, node, file);
	if (try_write(path, value) < 0)
		die("cannot write '%s' to '%s'", value, path);
}

void scenario_set_kernel(struct scenario_env *env, const char *path, const char *value)
{
	int fd;

	/* Without the lab this is somebody's own machine. */
	if (env->gate_fd < 0)
		die("this is no guest of the lab to set '%s' in", path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		die("cannot write '%s' to '%s'", value, path);
	close(fd);
}

void scenario_set_score(int adj)
{
	char value[16];

	snprintf(value, sizeof(value), "%d", adj);
	if (try_write("/proc/self/oom_score_adj", value) < 0)
		die("cannot set oom_score_adj to %d", adj);
}

/* The directory of the cgroup that this process is in, on v2. */
static const char *own_cgroup(void)
{
	static char path[PATH_MAX];
	char line[PATH_MAX];
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		fclose(file);
		if (snprintf(path, sizeof(path), MOUNT "%s", line + 3) >= (int)sizeof(path))
			return NULL;
		return path;
	}
	if (file)
		fclose(file);
	return NULL;
}

/* Sets a limit, and gives up where the kernel does not have it then; a page's rounding is allowed. */
static void set_amount(struct scenario_env *env, const char *node, const char *file,
		       const struct amount *amount)
{
	char path[PATH_MAX], value[32], found[32] = "";
	unsigned long long now;
	FILE *back;

	if (!amount->is_set)
		return;
	snprintf(value, sizeof(value), "%" PRIu64, amount->bytes);
	scenario_set_node(env, node, file, amount->is_max ? "max" : value);
	path_of(path, env, node, file);
	back = fopen(path, "re");
	if (back && !fgets(found, sizeof(found), back))
		*found = '\0';
	if (back)
		fclose(back);
	errno = 0;
	if (amount->is_max ? strncmp(found, "max", 3) == 0
			   : sscanf(found, "%llu", &now) == 1 && now <= amount->bytes &&
				     amount->bytes - now < (uint64_t)sysconf(_SC_PAGESIZE))
		return;
	die("'%s' is %s, not %s", path, *found ? found : "not to be read",
	    amount->is_max ? "max" : value);
}

static void make_node(struct scenario_env *env, const char *name)
{
	char path[PATH_MAX];

	path_of(path, env, name, "");
	if (mkdir(path, 0755) < 0)
		die("cannot make the cgroup '%s'", path);
}

/* Lets the children of a cgroup have limits of their own. */
static void enable(struct scenario_env *env, const char *node, bool cpusets)
{
	scenario_set_node(env, node, "cgroup.subtree_control",
			  cpusets ? "+memory +cpuset" : "+memory");
}

static bool has_below(const struct scenario_node *nodes, const char *name)
{
	const size_t len = strlen(name);

	for (const struct scenario_node *n = nodes; n->name; n++)
		if (strncmp(n->name, name, len) == 0 && n->name[len] == '/')
			return true;
	return false;
}

static void limit_node(struct scenario_env *env, const struct scenario_node *n)
{
	if (n->cpuset_mems)
		scenario_set_node(env, n->name, "cpuset.mems", n->cpuset_mems);
	set_amount(env, n->name, "memory.min", &n->memory_min);
	set_amount(env, n->name, "memory.low", &n->memory_low);
	set_amount(env, n->name, "memory.high", &n->limits.memory_high);
	set_amount(env, n->name, "memory.max", &n->limits.memory_max);
	set_amount(env, n->name, "memory.swap.max", &n->limits.memory_swap_max);
	if (n->limits.oom_group)
		scenario_set_node(env, n->name, "memory.oom.group", "1");
}

/*
 * The nodes are there, and this process is in its own, before any controller is enabled: a cgroup
 * that has processes cannot give controllers to its children.
 */
void scenario_tree_make(const struct scenario *s, struct scenario_env *env)
{
	const char *own = s->target_node ? s->target_node : OWN_NODE;
	bool cpusets = false;

	if (!s->nodes)
		return;
	env->cgroup = own_cgroup();
	errno = 0;
	if (!env->cgroup)
		die("its nodes need cgroup v2 at " MOUNT);
	for (const struct scenario_node *n = s->nodes; n->name; n++) {
		make_node(env, n->name);
		cpusets |= n->cpuset_mems != NULL;
	}
	if (!s->target_node)
		make_node(env, OWN_NODE);
	scenario_set_node(env, own, "cgroup.procs", "0");
	enable(env, "", cpusets);
	for (const struct scenario_node *n = s->nodes; n->name; n++) {
		if (has_below(s->nodes, n->name))
			enable(env, n->name, cpusets);
		limit_node(env, n);
	}
}

pid_t scenario_fork(struct scenario_env *env, const char *comm, const char *node,
		    void (*fn)(struct scenario_env *env, void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("cannot start '%s'", comm);
	if (pid)
		return pid;
	prctl(PR_SET_NAME, comm);
	if (node)
		scenario_set_node(env, node, "cgroup.procs", "0");
	fn(env, arg);
	_exit(0);
}

void scenario_exec(const char *const *argv)
{
	fflush(NULL);
	execvp(argv[0], (char *const *)argv);
	die("cannot run '%s'", argv[0]);
}

int scenario_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("cannot wait for process %d", (int)pid);
	return status;
}
