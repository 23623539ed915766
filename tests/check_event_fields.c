/*
 * check_event_fields.c - the table of an event's fields: no byte of an event or of its elements is
 * in no line of it, and what walks it (reset, copy, JSON) leaves nothing out.
 */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "explain/event_json.h"
#include "explain/event_text.h"
#include "oomlog/event_fields.h"
#include "suite.h"

#ifndef __has_builtin
#define __has_builtin(name) 0
#endif

static void mark(char *seen, size_t from, size_t size)
{
	for (size_t i = from; i < from + size; i++) {
		ck_assert_msg(!seen[i], "byte %zu is in two lines", i);
		seen[i] = 1;
	}
}

/* Members are the bytes that are no padding: each in one line of the table, or a list's count. */
static void assert_covered(const struct event_field *fields, const char *bytes, size_t size)
{
	char *seen = xcalloc(size, 1);

	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		mark(seen, f->offset, f->size);
		if (event_fields_is_list(f))
			mark(seen, f->beside, sizeof(size_t));
	}
	for (size_t i = 0; i < size; i++)
		ck_assert_msg(seen[i] || !bytes[i], "byte %zu of %zu is in no line", i, size);
	free(seen);
}

#if __has_builtin(__builtin_clear_padding)
#define ASSERT_COVERED(of, fields)                                           \
	do {                                                                 \
		struct oomlog_##of whole;                                    \
		memset(&whole, 0xff, sizeof(whole));                         \
		__builtin_clear_padding(&whole);                             \
		assert_covered(fields, (const char *)&whole, sizeof(whole)); \
	} while (0)

START_TEST(every_member_has_its_line)
{
	ASSERT_COVERED(event, event_fields);
	ASSERT_COVERED(task, event_fields_task);
	ASSERT_COVERED(victim, event_fields_victim);
	ASSERT_COVERED(stat, event_fields_stat);
	ASSERT_COVERED(zone, event_fields_zone);
	ASSERT_COVERED(slab, event_fields_slab);
	ASSERT_COVERED(note, event_fields_note);
	ASSERT_COVERED(lines, event_fields_lines);
}
END_TEST
#endif

#define ELEMENTS 3

/* Each member says something that no other says. */
static void fill(const struct event_field *fields, void *of, int64_t from)
{
	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		char *at = (char *)of + f->offset;
		int64_t number = from + (f - fields);

		if (f->kind == EVENT_NUMBER || f->kind == EVENT_COUNT || f->kind == EVENT_LINE ||
		    f->kind == EVENT_ADDRESS)
			memcpy(at, &number, sizeof(number));
		else if (f->kind == EVENT_TEXT)
			*(char **)at = text_format("text %lld", (long long)number);
		else if (f->kind == EVENT_FLAG)
			*(bool *)at = true;
		else if (f->kind == EVENT_WORD)
			memcpy(at, &(int){1}, sizeof(int));
		else if (f->kind == EVENT_PART)
			fill(f->fields, at, from * 10);
		else if (f->kind == EVENT_BYTES)
			memset(at, 1, f->size);
	}
}

static void *elements_of(const struct event_field *list, const void *event)
{
	void *array;

	memcpy(&array, (const char *)event + list->offset, sizeof(array));
	return array;
}

static struct oomlog_event *filled(void)
{
	struct oomlog_event *event = xcalloc(1, sizeof(*event));
	const size_t count = ELEMENTS;

	fill(event_fields, event, 1000);
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++) {
		void *array;

		if (!event_fields_is_list(f))
			continue;
		array = xcalloc(count, f->element_size);
		for (size_t i = 0; i < count; i++)
			fill(f->fields, (char *)array + i * f->element_size,
			     1000 * (int64_t)(i + 2));
		memcpy((char *)event + f->offset, &array, sizeof(array));
		memcpy((char *)event + f->beside, &count, sizeof(count));
	}
	return event;
}

/* Overwrites and frees the texts of what is left behind, so that a borrowed one shows. */
static void spoil_texts(const struct event_field *fields, void *of)
{
	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		char **text = (char **)((char *)of + f->offset);

		if (f->kind != EVENT_TEXT)
			continue;
		memset(*text, '!', strlen(*text));
		free(*text);
	}
}

static void spoil(struct oomlog_event *event)
{
	spoil_texts(event_fields, event);
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++) {
		char *array = event_fields_is_list(f) ? elements_of(f, event) : NULL;

		for (size_t i = 0; array && i < ELEMENTS; i++)
			spoil_texts(f->fields, array + i * f->element_size);
		if (array)
			memset(array, '!', ELEMENTS * f->element_size);
	}
	event_fields_release(event);
	free(event);
}

static char *json_of(const struct oomlog_event *event)
{
	struct strbuf text = STRBUF_INIT;

	json_text_open(&text, '{');
	event_text_all(&text, event);
	event_text_keys(&text, event, (const char *const[]){"notes", NULL});
	json_text_close(&text, '}');
	return strbuf_detach(&text);
}

static void assert_same(const struct event_field *fields, const void *a, const void *b)
{
	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		const char *at = (const char *)a + f->offset, *bt = (const char *)b + f->offset;

		if (event_fields_is_list(f))
			for (size_t i = 0; i < ELEMENTS; i++)
				assert_same(f->fields,
					    (char *)elements_of(f, a) + i * f->element_size,
					    (char *)elements_of(f, b) + i * f->element_size);
		else if (f->kind == EVENT_TEXT)
			ck_assert_str_eq(*(const char *const *)at, *(const char *const *)bt);
		else
			ck_assert_msg(!memcmp(at, bt, f->size), "a member at %zu differs",
				      f->offset);
	}
}

START_TEST(a_copy_owns_all_that_it_points_to)
{
	struct oomlog_event *event = filled(), *same = filled(), copy = *event;
	struct pool pool = {0};

	event_fields_own(&copy, &pool);
	spoil(event);
	assert_same(event_fields, &copy, same);
	ck_assert_uint_eq(copy.task_count, ELEMENTS);
	spoil(same);
	pool_release(&pool);
}
END_TEST

static void assert_reset(const struct event_field *fields, const void *of)
{
	static const char nothing[sizeof(struct oomlog_event)];

	for (const struct event_field *f = fields; f->kind != EVENT_END; f++) {
		const char *at = (const char *)of + f->offset;

		if (event_fields_is_list(f))
			ck_assert_uint_eq(event_fields_count(f, of), 0);
		else if (f->kind == EVENT_NUMBER)
			ck_assert_int_eq(*(const int64_t *)at, ABSENT);
		else
			ck_assert(!memcmp(at, nothing, f->size));
	}
}

START_TEST(nothing_is_told_after_a_reset)
{
	struct oomlog_event *event = filled(), reset = *event;
	struct oomlog_victim victim = event->victims[1];
	_cleanup_free_ char *json = NULL;

	event_fields_reset(event_fields, &reset);
	assert_reset(event_fields, &reset);
	ck_assert_ptr_eq(reset.tasks, event->tasks);
	event_fields_reset(event_fields_victim, &victim);
	assert_reset(event_fields_victim, &victim);
	json = json_of(&reset);
	ck_assert_str_eq(json, "{\"victims\":[],\"tasks\":[],\"lines\":{},\"notes\":[]}");
	spoil(event);
}
END_TEST

/* An event that says everything has every key of the table. */
START_TEST(json_has_every_key)
{
	struct oomlog_event *event = filled();
	_cleanup_free_ char *text = json_of(event);
	json_t *json = json_loads(text, 0, NULL), *victim;

	ck_assert_ptr_nonnull(json);
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++)
		ck_assert_msg(!f->key || json_object_get(json, f->key), "no %s in %s", f->key,
			      text);
	victim = json_array_get(json_object_get(json, "victims"), 1);
	for (const struct event_field *f = event_fields_victim; f->kind != EVENT_END; f++) {
		ck_assert_ptr_nonnull(json_object_get(victim, f->key));
		ck_assert(!f->first_key || json_object_get(json, f->first_key));
	}
	ck_assert_uint_eq(json_array_size(json_object_get(json, "tasks")), ELEMENTS);
	ck_assert_uint_eq(json_object_size(json_object_get(json, "meminfo")), ELEMENTS);
	json_decref(json);
	spoil(event);
}
END_TEST

static char *json_of_keys(const struct oomlog_event *event, const char *const *keys)
{
	json_t *object = json_object();
	char *text;

	event_json_put(object, event, keys);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

/* Names of a hostile log: a key that is no UTF-8 would cost the whole document. */
START_TEST(json_of_chosen_keys)
{
	struct oomlog_stat stat = {"na\xffme", 5};
	struct oomlog_event event = {
		.order = 3, .kernel = "\xc3\xa4\x80", .stats = &stat, .stat_count = 1};
	_cleanup_free_ char *json = json_of_keys(
		&event, (const char *const[]){"panic", "kernel", "order", "memory", "tasks", NULL});

	ck_assert_str_eq(json, "{\"panic\":false,\"kernel\":\"\xc3\xa4\\\\x80\",\"order\":3,"
			       "\"memory\":{\"na\\\\xffme\":5},\"tasks\":[]}");
}
END_TEST

/* By what a kill would free, swap too; who is next is told by the score, without the victims. */
START_TEST(largest_and_runner_up)
{
	struct oomlog_victim victim = {.pid = 1};
	struct oomlog_task tasks[] = {
		{.pid = 1, .comm = "killed", .rss_bytes = 300, .oom_score_adj = 1000},
		{.pid = 2, .comm = "resident", .rss_bytes = 500},
		{.pid = 3, .comm = "swapped", .rss_bytes = 100, .swap_bytes = 900},
		{.pid = 4, .comm = "never", .rss_bytes = 900, .oom_score_adj = -1000},
		{.pid = 5, .comm = "next", .rss_bytes = 100, .oom_score_adj = 900},
	};
	struct oomlog_event event = {.scope = SCOPE_OWN,
				     .limit_bytes = 10000,
				     .victims = &victim,
				     .victim_count = 1,
				     .tasks = tasks,
				     .task_count = ARRAY_SIZE(tasks)};
	json_t *json = json_object();
	struct explanation x;
	int largest = 0, runner_up = 0;

	explanation_make(&x, &event);
	event_json_put_candidates(json, &x);
	ck_assert(!json_unpack(json, "{s:{s:i}, s:{s:i}}", "largest_task", "pid", &largest,
			       "runner_up", "pid", &runner_up));
	ck_assert_int_eq(largest, 3);
	ck_assert_int_eq(runner_up, 5);
	json_decref(json);
	explanation_release(&x);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("event_fields");
	TCase *const cases[] = {t};

#if __has_builtin(__builtin_clear_padding)
	tcase_add_test(t, every_member_has_its_line);
#else
	suite_skip("every_member_has_its_line", "this compiler does not tell padding");
#endif
	tcase_add_test(t, a_copy_owns_all_that_it_points_to);
	tcase_add_test(t, nothing_is_told_after_a_reset);
	tcase_add_test(t, json_has_every_key);
	tcase_add_test(t, json_of_chosen_keys);
	tcase_add_test(t, largest_and_runner_up);
	return suite_run("event_fields", cases, ARRAY_SIZE(cases));
}
