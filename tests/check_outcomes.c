/*
 * check_outcomes.c - every combination of who was killed, how the target ended, what stopped it and
 * what was seen of it, told: no report may say what its record does not show.
 */
#include "doc/emit.h"
#include "report/story.h"
#include "suite.h"
#include "verdict_helpers.h"

enum victims { NOBODY, SELF, CHILD, CHILDREN, GROUP_OF_ALL, LEFT_AND_KILLED, NESTED, STRANGER };
enum sight {
	WHOLE,	     /* the log with its accounts, the counters, who started whom */
	UNDUMPED,    /* kill lines alone */
	NO_LOG,	     /* counters alone */
	NO_PIDS,     /* kill lines alone, and not known whom the target started */
	NO_COUNTERS, /* the log alone */
	SIGHTS
};
static const char *const stops[] = {NULL, "timeout", "interrupt", "livelock", "escape"};
static const char *const ends[] = {"\"status\":0", "\"status\":3",  "\"status\":137",
				   SIGKILLED,	   "\"signal\":11", NULL};

#define CHILD_PID 101

struct combination {
	enum victims victims;
	enum sight sight;
	size_t stop, end;
};

static struct strbuf told = STRBUF_INIT;
static char name[160];

static void process(int pid, const char *cgroup)
{
	add("{\"ev\":\"run_process\",\"t\":3,\"pid\":%d,\"parent\":%d,\"comm\":\"hog\","
	    "\"parent_comm\":\"sh\"%s%s%s}",
	    pid, TARGET, cgroup ? ",\"cgroup\":\"" : "", cgroup ? cgroup : "", cgroup ? "\"" : "");
}

static void killed(const struct combination *c, const char *memcg, int pid)
{
	if (c->sight == NO_LOG)
		return;
	if (c->sight == UNDUMPED || c->sight == NO_PIDS)
		kill_line(pid);
	else
		oom(memcg, memcg, pid);
}

/* Returns what the run's own cgroup counted. */
static int tell_of_kills(const struct combination *c)
{
	bool knows = c->sight != NO_PIDS;

	switch (c->victims) {
	case NOBODY:
		return 0;
	case SELF:
		killed(c, OWN, TARGET);
		return 1;
	case CHILD:
	case NESTED:
		if (knows)
			process(CHILD_PID, NULL);
		killed(c, c->victims == NESTED ? OWN "/kid" : OWN, CHILD_PID);
		return 1;
	case CHILDREN:
		for (int i = 0; i < 5; i++) {
			if (knows)
				process(CHILD_PID + i, NULL);
			killed(c, OWN, CHILD_PID + i);
		}
		return 5;
	case GROUP_OF_ALL:
		if (knows)
			process(CHILD_PID, NULL);
		killed(c, OWN, CHILD_PID);
		if (c->sight != NO_LOG) {
			kmsg("Tasks in " OWN " are going to be killed due to memory.oom.group set");
			kill_line(TARGET);
			kill_line(CHILD_PID);
		}
		return 3;
	case LEFT_AND_KILLED:
		if (knows)
			process(CHILD_PID, "/side");
		killed(c, "/side", CHILD_PID);
		return 0;
	case STRANGER:
		killed(c, "/other", 4242);
		return 0;
	}
	return 0;
}

static bool kills_target(const struct combination *c)
{
	return c->victims == SELF || c->victims == GROUP_OF_ALL;
}

static bool kills_one_of_the_run(const struct combination *c)
{
	return c->victims != NOBODY && c->victims != STRANGER;
}

static void make(const struct combination *c)
{
	int counted_kills;

	strbuf_clear(&text);
	begin();
	add("{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":%s,\"why\":\"no\"}",
	    c->sight == NO_LOG ? "false" : "true");
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":%s,\"why\":\"no\"}",
	    c->sight == NO_PIDS ? "false" : "true");
	counted_kills = tell_of_kills(c);
	if (stops[c->stop])
		add("{\"ev\":\"watchdog\",\"t\":8000000000,\"why\":\"%s\"}", stops[c->stop]);
	if (stops[c->stop] && !strcmp(stops[c->stop], "escape"))
		add("{\"ev\":\"error\",\"text\":\"the program left its cgroup for '/'\"}");
	if (ends[c->end])
		target_ended(ends[c->end]);
	if (c->sight != NO_COUNTERS)
		counted(0, counted_kills, counted_kills);
}

static void tell(void)
{
	struct facts facts;
	struct doc doc = {0};

	end();
	facts_gather(&record, &conclusion, &facts);
	story_tell(&facts, &doc);
	strbuf_clear(&told);
	emit_text(&doc, false, 100, &told);
	for (char *p = told.buf; *p; p++)
		if (*p == '\n' && p[1] == ' ' && p[2] == ' ' && p[3] != ' ')
			memmove(p, p + 2, strlen(p + 2) + 1), *p = ' ';
	doc_release(&doc);
}

static void says(const char *words)
{
	ck_assert_msg(strstr(told.buf, words) != NULL, "%s: '%s' is not in: %s", name, words,
		      told.buf);
}

static void never_says(const char *words)
{
	ck_assert_msg(strstr(told.buf, words) == NULL, "%s: '%s' is in: %s", name, words, told.buf);
}

/* Words that acquit the OOM killer, none of which may stand beside one of its kills. */
static void acquits_nobody(void)
{
	static const char *const acquittals[] = {
		"It survived",	    "had no part in it",  "OOM killer is to blame",
		"obody was killed", "not the OOM killer", "counted no OOM kill",
		"did not rise",	    "holds no kill line",
	};

	for (size_t i = 0; i < ARRAY_SIZE(acquittals); i++)
		never_says(acquittals[i]);
}

static bool has_kill_line(const struct combination *c)
{
	return c->sight != NO_LOG && c->victims != NOBODY;
}

/* What a sentence needs, wherever it stands. */
static void check_conditions(const struct combination *c)
{
	if (kills_one_of_the_run(c) && c->sight != NO_LOG && c->sight != NO_PIDS) {
		acquits_nobody();
		never_says("holds no account");
	}
	if (c->sight == NO_LOG && kills_one_of_the_run(c) && c->victims != LEFT_AND_KILLED)
		acquits_nobody();
	if (c->sight == NO_PIDS && has_kill_line(c)) {
		never_says("It survived. At most");
		never_says("had no part in it");
		never_says("OOM killer is to blame");
		never_says("obody was killed");
		never_says("not the OOM killer: somebody");
	}
	if (conclusion.outcome == OUTCOME_SURVIVED && c->sight == NO_PIDS && has_kill_line(c))
		says("It survived. Whether the OOM killer killed a process of this run is not");
	if (c->sight == WHOLE)
		never_says("Whether the OOM killer killed");
	if (!ends[c->end] || strcmp(ends[c->end], SIGKILLED) != 0)
		never_says("the process died of SIGKILL");
	if (!stops[c->stop])
		never_says("oomlab stopped it");
	if (!stops[c->stop] || strcmp(stops[c->stop], "timeout") != 0)
		never_says("at its timeout");
	if (conclusion.outcome == OUTCOME_OOM_KILLED && ends[c->end] &&
	    strcmp(ends[c->end], SIGKILLED) != 0)
		says("all the same");
	else
		never_says("all the same");
	if (c->victims != GROUP_OF_ALL)
		never_says("memory.oom.group");
	if (c->victims == LEFT_AND_KILLED)
		never_says("past the limit of 32 MiB");
	else
		never_says("left the run's cgroup");
	if (c->victims == NOBODY || c->victims == STRANGER)
		never_says("killed by the OOM killer");
}

static bool is_stopped_by_escape(const struct combination *c)
{
	return stops[c->stop] && !strcmp(stops[c->stop], "escape");
}

/* The outcome that a person would name. */
static void check_outcome(const struct combination *c)
{
	bool is_livelock = stops[c->stop] && !strcmp(stops[c->stop], "livelock");

	if (c->sight != WHOLE || is_stopped_by_escape(c) || is_livelock)
		return;
	if (kills_target(c))
		ck_assert_msg(conclusion.outcome == OUTCOME_OOM_KILLED, "%s: %s", name, told.buf);
	else if (kills_one_of_the_run(c))
		ck_assert_msg(conclusion.outcome == OUTCOME_CHILD_OOM_KILLED, "%s: %s", name,
			      told.buf);
	else
		ck_assert_msg(conclusion.outcome != OUTCOME_CHILD_OOM_KILLED &&
				      conclusion.outcome != OUTCOME_OOM_KILLED,
			      "%s: %s", name, told.buf);
	if (conclusion.outcome != OUTCOME_CHILD_OOM_KILLED)
		return;
	says(c->victims == CHILDREN ? "killed 5 processes of this run" : "hog (pid 101)");
	says("he program itself");
	if (stops[c->stop] && !strcmp(stops[c->stop], "timeout"))
		says("The program itself did not end; oomlab stopped it");
	if (c->victims == LEFT_AND_KILLED)
		says("left the run's cgroup for /side");
	if (c->victims == NESTED)
		says("a cgroup below the run's own: memory.max of " OWN "/kid is");
}

/* A gate passes `survived` only where nobody can have been killed. */
static void check_gate(const struct combination *c)
{
	bool may_hide = kills_one_of_the_run(c) || (c->victims == STRANGER && c->sight == NO_PIDS);

	if (!may_hide || (c->victims == LEFT_AND_KILLED && c->sight == NO_PIDS))
		return;
	ck_assert_msg(conclusion.verdict != VERDICT_PASS, "%s: passed: %s", name, told.buf);
}

static void try_one(const struct combination *c)
{
	snprintf(name, sizeof(name), "victims %d, sight %d, %s, %s", (int)c->victims, (int)c->sight,
		 stops[c->stop] ? stops[c->stop] : "not stopped",
		 ends[c->end] ? ends[c->end] : "no end");
	make(c);
	tell();
	check_conditions(c);
	check_outcome(c);
	finish();
	make(c);
	add("{\"ev\":\"spec\",\"memory_max\":33554432,\"expect\":{\"outcome\":\"survived\"}}");
	tell();
	check_gate(c);
	finish();
}

START_TEST(every_combination_says_only_what_it_shows)
{
	struct combination c = {.victims = (enum victims)_i};

	for (c.sight = WHOLE; c.sight < SIGHTS; c.sight++)
		for (c.stop = 0; c.stop < ARRAY_SIZE(stops); c.stop++)
			for (c.end = 0; c.end < ARRAY_SIZE(ends); c.end++)
				try_one(&c);
	strbuf_release(&told);
}
END_TEST

static TCase *combinations(void)
{
	TCase *t = tcase_create("combinations");

	tcase_add_loop_test(t, every_combination_says_only_what_it_shows, NOBODY, STRANGER + 1);
	tcase_set_timeout(t, 300);
	return t;
}

int main(void)
{
	TCase *const cases[] = {combinations()};

	return suite_run("outcomes", cases, ARRAY_SIZE(cases));
}
