/* check_tally.c - the summary of several runs: what is known is counted, the rest is told. */
#include "run/tally.h"
#include "suite.h"
#include "verdict_helpers.h"

static struct tally tally;

/* A run that ended so long after its gate, at 2 ns, with that peak; 0: none is known. */
static void ran(const char *how, long long ended_ns, long long peak)
{
	begin();
	if (peak)
		add("{\"ev\":\"sample\",\"t\":3,\"current\":1,\"peak\":%lld}", peak);
	add("{\"ev\":\"exit\",\"t\":%lld,\"pid\":%d,\"target\":true,%s}", ended_ns + 2, TARGET,
	    how);
	counted(0, 0, 0);
	end();
	tally_add(&tally, &record, &conclusion);
	finish();
}

static char *printed(void)
{
	char *out = NULL;
	size_t size;
	FILE *to = open_memstream(&out, &size);

	tally_print(&tally, "x\033y", to);
	fclose(to);
	return out;
}

static void clear(void)
{
	memset(&tally, 0, sizeof(tally));
}

START_TEST(runs_are_summed_up)
{
	_cleanup_free_ char *out = NULL;

	ran("\"status\":0", 100000000, 1048576);
	ran("\"status\":3", 300000000, 3145728);
	ran("\"status\":0", 200000000, 0);
	out = printed();
	ck_assert_str_eq(out, "\nx?y, 3 runs: survived 2 of 3, failed 1 of 3\n"
			      "  peak               1 MiB to 3 MiB, mean 2 MiB (known in 2)\n"
			      "  start to end       100 ms to 300 ms, mean 200 ms\n");
}
END_TEST

START_TEST(each_run_is_a_line)
{
	_cleanup_free_ char *out = NULL;
	size_t size;
	FILE *to = open_memstream(&out, &size);

	begin();
	add("{\"ev\":\"sample\",\"t\":3,\"current\":1,\"peak\":1048576}");
	add("{\"ev\":\"exit\",\"t\":100000002,\"pid\":%d,\"target\":true,\"status\":0}", TARGET);
	end();
	tally_add(&tally, &record, &conclusion);
	tally_print_run(&tally, 3, "survived", &record, "reports/x", to);
	finish();
	begin();
	end();
	tally_add(&tally, &record, &conclusion);
	tally_print_run(&tally, 3, "cut short", &record, "reports/y", to);
	finish();
	fclose(to);
	ck_assert_str_eq(out, "1 of 3: survived; peak 1 MiB; 100 ms; reports/x\n"
			      "2 of 3: cut short; reports/y\n");
}
END_TEST

START_TEST(what_ends_in_kills_is_timed_to_the_kill)
{
	_cleanup_free_ char *out = NULL;

	for (int i = 0; i < 2; i++) {
		begin();
		oom(OWN, OWN, TARGET);
		add("{\"ev\":\"exit\",\"t\":100000002,\"pid\":%d,\"target\":true,\"signal\":9}",
		    TARGET);
		counted(0, 1, 1);
		end();
		tally_add(&tally, &record, &conclusion);
		finish();
	}
	out = printed();
	ck_assert_ptr_nonnull(strstr(out, "  start to kill      100 ms to 100 ms"));
	ran("\"status\":0", 100000000, 0);
	free(out);
	out = printed();
	ck_assert_ptr_nonnull(strstr(out, "  start to end       100 ms to 100 ms"));
}
END_TEST

START_TEST(one_run_is_no_summary)
{
	_cleanup_free_ char *out = NULL;

	ran("\"status\":0", 100000000, 1048576);
	out = printed();
	ck_assert_str_eq(out, "");
}
END_TEST

static TCase *tallies(void)
{
	TCase *t = tcase_create("tally");

	tcase_add_checked_fixture(t, clear, NULL);
	tcase_add_test(t, runs_are_summed_up);
	tcase_add_test(t, each_run_is_a_line);
	tcase_add_test(t, what_ends_in_kills_is_timed_to_the_kill);
	tcase_add_test(t, one_run_is_no_summary);
	return t;
}

int main(void)
{
	TCase *const cases[] = {tallies()};

	return suite_run("tally", cases, ARRAY_SIZE(cases));
}
