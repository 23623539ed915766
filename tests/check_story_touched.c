/* The sentences about who asked for memory, who touched it, and how much of all that is. */
#include "story_helpers.h"
#include "suite.h"

/* Of what is in no table nobody is to think that it came from there. */
START_TEST(a_share_of_little_is_told_as_that)
{
	tell(RUN CGROUP TOUCH("2097152")
		     ALIVE(",\"anon\":2097152,\"shmem\":47000000,\"file\":47000000") LIVED);
	says("Of the 2 MiB that were seen to become resident memory of processes, while 47.7 MiB "
	     "were charged in the last sample before the end, 100.0 % came from one place: fill "
	     "in prog");
	does_not_say("% of it");
	/* The greater part. */
	tell(RUN CGROUP TOUCH("26000000")
		     ALIVE(",\"anon\":26000000,\"shmem\":24000000,\"file\":24000000") LIVED);
	says("100.0 % of it came from one place: fill in prog");
	does_not_say("Of the ");
}
END_TEST

/* Without the kernel's own account the figure is a sample's, from before the kill. */
START_TEST(a_charge_is_told_with_its_moment)
{
	tell(V2 CGROUP TOUCH("2097152")
		     ALIVE(",\"anon\":2097152,\"shmem\":47000000,\"file\":47000000") KILLED);
	says("were charged in the highest sample");
	does_not_say("at the kill");
	tell(V2 CGROUP TOUCH("2097152")
		     ALIVE(",\"anon\":2097152,\"shmem\":47000000,\"file\":47000000")
			     KMSG("8", "Memory cgroup out of memory: Killed process 7 (sh) "
				       "total-vm:2592kB, anon-rss:4kB, file-rss:1508kB, "
				       "shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0")
				     KILLED);
	says("were charged in the last sample before the kill");
	does_not_say("charged at the kill");
	tell(V2 CGROUP TOUCH("2097152") DUMP_OF(HEAP, "65536") KILLED);
	says("charged at the kill");
	does_not_say("sample before the kill");
}
END_TEST

#define CULPRIT "was first written in fill in prog"
#define LOST(bytes) \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":1,\"anon_lost\":" bytes ",\"stack\":\"0+10\"}\n"

/* Half of what the kernel counted and more came from there, and is still there. */
START_TEST(the_place_is_in_the_first_sentence)
{
	tell(V2 CGROUP TOUCH("62000000") DUMP_OF(HEAP, "65536") KILLED);
	says("92 % of its own memory (59.1 MiB of 64 MiB) " CULPRIT
	     ". When the next page went past the limit of 64 MiB, the kernel killed the process. "
	     "[touch profile; kmsg");
	tell(V2 CGROUP TOUCH("62000000") LOST("100000") DUMP_OF(HEAP, "65536") KILLED);
	says(CULPRIT);
	tell(V2 CGROUP TOUCH("62000000") LOST("9000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say(CULPRIT);
	says("It held 64 MiB of memory when the next page went past");
	tell(V2 CGROUP TOUCH("30000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say(CULPRIT);
	/* More than the kernel counted: it cannot all have been there. */
	tell(V2 CGROUP TOUCH("72000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say(CULPRIT);
	tell(V2 CGROUP TOUCH("62000000") LIVED);
	does_not_say(CULPRIT);
	tell(V2 CGROUP TOUCH(
		"62000000") "{\"ev\":\"lost\",\"name\":\"samples\",\"count\":9}\n" DUMP_OF(HEAP,
											   "65536")
		     KILLED);
	does_not_say(CULPRIT);
}
END_TEST

#define MANY(bytes, gone)                                              \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"          \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\"}\n"   \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":1000,\"anon\":" bytes \
	",\"stack\":\"0+10\"}\n{\"ev\":\"lost\",\"name\":\"samples\",\"count\":" gone "}\n"

/* A few lost samples take the precision, not the place, where one line has nearly all. */
START_TEST(a_few_lost_samples_leave_the_place)
{
	tell(V2 CGROUP MANY("62000000", "10") DUMP_OF(HEAP, "65536") KILLED);
	says(" 92 % of its own memory (59.1 MiB of 64 MiB) " CULPRIT);
	does_not_say("About 92 %");
	tell(V2 CGROUP MANY("62000000", "50") DUMP_OF(HEAP, "65536") KILLED);
	says("About 92 % of its own memory (59.1 MiB of 64 MiB) " CULPRIT);
	tell(V2 CGROUP MANY("62000000", "120") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say(CULPRIT);
	tell(V2 CGROUP MANY("45000000", "50") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say(CULPRIT);
	tell(V2 CGROUP MANY("45000000", "10") DUMP_OF(HEAP, "65536") KILLED);
	says(" 67 % of its own memory");
}
END_TEST

#define BY_MALLOC(bytes)                                                   \
	"{\"ev\":\"module\",\"id\":1,\"path\":\"/lib/libc.so.6\"}\n"       \
	"{\"ev\":\"frame\",\"at\":\"1+9\",\"function\":\"_int_malloc\"}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"anon\":" bytes ",\"stack\":\"1+9 0+10\"}\n"

START_TEST(what_malloc_wrote_is_told_as_that)
{
	tell(V2 CGROUP TOUCH("1000000") BY_MALLOC("62000000") DUMP_OF(HEAP, "65536") KILLED);
	says("was first written by the allocator (malloc), called in fill in prog. When the next");
	says("59.1  98.4  fill in prog  written by the allocator (malloc)");
	tell(V2 CGROUP TOUCH("62000000") BY_MALLOC("1000000") DUMP_OF(HEAP, "65536") KILLED);
	says(CULPRIT);
	/* Neither did nearly all of it. */
	tell(V2 CGROUP TOUCH("40000000") BY_MALLOC("22000000") DUMP_OF(HEAP, "65536") KILLED);
	says("was first touched in fill in prog");
	does_not_say(CULPRIT);
	tell(V2 CGROUP TOUCH("62000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("allocator");
}
END_TEST

#define NAMESPACE "{\"ev\":\"setting\",\"name\":\"pid_namespace\",\"value\":\"pid:[402653]\"}\n"

/* The log's pid 7 is the target by its name, sh; the record's 7 is whoever has that number inside. */
START_TEST(numbers_of_another_namespace_are_not_mixed_up)
{
	tell("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"sh\"],\"cgroup_version\":2}\n" NAMESPACE
		     CGROUP TOUCH("62000000") DUMP_OF(HEAP, "65536") KILLED);
	says(CULPRIT);
	tell("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"other\"],\"cgroup_version\":2}\n" NAMESPACE
		     CGROUP TOUCH("62000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say(CULPRIT);
}
END_TEST

/* Of a child that was killed it is the child's, and the touches of others are not in it. */
START_TEST(the_place_is_the_victims)
{
	tell(V2 CGROUP TOUCH(
		"62000000") "{\"ev\":\"run_process\",\"t\":4,\"pid\":8,\"parent\":7,\"comm\":\"kid\"}\n"
			    "{\"ev\":\"frame\",\"at\":\"0+20\",\"function\":\"grow\"}\n"
			    "{\"ev\":\"touch\",\"pid\":8,\"samples\":5,\"anon\":40000000,\"stack\":\"0+20\"}\n" KMSG(
				    "8",
				    "Memory cgroup out of memory: Killed process 8 (kid) "
				    "total-vm:2592kB, anon-rss:40960kB, file-rss:1508kB, shmem-rss:0kB, "
				    "UID:0 pgtables:44kB oom_score_adj:0") "{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":0}\n" COUNTS("after",
																		       "\"oom_kill\":1")
				    END);
	says("killed a process that the program had started: kid (pid 8), when memory went past");
	says("95 % of kid's own memory (38.1 MiB of 40 MiB) was first written in grow in prog.");
	does_not_say(CULPRIT);
}
END_TEST

#define CALLED(stack, bytes) \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"anon\":" bytes ",\"stack\":\"" stack "\"}\n"
#define NAMED(at, function) "{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\"}\n"
#define CALLS		    NAMED("0+20", "handle") NAMED("0+30", "main") NAMED("0+40", "other")

START_TEST(callers_are_told_where_all_have_them_in_common)
{
	tell(V2 CGROUP TOUCH("1") CALLS CALLED("0+10 0+20 0+30", "62000000") DUMP_OF(HEAP, "65536")
		     KILLED);
	says(CULPRIT ", called by handle, called by main. When");
	tell(V2 CGROUP TOUCH("1") CALLS CALLED("0+10 0+20 0+30", "31000000")
		     CALLED("0+10 0+20 0+40", "31000000") DUMP_OF(HEAP, "65536") KILLED);
	says(CULPRIT ", called by handle. When");
	tell(V2 CGROUP TOUCH("1") CALLS CALLED("0+10 0+20 0+30", "31000000")
		     CALLED("0+10 0+40 0+30", "31000000") DUMP_OF(HEAP, "65536") KILLED);
	says(CULPRIT ". When");
}
END_TEST

#define ASKED(pid, asked, live)                                                                    \
	"{\"ev\":\"reservation\",\"pid\":" pid ",\"what\":\"malloc\",\"at\":\"0+10\",\"calls\":9," \
	"\"refused\":0,\"frees\":5,\"asked\":" asked ",\"live\":" live ",\"peak\":" live "}\n"

START_TEST(memory_that_no_allocation_holds_is_told)
{
	tell(V2 CGROUP ASKED("7", "64000000", "8388608") DUMP_OF(HEAP, "65536") KILLED);
	says("Of the 64 MiB of anonymous memory that the kernel counted at the kill, 56 MiB or "
	     "more are in no allocation that was counted and still held, while 53.0 MiB had been "
	     "given back: that stays the process's until malloc returns it to the kernel. [record "
	     "line 6; kmsg");
	/* What is held explains it, little was given back, or another process was counted. */
	tell(V2 CGROUP ASKED("7", "94000000", "58000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("in no allocation");
	tell(V2 CGROUP ASKED("7", "30000000", "8388608") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("in no allocation");
	tell(V2 CGROUP ASKED("8", "64000000", "8388608") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("in no allocation");
	tell(V2 CGROUP ASKED("7", "64000000", "8388608") ASKED("8", "1", "1") DUMP_OF(HEAP, "65536")
		     KILLED);
	does_not_say("in no allocation");
	tell(V2 CGROUP ASKED("7", "64000000", "8388608") LIVED);
	does_not_say("in no allocation");
}
END_TEST

#define REFUSED(calls, refused, rest)                                                            \
	"{\"ev\":\"reservation\",\"pid\":7,\"what\":\"malloc\",\"at\":\"0+10\",\"calls\":" calls \
	",\"refused\":" refused ",\"frees\":0,\"asked\":4096,\"live\":4096,\"peak\":4096" rest   \
	"}\n"
#define FAILED                                                                       \
	"{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":3}\n" COUNTS( \
		"after", "\"oom_kill\":0") END

START_TEST(what_was_refused_is_told_with_its_line_and_size)
{
	tell(V2 CGROUP TOUCH("4096") REFUSED("1", "1", ",\"refused_bytes\":10485760") LIVED);
	says("1 allocation call requested 4 KiB in all");
	says("1 call was refused with ENOMEM: a NULL pointer or MAP_FAILED, not a kill. It "
	     "requested 10 MiB, in fill in prog.");
	does_not_say("largest MiB");
	does_not_say("It was refused memory");
	tell(V2 CGROUP TOUCH("4096") REFUSED("2", "3", ",\"refused_bytes\":10485760") FAILED);
	says("It was refused memory: fill in prog (malloc and its kin) requested 10 MiB and got "
	     "ENOMEM. The program itself ended after");
	says("with status 3. The OOM killer had no part in it.");
	says("2 allocation calls requested");
	says("3 calls were refused with ENOMEM: a NULL pointer or MAP_FAILED, not a kill. The "
	     "largest of them requested 10 MiB, in fill in prog.");
	tell(V2 CGROUP TOUCH("4096") NAMED("0+20", "other") REFUSED(
		"2", "1",
		",\"refused_bytes\":10485760") "{\"ev\":\"reservation\",\"pid\":7,\"what\":\"mmap\",\"at\":\"0+20\",\"calls\":0,"
					       "\"refused\":4,\"refused_bytes\":1048576,\"frees\":0,\"asked\":0,\"live\":0,"
					       "\"peak\":0}\n" LIVED);
	says("5 calls were refused");
	says("4          1.0  other in prog  mmap of no file");
	does_not_say("other place");
	tell(V2 CGROUP TOUCH("4096") REFUSED("1", "1", ",\"refused_bytes\":1152921504606846976")
		     LIVED);
	says("It requested 1 EiB or more, in fill in prog.");
	/* A record that does not tell the size; a run that was refused nothing. */
	tell(V2 CGROUP TOUCH("4096") REFUSED("2", "1", "") FAILED);
	says("1 call got nothing: a NULL pointer or MAP_FAILED, not a kill; how much it requested "
	     "is not known.");
	does_not_say("ENOMEM");
	tell(V2 CGROUP TOUCH("4096") REFUSED("2", "0", "") FAILED);
	does_not_say("not a kill");
}
END_TEST

/* Figures that no reader of the story needs stand at its end. */
START_TEST(samples_and_registers_are_in_the_appendix)
{
	tell(V2 CGROUP TOUCH("62000000") DUMP_OF(HEAP, "65536") KILLED);
	says("Appendix The touch profile has 3 samples. [touch profile]");
	does_not_say("registers");
	does_not_say("touch samples");
	tell(V2 CGROUP DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("Appendix");
}
END_TEST

#define TO_BE_KILLED "{\"ev\":\"spec\",\"name\":\"s\",\"expect\":{\"outcome\":\"oom_killed\"}}\n"
#define PEAK(bytes)  "{\"ev\":\"sample\",\"t\":5,\"current\":4096,\"peak\":" bytes "}\n"

START_TEST(a_touch_that_was_removed_is_told)
{
	tell(V2 TO_BE_KILLED CGROUP PEAK("262144") LIVED);
	says("It touched next to nothing. A compiler may remove a memset() of memory that nobody reads");
	/* It touched a good part of the limit. */
	tell(V2 TO_BE_KILLED CGROUP PEAK("33554432") LIVED);
	does_not_say("touched next to nothing");
	/* A command, and a run that was to survive. */
	tell(V2 CGROUP PEAK("262144") LIVED);
	does_not_say("touched next to nothing");
	tell(V2
	     "{\"ev\":\"spec\",\"name\":\"s\",\"expect\":{\"outcome\":\"survived\"}}\n" CGROUP PEAK(
		     "262144") LIVED);
	does_not_say("touched next to nothing");
}
END_TEST

START_TEST(who_expects_a_refusal_is_told_what_sees_one)
{
#define WANTS "{\"ev\":\"spec\",\"expect\":{\"outcome\":\"refused\"}}\n"
	tell(V2 WANTS CGROUP FAILED);
	says("The outcome is not known: whether a command's calls are refused memory is seen only "
	     "with --preload, of a dynamic program.");
	tell(V2 WANTS CGROUP "{\"ev\":\"source\",\"name\":\"preload\",\"open\":false}\n" FAILED);
	does_not_say("is seen only");
	tell(V2 WANTS CGROUP LIVED);
	does_not_say("is seen only");
}
END_TEST

#define MAPPED                                                                                   \
	"{\"ev\":\"mapping\",\"id\":1,\"pid\":7,\"what\":\"small\",\"bytes\":2097152}\n"         \
	"{\"ev\":\"mapping\",\"id\":2,\"pid\":7,\"what\":\"mmap\",\"bytes\":90000000,"           \
	"\"stack\":\"0+10\"}\n{\"ev\":\"touch\",\"pid\":7,\"samples\":2,\"anon\":9000000,"       \
	"\"mapping\":1,\"stack\":\"0+10\"}\n{\"ev\":\"touch\",\"pid\":7,\"samples\":2,\"anon\":" \
	"2097152,\"mapping\":2,\"stack\":\"0+10\"}\n"

#define RESERVED_UNTOUCHED                                                             \
	"{\"ev\":\"mapping\",\"id\":2,\"pid\":7,\"what\":\"mmap\",\"bytes\":90000000," \
	"\"stack\":\"0+10\"}\n"
#define OVERFULL                                                                         \
	"{\"ev\":\"mapping\",\"id\":1,\"pid\":7,\"what\":\"small\",\"bytes\":2097152}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":2,\"anon\":9000000,\"mapping\":1,"      \
	"\"stack\":\"0+10\"}\n"

START_TEST(what_is_lost_may_be_why_more_was_touched_than_reserved)
{
	tell(RUN CGROUP TOUCH("40000000") MAPPED LIVED);
	says("that fill in prog requested, 2 MiB became memory.");
	says("touched again, copied after a fork(2), or in another process's memory.");
	tell(RUN CGROUP TOUCH("40000000") MAPPED
	     "{\"ev\":\"lost\",\"name\":\"samples\",\"count\":8}\n" LIVED);
	says("that fill in prog requested, at least 2 MiB became memory.");
	says("copied after a fork(2), in another process's memory, or where the sample is lost that told who requested more.");
	/* What was seen of one row may be another's, where there is more than fits. */
	tell(RUN CGROUP TOUCH("40000000") RESERVED_UNTOUCHED OVERFULL LIVED);
	says("that fill in prog requested, nothing that was seen became memory.");
	tell(RUN CGROUP TOUCH("40000000") RESERVED_UNTOUCHED LIVED);
	says("that fill in prog requested, nothing became memory.");
	does_not_say("that was seen became memory");
}
END_TEST

#define HEAP_OF(rest)                                                                           \
	"{\"ev\":\"mapping\",\"id\":1,\"pid\":7,\"what\":\"heap\",\"bytes\":9000000" rest "}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":2,\"anon\":9000000,\"mapping\":1,"             \
	"\"stack\":\"0+10\"}\n"

START_TEST(a_heap_that_nobody_was_seen_to_grow_may_be_the_programs_own)
{
	tell(RUN CGROUP TOUCH("40000000") HEAP_OF("") LIVED);
	says("the heap: brk(2), by malloc() or by the program");
	tell(RUN CGROUP TOUCH("40000000") HEAP_OF(",\"stack\":\"0+10\"") LIVED);
	says("fill in prog, heap");
	does_not_say("the heap: brk(2)");
}
END_TEST

#define RETURNED(rest)                                                                             \
	"{\"ev\":\"mapping\",\"id\":2,\"pid\":7,\"what\":\"mmap\",\"bytes\":90000000,\"calls\":2," \
	"\"stack\":\"0+10\"" rest "}\n"

START_TEST(what_was_given_back_is_told_where_it_was_seen)
{
	tell(RUN CGROUP TOUCH("40000000") RETURNED("") LIVED);
	says("What was given back is still counted as reserved: munmap(2) was not seen.");
	does_not_say("were given back.");
	tell(RUN CGROUP TOUCH("40000000") RETURNED(",\"returned\":52428800") LIVED);
	says("Of what is counted as reserved, 50 MiB were given back.");
	does_not_say("munmap(2)");
	tell(RUN CGROUP TOUCH("40000000") RETURNED(",\"returned\":0") LIVED);
	does_not_say("munmap(2)");
	does_not_say("were given back.");
}
END_TEST

static TCase *sentences(void)
{
	TCase *tc = tcase_create("sentences");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, the_place_is_in_the_first_sentence);
	tcase_add_test(tc, a_few_lost_samples_leave_the_place);
	tcase_add_test(tc, what_malloc_wrote_is_told_as_that);
	tcase_add_test(tc, numbers_of_another_namespace_are_not_mixed_up);
	tcase_add_test(tc, the_place_is_the_victims);
	tcase_add_test(tc, callers_are_told_where_all_have_them_in_common);
	tcase_add_test(tc, a_charge_is_told_with_its_moment);
	tcase_add_test(tc, a_share_of_little_is_told_as_that);
	tcase_add_test(tc, memory_that_no_allocation_holds_is_told);
	tcase_add_test(tc, what_was_refused_is_told_with_its_line_and_size);
	tcase_add_test(tc, samples_and_registers_are_in_the_appendix);
	tcase_add_test(tc, a_touch_that_was_removed_is_told);
	tcase_add_test(tc, who_expects_a_refusal_is_told_what_sees_one);
	tcase_add_test(tc, a_heap_that_nobody_was_seen_to_grow_may_be_the_programs_own);
	tcase_add_test(tc, what_is_lost_may_be_why_more_was_touched_than_reserved);
	tcase_add_test(tc, what_was_given_back_is_told_where_it_was_seen);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {sentences()};

	return suite_run("story_touched", cases, ARRAY_SIZE(cases));
}
