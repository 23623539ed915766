/* The table of a touch profile as lines of a record: what does not fit is merged, never lost. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "profile/profile_write.h"
#include "record/query.h"
#include "record/record.h"
#include "suite.h"

static struct profile_table table;
static struct record record;

static void add(const struct unwind_frame *frames, size_t depth, int64_t bytes)
{
	const struct profile_key key = {.pid = 5, .frames = frames, .depth = depth};
	struct profile_row *row = profile_table_row(&table, &key);

	row->samples++;
	row->gained[RSS_ANON] += bytes;
}

static void put_and_load(void)
{
	struct err err = ERR_INIT;
	struct record_writer w;
	char path[64];
	int fd = memfd_create("record", MFD_CLOEXEC);

	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.id = "put", .page_size = 4096});
	profile_write_rows(&table, &w);
	ck_assert(!w.failed);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(record_load(path, &record, &err), 0);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	profile_table_release(&table);
	close(fd);
}

/* Bytes of the lines whose stack begins so; "": of those without one. */
static int64_t bytes_of(const char *start)
{
	int64_t sum = 0;

	for (size_t i = 0; i < record.touch_count; i++) {
		const char *stack = record.touches[i].stack ? record.touches[i].stack : "";

		if (*start ? !strncmp(stack, start, strlen(start)) : !*stack)
			sum += record.touches[i].anon;
	}
	return sum;
}

/* As a compiler's: few functions touch, called in thousands of ways. */
START_TEST(rows_that_do_not_fit_keep_their_innermost_frames)
{
	struct unwind_frame frames[20] = {{0, 0x10}};

	for (uint64_t i = 0; i < 3000; i++) {
		frames[0].offset = 0x10 + i % 2;
		frames[15].offset = i;
		add(frames, 20, 4096);
	}
	put_and_load();
	ck_assert_int_eq(bytes_of("0+10 "), 1500 * 4096);
	ck_assert_int_eq(bytes_of("0+11 "), 1500 * 4096);
	ck_assert_int_eq(bytes_of(""), 0);
	ck_assert_uint_eq(record.touch_count, 1002);
	record_release(&record);
}
END_TEST

START_TEST(what_is_still_too_much_is_one_row)
{
	struct unwind_frame frame = {0, 0};

	for (uint64_t i = 0; i < 5000; i++) {
		frame.offset = i + 1;
		add(&frame, 1, 4096);
	}
	put_and_load();
	ck_assert_uint_eq(record.touch_count, 4001);
	ck_assert_int_eq(bytes_of("0+"), 4000 * 4096);
	ck_assert_int_eq(bytes_of(""), 1000 * 4096);
	record_release(&record);
}
END_TEST

static TCase *tests(void)
{
	TCase *const tcase = tcase_create("profile_write");

	tcase_add_test(tcase, rows_that_do_not_fit_keep_their_innermost_frames);
	tcase_add_test(tcase, what_is_still_too_much_is_one_row);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("profile_write", cases, sizeof(cases) / sizeof(cases[0]));
}
