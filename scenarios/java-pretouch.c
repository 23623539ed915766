/*
 * A JVM that is told to touch all of its heap at the start (-XX:+AlwaysPreTouch, -Xms), in a cgroup that is smaller
 * than that heap. It is killed before it has run a line of Java.
 *
 * Expected: killed (CONSTRAINT_MEMCG) under 96 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"java",     "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch",
					   "-Xms160m", "-Xmx160m",	   "-version",
					   NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "java-pretouch",
	.group = "programs",
	.summary = "a JVM that touches its heap of 160 MiB at the start: killed under 96 MiB",
	.lesson = "-Xms only reserves; AlwaysPreTouch makes memory of it, all at once.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(96)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"java", NULL},
	.install = "apt-get install default-jre-headless",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(1024),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1)},
};
