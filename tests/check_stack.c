/*
 * check_stack.c - the text of stacks by its grammar, hostile text among it.
 */
#include <string.h>

#include "base/cleanup.h"
#include "record/record.h"
#include "record/stack.h"
#include "suite.h"

static struct stack_frame parse(const char *text)
{
	return stack_frame(text, strlen(text));
}

START_TEST(places_are_read_as_they_are_written)
{
	static const struct {
		int64_t module;
		uint64_t address;
		const char *text;
	} cases[] = {
		{3, 0x15a2b0, "3+15a2b0"},
		{0, 0, "0+0"},
		{INT32_MAX, UINT64_MAX, "2147483647+ffffffffffffffff"},
		{STACK_NO_MODULE, 0x7f0012345678, "+7f0012345678"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
		struct stack_frame frame = parse(cases[i].text);

		ck_assert(frame.is_known);
		ck_assert_int_eq(frame.module, cases[i].module);
		ck_assert_uint_eq(frame.address, cases[i].address);
		stack_put(&sb, cases[i].module, cases[i].address);
		ck_assert_str_eq(sb.buf, cases[i].text);
	}
}
END_TEST

/* A number in the text is not yet a module's. */
START_TEST(what_is_no_place_is_of_no_module)
{
	static const char *const texts[] = {
		"",
		"+",
		"3",
		"3+",
		"-3+1",
		" 3+1",
		"3 +1",
		"3+-1",
		"3++1",
		"+3+1",
		"0x3+1",
		"3+0x1",
		"3+1g",
		"3+1 ",
		"3.0+1",
		"3+1.0",
		"3e1+1",
		"3+A",
		"\xd9\xa3+1",
		"9223372036854775808+1",
		"99999999999999999999999+1",
		"3+11112222333344445",
		"3+1\n",
		"three+1",
		"7f00",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct stack_frame frame = parse(texts[i]);

		ck_assert_msg(!frame.is_known, "%s", texts[i]);
		ck_assert_int_eq(frame.module, STACK_NO_MODULE);
		ck_assert_uint_eq(frame.address, 0);
	}
}
END_TEST

START_TEST(nothing_is_read_beyond_a_place)
{
	struct stack_frame frame = stack_frame("3+15a2b0", 4);

	ck_assert_uint_eq(frame.address, 0x15);
	ck_assert(!stack_frame("3+1", 2).is_known);
	ck_assert(!stack_frame("3+1", 0).is_known);
}
END_TEST

START_TEST(a_stack_is_taken_place_by_place)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct stack_frame frame;
	const char *rest;

	stack_put(&sb, 1, 0x10);
	stack_put(&sb, -1, 0x20);
	stack_put(&sb, 2, 0x30);
	ck_assert_str_eq(sb.buf, "1+10 +20 2+30");
	rest = sb.buf;
	ck_assert(stack_next(&rest, &frame) && frame.module == 1 && frame.len == 4);
	ck_assert(stack_next(&rest, &frame) && frame.module == STACK_NO_MODULE);
	ck_assert_uint_eq(frame.address, 0x20);
	ck_assert(stack_next(&rest, &frame) && frame.module == 2);
	ck_assert(!stack_next(&rest, &frame));
	ck_assert(!stack_next(&rest, &frame));
	rest = "  1+1   x  ";
	ck_assert(stack_next(&rest, &frame) && frame.module == 1);
	ck_assert(stack_next(&rest, &frame) && !frame.is_known && frame.len == 1);
	ck_assert(!stack_next(&rest, &frame));
}
END_TEST

#define RECORD_OF(stack, tail) \
	"{\"ev\":\"run\",\"id\":\"r\"}\n{\"ev\":\"touch\",\"pid\":7,\"stack\":\"" stack "\"}\n" tail
#define TAIL(inner, outer, jumps)                                                                  \
	"{\"ev\":\"tail_call\",\"inner\":\"" inner "\",\"outer\":\"" outer "\",\"jumps\":\"" jumps \
	"\"}\n"

/* Wherever the two frames follow one another, as whole words, and nowhere else. */
START_TEST(tail_calls_are_restored)
{
	static const struct {
		const char *lines, *stack;
	} cases[] = {
		{RECORD_OF("0+10 0+20 1+5", TAIL("0+10", "0+20", "0+15 0+16")),
		 "0+10 0+15 0+16 0+20 1+5"},
		{RECORD_OF("0+10 0+20", TAIL("0+1", "0+20", "0+15")), "0+10 0+20"},
		{RECORD_OF("0+10 0+20", TAIL("0+10", "0+2", "0+15")), "0+10 0+20"},
		{RECORD_OF("0+10 0+20", TAIL("0+100", "0+20", "0+15")), "0+10 0+20"},
		{RECORD_OF("0+20 0+10", TAIL("0+10", "0+20", "0+15")), "0+20 0+10"},
		{RECORD_OF("0+10 0+20 0+30",
			   TAIL("0+20", "0+30", "0+25") TAIL("0+10", "0+20", "0+15")),
		 "0+10 0+15 0+20 0+25 0+30"},
		{RECORD_OF("0+10", TAIL("0+10", "", "0+15")), "0+10"},
		{RECORD_OF("", TAIL("0+10", "0+20", "0+15")), ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		struct record record;

		ck_assert_int_eq(
			record_load_memory(cases[i].lines, strlen(cases[i].lines), &record, &err),
			0);
		ck_assert_uint_eq(record.touch_count, 1);
		ck_assert_str_eq(record.touches[0].stack, cases[i].stack);
		record_release(&record);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("stack");

	tcase_add_test(tc, places_are_read_as_they_are_written);
	tcase_add_test(tc, what_is_no_place_is_of_no_module);
	tcase_add_test(tc, nothing_is_read_beyond_a_place);
	tcase_add_test(tc, a_stack_is_taken_place_by_place);
	tcase_add_test(tc, tail_calls_are_restored);
	return suite_run("stack", (TCase *const[]){tc}, 1);
}
