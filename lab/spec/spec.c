#include "spec/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

const char *const spec_outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_UNSET] = "unset",
	[OUTCOME_SURVIVED] = "survived",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_OOM_KILLED] = "oom_killed",
	[OUTCOME_CHILD_OOM_KILLED] = "child_oom_killed",
	[OUTCOME_SIGNALLED] = "signalled",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_THROTTLED] = "throttled",
	[OUTCOME_LIVELOCKED] = "livelocked",
	[OUTCOME_TIMED_OUT] = "timed_out",
	[OUTCOME_PANICKED] = "panicked",
	[OUTCOME_LAB_ERROR] = "lab_error",
};

const char *const spec_constraint_names[CONSTRAINT_COUNT] = {
	[CONSTRAINT_UNSET] = "unset",	[CONSTRAINT_NONE] = "NONE",
	[CONSTRAINT_CPUSET] = "CPUSET", [CONSTRAINT_MEMORY_POLICY] = "MEMORY_POLICY",
	[CONSTRAINT_MEMCG] = "MEMCG",
};

const char *const spec_victim_names[VICTIM_COUNT] = {
	[VICTIM_UNSET] = "unset",
	[VICTIM_SELF] = "self",
	[VICTIM_CHILD] = "child",
	[VICTIM_NOBODY] = "nobody",
};

const char *const spec_thp_names[THP_COUNT] = {
	[THP_ALWAYS] = "always",
	[THP_MADVISE] = "madvise",
	[THP_NEVER] = "never",
};

void spec_init(struct spec *spec)
{
	*spec = (struct spec){
		.overcommit_memory = SPEC_KEEP,
		.overcommit_ratio = SPEC_KEEP,
		.oom_score_adj = SPEC_KEEP,
		.ram_bytes = SPEC_KEEP,
		.guest_swap_bytes = SPEC_KEEP,
		.guest_scratch_bytes = SPEC_KEEP,
		.guest_zram_bytes = SPEC_KEEP,
		.guest_numa_nodes = SPEC_KEEP,
		.ceiling_bytes = SPEC_KEEP,
		.timeout_ns = SPEC_NO_TIMEOUT,
	};
}

void spec_expect_nothing(struct spec *spec)
{
	struct expect *e = &spec->expect;

	for (size_t i = 0; e->victims && e->victims[i].comm; i++)
		free((char *)e->victims[i].comm);
	for (size_t i = 0; e->nodes && e->nodes[i].node; i++) {
		free((char *)e->nodes[i].node);
		free((char *)e->nodes[i].counter);
	}
	free((struct expect_victim *)e->victims);
	free((struct expect_node *)e->nodes);
	free((char *)e->scope);
	*e = (struct expect){0};
	spec->has_expect = false;
}

void spec_release(struct spec *spec)
{
	spec_expect_nothing(spec);
	json_decref(spec->nodes);
	free((char *)spec->target_node);
	free((char *)spec->name);
	free((char *)spec->summary);
	free((char *)spec->lesson);
	free((char *)spec->group);
	free((char *)spec->twin);
	for (char **file = spec->host_files; file && *file; file++)
		free(*file);
	free(spec->host_files);
	free((char *)spec->install);
	free((char *)spec->ps.checkpoint);
	free((char *)spec->ps.where);
	free((char *)spec->ps.meaning);
	spec_init(spec);
}

enum outcome spec_outcome(const char *name)
{
	int outcome = text_index(spec_outcome_names, OUTCOME_COUNT, name);

	return outcome < 0 ? OUTCOME_UNSET : (enum outcome)outcome;
}

int spec_parse_amount(const char *option, const char *text, struct amount *amount, struct err *err)
{
	uint64_t bytes;
	int r;

	if (!strcmp(text, "max") || !strcmp(text, "none")) {
		*amount = (struct amount){.is_set = true, .is_max = true};
		return 0;
	}
	r = text_parse_size(text, &bytes);
	if (r == -ERANGE)
		err_set(err, EXIT_USAGE, "%s '%s' is more than any kernel can count", option, text);
	else if (r)
		err_set(err, EXIT_USAGE, "%s '%s' is not an amount of memory", option, text);
	if (r)
		return err_hint(err, "give bytes or a size such as 512M or 2G, or 'max'");
	*amount = (struct amount){.is_set = true, .bytes = bytes};
	return 0;
}

static int too_small(const char *what, const struct amount *a, struct err *err)
{
	if (!a->is_set || a->is_max || a->bytes >= MIB(1))
		return 0;
	err_set(err, EXIT_USAGE, "%s of %" PRIu64 " bytes leaves no room to start a program", what,
		a->bytes);
	return err_hint(err, "the smallest that oomlab runs is 1M");
}

static int validate_devices(const struct spec *spec, struct err *err)
{
	if (spec->guest_swap_bytes != SPEC_KEEP && spec->guest_swap_bytes < (int64_t)MIB(1))
		return err_set(err, EXIT_USAGE, "a swap disk of less than 1M is none");
	if (spec->guest_zram_bytes != SPEC_KEEP && spec->guest_zram_bytes < (int64_t)MIB(1))
		return err_set(err, EXIT_USAGE, "compressed swap of less than 1M is none");
	if (spec->guest_zram_bytes != SPEC_KEEP && spec->guest_swap_bytes != SPEC_KEEP)
		return err_set(
			err, EXIT_USAGE,
			"the guest swaps to a disk or to compressed memory, not to both: give --guest-swap or --guest-zram");
	if (spec->guest_scratch_bytes != SPEC_KEEP && spec->guest_scratch_bytes < (int64_t)MIB(8))
		return err_set(err, EXIT_USAGE,
			       "a scratch disk of the guest of less than 8M holds no file system");
	if (spec->guest_numa_nodes == SPEC_KEEP || spec->ram_bytes == SPEC_KEEP ||
	    spec->ram_bytes / spec->guest_numa_nodes >= (int64_t)MIB(64))
		return 0;
	err_set(err, EXIT_USAGE, "a guest's RAM of %s is too little for %d NUMA nodes",
		TEXT_SIZE((uint64_t)spec->ram_bytes), (int)spec->guest_numa_nodes);
	return err_hint(err, "give each 64M or more");
}

int spec_validate(const struct spec *spec, struct err *err)
{
	const struct amount *max = &spec->memory_max, *high = &spec->memory_high;

	if (too_small("a memory limit", max, err) < 0 || too_small("memory.high", high, err) < 0)
		return -1;
	if (spec->ram_bytes != SPEC_KEEP && spec->ram_bytes < (int64_t)MIB(96))
		return err_set(err, EXIT_USAGE, "a guest of %s does not boot; give 96M or more",
			       TEXT_SIZE((uint64_t)spec->ram_bytes));
	if (validate_devices(spec, err) < 0)
		return -1;
	if (spec->ram_bytes != SPEC_KEEP && max->is_set && !max->is_max &&
	    max->bytes > (uint64_t)spec->ram_bytes) {
		err_set(err, EXIT_USAGE,
			"the memory limit of %s is more than the guest's RAM of %s",
			TEXT_SIZE(max->bytes), TEXT_SIZE((uint64_t)spec->ram_bytes));
		return err_hint(err, "raise --guest-ram or lower --memory");
	}
	return 0;
}

static uint64_t scale(uint64_t value, uint64_t to, uint64_t from)
{
	double scaled = (double)value * ((double)to / (double)from);

	/* (double)UINT64_MAX is rounded up, to 2^64. */
	return scaled < (double)UINT64_MAX ? (uint64_t)scaled : UINT64_MAX;
}

void spec_set_limit(struct spec *spec, const struct amount *limit)
{
	struct range *peak = &spec->expect.peak_bytes;
	const struct amount declared = spec->memory_max;

	spec->memory_max = *limit;
	if (limit->is_max || !declared.is_set || declared.is_max || !declared.bytes ||
	    !peak->is_set || peak->min > declared.bytes || peak->max < declared.bytes)
		return;
	peak->min = scale(peak->min, limit->bytes, declared.bytes);
	if (peak->max != UINT64_MAX)
		peak->max = scale(peak->max, limit->bytes, declared.bytes);
}

static void override_number(int64_t *number, int64_t given)
{
	if (given != SPEC_KEEP)
		*number = given;
}

static void override_swap(struct spec *spec, const struct amount *given)
{
	if (given->is_set)
		spec->memory_swap_max = *given;
	else if (spec->memory_max.is_set && !spec->memory_max.is_max &&
		 !spec->memory_swap_max.is_set)
		spec->memory_swap_max = (struct amount){.is_set = true};
}

void spec_override(struct spec *spec, const struct spec *given)
{
	override_number(&spec->overcommit_memory, given->overcommit_memory);
	override_number(&spec->overcommit_ratio, given->overcommit_ratio);
	override_number(&spec->oom_score_adj, given->oom_score_adj);
	override_number(&spec->ram_bytes, given->ram_bytes);
	override_number(&spec->guest_swap_bytes, given->guest_swap_bytes);
	override_number(&spec->guest_scratch_bytes, given->guest_scratch_bytes);
	override_number(&spec->guest_zram_bytes, given->guest_zram_bytes);
	override_number(&spec->guest_numa_nodes, given->guest_numa_nodes);
	override_number(&spec->timeout_ns, given->timeout_ns);
	if (given->memory_max.is_set)
		spec_set_limit(spec, &given->memory_max);
	if (given->memory_high.is_set)
		spec->memory_high = given->memory_high;
	override_swap(spec, &given->memory_swap_max);
	if (given->thp)
		spec->thp = given->thp;
	spec->oom_group = spec->oom_group || given->oom_group;
}

bool spec_has_devices(const struct spec *spec)
{
	return spec->guest_swap_bytes != SPEC_KEEP || spec->guest_scratch_bytes != SPEC_KEEP ||
	       spec->guest_zram_bytes != SPEC_KEEP || spec->guest_numa_nodes != SPEC_KEEP;
}

bool spec_wants_guest(const struct spec *spec)
{
	return spec->own_boot || spec->ram_bytes != SPEC_KEEP || spec_has_devices(spec);
}

bool spec_is_kernel_wide(const struct spec *spec)
{
	return spec->overcommit_memory != SPEC_KEEP || spec->overcommit_ratio != SPEC_KEEP ||
	       spec->thp;
}
