/*
 * check_unwind.c - the process beside that walks stacks: what it finds in this program's own, and
 * that its death or what it reads ends nothing. Needs no root.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "suite.h"
#include "symbols/registers.h"
#include "symbols/unwind.h"

static struct unwind *unwind;
static uint64_t regs[REGISTERS_MAX];
static unsigned char stack[16 << 10];
static struct unwind_frame frames[UNWIND_DEPTH_MAX];

#if defined(__x86_64__)
enum { IS_KNOWN_MACHINE = 1 };

/* A function saves what it finds in them, and gives them other values. */
#define KEEPS_REGISTERS                                                              \
	__asm__ volatile("mov $0x1234567, %%rbx; mov %%rbx, %%r12; mov %%rbx, %%r13" \
			 :                                                           \
			 :                                                           \
			 : "rbx", "r12", "r13")

static void take_registers(const ucontext_t *c)
{
	const struct user_regs_struct set = {
		.rip = (unsigned long long)c->uc_mcontext.gregs[REG_RIP],
		.rsp = (unsigned long long)c->uc_mcontext.gregs[REG_RSP],
		.rbp = (unsigned long long)c->uc_mcontext.gregs[REG_RBP],
		.rbx = (unsigned long long)c->uc_mcontext.gregs[REG_RBX],
		.r12 = (unsigned long long)c->uc_mcontext.gregs[REG_R12],
		.r13 = (unsigned long long)c->uc_mcontext.gregs[REG_R13],
		.r14 = (unsigned long long)c->uc_mcontext.gregs[REG_R14],
		.r15 = (unsigned long long)c->uc_mcontext.gregs[REG_R15],
	};

	ck_assert(registers_from_regset(&set, sizeof(set), regs));
}
#else
enum { IS_KNOWN_MACHINE = 0 };
#define KEEPS_REGISTERS (void)0

static void take_registers(const ucontext_t *c)
{
	(void)c;
}
#endif

/* What is at the stack pointer and above, as far as it goes. */
static size_t take_stack(void)
{
	_cleanup_close_ int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(mem, stack, sizeof(stack), (off_t)registers_sp(regs));

	return n > 0 ? (size_t)n : 0;
}

struct code {
	uint64_t start, end, offset;
	char path[4096];
};

/* Executable file mappings of this process, the program's own first. */
static size_t read_code(struct code *codes, size_t max)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/maps", "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0, count = 0;

	while (f && count < max && getline(&line, &cap, f) > 0) {
		struct code *c = &codes[count];
		char perms[8];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %4095s",
			   &c->start, &c->end, perms, &c->offset, c->path) == 5 &&
		    perms[2] == 'x' && c->path[0] == '/')
			count++;
	}
	return count;
}

static struct code codes[32];

static void begin(void)
{
	size_t count = read_code(codes, ARRAY_SIZE(codes));

	ck_assert_uint_gt(count, 1);
	/* A sanitizer's own handler would end it otherwise. */
	signal(SIGSEGV, SIG_DFL);
	unwind = unwind_new(MODULES_ROOT_OWN);
	unwind_exec(unwind, 7, NULL);
	for (size_t i = 0; i < count; i++)
		unwind_map(unwind, 7, codes[i].start, codes[i].end - codes[i].start,
			   codes[i].offset, codes[i].path);
}

/* None is left behind, dead or alive. */
static void finish(void)
{
	unwind_free(unwind);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}

/* A stack of its own each time, so that none is told from what was walked before. */
static size_t __attribute__((noinline)) walk(int deeper)
{
	struct unwind_sample sample = {.pid = 7, .regs = regs, .stack = stack};
	volatile char room[64];
	ucontext_t here;

	KEEPS_REGISTERS;
	room[0] = (char)deeper;
	if (deeper > 0)
		return walk(deeper - 1) + (size_t)(room[0] * 0);
	getcontext(&here);
	take_registers(&here);
	sample.stack_len = take_stack();
	return unwind_stack(unwind, &sample, frames);
}

/* The process beside: a child of this one that is called so. */
static pid_t find_beside(void)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *d;
	pid_t found = 0;

	while (dir && (d = readdir(dir))) {
		_cleanup_free_ char *path = text_format("/proc/%s/stat", d->d_name);
		char line[1024];
		int parent = 0;

		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' &&
		    io_read_line_at(AT_FDCWD, path, line, sizeof(line)) == 0 &&
		    strstr(line, "(oomlab-unwind) ") &&
		    sscanf(strchr(line, ')'), ") %*c %d", &parent) == 1 && parent == getpid())
			found = atoi(d->d_name);
	}
	return found;
}

START_TEST(callers_are_found)
{
	ck_assert_uint_gt(walk(3), 5);
	ck_assert_int_eq(frames[0].module, 0);
	ck_assert_int_eq(frames[3].module, 0);
	ck_assert_ptr_null(unwind_trouble(unwind));
	ck_assert_int_gt(find_beside(), 0);
}
END_TEST

START_TEST(without_a_stack_there_is_no_process_for_it)
{
	ck_assert_int_eq(find_beside(), 0);
}
END_TEST

/* libdwfl frees a module that it is told of again, and what it took from the first with it. */
START_TEST(a_file_may_be_mapped_again_and_again)
{
	uint64_t start = codes[0].end, offset = codes[0].offset + (codes[0].end - codes[0].start);
	size_t depth = walk(1);

	mallopt(M_PERTURB, 165);
	for (int i = 2; i < 20; i++) {
		unwind_map(unwind, 7, start, 4096, offset, codes[0].path);
		start += 4096;
		offset += 4096;
		ck_assert_uint_ge(walk(i), depth);
	}
	ck_assert_ptr_null(unwind_trouble(unwind));
	mallopt(M_PERTURB, 0);
}
END_TEST

START_TEST(its_death_is_told_and_it_is_begun_again)
{
	size_t depth = walk(1);
	_cleanup_free_ char *trouble = NULL;
	pid_t first = find_beside();

	ck_assert_int_gt(first, 0);
	ck_assert_int_eq(kill(first, SIGSEGV), 0);
	/* The stack at hand is lost, or not yet if the signal is slow. */
	walk(2);
	ck_assert_uint_ge(walk(3), depth);
	trouble = unwind_trouble(unwind);
	ck_assert_ptr_nonnull(trouble);
	ck_assert_msg(strstr(trouble, "was ended by signal 11 (Segmentation fault)") != NULL &&
			      strstr(trouble, "of 1 stack the callers are missing") != NULL,
		      "%s", trouble);
	ck_assert_int_ne(find_beside(), first);
}
END_TEST

static bool sample_again(size_t times)
{
	struct unwind_sample sample = {
		.pid = 7, .regs = regs, .stack = stack, .stack_len = sizeof(stack)};
	bool is_cut = true;

	for (size_t i = 0; i < times; i++)
		is_cut &= unwind_stack(unwind, &sample, frames) == 1;
	return is_cut;
}

static void kill_beside(void)
{
	pid_t pid = find_beside();

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
}

static void check_trouble(const char *part)
{
	_cleanup_free_ char *trouble = unwind_trouble(unwind);

	ck_assert_ptr_nonnull(trouble);
	ck_assert_msg(strstr(trouble, part) != NULL, "%s", trouble);
}

/* What was cut short is no answer for the next stack that is the same. */
START_TEST(a_stack_that_was_cut_is_walked_again)
{
	ck_assert_uint_gt(walk(1), 1);
	kill_beside();
	ck_assert_uint_eq(walk(3), 1);
	check_trouble("of 1 stack the callers are missing");
	ck_assert(!sample_again(1));
	check_trouble("of 1 stack the callers are missing");
	/* Nobody is left to walk. */
	for (int i = 1; i < 8; i++) {
		walk(i + 10);
		kill_beside();
		walk(i + 20);
	}
	check_trouble("of 8 stacks the callers are missing");
	ck_assert(sample_again(5));
	check_trouble("of 13 stacks the callers are missing");
}
END_TEST

static rlim_t address_space_now(void)
{
	char line[256];
	unsigned long pages = 0;

	ck_assert_int_eq(io_read_line_at(AT_FDCWD, "/proc/self/statm", line, sizeof(line)), 0);
	ck_assert_int_eq(sscanf(line, "%lu", &pages), 1);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

START_TEST(what_was_never_started_has_not_ended)
{
	struct rlimit before, low;

	ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
	free(malloc(64 << 10)); /* what the heap has then is enough */
	low = (struct rlimit){address_space_now() + (16 << 10), before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &low), 0);
	unwind_begin(unwind);
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
	check_trouble("could not be started (Cannot allocate memory)");
	ck_assert_int_eq(find_beside(), 0);
	ck_assert_uint_gt(walk(1), 1);
}
END_TEST

/* Until it is clear that it is of no use. */
START_TEST(it_is_not_begun_for_ever)
{
	_cleanup_free_ char *trouble = NULL;
	int starts = 0;

	for (int i = 0; i < 40; i++) {
		pid_t pid;

		walk(i);
		pid = find_beside();
		starts += pid > 0;
		if (pid > 0)
			ck_assert_int_eq(kill(pid, SIGKILL), 0);
	}
	ck_assert_int_lt(starts, 10);
	ck_assert_uint_eq(walk(50), 1);
	ck_assert_int_eq(frames[0].module, 0);
	trouble = unwind_trouble(unwind);
	ck_assert_ptr_nonnull(trouble);
	ck_assert_msg(strstr(trouble, "signal 9 (Killed), the last of 8 times") != NULL, "%s",
		      trouble);
}
END_TEST

static bool is_code(uint64_t word)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (word >= codes[i].start && word < codes[i].end)
			return true;
	return false;
}

static bool is_near_stack(uint64_t word)
{
	return word - (registers_sp(regs) - (1 << 20)) < 2 << 20;
}

enum word_kind { WORD_RETURN, WORD_STACK, WORD_OTHER };

/* All words of that kind in the stack that was walked last become another; which is no code. */
static void change(enum word_kind kind, uint64_t by)
{
	for (size_t at = 0; at + 8 <= sizeof(stack); at += 8) {
		enum word_kind is;
		uint64_t word;

		memcpy(&word, stack + at, sizeof(word));
		is = is_code(word) ? WORD_RETURN : is_near_stack(word) ? WORD_STACK : WORD_OTHER;
		if (is != kind || !word)
			continue;
		word ^= by;
		memcpy(stack + at, &word, sizeof(word));
	}
}

/* Whether that stack is walked anew: by nobody, once who walks is dead. */
static bool is_walked_anew(enum word_kind kind, uint64_t by)
{
	struct unwind_sample sample = {
		.pid = 7, .regs = regs, .stack = stack, .stack_len = sizeof(stack)};
	_cleanup_free_ char *trouble = NULL;
	size_t depth = walk(3);

	ck_assert_uint_eq(unwind_stack(unwind, &sample, frames), depth);
	kill_beside();
	change(kind, by);
	depth -= unwind_stack(unwind, &sample, frames);
	trouble = unwind_trouble(unwind);
	ck_assert_int_eq(trouble != NULL, depth != 0);
	return trouble != NULL;
}

/* What a function saved for its caller is anything; where a frame is, and returns to, is not. */
START_TEST(a_stack_that_differs_in_data_alone_is_the_same)
{
	ck_assert(!is_walked_anew(WORD_OTHER, 0x5555));
}
END_TEST

START_TEST(another_return_is_another_stack)
{
	ck_assert(is_walked_anew(WORD_RETURN, 0x1));
}
END_TEST

START_TEST(frames_elsewhere_are_another_stack)
{
	ck_assert(is_walked_anew(WORD_STACK, 0x8));
}
END_TEST

/* What is executed there is of no file. */
START_TEST(code_that_was_made_has_its_address)
{
	struct unwind_frame made;
	struct unwind_sample sample = {.pid = 7, .regs = regs};

	unwind_map(unwind, 7, 0x10000, 0x1000, 0x5000, "//anon");
	memset(regs, 0, sizeof(regs));
	registers_from_pc_sp(0x10123, 0x20000, regs);
	ck_assert_uint_eq(unwind_stack(unwind, &sample, frames), 1);
	made = frames[0];
	ck_assert_str_eq(unwind_modules(unwind)->items[made.module].path, "//anon");
	ck_assert_uint_eq(made.offset, 0x10123);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("unwind");

	if (!IS_KNOWN_MACHINE) {
		suite_skip("unwind", "the registers of this machine are taken on x86-64 alone");
		return 0;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, begin, finish);
	tcase_add_test(tc, callers_are_found);
	tcase_add_test(tc, without_a_stack_there_is_no_process_for_it);
	tcase_add_test(tc, a_file_may_be_mapped_again_and_again);
	tcase_add_test(tc, its_death_is_told_and_it_is_begun_again);
	tcase_add_test(tc, a_stack_that_was_cut_is_walked_again);
	tcase_add_test(tc, what_was_never_started_has_not_ended);
	tcase_add_test(tc, it_is_not_begun_for_ever);
	tcase_add_test(tc, a_stack_that_differs_in_data_alone_is_the_same);
	tcase_add_test(tc, another_return_is_another_stack);
	tcase_add_test(tc, frames_elsewhere_are_another_stack);
	tcase_add_test(tc, code_that_was_made_has_its_address);
	return suite_run("unwind", (TCase *const[]){tc}, 1);
}
