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

static TCase *screens(void)
{
	TCase *t = tcase_create("screens");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, what_was_not_seen_is_named);
	tcase_add_test(t, losses_and_the_first_remarks_are_said);
	return t;
}

int main(void)
{
	TCase *const cases[] = {screens()};

	return suite_run("story_brief", cases, ARRAY_SIZE(cases));
}
