/*
 * check_plan.c - where a run goes, over every combination of facts and wishes; the printed plan.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "launch/plan.h"
#include "suite.h"

#define NO_CGROUP "no cgroup here"
#define NO_VM	  "no QEMU here"

/* What a combination is made of, one bit each. */
enum {
	IS_SCENARIO = 1 << 0,
	IS_LIMITED = 1 << 1,
	IS_KERNEL_WIDE = 1 << 2,
	NEEDS_V2 = 1 << 3,
	HAS_HIGH = 1 << 4,
	VM_WORKS = 1 << 5,
	IS_GUEST = 1 << 6,
	ALLOW_SYSCTL = 1 << 7,
	ALL_BITS = 1 << 8
};

static void make_case(int bits, int version, struct spec *spec, struct plan_facts *facts)
{
	spec_init(spec);
	spec->name = bits & IS_SCENARIO ? "x" : NULL;
	if (bits & IS_LIMITED)
		spec->memory_max = (struct amount)BYTES(MIB(64));
	if (bits & IS_KERNEL_WIDE)
		spec->overcommit_memory = 1;
	if (bits & HAS_HIGH)
		spec->memory_high = (struct amount)BYTES(MIB(32));
	spec->needs_memcg_v2 = bits & NEEDS_V2;
	*facts = (struct plan_facts){
		.cgroup_version = version,
		.cgroup_reason = version ? NULL : NO_CGROUP,
		.cgroup_parent = "/",
		.vm_works = bits & VM_WORKS,
		.vm_reason = bits & VM_WORKS ? NULL : NO_VM,
		.is_guest = bits & IS_GUEST,
		.allow_host_sysctl = bits & ALLOW_SYSCTL,
	};
}

/* The rules again, as one would say them. */
static bool may_run_here(int bits, int version)
{
	if (version == 0)
		return false;
	if (version == 1 && bits & (NEEDS_V2 | HAS_HIGH))
		return false;
	if (bits & IS_GUEST)
		return true;
	if (bits & IS_SCENARIO && !(bits & IS_LIMITED))
		return false;
	return !(bits & IS_KERNEL_WIDE) || bits & ALLOW_SYSCTL;
}

static void check_place(int bits, int version, enum backend wanted, const struct plan *plan)
{
	bool here = may_run_here(bits, version);

	ck_assert_int_eq(plan->alternative != NULL, wanted == BACKEND_AUTO && here && version == 1);
	if (wanted == BACKEND_AUTO && version == 1)
		here = false;
	if (wanted == BACKEND_VM || (wanted == BACKEND_AUTO && !here)) {
		ck_assert_int_eq(plan->backend, BACKEND_VM);
		ck_assert_int_eq(!plan->skip, !!(bits & VM_WORKS));
		if (plan->skip)
			ck_assert_str_eq(plan->skip, NO_VM);
	} else {
		ck_assert_int_eq(plan->backend, BACKEND_CGROUP);
		ck_assert_int_eq(!plan->skip, here);
		if (plan->skip && !version)
			ck_assert_str_eq(plan->skip, NO_CGROUP);
	}
	ck_assert(plan->reason[0]);
}

static void check_ops(int bits, const struct plan *plan)
{
	bool sets_kernel = bits & IS_KERNEL_WIDE && plan->backend == BACKEND_CGROUP;

	if (plan->skip) {
		ck_assert_uint_eq(plan->op_count, 0);
		return;
	}
	if (plan->backend == BACKEND_VM) {
		ck_assert_uint_eq(plan->op_count, 1);
		ck_assert_int_eq(plan->ops[0], OP_BOOT);
		return;
	}
	ck_assert_uint_eq(plan->op_count, sets_kernel ? 10 : 9);
	for (size_t i = 1; i < plan->op_count; i++)
		ck_assert_int_lt(plan->ops[i - 1], plan->ops[i]);
	/* Never on a host that was not offered. */
	ck_assert(!sets_kernel || bits & (IS_GUEST | ALLOW_SYSCTL));
}

START_TEST(chooses_over_all_combinations)
{
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;

	for (int bits = 0; bits < ALL_BITS; bits++)
		for (int version = 0; version <= 2; version++) {
			make_case(bits, version, &spec, &facts);
			plan_make(&spec, (enum backend)_i, &facts, &plan);
			check_place(bits, version, (enum backend)_i, &plan);
			check_ops(bits, &plan);
		}
}
END_TEST

static const struct {
	int bits, version;
	const char *skip;
} skips[] = {
	{IS_SCENARIO | IS_LIMITED, 0, NO_CGROUP},
	{IS_SCENARIO | IS_LIMITED | NEEDS_V2, 1,
	 "the scenario needs cgroup v2 and the memory controller here is v1"},
	{IS_LIMITED | HAS_HIGH, 1, "cgroup v1 has no memory.high and no memory.oom.group"},
	{IS_SCENARIO, 2, "a scenario without a limit would take the memory of this host"},
	{IS_SCENARIO | IS_LIMITED | IS_KERNEL_WIDE, 2,
	 "it sets the whole kernel (overcommit or THP), which is not done to a host"},
};

START_TEST(skips_with_the_reason)
{
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;

	make_case(skips[_i].bits, skips[_i].version, &spec, &facts);
	plan_make(&spec, BACKEND_CGROUP, &facts, &plan);
	ck_assert_str_eq(plan.skip, skips[_i].skip);
	ck_assert_str_eq(plan.reason, skips[_i].skip);
	plan_make(&spec, BACKEND_AUTO, &facts, &plan);
	ck_assert_str_eq(plan.reason, skips[_i].skip);
	ck_assert_str_eq(plan.skip, NO_VM);
}
END_TEST

/* Under a container's own limit of 128 MiB, unless said otherwise. */
static const struct {
	int bits, version;
	uint64_t limit; /* 0: none */
	bool is_asked;
	uint64_t ceiling;
	const char *skip;
} inside[] = {
	{IS_SCENARIO | IS_LIMITED, 1, MIB(128), false, GIB(2), NULL},
	{0, 2, MIB(128), false, 0, NULL},
	{0, 2, 0, false, 0, NULL},
	{IS_LIMITED, 1, MIB(64), true, 0, NULL},
	{IS_SCENARIO | IS_LIMITED, 1, 0, false, GIB(2),
	 "there is no memory limit here, so a scenario would take the memory of the host; "
	 "docker run --memory 512m gives a container one"},
	{IS_LIMITED, 1, MIB(128), true, 0,
	 "the limit that is here holds and no other is set; docker run --memory chooses that of a "
	 "container"},
	{IS_SCENARIO | IS_LIMITED, 1, MIB(128), false, MIB(128),
	 "the limit here is more than the scenario ever touches, so nothing would be "
	 "killed; docker run --memory chooses another"},
	{IS_SCENARIO | IS_LIMITED | IS_KERNEL_WIDE, 1, MIB(128), false, GIB(2),
	 "it sets the whole kernel (overcommit or THP), which the backend current does not do"},
	{IS_LIMITED | HAS_HIGH, 2, MIB(128), false, 0,
	 "the backend current sets no memory.high and no memory.oom.group"},
	{NEEDS_V2, 1, MIB(128), false, 0,
	 "the scenario needs cgroup v2 and the limit here is one of v1"},
};

static void make_inside(int i, struct spec *spec, struct plan_facts *facts)
{
	make_case(inside[i].bits, 0, spec, facts);
	spec->expect.outcome = OUTCOME_OOM_KILLED;
	if (inside[i].ceiling)
		spec->ceiling_bytes = (int64_t)inside[i].ceiling;
	facts->in_container = true;
	facts->current_version = inside[i].version;
	facts->limit_requested = inside[i].is_asked;
	facts->current_limit = (struct amount){
		.is_set = true, .is_max = !inside[i].limit, .bytes = inside[i].limit};
}

START_TEST(keeps_to_the_container_s_limit)
{
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;

	make_inside(_i, &spec, &facts);
	plan_make(&spec, BACKEND_CURRENT, &facts, &plan);
	ck_assert_int_eq(plan.backend, BACKEND_CURRENT);
	if (inside[_i].skip)
		ck_assert_str_eq(plan.skip, inside[_i].skip);
	else
		ck_assert_ptr_null(plan.skip);
	for (size_t i = 0; i < plan.op_count; i++)
		ck_assert(plan.ops[i] != OP_CGROUP && plan.ops[i] != OP_LIMITS &&
			  plan.ops[i] != OP_SYSCTL);
}
END_TEST

START_TEST(inside_a_container_takes_its_limit)
{
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;

	make_inside(0, &spec, &facts);
	plan_make(&spec, BACKEND_AUTO, &facts, &plan);
	ck_assert_int_eq(plan.backend, BACKEND_CURRENT);
	facts.vm_works = true;
	plan_make(&spec, BACKEND_AUTO, &facts, &plan);
	ck_assert_int_eq(plan.backend, BACKEND_VM);
	facts.cgroup_version = 2;
	plan_make(&spec, BACKEND_AUTO, &facts, &plan);
	ck_assert_int_eq(plan.backend, BACKEND_CGROUP);
	facts.current_reason = "no controller";
	plan_make(&spec, BACKEND_CURRENT, &facts, &plan);
	ck_assert_str_eq(plan.skip, "no controller");
}
END_TEST

static const struct {
	int bits, version;
	const char *engine_reason, *skip;
} outside[] = {
	{IS_SCENARIO | IS_LIMITED, 1, NULL, NULL},
	{0, 2, NULL, NULL},
	{0, 2, "no daemon", "no daemon"},
	{IS_SCENARIO, 2, NULL, "a scenario without a limit would take the memory of this host"},
	{IS_LIMITED | HAS_HIGH, 2, NULL,
	 "an engine has no option for memory.high and memory.oom.group"},
	{NEEDS_V2, 1, NULL, "the scenario needs cgroup v2 and this engine is on v1"},
	{IS_LIMITED | IS_KERNEL_WIDE | ALLOW_SYSCTL, 2, NULL,
	 "it sets the whole kernel (overcommit or THP), which is not done to a host"},
};

static void make_outside(int i, struct spec *spec, struct plan_facts *facts)
{
	make_case(outside[i].bits, 0, spec, facts);
	facts->engine = outside[i].engine_reason ? NULL : "podman";
	facts->engine_reason = outside[i].engine_reason;
	facts->engine_version = outside[i].version;
}

START_TEST(an_engine_gets_what_it_can_do)
{
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;

	make_outside(_i, &spec, &facts);
	plan_make(&spec, BACKEND_CONTAINER, &facts, &plan);
	ck_assert_int_eq(plan.backend, facts.engine ? BACKEND_PODMAN : BACKEND_CONTAINER);
	if (outside[_i].skip)
		ck_assert_str_eq(plan.skip, outside[_i].skip);
	else
		ck_assert_ptr_null(plan.skip);
	plan_make(&spec, BACKEND_DOCKER, &facts, &plan);
	ck_assert_int_eq(plan.backend, BACKEND_DOCKER);
}
END_TEST

START_TEST(guest_has_room_beyond_the_limit)
{
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;

	make_case(IS_LIMITED | VM_WORKS, 2, &spec, &facts);
	plan_make(&spec, BACKEND_VM, &facts, &plan);
	ck_assert_uint_eq(plan.ram_bytes, GIB(2));
	spec.memory_max.bytes = GIB(4);
	plan_make(&spec, BACKEND_VM, &facts, &plan);
	ck_assert_uint_eq(plan.ram_bytes, GIB(5));
	spec.memory_max = (struct amount)NO_LIMIT;
	plan_make(&spec, BACKEND_VM, &facts, &plan);
	ck_assert_uint_eq(plan.ram_bytes, MIB(512));
	spec.ram_bytes = (int64_t)MIB(128);
	plan_make(&spec, BACKEND_VM, &facts, &plan);
	ck_assert_uint_eq(plan.ram_bytes, MIB(128));
	spec.ram_bytes = SPEC_KEEP;
	spec.memory_max = (struct amount)BYTES(INT64_MAX);
	plan_make(&spec, BACKEND_VM, &facts, &plan);
	ck_assert_uint_ge(plan.ram_bytes, GIB(2));
}
END_TEST

static void check_print(const struct spec *spec, enum backend wanted,
			const struct plan_facts *facts, const char *kernel, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	struct plan plan;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	plan_make(spec, wanted, facts, &plan);
	plan_print(to, &plan, spec, facts, kernel);
	fclose(to);
	ck_assert_str_eq(text, expected);
}

START_TEST(prints_the_plan_here)
{
	struct plan_facts facts;
	struct spec spec;

	make_case(IS_LIMITED | IS_KERNEL_WIDE | HAS_HIGH | ALLOW_SYSCTL, 2, &spec, &facts);
	spec.timeout_ns = SPEC_TIMEOUT_NS;
	spec.memory_swap_max = (struct amount)BYTES(0);
	spec.oom_group = true;
	spec.overcommit_ratio = 80;
	spec.thp = THP_NEVER;
	check_print(
		&spec, BACKEND_CGROUP, &facts, NULL,
		"backend: cgroup (requested)\n"
		"1. protect the launcher: oom_score_adj -1000\n"
		"2. /proc/sys/vm/overcommit_ratio=80, /proc/sys/vm/overcommit_memory=1, /sys/kernel/mm/transparent_hugepage/enabled=never\n"
		"3. make a cgroup v2 below /, removed at the end\n"
		"4. set and read back: memory.max=64 MiB memory.high=32 MiB memory.swap.max=0 bytes memory.oom.group=1\n"
		"5. make and pre-fault the trace ring outside the cgroup\n"
		"6. open the sources: kernel log, counters, memory over time\n"
		"7. start the target inside the cgroup, at the gate\n"
		"8. open the gate\n"
		"9. watch until it ends, 1 min 0 s at most\n"
		"10. last counters, what stays charged, the kernel log until quiet\n");
}
END_TEST

static void watch_all(struct spec *spec, struct plan_facts *facts)
{
	make_case(IS_LIMITED, 2, spec, facts);
	facts->profiles = facts->counts_calls = true;
	facts->premortem_percent = 5;
}

#define SOURCES "open the sources: kernel log, counters, memory over time"
#define LOOK	"; freeze it and take a snapshot, once, 5 % under memory.max"

static void check_watch(const struct spec *spec, const struct plan_facts *facts, bool looks)
{
	_cleanup_free_ char *text = NULL;
	struct plan plan;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	plan_make(spec, BACKEND_CGROUP, facts, &plan);
	plan_print(to, &plan, spec, facts, NULL);
	fclose(to);
	ck_assert_ptr_nonnull(strstr(text, facts->profiles ? SOURCES
						   ", who touches memory, allocation calls\n"
							   : SOURCES "\n"));
	ck_assert_msg(!strstr(text, LOOK) == !looks, "%s", text);
}

START_TEST(prints_what_is_watched)
{
	struct plan_facts facts;
	struct spec spec;

	watch_all(&spec, &facts);
	check_watch(&spec, &facts, true);
	facts.cgroup_version = 1;
	check_watch(&spec, &facts, false);
	watch_all(&spec, &facts);
	spec.memory_high = (struct amount)BYTES(MIB(1));
	check_watch(&spec, &facts, false);
	spec.memory_high = (struct amount)NO_LIMIT;
	check_watch(&spec, &facts, true);
	spec.memory_max = (struct amount)NO_LIMIT;
	check_watch(&spec, &facts, false);
	make_case(IS_LIMITED, 2, &spec, &facts);
	check_watch(&spec, &facts, false);
}
END_TEST

START_TEST(prints_the_plan_in_the_vm)
{
	struct plan_facts facts;
	struct spec spec;

	make_case(VM_WORKS | IS_SCENARIO, 0, &spec, &facts);
	check_print(&spec, BACKEND_AUTO, &facts, "6.1",
		    "backend: vm (no cgroup here)\n"
		    "1. boot Linux 6.1 with 512 MiB of RAM and do the rest inside it\n"
		    "   1.1 protect the launcher: oom_score_adj -1000\n"
		    "   1.2 make a cgroup v2 below /, removed at the end\n"
		    "   1.3 set and read back: nothing\n"
		    "   1.4 make and pre-fault the trace ring outside the cgroup\n"
		    "   1.5 open the sources: kernel log, counters, memory over time\n"
		    "   1.6 start the target inside the cgroup, at the gate\n"
		    "   1.7 open the gate\n"
		    "   1.8 watch until it ends\n"
		    "   1.9 last counters, what stays charged, the kernel log until quiet\n");
}
END_TEST

START_TEST(prints_what_the_guest_has)
{
	_cleanup_free_ char *text = NULL;
	struct plan_facts facts;
	struct spec spec;
	struct plan plan;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	make_case(VM_WORKS, 0, &spec, &facts);
	spec.guest_swap_bytes = (int64_t)MIB(64);
	spec.guest_numa_nodes = 2;
	plan_make(&spec, BACKEND_VM, &facts, &plan);
	plan_print(to, &plan, &spec, &facts, "6.1");
	fclose(to);
	ck_assert_ptr_nonnull(strstr(text, "1. boot Linux 6.1 with 512 MiB of RAM in 2 NUMA nodes, "
					   "a swap disk of 64 MiB and do the rest inside it\n"));
}
END_TEST

START_TEST(prints_the_plan_of_a_container)
{
	struct plan_facts facts;
	struct spec spec;

	make_outside(0, &spec, &facts);
	spec.memory_swap_max = (struct amount)BYTES(0);
	check_print(
		&spec, BACKEND_CONTAINER, &facts, NULL,
		"backend: podman (requested)\n"
		"1. protect the launcher: oom_score_adj -1000\n"
		"2. make and pre-fault the trace ring outside the cgroup\n"
		"3. podman makes and starts a container, its command held at the gate: memory=64 MiB swap=0 bytes\n"
		"4. read the limits in force back from the container's cgroup\n"
		"5. open the sources: kernel log, counters, memory over time\n"
		"6. open the gate\n"
		"7. watch until it ends\n"
		"8. last counters, what stays charged, the kernel log until quiet\n"
		"9. ask the engine what it saw, remove the container\n");
}
END_TEST

START_TEST(prints_the_skip)
{
	struct plan_facts facts;
	struct spec spec;

	make_case(IS_LIMITED, 0, &spec, &facts);
	check_print(&spec, BACKEND_AUTO, &facts, NULL,
		    "backend: vm (no cgroup here)\nskip: no QEMU here\n");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("plan");

	tcase_add_loop_test(tc, chooses_over_all_combinations, 0, BACKEND_VM + 1);
	tcase_add_loop_test(tc, keeps_to_the_container_s_limit, 0, (int)ARRAY_SIZE(inside));
	tcase_add_test(tc, inside_a_container_takes_its_limit);
	tcase_add_loop_test(tc, an_engine_gets_what_it_can_do, 0, (int)ARRAY_SIZE(outside));
	tcase_add_test(tc, prints_what_the_guest_has);
	tcase_add_test(tc, prints_the_plan_of_a_container);
	tcase_add_loop_test(tc, skips_with_the_reason, 0, (int)ARRAY_SIZE(skips));
	tcase_add_test(tc, guest_has_room_beyond_the_limit);
	tcase_add_test(tc, prints_the_plan_here);
	tcase_add_test(tc, prints_what_is_watched);
	tcase_add_test(tc, prints_the_plan_in_the_vm);
	tcase_add_test(tc, prints_the_skip);
	return suite_run("plan", (TCase *const[]){tc}, 1);
}
