/* What is said of memory that was refused, and what that is laid to. */
#include "story_helpers.h"
#include "suite.h"

#define OVERCOMMIT(mode) \
	"{\"ev\":\"setting\",\"name\":\"vm.overcommit_memory\",\"value\":\"" mode "\"}\n"
#define MACHINE                                                                 \
	"{\"ev\":\"setting\",\"name\":\"MemTotal\",\"value\":\"1048576 kB\"}\n" \
	"{\"ev\":\"setting\",\"name\":\"SwapTotal\",\"value\":\"0 kB\"}\n"
#define REFUSED_FOR(errno, bytes)                                                                  \
	"{\"ev\":\"refused\",\"t\":3,\"errno\":" errno ",\"bytes\":" bytes ",\"what\":\"mmap\"}\n" \
	"{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":1}\n"
#define REFUSED(bytes) REFUSED_FOR("12", bytes)
#define BEFORE	       COUNTS("before", "\"oom_kill\":0,\"max\":0")
#define MET(times)     COUNTS("after", "\"oom_kill\":0,\"max\":" times)
#define BLAMED	       "refuses a request larger than all RAM and swap"
#define OTHER                                                                                   \
	"does not explain the refusal; a limit on address space (ulimit -v) can, or a pool of " \
	"huge pages that is empty (MAP_HUGETLB)."
#define THE_LIMIT                                                                            \
	"does not explain the refusal. The memory limit can: it was met 18 times, and some " \
	"requests of the kernel fail there instead of killing."

START_TEST(the_overcommit_rule_is_blamed_for_what_it_refuses_alone)
{
	tell(V2 CGROUP OVERCOMMIT("0") MACHINE REFUSED("2147483648") END);
	says(BLAMED);
	does_not_say("does not explain the refusal");
	tell(V2 CGROUP OVERCOMMIT("0") MACHINE REFUSED("8388608") END);
	says("(vm.overcommit_memory 0) " OTHER);
	does_not_say(BLAMED);
	tell(V2 CGROUP OVERCOMMIT("1") MACHINE REFUSED("2147483648") END);
	says("(vm.overcommit_memory 1) " OTHER);
	does_not_say("The kernel agrees to any size");
	/* That is no lack of memory. */
	tell(V2 CGROUP OVERCOMMIT("0") MACHINE REFUSED_FOR("28", "8388608") END);
	says("failed with errno 28.");
	does_not_say("does not explain the refusal");
	does_not_say("ENOMEM");
}
END_TEST

START_TEST(a_limit_that_was_met_is_told_with_a_refusal)
{
	tell(V2 CGROUP BEFORE OVERCOMMIT("0") MACHINE REFUSED("8388608") MET("18") END);
	says("failed with ENOMEM. Memory met the limit while it ran and nobody was killed.");
	says(THE_LIMIT);
	does_not_say("Nothing was touched for it");
	tell(V2 CGROUP BEFORE OVERCOMMIT("0") MACHINE REFUSED("8388608") MET("0") END);
	says("failed with ENOMEM. Nothing was touched for it and nobody was killed.");
	does_not_say("Memory met the limit");
	does_not_say("The memory limit can");
}
END_TEST

static TCase *sentences(void)
{
	TCase *t = tcase_create("sentences");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, the_overcommit_rule_is_blamed_for_what_it_refuses_alone);
	tcase_add_test(t, a_limit_that_was_met_is_told_with_a_refusal);
	return t;
}

int main(void)
{
	TCase *const cases[] = {sentences()};

	return suite_run("story_refused", cases, ARRAY_SIZE(cases));
}
