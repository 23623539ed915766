/* The tree of calls: merged, sorted, bounded, and how it is drawn. */
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/export.h"
#include "report/story.h"
#include "report/touch_tree.h"
#include "suite.h"

#define HEAD                                                  \
	"{\"ev\":\"run\",\"page_size\":4096}\n"               \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n" \
	"{\"ev\":\"module\",\"id\":1,\"path\":\"/lib/libc.so.6\"}\n"
#define FRAME(at, function) "{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\"}\n"
#define TOUCH(bytes, stack) \
	"{\"ev\":\"touch\",\"pid\":5,\"samples\":1,\"anon\":" bytes ",\"stack\":\"" stack "\"}\n"
#define START FRAME("0+9", "_start") FRAME("1+1", "__libc_start_main")
#define OWN   FRAME("0+1", "main") FRAME("0+2", "load") FRAME("0+3", "parse") FRAME("0+4", "keep")
#define NAMES START OWN FRAME("1+2", "memset")

static struct record record;
static struct touch_tree tree;

static void grow(const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(record_load_memory(text, strlen(text), &record, &err), 0);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	touch_tree_grow(&record, touches_any, NULL, &tree);
}

static void drop(void)
{
	touch_tree_release(&tree);
	record_release(&record);
}

static const char program[] = HEAD NAMES TOUCH("1000000", "1+2 0+4 0+1 1+1 0+9")
	TOUCH("3000000", "0+3 0+2 0+1 1+1 0+9") TOUCH("2000000", "0+3 0+3 0+2 0+1 1+1 0+9");

START_TEST(calls_are_merged_and_the_largest_is_first)
{
	const struct touch_node *nodes, *first;

	grow(program);
	nodes = tree.nodes;
	ck_assert_int_eq(nodes[0].bytes, 6000000);
	first = &nodes[nodes[0].child];
	ck_assert_str_eq(first->name, "main");
	ck_assert_uint_eq(first->next, 0);
	ck_assert_str_eq(nodes[first->child].name, "load");
	ck_assert_int_eq(nodes[first->child].bytes, 5000000);
	ck_assert_str_eq(nodes[nodes[first->child].next].name, "keep");
	/* It calls itself: one node, counted once. */
	ck_assert_int_eq(nodes[nodes[first->child].child].bytes, 5000000);
	ck_assert_uint_eq(nodes[nodes[first->child].child].child, 0);
	drop();
}
END_TEST

START_TEST(calls_that_lead_to_one_are_one_row)
{
	struct facts facts = {.record = &record};
	const struct doc_block *table = NULL;
	struct doc doc = {0};

	grow(program);
	story_tree(&facts, &doc);
	for (size_t i = 0; i < doc.count; i++)
		if (doc.blocks[i].kind == DOC_TABLE)
			table = &doc.blocks[i];
	ck_assert_ptr_nonnull(table);
	ck_assert_uint_eq(table->row_count, 4);
	ck_assert_str_eq(table->rows[1][2], "main");
	ck_assert_str_eq(table->rows[2][1], "83.3");
	ck_assert_str_eq(table->rows[2][2], "· load > parse");
	ck_assert_str_eq(table->rows[3][2], "· keep > memset");
	doc_release(&doc);
	drop();
}
END_TEST

/* As of code that a language's runtime made: each address another, none in a file. */
START_TEST(code_in_no_file_is_one_call)
{
	grow(HEAD NAMES TOUCH("1000", "-1+7f21 -1+7f20 0+1") TOUCH("3000", "-1+7f30 99+1 0+1")
		     TOUCH("500", "0+50 0+1"));
	ck_assert_uint_eq(tree.count, 4);
	ck_assert_str_eq(tree.nodes[1].name, "main");
	ck_assert_str_eq(tree.nodes[tree.nodes[1].child].name, "(not known)");
	ck_assert_int_eq(tree.nodes[tree.nodes[1].child].bytes, 4000);
	ck_assert_str_eq(tree.nodes[tree.nodes[tree.nodes[1].child].next].name, "prog+0x50");
	drop();
}
END_TEST

#define INLINED(level, function)                                    \
	"{\"ev\":\"frame\",\"at\":\"0+7\",\"function\":\"" function \
	"\",\"file\":\"/a.c\",\"line\":9,\"level\":" level "}\n"

/* In whatever order they are told. */
START_TEST(what_is_inlined_is_a_call)
{
	static const char *const names[] = {"main", "serve (inlined)", "put (inlined)", "memset"};
	struct facts facts = {.record = &record};
	_cleanup_strbuf_ struct strbuf folded = STRBUF_INIT;
	size_t node = 0;

	grow(HEAD NAMES INLINED("2", "main") INLINED("1", "serve") FRAME("0+7", "put")
		     TOUCH("3000000", "1+2 0+7 1+1 0+9"));
	for (size_t i = 0; i < 4; i++) {
		node = tree.nodes[node].child;
		ck_assert_uint_ne(node, 0);
		ck_assert_str_eq(tree.nodes[node].name, names[i]);
		ck_assert_int_eq(tree.nodes[node].bytes, 3000000);
	}
	ck_assert_uint_eq(tree.nodes[node].child, 0);
	export_folded(&facts, &folded);
	ck_assert_str_eq(folded.buf, "_start;__libc_start_main;main;serve;put;memset 3000000\n");
	drop();
}
END_TEST

/* An allocator of the program's own, inlined into who calls it, is not blamed either. */
START_TEST(who_an_allocator_is_inlined_into_is_blamed)
{
	struct touch_frames frames;
	struct touch_line line = {0};
	_cleanup_free_ char *place = NULL;

	grow(HEAD OWN "{\"ev\":\"frame\",\"at\":\"0+7\",\"function\":\"operator new\","
		      "\"file\":\"/a/new.cc\",\"line\":3}\n" INLINED("1", "keep"));
	touch_frames_init(&frames, &record);
	ck_assert(touch_blame(&frames, "0+7 0+1", &line));
	place = touch_place(&line);
	ck_assert_str_eq(place, "keep at /a.c:9");
	touch_frames_release(&frames);
	drop();
}
END_TEST

/* A level without those before it is nobody's. */
START_TEST(hostile_levels_are_survived)
{
	grow(HEAD NAMES INLINED("9", "main") INLINED("1152921504606846976", "x") INLINED("0", "y")
		     TOUCH("3000000", "0+7 1+1 0+9"));
	ck_assert_str_eq(tree.nodes[tree.nodes[0].child].name, "prog+0x7");
	ck_assert_uint_eq(tree.count, 2);
	drop();
}
END_TEST

START_TEST(hostile_stacks_are_survived)
{
	_Alignas(8) static char text[1 << 20];
	size_t len;

	grow(HEAD TOUCH("5", "  ") TOUCH("5", "x") TOUCH("7", "-1+zz 99+1  +") TOUCH("5", ""));
	ck_assert_uint_ge(tree.count, 1);
	drop();
	/* Deeper than any stack, each call another. */
	len = (size_t)sprintf(text, "%s{\"ev\":\"touch\",\"pid\":5,\"anon\":9,\"stack\":\"", HEAD);
	for (int i = 0; i < 50000; i++)
		len += (size_t)sprintf(text + len, "0+%x ", i);
	sprintf(text + len, "0+1\"}\n");
	grow(text);
	ck_assert_uint_le(tree.count, TREE_DEPTH_MAX + 1);
	drop();
}
END_TEST

START_TEST(nothing_is_drawn_of_nothing)
{
	struct facts facts = {.record = &record};
	struct doc doc = {0};

	grow(HEAD);
	story_tree(&facts, &doc);
	ck_assert_uint_eq(doc.count, 0);
	doc_release(&doc);
	drop();
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("touch_tree");

	tcase_add_test(tcase, calls_are_merged_and_the_largest_is_first);
	tcase_add_test(tcase, calls_that_lead_to_one_are_one_row);
	tcase_add_test(tcase, code_in_no_file_is_one_call);
	tcase_add_test(tcase, what_is_inlined_is_a_call);
	tcase_add_test(tcase, who_an_allocator_is_inlined_into_is_blamed);
	tcase_add_test(tcase, hostile_levels_are_survived);
	tcase_add_test(tcase, hostile_stacks_are_survived);
	tcase_add_test(tcase, nothing_is_drawn_of_nothing);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("touch_tree", cases, 1);
}
