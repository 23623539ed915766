/* Which mapping an address belongs to, as time goes on, and in which one a sample's bytes came. */
#include <string.h>
#include <sys/mman.h>

#include "profile/address_returns.h"
#include "profile/fault_locator.h"
#include "profile/profile_table.h"
#include "suite.h"
#include "symbols/registers.h"

#define MIB	  (UINT64_C(1) << 20)
#define BASE	  UINT64_C(0x7f0000000000)
#define ANONYMOUS "//anon"

static struct address_spaces spaces;
static struct fault_locator faults;
static uint64_t clock_ns;

static void begin(void)
{
	address_space_release(&spaces);
	memset(&faults, 0, sizeof(faults));
	clock_ns = 0;
}

/* Who asks is one frame. */
static void reserve(pid_t pid, uint64_t who, uint64_t start, uint64_t len)
{
	const struct unwind_frame frame = {0, who};
	const struct perf_event event = {.kind = EVENT_RESERVE,
					 .pid = pid,
					 .tid = pid,
					 .t_ns = ++clock_ns,
					 .start = start,
					 .len = len};

	address_space_reserve(&spaces, &event, &frame, 1);
}

static void map_as(pid_t pid, uint64_t start, uint64_t len, const char *path, bool is_none)
{
	const struct perf_event event = {.kind = EVENT_MAP,
					 .pid = pid,
					 .tid = pid,
					 .t_ns = ++clock_ns,
					 .start = start,
					 .len = len,
					 .is_none = is_none,
					 .path = path};

	address_space_map(&spaces, &event);
}

static void map(pid_t pid, uint64_t start, uint64_t len, const char *path)
{
	map_as(pid, start, len, path, false);
}

static void map_none(pid_t pid, uint64_t start, uint64_t len, const char *path)
{
	map_as(pid, start, len, path, true);
}

static void ask(pid_t pid, uint64_t who, uint64_t start, uint64_t len)
{
	const struct unwind_frame frame = {0, who};
	const struct perf_event event = {.kind = EVENT_REQUEST,
					 .pid = pid,
					 .tid = pid,
					 .t_ns = ++clock_ns,
					 .start = start,
					 .len = len};

	address_space_request(&spaces, &event, &frame, 1);
}

static int find(pid_t pid, uint64_t address)
{
	return address_space_find(&spaces, pid, address);
}

static const struct space_mapping *at(pid_t pid, uint64_t address)
{
	return space_mappings_at(&spaces.mappings, find(pid, address));
}

static void unmap(pid_t pid, uint64_t start, uint64_t len)
{
	const struct perf_event event = {.kind = EVENT_UNMAP,
					 .pid = pid,
					 .tid = pid,
					 .t_ns = ++clock_ns,
					 .start = start,
					 .len = len};

	address_returns_unmap(&spaces, &event);
}

START_TEST(room_left_for_alignment_is_not_reserved)
{
	begin();
	reserve(1, 7, BASE, 6 * MIB);
	/* Told as one with what lies beside it. */
	map(1, BASE + MIB, 9 * MIB, ANONYMOUS);
	ck_assert_int_eq(find(1, BASE), MAPPING_UNKNOWN);
	ck_assert_int_eq(at(1, BASE + MIB)->bytes, (int64_t)(5 * MIB));
	ck_assert_uint_eq(at(1, BASE + MIB)->start, BASE + MIB);
	ck_assert_int_eq(find(1, BASE + 6 * MIB), MAPPING_UNKNOWN);
	ck_assert_int_eq(find(2, BASE + MIB), MAPPING_UNKNOWN);
}
END_TEST

START_TEST(what_the_kernel_refused_is_not_reserved)
{
	struct space_mapping *m;

	begin();
	reserve(1, 7, BASE, 8 * MIB);
	map(1, BASE, 8 * MIB, ANONYMOUS);
	reserve(1, 8, BASE + 16 * MIB, 8 * MIB);
	/* One that moved a mapping is not told of as mapped, but touched. */
	reserve(1, 9, BASE + 32 * MIB, 8 * MIB);
	m = space_mappings_at(&spaces.mappings, find(1, BASE + 32 * MIB));
	m->first_ns = 1;
	address_space_drop_refused(&spaces);
	ck_assert_int_eq(at(1, BASE)->bytes, (int64_t)(8 * MIB));
	ck_assert_int_eq(at(1, BASE)->calls, 1);
	ck_assert_int_eq(at(1, BASE + 16 * MIB)->bytes, 0);
	ck_assert_int_eq(at(1, BASE + 16 * MIB)->calls, 0);
	ck_assert_int_eq(m->bytes, (int64_t)(8 * MIB));
}
END_TEST

START_TEST(an_address_of_the_programs_choice_is_who_askeds)
{
	begin();
	/* Reserved, then used in parts by another line, as Java's heap is. */
	ask(1, 7, BASE, 1024 * MIB);
	map_none(1, BASE, 1024 * MIB, ANONYMOUS);
	ask(1, 8, BASE, 16 * MIB);
	map(1, BASE, 16 * MIB, ANONYMOUS);
	ask(1, 8, BASE + 512 * MIB, 16 * MIB);
	map(1, BASE + 512 * MIB, 16 * MIB, ANONYMOUS);
	ck_assert_uint_eq(at(1, BASE + 5)->frames[0].offset, 7);
	ck_assert_uint_eq(at(1, BASE + 513 * MIB)->frames[0].offset, 7);
	ck_assert(at(1, BASE)->is_requested);
	ck_assert_int_eq(at(1, BASE)->bytes, (int64_t)(1024 * MIB));
	ck_assert_int_eq(at(1, BASE)->calls, 1);
	/* It was not free: the kernel found another. */
	ask(1, 9, BASE, 4 * MIB);
	reserve(1, 9, BASE + 2048 * MIB, 4 * MIB);
	map(1, BASE + 2048 * MIB, 4 * MIB, ANONYMOUS);
	ck_assert(!at(1, BASE + 2048 * MIB)->is_requested);
	ck_assert_uint_eq(at(1, BASE)->frames[0].offset, 7);
	/* A file there is no reservation; nor does what the call did not make become one. */
	ask(1, 10, BASE + 4096 * MIB, 4 * MIB);
	map(1, BASE + 4096 * MIB, 4 * MIB, "/lib/x.so");
	map(1, BASE + 4100 * MIB, 4 * MIB, ANONYMOUS);
	ck_assert_int_eq(at(1, BASE + 4100 * MIB)->what, MAPPING_UNSEEN);
	map(1, BASE + 5000 * MIB, MIB / 2, ANONYMOUS);
	ck_assert_int_eq(at(1, BASE + 5000 * MIB)->what, MAPPING_SMALL);
}
END_TEST

START_TEST(the_labs_own_memory_is_no_reservation)
{
	int id;

	begin();
	reserve(1, 7, BASE, 8 * MIB);
	id = find(1, BASE);
	map(1, BASE, 8 * MIB, "/memfd:oomlab-trace (deleted)");
	ck_assert_int_eq(at(1, BASE)->what, MAPPING_LABS);
	ck_assert_int_eq(space_mappings_at(&spaces.mappings, id)->bytes, 0);
	reserve(1, 7, BASE + 64 * MIB, 8 * MIB);
	map(1, BASE + 64 * MIB, 8 * MIB, "/memfd:other (deleted)");
	ck_assert_int_eq(at(1, BASE + 64 * MIB)->what, MAPPING_SHARED);
}
END_TEST

START_TEST(a_later_mapping_hides_an_older_one)
{
	begin();
	reserve(1, 7, BASE, 8 * MIB);
	map(1, BASE, 8 * MIB, ANONYMOUS);
	reserve(1, 8, BASE + 2 * MIB, 2 * MIB);
	map(1, BASE + 2 * MIB, 2 * MIB, ANONYMOUS);
	ck_assert_uint_eq(at(1, BASE)->frames[0].offset, 7);
	ck_assert_uint_eq(at(1, BASE + 3 * MIB)->frames[0].offset, 8);
	ck_assert_uint_eq(at(1, BASE + 4 * MIB)->frames[0].offset, 7);
	/* All of it unmapped, the same room is found again. */
	reserve(1, 9, BASE, 8 * MIB);
	map(1, BASE, 8 * MIB, ANONYMOUS);
	ck_assert_uint_eq(at(1, BASE + 3 * MIB)->frames[0].offset, 9);
	ck_assert_uint_eq(at(1, BASE)->frames[0].offset, 9);
}
END_TEST

START_TEST(a_change_of_protection_changes_no_owner)
{
	begin();
	reserve(1, 7, BASE, 8 * MIB);
	map(1, BASE, 8 * MIB, ANONYMOUS);
	map(1, BASE + MIB, MIB, ANONYMOUS);
	ck_assert_uint_eq(at(1, BASE + MIB)->frames[0].offset, 7);
	ck_assert_int_eq(at(1, BASE)->bytes, (int64_t)(8 * MIB));
}
END_TEST

START_TEST(files_are_no_reservation)
{
	begin();
	reserve(1, 7, BASE, 2 * MIB);
	map(1, BASE, MIB, "/lib/libc.so.6");
	map(1, BASE + MIB, MIB, "/lib/libc.so.6");
	ck_assert_int_eq(at(1, BASE)->what, MAPPING_FILE);
	ck_assert_int_eq(find(1, BASE), find(1, BASE + MIB));
	ck_assert_int_eq(spaces.mappings.items[0].bytes, 0);
	ck_assert_int_eq(spaces.mappings.items[0].calls, 0);
	reserve(1, 8, BASE + 8 * MIB, MIB);
	map(1, BASE + 8 * MIB, MIB, "/dev/zero (deleted)");
	ck_assert_int_eq(at(1, BASE + 8 * MIB)->what, MAPPING_SHARED);
}
END_TEST

START_TEST(small_pieces_are_one_and_the_heap_grows)
{
	begin();
	map(1, BASE, 4096, ANONYMOUS);
	map(1, BASE, 8192, ANONYMOUS);
	map(1, BASE + MIB, 4096, ANONYMOUS);
	ck_assert_int_eq(at(1, BASE)->what, MAPPING_SMALL);
	ck_assert_int_eq(find(1, BASE + 4096), find(1, BASE + MIB));
	ck_assert_int_eq(at(1, BASE)->bytes, 12288);
	ck_assert_uint_eq(at(1, BASE)->depth, 0);
	map(1, MIB, MIB, "[heap]");
	map(1, MIB, 2 * MIB, "[heap]");
	ck_assert_int_eq(at(1, 2 * MIB)->what, MAPPING_HEAP);
	ck_assert_int_eq(at(1, 2 * MIB)->bytes, (int64_t)(2 * MIB));
	map(1, BASE + 9 * MIB, MIB, "[stack]");
	ck_assert_int_eq(find(1, BASE + 9 * MIB), MAPPING_UNKNOWN);
}
END_TEST

static void grow(pid_t pid, uint64_t who, uint64_t start, uint64_t len)
{
	const struct unwind_frame frame = {0, who};
	const struct perf_event event = {.kind = EVENT_GROW,
					 .pid = pid,
					 .tid = pid,
					 .t_ns = ++clock_ns,
					 .start = start,
					 .len = len};

	address_space_grow(&spaces, &event, &frame, who ? 1 : 0);
}

START_TEST(a_heap_is_of_who_made_it_larger)
{
	const struct perf_event fork = {.kind = EVENT_FORK, .pid = 2, .parent = 1};
	uint64_t start = 0;

	begin();
	map(1, MIB, MIB / 2, "[heap]");
	ck_assert(!address_space_has_heap(&spaces, 1, &start));
	map(1, MIB, 2 * MIB, "[heap]");
	ck_assert(address_space_has_heap(&spaces, 1, &start));
	ck_assert_uint_eq(start, MIB);
	ck_assert(!address_space_has_heap(&spaces, 1, &start));
	grow(1, 7, MIB, 3 * MIB);
	grow(1, 7, MIB, 3 * MIB);
	map(1, MIB, 3 * MIB, "[heap]");
	/* Not sampled: as the one before. */
	map(1, MIB, 4 * MIB, "[heap]");
	grow(1, 8, MIB, 6 * MIB);
	map(1, MIB, 6 * MIB, "[heap]");
	grow(1, 7, MIB, 7 * MIB);
	ck_assert_uint_eq(at(1, 3 * MIB - 1)->depth, 0);
	ck_assert_int_eq(at(1, 3 * MIB - 1)->bytes, (int64_t)(2 * MIB));
	ck_assert_int_eq(at(1, 3 * MIB)->bytes, (int64_t)(3 * MIB));
	ck_assert_int_eq(find(1, 3 * MIB), find(1, 5 * MIB - 1));
	ck_assert_int_eq(find(1, 3 * MIB), find(1, 7 * MIB));
	ck_assert_int_eq(at(1, 5 * MIB)->bytes, (int64_t)(2 * MIB));
	ck_assert_uint_eq(at(1, 5 * MIB)->start, 5 * MIB);
	ck_assert_int_eq(at(1, 5 * MIB)->what, MAPPING_HEAP);
	/* A child is watched with its parent. */
	address_space_fork(&spaces, &fork);
	ck_assert(!address_space_has_heap(&spaces, 2, &start));
	ck_assert_int_eq(find(2, 5 * MIB), find(1, 5 * MIB));
	/* What is given back is nobody's. */
	map(1, MIB, 4 * MIB, "[heap]");
	ck_assert_int_eq(find(1, 5 * MIB), MAPPING_UNKNOWN);
	grow(1, 8, MIB, 5 * MIB);
	ck_assert_int_eq(at(1, 5 * MIB)->bytes, (int64_t)(3 * MIB));
	/* Another program is to be watched anew. */
	address_space_clear(&spaces, 2);
	map(2, 3 * MIB, 2 * MIB, "[heap]");
	ck_assert(address_space_has_heap(&spaces, 2, &start));
	ck_assert_uint_eq(start, 3 * MIB);
}
END_TEST

START_TEST(what_grows_elsewhere_is_no_heap)
{
	begin();
	grow(1, 7, MIB, 2 * MIB);
	ck_assert_int_eq(find(1, MIB), MAPPING_UNKNOWN);
	map(1, MIB, 2 * MIB, "[heap]");
	grow(1, 7, 5 * MIB, 2 * MIB);
	ck_assert_int_eq(find(1, 6 * MIB), MAPPING_UNKNOWN);
	/* Without a stack it is nobody's. */
	grow(1, 0, MIB, 3 * MIB);
	ck_assert_uint_eq(at(1, 3 * MIB)->depth, 0);
	ck_assert_int_eq(find(1, MIB), find(1, 3 * MIB));
}
END_TEST

START_TEST(askers_for_heaps_are_bounded)
{
	uint64_t end = 2 * MIB;

	begin();
	map(1, MIB, end - MIB, "[heap]");
	for (uint64_t who = 1; who <= HEAPS_MAX + 2; who++) {
		end += MIB;
		grow(1, who, MIB, end - MIB);
	}
	ck_assert_uint_eq(at(1, 2 * MIB)->depth, 1);
	ck_assert_uint_eq(at(1, end - 1)->depth, 0);
	ck_assert_int_eq(find(1, MIB), find(1, end - 1));
	ck_assert_uint_lt(spaces.mappings.count, MAPPINGS_MAX / 2);
}
END_TEST

START_TEST(a_child_has_its_parents_and_an_exec_none)
{
	const struct perf_event event = {.kind = EVENT_FORK, .pid = 2, .parent = 1};

	begin();
	reserve(1, 7, BASE, MIB);
	map(1, BASE, MIB, ANONYMOUS);
	address_space_fork(&spaces, &event);
	ck_assert_int_eq(find(2, BASE), find(1, BASE));
	reserve(2, 8, BASE, MIB);
	ck_assert_int_ne(find(2, BASE), find(1, BASE));
	address_space_clear(&spaces, 2);
	ck_assert_int_eq(find(2, BASE), MAPPING_UNKNOWN);
	ck_assert_int_ne(find(1, BASE), MAPPING_UNKNOWN);
}
END_TEST

/* As malloc(3) maps a thread's arena: inaccessible, twice the size, of which the aligned half stays. */
START_TEST(what_an_arena_gives_back_is_not_reserved_nor_its)
{
	begin();
	reserve(1, 7, BASE - 9 * MIB, 128 * MIB);
	map_none(1, BASE - 9 * MIB, 128 * MIB, ANONYMOUS);
	unmap(1, BASE - 9 * MIB, 9 * MIB);
	unmap(1, BASE + 64 * MIB, 55 * MIB);
	map(1, BASE, 132 << 10, ANONYMOUS);
	map(1, BASE + 64 * MIB, MIB / 2, ANONYMOUS);
	ck_assert_int_eq(at(1, BASE)->bytes, (int64_t)(64 * MIB));
	ck_assert_int_eq(at(1, BASE)->returned, 0);
	ck_assert_int_eq(at(1, BASE + 64 * MIB)->what, MAPPING_SMALL);
	ck_assert_int_eq(at(1, BASE + 64 * MIB)->bytes, (int64_t)(MIB / 2));
	ck_assert_int_eq(find(1, BASE - MIB), MAPPING_UNKNOWN);
	/* What was used of it counts as reserved when all of it goes. */
	spaces.mappings.items[0].last_ns = ++clock_ns;
	unmap(1, BASE, 64 * MIB);
	ck_assert_int_eq(spaces.mappings.items[0].bytes, 132 << 10);
	ck_assert_int_eq(spaces.mappings.items[0].returned, 132 << 10);
}
END_TEST

START_TEST(what_was_used_and_given_back_was_reserved)
{
	struct space_mapping *m;

	begin();
	/* Trimmed at once, though accessible: it was too much. */
	reserve(1, 7, BASE, 8 * MIB);
	map(1, BASE, 8 * MIB, ANONYMOUS);
	m = space_mappings_at(&spaces.mappings, find(1, BASE));
	unmap(1, BASE, MIB + 5);
	ck_assert_int_eq(m->bytes, (int64_t)(7 * MIB - 4096));
	ck_assert_int_eq(find(1, BASE + MIB + 4095), MAPPING_UNKNOWN);
	/* After it was touched. */
	m->last_ns = ++clock_ns;
	unmap(1, BASE + 7 * MIB, MIB);
	ck_assert_int_eq(m->bytes, (int64_t)(7 * MIB - 4096));
	ck_assert_int_eq(m->returned, (int64_t)MIB);
	/* All of it: it may have been touched without a sample. */
	reserve(1, 8, BASE + 64 * MIB, 8 * MIB);
	map(1, BASE + 64 * MIB, 8 * MIB, ANONYMOUS);
	m = space_mappings_at(&spaces.mappings, find(1, BASE + 64 * MIB));
	unmap(1, BASE + 64 * MIB, 8 * MIB);
	ck_assert_int_eq(m->bytes, (int64_t)(8 * MIB));
	ck_assert_int_eq(m->returned, (int64_t)(8 * MIB));
	/* The kernel refuses these. */
	unmap(1, BASE + 2 * MIB + 1, MIB);
	unmap(1, BASE + 2 * MIB, 0);
	unmap(1, BASE + 2 * MIB, UINT64_MAX);
	unmap(2, BASE + 2 * MIB, MIB);
	ck_assert_int_ne(find(1, BASE + 2 * MIB), MAPPING_UNKNOWN);
}
END_TEST

START_TEST(small_pieces_are_counted_as_many_as_there_were_at_once)
{
	begin();
	for (int i = 0; i < 8; i++) {
		map(1, BASE, MIB / 2, ANONYMOUS);
		map(1, BASE + MIB, MIB / 4, ANONYMOUS);
		unmap(1, BASE, MIB / 2);
		unmap(1, BASE + MIB, MIB / 4);
	}
	map(1, BASE, 1 * MIB - 4096, ANONYMOUS);
	ck_assert_int_eq(at(1, BASE)->bytes, (int64_t)(MIB - 4096));
}
END_TEST

START_TEST(what_a_child_gives_back_its_parent_has)
{
	const struct perf_event event = {.kind = EVENT_FORK, .pid = 2, .parent = 1};

	begin();
	reserve(1, 7, BASE, 8 * MIB);
	map_none(1, BASE, 8 * MIB, ANONYMOUS);
	address_space_fork(&spaces, &event);
	unmap(2, BASE, 8 * MIB);
	ck_assert_int_eq(find(2, BASE), MAPPING_UNKNOWN);
	ck_assert_int_eq(at(1, BASE)->bytes, (int64_t)(8 * MIB));
	ck_assert_int_eq(at(1, BASE)->returned, 0);
}
END_TEST

static void remap(pid_t pid, uint64_t start, uint64_t len, uint64_t new_len, uint64_t flags,
		  uint64_t new_start)
{
	const struct perf_event event = {.kind = EVENT_REMAP,
					 .pid = pid,
					 .tid = pid,
					 .t_ns = ++clock_ns,
					 .start = start,
					 .len = len,
					 .new_start = new_start,
					 .new_len = new_len,
					 .flags = flags};

	address_returns_remap(&spaces, &event);
}

START_TEST(memory_that_shrinks_or_goes_to_a_chosen_address_is_followed)
{
	int id;

	begin();
	reserve(1, 7, BASE, 8 * MIB);
	map(1, BASE, 8 * MIB, ANONYMOUS);
	id = find(1, BASE);
	remap(1, BASE, 8 * MIB, 6 * MIB, MREMAP_MAYMOVE, 0);
	ck_assert_int_eq(find(1, BASE + 6 * MIB - 1), id);
	ck_assert_int_eq(find(1, BASE + 6 * MIB), MAPPING_UNKNOWN);
	map(1, BASE + 32 * MIB, 4096, ANONYMOUS);
	remap(1, BASE + 4 * MIB, 2 * MIB, 2 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 31 * MIB);
	ck_assert_int_eq(find(1, BASE + 4 * MIB), MAPPING_UNKNOWN);
	ck_assert_int_eq(find(1, BASE + 32 * MIB), id);
	/* It stays where it was as well. */
	remap(1, BASE, MIB, MIB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ck_assert_int_eq(find(1, BASE), id);
	/* Whether so little moves is not told: it is not known any more whose it is. */
	remap(1, BASE, 4096, 8192, MREMAP_MAYMOVE, 0);
	ck_assert_int_eq(find(1, BASE), MAPPING_UNKNOWN);
	remap(1, BASE + MIB, 0, MIB, MREMAP_MAYMOVE, 0);
	remap(1, BASE + MIB + 1, MIB, 0, MREMAP_MAYMOVE, 0);
	remap(3, BASE + MIB, MIB, 0, MREMAP_MAYMOVE, 0);
	ck_assert_int_eq(find(1, BASE + MIB), id);
}
END_TEST

START_TEST(numbers_that_cannot_be_are_refused)
{
	begin();
	reserve(1, 7, UINT64_MAX - 11, MIB); /* -ENOMEM */
	reserve(1, 7, UINT64_MAX - MIB, 8 * MIB);
	reserve(1, 7, BASE, 0);
	map(1, UINT64_MAX - 4096, 8192, ANONYMOUS);
	ck_assert_uint_eq(spaces.mappings.count, 0);
}
END_TEST

START_TEST(everything_is_bounded)
{
	begin();
	for (uint64_t i = 0; i < 4 * MAPPINGS_MAX; i++) {
		reserve(1, i % 3, BASE + i * 2 * MIB, MIB);
		map(1, BASE + i * 2 * MIB, MIB, ANONYMOUS);
	}
	ck_assert_uint_eq(spaces.mappings.count, MAPPINGS_MAX / 2);
	ck_assert_uint_eq(at(1, BASE + 8 * MAPPINGS_MAX * MIB - 2 * MIB)->frames[0].offset,
			  (4 * MAPPINGS_MAX - 1) % 3);
	for (uint64_t i = 0; i < 2 * MAPPINGS_MAX; i++)
		reserve(1, 100 + i, BASE + i * MIB, MIB);
	ck_assert_uint_le(spaces.mappings.count, MAPPINGS_MAX);
	for (uint64_t i = 0; i < 3 * RANGES_MAX; i++)
		map(2, BASE + i * 8192, 4096, ANONYMOUS);
	for (pid_t pid = 3; pid < 3 + 2 * SPACES_MAX; pid++)
		map(pid, BASE, 4096, ANONYMOUS);
	ck_assert_uint_le(spaces.space_count, SPACES_MAX);
	begin();
}
END_TEST

/* Against a table of single pages. */
START_TEST(ranges_are_what_pages_would_be)
{
	enum { PAGES = 64 };
	const struct space_mapping *owner[PAGES] = {0};
	uint64_t who[PAGES] = {0};
	unsigned int seed = 1;

	begin();
	for (uint64_t round = 1; round < 200; round++) {
		uint64_t start = (seed = seed * 1103515245 + 12345) >> 16 & (PAGES - 1);
		uint64_t len = 1 + ((seed = seed * 1103515245 + 12345) >> 16) % (PAGES - start);

		reserve(1, round, BASE + start * MIB, len * MIB);
		for (uint64_t i = start; i < start + len; i++)
			who[i] = round;
		for (uint64_t i = 0; i < PAGES; i++) {
			owner[i] = at(1, BASE + i * MIB + 5);
			ck_assert_uint_eq(owner[i] ? owner[i]->frames[0].offset : 0, who[i]);
		}
	}
	begin();
}
END_TEST

#if defined(__x86_64__)
enum { CX = 2, DI = 5, SP = 7, IP = 8, FLAGS = 9, R11 = 13 };

static uint64_t regs[REGISTERS_MAX];

static struct perf_event event_at(enum perf_event_kind kind, uint64_t pc, uint64_t sp)
{
	memset(regs, 0, sizeof(regs));
	regs[IP] = pc;
	regs[SP] = sp;
	regs[FLAGS] = 1;
	return (struct perf_event){.kind = kind, .pid = 1, .tid = 1, .regs = regs};
}

static struct fault_location fault(uint64_t pc, uint64_t sp, uint64_t address)
{
	struct perf_event event = event_at(EVENT_FAULT, pc, sp);

	event.address = address;
	return fault_locator_fault(&faults, &spaces, &event);
}

static struct fault_location rss(uint64_t pc, uint64_t sp)
{
	const struct perf_event event = event_at(EVENT_RSS, pc, sp);

	return fault_locator_rss(&faults, &spaces, &event);
}

START_TEST(bytes_come_where_the_same_instruction_faulted)
{
	begin();
	reserve(1, 7, BASE, 4 * MIB);
	map(1, BASE, 4 * MIB, ANONYMOUS);
	ck_assert_int_eq(rss(0x400, 0).mapping, MAPPING_UNKNOWN);
	fault(0x400, BASE - MIB, BASE + 5);
	ck_assert_int_eq(rss(0x400, 0).mapping, find(1, BASE));
	ck_assert_int_eq(rss(0x401, 0).mapping, MAPPING_UNKNOWN);
	ck_assert(!rss(0x400, 0).is_on_stack);
}
END_TEST

/* As pthread_create(3) does: all of it, then what may be used. */
static void map_stack(uint64_t start, uint64_t len, uint64_t guard)
{
	map_none(1, start, len, ANONYMOUS);
	map(1, start + guard, len - guard, ANONYMOUS);
}

static void note_sp(uint64_t sp)
{
	const struct perf_event event = event_at(EVENT_FAULT, 0x400, sp);

	address_space_note_sp(&spaces, &event);
}

START_TEST(the_main_stack_is_where_its_pointer_was_first)
{
	const uint64_t sp = BASE + 900 * MIB;

	begin();
	/* In no mapping that is known, and nothing else is known of it. */
	ck_assert(!fault(0x400, sp, sp + 8).is_on_stack);
	note_sp(sp);
	ck_assert(fault(0x400, sp, sp + 8).is_on_stack);
	ck_assert(fault(0x400, sp, sp - 4096).is_on_stack);
	ck_assert(rss(0x400, sp).is_on_stack);
	ck_assert(!fault(0x400, sp, sp - MIB).is_on_stack);
	ck_assert(!fault(0x400, sp, sp + 100 * MIB).is_on_stack);
	/* A coroutine's, somewhere else in memory that nothing is known of. */
	ck_assert(!fault(0x400, BASE, BASE + 8).is_on_stack);
	note_sp(BASE);
	ck_assert(!fault(0x400, BASE, BASE + 8).is_on_stack);
	address_space_clear(&spaces, 1);
	ck_assert(!fault(0x400, sp, sp + 8).is_on_stack);
}
END_TEST

START_TEST(a_threads_stack_has_a_guard)
{
	begin();
	reserve(1, 7, BASE, 8 * MIB);
	map_stack(BASE, 8 * MIB, 4096);
	reserve(1, 8, BASE + 8 * MIB, 8 * MIB);
	map(1, BASE + 8 * MIB, 8 * MIB, ANONYMOUS);
	ck_assert(fault(0x400, BASE + 7 * MIB, BASE + 7 * MIB + 99).is_on_stack);
	ck_assert_int_eq(rss(0x400, 0).mapping, find(1, BASE));
	ck_assert(!fault(0x400, BASE + 7 * MIB, BASE + 8 * MIB).is_on_stack);
	/* Small ones, kind by kind, the guards of both told of as one with what is below. */
	map_stack(MIB, 64 << 10, 4096);
	map_none(1, MIB - (64 << 10), (64 << 10) + 4096, ANONYMOUS);
	map(1, MIB - (60 << 10), 60 << 10, ANONYMOUS);
	ck_assert(fault(0x400, MIB + 60000, MIB + 50000).is_on_stack);
	ck_assert(fault(0x400, MIB - 9000, MIB - 9999).is_on_stack);
	ck_assert(!fault(0x400, MIB - 9000, MIB + 50000).is_on_stack);
	/* Protected afterwards, as Java does. */
	reserve(1, 9, BASE + 32 * MIB, 2 * MIB);
	map(1, BASE + 32 * MIB, 2 * MIB, ANONYMOUS);
	ck_assert(!fault(0x400, BASE + 33 * MIB, BASE + 33 * MIB).is_on_stack);
	map_none(1, BASE + 32 * MIB, 64 << 10, ANONYMOUS);
	ck_assert(fault(0x400, BASE + 33 * MIB, BASE + 33 * MIB).is_on_stack);
}
END_TEST

START_TEST(a_stack_inside_a_heap_is_the_heaps)
{
	begin();
	note_sp(BASE + 900 * MIB);
	map(1, MIB, 32 * MIB, "[heap]");
	ck_assert(!fault(0x400, 2 * MIB, 2 * MIB + 99).is_on_stack);
	/* Go's: an arena at an address of its own, used from its beginning on. */
	map_none(1, BASE, 64 * MIB, ANONYMOUS);
	map(1, BASE, 4 * MIB, ANONYMOUS);
	ck_assert(!fault(0x400, BASE + MIB, BASE + MIB + 99).is_on_stack);
	/* Used from its middle, with room above; or right above what another call took. */
	map_none(1, BASE + 128 * MIB, 64 * MIB, ANONYMOUS);
	map(1, BASE + 132 * MIB, 4 * MIB, ANONYMOUS);
	ck_assert(!fault(0x400, BASE + 133 * MIB, BASE + 133 * MIB + 9).is_on_stack);
	map(1, BASE + 192 * MIB, 4 * MIB, ANONYMOUS);
	ck_assert(!fault(0x400, BASE + 193 * MIB, BASE + 193 * MIB + 9).is_on_stack);
}
END_TEST

START_TEST(memory_that_grows_may_move)
{
	struct perf_event event = event_at(EVENT_REMAP, 0x500, BASE + 999 * MIB);
	const struct unwind_frame frame = {0, 8};

	begin();
	reserve(1, 7, BASE, 2 * MIB);
	map(1, BASE, 2 * MIB, ANONYMOUS);
	event.start = BASE;
	event.len = 2 * MIB;
	event.new_len = 8 * MIB;
	address_returns_remap(&spaces, &event);
	/* Not yet: it may grow where it is. */
	ck_assert_int_ne(find(1, BASE), MAPPING_UNKNOWN);
	event.start = BASE + 64 * MIB;
	event.len = 8 * MIB;
	address_space_reserve(&spaces, &event, &frame, 1);
	ck_assert_int_eq(find(1, BASE), MAPPING_UNKNOWN);
	/* What moved there is counted once. */
	ck_assert_uint_eq(at(1, BASE + 65 * MIB)->frames[0].offset, 8);
	ck_assert_int_eq(at(1, BASE + 65 * MIB)->bytes, (int64_t)(6 * MIB));
	/* No PERF_RECORD_MMAP2 follows: it is not waited for. */
	map(1, BASE + 72 * MIB, MIB / 2, ANONYMOUS);
	address_space_drop_refused(&spaces);
	ck_assert_int_eq(at(1, BASE + 65 * MIB)->bytes, (int64_t)(6 * MIB));
	/* A call of another line is not that one. */
	event.kind = EVENT_REMAP;
	event.start = BASE + 64 * MIB;
	event.new_len = 16 * MIB;
	address_returns_remap(&spaces, &event);
	event = event_at(EVENT_RESERVE, 0x600, BASE + 999 * MIB);
	event.start = BASE + 256 * MIB;
	event.len = 16 * MIB;
	address_space_reserve(&spaces, &event, &frame, 1);
	ck_assert_int_ne(find(1, BASE + 65 * MIB), MAPPING_UNKNOWN);
}
END_TEST

START_TEST(a_call_populates_what_it_made_or_was_given)
{
	struct perf_event event;
	const struct unwind_frame frame = {0, 7};

	begin();
	event = event_at(EVENT_RESERVE, 0x500, BASE);
	event.start = BASE;
	event.len = MIB;
	address_space_reserve(&spaces, &event, &frame, 1);
	event = event_at(EVENT_RSS, 0x500, BASE);
	regs[CX] = 0x500;
	regs[R11] = regs[FLAGS];
	ck_assert_int_eq(fault_locator_rss(&faults, &spaces, &event).mapping, find(1, BASE));
	event = event_at(EVENT_RSS, 0x600, BASE);
	regs[CX] = 0x600;
	regs[R11] = regs[FLAGS];
	regs[DI] = BASE + 4096;
	ck_assert_int_eq(fault_locator_rss(&faults, &spaces, &event).mapping, find(1, BASE));
	regs[DI] = 5;
	ck_assert_int_eq(fault_locator_rss(&faults, &spaces, &event).mapping, MAPPING_UNKNOWN);
}
END_TEST
#endif

static struct profile_row *row(struct profile_table *table, int mapping, int64_t bytes)
{
	const struct unwind_frame frame = {0, 7};
	const struct profile_key key = {
		.pid = 1, .where = {.mapping = mapping}, .frames = &frame, .depth = 1};
	struct profile_row *row = profile_table_row(table, &key);

	row->gained[RSS_ANON] = bytes;
	return row;
}

START_TEST(what_is_not_known_is_shared_as_the_rest)
{
	struct profile_table table = {0};
	struct profile_row *nowhere = row(&table, 0, 100), *a = row(&table, 1, 300);
	struct profile_row *b = row(&table, 2, 100);

	profile_table_spread(&table);
	ck_assert_int_eq(nowhere->gained[RSS_ANON], 0);
	ck_assert_int_eq(a->gained[RSS_ANON], 375);
	ck_assert_int_eq(b->gained[RSS_ANON], 125);
	/* Too little is known. */
	nowhere->gained[RSS_ANON] = 501;
	profile_table_spread(&table);
	ck_assert_int_eq(nowhere->gained[RSS_ANON], 501);
	profile_table_release(&table);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("address_space");

	tcase_add_test(tcase, room_left_for_alignment_is_not_reserved);
	tcase_add_test(tcase, what_the_kernel_refused_is_not_reserved);
	tcase_add_test(tcase, an_address_of_the_programs_choice_is_who_askeds);
	tcase_add_test(tcase, the_labs_own_memory_is_no_reservation);
	tcase_add_test(tcase, a_later_mapping_hides_an_older_one);
	tcase_add_test(tcase, a_change_of_protection_changes_no_owner);
	tcase_add_test(tcase, files_are_no_reservation);
	tcase_add_test(tcase, small_pieces_are_one_and_the_heap_grows);
	tcase_add_test(tcase, a_heap_is_of_who_made_it_larger);
	tcase_add_test(tcase, what_grows_elsewhere_is_no_heap);
	tcase_add_test(tcase, askers_for_heaps_are_bounded);
	tcase_add_test(tcase, a_child_has_its_parents_and_an_exec_none);
	tcase_add_test(tcase, what_an_arena_gives_back_is_not_reserved_nor_its);
	tcase_add_test(tcase, what_was_used_and_given_back_was_reserved);
	tcase_add_test(tcase, small_pieces_are_counted_as_many_as_there_were_at_once);
	tcase_add_test(tcase, what_a_child_gives_back_its_parent_has);
	tcase_add_test(tcase, memory_that_shrinks_or_goes_to_a_chosen_address_is_followed);
	tcase_add_test(tcase, numbers_that_cannot_be_are_refused);
	tcase_add_test(tcase, everything_is_bounded);
	tcase_add_test(tcase, ranges_are_what_pages_would_be);
#if defined(__x86_64__)
	tcase_add_test(tcase, bytes_come_where_the_same_instruction_faulted);
	tcase_add_test(tcase, the_main_stack_is_where_its_pointer_was_first);
	tcase_add_test(tcase, a_threads_stack_has_a_guard);
	tcase_add_test(tcase, a_stack_inside_a_heap_is_the_heaps);
	tcase_add_test(tcase, memory_that_grows_may_move);
	tcase_add_test(tcase, a_call_populates_what_it_made_or_was_given);
#endif
	tcase_add_test(tcase, what_is_not_known_is_shared_as_the_rest);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("address_space", cases, sizeof(cases) / sizeof(cases[0]));
}
