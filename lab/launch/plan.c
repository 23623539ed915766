#include "launch/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "launch/sysctl.h"

const char *const backend_names[BACKEND_COUNT] = {"auto",   "cgroup", "vm",	  "current",
						  "docker", "podman", "container"};

#define CONTAINER_OPS                                                                          \
	{                                                                                      \
		OP_PROTECT, OP_RING, OP_CONTAINER, OP_IN_FORCE, OP_SOURCES, OP_GATE, OP_WATCH, \
			OP_FINISH, OP_ENGINE, OP_COUNT                                         \
	}

/* What each backend does, in order. OP_COUNT ends a list. */
static const enum plan_op backend_ops[BACKEND_COUNT][OP_COUNT] = {
	[BACKEND_CGROUP] = {OP_PROTECT, OP_SYSCTL, OP_CGROUP, OP_LIMITS, OP_RING, OP_SOURCES,
			    OP_START, OP_GATE, OP_WATCH, OP_FINISH, OP_COUNT},
	[BACKEND_VM] = {OP_BOOT, OP_COUNT},
	[BACKEND_CURRENT] = {OP_PROTECT, OP_OWN, OP_RING, OP_SOURCES, OP_START, OP_GATE, OP_WATCH,
			     OP_FINISH, OP_COUNT},
	[BACKEND_DOCKER] = CONTAINER_OPS,
	[BACKEND_PODMAN] = CONTAINER_OPS,
	[BACKEND_CONTAINER] = CONTAINER_OPS,
};

static void add(struct plan *plan, enum plan_op op)
{
	plan->ops[plan->op_count++] = op;
}

static bool is_limited(const struct spec *spec)
{
	return spec->memory_max.is_set && !spec->memory_max.is_max;
}

static const char no_sys_resource[] =
	"the scenario needs CAP_SYS_RESOURCE, to lower oom_score_adj or raise a resource limit, which this process does not have";

/* Why the run may not be done on this host's own kernel, or NULL. */
static const char *why_not_here(const struct spec *spec, const struct plan_facts *facts)
{
	if (!facts->cgroup_version)
		return facts->cgroup_reason;
	if (spec->needs_memcg_v2 && facts->cgroup_version != 2)
		return "the scenario needs cgroup v2 and the memory controller here is v1";
	if (spec->needs_kmsg && facts->kmsg_reason)
		return facts->kmsg_reason;
	if (spec->needs_sys_resource && !facts->has_sys_resource)
		return no_sys_resource;
	if (facts->cgroup_version == 1 && (spec->memory_high.is_set || spec->oom_group))
		return "cgroup v1 has no memory.high and no memory.oom.group";
	if (facts->is_guest)
		return NULL;
	if (spec->name && !is_limited(spec))
		return "a scenario without a limit would take the memory of this host";
	if (spec_is_kernel_wide(spec) && !facts->allow_host_sysctl)
		return "it sets the whole kernel (overcommit or THP), which is not done to a host";
	return NULL;
}

/* A difference below 64 KiB may be the kernel's rounding to its pages. */
static bool is_same(const struct amount *a, const struct amount *b)
{
	uint64_t difference = a->bytes > b->bytes ? a->bytes - b->bytes : b->bytes - a->bytes;

	return a->is_max == b->is_max && (a->is_max || difference < KIB(64));
}

/* Why the run may not be done under the limit of the container this runs in, or NULL. */
static const char *why_not_current(const struct spec *spec, const struct plan_facts *facts)
{
	const struct amount *limit = &facts->current_limit;

	if (facts->current_reason)
		return facts->current_reason;
	if (spec->needs_sys_resource && !facts->has_sys_resource)
		return no_sys_resource;
	if (spec->needs_memcg_v2 && facts->current_version != 2)
		return "the scenario needs cgroup v2 and the limit here is one of v1";
	if (spec_is_kernel_wide(spec))
		return "it sets the whole kernel (overcommit or THP), which the backend current does not do";
	if (spec->memory_high.is_set || spec->oom_group)
		return "the backend current sets no memory.high and no memory.oom.group";
	if (spec->name && limit->is_max)
		return "there is no memory limit here, so a scenario would take the memory of the host; docker run --memory 512m gives a container one";
	if (facts->limit_requested && !is_same(&spec->memory_max, limit))
		return "the limit that is here holds and no other is set; docker run --memory chooses that of a container";
	if (spec->expect.outcome == OUTCOME_OOM_KILLED && spec->ceiling_bytes != SPEC_KEEP &&
	    limit->bytes >= (uint64_t)spec->ceiling_bytes && !limit->is_max)
		return "the limit here is more than the scenario ever touches, so nothing would be killed; docker run --memory chooses another";
	return NULL;
}

/* Why an engine may not run it, or NULL. */
static const char *why_not_container(const struct spec *spec, const struct plan_facts *facts)
{
	if (facts->engine_reason)
		return facts->engine_reason;
	if (spec->needs_memcg_v2 && facts->engine_version == 1)
		return "the scenario needs cgroup v2 and this engine is on v1";
	if (spec->needs_kmsg && facts->kmsg_reason)
		return facts->kmsg_reason;
	if (spec->needs_sys_resource)
		return "the scenario needs CAP_SYS_RESOURCE, which a container is not given";
	if (spec->host_files)
		return "the scenario starts programs of this host, which its container does not have";
	if (spec->memory_high.is_set || spec->oom_group)
		return "an engine has no option for memory.high and memory.oom.group";
	if (spec->name && !is_limited(spec))
		return "a scenario without a limit would take the memory of this host";
	if (spec_is_kernel_wide(spec))
		return "it sets the whole kernel (overcommit or THP), which is not done to a host";
	return NULL;
}

static enum backend engine_backend(enum backend wanted, const struct plan_facts *facts)
{
	if (wanted != BACKEND_CONTAINER || !facts->engine)
		return wanted;
	return strcmp(facts->engine, "podman") ? BACKEND_DOCKER : BACKEND_PODMAN;
}

static void choose_vm(const struct plan_facts *facts, struct plan *plan)
{
	plan->backend = BACKEND_VM;
	plan->skip = facts->vm_works ? NULL : facts->vm_reason;
}

static void choose_automatically(const struct spec *spec, const struct plan_facts *facts,
				 struct plan *plan)
{
	const char *not_here = why_not_here(spec, facts);

	if (!not_here && facts->cgroup_version == 1) {
		not_here = "the memory controller here is cgroup v1, which tells less";
		plan->alternative =
			"--backend=cgroup runs it on this kernel, without a boot, and takes no snapshot before the kill";
	}
	if (!not_here) {
		plan->backend = BACKEND_CGROUP;
		snprintf(plan->reason, sizeof(plan->reason),
			 "this user can make a memory cgroup v2 and nothing kernel-wide is asked");
		return;
	}
	if (facts->in_container && !facts->vm_works) {
		plan->backend = BACKEND_CURRENT;
		plan->skip = why_not_current(spec, facts);
		snprintf(plan->reason, sizeof(plan->reason), "inside a container: its own limit");
		return;
	}
	snprintf(plan->reason, sizeof(plan->reason), "%s", not_here);
	choose_vm(facts, plan);
}

static void choose(const struct spec *spec, enum backend wanted, const struct plan_facts *facts,
		   struct plan *plan)
{
	if (wanted == BACKEND_AUTO) {
		choose_automatically(spec, facts, plan);
		return;
	}
	plan->backend = engine_backend(wanted, facts);
	if (wanted == BACKEND_VM)
		choose_vm(facts, plan);
	else if (wanted == BACKEND_CURRENT)
		plan->skip = why_not_current(spec, facts);
	else if (backend_is_container(wanted))
		plan->skip = why_not_container(spec, facts);
	else
		plan->skip = why_not_here(spec, facts);
	snprintf(plan->reason, sizeof(plan->reason), "%s",
		 plan->skip && wanted != BACKEND_VM ? plan->skip : "requested");
}

uint64_t plan_guest_ram(const struct spec *spec)
{
	uint64_t least = is_limited(spec) ? spec->memory_max.bytes + GIB(1) : MIB(512);

	if (spec->ram_bytes != SPEC_KEEP)
		return (uint64_t)spec->ram_bytes;
	return is_limited(spec) && least < GIB(2) ? GIB(2) : least;
}

void plan_make(const struct spec *spec, enum backend wanted, const struct plan_facts *facts,
	       struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	choose(spec, wanted, facts, plan);
	if (!plan->skip)
		plan->skip = facts->files_reason;
	plan->ram_bytes = plan_guest_ram(spec);
	if (plan->skip)
		return;
	for (size_t i = 0; i < OP_COUNT && backend_ops[plan->backend][i] != OP_COUNT; i++)
		if (backend_ops[plan->backend][i] != OP_SYSCTL || spec_is_kernel_wide(spec))
			add(plan, backend_ops[plan->backend][i]);
}

static void print_amount(FILE *to, const char *file, const struct amount *a)
{
	if (a->is_set)
		fprintf(to, " %s=%s", file, a->is_max ? "max" : TEXT_SIZE(a->bytes));
}

static void print_sysctls(FILE *to, const struct spec *spec)
{
	struct sysctl_set set;

	sysctl_plan(spec, &set);
	for (size_t i = 0; i < set.count; i++)
		fprintf(to, "%s%s=%s", i ? ", " : "", set.changes[i].path, set.changes[i].value);
	fputc('\n', to);
}

static void print_limits(FILE *to, const struct spec *spec)
{
	bool has_any = spec->memory_max.is_set || spec->memory_high.is_set ||
		       spec->memory_swap_max.is_set || spec->oom_group;

	fprintf(to, "set and read back:%s", has_any ? "" : " nothing");
	print_amount(to, "memory.max", &spec->memory_max);
	print_amount(to, "memory.high", &spec->memory_high);
	print_amount(to, "memory.swap.max", &spec->memory_swap_max);
	fprintf(to, "%s\n", spec->oom_group ? " memory.oom.group=1" : "");
}

static void print_container(FILE *to, const struct spec *spec, const struct plan_facts *facts)
{
	fprintf(to,
		"%s makes and starts a container, its command held at the gate:", facts->engine);
	print_amount(to, "memory", &spec->memory_max);
	print_amount(to, "swap", &spec->memory_swap_max);
	fputc('\n', to);
}

static int version_of(enum backend backend, const struct plan_facts *facts)
{
	if (backend_is_container(backend))
		return facts->engine_version;
	return backend == BACKEND_CURRENT ? facts->current_version : facts->cgroup_version;
}

/* A snapshot needs a limit to be taken below, and a memory.high that nobody else uses. */
static bool may_snapshot(enum backend backend, const struct spec *spec,
			 const struct plan_facts *facts)
{
	return facts->premortem_percent && backend != BACKEND_CURRENT &&
	       version_of(backend, facts) == 2 && spec->memory_max.is_set &&
	       !spec->memory_max.is_max && (!spec->memory_high.is_set || spec->memory_high.is_max);
}

static void print_sources(FILE *to, const struct plan_facts *facts)
{
	fprintf(to, "open the sources: kernel log, counters, memory over time%s%s\n",
		facts->profiles ? ", who touches memory" : "",
		facts->counts_calls ? ", allocation calls" : "");
}

static void print_watch(FILE *to, enum backend backend, const struct spec *spec,
			const struct plan_facts *facts)
{
	fputs("watch until it ends", to);
	if (spec->timeout_ns < SPEC_NO_TIMEOUT)
		fprintf(to, ", %s at most", TEXT_DURATION((uint64_t)spec->timeout_ns));
	if (may_snapshot(backend, spec, facts))
		fprintf(to, "; freeze it and take a snapshot, once, %d %% under memory.max",
			facts->premortem_percent);
	fputc('\n', to);
}

static void print_boot(FILE *to, const struct plan *plan, const struct spec *spec,
		       const struct plan_facts *facts, const char *kernel)
{
	fprintf(to, "boot Linux %s with %s of RAM", kernel ? kernel : "6.12",
		TEXT_SIZE(plan->ram_bytes));
	if (spec->guest_numa_nodes != SPEC_KEEP && spec->guest_numa_nodes > 1)
		fprintf(to, " in %" PRId64 " NUMA nodes", spec->guest_numa_nodes);
	if (spec->guest_swap_bytes != SPEC_KEEP)
		fprintf(to, ", a swap disk of %s", TEXT_SIZE((uint64_t)spec->guest_swap_bytes));
	if (spec->guest_zram_bytes != SPEC_KEEP)
		fprintf(to, ", compressed swap of %s", TEXT_SIZE((uint64_t)spec->guest_zram_bytes));
	if (spec->guest_scratch_bytes != SPEC_KEEP)
		fprintf(to, ", an ext4 of %s at /scratch",
			TEXT_SIZE((uint64_t)spec->guest_scratch_bytes));
	if (facts->shares_host)
		fputs(", show it this host's files", to);
	else if (facts->share_reason)
		fprintf(to, ", with the command and what it loads alone (%s)", facts->share_reason);
	fputs(" and do the rest inside it\n", to);
}

static void print_op(FILE *to, enum plan_op op, const struct plan *plan, const struct spec *spec,
		     const struct plan_facts *facts, const char *kernel)
{
	static const char *const plain[OP_COUNT] = {
		[OP_PROTECT] = "protect the launcher: oom_score_adj -1000",
		[OP_OWN] = "open the cgroup oomlab is in; its limit holds, none is set",
		[OP_RING] = "make and pre-fault the trace ring outside the cgroup",
		[OP_IN_FORCE] = "read the limits in force back from the container's cgroup",
		[OP_ENGINE] = "ask the engine what it saw, remove the container",
		[OP_START] = "start the target inside the cgroup, at the gate",
		[OP_GATE] = "open the gate",
		[OP_FINISH] = "last counters, what stays charged, the kernel log until quiet",
	};

	if (plain[op])
		fprintf(to, "%s\n", plain[op]);
	else if (op == OP_SYSCTL)
		print_sysctls(to, spec);
	else if (op == OP_CGROUP)
		fprintf(to, "make a cgroup v%d below %s, removed at the end\n",
			facts->cgroup_version, facts->cgroup_parent);
	else if (op == OP_CONTAINER)
		print_container(to, spec, facts);
	else if (op == OP_LIMITS)
		print_limits(to, spec);
	else if (op == OP_SOURCES)
		print_sources(to, facts);
	else if (op == OP_WATCH)
		print_watch(to, plan->backend, spec, facts);
	else
		print_boot(to, plan, spec, facts, kernel);
}

void plan_print(FILE *to, const struct plan *plan, const struct spec *spec,
		const struct plan_facts *facts, const char *kernel)
{
	const struct plan_facts guest = {
		.cgroup_version = 2,
		.cgroup_parent = "/",
		.is_guest = true,
		.profiles = facts->profiles,
		.counts_calls = facts->counts_calls,
		.premortem_percent = facts->premortem_percent,
	};
	struct plan inner;

	fprintf(to, "backend: %s (%s)\n", backend_names[plan->backend], plan->reason);
	if (plan->skip) {
		fprintf(to, "skip: %s\n", plan->skip);
		return;
	}
	for (size_t i = 0; i < plan->op_count; i++) {
		fprintf(to, "%zu. ", i + 1);
		print_op(to, plan->ops[i], plan, spec, facts, kernel);
	}
	if (plan->backend != BACKEND_VM)
		return;
	plan_make(spec, BACKEND_CGROUP, &guest, &inner);
	for (size_t i = 0; i < inner.op_count; i++) {
		fprintf(to, "   1.%zu ", i + 1);
		print_op(to, inner.ops[i], &inner, spec, &guest, kernel);
	}
}
