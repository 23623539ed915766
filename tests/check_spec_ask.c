/*
 * check_spec_ask.c - programs that are asked for their declaration, also those that have none.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/spec.h"
#include "suite.h"

static struct err err;

/* A program that does not declare itself, and what is said about it. */
static const struct {
	const char *script, *says;
} programs[] = {
	{"echo '{\"name\": \"named\", \"expect\": {\"outcome\": \"survived\"}}'", NULL},
	{"echo '{}'", "declares no name of small letters, digits and '-'"},
	{"echo '{\"name\": \"a/named\"}'", "declares no name of small letters, digits and '-'"},
	{"printf '{\"name\": \"%s\"}' \"$1\"", "declares the name of another, '--spec'"},
	{"echo '{\"name\": \"named\"}'", "declares no expected outcome"},
	{"echo '{\"name\": \"named\", \"expect\": {\"victim\": \"self\"}}'",
	 "declares no expected outcome"},
	{"echo garbage", "does not print a declaration"},
	{"echo '{\"memory_max\": \"lots\"}'", "declares 'memory_max' in a way"},
	{":", "does not print a declaration"},
	{"exit 3", "printed no declaration; it ended with status 3"},
	{"echo '{}'; exit 1", "printed no declaration; it ended with status 1"},
	{"kill -SEGV $$", "printed no declaration; signal 11 ended it"},
	{"yes", "printed no declaration; it printed more than 64 KiB"},
	{"exec sleep 100", "printed no declaration; it was stopped after 5 s"},
	{"echo '{}'; exec >&- sleep 100", "printed no declaration; it was stopped after 5 s"},
	{"echo '{}'; trap '' TERM HUP INT; while :; do sleep 1; done",
	 "printed no declaration; it was stopped after 5 s"},
};

START_TEST(asks_a_program)
{
	char dir[] = "/tmp/oomlab-check-spec-XXXXXX";
	_cleanup_free_ char *path = text_format("%s/named", mkdtemp(dir));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	_cleanup_free_ char *text = text_format("#!/bin/sh\n%s\n", programs[_i].script);
	struct spec s;
	int64_t started = io_now_ns();
	int r;

	ck_assert_int_eq(io_write_all(fd, text, strlen(text)), 0);
	close(fd);
	r = spec_ask_program(path, &s, &err);
	unlink(path);
	rmdir(dir);
	ck_assert_int_lt(io_now_ns() - started, INT64_C(60000000000));
	if (!programs[_i].says) {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(s.name, "named");
	} else {
		ck_assert_int_eq(r, -1);
		ck_assert_int_eq(err.status, EXIT_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, programs[_i].says));
		ck_assert_ptr_nonnull(strstr(err.text, path));
	}
	spec_release(&s);
}
END_TEST

START_TEST(asks_no_program)
{
	struct spec s;

	ck_assert_int_eq(spec_ask_program("/none", &s, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_str_eq(err.text, "'/none --spec' printed no declaration; it cannot be run: "
				   "No such file or directory");
	spec_release(&s);
}
END_TEST

static TCase *ask_case(void)
{
	TCase *tc = tcase_create("ask");

	tcase_set_timeout(tc, 90);
	tcase_add_loop_test(tc, asks_a_program, 0, (int)ARRAY_SIZE(programs));
	tcase_add_test(tc, asks_no_program);
	return tc;
}

int main(void)
{
	return suite_run("spec_ask", (TCase *const[]){ask_case()}, 1);
}
