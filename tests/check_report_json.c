/*
 * check_report_json.c - report.json: the whole schema, always, and what a kill and a look are in
 * it.
 */
#include "report/json.h"
#include "report_helpers.h"
#include "suite.h"

static int64_t number(const json_t *json, const char *object, const char *key)
{
	const json_t *value = json_object_get(json_object_get(json, object), key);

	ck_assert_msg(json_is_integer(value), "%s.%s", object, key);
	return json_integer_value(value);
}

static const char *string(const json_t *json, const char *key)
{
	ck_assert_msg(json_is_string(json_object_get(json, key)), "%s", key);
	return json_string_value(json_object_get(json, key));
}

START_TEST(json_holds_the_schema)
{
	static const char *const keys[] = {"schema",	   "outcome",  "scope",	      "verdict",
					   "summary",	   "run",      "spec",	      "events",
					   "events_local", "memory",   "kills",	      "arenas",
					   "touches",	   "timeline", "explanation", "quality"};
	struct told t;
	json_t *json;

	tell(&t, records[_i]);
	json = report_to_json(&t.facts, &t.doc);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		ck_assert_msg(json_object_get(json, keys[i]), "%s", keys[i]);
	json_decref(json);
	forget(&t);
}
END_TEST

START_TEST(json_tells_the_look)
{
	struct told t;
	json_t *report, *look, *threads;

	tell(&t, "premortem");
	report = report_to_json(&t.facts, &t.doc);
	look = json_object_get(report, "premortem");
	ck_assert(json_is_true(json_object_get(look, "taken")));
	ck_assert(json_is_true(json_object_get(look, "frozen")));
	ck_assert_int_gt(json_integer_value(json_object_get(look, "before_kill_ns")), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(look, "percent")), 5);
	threads = json_object_get(look, "threads");
	ck_assert_uint_eq(json_array_size(threads), 3);
	ck_assert_str_eq(string(json_array_get(threads, 0), "function"), "grow");
	ck_assert_str_eq(string(json_array_get(threads, 2), "function"), "reader");
	ck_assert_str_eq(string(json_array_get(threads, 2), "comm"), "pid=1, `<b>");
	json_decref(report);
	forget(&t);
}
END_TEST

START_TEST(json_tells_the_kill)
{
	struct told t;
	json_t *json, *kill, *arena;

	tell(&t, "memset-2g");
	json = report_to_json(&t.facts, &t.doc);
	ck_assert_str_eq(string(json, "schema"), "oomlab.report/1");
	ck_assert_str_eq(string(json, "outcome"), "oom_killed");
	ck_assert_str_eq(string(json, "scope"), "own");
	ck_assert_str_eq(string(json, "verdict"), "pass");
	ck_assert_int_eq(number(json, "run", "signal"), 9);
	ck_assert_ptr_null(json_object_get(json_object_get(json, "run"), "exit_status"));
	ck_assert_int_eq(number(json, "events", "oom_kill"), 1);
	ck_assert_int_eq(number(json, "memory", "max"), 512 << 20);
	ck_assert_int_eq(number(json, "memory", "peak"), 512 << 20);
	kill = json_array_get(json_object_get(json, "kills"), 0);
	ck_assert_str_eq(string(kill, "victim_comm"), "memset-2g");
	ck_assert_str_eq(string(kill, "constraint"), "MEMCG");
	ck_assert_int_eq(json_integer_value(json_object_get(kill, "anon_rss_bytes")), 535756800);
	ck_assert_int_eq(number(kill, "memory", "anon"), 535756800);
	ck_assert_uint_eq(json_array_size(json_object_get(kill, "tasks")), 1);
	ck_assert_uint_ge(json_array_size(json_object_get(kill, "cause_of_death")), 3);
	ck_assert_ptr_nonnull(strstr(string(kill, "summary"), "memset-2g"));
	kill = json_array_get(json_object_get(kill, "explanation"), 0);
	ck_assert_str_eq(string(kill, "topic"), "What happened");
	ck_assert_uint_eq(json_array_size(json_object_get(kill, "evidence")), 2);
	arena = json_array_get(json_object_get(json, "arenas"), 0);
	ck_assert_int_eq(number(arena, "clear_site", "line"), 138);
	ck_assert_uint_ge(json_array_size(json_object_get(json, "explanation")), 8);
	json_decref(json);
	forget(&t);
}
END_TEST

static TCase *json(void)
{
	TCase *t = tcase_create("json");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, json_holds_the_schema, 0, RECORDS);
	tcase_add_test(t, json_tells_the_kill);
	tcase_add_test(t, json_tells_the_look);
	return t;
}

int main(void)
{
	TCase *const cases[] = {json()};

	return suite_run("report_json", cases, ARRAY_SIZE(cases));
}
