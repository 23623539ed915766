/* The touch profile's pure parts: samples with hostile bytes, weighing, sharing, summing. */
#include <string.h>
#include <unistd.h>

#include "profile/invokers.h"
#include "profile/perf_sample.h"
#include "profile/profile_table.h"
#include "profile/rss_ledger.h"
#include "profile/thread_share.h"
#include "suite.h"
#include "symbols/registers.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* As Linux 6.18 prints it. */
static const char format[] = "name: rss_stat\nID: 646\nformat:\n"
			     "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			     "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
			     "\tfield:unsigned int mm_id;\toffset:8;\tsize:4;\tsigned:0;\n"
			     "\tfield:unsigned int curr;\toffset:12;\tsize:4;\tsigned:0;\n"
			     "\tfield:int member;\toffset:16;\tsize:4;\tsigned:1;\n"
			     "\tfield:long size;\toffset:24;\tsize:8;\tsigned:1;\n";

struct sample {
	struct perf_event_header header;
	uint64_t id;
	uint32_t pid, tid;
	uint64_t t_ns, address, period;
	uint32_t raw_len;
	unsigned char raw[36];
	uint64_t abi, regs[REGISTERS_MAX + 8];
};

static size_t make_sample(struct sample *s, int32_t counter, int64_t size)
{
	uint32_t mm_id = 7, curr = 1;
	uint64_t *after;

	*s = (struct sample){
		.header = {.type = PERF_RECORD_SAMPLE},
		.pid = 10,
		.tid = 11,
		.t_ns = 1000,
		.period = 3,
		.raw_len = sizeof(s->raw),
		.abi = PERF_SAMPLE_REGS_ABI_64,
	};
	memcpy(s->raw + 8, &mm_id, 4);
	memcpy(s->raw + 12, &curr, 4);
	memcpy(s->raw + 16, &counter, 4);
	memcpy(s->raw + 24, &size, 8);
	after = s->regs + registers_count();
	after[0] = 16; /* stack: size, data, used */
	after[1] = 0x1111;
	after[3] = 8;
	s->header.size = (uint16_t)((unsigned char *)(after + 4) - (unsigned char *)s);
	return s->header.size;
}

static struct perf_sample_layout layout_of(void)
{
	struct perf_sample_layout layout = {0};

	ck_assert(perf_sample_layout(format, &layout));
	return layout;
}

START_TEST(layout_is_read_from_the_format)
{
	struct perf_sample_layout layout = layout_of();

	ck_assert_uint_eq(layout.mm_id.offset, 8);
	ck_assert_uint_eq(layout.size.offset, 24);
	ck_assert(!perf_sample_layout("", &layout));
	ck_assert(!perf_sample_layout("field:unsigned int mm_id;\toffset:8;\tsize:2;", &layout));
}
END_TEST

START_TEST(a_sample_is_decoded)
{
	struct perf_sample_layout layout = layout_of();
	struct perf_event event;
	struct sample s;
	size_t len = make_sample(&s, RSS_ANON, 12345);

	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_RSS);
	ck_assert_int_eq(event.pid, 10);
	ck_assert_int_eq(event.tid, 11);
	ck_assert_uint_eq(event.t_ns, 1000);
	ck_assert_uint_eq(event.mm_id, 7);
	ck_assert_int_eq(event.counter, RSS_ANON);
	ck_assert_int_eq(event.size, 12345);
	ck_assert_uint_eq(event.period, 3);
	if (registers_mask()) {
		ck_assert_ptr_eq(event.regs, s.regs);
		ck_assert_uint_eq(event.stack_len, 8);
	}
}
END_TEST

START_TEST(tracepoints_are_told_apart_by_their_ids)
{
	static const char reserve[] =
		"\tfield:unsigned long addr;\toffset:8;\tsize:8;\tsigned:0;\n"
		"\tfield:unsigned long length;\toffset:24;\tsize:8;\tsigned:0;\n";
	static const char grow[] = "\tfield:unsigned long index;\toffset:8;\tsize:8;\tsigned:0;\n"
				   "\tfield:unsigned long last;\toffset:16;\tsize:8;\tsigned:0;\n"
				   "\tfield:void * val;\toffset:24;\tsize:8;\tsigned:0;\n";
	static const char ask[] = "\tfield:unsigned long addr;\toffset:16;\tsize:8;\tsigned:0;\n"
				  "\tfield:unsigned long len;\toffset:24;\tsize:8;\tsigned:0;\n";
	static const char huge[] = "\tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;\n";
	struct perf_sample_layout layout = layout_of();
	const uint32_t order = 9;
	const uint64_t start = 0x7000, bytes = 1 << 20, last = start + bytes - 1, none = 0;
	const uint16_t id = 697, grow_id = 698, huge_id = 699, request_id = 700;
	struct perf_event event;
	struct sample s;
	size_t len = make_sample(&s, RSS_ANON, 12345);

	ck_assert(!perf_sample_layout_reserve("", id, &layout));
	ck_assert(!perf_sample_layout_reserve(reserve, -2, &layout));
	ck_assert(perf_sample_layout_reserve(reserve, id, &layout));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_RSS);
	memcpy(s.raw, &id, sizeof(id));
	memcpy(s.raw + 8, &start, sizeof(start));
	memcpy(s.raw + 24, &bytes, sizeof(bytes));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_RESERVE);
	ck_assert_uint_eq(event.start, start);
	ck_assert_uint_eq(event.len, bytes);
	ck_assert(!perf_sample_layout_grow(reserve, grow_id, &layout));
	ck_assert(!perf_sample_layout_grow(grow, UINT16_MAX + 1, &layout));
	ck_assert(perf_sample_layout_grow(grow, grow_id, &layout));
	memcpy(s.raw, &grow_id, sizeof(grow_id));
	memcpy(s.raw + 16, &last, sizeof(last));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_GROW);
	ck_assert_uint_eq(event.start, start);
	ck_assert_uint_eq(event.len, bytes);
	ck_assert(!perf_sample_layout_huge(reserve, huge_id, &layout));
	ck_assert(perf_sample_layout_huge(huge, huge_id, &layout));
	memcpy(s.raw, &huge_id, sizeof(huge_id));
	memcpy(s.raw + 16, &order, sizeof(order));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_HUGE);
	ck_assert_uint_eq(event.len, (uint64_t)sysconf(_SC_PAGESIZE) << 9);
	memset(s.raw + 16, 0xff, sizeof(order));
	ck_assert(!perf_sample_decode(&layout, &s, len, &event));
	ck_assert(!perf_sample_layout_request(reserve, request_id, &layout));
	ck_assert(perf_sample_layout_request(ask, request_id, &layout));
	memcpy(s.raw, &request_id, sizeof(request_id));
	memcpy(s.raw + 16, &start, sizeof(start));
	memcpy(s.raw + 24, &bytes, sizeof(bytes));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_REQUEST);
	ck_assert_uint_eq(event.start, start);
	ck_assert_uint_eq(event.len, bytes);
	/* Given up, not grown. */
	memcpy(s.raw, &grow_id, sizeof(grow_id));
	memcpy(s.raw + 16, &last, sizeof(last));
	memcpy(s.raw + 24, &none, sizeof(none));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_OTHER);
	s.raw_len = 20;
	ck_assert(!perf_sample_decode(&layout, &s, len, &event));
}
END_TEST

/* The last field does not fit into the raw bytes of these tests: another offset stands for it. */
START_TEST(what_is_given_back_or_moved_and_who_is_killed_is_decoded)
{
	static const char unmap[] = "\tfield:unsigned long addr;\toffset:16;\tsize:8;\tsigned:0;\n"
				    "\tfield:size_t len;\toffset:24;\tsize:8;\tsigned:0;\n";
	static const char remap[] =
		"\tfield:unsigned long addr;\toffset:8;\tsize:8;\tsigned:0;\n"
		"\tfield:unsigned long old_len;\toffset:16;\tsize:8;\tsigned:0;\n"
		"\tfield:unsigned long new_len;\toffset:24;\tsize:8;\tsigned:0;\n"
		"\tfield:unsigned long flags;\toffset:16;\tsize:8;\tsigned:0;\n"
		"\tfield:unsigned long new_addr;\toffset:8;\tsize:8;\tsigned:0;\n";
	struct perf_sample_layout layout = layout_of();
	const uint64_t start = 0x7000, bytes = 1 << 20;
	static const char invoke[] = "\tfield:int pid;\toffset:8;\tsize:4;\tsigned:1;\n";
	const int32_t victim = 77;
	const uint16_t unmap_id = 697, remap_id = 698, invoke_id = 699;
	struct perf_event event;
	struct sample s;
	size_t len = make_sample(&s, RSS_ANON, 12345);

	ck_assert(!perf_sample_layout_unmap(unmap, 0, &layout));
	ck_assert(!perf_sample_layout_unmap(format, unmap_id, &layout));
	ck_assert(!perf_sample_layout_remap(unmap, remap_id, &layout));
	ck_assert(perf_sample_layout_unmap(unmap, unmap_id, &layout));
	ck_assert(perf_sample_layout_remap(remap, remap_id, &layout));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_RSS);
	memcpy(s.raw, &unmap_id, sizeof(unmap_id));
	memcpy(s.raw + 16, &start, sizeof(start));
	memcpy(s.raw + 24, &bytes, sizeof(bytes));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_UNMAP);
	ck_assert_uint_eq(event.start, start);
	ck_assert_uint_eq(event.len, bytes);
	memcpy(s.raw, &remap_id, sizeof(remap_id));
	memcpy(s.raw + 8, &bytes, sizeof(bytes));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_REMAP);
	ck_assert_uint_eq(event.start, bytes);
	ck_assert_uint_eq(event.len, start);
	ck_assert_uint_eq(event.new_len, bytes);
	ck_assert_uint_eq(event.new_start, bytes);
	ck_assert_uint_eq(event.flags, start);
	ck_assert(!perf_sample_layout_invoke(unmap, invoke_id, &layout));
	ck_assert(perf_sample_layout_invoke(invoke, invoke_id, &layout));
	memcpy(s.raw, &invoke_id, sizeof(invoke_id));
	memcpy(s.raw + 8, &victim, sizeof(victim));
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_INVOKE);
	ck_assert_int_eq(event.victim, victim);
	ck_assert_int_eq(event.tid, 11);
	memcpy(s.raw, &unmap_id, sizeof(unmap_id));
	s.raw_len = 20;
	ck_assert(!perf_sample_decode(&layout, &s, len, &event));
}
END_TEST

/* The first are kept, each with frames of its own. */
START_TEST(invokers_are_bounded)
{
	struct invokers invokers = {0};
	struct unwind_frame frames[2] = {{1, 10}, {2, 20}};
	struct perf_event event = {.kind = EVENT_INVOKE, .pid = 5, .tid = 6, .victim = 7};

	invokers_add(&invokers, &event, frames, 0);
	ck_assert_uint_eq(invokers.count, 0);
	for (int i = 0; i < INVOKERS_MAX + 2; i++) {
		event.t_ns = (uint64_t)i;
		invokers_add(&invokers, &event, frames, 2);
	}
	frames[0].offset = 11;
	ck_assert_uint_eq(invokers.count, INVOKERS_MAX);
	ck_assert_uint_eq(invokers.items[INVOKERS_MAX - 1].t_ns, INVOKERS_MAX - 1);
	ck_assert_int_eq(invokers.items[0].victim, 7);
	ck_assert_uint_eq(invokers.items[0].frames[0].offset, 10);
	invokers_release(&invokers);
}
END_TEST

/* u32 pid, tid; u64 addr, len, pgoff; u32 maj, min; u64 ino, gen; u32 prot, flags; path */
START_TEST(a_mapping_that_nobody_may_use_is_told)
{
	struct {
		struct perf_event_header header;
		uint32_t pid, tid;
		uint64_t start, len, pgoff;
		uint32_t device[2];
		uint64_t inode[2];
		uint32_t prot, flags;
		char path[8];
		uint64_t trailer[4];
	} map = {
		.header = {.type = PERF_RECORD_MMAP2},
		.start = 4096,
		.len = 8192,
		.device = {7, 7},
		.inode = {7, 7},
		.flags = 2,
		.path = "//anon",
	};
	const struct perf_sample_layout layout = layout_of();
	struct perf_event event;

	ck_assert(perf_sample_decode(&layout, &map, sizeof(map), &event));
	ck_assert_int_eq(event.kind, EVENT_MAP);
	ck_assert(event.is_none);
	ck_assert_str_eq(event.path, "//anon");
	map.prot = 1;
	ck_assert(perf_sample_decode(&layout, &map, sizeof(map), &event));
	ck_assert(!event.is_none);
}
END_TEST

START_TEST(some_samples_hold_no_period)
{
	static const uint64_t ids[] = {5, 6};
	struct perf_sample_layout layout = layout_of();
	struct perf_event event;
	struct sample s;
	size_t len = make_sample(&s, RSS_ANON, 12345) - sizeof(s.period);

	s.id = 6;
	s.header.size = (uint16_t)len;
	memmove(&s.period, &s.period + 1, len - offsetof(struct sample, period));
	ck_assert(!perf_sample_decode(&layout, &s, len, &event) || event.size != 12345);
	layout.extra_ids = ids;
	layout.extra_count = ARRAY_SIZE(ids);
	ck_assert(perf_sample_decode(&layout, &s, len, &event));
	ck_assert_int_eq(event.kind, EVENT_RSS);
	ck_assert_int_eq(event.size, 12345);
	ck_assert_uint_eq(event.period, 0);
}
END_TEST

START_TEST(no_length_is_trusted)
{
	struct perf_sample_layout layout = layout_of();
	struct perf_event event;
	struct sample s;
	size_t len = make_sample(&s, RSS_ANON, 4096);

	for (size_t n = 0; n < len; n++) {
		_Alignas(8) unsigned char cut[sizeof(s)];

		memcpy(cut, &s, n);
		ck_assert_msg(!perf_sample_decode(&layout, cut, n, &event), "%zu bytes of %zu", n,
			      len);
		ck_assert_int_eq(event.kind, EVENT_OTHER);
	}
	s.raw_len = UINT32_MAX;
	ck_assert(!perf_sample_decode(&layout, &s, len, &event));
	s.raw_len = 37; /* what follows would not be aligned */
	ck_assert(!perf_sample_decode(&layout, &s, len, &event));
}
END_TEST

START_TEST(no_number_is_trusted)
{
	struct perf_sample_layout layout = layout_of();
	const struct {
		int32_t counter;
		int64_t size;
	} bad[] = {{-1, 0}, {RSS_COUNT, 0}, {INT32_MAX, 0}, {1, -1}, {1, INT64_MAX}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct perf_event event;
		struct sample s;
		size_t len = make_sample(&s, bad[i].counter, bad[i].size);

		ck_assert(!perf_sample_decode(&layout, &s, len, &event));
	}
}
END_TEST

START_TEST(any_bytes_are_survived)
{
	struct perf_sample_layout layout = layout_of();
	unsigned int seed = 1;

	for (int round = 0; round < 20000; round++) {
		_Alignas(8) unsigned char bytes[256];
		struct perf_event_header *header = (void *)bytes;
		struct perf_event event;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
		header->type = seed % 16;
		perf_sample_decode(&layout, bytes, seed % sizeof(bytes), &event);
		if (event.kind == EVENT_MAP)
			ck_assert_uint_lt(strlen(event.path), sizeof(bytes));
	}
}
END_TEST

static struct perf_event rss(pid_t pid, uint32_t mm, uint64_t t_ns, int64_t size)
{
	return (struct perf_event){
		.kind = EVENT_RSS,
		.pid = pid,
		.tid = pid,
		.mm_id = mm,
		.t_ns = t_ns,
		.is_current = true,
		.counter = RSS_ANON,
		.size = size,
		.period = 1,
	};
}

static int64_t weigh(struct rss_ledger *scale, pid_t pid, uint32_t mm, uint64_t t, int64_t size)
{
	struct perf_event event = rss(pid, mm, t, size);

	return rss_ledger_gain(scale, &event);
}

START_TEST(growth_is_the_difference)
{
	struct rss_ledger scale = {0};
	struct perf_event other = rss(1, 6, 9, 99);

	ck_assert_int_eq(weigh(&scale, 1, 5, 1, 100), 100);
	ck_assert_int_eq(weigh(&scale, 1, 5, 2, 150), 50);
	ck_assert_int_eq(weigh(&scale, 1, 5, 3, 30), -120);
	ck_assert_int_eq(weigh(&scale, 1, 5, 2, 500), 0); /* came too late */
	other.is_current = false;
	ck_assert_int_eq(rss_ledger_gain(&scale, &other), 0);
	other = rss(1, 5, 9, 7);
	other.counter = RSS_SHMEM;
	ck_assert_int_eq(rss_ledger_gain(&scale, &other), 7);
	rss_ledger_release(&scale);
}
END_TEST

START_TEST(what_a_thread_leaves_counts_as_growth_alone)
{
	struct rss_ledger scale = {0};
	struct perf_event leaving = rss(1, 5, 2, 130);

	weigh(&scale, 1, 5, 1, 100);
	leaving.is_current = false;
	ck_assert_int_eq(rss_ledger_gain(&scale, &leaving), 30);
	leaving.t_ns = 3;
	leaving.size = 10; /* its end: what was resident then is what counts */
	ck_assert_int_eq(rss_ledger_gain(&scale, &leaving), 0);
	ck_assert_int_eq(scale.processes[0].size[RSS_ANON], 130);
	rss_ledger_release(&scale);
}
END_TEST

START_TEST(what_a_child_inherits_is_no_growth)
{
	struct rss_ledger scale = {0};
	struct perf_event fork_event = {.kind = EVENT_FORK, .pid = 2, .parent = 1};
	struct perf_event exec_event = {.kind = EVENT_EXEC, .pid = 2, .tid = 2};

	weigh(&scale, 1, 5, 1, 100);
	rss_ledger_fork(&scale, &fork_event, false);
	ck_assert_int_eq(weigh(&scale, 2, 6, 2, 130), 30);
	ck_assert(rss_ledger_process(&scale, 1)->has_forked);
	ck_assert(rss_ledger_process(&scale, 2)->has_forked);
	rss_ledger_exec(&scale, &exec_event);
	ck_assert_int_eq(weigh(&scale, 2, 7, 3, 40), 40);
	ck_assert(!rss_ledger_process(&scale, 2)->has_forked);
	rss_ledger_release(&scale);
}
END_TEST

START_TEST(vfork_works_in_the_parents_memory)
{
	struct rss_ledger scale = {0};
	struct perf_event fork_event = {.kind = EVENT_FORK, .pid = 2, .parent = 1};

	weigh(&scale, 1, 5, 1, 100);
	rss_ledger_fork(&scale, &fork_event, false);
	ck_assert_int_eq(weigh(&scale, 2, 5, 2, 110), 10);
	ck_assert_int_eq(weigh(&scale, 1, 5, 3, 115), 5);
	rss_ledger_release(&scale);
}
END_TEST

static struct credits credits;

static void add(struct thread_share *share, pid_t tid, uint64_t period, int64_t bytes,
		struct profile_row *row)
{
	struct perf_event event = rss(1, 5, 1, 0);

	event.tid = tid;
	event.period = period;
	thread_share_add(share, &event, bytes, row, &credits);
}

START_TEST(one_thread_keeps_its_own)
{
	struct thread_share share = {0};
	struct profile_row a = {0}, b = {0};

	add(&share, 1, 10, 1000, &a);
	add(&share, 1, 99, 17, &b);
	thread_share_flush(&share, &credits);
	credits_apply(&credits);
	ck_assert_int_eq(a.gained[RSS_ANON], 1000);
	ck_assert_int_eq(b.gained[RSS_ANON], 17);
}
END_TEST

START_TEST(threads_share_by_their_periods)
{
	struct thread_share share = {0};
	struct profile_row a = {0}, b = {0};

	/* Who is sampled first sees what both did. */
	for (int i = 0; i < 100; i++) {
		add(&share, 1, 30, 3900, &a);
		add(&share, 2, 10, 100, &b);
	}
	thread_share_flush(&share, &credits);
	credits_apply(&credits);
	ck_assert_int_eq(a.gained[RSS_ANON] + b.gained[RSS_ANON], 400000);
	ck_assert_int_ge(a.gained[RSS_ANON], 294000);
	ck_assert_int_le(a.gained[RSS_ANON], 306000);
}
END_TEST

static struct profile_row *row_of(struct profile_table *table, pid_t pid, bool is_syscall,
				  const struct unwind_frame *frames, size_t depth)
{
	const struct profile_key key = {
		.pid = pid, .is_syscall = is_syscall, .frames = frames, .depth = depth};

	return profile_table_row(table, &key);
}

START_TEST(rows_are_found_again_and_bounded)
{
	struct profile_table table = {0};
	struct unwind_frame frames[2] = {{1, 0x10}, {2, 0x20}};
	struct profile_row *row = row_of(&table, 1, false, frames, 2), *rest;

	ck_assert_ptr_eq(row, row_of(&table, 1, false, frames, 2));
	ck_assert_ptr_ne(row, row_of(&table, 1, true, frames, 2));
	ck_assert_ptr_ne(row, row_of(&table, 2, false, frames, 2));
	ck_assert_ptr_ne(row, row_of(&table, 1, false, frames, 1));
	ck_assert_ptr_ne(row, profile_table_row(&table, &(struct profile_key){
								.pid = 1,
								.where = {.mapping = 3},
								.frames = frames,
								.depth = 2,
							}));
	for (size_t i = 0; i < 2 * PROFILE_ROWS_MAX; i++) {
		frames[0].offset = 0x1000 + i;
		row_of(&table, 1, false, frames, 1);
	}
	rest = row_of(&table, 1, false, frames, 1);
	ck_assert_uint_eq(rest->key.depth, 0);
	ck_assert_int_eq(rest->key.pid, 1);
	for (pid_t pid = 2; pid < 2 * PROFILE_SHORT_ROWS; pid++)
		row_of(&table, pid, false, frames, 1);
	ck_assert_uint_le(table.count, PROFILE_ROWS_MAX + 2 * PROFILE_SHORT_ROWS + 1);
	ck_assert_ptr_eq(
		row, row_of(&table, 1, false, (struct unwind_frame[]){{1, 0x10}, {2, 0x20}}, 2));
	profile_table_release(&table);
}
END_TEST

/* As a compiler's: thousands of stacks, but few that differ in their innermost frames. */
START_TEST(what_does_not_fit_keeps_its_innermost_frames)
{
	struct profile_table table = {0};
	struct unwind_frame frames[PROFILE_SHORT_DEPTH + 2] = {{1, 0x10}};
	struct profile_row *row = NULL;

	for (size_t i = 0; i < PROFILE_ROWS_MAX + 10; i++) {
		frames[0].offset = 0x10 + i % 2;
		frames[PROFILE_SHORT_DEPTH + 1].offset = i;
		row = row_of(&table, 1, false, frames, PROFILE_SHORT_DEPTH + 2);
		row->samples++;
	}
	ck_assert_uint_eq(row->key.depth, PROFILE_SHORT_DEPTH);
	ck_assert_uint_eq(row->frames[0].offset, 0x11);
	ck_assert_int_eq(row->samples, 5);
	ck_assert_uint_eq(table.count, PROFILE_ROWS_MAX + 2);
	profile_table_release(&table);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("profile");

	tcase_add_test(tcase, layout_is_read_from_the_format);
	tcase_add_test(tcase, a_sample_is_decoded);
	tcase_add_test(tcase, tracepoints_are_told_apart_by_their_ids);
	tcase_add_test(tcase, what_is_given_back_or_moved_and_who_is_killed_is_decoded);
	tcase_add_test(tcase, invokers_are_bounded);
	tcase_add_test(tcase, a_mapping_that_nobody_may_use_is_told);
	tcase_add_test(tcase, some_samples_hold_no_period);
	tcase_add_test(tcase, no_length_is_trusted);
	tcase_add_test(tcase, no_number_is_trusted);
	tcase_add_test(tcase, any_bytes_are_survived);
	tcase_add_test(tcase, growth_is_the_difference);
	tcase_add_test(tcase, what_a_thread_leaves_counts_as_growth_alone);
	tcase_add_test(tcase, what_a_child_inherits_is_no_growth);
	tcase_add_test(tcase, vfork_works_in_the_parents_memory);
	tcase_add_test(tcase, one_thread_keeps_its_own);
	tcase_add_test(tcase, threads_share_by_their_periods);
	tcase_add_test(tcase, rows_are_found_again_and_bounded);
	tcase_add_test(tcase, what_does_not_fit_keeps_its_innermost_frames);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("profile", cases, ARRAY_SIZE(cases));
}
