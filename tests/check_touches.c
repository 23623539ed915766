/* From the touch lines of a record to lines of code: blame, kinds, copies after a fork, exports. */
#include <string.h>

#include "base/cleanup.h"
#include "report/export.h"
#include "report/story.h"
#include "report/touches.h"
#include "suite.h"

#define MODULES                                               \
	"{\"ev\":\"run\",\"page_size\":4096}\n"               \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n" \
	"{\"ev\":\"module\",\"id\":1,\"path\":\"/lib/libc.so.6\"}\n"
#define FRAME(at, function) "{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\"}\n"
#define OWN                                                                              \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\",\"file\":\"/a/b/c.c\"," \
	"\"line\":7}\n"
#define TOUCH(rest) "{\"ev\":\"touch\",\"pid\":5,\"samples\":1," rest "}\n"

#define COPY(rest)  "{\"ev\":\"touch\",\"pid\":5,\"samples\":100," rest "}\n"

static struct record record;
static struct touches touches;

static void gather(const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(record_load_memory(text, strlen(text), &record, &err), 0);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	touches_gather(&record, &touches);
}

static void drop(void)
{
	touches_release(&touches);
	record_release(&record);
}

START_TEST(a_system_library_is_not_blamed)
{
	char *place;

	gather(MODULES OWN FRAME("1+99", "__memset_avx2") TOUCH(
		"\"anon\":8192,\"stack\":\"1+99 0+10\"") TOUCH("\"anon\":4096,\"stack\":\"0+10\""));
	ck_assert_uint_eq(touches.count, 2);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_MEMSET);
	ck_assert_int_eq(touches.lines[0].bytes, 8192);
	ck_assert_int_eq(touches.lines[1].kind, TOUCH_STORE);
	ck_assert_int_eq(touches.total, 12288);
	place = touch_place(&touches.lines[0]);
	ck_assert_str_eq(place, "fill at b/c.c:7");
	free(place);
	drop();
}
END_TEST

START_TEST(without_symbols_the_file_and_address_are_told)
{
	char *place;

	gather(MODULES TOUCH("\"anon\":1,\"stack\":\"1+99 0+abc 0+def\""));
	place = touch_place(&touches.lines[0]);
	ck_assert_str_eq(place, "prog+0xabc");
	free(place);
	drop();
}
END_TEST

START_TEST(system_calls_are_told_by_their_function)
{
	gather(MODULES OWN FRAME("1+1", "__read") FRAME("1+2", "__mmap64") FRAME("1+3", "ioctl")
		       TOUCH("\"syscall\":true,\"anon\":30,\"stack\":\"1+1 0+10\"")
			       TOUCH("\"syscall\":true,\"anon\":20,\"stack\":\"1+2 0+10\"") TOUCH(
				       "\"syscall\":true,\"anon\":10,\"stack\":\"1+3 0+10\""));
	ck_assert_uint_eq(touches.count, 3);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_READ);
	ck_assert_int_eq(touches.lines[1].kind, TOUCH_POPULATE);
	ck_assert_int_eq(touches.lines[2].kind, TOUCH_SYSCALL);
	drop();
}
END_TEST

#define FORKED(yes) "{\"ev\":\"resident\",\"pid\":5,\"forked\":" yes "}\n"

START_TEST(faults_without_growth_are_copies_after_a_fork)
{
	gather(MODULES OWN FORKED("true") COPY("\"faults\":1000,\"stack\":\"0+10\""));
	ck_assert_uint_eq(touches.count, 1);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_COW);
	ck_assert_int_eq(touches.lines[0].bytes, 4096000);
	drop();
	gather(MODULES OWN FORKED("false") COPY("\"faults\":1000,\"stack\":\"0+10\""));
	ck_assert_uint_eq(touches.count, 0);
	drop();
	gather(MODULES OWN FORKED("true")
		       COPY("\"anon\":4000000,\"faults\":1000,\"stack\":\"0+10\""));
	ck_assert_uint_eq(touches.count, 1);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_STORE);
	drop();
}
END_TEST

START_TEST(the_sum_is_what_came_less_what_went)
{
	gather(MODULES "{\"ev\":\"resident\",\"pid\":5,\"inherited\":100}\n" TOUCH(
		"\"anon\":1000,\"stack\":\"0+10\"") TOUCH("\"anon_lost\":300,\"stack\":\"0+20\""));
	ck_assert_int_eq(touches_anon_of(&record, 5), 800);
	ck_assert(!is_known(touches_anon_of(&record, 6)));
	drop();
}
END_TEST

START_TEST(hostile_stacks_are_survived)
{
	gather(MODULES TOUCH("\"anon\":1,\"stack\":\"\"") TOUCH("\"anon\":2,\"stack\":\"  \"")
		       TOUCH("\"anon\":3,\"stack\":\"99+1 -1+2 +\"") TOUCH("\"anon\":4")
			       TOUCH("\"anon\":5,\"stack\":\"zz zz\"")
				       TOUCH("\"faults\":274877906943,\"stack\":\"0+1\""));
	ck_assert_int_eq(touches.total, 15);
	for (size_t i = 0; i < touches.count; i++)
		free(touch_place(&touches.lines[i]));
	drop();
}
END_TEST

START_TEST(collapsed_stacks_are_outermost_first)
{
	struct strbuf out = STRBUF_INIT;
	struct facts facts = {.record = &record};

	gather(MODULES OWN FRAME("0+20", "a;b c") TOUCH("\"anon\":9,\"stack\":\"0+10 0+20\""));
	export_folded(&facts, &out);
	ck_assert_str_eq(out.buf, "a:b_c;fill 9\n");
	strbuf_release(&out);
	drop();
}
END_TEST

/* As the touches have them: a flame graph must not lack what a fork cost. */
START_TEST(collapsed_stacks_have_copies_after_a_fork)
{
	struct strbuf out = STRBUF_INIT;
	struct facts facts = {.record = &record};

	gather(MODULES OWN FORKED("true") COPY("\"faults\":1000,\"stack\":\"0+10\""));
	export_folded(&facts, &out);
	ck_assert_str_eq(out.buf, "fill 4096000\n");
	strbuf_release(&out);
	drop();
}
END_TEST

/* All that the table and its sentences say, a blank between. */
static void tell(const char *text, struct strbuf *out)
{
	struct facts facts = {.record = &record};
	struct doc doc = {0};

	gather(text);
	story_who(&facts, &doc);
	for (size_t i = 0; i < doc.count; i++) {
		strbuf_printf(out, "%s ", doc.blocks[i].text ? doc.blocks[i].text : "");
		for (size_t j = 0; j < doc.blocks[i].row_count; j++)
			for (char **cell = doc.blocks[i].rows[j]; *cell; cell++)
				strbuf_printf(out, "%s ", *cell);
	}
	doc_release(&doc);
	drop();
}

#define TARGET	  "{\"ev\":\"start\",\"t_ns\":1,\"pid\":5}\n"
#define CHILD(id) "{\"ev\":\"resident\",\"pid\":" id ",\"forked\":true}\n"
#define OF(id, rest) \
	"{\"ev\":\"touch\",\"pid\":" id ",\"samples\":100,\"stack\":\"0+10\"," rest "}\n"

START_TEST(a_line_says_which_processes_it_is_of)
{
	struct strbuf out = STRBUF_INIT;

	tell(MODULES OWN TARGET CHILD("5") CHILD("6") CHILD("7") OF("7", "\"faults\":2000")
		     OF("5", "\"anon\":4096000") OF("6", "\"faults\":1000")
			     OF("7", "\"shmem\":4096000"),
	     &out);
	ck_assert_msg(strstr(out.buf, "write to new memory; the target ") != NULL, "%s", out.buf);
	ck_assert_msg(strstr(out.buf, "copy on write after fork(2); 2 processes ") != NULL, "%s",
		      out.buf);
	ck_assert_msg(strstr(out.buf, "; child process 7 ") != NULL, "%s", out.buf);
	ck_assert_msg(strstr(out.buf, "what 3 processes touched, all together") != NULL, "%s",
		      out.buf);
	ck_assert_msg(strstr(out.buf, "11.7 MiB of it are copies after fork(2)") != NULL, "%s",
		      out.buf);
	ck_assert_msg(strstr(out.buf, "the cgroup is charged for both") != NULL, "%s", out.buf);
	strbuf_release(&out);
}
END_TEST

START_TEST(of_one_process_nothing_is_said_of_processes)
{
	struct strbuf out = STRBUF_INIT;

	tell(MODULES OWN TARGET OF("5", "\"anon\":4096000"), &out);
	ck_assert_msg(strstr(out.buf, "write to new memory ") != NULL, "%s", out.buf);
	ck_assert_msg(!strstr(out.buf, "process") && !strstr(out.buf, "fork"), "%s", out.buf);
	strbuf_release(&out);
}
END_TEST

#define FRAME_IN(at, function, file)                                                         \
	"{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\",\"file\":\"" file \
	"\",\"line\":3}\n"

/* What a program's own function is called says nothing of what it does. */
START_TEST(own_functions_may_be_called_like_those_of_libc)
{
	gather(MODULES FRAME_IN("0+1", "xcalloc_table", "/a/b/c.c") FRAME("0+2", "my_memcpy_free")
		       FRAME_IN("0+3", "spread", "/a/b/c.c") TOUCH("\"anon\":30,\"stack\":\"0+1\"")
			       TOUCH("\"anon\":20,\"stack\":\"0+2\"")
				       TOUCH("\"syscall\":true,\"anon\":10,\"stack\":\"0+3\""));
	ck_assert_uint_eq(touches.count, 3);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_STORE);
	ck_assert_int_eq(touches.lines[1].kind, TOUCH_STORE);
	ck_assert_int_eq(touches.lines[2].kind, TOUCH_SYSCALL);
	drop();
	gather(MODULES FRAME("0+1", "__memset_avx2") FRAME("0+2", "mlock")
		       TOUCH("\"anon\":30,\"stack\":\"0+1\"")
			       TOUCH("\"syscall\":true,\"anon\":10,\"stack\":\"0+2\""));
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_MEMSET);
	ck_assert_int_eq(touches.lines[1].kind, TOUCH_POPULATE);
	drop();
}
END_TEST

START_TEST(headers_of_a_standard_library_are_not_blamed)
{
	static const char *const files[] = {
		"/usr/include/c++/12/bits/new_allocator.h",
		"/usr/include/x86_64-linux-gnu/bits/string_fortified.h",
		"/opt/llvm/include/c++/v1/vector",
		"/rustc/5980/library/alloc/src/vec/mod.rs",
		"library/alloc/src/vec/mod.rs",
		"scenarios/scenario.h",
		"/usr/local/include/oomlab/scenario.h",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct strbuf text = STRBUF_INIT;
		char *place;

		strbuf_printf(&text,
			      MODULES OWN FRAME_IN("0+1", "allocate", "%s")
				      TOUCH("\"anon\":30,\"stack\":\"0+1 0+10\""),
			      files[i]);
		gather(text.buf);
		place = touch_place(&touches.lines[0]);
		ck_assert_str_eq(place, "fill at b/c.c:7");
		free(place);
		drop();
		strbuf_release(&text);
	}
}
END_TEST

/* Without lines a scope tells whose a function is. */
START_TEST(scopes_tell_the_library_from_the_program)
{
	static const struct {
		const char *innermost, *blamed;
	} rows[] = {
		{"std::vector<app::item>::push_back", "app::load in prog"},
		{"__gnu_cxx::new_allocator<int>::construct", "app::load in prog"},
		{"<alloc::vec::Vec<T> as core::clone::Clone>::clone", "app::load in prog"},
		{"core::ptr::write", "app::load in prog"},
		{"operator new", "app::load in prog"},
		{"memory_pool::grow", "memory_pool::grow in prog"},
		{"reader::fill", "reader::fill in prog"},
		{"<app::item as core::clone::Clone>::clone",
		 "<app::item as core::clone::Clone>::clone in prog"},
		{"fill<std::string>", "fill<std::string> in prog"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct strbuf text = STRBUF_INIT;
		char *place;

		strbuf_printf(&text,
			      MODULES FRAME("0+2", "app::load") FRAME("0+1", "%s")
				      TOUCH("\"anon\":30,\"stack\":\"0+1 0+2\""),
			      rows[i].innermost);
		gather(text.buf);
		place = touch_place(&touches.lines[0]);
		ck_assert_str_eq(place, rows[i].blamed);
		free(place);
		drop();
		strbuf_release(&text);
	}
}
END_TEST

/* As rustc makes programs: only what comes with it has lines. */
START_TEST(a_library_with_lines_does_not_hide_a_program_without)
{
	char *place;

	gather(MODULES FRAME("0+3", "main")
		       FRAME_IN("0+2", "call_once", "/rustc/5980/library/core/src/ops/function.rs")
			       FRAME("0+1", "prog::app::load")
				       TOUCH("\"anon\":30,\"stack\":\"0+1 0+2 0+3\""));
	place = touch_place(&touches.lines[0]);
	ck_assert_str_eq(place, "prog::app::load in prog");
	free(place);
	drop();
}
END_TEST

static char *place_of(const char *stack)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *place;

	strbuf_printf(
		&text,
		MODULES OWN
		"{\"ev\":\"module\",\"id\":2,\"path\":\"/x/liboomlab_preload.so\"}\n" FRAME_IN(
			"2+1", "hook", "/oomlab/src/preload/hooks.c") FRAME("1+1", "__mmap")
			TOUCH("\"anon\":30,\"stack\":\"%s\""),
		stack);
	gather(text.buf);
	place = touch_place(&touches.lines[0]);
	drop();
	return place;
}

START_TEST(the_library_of_preload_is_not_blamed_for_what_it_passes_on)
{
	_cleanup_free_ char *passed_on = place_of("1+1 2+1 0+10");
	_cleanup_free_ char *counted = place_of("2+1 0+10");

	ck_assert_str_eq(passed_on, "fill at b/c.c:7");
	ck_assert_str_eq(counted, "(--preload's own counting)");
}
END_TEST

#define CALLS(at, function, calls)                                                             \
	"{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\",\"calls\":\"" calls \
	"\"}\n"

/* Which value memset(3) wrote is not known; what does nothing but clear is known by its name. */
START_TEST(only_what_clears_is_said_to_clear)
{
	static const struct {
		const char *frames, *stack;
		enum touch_kind kind;
	} cases[] = {
		{FRAME("1+9", "__memset_avx2") OWN, "1+9 0+10", TOUCH_MEMSET},
		{FRAME("1+9", "__memset_avx2") CALLS("0+10", "f", "memset"), "1+9 0+10",
		 TOUCH_MEMSET},
		{FRAME("1+9", "__memset_avx2") CALLS("0+10", "f", "bzero"), "1+9 0+10",
		 TOUCH_CLEAR},
		{FRAME("1+9", "__memset_avx2") FRAME("1+8", "__libc_calloc") OWN, "1+9 1+8 0+10",
		 TOUCH_CLEAR},
		/* malloc(3) fills what it gives where MALLOC_PERTURB_ is set. */
		{FRAME("1+9", "__memset_avx2") FRAME("1+8", "_int_malloc")
			 CALLS("1+7", "calloc", "malloc") OWN,
		 "1+9 1+8 1+7 0+10", TOUCH_MEMSET},
		{FRAME("1+9", "_int_malloc") FRAME("1+7", "calloc") OWN, "1+9 1+7 0+10",
		 TOUCH_ALLOCATOR},
		{FRAME("1+9", "__explicit_bzero_chk") OWN, "1+9 0+10", TOUCH_CLEAR},
		/* Of a function of the program's own a name is no evidence. */
		{FRAME("1+9", "__memset_avx2") CALLS("0+10", "bzero_all", "memset"), "1+9 0+10",
		 TOUCH_MEMSET},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

		strbuf_printf(&text, MODULES "%s" TOUCH("\"anon\":30,\"stack\":\"%s\""),
			      cases[i].frames, cases[i].stack);
		gather(text.buf);
		ck_assert_msg(touches.lines[0].kind == cases[i].kind, "case %zu: %s", i,
			      touch_kind_words[touches.lines[0].kind]);
		drop();
	}
}
END_TEST

/* What malloc(3) notes beside a block is not what the program wrote there. */
START_TEST(what_an_allocator_writes_is_not_the_lines_that_calls_it)
{
	static const struct {
		const char *frames, *stack;
		enum touch_kind kind;
	} cases[] = {
		{FRAME("1+9", "_int_malloc") FRAME("1+8", "__libc_malloc") OWN, "1+9 1+8 0+10",
		 TOUCH_ALLOCATOR},
		{FRAME("1+9", "sysmalloc") OWN, "1+9 0+10", TOUCH_ALLOCATOR},
		/* A function without a name inside of one that has one. */
		{FRAME("1+8", "malloc") FRAME("1+7", "operator new(unsigned long)") OWN,
		 "1+9 1+8 1+7 0+10", TOUCH_ALLOCATOR},
		{CALLS("0+10", "f", "realloc"), "1+9 0+10", TOUCH_ALLOCATOR},
		/* Linked in statically. */
		{FRAME("0+9", "_int_malloc") FRAME("0+8", "malloc") OWN, "0+9 0+8 0+10",
		 TOUCH_ALLOCATOR},
		/* The program wrote, whatever it called before; what else libc writes. */
		{CALLS("0+10", "f", "malloc"), "0+10", TOUCH_STORE},
		{FRAME("0+9", "arena_malloc") OWN, "0+9 0+10", TOUCH_STORE},
		{FRAME("0+9", "malloc_stats") FRAME("1+8", "qsort") OWN, "0+9 1+8 0+10",
		 TOUCH_STORE},
		{FRAME("1+9", "vfprintf") OWN, "1+9 0+10", TOUCH_STORE},
		{FRAME("1+9", "__memcpy_avx") FRAME("1+8", "realloc") OWN, "1+9 1+8 0+10",
		 TOUCH_COPY},
		{FRAME("1+9", "vfprintf") FRAME("0+20", "f") FRAME("1+8", "malloc")
			 FRAME("0+10", "g"),
		 "1+9 0+20 1+8 0+10", TOUCH_STORE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

		strbuf_printf(&text, MODULES "%s" TOUCH("\"anon\":30,\"stack\":\"%s\""),
			      cases[i].frames, cases[i].stack);
		gather(text.buf);
		ck_assert_msg(touches.lines[0].kind == cases[i].kind, "case %zu: %s", i,
			      touch_kind_words[touches.lines[0].kind]);
		drop();
	}
}
END_TEST

/* A stripped libc knows nothing of itself, but who calls it does. */
START_TEST(a_nameless_function_of_a_system_library_is_what_was_called)
{
	static const struct {
		const char *calls;
		enum touch_kind kind;
	} cases[] = {{"memset", TOUCH_MEMSET},
		     {"bzero", TOUCH_CLEAR},
		     {"calloc", TOUCH_CLEAR},
		     {"memmove", TOUCH_COPY},
		     {"strdup", TOUCH_STORE}};
	struct touch_frames frames;
	_cleanup_free_ char *name = NULL, *outer = NULL, *own = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

		strbuf_printf(&text,
			      MODULES CALLS("0+10", "f", "%s")
				      TOUCH("\"anon\":30,\"stack\":\"1+9 0+10\""),
			      cases[i].calls);
		gather(text.buf);
		ck_assert_int_eq(touches.lines[0].kind, cases[i].kind);
		ck_assert_str_eq(touches.lines[0].function, "f");
		drop();
	}
	/* Code of the program's own without a name has none by that. */
	gather(MODULES CALLS("0+10", "f", "memset") TOUCH("\"anon\":30,\"stack\":\"0+9 0+10\""));
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_STORE);
	touch_frames_init(&frames, &record);
	name = touch_frame_name(&frames, "1+9 0+10", 3);
	outer = touch_frame_name(&frames, "1+9 1+8 0+10", 3);
	own = touch_frame_name(&frames, "0+9 0+10", 3);
	touch_frames_release(&frames);
	ck_assert_str_eq(name, "memset");
	ck_assert_str_eq(outer, "libc.so.6+0x9");
	ck_assert_str_eq(own, "prog+0x9");
	drop();
}
END_TEST

/* "+7f.." is an address, 7 a module. */
START_TEST(an_address_in_no_file_is_credited_to_none)
{
	static const char *const stacks[] = {"+7f00", "+1", "1f+9", "-1+9", " +0", "1+x"};
	struct touch_line line = {0};
	_cleanup_free_ char *place = NULL;

	gather("{\"ev\":\"run\",\"page_size\":4096}\n"
	       "{\"ev\":\"module\",\"id\":7,\"path\":\"/lib/libJudy.so.1\"}\n"
	       "{\"ev\":\"module\",\"id\":1,\"path\":\"/lib/libc.so.6\"}\n" TOUCH(
		       "\"anon\":30,\"stack\":\"+7f00\"")
		       TOUCH("\"anon\":30,\"stack\":\"+7f10 +7f20\""));
	/* Nor is one such address another place than the next. */
	ck_assert_uint_eq(touches.count, 1);
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		struct touch_frames frames;

		line = (struct touch_line){0};
		touch_frames_init(&frames, &record);
		ck_assert(!touch_blame(&frames, stacks[i], &line));
		touch_frames_release(&frames);
		ck_assert_ptr_null(line.module);
		free(place);
		place = touch_place(&line);
		ck_assert_str_eq(place, "(not known)");
	}
	drop();
}
END_TEST

START_TEST(code_made_at_run_time_is_one_place)
{
	_cleanup_free_ char *place = NULL;

	gather(MODULES "{\"ev\":\"module\",\"id\":3,\"path\":\"//anon\"}\n" TOUCH(
		"\"anon\":30,\"stack\":\"3+7f00 0+10\"") TOUCH("\"anon\":30,\"stack\":\"3+7f20\""));
	ck_assert_uint_eq(touches.count, 1);
	place = touch_place(&touches.lines[0]);
	ck_assert_str_eq(place, "(code in anonymous memory)");
	drop();
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("touches");

	tcase_add_test(tcase, a_system_library_is_not_blamed);
	tcase_add_test(tcase, without_symbols_the_file_and_address_are_told);
	tcase_add_test(tcase, system_calls_are_told_by_their_function);
	tcase_add_test(tcase, faults_without_growth_are_copies_after_a_fork);
	tcase_add_test(tcase, the_sum_is_what_came_less_what_went);
	tcase_add_test(tcase, hostile_stacks_are_survived);
	tcase_add_test(tcase, collapsed_stacks_are_outermost_first);
	tcase_add_test(tcase, collapsed_stacks_have_copies_after_a_fork);
	tcase_add_test(tcase, a_line_says_which_processes_it_is_of);
	tcase_add_test(tcase, of_one_process_nothing_is_said_of_processes);
	tcase_add_test(tcase, own_functions_may_be_called_like_those_of_libc);
	tcase_add_test(tcase, headers_of_a_standard_library_are_not_blamed);
	tcase_add_test(tcase, scopes_tell_the_library_from_the_program);
	tcase_add_test(tcase, a_library_with_lines_does_not_hide_a_program_without);
	tcase_add_test(tcase, the_library_of_preload_is_not_blamed_for_what_it_passes_on);
	tcase_add_test(tcase, only_what_clears_is_said_to_clear);
	tcase_add_test(tcase, what_an_allocator_writes_is_not_the_lines_that_calls_it);
	tcase_add_test(tcase, a_nameless_function_of_a_system_library_is_what_was_called);
	tcase_add_test(tcase, an_address_in_no_file_is_credited_to_none);
	tcase_add_test(tcase, code_made_at_run_time_is_one_place);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("touches", cases, sizeof(cases) / sizeof(*cases));
}
