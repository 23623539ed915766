/*
 * check_container_option.c - options for an engine that would take the run out of the lab's hands
 * are refused with a way out, in every way they can be written; others pass.
 */
#include <string.h>

#include "launch/container/container_option.h"
#include "suite.h"

static const struct {
	const char *option, *says; /* NULL: passes */
} options[] = {
	{"--name=x", "oomlab names the container"},
	{"--name", "oomlab names the container"},
	{"--rm", "removes the container itself"},
	{"--rm=true", "removes the container itself"},
	{"--restart=always", "a report is of one life"},
	{"--restart=unless-stopped", "a report is of one life"},
	{"--restart=on-failure:3", "a report is of one life"},
	{"--restart", "a report is of one life"},
	{"--restart=no", NULL},
	{"--memory=64m", "use --memory of oomlab run"},
	{"-m64m", "use --memory of oomlab run"},
	{"-itm64m", "use --memory of oomlab run"},
	{"-m", "use --memory of oomlab run"},
	{"--memory-swap=-1", "use --swap of oomlab run"},
	{"--oom-score-adj=5", "use --oom-score-adj of oomlab run"},
	{"--entrypoint=sh", "go behind '--'"},
	{"--pull=always", "get the image first"},
	{"--pull=never", NULL},
	{"--pod=new:x", "remove the pod"},
	{"--help", "docker run --help"},
	{"foo", "does not begin with '-'"},
	{"", "does not begin with '-'"},
	{"-", "is no option"},
	{"--", "is no option"},
	{"--memory-reservation=1m", NULL},
	{"--memory-swappiness=0", NULL},
	{"--oom-kill-disable", NULL},
	{"--name-of-some-day=x", NULL},
	{"-t", NULL},
	{"-Pt", NULL},
	{"-i", "no input under oomlab"},
	{"-it", "no input under oomlab"},
	{"-ti", "no input under oomlab"},
	{"--interactive", "no input under oomlab"},
	{"--interactive=false", NULL},
	{"-d", "to its end"},
	{"-td", "to its end"},
	{"--detach=true", "to its end"},
	{"--detach-keys=ctrl-x", NULL},
	{"-astdin", "no input under oomlab"},
	{"--attach=stdin", "no input under oomlab"},
	{"--cidfile=/x", "has one of its own"},
	{"-eA=m", NULL},
	{"-v/a:/m:ro", NULL},
	{"-hm", NULL},
	{"--pid=host", NULL},
	{"--env=--rm", NULL},
};

START_TEST(options_are_the_engine_s_or_refused)
{
	struct err err = ERR_INIT;
	int r = container_option_check(options[_i].option, &err);

	if (!options[_i].says) {
		ck_assert_msg(!r, "%s: %s", options[_i].option, err.text);
		return;
	}
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, options[_i].says), "%s", err.text);
}
END_TEST

START_TEST(hostile_options_make_one_line)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(container_option_check("--name=\n\x1b[31mx", &err), -1);
	ck_assert_ptr_null(strpbrk(err.text, "\n\x1b"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("container_option");

	tcase_add_loop_test(tc, options_are_the_engine_s_or_refused, 0,
			    sizeof(options) / sizeof(options[0]));
	tcase_add_test(tc, hostile_options_make_one_line);
	return suite_run("container_option", (TCase *const[]){tc}, 1);
}
