/* The one screen of a report: what it says in short, and what it leaves to the whole. */
#include "story_helpers.h"
#include "suite.h"

#define MISSED(name, why) \
	"{\"ev\":\"source\",\"name\":\"" name "\",\"open\":false,\"why\":\"" why "\"}\n"
#define NOTE(words) "{\"ev\":\"note\",\"text\":\"" words "\"}\n"
#define HEAD	    "What was not seen, and remarks"

START_TEST(what_was_not_seen_is_named)
{
	tell_brief(RUN CGROUP MISSED("memory.events", "too old") MISSED("pre-mortem", "none")
			   LIVED);
	says(HEAD " No memory.events, no pre-mortem: the full report says why.");
	does_not_say("too old");
	tell_brief(RUN CGROUP "{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":true}\n" LIVED);
	does_not_say(HEAD);
}
END_TEST

START_TEST(losses_and_the_first_remarks_are_said)
{
	tell_brief(RUN CGROUP "{\"ev\":\"lost\",\"name\":\"samples\",\"count\":8}\n" LIVED);
	says(HEAD " Lost: 8 samples of who touched memory.");
	does_not_say("the full report says why");
	tell_brief(RUN CGROUP NOTE("One") NOTE("Two") LIVED);
	says(HEAD " One. [record line 6] Two. [record line 7]");
	does_not_say("more remark");
	tell_brief(RUN CGROUP NOTE("One") NOTE("Two") NOTE("Three") LIVED);
	says("The full report has 1 more remark.");
	does_not_say("Three");
}
END_TEST

#define PLACE(path, bytes)                                                                   \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"" path "\"}\n"                               \
	"{\"ev\":\"module\",\"id\":1,\"path\":\"/x/native.so\"}\n"                           \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\"}\n"                         \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"anon\":" bytes ",\"stack\":\"0+10\"}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"anon\":30000000,\"stack\":\"1+10\"}\n"
#define OF_SCRIPT "Most of it was touched by the interpreter's own code ("
#define UNSEEN	  "which lines of the script made it do so is not seen."

START_TEST(a_scripts_lines_are_said_to_be_unseen)
{
	tell_brief(V2 CGROUP PLACE("/usr/bin/python3.11", "34000000") LIVED);
	says(OF_SCRIPT "python3.11): " UNSEEN " Python's own tracemalloc knows them");
	does_not_say("No line is known");
	tell_brief(V2 CGROUP PLACE("/usr/lib/libpython3.11.so.1.0", "34000000") LIVED);
	says(OF_SCRIPT "libpython3.11.so.1.0): ");
	tell_brief(V2 CGROUP PLACE("/usr/bin/nodejs", "34000000") LIVED);
	says("is written down by node --heapsnapshot-near-heap-limit=1");
	tell_brief(V2 CGROUP PLACE("/usr/bin/dash", "34000000") LIVED);
	says(OF_SCRIPT "dash): " UNSEEN " [");
	/* Half of it is a native module's; a program of another name. */
	tell_brief(V2 CGROUP PLACE("/usr/bin/python3.11", "30000000") LIVED);
	does_not_say(OF_SCRIPT);
	tell_brief(V2 CGROUP PLACE("/usr/bin/nodetool", "34000000") LIVED);
	does_not_say(OF_SCRIPT);
	says("No line is known for the largest row");
}
END_TEST

static TCase *screens(void)
{
	TCase *t = tcase_create("screens");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, what_was_not_seen_is_named);
	tcase_add_test(t, losses_and_the_first_remarks_are_said);
	tcase_add_test(t, a_scripts_lines_are_said_to_be_unseen);
	return t;
}

int main(void)
{
	TCase *const cases[] = {screens()};

	return suite_run("story_brief", cases, ARRAY_SIZE(cases));
}
