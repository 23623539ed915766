/*
 * check_compare.c - two runs side by side: which change is called the largest, how lines are matched
 * across an edit, line numbers that are hostile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "doc/emit.h"
#include "report/compare.h"
#include "suite.h"

#define RUN                                                                    \
	"{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"prog\"],\"page_size\":4096," \
	"\"cgroup_version\":2}\n{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"
#define LINE(at, function, number, bytes)                                                      \
	"{\"ev\":\"frame\",\"at\":\"0+" at "\",\"function\":\"" function                       \
	"\",\"file\":\"c.c\",\"line\":" number "}\n{\"ev\":\"touch\",\"pid\":7,\"samples\":3," \
	"\"anon\":" bytes ",\"stack\":\"0+" at "\"}\n"
#define END	"{\"ev\":\"end\",\"t\":11}\n"
#define MIB_200 "209715200"
#define MIB_209 "219152384"
#define MIB_8	"8388608"

static struct record records[2];
static struct conclusion conclusions[2];
static struct comparison comparison;
static char *words;

/* The comparison of two records, as words without line ends. */
static void compare(const char *a, const char *b)
{
	const char *const lines[2] = {a, b};
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct doc doc = {0};

	for (int i = 0; i < 2; i++) {
		ck_assert_msg(!record_load_memory(lines[i], strlen(lines[i]), &records[i], &err),
			      "%s", err.text);
		ck_assert_int_eq(record_lost(&records[i], LOSS_RECORD), 0);
		conclusion_draw(&records[i], &conclusions[i]);
	}
	compare_gather(&(struct compare_side){.folder = "a",
					      .record = &records[0],
					      .conclusion = &conclusions[0]},
		       &(struct compare_side){
			       .folder = "b", .record = &records[1], .conclusion = &conclusions[1]},
		       &comparison);
	compare_tell(&comparison, true, &doc);
	emit_text(&doc, false, 4000, &text);
	doc_release(&doc);
	words = strbuf_detach(&text);
}

static void drop(void)
{
	compare_release(&comparison);
	for (int i = 0; i < 2; i++) {
		conclusion_release(&conclusions[i]);
		record_release(&records[i]);
	}
	free(words);
}

#define says(what)	   ck_assert_msg(strstr(words, what), "'%s' is not in: %s", what, words)
#define does_not_say(what) ck_assert_msg(!strstr(words, what), "'%s' is in: %s", what, words)

/* 9 MiB more of 200 are within what the profile may be off; 8 of a new line are not. */
START_TEST(the_largest_change_is_one_that_is_told)
{
	compare(RUN LINE("10", "big", "5", MIB_200) END,
		RUN LINE("10", "big", "5", MIB_209) LINE("20", "fresh", "9", MIB_8) END);
	says("The largest change: +8 MiB, fresh at c.c:9 (in B alone).");
	does_not_say("No line touched noticeably");
	drop();
	compare(RUN LINE("10", "big", "5", MIB_200) END, RUN LINE("10", "big", "5", MIB_209) END);
	says("No line touched noticeably more or less memory.");
	does_not_say("The largest change");
	drop();
}
END_TEST

START_TEST(lines_are_matched_across_an_edit)
{
	compare(RUN LINE("10", "put", "9", MIB_8) LINE("20", "put", "30", MIB_8) END,
		RUN LINE("10", "put", "14", MIB_8) LINE("20", "put", "35", MIB_200) END);
	says("put at c.c:35 (line 30 in A)");
	does_not_say("alone");
	ck_assert_uint_eq(comparison.line_count, 2);
	drop();
	/* One of another function is none of these. */
	compare(RUN LINE("10", "put", "9", MIB_8) END, RUN LINE("10", "get", "9", MIB_8) END);
	says("(in A alone)");
	ck_assert_uint_eq(comparison.line_count, 2);
	drop();
}
END_TEST

START_TEST(hostile_line_numbers_are_numbers)
{
	compare(RUN LINE("10", "f", "0", MIB_8) LINE("20", "f", "2147483647", MIB_8) END,
		RUN LINE("20", "f", "2147483647", MIB_8) END);
	ck_assert_uint_eq(comparison.line_count, 2);
	drop();
}
END_TEST

START_TEST(a_run_without_a_profile_is_told)
{
	compare(RUN LINE("10", "f", "5", MIB_8) END, RUN END);
	says("Not known: B has no touch profile.");
	does_not_say("No line");
	drop();
}
END_TEST

#define CGROUP "{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/a\",\"memory_max\":67108864}\n"
#define START                                                                                 \
	"{\"ev\":\"start\",\"t\":2,\"pid\":7,\"cgroup\":\"/a\"}\n{\"ev\":\"gate\",\"t\":3}\n" \
	"{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":true}\n"
#define KMSG(n, line) "{\"ev\":\"kmsg\",\"t\":8,\"seq\":" n ",\"pri\":4,\"text\":\"" line "\"}\n"
#define KILL(n, pid, comm)                                                                      \
	KMSG(n,                                                                                 \
	     "Memory cgroup out of memory: Killed process " pid " (" comm ") total-vm:2592kB, " \
	     "anon-rss:64000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0")
#define OOM                                                                                        \
	KMSG("1", "prog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0") \
	KMSG("2", "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"  \
		  "oom_memcg=/a,task_memcg=/a,task=prog,pid=7,uid=0")                              \
	KILL("3", "7", "prog")
#define GROUP                                                                       \
	KMSG("4", "Tasks in /a are going to be killed due to memory.oom.group set") \
	KILL("5", "8", "kid") KILL("6", "9", "kid")
#define ENDED(how) "{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true," how "}\n" END

START_TEST(who_was_killed_and_how_it_ended)
{
	compare(RUN CGROUP START OOM GROUP ENDED("\"signal\":9"),
		RUN CGROUP START OOM ENDED("\"signal\":9"));
	says("killed by the kernel  prog, 2 kid  prog");
	says("In A the cgroup had memory.oom.group set, so that each process of it was killed");
	says("was chosen; in B that one alone.");
	says("signal 9");
	drop();
	compare(RUN CGROUP START ENDED("\"status\":3"), RUN CGROUP START OOM ENDED("\"signal\":9"));
	says("end of the target     status 3");
	does_not_say("memory.oom.group set");
	drop();
}
END_TEST

#define ARENA(id, name, policy, touched)                                                       \
	"{\"ev\":\"arena\",\"id\":" id ",\"pid\":7,\"name\":\"" name "\",\"policy\":\"" policy \
	"\","                                                                                  \
	"\"reserved\":8388608,\"touched\":" touched "}\n"
#define CALLS(at, calls, live)                                                                \
	"{\"ev\":\"reservation\",\"pid\":7,\"what\":\"malloc\",\"at\":\"0+" at                \
	"\",\"calls\":" calls ",\"refused\":0,\"frees\":0,\"asked\":" MIB_8 ",\"live\":" live \
	",\"peak\":" live "}\n"

START_TEST(arenas_and_calls)
{
	compare(RUN ARENA("1", "pool", "eager", MIB_8) END,
		RUN ARENA("1", "pool", "never", "4096") ARENA("2", "other", "never", "0") END);
	says("pool   eager        never          8 MiB  8 MiB         8 MiB    4 KiB");
	says("other  -            never              -  8 MiB             -  0 bytes");
	does_not_say("Memory requested");
	drop();
	compare(RUN LINE("10", "f", "5", MIB_8) CALLS("10", "3", "0") END,
		RUN LINE("10", "f", "5", MIB_8) CALLS("10", "5", MIB_8) END);
	says("Memory requested, by function");
	says("f in c.c  malloc");
	says("0 bytes  8 MiB");
	does_not_say("Arenas, by their own");
	does_not_say("requested and held the same");
	drop();
	compare(RUN LINE("10", "f", "5", MIB_8) CALLS("10", "3", "0") END,
		RUN LINE("10", "f", "9", MIB_8) CALLS("10", "3", "0") END);
	says("Each function requested and held the same in both.");
	drop();
	compare(RUN LINE("10", "f", "5", MIB_8) CALLS("10", "3", "0") END,
		RUN LINE("10", "f", "9", MIB_8) END);
	does_not_say("Memory requested");
	drop();
}
END_TEST

#define SAMPLE(t, bytes) "{\"ev\":\"sample\",\"t\":" t ",\"current\":" bytes "}\n"

/* A peak between two slices is the slice's height; what is shorter ends earlier. */
START_TEST(memory_over_time_is_a_line_of_text)
{
	compare(RUN CGROUP START SAMPLE("1000000003", "1000000") SAMPLE("1010000003", "67108864")
			SAMPLE("1020000003", "1000000") SAMPLE("6000000003", "1000000")
				ENDED("\"status\":0"),
		RUN CGROUP START SAMPLE("1000000003", "33554432") SAMPLE("2000000003", "33554432")
			ENDED("\"status\":0"));
	says("A  █▁▁▁▁");
	says("B  ▄▄▄▄▄▄▄▄▄▄▄▄▄\n");
	says("a full block: 64 MiB; the longer one: 5.00 s");
	drop();
	compare(RUN END, RUN END);
	does_not_say("a full block");
	says("Not known: neither run has a touch profile.");
	says("Not known: what became of either is not.");
	does_not_say("in neither was a process killed");
	drop();
}
END_TEST

START_TEST(estimates_are_said_to_be_some)
{
	compare(RUN LINE("10", "f", "5", MIB_8) END, RUN
		"{\"ev\":\"source\",\"name\":\"touch profile\",\"open\":true,\"why\":\"no sizes\"}\n" LINE(
			"10", "f", "5", MIB_200) END);
	says("The figures of B are");
	says("estimates: no sizes.");
	does_not_say("The figures of A");
	drop();
}
END_TEST

static TCase *compare_case(void)
{
	TCase *tc = tcase_create("compare");

	tcase_add_test(tc, the_largest_change_is_one_that_is_told);
	tcase_add_test(tc, lines_are_matched_across_an_edit);
	tcase_add_test(tc, hostile_line_numbers_are_numbers);
	tcase_add_test(tc, a_run_without_a_profile_is_told);
	tcase_add_test(tc, who_was_killed_and_how_it_ended);
	tcase_add_test(tc, arenas_and_calls);
	tcase_add_test(tc, memory_over_time_is_a_line_of_text);
	tcase_add_test(tc, estimates_are_said_to_be_some);
	return tc;
}

int main(void)
{
	return suite_run("compare", (TCase *const[]){compare_case()}, 1);
}
