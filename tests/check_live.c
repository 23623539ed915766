/*
 * check_live.c - the one line on the terminal, byte for byte, on a pseudo terminal; nothing at all
 * where there is none.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/terminal.h"
#include "run/live.h"
#include "suite.h"

static struct live live;
static int screen; /* the other end of stderr */

static void open_screen(void)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 100};
	int tty;

	ck_assert_int_eq(openpty(&screen, &tty, NULL, NULL, &size), 0);
	ck_assert_int_eq(dup2(tty, STDERR_FILENO), STDERR_FILENO);
	close(tty);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
}

/* What has been written since, without the time. */
static const char *shown(void)
{
	static char text[4096];
	struct pollfd p = {.fd = screen, .events = POLLIN};
	size_t len = 0;

	while (len < sizeof(text) - 1 && poll(&p, 1, 50) > 0) {
		ssize_t n = read(screen, text + len, sizeof(text) - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

/* Draws whatever the time of the last drawing. */
static const char *redrawn(void)
{
	live.drawn_ns = 0;
	live_update(&live);
	return shown();
}

static void tell(const char *line)
{
	live_record_line(&live, line, strlen(line));
}

START_TEST(shows_the_run_as_it_goes)
{
	open_screen();
	live_start(&live, "memset-2g", false);
	ck_assert(live.is_on);
	live_stage(&live, "booting");
	ck_assert_str_eq(shown(), "\r\033[Kmemset-2g  0.0 s  booting");
	tell("{\"ev\":\"cgroup\",\"level\":0,\"memory_max\":536870912}");
	tell("{\"ev\":\"gate\",\"t_ns\":1}");
	tell("{\"ev\":\"sample\",\"t_ns\":2,\"current\":327155712}");
	ck_assert_ptr_nonnull(strstr(redrawn(), "  running: 312 of 512 MiB"));
	tell("{\"ev\":\"mark\",\"what\":\"oom_kill\",\"value\":1}");
	tell("{\"ev\":\"exit\",\"pid\":5}");
	ck_assert_ptr_nonnull(strstr(redrawn(), "  ended: 312 of 512 MiB, killed"));
	shown();
	live_end(&live);
	ck_assert_str_eq(shown(), "\r\033[K");
	live_end(&live);
	ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(draws_ten_times_a_second_at_most)
{
	open_screen();
	live_start(&live, "x", false);
	live_stage(&live, "running");
	shown();
	live_stage(&live, "running");
	for (int i = 0; i < 1000; i++)
		live_update(&live);
	ck_assert_uint_le(strlen(shown()), 4 * strlen("\r\033[Kx  0.0 s  running"));
}
END_TEST

START_TEST(hostile_names_do_not_reach_the_terminal)
{
	open_screen();
	live_start(&live, "\x1b[2J\n\xff a very long name that goes on and on and on and on",
		   false);
	live_stage(&live, "running");
	ck_assert_str_eq(shown(),
			 "\r\033[K?[2J?? a very long name that goes on and  0.0 s  running");
	/* A cut, unterminated or silly line is no harm. */
	live_record_line(&live, "{\"ev\":\"sample\",\"current\":123", 5);
	tell("{\"ev\":\"sample\",\"current\":\"x\"}");
	tell("{\"ev\":\"sample\",\"current\":-5}");
	tell("");
	ck_assert_int_eq(live.current_bytes, -1);
}
END_TEST

static const struct {
	const char *term, *no_color;
	bool quiet, is_on;
} terminals[] = {
	{"xterm", NULL, false, true}, {"xterm", "", false, true}, {"xterm", "1", false, true},
	{"dumb", NULL, false, false}, {NULL, NULL, false, false}, {"xterm", NULL, true, false},
};

START_TEST(is_silent_where_it_must_be)
{
	open_screen();
	if (terminals[_i].term)
		setenv("TERM", terminals[_i].term, 1);
	else
		unsetenv("TERM");
	if (terminals[_i].no_color)
		setenv("NO_COLOR", terminals[_i].no_color, 1);
	live_start(&live, "x", terminals[_i].quiet);
	live_stage(&live, "running");
	live_end(&live);
	ck_assert_int_eq(shown()[0] != '\0', terminals[_i].is_on);
	ck_assert_int_eq(terminal_columns(stderr), 100);
}
END_TEST

START_TEST(a_file_is_no_terminal)
{
	FILE *file = tmpfile();

	setenv("TERM", "xterm", 1);
	ck_assert(!terminal_has_colour(file));
	ck_assert_int_eq(terminal_columns(file), 80);
	fclose(file);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("live");

	tcase_add_test(tc, shows_the_run_as_it_goes);
	tcase_add_test(tc, draws_ten_times_a_second_at_most);
	tcase_add_test(tc, hostile_names_do_not_reach_the_terminal);
	tcase_add_loop_test(tc, is_silent_where_it_must_be, 0, (int)ARRAY_SIZE(terminals));
	tcase_add_test(tc, a_file_is_no_terminal);
	return suite_run("live", (TCase *const[]){tc}, 1);
}
