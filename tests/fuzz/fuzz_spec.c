/*
 * fuzz_spec.c - any bytes as what a program prints when it is asked for --spec.
 *
 * Checked besides memory safety: what is read is within the ranges that spec.h names; written and
 * read again it is the same; no word of it gets a control character into the error.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "fuzz.h"
#include "spec/spec.h"

static void require_within(const struct spec *spec)
{
	require(spec->overcommit_memory == SPEC_KEEP ||
		(spec->overcommit_memory >= 0 && spec->overcommit_memory <= 2));
	require(spec->oom_score_adj == SPEC_KEEP ||
		(spec->oom_score_adj >= -1000 && spec->oom_score_adj <= 1000));
	require(spec->guest_numa_nodes == SPEC_KEEP ||
		(spec->guest_numa_nodes >= 1 && spec->guest_numa_nodes <= SPEC_NODES_MAX));
	require(spec->timeout_ns > 0);
	require(spec->expect.outcome >= 0 && spec->expect.outcome < OUTCOME_COUNT);
}

static void require_same(const struct spec *spec)
{
	json_t *first = spec_to_json(spec), *second;
	struct err err = ERR_INIT;
	struct spec again;

	require(spec_from_json(first, "again", &again, &err) == 0);
	second = spec_to_json(&again);
	require(json_equal(first, second));
	json_decref(first);
	json_decref(second);
	spec_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	const struct amount limit = {.is_set = true, .bytes = 4096};
	struct err err = ERR_INIT;
	struct spec spec;

	if (spec_parse(text, "the program", &spec, &err) == 0) {
		require_within(&spec);
		require_same(&spec);
		spec_validate(&spec, &err);
		spec_wants_guest(&spec);
		spec_is_kernel_wide(&spec);
		spec_set_limit(&spec, &limit);
	}
	for (const char *p = err.text; *p; p++)
		require((unsigned char)*p >= ' ' && *p != 0x7f);
	spec_release(&spec);
	return 0;
}
