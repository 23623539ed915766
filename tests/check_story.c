/*
 * check_story.c - sentences that depend on what a record proves: what a scenario is to show is not
 * said of a run that ended otherwise, a figure that is a lower bound is told as one, and a section
 * stands only over something.
 */
#include <check.h>
#include <string.h>

#include "report/words.h"
#include "story_helpers.h"
#include "suite.h"

#define MEMSET                                                                                   \
	"{\"ev\":\"spec\",\"name\":\"memset-128m\",\"lesson\":\"RSS rose to 128 MiB.\","         \
	"\"twin\":\"malloc-128m\",\"memory_max\":67108864,\"expect\":{\"outcome\":\"survived\"," \
	"\"rss_bytes\":{\"min\":134217728,\"max\":142606336}}}\n"
#define CHECKPOINT(name, rss)                                                                     \
	"{\"ev\":\"checkpoint\",\"t\":4,\"name\":\"" name "\",\"vsz\":135356416,\"rss\":" rss "}" \
	"\n"
#define CLEARED(bytes)                                                                     \
	"{\"ev\":\"arena\",\"id\":1,\"pid\":7,\"policy\":\"eager\",\"source\":\"malloc\"," \
	"\"reserved\":"                                                                    \
	"536870912,\"touched\":" bytes ",\"clear_target\":536870912,\"cleared\":" bytes    \
	",\"first\":2,\"last\":36}\n"

START_TEST(an_arena_that_was_cleared_in_full_is_told_so)
{
	tell(RUN CGROUP CLEARED("536870912") LIVED);
	says("It came to the end of that: all 512 MiB were done. [trace 2-36]");
	does_not_say("When it last noted");
	tell(RUN CGROUP CLEARED("268435456") KILLED);
	says("When it last noted its progress, 256 MiB of 512 MiB were done (50 %)");
	does_not_say("It came to the end");
}
END_TEST

#define EXIT(how) "{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true," how "}\n"
#define GUARDIAN(kills)                                                                   \
	"{\"ev\":\"guardian\",\"t\":10,\"why\":\"launcher gone\",\"ended\":0,\"left\":0," \
	"\"oom_kill\":" kills "}\n"

START_TEST(a_record_that_ends_behind_the_target_tells_its_end_and_no_more)
{
	tell(RUN CGROUP EXIT("\"signal\":9"));
	says("The program was ended by signal 9 (SIGKILL), and the record ends before");
	says("whether the OOM killer had a part in it is not known");
	does_not_say("does not say how the target ended");
	tell(RUN CGROUP EXIT("\"status\":0"));
	says("The program ended with status 0, and the record ends before");
	tell(RUN CGROUP);
	says("does not say how the target ended");
	does_not_say("had a part in it");
	tell(RUN CGROUP LIVED);
	does_not_say("had a part in it");
	/* The count before the run is lost. */
	tell(RUN "{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/a\",\"memory_max\":67108864}\n"
		 "{\"ev\":\"start\",\"t\":2,\"pid\":7,\"cgroup\":\"/a\"}\n" KILLED);
	says("and what the record had of the kernel's count of kills is damaged: whether the OOM "
	     "killer had a part in it is not known");
	does_not_say("the record ends before");
}
END_TEST

START_TEST(who_sent_sigkill_is_not_told_where_lines_are_lost)
{
	tell_damaged(RUN CGROUP "no line\n" EXIT("\"signal\":9") COUNTS("after", "\"oom_kill\":0")
			     END,
		     1);
	says("The program was ended by signal 9 (SIGKILL). That was not the OOM killer. Lines of the record are lost, and the one that says that oomlab itself stopped the program may be among them: who sent the signal is not known.");
	does_not_say("somebody or something else");
	tell(RUN CGROUP EXIT("\"signal\":9") COUNTS("after", "\"oom_kill\":0") END);
	says("somebody or something else sent it");
	does_not_say("Lines of the record");
}
END_TEST

START_TEST(what_the_guardian_counted_is_told)
{
	tell(RUN CGROUP GUARDIAN("2"));
	says("how the program would have ended is not known. The kernel's OOM killer killed 2 "
	     "processes of this run.");
	tell(RUN CGROUP GUARDIAN("0"));
	says("how the program would have ended is not known. What the record has");
	does_not_say("OOM killer killed");
}
END_TEST

START_TEST(a_lesson_is_told_of_a_run_that_shows_it)
{
	tell(RUN MEMSET CGROUP CHECKPOINT("after malloc", "675840")
		     CHECKPOINT("after memset", "134217728") LIVED);
	says("What to take home");
	says("once written, all 128 MiB are in both");
	says("RSS, after memset  131072 KiB to 139264 KiB  131072 KiB");
}
END_TEST

START_TEST(a_run_that_ends_early_shows_no_lesson)
{
	tell(RUN MEMSET CGROUP CHECKPOINT("after malloc", "675840") KILLED);
	does_not_say("What to take home");
	does_not_say("What to do instead");
	does_not_say("once written");
	does_not_say("where the story of oomlab began");
	says("What it shows when it ends as expected RSS rose to 128 MiB.");
	says("RSS, after malloc  131072 KiB to 139264 KiB  660 KiB");
	says("DIFFERS");
}
END_TEST

#define TWIN(name) \
	"{\"ev\":\"twin\",\"name\":\"" name "\",\"outcome\":\"oom_killed\",\"peak\":67108865}\n"

START_TEST(what_the_twin_showed_is_told_where_it_ran)
{
	tell(RUN MEMSET TWIN("malloc-128m") CGROUP LIVED);
	says("Its twin, malloc-128m, run here: oom_killed, peak 64.0 MiB. [record line 3]");
	does_not_say("with --twin it is run first");
	does_not_say("twin malloc-128m: ");
	tell(RUN MEMSET CGROUP LIVED);
	says("Its twin, to compare it with, is malloc-128m; with --twin it is run first.");
	does_not_say("run here");
	/* It is another's. */
	tell(RUN MEMSET TWIN("x") CGROUP LIVED);
	says("with --twin it is run first");
	says("What was not seen, and remarks twin x: oom_killed, peak 64.0 MiB. [record line 3]");
}
END_TEST

#define FIGURES                                                              \
	"{\"ev\":\"spec\",\"name\":\"mine\",\"ps\":{\"checkpoint\":\"after " \
	"memset\",\"where\":\"there\","                                      \
	"\"vsz_bytes\":4096,\"rss_bytes\":2048,\"meaning\":\"It is small.\"}}\n"

START_TEST(figures_from_elsewhere_stand_beside_the_same_moment)
{
	tell(RUN FIGURES CGROUP CHECKPOINT("after memset", "675840") LIVED);
	says("there              4    2");
	says("It is small. [record line 7]");
	tell(RUN FIGURES CGROUP CHECKPOINT("after malloc", "675840") LIVED);
	does_not_say("there  ");
	does_not_say("It is small.");
	tell(RUN CGROUP CHECKPOINT("after memset", "675840") LIVED);
	does_not_say("It is small.");
}
END_TEST

#define LOST(what) "{\"ev\":\"lost\",\"name\":\"" what "\",\"count\":3}\n"

START_TEST(what_was_lost_has_its_words)
{
	tell(RUN CGROUP LOST("ring blocks") LOST("mark_victim") LIVED);
	says("Lost: 3 blocks of the arena trace, of up to 100 records each");
	says("Lost: 3 events of the tracepoint oom:mark_victim, which names whom the kernel kills. [record line 7]");
	tell(RUN CGROUP LIVED);
	does_not_say("Lost:");
	tell_damaged(RUN CGROUP LOST("a <word>") LIVED, 1);
	says("Lost: 1 line of the record.");
	does_not_say("word");
}
END_TEST

#define ARENA                                                                       \
	"{\"ev\":\"arena\",\"id\":1,\"pid\":7,\"name\":\"a\",\"policy\":\"eager\"," \
	"\"source\":\"malloc\",\"reserved\":134217728,\"touched\":62914560,"        \
	"\"clear_target\":134217728,\"cleared\":62914560,\"first_record\":1,\"last_record\":9}\n"

START_TEST(progress_that_was_noted_is_a_lower_bound)
{
	tell(RUN MEMSET CGROUP ARENA KILLED);
	says("With at least 60 MiB written, the next page went past a limit (its own is 64 MiB; "
	     "whose "
	     "it was is not known)");
	says("touched, as noted");
	says("The kernel's log, as far as it was seen, holds no account of the kill");
}
END_TEST

START_TEST(what_is_not_needed_is_no_gap)
{
	tell(RUN CGROUP "{\"ev\":\"source\",\"name\":\"mark_victim\",\"open\":false,"
			"\"needless\":true,\"why\":\"beside /dev/kmsg\"}\n" LIVED);
	does_not_say("What was not seen");
	does_not_say("mark_victim");
	tell(RUN CGROUP "{\"ev\":\"source\",\"name\":\"mark_victim\",\"open\":false,"
			"\"why\":\"no tracefs\"}\n" LIVED);
	says("What was not seen, and remarks No mark_victim: no tracefs.");
}
END_TEST

START_TEST(what_never_ran_lacks_no_end)
{
	tell(RUN "{\"ev\":\"error\",\"text\":\"no engine of that name\"}\n");
	says("oomlab could not do its part: no engine of that name.");
	does_not_say("What was not seen");
	does_not_say("has no end");
	tell(RUN CGROUP);
	says("The record has no end");
}
END_TEST

START_TEST(small_sizes_are_told_in_a_small_unit)
{
	tell(RUN CGROUP TOUCH("1397312") LIVED);
	says("KiB      %  where");
	says("1365  100.0  fill in prog");
	says("who called whom 1365  100.0  fill [touch profile]");
	tell(RUN CGROUP TOUCH("41943040") LIVED);
	says("MiB      %  where");
	says("40.0  100.0  fill in prog");
}
END_TEST

#define TOUCH_BY(at, function, bytes)                                          \
	"{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\"}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":1,\"anon\":" bytes ",\"stack\":\"" at "\"}\n"

START_TEST(one_place_is_told_as_one_that_stands_out)
{
	tell(RUN CGROUP TOUCH("40960000") TOUCH_BY("0+20", "other", "40960000") LIVED);
	says("50.0 % of it came from one place: ");
	tell(RUN CGROUP TOUCH("40960000") TOUCH_BY("0+20", "b", "40950000")
		     TOUCH_BY("0+30", "c", "40950000") LIVED);
	says("No one place stands out; the largest share, 33.3 %, is that of fill in prog");
	does_not_say("came from one place");
}
END_TEST

START_TEST(where_it_ran_is_one_place_whichever_cgroup_it_used)
{
	static const char *const backends[] = {"cgroup", "current"};
#define SETTING(name) "{\"ev\":\"setting\",\"name\":\"" name "\",\"value\":\"1\"}\n"

	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		_cleanup_free_ char *run = text_format(
			"{\"ev\":\"run\",\"id\":\"r\",\"backend\":\"%s\",\"page_size\":4096}\n",
			backends[i]);
		_cleanup_free_ char *host = text_format("%s%s", run, CGROUP LIVED);
		_cleanup_free_ char *inside =
			text_format("%s%s", run, SETTING("in_container") CGROUP LIVED);
		_cleanup_free_ char *apart =
			text_format("%s%s", run, SETTING("pid_namespace") CGROUP LIVED);

		tell(host);
		says("on the host");
		does_not_say("inside a container");
		tell(inside);
		says("inside a container");
		does_not_say("on the host");
		tell(apart);
		says("in a pid namespace of its own");
		does_not_say("on the host");
	}
}
END_TEST

#define SLAB KMSG("4", "anon 221184") KMSG("5", "file 0") KMSG("6", "slab 66375680")
#define STACKS \
	KMSG("4", "anon 221184") KMSG("5", "kernel_stack 26000000") KMSG("6", "slab 30000000")
#define CACHE(bytes)                                                                     \
	"{\"ev\":\"sample\",\"t\":5,\"current\":" bytes ",\"anon\":4096,\"file\":" bytes \
	",\"shmem\":0}\n"

START_TEST(a_counter_that_stood_still_is_evidence_of_no_kill_alone)
{
	tell(V2 CGROUP COUNTS("before", "\"oom_kill\":4") LIVED COUNTS("after", "\"oom_kill\":4"));
	says("the kernel counted no OOM kill in its cgroup. [exit status 0; memory.events oom_kill "
	     "4, "
	     "unchanged]");
	does_not_say("->4");
	tell(V2 CGROUP DUMP(HEAP) "{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,"
				  "\"signal\":9}\n" COUNTS("after", "\"oom_kill\":0"));
	says("It chose sh (pid 7)");
	does_not_say("oom_kill 0");
}
END_TEST

START_TEST(what_no_process_held_is_told_first)
{
	tell(V2 CGROUP DUMP(TMPFS) KILLED);
	says("It held 4 KiB itself. 63.3 MiB were files in tmpfs or shared memory, which stay as "
	     "long as anything refers to them, whoever is killed. [kmsg 2;");
	tell(V2 CGROUP DUMP(SLAB) KILLED);
	says("63.3 MiB were the kernel's own on its behalf (slab). [kmsg 2;");
	does_not_say("(slab 63.3 MiB");
	tell(V2 CGROUP DUMP(STACKS) KILLED);
	says("53.4 MiB were the kernel's own on its behalf (slab 28.6 MiB, stacks 24.8 MiB). [kmsg");
	tell(V2 CGROUP DUMP_OF(TMPFS, "0") KILLED);
	says("By the kernel's count it held nothing itself. 63.3 MiB were files in tmpfs");
	does_not_say("0 bytes itself");
	tell(V2 CGROUP DUMP(HEAP) KILLED);
	does_not_say("held nothing itself");
	says("It held 4 KiB itself. [");
	tell(V2 CGROUP CACHE("66000000") LIVED);
	says("62.9 MiB were file cache, which the kernel drops when it is needed. [sample 1;");
	/* It was never needed. */
	tell(V2 CGROUP CACHE("4000000") LIVED);
	does_not_say("which the kernel drops");
}
END_TEST

START_TEST(too_little_has_no_table)
{
	tell(RUN CGROUP TOUCH("1048576") LIVED);
	says("came from one place");
	/* Less than 1 MiB, less than a hundredth of the limit. */
	tell(RUN CGROUP TOUCH("1044480") ALIVE(",\"anon\":1044480,\"shmem\":48000000,"
					       "\"file\":48000000") LIVED);
	does_not_say("came from one place");
	does_not_say("who called whom");
	says("There is no table: all that was seen to become resident memory of processes is "
	     "1020 KiB, while 47.7 MiB were charged in the last sample before the end. [touch "
	     "profile; sample 1] The rest is: shared memory and files in memory (45.8 MiB). What "
	     "is read from a file, or written to one in memory, by a system call is in no "
	     "process's memory. [sample 1]");
	tell(RUN "{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/a\",\"memory_max\":671088640}\n" TOUCH(
		"6500000") LIVED);
	does_not_say("came from one place");
	does_not_say("There is no table");
}
END_TEST

START_TEST(what_the_tables_account_for_is_told)
{
	tell(RUN CGROUP TOUCH("40000000") ALIVE(",\"anon\":40000000,\"file\":9900000,"
						"\"shmem\":0") LIVED);
	says("The tables account for 38.1 MiB of the 47.7 MiB charged in the last sample before "
	     "the end (80.0 %). [touch profile; sample 1] Not in them: file cache (9.4 MiB).");
	tell(RUN CGROUP TOUCH("49000000") ALIVE(",\"anon\":49000000,\"file\":0,\"shmem\":0") LIVED);
	says("(98.0 %).");
	does_not_say("Not in them");
	/* Itemised by nobody, or not brought up to date. */
	tell(RUN CGROUP TOUCH("49000000") ALIVE("") LIVED);
	does_not_say("account for");
	tell(RUN CGROUP TOUCH("49000000") ALIVE(",\"anon\":4096,\"file\":0,\"shmem\":0") LIVED);
	does_not_say("account for");
	says("came from one place");
	/* The kernel's own account at the kill is better than any sample. */
	tell(V2 CGROUP TOUCH("30000000") ALIVE(",\"anon\":30000000") DUMP(HEAP) KILLED);
	says("The tables account for 28.6 MiB of the 64 MiB charged at the kill (44.7 %).");
	says("Not in them: anonymous memory that the samples missed (34.7 MiB). [kmsg");
}
END_TEST

#define READ_AGAIN(came, resident)                                                  \
	"{\"ev\":\"resident\",\"pid\":7,\"anon\":40000000,\"file\":" resident "}\n" \
	"{\"ev\":\"frame\",\"at\":\"0+20\",\"function\":\"look\"}\n"                \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":9,\"file\":" came ",\"stack\":\"0+20\"}\n"

#define GIVEN_BACK \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":1,\"anon_lost\":40000000,\"stack\":\"0+10\"}\n"

/* The program may have given it back after the last sample: then these do not compare. */
START_TEST(what_was_given_back_may_have_been_there)
{
	tell(RUN CGROUP TOUCH("40000000") ALIVE(",\"anon\":49000000") LIVED);
	says("The tables account for 38.1 MiB of the 47.7 MiB charged");
	tell(RUN CGROUP TOUCH("40000000") GIVEN_BACK ALIVE(",\"anon\":49000000") LIVED);
	does_not_say("The tables account");
	does_not_say("that the samples missed");
	does_not_say("were seen to become resident memory of processes, ");
	says("100.0 % of it came from one place: fill in prog");
}
END_TEST

/* The root of a VM is a file system in memory. */
START_TEST(mapped_files_of_a_vm_are_counted_as_what_they_are_charged_as)
{
#define MAPPED_FILE                                                  \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"        \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\"}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"file\":45000000,\"stack\":\"0+10\"}\n"
#define IN_SHMEM ALIVE(",\"anon\":4096,\"file\":49000000,\"shmem\":49000000")
	tell("{\"ev\":\"run\",\"id\":\"r\",\"backend\":\"vm\",\"page_size\":4096,\"cgroup_version\":2}\n" CGROUP
		     MAPPED_FILE IN_SHMEM LIVED);
	says("The tables account for 42.9 MiB of the 47.7 MiB charged");
	tell(RUN CGROUP MAPPED_FILE IN_SHMEM LIVED);
	does_not_say("The tables account for 42.9 MiB");
}
END_TEST

START_TEST(files_are_told_apart_as_they_are_resident)
{
	tell(RUN CGROUP TOUCH("40000000") READ_AGAIN("1400000000", "20971520") LIVED);
	says("100.0 % of it, mapped files apart, came from one place: fill in prog");
	says("Of mapped files, programs and libraries among them, 20 MiB were resident when last "
	     "seen: [touch profile]");
	says("20.0  100.0  look in prog");
	says("Another 1.3 GiB of mapped files came and went, reclaimed or unmapped; what was read "
	     "again is counted each time.");
	tell(RUN CGROUP TOUCH("40000000") READ_AGAIN("20971520", "20971520") LIVED);
	says("20.0  100.0  look in prog");
	does_not_say("came and went");
	/* A program's own code is no news. */
	tell(RUN CGROUP TOUCH("40000000") READ_AGAIN("99000", "99000") LIVED);
	says("100.0 % of it, mapped files apart, came from one place");
	does_not_say("Of mapped files");
}
END_TEST

START_TEST(refaults_are_a_figure_of_their_own)
{
	tell(RUN CGROUP TOUCH("40000000") ALIVE(
		",\"workingset_refault_file\":25600,\"workingset_refault_anon\":10") LIVED);
	says("The kernel counted 25600 pages of files (100 MiB) that were reclaimed and had to be "
	     "read again. [memory.stat workingset_refault_file]");
	does_not_say("from swap");
	tell(RUN CGROUP TOUCH("40000000") ALIVE(
		",\"workingset_refault_file\":10,\"workingset_refault_anon\":25600") LIVED);
	says("25600 pages of anonymous memory from swap (100 MiB)");
	does_not_say("pages of files");
	/* Inside a container that was there before, what rose alone is the run's. */
	tell("{\"ev\":\"run\",\"id\":\"r\",\"backend\":\"current\",\"cgroup_version\":2}\n" CGROUP
		     TOUCH("40000000") ALIVE(",\"workingset_refault_file\":25600")
			     ALIVE(",\"workingset_refault_file\":25601") LIVED);
	does_not_say("The kernel counted");
}
END_TEST

START_TEST(what_came_back_from_swap_is_counted_once)
{
	tell(RUN CGROUP TOUCH("80000000,\"swapped_in\":40000000") LIVED);
	says("38.1  100.0  fill in prog");
	says("38.1 MiB more came back from swap, where they had been touched before.");
	tell(RUN CGROUP TOUCH("80000000") LIVED);
	does_not_say("from swap");
}
END_TEST

#define COUNTED(stack)                                                        \
	"{\"ev\":\"module\",\"id\":1,\"path\":\"/b/liboomlab_preload.so\"}\n" \
	"{\"ev\":\"module\",\"id\":2,\"path\":\"/lib/libc.so.6\"}\n"          \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":2,\"shmem\":3000000,\"stack\":\"" stack "\"}\n"

START_TEST(the_labs_own_memory_is_nobodys)
{
	tell(RUN CGROUP TOUCH("40000000") COUNTED("1+5 0+10") LIVED);
	says("100.0 % of it came from one place: fill in prog");
	does_not_say("shared memory, tmpfs");
	says("who called whom 38.1  100.0  fill");
	tell(RUN CGROUP TOUCH("40000000") COUNTED("2+5 1+5 0+10") LIVED);
	does_not_say("shared memory, tmpfs");
	/* By the mapping, where that is known; what is anonymous was misplaced. */
	tell(RUN CGROUP TOUCH("40000000") "{\"ev\":\"mapping\",\"id\":1,\"pid\":7,\"what\":"
					  "\"labs\"}\n{\"ev\":\"touch\",\"pid\":7,\"samples\":2,"
					  "\"shmem\":9000000,\"mapping\":1,\"anon\":1000000,"
					  "\"stack\":\"0+10\"}\n" LIVED);
	says("39.1  100.0  fill in prog");
	does_not_say("shared memory, tmpfs");
	/* The program's own, though the lab's library called it. */
	tell(RUN CGROUP TOUCH("40000000") "{\"ev\":\"mapping\",\"id\":1,\"pid\":7,\"what\":"
					  "\"shared\",\"bytes\":9}\n" COUNTED("0+10 1+5") LIVED);
	says("2.9   7.0  fill in prog  shared memory, tmpfs");
}
END_TEST

#define PEAKED(peak) \
	"{\"ev\":\"sample\",\"t\":5,\"current\":46137344,\"anon\":46137344,\"peak\":" peak "}\n"

START_TEST(a_peak_that_no_sample_met_is_told_beside_it)
{
	tell(V2 CGROUP PEAKED("64696934") LIVED);
	says("Where the memory was, in the highest sample [sample 1]");
	says("These are the 44 MiB of the highest sample; the peak that the kernel counted, "
	     "61.7 MiB, was met by none. [sample 1]");
	tell(V2 CGROUP PEAKED("46137344") LIVED);
	says("Where the memory was, at its highest [sample 1]");
	does_not_say("was met by none");
	does_not_say("There is no table");
	/* Of a short run the table would tell little. */
	tell(V2 CGROUP PEAKED("96137344") LIVED);
	says("Where the memory was There is no table: of the 91.7 MiB charged at most, the highest "
	     "sample has less than half by its parts. [sample 1]");
	does_not_say("anonymous (heap, stack)");
	tell(V2 CGROUP "{\"ev\":\"sample\",\"t\":5,\"current\":46137344,\"kernel\":40000000,"
		       "\"peak\":96137344}\n" LIVED);
	does_not_say("the kernel's own on its behalf");
	tell(V2 CGROUP "{\"ev\":\"sample\",\"t\":5,\"current\":46137344,\"kernel\":40000000,"
		       "\"peak\":46137344}\n" LIVED);
	says("38.1 MiB were the kernel's own on its behalf");
	tell(V2 CGROUP "{\"ev\":\"sample\",\"t\":5,\"current\":409600,\"anon\":4096,"
		       "\"peak\":409600}\n" LIVED);
	does_not_say("Where the memory was");
}
END_TEST

#define IN_MEMORY(t, name, rest) \
	"{\"ev\":\"memory_file\",\"t\":" t ",\"name\":\"" name "\",\"size\":9" rest "}\n"

START_TEST(files_in_memory_are_named)
{
	tell(V2 CGROUP IN_MEMORY("4", "/dev/shm/old", ",\"resident\":40000000") IN_MEMORY(
		"5", "/memfd:scratch (deleted)",
		",\"resident\":60000000,\"pid\":7,\"comm\":\"grow\"") DUMP(TMPFS) KILLED);
	says("Files in memory At the last sample, ");
	says(" before the kill, /memfd:scratch held 57.2 MiB (open in grow (pid 7)).");
	does_not_say("old");
	says("63.3 MiB were files in tmpfs or shared memory (/memfd:scratch had 57.2 MiB when last "
	     "seen), which stay as long as anything refers to them");
	tell(V2 CGROUP IN_MEMORY("5", "/tmp/b", ",\"resident\":9000000") DUMP(TMPFS) KILLED);
	says("63.3 MiB were files in tmpfs or shared memory, which stay as");
	tell(V2 CGROUP IN_MEMORY("5", "/dev/shm/a (deleted)", ",\"resident\":60000000")
		     IN_MEMORY("5", "/tmp/b", ",\"resident\":5000000") LIVED);
	says("At the last sample, while it ran, /dev/shm/a (deleted) held 57.2 MiB (no process has it open; written since the run began).");
	says("4.8  /tmp/b");
	tell(V2 CGROUP IN_MEMORY("5", "/tmp/b", ",\"resident\":500000") LIVED);
	does_not_say("Files in memory");
}
END_TEST

/* shmem of 40 MiB among 44 charged, and what files in the guest's memory hold. */
#define SHMEM(files)                                                                          \
	"{\"ev\":\"sample\",\"t\":5,\"current\":46137344,\"anon\":4194304,\"file\":41943040," \
	"\"shmem\":41943040" files "}\n"

START_TEST(files_that_are_memory_have_their_name)
{
	tell(V2 CGROUP SHMEM(",\"tmp_files\":41943040,\"shm_files\":0,\"other_files\":0") LIVED);
	says("files in /tmp (tmpfs)");
	says("Files in /tmp held 40 MiB: in the VM they are memory (tmpfs)");
	does_not_say("shared memory, tmpfs");
	does_not_say("Files in /dev/shm");
	tell(V2 CGROUP SHMEM(",\"tmp_files\":0,\"shm_files\":0,\"other_files\":41000000") LIVED);
	says("files written in the VM (tmpfs)");
	says("Files elsewhere in the VM held 39.1 MiB");
	/* Two folders: neither explains it alone. */
	tell(V2 CGROUP SHMEM(",\"tmp_files\":20971520,\"shm_files\":20971520") LIVED);
	says("shared memory, tmpfs");
	says("Files in /tmp held 20 MiB");
	says("Files in /dev/shm held 20 MiB");
}
END_TEST

START_TEST(files_that_were_not_measured_or_do_not_fit_name_nothing)
{
	tell(V2 CGROUP SHMEM("") LIVED);
	says("shared memory, tmpfs");
	does_not_say("Files in /tmp");
	does_not_say("files in /tmp");
	/* Charged to somebody else: more files than this cgroup has shared memory. */
	tell(V2 CGROUP SHMEM(",\"tmp_files\":83886080") LIVED);
	says("shared memory, tmpfs");
	does_not_say("files in /tmp (tmpfs)");
	says("Files in /tmp held 80 MiB");
}
END_TEST

#define HIGHEST(peak) "{\"ev\":\"sample\",\"t\":5,\"current\":1,\"peak\":" peak "}\n"

START_TEST(a_sum_beyond_the_limit_is_explained)
{
	tell(RUN CGROUP TOUCH("101943040") HIGHEST("67108864") LIVED);
	says("That is more than the 64 MiB that were there at most: what was given back is still "
	     "counted. [");
	tell(RUN CGROUP TOUCH("41943040") HIGHEST("67108864") LIVED);
	does_not_say("is still counted. [");
	tell(RUN CGROUP "{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"file\":101943040}\n" HIGHEST(
		"67108864") LIVED);
	says("mapped file");
	does_not_say("is still counted. [");
	/* Of several processes it is said once, and why. */
	tell(RUN CGROUP TOUCH("81943040") "{\"ev\":\"touch\",\"pid\":8,\"samples\":3,"
					  "\"anon\":20000000}\n" HIGHEST("67108864") LIVED);
	says("So it is more than was ever charged to the cgroup at once: 64 MiB");
	does_not_say("That is more than the 64 MiB");
}
END_TEST

#define FAILED                                                                            \
	"{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":1}\n"              \
	"{\"ev\":\"counters\",\"t\":10,\"level\":0,\"when\":\"after\",\"events\":{\"oom_" \
	"kill\":0}}\n{\"ev\":\"end\",\"t\":11}\n"

#define ISOLATION(files) "{\"ev\":\"isolation\",\"files\":\"" files "\"}\n"

START_TEST(what_failed_in_an_empty_guest_may_have_missed_a_file)
{
	tell(RUN CGROUP ISOLATION("command") FAILED);
	says("had no part in it. If it missed a file: the guest had none but the command");
	says("--share-host shows it all of this host, or says why it cannot. [record line 6;");
	says("The guest had the command, what it loads and what --file named, and nothing else of "
	     "this host; --share-host shows it all, or says why it cannot. [record line 6]");
	tell(RUN CGROUP ISOLATION("host") FAILED);
	does_not_say("--share-host");
	does_not_say("The guest had the command");
	tell(RUN CGROUP FAILED);
	does_not_say("--share-host");
	tell(RUN CGROUP ISOLATION("command") LIVED);
	does_not_say("If it missed a file");
}
END_TEST

#define LOOK                                                                          \
	"{\"ev\":\"premortem\",\"percent\":5,\"limit\":67108864,\"high\":63753216}\n" \
	"{\"ev\":\"premortem_look\",\"t\":5,\"current\":63800000,\"frozen\":true}\n"  \
	"{\"ev\":\"premortem_process\",\"pid\":7,\"threads\":1,\"comm\":\"prog\"}\n"
#define MAPPING                                                                         \
	"{\"ev\":\"premortem_mapping\",\"pid\":7,\"size\":1152921504606846976,\"rss\":" \
	"1152921504606846976}\n"
#define FOUR(x) x x x x

/* Sizes that add up to more than there are numbers, and counts that are absent. */
START_TEST(a_damaged_look_is_survived)
{
	tell(RUN CGROUP LOOK FOUR(FOUR(MAPPING)) LIVED);
	says("anonymous, 0 small mappings");
	does_not_say("-922337");
	tell(RUN CGROUP LOOK FOUR(FOUR(MAPPING)) "{\"ev\":\"premortem_mapping\",\"pid\":7,"
						 "\"mappings\":3,\"size\":1,\"rss\":1}\n" LIVED);
	says(" 3 other mappings");
}
END_TEST

START_TEST(every_loss_has_its_words)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_free_ char *line = text_format(
			RUN CGROUP "{\"ev\":\"lost\",\"name\":\"%s\",\"count\":%d}\n" LIVED,
			record_loss_names[_i], i + 1);
		_cleanup_free_ char *words = words_loss((enum loss)_i, i + 1);
		_cleanup_free_ char *bare = text_format("%d %s", i + 1, record_loss_names[_i]);

		ck_assert_msg(!strstr(words, "(null)") && strcmp(words, bare) != 0, "%s", words);
		tell_damaged(line, _i == LOSS_RECORD ? i + 1 : 0);
		says(words);
	}
}
END_TEST

START_TEST(one_that_is_lost_is_told_as_one)
{
	_cleanup_free_ char *one = words_loss(LOSS_MESSAGES, 1);
	_cleanup_free_ char *two = words_loss(LOSS_MESSAGES, 2);

	ck_assert_str_eq(one, "1 message of the scenario beyond what is kept");
	ck_assert_str_eq(two, "2 messages of the scenario beyond what is kept");
}
END_TEST

#define ARMED(limit) "{\"ev\":\"premortem\",\"percent\":5,\"limit\":" limit ",\"high\":63753216}\n"
#define OOMS(when, kills, own)                                                                   \
	"{\"ev\":\"counters\",\"level\":0,\"when\":\"" when "\",\"events\":{\"oom_kill\":" kills \
	"},\"local\":{\"oom\":" own "}}\n"
#define KILLED_AT(before, after) \
	OOMS("before", "0", before) EXIT("\"signal\":9") OOMS("after", "1", after) END
#define PAST "memory went past 60.8 MiB, where oomlab waited for it, and past the limit"

/* Of a kill for another limit, or for an unknown one, nothing is said of how far memory went. */
START_TEST(why_no_snapshot_was_taken_is_told_where_it_is_known)
{
	tell(V2 CGROUP ARMED("67108864") KILLED_AT("0", "1"));
	says("Nothing was seen: " PAST);
	tell(V2 CGROUP ARMED("67108864") KILLED_AT("1", "1"));
	says("Nothing was seen: the kernel killed a process before oomlab took a snapshot.");
	does_not_say("where oomlab waited");
	tell(V2 CGROUP ARMED("67108864") KILLED);
	does_not_say("where oomlab waited");
	/* The limit that counts is that of a cgroup above. */
	tell(V2 CGROUP ARMED("66000000") KILLED_AT("0", "1"));
	does_not_say("where oomlab waited");
	tell(V2 CGROUP ARMED("67108864") LIVED);
	does_not_say("Nothing was seen");
}
END_TEST

START_TEST(what_oomlab_changed_is_told_where_no_snapshot_came_of_it)
{
	const char *said = "The kernel reclaimed there already, 124 times; without it "
			   "(--premortem=off) only at the limit.";

	tell(V2 CGROUP ARMED(
		"67108864") "{\"ev\":\"premortem_thaw\",\"t\":6,\"high_events\":124}\n" LIVED);
	says("Near its limit oomlab had set memory.high to 60.8 MiB, to notice a kill before it "
	     "comes.");
	says(said);
	tell(V2 CGROUP ARMED(
		"67108864") "{\"ev\":\"premortem_thaw\",\"t\":6,\"high_events\":0}\n" LIVED);
	does_not_say("Near its limit");
	tell(V2 CGROUP ARMED("67108864") LIVED);
	does_not_say(said);
	tell(V2 CGROUP ARMED(
		"67108864") "{\"ev\":\"premortem_thaw\",\"t\":6,\"high_events\":124}\n" KILLED_AT("0",
												  "1"));
	does_not_say("The kernel reclaimed there already");
}
END_TEST

#define SEEN(rest)                                                           \
	ARMED("67108864")                                                    \
	"{\"ev\":\"premortem_look\",\"t\":5,\"current\":63800000" rest "}\n" \
	"{\"ev\":\"premortem_process\",\"pid\":7,\"threads\":1,\"comm\":\"prog\"}\n"

START_TEST(what_did_not_stand_still_is_told_with_its_reason)
{
	tell(V2 CGROUP SEEN(",\"why\":\"a thread ran\"") LIVED);
	says("oomlab took a snapshot, but did not see it stand still: a thread ran. [");
	does_not_say("froze it");
	tell(V2 CGROUP SEEN("") LIVED);
	says("did not see it stand still: no reason was recorded.");
	tell(V2 CGROUP SEEN(",\"frozen\":true") LIVED);
	says("Near its limit While it ran");
	says("oomlab froze it for");
	does_not_say("stand still");
	tell(V2 CGROUP ARMED("67108864") "{\"ev\":\"premortem_look\",\"t\":5,\"current\":300000,"
					 "\"frozen\":true}\n"
					 "{\"ev\":\"premortem_process\",\"pid\":7,\"threads\":1,"
					 "\"comm\":\"prog\"}\n" LIVED);
	says("A snapshot while it ran");
	does_not_say("Near its limit");
}
END_TEST

static const struct {
	const char *members, *said;
} places[] = {
	{"\"backend\":\"vm\",\"accelerator\":\"tcg\"",
	 "\nvirtual machine, emulated (no KVM), cgroup v2"},
	{"\"backend\":\"vm\",\"accelerator\":\"kvm\"", "\nvirtual machine (KVM), cgroup v2"},
	{"\"backend\":\"vm\",\"accelerator\":\"hvf\"", "\nvirtual machine (hvf), cgroup v2"},
	{"\"backend\":\"vm\"", "\nvirtual machine, cgroup v2"},
	{"\"backend\":\"cgroup\"", "\non the host, cgroup v2"},
	{"\"backend\":\"current\"", "\non the host, cgroup v2"},
	{"\"backend\":\"docker\"", "\nin a docker container, cgroup v2"},
	{"\"backend\":\"podman\"", "\nin a podman container, cgroup v2"},
	{"\"backend\":\"elsewhere\"", "\nelsewhere, cgroup v2"},
	{"\"id\":\"r\"", "\ncgroup v2"},
};

START_TEST(where_it_ran_is_told_in_words)
{
	_cleanup_free_ char *run = text_format(
		"{\"ev\":\"run\",%s,\"cgroup_version\":2}\n" CGROUP LIVED, places[_i].members);

	tell(run);
	says(places[_i].said);
}
END_TEST

static TCase *sentences(void)
{
	TCase *tc = tcase_create("sentences");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_lesson_is_told_of_a_run_that_shows_it);
	tcase_add_test(tc, a_run_that_ends_early_shows_no_lesson);
	tcase_add_test(tc, progress_that_was_noted_is_a_lower_bound);
	tcase_add_test(tc, what_the_twin_showed_is_told_where_it_ran);
	tcase_add_test(tc, figures_from_elsewhere_stand_beside_the_same_moment);
	tcase_add_test(tc, what_was_lost_has_its_words);
	tcase_add_loop_test(tc, every_loss_has_its_words, LOSS_NONE + 1, LOSS_COUNT);
	tcase_add_test(tc, one_that_is_lost_is_told_as_one);
	tcase_add_test(tc, why_no_snapshot_was_taken_is_told_where_it_is_known);
	tcase_add_test(tc, what_oomlab_changed_is_told_where_no_snapshot_came_of_it);
	tcase_add_test(tc, what_did_not_stand_still_is_told_with_its_reason);
	tcase_add_test(tc, what_is_not_needed_is_no_gap);
	tcase_add_test(tc, what_never_ran_lacks_no_end);
	tcase_add_test(tc, small_sizes_are_told_in_a_small_unit);
	tcase_add_test(tc, too_little_has_no_table);
	tcase_add_test(tc, files_in_memory_are_named);
	tcase_add_test(tc, what_the_tables_account_for_is_told);
	tcase_add_test(tc, what_was_given_back_may_have_been_there);
	tcase_add_test(tc, mapped_files_of_a_vm_are_counted_as_what_they_are_charged_as);
	tcase_add_test(tc, files_are_told_apart_as_they_are_resident);
	tcase_add_test(tc, refaults_are_a_figure_of_their_own);
	tcase_add_test(tc, what_came_back_from_swap_is_counted_once);
	tcase_add_test(tc, the_labs_own_memory_is_nobodys);
	tcase_add_test(tc, a_peak_that_no_sample_met_is_told_beside_it);
	tcase_add_test(tc, one_place_is_told_as_one_that_stands_out);
	tcase_add_test(tc, an_arena_that_was_cleared_in_full_is_told_so);
	tcase_add_test(tc, a_record_that_ends_behind_the_target_tells_its_end_and_no_more);
	tcase_add_test(tc, what_the_guardian_counted_is_told);
	tcase_add_test(tc, who_sent_sigkill_is_not_told_where_lines_are_lost);
	tcase_add_test(tc, where_it_ran_is_one_place_whichever_cgroup_it_used);
	tcase_add_test(tc, a_counter_that_stood_still_is_evidence_of_no_kill_alone);
	tcase_add_test(tc, what_no_process_held_is_told_first);
	tcase_add_test(tc, a_sum_beyond_the_limit_is_explained);
	tcase_add_test(tc, files_that_are_memory_have_their_name);
	tcase_add_test(tc, files_that_were_not_measured_or_do_not_fit_name_nothing);
	tcase_add_test(tc, what_failed_in_an_empty_guest_may_have_missed_a_file);
	tcase_add_test(tc, a_damaged_look_is_survived);
	tcase_add_loop_test(tc, where_it_ran_is_told_in_words, 0, (int)ARRAY_SIZE(places));
	return tc;
}

int main(void)
{
	TCase *const cases[] = {sentences()};

	return suite_run("story", cases, ARRAY_SIZE(cases));
}
