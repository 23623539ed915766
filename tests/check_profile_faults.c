/*
 * The touch profile by page faults alone: huge pages told from small ones, the estimate, and the
 * whole of it on a child of a user without privilege.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profile/fault_blocks.h"
#include "profile/profile.h"
#include "report/touches.h"
#include "suite.h"

#define ONE_MIB ((size_t)1 << 20)
#define NOBODY	65534

static void fault(struct fault_blocks *blocks, struct profile_row *row, uint64_t address)
{
	const struct perf_event event = {
		.kind = EVENT_FAULT, .pid = 1, .period = 8, .address = address};

	row->faults += 8;
	fault_blocks_add(blocks, &event, row);
}

START_TEST(one_fault_in_a_block_is_alone)
{
	struct fault_blocks blocks = {0};
	struct profile_row *row = calloc(1, sizeof(*row)), *other = calloc(1, sizeof(*other));

	fault(&blocks, row, 16 * ONE_MIB);
	fault(&blocks, row, 18 * ONE_MIB);
	ck_assert_int_eq(row->lone, 16);
	fault(&blocks, other, 18 * ONE_MIB + 4096);
	ck_assert_int_eq(row->lone, 8);
	ck_assert_int_eq(other->lone, 0);
	fault(&blocks, other, 18 * ONE_MIB + 8192);
	ck_assert_int_eq(row->lone, 8);
	fault_blocks_release(&blocks);
	free(row);
	free(other);
}
END_TEST

START_TEST(a_huge_page_needs_all_of_its_room)
{
	static struct address_spaces spaces;
	struct perf_event event = {.kind = EVENT_MAP,
				   .pid = 1,
				   .start = 3 * ONE_MIB,
				   .len = 6 * ONE_MIB,
				   .path = "//anon"};

	address_space_map(&spaces, &event);
	ck_assert(!fault_blocks_can_be_huge(&spaces, 1, 3 * ONE_MIB));
	ck_assert(fault_blocks_can_be_huge(&spaces, 1, 4 * ONE_MIB));
	ck_assert(fault_blocks_can_be_huge(&spaces, 1, 8 * ONE_MIB - 1));
	ck_assert(!fault_blocks_can_be_huge(&spaces, 1, 8 * ONE_MIB));
	ck_assert(!fault_blocks_can_be_huge(&spaces, 2, 4 * ONE_MIB));
	event.path = "/lib/x.so";
	address_space_map(&spaces, &event);
	ck_assert(!fault_blocks_can_be_huge(&spaces, 1, 4 * ONE_MIB));
	address_space_release(&spaces);
}
END_TEST

START_TEST(blocks_are_bounded)
{
	struct fault_blocks blocks = {0};
	struct profile_row *row = calloc(1, sizeof(*row));

	for (uint64_t i = 0; i < 2 * BLOCKS_MAX; i++)
		fault(&blocks, row, i * 2 * ONE_MIB);
	ck_assert_uint_eq(blocks.count, BLOCKS_MAX);
	ck_assert_int_eq(row->lone, 8 * BLOCKS_MAX);
	fault(&blocks, row, UINT64_MAX);
	fault_blocks_release(&blocks);
	free(row);
}
END_TEST

#define HEAD                                                                                     \
	"{\"ev\":\"run\",\"page_size\":4096}\n"                                                  \
	"{\"ev\":\"start\",\"t\":1,\"pid\":5}\n"                                                 \
	"{\"ev\":\"source\",\"name\":\"touch profile\",\"open\":true,\"why\":\"page faults\"}\n" \
	"{\"ev\":\"mapping\",\"id\":1,\"pid\":5,\"what\":\"file\"}\n"                            \
	"{\"ev\":\"mapping\",\"id\":2,\"pid\":5,\"what\":\"anonymous\",\"bytes\":9}\n"
#define TOUCH(rest) "{\"ev\":\"touch\",\"pid\":5,\"samples\":1," rest "}\n"
#define SAMPLE(thp, rss, peak) \
	"{\"ev\":\"sample\",\"t\":9,\"anon_thp\":" thp ",\"rss\":" rss ",\"peak\":" peak "}\n"

static struct record record;
static struct touches touches;

static void gather(const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(record_load_memory(text, strlen(text), &record, &err), 0);
	touches_gather(&record, &touches);
}

static void drop(void)
{
	touches_release(&touches);
	record_release(&record);
}

START_TEST(small_pages_count_as_pages)
{
	gather(HEAD SAMPLE("0", "1000000", "1000000")
		       TOUCH("\"faults\":10,\"lone\":10,\"mapping\":2,\"stack\":\"+1\"")
			       TOUCH("\"faults\":3,\"mapping\":1,\"stack\":\"+2\""));
	ck_assert_uint_eq(touches.count, 2);
	ck_assert_int_eq(touches.lines[0].bytes, 40960);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_STORE);
	ck_assert_int_eq(touches.lines[1].kind, TOUCH_FILE);
	ck_assert_int_eq(touches_anon_of(&record, 5), ABSENT);
	drop();
}
END_TEST

START_TEST(huge_pages_count_as_such_where_they_were_in_use)
{
	gather(HEAD SAMPLE("2097152", "20000000", "30000000")
		       TOUCH("\"faults\":10,\"lone\":10,\"mapping\":2,\"stack\":\"+1\""));
	ck_assert_int_eq(touches.total, 20971520);
	drop();
	/* Far from what was resident: made to fit. */
	gather(HEAD SAMPLE("2097152", "1", "12582912")
		       TOUCH("\"faults\":10,\"lone\":10,\"mapping\":2,\"stack\":\"+1\""));
	ck_assert_int_ge(touches.total, 12582910);
	ck_assert_int_le(touches.total, 12582912);
	drop();
	/* So much is not made up. */
	gather(HEAD SAMPLE("2097152", "1073741824", "1073741824")
		       TOUCH("\"faults\":10,\"lone\":10,\"mapping\":2,\"stack\":\"+1\""));
	ck_assert_int_eq(touches.total, 2 * 20971520);
	drop();
}
END_TEST

#define ENDED(current, peak)                                                       \
	"{\"ev\":\"sample\",\"t\":9,\"anon_thp\":0,\"rss\":1,\"current\":" current \
	",\"peak\":" peak "}\n"
#define TEN_ALONE TOUCH("\"faults\":10,\"lone\":10,\"mapping\":2,\"stack\":\"+1\"")

/* No sample while it ran: the highest charge, and what stayed of it, tell. */
static const struct {
	const char *text;
	int64_t total;
} brief[] = {
	{HEAD ENDED("163840", "21233664") TEN_ALONE, 20971520},
	{HEAD ENDED("163840", "250000") TEN_ALONE, 40960},   /* small pages explain it */
	{HEAD ENDED("163840", "90000000") TEN_ALONE, 40960}, /* neither do: not made up */
	{HEAD ENDED("163840", "9000000") TEN_ALONE, 40960},
	{HEAD ENDED("21000000", "21233664") TEN_ALONE, 40960}, /* page cache, which stays */
	{HEAD "{\"ev\":\"sample\",\"t\":9,\"anon_thp\":0,\"rss\":1}\n" TEN_ALONE, 40960},
};

START_TEST(huge_pages_of_a_brief_run_are_known_by_its_peak)
{
	gather(brief[_i].text);
	ck_assert_int_eq(touches.total, brief[_i].total);
	drop();
}
END_TEST

START_TEST(more_alone_than_there_are_is_survived)
{
	gather(HEAD SAMPLE("2097152", "1", "1")
		       TOUCH("\"faults\":1,\"lone\":1000000000000000000,\"stack\":"
			     "\"\"") TOUCH("\"lone\":5,\"stack\":\"+1\""));
	ck_assert_int_le(touches.total, 2097152);
	drop();
}
END_TEST

/* The child: 24 MiB in small pages. */
static int touch_memory(void)
{
	char *p = mmap(NULL, 24 * ONE_MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED || madvise(p, 24 * ONE_MIB, MADV_NOHUGEPAGE))
		return 1;
	for (size_t i = 0; i < 24 * ONE_MIB; i += 4096)
		*(volatile char *)(p + i) = 1;
	return 0;
}

static pid_t start_at_gate(int gate[2])
{
	pid_t pid;
	char byte;

	if (pipe(gate))
		return -1;
	pid = fork();
	if (pid)
		return pid;
	close(gate[1]);
	if (read(gate[0], &byte, 1) == 1)
		execl("/proc/self/exe", "check_profile_faults", "profile", NULL);
	_exit(1);
}

/* Writes the record to `fd`. 2: may not be opened here. */
static int profile_as_nobody(int fd)
{
	struct record_writer w;
	struct profile *profile;
	char why[256] = "";
	int gate[2], status;
	pid_t pid, ended;

	/* Who changes users may not be looked at otherwise. */
	if (setgid(NOBODY) || setuid(NOBODY) || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
		return 1;
	pid = start_at_gate(gate);
	profile = pid < 0 ? NULL : profile_open(pid, false, why, sizeof(why));
	if (!profile || write(gate[1], "g", 1) != 1)
		return profile ? 1 : 2;
	while (!(ended = waitpid(pid, &status, WNOHANG))) {
		struct pollfd ready = {.fd = profile_fd(profile), .events = POLLIN};

		poll(&ready, 1, 10);
		profile_drain(profile);
	}
	if (ended != pid || status)
		return 1;
	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.id = "r", .page_size = 4096});
	record_put_start(&w, 1, pid, NULL);
	record_put_source(&w, "touch profile", true, why);
	profile_drain(profile);
	profile_write(profile, &w);
	profile_free(profile);
	return w.failed;
}

static int run_as_nobody(int fd)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(profile_as_nobody(fd));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* What the line that touches 24 MiB is told to have touched. */
static int64_t bytes_as_nobody(void)
{
	struct err err = ERR_INIT;
	char text[1 << 16];
	int fd = memfd_create("record", MFD_CLOEXEC);
	ssize_t len;
	int64_t bytes;

	ck_assert_int_eq(run_as_nobody(fd), 0);
	len = pread(fd, text, sizeof(text), 0);
	close(fd);
	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(record_load_memory(text, (size_t)len, &record, &err), 0);
	ck_assert_ptr_nonnull(strstr(touches_lack(&record), "page faults alone; "));
	touches_gather(&record, &touches);
	ck_assert_int_eq(touches.lines[0].kind, TOUCH_STORE);
	bytes = touches.lines[0].bytes;
	drop();
	return bytes;
}

/* The best of three: a reader that gets no processor sees few samples. */
START_TEST(a_user_without_privilege_has_it)
{
	const int64_t most = 24 * ONE_MIB / 100 * 105, least = 24 * ONE_MIB / 100 * 95;
	int64_t bytes = 0;

	for (int i = 0; i < 3 && (bytes < least || bytes > most); i++)
		bytes = bytes_as_nobody();
	ck_assert_int_ge(bytes, least);
	ck_assert_int_le(bytes, most);
}
END_TEST

static const char *why_not_as_nobody(void)
{
	int fd, status;

	if (getuid())
		return "needs root, to become somebody else";
	fd = memfd_create("record", MFD_CLOEXEC);
	status = run_as_nobody(fd);
	close(fd);
	return status == 2 ? "perf_event_open(2) is not for users here" : NULL;
}

static TCase *tests(void)
{
	TCase *tcase = tcase_create("profile_faults");
	const char *why = why_not_as_nobody();

	tcase_add_test(tcase, one_fault_in_a_block_is_alone);
	tcase_add_test(tcase, a_huge_page_needs_all_of_its_room);
	tcase_add_test(tcase, blocks_are_bounded);
	tcase_add_test(tcase, small_pages_count_as_pages);
	tcase_add_test(tcase, huge_pages_count_as_such_where_they_were_in_use);
	tcase_add_loop_test(tcase, huge_pages_of_a_brief_run_are_known_by_its_peak, 0,
			    sizeof(brief) / sizeof(brief[0]));
	tcase_add_test(tcase, more_alone_than_there_are_is_survived);
	if (why)
		suite_skip("the profile of a user without privilege", why);
	else
		tcase_add_test(tcase, a_user_without_privilege_has_it);
	return tcase;
}

int main(int argc, char **argv)
{
	TCase *cases[1];

	if (argc > 1 && !strcmp(argv[1], "profile"))
		return touch_memory();
	cases[0] = tests();
	return suite_run("profile_faults", cases, 1);
}
