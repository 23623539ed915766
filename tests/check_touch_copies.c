/*
 * Copies after a fork, told from samples of growth and of page faults. A model lets processes touch
 * pages and samples both as the kernel does: every so many events, what came since counted to the
 * last. What was copied is known from the model alone.
 */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "report/touches.h"
#include "suite.h"

enum { PAGE = 4096, MIB_PAGES = 256, LINES = 6, PROCESSES = 64, FIRST_PID = 100 };

/* What a page costs. */
enum page { PAGE_NEW, PAGE_COPIED, PAGE_POPULATED, PAGE_FILE_WRITTEN };

static struct model {
	struct process {
		bool has_forked;
		int inherited; /* pages it is taken to have been forked with */
		struct {
			int grown, shared, faults, samples, copied; /* pages; copied: truth */
			int mapping;				    /* 0: not known */
		} lines[LINES];
		int growth_since, faults_since; /* the last sample of each */
	} processes[PROCESSES];
	int count;
	int growth_period, fault_period;
	const char *mappings; /* of the record */
} model;

static struct record record;
static struct touches touches;

static void begin(int growth_period, int fault_period)
{
	memset(&model, 0, sizeof(model));
	model.growth_period = growth_period;
	model.fault_period = fault_period;
	model.mappings = "";
}

static struct process *add_process(bool has_forked, int inherited)
{
	struct process *p = &model.processes[model.count++];

	p->has_forked = has_forked;
	p->inherited = inherited;
	/* Nobody is in step with the samples. */
	p->growth_since = model.count * 7 % model.growth_period;
	p->faults_since = model.count * 13 % model.fault_period;
	return p;
}

static void touch_pages(struct process *p, int line, enum page what, int pages)
{
	for (int i = 0; i < pages; i++) {
		p->growth_since += what == PAGE_NEW || what == PAGE_POPULATED;
		p->faults_since += what != PAGE_POPULATED;
		p->lines[line].copied += what == PAGE_COPIED;
		if (p->growth_since >= model.growth_period) {
			p->lines[line].grown += p->growth_since;
			p->lines[line].samples++;
			p->growth_since = 0;
		}
		if (p->faults_since >= model.fault_period) {
			p->lines[line].faults += p->faults_since;
			p->lines[line].samples++;
			p->faults_since = 0;
		}
	}
}

/* A number that is nothing is left out, as it is in a record. */
static void put(struct strbuf *text, const char *name, int value)
{
	if (value)
		strbuf_printf(text, ",\"%s\":%d", name, value);
}

static void write_process(const struct process *p, int pid, struct strbuf *text)
{
	strbuf_printf(text, "{\"ev\":\"resident\",\"pid\":%d", pid);
	put(text, "inherited", p->inherited * PAGE);
	strbuf_printf(text, ",\"forked\":%s}\n", p->has_forked ? "true" : "false");
	for (int i = 0; i < LINES; i++) {
		if (!p->lines[i].samples)
			continue;
		strbuf_printf(text, "{\"ev\":\"touch\",\"pid\":%d,\"stack\":\"0+%d\"", pid, i + 1);
		put(text, "anon", p->lines[i].grown * PAGE);
		put(text, "shmem", p->lines[i].shared * PAGE);
		put(text, "faults", p->lines[i].faults);
		put(text, "samples", p->lines[i].samples);
		put(text, "mapping", p->lines[i].mapping);
		strbuf_puts(text, "}\n");
	}
}

static void gather(void)
{
	struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;

	strbuf_puts(&text, "{\"ev\":\"run\",\"page_size\":4096}\n"
			   "{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n");
	strbuf_puts(&text, model.mappings);
	for (int i = 0; i < LINES; i++)
		strbuf_printf(&text, "{\"ev\":\"frame\",\"at\":\"0+%d\",\"function\":\"line%d\"}\n",
			      i + 1, i);
	for (int i = 0; i < model.count; i++)
		write_process(&model.processes[i], FIRST_PID + i, &text);
	ck_assert_int_eq(record_load_memory(text.buf, text.len, &record, &err), 0);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
	touches_gather(&record, &touches);
	strbuf_release(&text);
}

static void drop(void)
{
	touches_release(&touches);
	record_release(&record);
}

static double told(int line)
{
	char name[16];
	double sum = 0;

	snprintf(name, sizeof(name), "line%d", line);
	for (size_t i = 0; i < touches.count; i++)
		if (touches.lines[i].kind == TOUCH_COW && !strcmp(touches.lines[i].function, name))
			sum += (double)touches.lines[i].bytes;
	return sum;
}

static double copied(int line)
{
	double sum = 0;

	for (int i = 0; i < model.count; i++)
		sum += model.processes[i].lines[line].copied * (double)PAGE;
	return sum;
}

static void check_line(int line, double percent)
{
	double truth = copied(line), found = told(line), most = truth * percent / 100;

	ck_assert_msg(found >= truth - most && found <= truth + most,
		      "line %d: told %.2f MiB, %.2f were copied", line, found / 1048576,
		      truth / 1048576);
}

static void check_all(double percent)
{
	gather();
	for (int i = 0; i < LINES; i++)
		check_line(i, percent);
	drop();
}

START_TEST(what_children_copy_is_told_and_nothing_else)
{
	static const struct {
		int own, inherited;
	} cases[] = {{8, 0}, {8, 4}, {2, 1}, {1, 8}, {0, 4}, {32, 16}};
	static const int periods[][2] = {{20, 20}, {11, 40}, {40, 11}, {33, 27}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t j = 0; j < sizeof(periods) / sizeof(*periods); j++) {
			begin(periods[j][0], periods[j][1]);
			for (int k = 0; k < 40; k++) {
				struct process *p = add_process(true, 21);

				touch_pages(p, 0, PAGE_NEW, cases[i].own * MIB_PAGES / 4);
				touch_pages(p, 1, PAGE_NEW, cases[i].own * MIB_PAGES / 4 * 3);
				touch_pages(p, 2, PAGE_COPIED, cases[i].inherited * MIB_PAGES);
			}
			/* What comes after a child's last sample is half a period, most often. */
			check_all(cases[i].inherited > 1 ? 2
							 : 2 + periods[j][1] * 50.0 / MIB_PAGES);
		}
}
END_TEST

/* Of two lines in turns, what one grew by stands at the other: none of it is a copy. */
START_TEST(lines_in_turns_copy_nothing)
{
	for (int run = 1; run <= 64; run *= 2) {
		begin(29, 31);
		for (int k = 0; k < 8; k++) {
			struct process *p = add_process(true, 21);

			for (int i = 0; i < 32 * MIB_PAGES / run; i++)
				touch_pages(p, i % 2, PAGE_NEW, run);
		}
		check_all(0);
	}
}
END_TEST

START_TEST(one_line_may_copy_and_grow)
{
	begin(20, 20);
	for (int k = 0; k < 10; k++) {
		struct process *p = add_process(true, 21);

		touch_pages(p, 0, PAGE_NEW, 16 * MIB_PAGES);
		touch_pages(p, 0, PAGE_COPIED, 16 * MIB_PAGES);
	}
	check_all(2);
}
END_TEST

/* As of a file that lives in memory, whose pages are counted like shared memory, and where is not
 * known: they come by sixteens, with one fault. */
START_TEST(pages_of_files_hide_no_copy)
{
	struct process *p;

	begin(20, 20);
	p = add_process(true, 21);
	p->lines[0].shared = 96;
	p->lines[0].samples = 4;
	p->lines[0].faults = 6;
	touch_pages(p, 1, PAGE_COPIED, 2 * MIB_PAGES);
	check_all(4);
}
END_TEST

/* What is populated has no page faults: it explains none of them. */
START_TEST(growth_without_faults_hides_no_copy)
{
	struct process *p;

	begin(64, 20);
	p = add_process(true, 21);
	touch_pages(p, 0, PAGE_POPULATED, 64 * MIB_PAGES);
	touch_pages(p, 1, PAGE_COPIED, 16 * MIB_PAGES);
	check_all(2);
}
END_TEST

/* Before a fork not each page is counted, and fewer faults are sampled than come. */
START_TEST(faults_not_sampled_before_the_fork_hide_no_copy)
{
	struct process *p;

	begin(64, 64);
	p = add_process(true, 0);
	touch_pages(p, 0, PAGE_NEW, 512 * MIB_PAGES);
	p->lines[0].faults /= 3;
	touch_pages(p, 1, PAGE_COPIED, 32 * MIB_PAGES);
	check_all(10);
}
END_TEST

START_TEST(who_has_not_forked_copies_nothing)
{
	struct process *p;

	begin(20, 20);
	p = add_process(false, 0);
	touch_pages(p, 0, PAGE_COPIED, 16 * MIB_PAGES);
	gather();
	ck_assert(copied(0) > 0);
	ck_assert(told(0) == 0);
	drop();
}
END_TEST

#define MAPPING(id, pid, what) \
	"{\"ev\":\"mapping\",\"id\":" id ",\"pid\":" pid ",\"what\":\"" what "\",\"bytes\":1}\n"

/* A page of a file that is written for the first time faults again, and none is copied. */
START_TEST(pages_of_files_and_shared_memory_are_no_copies)
{
	begin(20, 20);
	model.mappings = MAPPING("1", "100", "file") MAPPING("2", "100", "shared")
		MAPPING("3", "100", "pieces");
	for (int i = 0; i < 2; i++) {
		struct process *p = add_process(true, 0);

		p->lines[0].mapping = 1;
		p->lines[1].mapping = 2;
		p->lines[2].mapping = 3;
		touch_pages(p, 0, PAGE_FILE_WRITTEN, 16 * MIB_PAGES);
		touch_pages(p, 1, PAGE_FILE_WRITTEN, 16 * MIB_PAGES);
		touch_pages(p, 2, PAGE_COPIED, 16 * MIB_PAGES);
	}
	check_all(2);
}
END_TEST

/*
 * A child grew before it was first heard of: its first size is taken for what it was forked with.
 * The line's faults have no growth, but in memory of its own there is nothing to copy.
 */
START_TEST(growth_before_a_child_was_heard_of_is_no_copy)
{
	static const int blind = 3 * MIB_PAGES;
	struct process *p;

	for (int i = 0; i < 2; i++) {
		bool is_own = i == 0;

		begin(20, 20);
		model.mappings = is_own ? MAPPING("1", "100", "mmap") : MAPPING("1", "99", "mmap");
		p = add_process(true, blind);
		p->lines[0].mapping = 1;
		touch_pages(p, 0, is_own ? PAGE_NEW : PAGE_COPIED, blind);
		p->lines[0].grown = 0;
		touch_pages(p, 1, PAGE_NEW, 6 * MIB_PAGES);
		check_all(3);
	}
}
END_TEST

/* ... but where a child of its own was seen at work in it. */
START_TEST(a_child_of_the_child_copies_what_that_mapped)
{
	begin(20, 20);
	model.mappings = MAPPING("1", "100", "mmap");
	for (int i = 0; i < 2; i++) {
		struct process *p = add_process(true, 32 * MIB_PAGES);

		p->lines[0].mapping = 1;
		touch_pages(p, 0, PAGE_COPIED, 16 * MIB_PAGES);
	}
	check_all(2);
}
END_TEST

START_TEST(few_samples_tell_nothing)
{
	begin(20, 400);
	touch_pages(add_process(true, 21), 0, PAGE_COPIED, 4 * 400);
	gather();
	ck_assert(copied(0) > 0);
	ck_assert(told(0) == 0);
	drop();
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("touch_copies");

	tcase_add_test(tcase, what_children_copy_is_told_and_nothing_else);
	tcase_add_test(tcase, lines_in_turns_copy_nothing);
	tcase_add_test(tcase, one_line_may_copy_and_grow);
	tcase_add_test(tcase, pages_of_files_hide_no_copy);
	tcase_add_test(tcase, growth_without_faults_hides_no_copy);
	tcase_add_test(tcase, faults_not_sampled_before_the_fork_hide_no_copy);
	tcase_add_test(tcase, who_has_not_forked_copies_nothing);
	tcase_add_test(tcase, pages_of_files_and_shared_memory_are_no_copies);
	tcase_add_test(tcase, growth_before_a_child_was_heard_of_is_no_copy);
	tcase_add_test(tcase, a_child_of_the_child_copies_what_that_mapped);
	tcase_add_test(tcase, few_samples_tell_nothing);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("touch_copies", cases, 1);
}
