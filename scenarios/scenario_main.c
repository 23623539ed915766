#include "scenario.h"
#include "scenario_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXIT_REFUSED 1
#define EXIT_BAD_USE 2
#define EXIT_NO_GATE 125
#define PACKET_MAX   256

static const char *const outcome_words[OUTCOME_COUNT] = {
	[OUTCOME_SURVIVED] = "survived",     [OUTCOME_REFUSED] = "refused",
	[OUTCOME_OOM_KILLED] = "oom_killed", [OUTCOME_CHILD_OOM_KILLED] = "child_oom_killed",
	[OUTCOME_SIGNALLED] = "signalled",   [OUTCOME_FAILED] = "failed",
	[OUTCOME_THROTTLED] = "throttled",   [OUTCOME_LIVELOCKED] = "livelocked",
	[OUTCOME_TIMED_OUT] = "timed_out",   [OUTCOME_PANICKED] = "panicked",
	[OUTCOME_LAB_ERROR] = "lab_error",
};
static const char *const constraint_words[CONSTRAINT_COUNT] = {
	[CONSTRAINT_NONE] = "NONE",
	[CONSTRAINT_CPUSET] = "CPUSET",
	[CONSTRAINT_MEMORY_POLICY] = "MEMORY_POLICY",
	[CONSTRAINT_MEMCG] = "MEMCG",
};
static const char *const victim_words[VICTIM_COUNT] = {
	[VICTIM_SELF] = "self",
	[VICTIM_CHILD] = "child",
	[VICTIM_NOBODY] = "nobody",
};
static const char *const thp_words[THP_COUNT] = {
	[THP_ALWAYS] = "always",
	[THP_MADVISE] = "madvise",
	[THP_NEVER] = "never",
};
static const char *const need_words[NEED_COUNT] = {
	[NEED_MEMCG_V2] = "memcg_v2",
	[NEED_KMSG] = "kmsg",
	[NEED_SYS_RESOURCE] = "sys_resource",
};

static void print_string(const char *text)
{
	putchar('"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20)
			printf("\\u%04x", (unsigned int)*c);
		else
			putchar(*c);
	}
	putchar('"');
}

/* Members print nothing when unset; each ends what came before with a comma. */
static void print_key(const char *key)
{
	printf(",\n  \"%s\": ", key);
}

static void print_text(const char *key, const char *text)
{
	if (!text)
		return;
	print_key(key);
	print_string(text);
}

static void print_number(const char *key, bool is_set, uint64_t value)
{
	if (!is_set)
		return;
	print_key(key);
	printf("%" PRIu64, value);
}

static void print_amount(const char *key, const struct amount *amount)
{
	if (amount->is_set && amount->is_max)
		print_text(key, "max");
	else
		print_number(key, amount->is_set, amount->bytes);
}

static void print_range(const char *key, const struct range *range)
{
	if (!range->is_set)
		return;
	print_key(key);
	printf("{\"min\": %" PRIu64, range->min);
	if (range->max != UINT64_MAX)
		printf(", \"max\": %" PRIu64, range->max);
	putchar('}');
}

static void print_needs(const enum need *need)
{
	print_key("needs");
	putchar('[');
	for (const char *comma = ""; need && *need != NEED_END; need++, comma = ", ")
		printf("%s\"%s\"", comma, need_words[*need]);
	putchar(']');
}

static void print_host_files(const char *const *file)
{
	if (!file)
		return;
	print_key("host_files");
	putchar('[');
	for (const char *comma = ""; *file; file++, comma = ", ") {
		fputs(comma, stdout);
		print_string(*file);
	}
	putchar(']');
}

/* The members of the limits of a node, or of the run. */
static void print_node(const struct scenario_node *n)
{
	fputs("{\"name\": ", stdout);
	print_string(n->name);
	print_amount("memory_max", &n->limits.memory_max);
	print_amount("memory_high", &n->limits.memory_high);
	print_amount("memory_swap_max", &n->limits.memory_swap_max);
	print_amount("memory_min", &n->memory_min);
	print_amount("memory_low", &n->memory_low);
	print_text("cpuset_mems", n->cpuset_mems);
	if (n->limits.oom_group) {
		print_key("oom_group");
		fputs("true", stdout);
	}
	putchar('}');
}

static void print_nodes(const struct scenario_node *n)
{
	if (!n)
		return;
	print_key("nodes");
	putchar('[');
	for (const char *comma = ""; n->name; n++, comma = ", ") {
		fputs(comma, stdout);
		print_node(n);
	}
	putchar(']');
}

static void print_victims(const struct expect_victim *v)
{
	if (!v)
		return;
	print_key("victims");
	putchar('[');
	for (const char *comma = ""; v->comm; v++, comma = ", ") {
		printf("%s{\"comm\": ", comma);
		print_string(v->comm);
		print_range("count", &v->count);
		putchar('}');
	}
	putchar(']');
}

static void print_node_counters(const struct expect_node *n)
{
	if (!n)
		return;
	print_key("nodes");
	putchar('[');
	for (const char *comma = ""; n->node; n++, comma = ", ") {
		printf("%s{\"node\": ", comma);
		print_string(n->node);
		print_text("counter", n->counter);
		print_range("count", &n->count);
		putchar('}');
	}
	putchar(']');
}

static void print_expect(const struct expect *expect)
{
	print_key("expect");
	printf("{\"outcome\": \"%s\"", outcome_words[expect->outcome]);
	print_text("constraint", constraint_words[expect->constraint]);
	print_text("victim", victim_words[expect->victim]);
	print_text("scope", expect->scope);
	print_victims(expect->victims);
	print_node_counters(expect->nodes);
	print_range("oom_kill", &expect->oom_kill);
	print_range("oom_group_kill", &expect->oom_group_kill);
	print_range("peak_bytes", &expect->peak_bytes);
	print_range("vsz_bytes", &expect->vsz_bytes);
	print_range("rss_bytes", &expect->rss_bytes);
	putchar('}');
}

static void print_ps(const struct ps_figures *ps)
{
	if (!ps->checkpoint)
		return;
	print_key("ps");
	fputs("{\"checkpoint\": ", stdout);
	print_string(ps->checkpoint);
	print_text("where", ps->where);
	print_number("vsz_bytes", true, ps->vsz_bytes);
	print_number("rss_bytes", true, ps->rss_bytes);
	print_text("meaning", ps->meaning);
	putchar('}');
}

static void print_limits(const struct cgroup_limits *cgroup)
{
	print_amount("memory_max", &cgroup->memory_max);
	print_amount("memory_high", &cgroup->memory_high);
	print_amount("memory_swap_max", &cgroup->memory_swap_max);
	print_key("oom_group");
	fputs(cgroup->oom_group ? "true" : "false", stdout);
}

static void print_vm(const struct vm_settings *vm)
{
	print_number("overcommit_memory", vm->overcommit_memory != OVERCOMMIT_KEEP,
		     (uint64_t)vm->overcommit_memory - 1);
	print_number("overcommit_ratio", vm->overcommit_ratio > 0, (uint64_t)vm->overcommit_ratio);
	print_text("thp", thp_words[vm->thp]);
	print_number("ram_bytes", vm->ram_bytes > 0, vm->ram_bytes);
	if (vm->own_boot) {
		print_key("own_boot");
		fputs("true", stdout);
	}
	print_number("guest_swap_bytes", vm->swap_bytes > 0, vm->swap_bytes);
	print_number("guest_scratch_bytes", vm->scratch_bytes > 0, vm->scratch_bytes);
	print_number("guest_zram_bytes", vm->zram_bytes > 0, vm->zram_bytes);
	print_number("guest_numa_nodes", vm->numa_nodes > 0, (uint64_t)vm->numa_nodes);
}

static int print_spec(const struct scenario *s)
{
	fputs("{\"name\": ", stdout);
	print_string(s->name);
	print_text("summary", s->summary);
	print_text("lesson", s->lesson);
	print_text("group", s->group);
	print_text("twin", s->twin);
	print_limits(&s->cgroup);
	print_nodes(s->nodes);
	print_text("target_node", s->target_node);
	print_vm(&s->vm);
	print_needs(s->needs);
	print_host_files(s->host_files);
	print_text("install", s->install);
	print_number("timeout_sec", true, s->timeout_sec ? s->timeout_sec : 60);
	print_number("ceiling_bytes", s->ceiling_bytes > 0, s->ceiling_bytes);
	if (s->expect.outcome)
		print_expect(&s->expect);
	print_ps(&s->ps);
	puts("\n}");
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

static int print_help(const struct scenario *s)
{
	printf("%s: %s\n\n%s\n\n"
	       "This is a scenario of oomlab; run it under its limits with: oomlab run %s\n"
	       "  --spec    print its declaration as JSON\n"
	       "  --no-lab  run it here and now without limits; it touches up to %" PRIu64 " MiB\n",
	       s->name, s->summary, s->lesson ? s->lesson : "", s->name, s->ceiling_bytes >> 20);
	return 0;
}

static __attribute__((noreturn)) void die_at_gate(const char *what)
{
	fprintf(stderr, "%s: gate: %s\n", scenario.name, what);
	exit(EXIT_NO_GATE);
}

/* Sends one packet and waits for "go"; a closed socket counts as "go". */
static void pass_gate(int fd, const char *packet)
{
	char answer[16];
	ssize_t got;

	while ((got = send(fd, packet, strlen(packet), MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (got < 0 && errno != EPIPE && errno != ECONNRESET)
		die_at_gate(strerror(errno));
	while ((got = recv(fd, answer, sizeof(answer), 0)) < 0 && errno == EINTR)
		;
	if (got < 0 && errno != ECONNRESET)
		die_at_gate(strerror(errno));
	if (got > 0 && (got != 2 || memcmp(answer, "go", 2) != 0))
		die_at_gate("the launcher said something else than \"go\"");
}

static void print_sizes(const char *name)
{
	const unsigned long page_kib = (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
	unsigned long vsz_pages = 0, rss_pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (!statm || fscanf(statm, "%lu %lu", &vsz_pages, &rss_pages) != 2)
		fprintf(stderr, "%s: cannot read /proc/self/statm\n", scenario.name);
	else
		printf("%s: VSZ %lu KiB, RSS %lu KiB\n", name, vsz_pages * page_kib,
		       rss_pages * page_kib);
	fflush(stdout);
	if (statm)
		fclose(statm);
}

void scenario_checkpoint(struct scenario_env *env, const char *name)
{
	char packet[PACKET_MAX];

	if (env->gate_fd < 0) {
		print_sizes(name);
		return;
	}
	snprintf(packet, sizeof(packet), "checkpoint %s", name);
	pass_gate(env->gate_fd, packet);
}

void scenario_refused(struct scenario_env *env, const char *what, uint64_t bytes, int errno_value)
{
	char packet[PACKET_MAX];

	fprintf(stderr, "%s: %s of %" PRIu64 " bytes refused: %s\n", scenario.name, what, bytes,
		strerror(errno_value));
	snprintf(packet, sizeof(packet), "refused %d %" PRIu64 " %s", errno_value, bytes, what);
	if (env->gate_fd >= 0)
		pass_gate(env->gate_fd, packet);
	exit(EXIT_REFUSED);
}

/* The number of the gate's descriptor; -1: there is no launcher. */
static int gate_from_environment(void)
{
	const char *text = getenv(SCENARIO_GATE_ENV);
	char *end;
	long fd;

	if (!text)
		return -1;
	errno = 0;
	fd = strtol(text, &end, 10);
	if (end == text || *end || errno || fd < 0 || fd > 1 << 20)
		die_at_gate("bad number in " SCENARIO_GATE_ENV);
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	return (int)fd;
}

/* Without limits the machine itself may run out: then this process is to go first. */
static void volunteer_as_victim(void)
{
	FILE *adj = fopen("/proc/self/oom_score_adj", "we");

	if (adj) {
		fputs("1000\n", adj);
		fclose(adj);
	}
}

static int begin(const struct scenario *s, bool no_lab)
{
	struct scenario_env env = {.gate_fd = gate_from_environment()};

	if (env.gate_fd < 0 && !no_lab) {
		fprintf(stderr,
			"%s: not started by oomlab, so nothing limits it, and it touches up to "
			"%" PRIu64 " MiB; use 'oomlab run %s', or --no-lab to run it regardless\n",
			s->name, s->ceiling_bytes >> 20, s->name);
		return EXIT_BAD_USE;
	}
	if (env.gate_fd < 0)
		volunteer_as_victim();
	else
		pass_gate(env.gate_fd, "start");
	scenario_tree_make(s, &env);
	s->run(&env);
	return 0;
}

int main(int argc, char **argv)
{
	const char *option = argc > 1 ? argv[1] : "";

	if (argc <= 2 && !strcmp(option, "--spec"))
		return print_spec(&scenario);
	if (argc <= 2 && !strcmp(option, "--help"))
		return print_help(&scenario);
	if (argc == 1 || (argc == 2 && !strcmp(option, "--no-lab")))
		return begin(&scenario, argc == 2);
	fprintf(stderr, "%s: unknown arguments; try --help\n", scenario.name);
	return EXIT_BAD_USE;
}
