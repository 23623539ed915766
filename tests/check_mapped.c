/* Reserved by, touched by: from mapping and touch lines to entries, the table and report.json. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "report/json.h"
#include "report/mapped.h"
#include "report/story.h"
#include "suite.h"

#define HEAD                                                  \
	"{\"ev\":\"run\",\"page_size\":4096}\n"               \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n" \
	"{\"ev\":\"module\",\"id\":1,\"path\":\"/lib/libc.so.6\"}\n"
#define FRAME(at, function)                                                                \
	"{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\",\"file\":\"/a/" \
	"c.c\",\"line\":7}\n"
#define MAPPING(id, rest) "{\"ev\":\"mapping\",\"id\":" id ",\"pid\":5," rest "}\n"
#define TOUCH(rest)	  "{\"ev\":\"touch\",\"pid\":5,\"samples\":1," rest "}\n"
#define ONE_GIB		  "1073741824"

static struct record record;
static struct mapped_list list;

static void gather(const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(record_load_memory(text, strlen(text), &record, &err), 0);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	mapped_gather(&record, &list);
}

static void drop(void)
{
	mapped_release(&list);
	record_release(&record);
}

static const char two_users[] = HEAD FRAME("0+10", "take") FRAME("0+20", "fill") FRAME(
	"0+30", "use") MAPPING("1", "\"what\":\"mmap\",\"start\":4096,\"bytes\":" ONE_GIB
				    ",\"calls\":1,\"first\":10,\"last\":30,\"stack\":\"1+99 0+10\"")
	MAPPING("2", "\"what\":\"mmap\",\"bytes\":4096,\"calls\":2,\"first\":5,\"last\":20,"
		     "\"stack\":\"1+98 0+10\"") MAPPING("3", "\"what\":\"heap\",\"bytes\":8192")
		TOUCH("\"anon\":3000,\"mapping\":1,\"stack\":\"0+20\"")
			TOUCH("\"anon\":2000,\"mapping\":2,\"stack\":\"0+30\"")
				TOUCH("\"anon\":100,\"file\":900000,\"mapping\":3,"
				      "\"stack\":\"0+30\"") TOUCH("\"anon\":7,\"stack\":\"0+30\"");

START_TEST(one_line_of_code_is_one_entry)
{
	char *by;

	gather(two_users);
	ck_assert_uint_eq(list.count, 3);
	by = mapped_by(&list.items[0]);
	ck_assert_str_eq(by, "take at a/c.c:7");
	free(by);
	ck_assert_int_eq(list.items[0].reserved, 1073741824 + 4096);
	ck_assert_int_eq(list.items[0].calls, 3);
	ck_assert_int_eq(list.items[0].touches.total, 5000);
	ck_assert_int_eq(list.items[0].first_ns, 5);
	ck_assert_int_eq(list.items[0].last_ns, 30);
	ck_assert_str_eq(list.items[0].touches.lines[0].function, "fill");
	ck_assert_str_eq(list.items[0].touches.lines[1].function, "use");
	ck_assert_str_eq(mapped_what_name(&list.items[1]), "heap");
	ck_assert_int_eq(list.items[1].touches.total, 100); /* no pages of files */
	ck_assert_str_eq(mapped_what_name(&list.items[2]), "elsewhere");
	ck_assert_int_eq(list.items[2].touches.total, 7);
	drop();
}
END_TEST

static void is_by(size_t i, const char *expected)
{
	char *by = mapped_by(&list.items[i]);

	ck_assert_str_eq(by, expected);
	free(by);
}

START_TEST(what_nobody_was_seen_to_ask_for_is_called_that)
{
	gather(HEAD FRAME("0+10", "take")
		       MAPPING("1", "\"what\":\"mmap\",\"requested\":true,\"bytes\":9000,"
				    "\"calls\":1,\"stack\":\"0+10\"")
			       MAPPING("2", "\"what\":\"mmap\",\"bytes\":8000,\"calls\":1,"
					    "\"stack\":\"0+10\"")
				       MAPPING("3", "\"what\":\"small\",\"bytes\":7000")
					       MAPPING("4", "\"what\":\"unseen\",\"bytes\":6000")
						       MAPPING("5", "\"what\":\"pieces\","
								    "\"bytes\":5000"));
	ck_assert_uint_eq(list.count, 5);
	is_by(0, "take at a/c.c:7, at a requested address");
	is_by(1, "take at a/c.c:7");
	is_by(2, "not seen: mappings of less than 1 MiB each");
	is_by(3, "not seen: neither malloc's heap nor a file");
	is_by(4, "not seen: neither malloc's heap nor a file");
	drop();
}
END_TEST

START_TEST(a_stack_is_in_its_mapping_or_the_kernels)
{
	gather(HEAD FRAME("0+10", "take") MAPPING("1",
						  "\"what\":\"mmap\",\"bytes\":9000,\"calls\":1,"
						  "\"stack\":\"0+10\"")
		       TOUCH("\"anon\":50,\"mapping\":1,\"on_stack\":true,\"stack\":\"0+10\"")
			       TOUCH("\"anon\":40,\"on_stack\":true,\"stack\":\"0+10\""));
	ck_assert_uint_eq(list.count, 2);
	ck_assert_int_eq(list.items[0].touches.lines[0].kind, TOUCH_STACK);
	ck_assert_int_eq(list.items[0].touches.total, 50);
	ck_assert_str_eq(mapped_what_name(&list.items[1]), "stack");
	ck_assert_int_eq(list.items[1].touches.total, 40);
	drop();
}
END_TEST

#define ARENA(id, base, reserved)                                                           \
	"{\"ev\":\"arena\",\"id\":" id ",\"pid\":5,\"name\":\"pool\",\"policy\":\"never\"," \
	"\"base\":" base ",\"reserved\":" reserved "}\n"
#define ROOM                                                                                    \
	MAPPING("1",                                                                            \
		"\"what\":\"mmap\",\"start\":4096,\"bytes\":1000000,\"calls\":1,\"stack\":\"0+" \
		"10\"")

static size_t arenas_joined(const char *text)
{
	size_t joined = 0;

	gather(text);
	for (size_t i = 0; i < record.arena_count; i++)
		joined += mapped_of_arena(&list, &record.arenas[i]) != NULL;
	drop();
	return joined;
}

START_TEST(an_arena_is_joined_when_the_space_is_its_alone)
{
	ck_assert_uint_eq(arenas_joined(HEAD ROOM ARENA("1", "4112", "999000")), 1);
	ck_assert_uint_eq(arenas_joined(HEAD ROOM ARENA("1", "4112", "1000")), 0);
	ck_assert_uint_eq(arenas_joined(HEAD ROOM ARENA("1", "4095", "999000")), 0);
	ck_assert_uint_eq(
		arenas_joined(HEAD ROOM ARENA("1", "4112", "950000") ARENA("2", "4200", "950000")),
		0);
	ck_assert_uint_eq(arenas_joined(HEAD ARENA("1", "4112", "999000")), 0);
}
END_TEST

/* What the record refuses to load is tested elsewhere. */
START_TEST(hostile_numbers_are_survived)
{
	gather(HEAD MAPPING("1", "\"what\":\"mmap\",\"start\":1000000000000000000,\"bytes\":"
				 "1000000000000000000,\"calls\":1")
		       MAPPING("1", "\"what\":\"labs\",\"bytes\":0,\"calls\":0") MAPPING(
			       "8", "\"what\":\"unseen\",\"bytes\":50000000000000000")
			       MAPPING("9", "\"what\":\"unseen\",\"bytes\":50000000000000000")
				       ARENA("1", "1", "1000000000000000000")
					       TOUCH("\"anon\":5,\"mapping\":99,\"stack\":"
						     "\"\""));
	for (size_t i = 0; i < list.count; i++)
		free(mapped_by(&list.items[i]));
	ck_assert_uint_ge(list.count, 1);
	drop();
}
END_TEST

START_TEST(nothing_is_told_without_mappings)
{
	gather(HEAD TOUCH("\"anon\":5,\"stack\":\"0+10\""));
	ck_assert_uint_eq(list.count, 0);
	drop();
}
END_TEST

START_TEST(json_adds_to_reservations_of_others)
{
	json_t *report, *items;
	struct facts facts = {.record = &record};

	gather(two_users);
	report = json_pack("{s:[], s:[{s:s}]}", "arenas", "reservations", "source", "other");
	json_put_mapped(report, &facts);
	items = json_object_get(report, "reservations");
	ck_assert_uint_eq(json_array_size(items), 4);
	items = json_array_get(items, 1);
	ck_assert_str_eq(json_string_value(json_object_get(items, "source")), "kernel");
	ck_assert_str_eq(json_string_value(json_object_get(items, "function")), "take");
	ck_assert_int_eq(json_integer_value(json_object_get(items, "touched")), 5000);
	ck_assert_uint_eq(json_array_size(json_object_get(items, "touched_by")), 2);
	json_decref(report);
	drop();
}
END_TEST

/* Processor time to gather mappings and touches of so many lines of code, the least of three. */
static double gather_many(int count)
{
	struct strbuf text = STRBUF_INIT;
	double least = 0;

	strbuf_puts(&text, HEAD);
	for (int i = 0; i < count; i++) {
		strbuf_printf(&text,
			      "{\"ev\":\"mapping\",\"id\":%d,\"pid\":5,\"what\":\"mmap\",\"bytes\":"
			      "4096,\"stack\":\"0+%x\"}\n",
			      i, i + 16);
		strbuf_printf(&text,
			      "{\"ev\":\"touch\",\"pid\":%d,\"anon\":4096,\"mapping\":%d,\"stack\":"
			      "\"0+%x\"}\n",
			      i, count - 1 - i, i + 16);
	}
	for (int i = 0; i < 3; i++) {
		clock_t begin = clock();
		double spent;

		gather(text.buf);
		spent = (double)(clock() - begin);
		ck_assert_uint_eq(list.count, (size_t)count);
		drop();
		least = !i || spent < least ? spent : least;
	}
	strbuf_release(&text);
	return least;
}

/* Eight times the lines take 64 times as long where each is compared with all others. */
START_TEST(many_lines_of_code_take_their_number_not_its_square)
{
	double few = gather_many(2500), many = gather_many(20000);

	ck_assert_msg(many < 24 * few, "%.0f and %.0f", few, many);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("mapped");

	tcase_add_test(tcase, one_line_of_code_is_one_entry);
	tcase_add_test(tcase, what_nobody_was_seen_to_ask_for_is_called_that);
	tcase_add_test(tcase, a_stack_is_in_its_mapping_or_the_kernels);
	tcase_add_test(tcase, an_arena_is_joined_when_the_space_is_its_alone);
	tcase_add_test(tcase, hostile_numbers_are_survived);
	tcase_add_test(tcase, many_lines_of_code_take_their_number_not_its_square);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, nothing_is_told_without_mappings);
	tcase_add_test(tcase, json_adds_to_reservations_of_others);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("mapped", cases, sizeof(cases) / sizeof(cases[0]));
}
