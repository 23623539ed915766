/*
 * check_spec.c - declarations as JSON and back, hostile ones, amounts.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/spec.h"
#include "suite.h"

static struct err err;

static const char full[] =
	"{\"name\": \"x\", \"summary\": \"s\", \"lesson\": \"l\", \"group\": \"g\", \"twin\": \"t\", "
	"\"memory_max\": 67108864, \"memory_high\": \"max\", \"memory_swap_max\": 0, "
	"\"oom_group\": true, \"overcommit_memory\": 2, \"overcommit_ratio\": 80, "
	"\"oom_score_adj\": -1000, \"thp\": \"madvise\", \"ram_bytes\": 268435456, "
	"\"guest_swap_bytes\": 1048576, \"guest_numa_nodes\": 2, \"own_boot\": true, "
	"\"timeout_ns\": 1500000000, \"needs\": [\"memcg_v2\", \"kmsg\", \"sys_resource\"], "
	"\"nodes\": [{\"name\": \"a\", \"memory_max\": 5}, {\"name\": \"a/b\", \"memory_max\": \"max\"}], "
	"\"target_node\": \"a/b\", "
	"\"host_files\": [\"python3\", \"../x\"], \"install\": \"i\", "
	"\"expect\": {\"outcome\": \"oom_killed\", \"constraint\": \"MEMCG\", "
	"\"victim\": \"self\", \"scope\": \"own\", "
	"\"victims\": [{\"comm\": \"x\", \"count\": {\"min\": 1, \"max\": 2}}], "
	"\"nodes\": [{\"node\": \"a/b\", \"counter\": \"oom\", \"count\": {\"min\": 1}}], "
	"\"oom_group_kill\": {\"min\": 0, \"max\": 0}, \"oom_kill\": {\"min\": 1, \"max\": 1}, "
	"\"peak_bytes\": {\"min\": 5}, \"vsz_bytes\": {\"min\": 0, \"max\": 9}, "
	"\"rss_bytes\": {\"min\": 0}}, "
	"\"ps\": {\"checkpoint\": \"c\", \"where\": \"w\", \"vsz_bytes\": 136617984, "
	"\"rss_bytes\": 0, \"meaning\": \"m\"}}";

START_TEST(reads_every_key)
{
	struct spec s;

	ck_assert_int_eq(spec_parse(full, "x", &s, &err), 0);
	ck_assert_str_eq(s.name, "x");
	ck_assert_str_eq(s.summary, "s");
	ck_assert_str_eq(s.lesson, "l");
	ck_assert_str_eq(s.group, "g");
	ck_assert_str_eq(s.twin, "t");
	ck_assert(s.memory_max.is_set && !s.memory_max.is_max);
	ck_assert_uint_eq(s.memory_max.bytes, MIB(64));
	ck_assert(s.memory_high.is_set && s.memory_high.is_max);
	ck_assert(s.memory_swap_max.is_set && !s.memory_swap_max.is_max);
	ck_assert_uint_eq(s.memory_swap_max.bytes, 0);
	ck_assert(s.oom_group && s.needs_memcg_v2 && s.needs_kmsg && s.needs_sys_resource && s.has_expect);
	ck_assert_int_eq(s.overcommit_memory, 2);
	ck_assert_int_eq(s.overcommit_ratio, 80);
	ck_assert_int_eq(s.oom_score_adj, -1000);
	ck_assert_int_eq(s.thp, THP_MADVISE);
	ck_assert_int_eq(s.ram_bytes, 268435456);
	ck_assert_int_eq(s.guest_swap_bytes, 1048576);
	ck_assert_int_eq(s.guest_numa_nodes, 2);
	ck_assert(s.own_boot);
	ck_assert_str_eq(s.host_files[1], "../x");
	ck_assert_ptr_null(s.host_files[2]);
	ck_assert_str_eq(s.install, "i");
	ck_assert_uint_eq(json_array_size(s.nodes), 2);
	ck_assert_str_eq(s.target_node, "a/b");
	ck_assert_str_eq(s.expect.scope, "own");
	ck_assert_str_eq(s.expect.victims[0].comm, "x");
	ck_assert_uint_eq(s.expect.victims[0].count.max, 2);
	ck_assert_ptr_null(s.expect.victims[1].comm);
	ck_assert_str_eq(s.expect.nodes[0].node, "a/b");
	ck_assert_str_eq(s.expect.nodes[0].counter, "oom");
	ck_assert(s.expect.oom_group_kill.is_set);
	ck_assert(spec_wants_guest(&s));
	ck_assert_int_eq(s.timeout_ns, 1500000000);
	ck_assert_int_eq(s.expect.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(s.expect.constraint, CONSTRAINT_MEMCG);
	ck_assert_int_eq(s.expect.victim, VICTIM_SELF);
	ck_assert_uint_eq(s.expect.oom_kill.max, 1);
	ck_assert_uint_eq(s.expect.peak_bytes.min, 5);
	ck_assert_uint_eq(s.expect.peak_bytes.max, UINT64_MAX);
	ck_assert(spec_is_kernel_wide(&s));
	ck_assert_str_eq(s.ps.checkpoint, "c");
	ck_assert_str_eq(s.ps.where, "w");
	ck_assert_str_eq(s.ps.meaning, "m");
	ck_assert_uint_eq(s.ps.vsz_bytes, KIB(133416));
	ck_assert_uint_eq(s.ps.rss_bytes, 0);
	spec_release(&s);
}
END_TEST

START_TEST(goes_to_json_and_back)
{
	static const char *const texts[] = {full, "{}", "{\"expect\": {}}"};
	struct spec first, second;
	json_t *once, *again;

	ck_assert_int_eq(spec_parse(texts[_i], "x", &first, &err), 0);
	once = spec_to_json(&first);
	ck_assert_int_eq(spec_from_json(once, "x", &second, &err), 0);
	again = spec_to_json(&second);
	ck_assert(json_equal(once, again));
	ck_assert_int_eq(first.has_expect, second.has_expect);
	json_decref(once);
	json_decref(again);
	spec_release(&first);
	spec_release(&second);
}
END_TEST

START_TEST(nothing_said_is_nothing_set)
{
	struct spec s;

	ck_assert_int_eq(spec_parse("{}", "x", &s, &err), 0);
	ck_assert(!s.name && !s.thp && !s.memory_max.is_set && !s.has_expect && !s.oom_group);
	ck_assert_int_eq(s.overcommit_memory, SPEC_KEEP);
	ck_assert_int_eq(s.oom_score_adj, SPEC_KEEP);
	ck_assert_int_eq(s.timeout_ns, SPEC_TIMEOUT_NS);
	ck_assert(!spec_is_kernel_wide(&s) && !spec_wants_guest(&s));
	ck_assert_int_eq(spec_validate(&s, &err), 0);
	spec_release(&s);
	ck_assert_int_eq(spec_parse("{\"timeout_sec\": 7}", "x", &s, &err), 0);
	ck_assert_int_eq(s.timeout_ns, INT64_C(7000000000));
}
END_TEST

/* Each key with values it must not take; the sentence names the key. */
static const struct {
	const char *key, *value;
} hostile[] = {
	{"name", "7"},
	{"name", "null"},
	{"summary", "[\"a\"]"},
	{"memory_max", "-1"},
	{"memory_max", "\"64M\""},
	{"memory_max", "1.5"},
	{"memory_max", "{}"},
	{"oom_group", "1"},
	{"oom_group", "\"yes\""},
	{"overcommit_memory", "3"},
	{"overcommit_memory", "-9223372036854775808"},
	{"overcommit_ratio", "101"},
	{"oom_score_adj", "-1001"},
	{"oom_score_adj", "4294967296"},
	{"thp", "\"sometimes\""},
	{"thp", "\"never\\n/proc/sys/kernel/core_pattern |x\""},
	{"ram_bytes", "-5"},
	{"guest_swap_bytes", "1048575"},
	{"guest_swap_bytes", "\"max\""},
	{"guest_numa_nodes", "0"},
	{"guest_numa_nodes", "9"},
	{"own_boot", "1"},
	{"group", "7"},
	{"timeout_sec", "0"},
	{"timeout_sec", "9223372036854775807"},
	{"timeout_ns", "-1"},
	{"needs", "[\"root\"]"},
	{"needs", "[5]"},
	{"nodes", "5"},
	{"nodes", "[]"},
	{"nodes", "[{\"memory_max\": 5}]"},
	{"nodes", "[{\"name\": \"a/..\"}]"},
	{"nodes", "[{\"name\": \"/a\"}]"},
	{"nodes", "[{\"name\": \"a/\"}]"},
	{"nodes", "[{\"name\": \"a\", \"memory_max\": 0}]"},
	{"nodes", "[{\"name\": \"a\", \"memory_min\": -1}]"},
	{"nodes", "[{\"name\": \"a\"}]"}, /* and it does not say that it needs v2 */
	{"target_node", "\"b\""},
	{"host_files", "\"python3\""},
	{"host_files", "[5]"},
	{"host_files", "[\"\"]"},
	{"needs", "\"kmsg\""},
	{"expect", "7"},
	{"ps", "7"},
	{"ps", "{}"},
	{"ps", "{\"checkpoint\": \"c\"}"},
	{"ps", "{\"checkpoint\": \"c\", \"where\": \"w\", \"meaning\": 7}"},
	{"ps", "{\"checkpoint\": \"c\", \"where\": \"w\", \"meaning\": \"m\", \"vsz_bytes\": -1}"},
};

static const struct {
	struct amount declared, limit;
	struct range expected, then;
} limits[] = {
	{BYTES(MIB(512)), BYTES(MIB(256)), {true, MIB(480), MIB(544)}, {true, MIB(240), MIB(272)}},
	{BYTES(MIB(512)),
	 BYTES(MIB(1024)),
	 {true, MIB(256), UINT64_MAX},
	 {true, MIB(512), UINT64_MAX}},
	/* What is beyond any number is without end. */
	{BYTES(1), BYTES(MIB(1024)), {true, 1, UINT64_MAX - 1}, {true, MIB(1024), UINT64_MAX}},
	/* Not about the limit: below it, or without one. */
	{BYTES(MIB(512)), BYTES(MIB(256)), {true, MIB(1), MIB(8)}, {true, MIB(1), MIB(8)}},
	{{.is_set = true, .is_max = true}, BYTES(MIB(256)), {true, 1, 8}, {true, 1, 8}},
	{BYTES(MIB(512)),
	 {.is_set = true, .is_max = true},
	 {true, 1, MIB(600)},
	 {true, 1, MIB(600)}},
	{BYTES(MIB(512)), BYTES(MIB(256)), {0}, {0}},
};

START_TEST(a_peak_follows_the_limit)
{
	struct spec s;

	spec_init(&s);
	s.memory_max = limits[_i].declared;
	s.expect.peak_bytes = limits[_i].expected;
	spec_set_limit(&s, &limits[_i].limit);
	ck_assert_int_eq(s.memory_max.is_max, limits[_i].limit.is_max);
	ck_assert_uint_eq(s.memory_max.bytes, limits[_i].limit.bytes);
	ck_assert_uint_eq(s.expect.peak_bytes.min, limits[_i].then.min);
	ck_assert_uint_eq(s.expect.peak_bytes.max, limits[_i].then.max);
	spec_release(&s);
}
END_TEST

START_TEST(what_the_command_line_says_wins)
{
	struct spec s, given;

	spec_init(&given);
	ck_assert_int_eq(spec_parse(full, "x", &s, &err), 0);
	spec_override(&s, &given);
	ck_assert_uint_eq(s.memory_max.bytes, MIB(64));
	ck_assert_int_eq(s.oom_score_adj, -1000);
	ck_assert(s.oom_group);
	given.memory_max = (struct amount){.is_set = true, .bytes = MIB(32)};
	given.memory_swap_max = (struct amount){.is_set = true, .bytes = MIB(1)};
	given.overcommit_memory = 0;
	given.thp = THP_NEVER;
	given.timeout_ns = 7;
	spec_override(&s, &given);
	ck_assert_uint_eq(s.memory_max.bytes, MIB(32));
	ck_assert_uint_eq(s.memory_swap_max.bytes, MIB(1));
	ck_assert_int_eq(s.overcommit_memory, 0);
	ck_assert_int_eq(s.overcommit_ratio, 80);
	ck_assert_int_eq(s.thp, THP_NEVER);
	ck_assert_int_eq(s.timeout_ns, 7);
	spec_release(&s);
}
END_TEST

START_TEST(a_limit_comes_without_swap_unless_one_is_named)
{
	const struct amount limit = {.is_set = true, .bytes = MIB(32)};
	struct spec s, given;

	spec_init(&s);
	spec_init(&given);
	spec_override(&s, &given);
	ck_assert(!s.memory_swap_max.is_set);
	given.memory_max = (struct amount){.is_set = true, .is_max = true};
	spec_override(&s, &given);
	ck_assert(!s.memory_swap_max.is_set);
	given.memory_max = limit;
	spec_override(&s, &given);
	ck_assert(s.memory_swap_max.is_set && !s.memory_swap_max.is_max);
	ck_assert_uint_eq(s.memory_swap_max.bytes, 0);
	spec_release(&s);
}
END_TEST

START_TEST(refuses_hostile_values)
{
	struct spec s;
	_cleanup_free_ char *json = text_format("{\"%s\": %s}", hostile[_i].key, hostile[_i].value);
	_cleanup_free_ char *says =
		text_format("x declares '%s' in a way that oomlab does not know", hostile[_i].key);

	ck_assert_int_eq(spec_parse(json, "x", &s, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_str_eq(err.text, says);
	spec_release(&s);
}
END_TEST

static const struct {
	const char *key, *value;
} hostile_expect[] = {
	{"outcome", "\"happy\""},
	{"outcome", "\"unset\""},
	{"constraint", "3"},
	{"victim", "\"you\""},
	{"oom_kill", "1"},
	{"oom_kill", "{}"},
	{"oom_kill", "{\"min\":-1}"},
	{"peak_bytes", "{\"max\":\"9\"}"},
	{"rss_bytes", "[]"},
};

START_TEST(refuses_hostile_expectations)
{
	struct spec s;
	_cleanup_free_ char *json = text_format("{\"expect\": {\"%s\": %s}}",
						hostile_expect[_i].key, hostile_expect[_i].value);

	ck_assert_int_eq(spec_parse(json, "x", &s, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, hostile_expect[_i].key));
	spec_release(&s);
}
END_TEST

static const char *const no_json[] = {"",
				      "x",
				      "[]",
				      "7",
				      "{",
				      "{}}",
				      "null",
				      "{\"a\": \"\\u0000\"}",
				      "{\"name\": \"\xff\"}",
				      "{\"name\": \"\x01\"}"};

START_TEST(refuses_what_is_no_declaration)
{
	struct spec s;

	ck_assert_int_eq(spec_parse(no_json[_i], "a\nb", &s, &err), -1);
	ck_assert(text_starts_with(err.text, "a?b does not print a declaration"));
	spec_release(&s);
}
END_TEST

START_TEST(survives_deep_nesting)
{
	_cleanup_strbuf_ struct strbuf deep = STRBUF_INIT;
	struct spec s;

	for (int i = 0; i < 100000; i++)
		strbuf_puts(&deep, "{\"expect\":");
	ck_assert_int_eq(spec_parse(deep.buf, "x", &s, &err), -1);
	spec_release(&s);
}
END_TEST

static TCase *json_case(void)
{
	TCase *tc = tcase_create("json");

	tcase_add_test(tc, reads_every_key);
	tcase_add_loop_test(tc, goes_to_json_and_back, 0, 3);
	tcase_add_test(tc, nothing_said_is_nothing_set);
	tcase_add_test(tc, what_the_command_line_says_wins);
	tcase_add_test(tc, a_limit_comes_without_swap_unless_one_is_named);
	tcase_add_loop_test(tc, refuses_hostile_values, 0, (int)ARRAY_SIZE(hostile));
	tcase_add_loop_test(tc, refuses_hostile_expectations, 0, (int)ARRAY_SIZE(hostile_expect));
	tcase_add_loop_test(tc, refuses_what_is_no_declaration, 0, (int)ARRAY_SIZE(no_json));
	tcase_add_test(tc, survives_deep_nesting);
	return tc;
}

static const struct {
	const char *text;
	bool ok, is_max;
	uint64_t bytes;
	const char *says;
} amounts[] = {
	{"0", true, false, 0, NULL},
	{"512M", true, false, MIB(512), NULL},
	{"max", true, true, 0, NULL},
	{"none", true, true, 0, NULL},
	{"-1", false, false, 0, "--memory '-1' is not an amount of memory"},
	{"abc", false, false, 0, "--memory 'abc' is not an amount of memory"},
	{"", false, false, 0, "--memory '' is not an amount of memory"},
	{"a\nb", false, false, 0, "--memory 'a?b' is not an amount of memory"},
	{"9999999T", false, false, 0, "--memory '9999999T' is more than any kernel can count"},
};

START_TEST(reads_amounts)
{
	struct amount a = {0};
	int r = spec_parse_amount("--memory", amounts[_i].text, &a, &err);

	ck_assert_int_eq(r, amounts[_i].ok ? 0 : -1);
	ck_assert_int_eq(a.is_set, amounts[_i].ok);
	ck_assert_int_eq(a.is_max, amounts[_i].is_max);
	ck_assert_uint_eq(a.bytes, amounts[_i].bytes);
	if (!amounts[_i].ok) {
		_cleanup_free_ char *says = text_format(
			"%s; give bytes or a size such as 512M or 2G, or 'max'", amounts[_i].says);
		ck_assert_int_eq(err.status, EXIT_USAGE);
		ck_assert_str_eq(err.text, says);
	}
}
END_TEST

START_TEST(validates_the_whole)
{
	struct spec s;

	spec_init(&s);
	ck_assert_int_eq(spec_validate(&s, &err), 0);
	s.memory_max = (struct amount)BYTES(MIB(1));
	ck_assert_int_eq(spec_validate(&s, &err), 0);
	s.memory_max.bytes = MIB(1) - 1;
	ck_assert_int_eq(spec_validate(&s, &err), -1);
	ck_assert_str_eq(
		err.text,
		"a memory limit of 1048575 bytes leaves no room to start a program; the smallest that oomlab runs is 1M");
	s.memory_max = (struct amount)NO_LIMIT;
	s.memory_high = (struct amount)BYTES(0);
	ck_assert_int_eq(spec_validate(&s, &err), -1);
	s.memory_high = (struct amount){0};
	s.ram_bytes = (int64_t)MIB(95);
	ck_assert_int_eq(spec_validate(&s, &err), -1);
	s.ram_bytes = (int64_t)MIB(128);
	ck_assert_int_eq(spec_validate(&s, &err), 0);
	s.memory_max = (struct amount)BYTES(MIB(129));
	ck_assert_int_eq(spec_validate(&s, &err), -1);
	ck_assert_str_eq(err.text, "the memory limit of 129 MiB is more than the guest's RAM of "
				   "128 MiB; raise --guest-ram or lower --memory");
	s.memory_max = (struct amount)NO_LIMIT;
	s.guest_numa_nodes = 2;
	ck_assert_int_eq(spec_validate(&s, &err), 0);
	s.guest_numa_nodes = 3;
	ck_assert_int_eq(spec_validate(&s, &err), -1);
	ck_assert_str_eq(err.text, "a guest's RAM of 128 MiB is too little for 3 NUMA nodes; give "
				   "each 64M or more");
	s.guest_numa_nodes = SPEC_KEEP;
	s.guest_swap_bytes = (int64_t)MIB(1);
	ck_assert_int_eq(spec_validate(&s, &err), 0);
	s.guest_swap_bytes = (int64_t)MIB(1) - 1;
	ck_assert_int_eq(spec_validate(&s, &err), -1);
}
END_TEST

START_TEST(knows_outcomes_by_name)
{
	for (int i = 1; i < OUTCOME_COUNT; i++)
		ck_assert_int_eq(spec_outcome(spec_outcome_names[i]), i);
	ck_assert_int_eq(spec_outcome("unset"), OUTCOME_UNSET);
	ck_assert_int_eq(spec_outcome(""), OUTCOME_UNSET);
	ck_assert_int_eq(spec_outcome("oom_kill"), OUTCOME_UNSET);
}
END_TEST

static TCase *values_case(void)
{
	TCase *tc = tcase_create("values");

	tcase_add_loop_test(tc, reads_amounts, 0, (int)ARRAY_SIZE(amounts));
	tcase_add_test(tc, validates_the_whole);
	tcase_add_test(tc, knows_outcomes_by_name);
	tcase_add_loop_test(tc, a_peak_follows_the_limit, 0, (int)ARRAY_SIZE(limits));
	return tc;
}

int main(void)
{
	TCase *const cases[] = {json_case(), values_case()};

	return suite_run("spec", cases, ARRAY_SIZE(cases));
}
