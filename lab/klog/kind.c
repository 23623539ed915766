#include "klog/kind.h"

struct marker {
	struct span words;
	enum kind kind;
};

/* First words that say the kind by themselves, sorted by their first letter. */
static const struct marker markers[] = {
	{SPAN(",task="), KIND_SUMMARY_REST},
	{SPAN(",cpuset="), KIND_SUMMARY_REST},
	{SPAN(",mems_allowed="), KIND_SUMMARY_REST},
	{SPAN(",oom_memcg="), KIND_SUMMARY_REST},
	{SPAN(",global_oom"), KIND_SUMMARY_REST},
	{SPAN(",task_memcg="), KIND_SUMMARY_REST},
	{SPAN("Active:"), KIND_COUNTERS},
	{SPAN("Active_anon:"), KIND_COUNTERS},
	{SPAN("Backtrace:"), KIND_TRACE_HEAD},
	{SPAN("COMPACTION is disabled!!!"), KIND_NO_COMPACTION},
	{SPAN("Call Trace:"), KIND_TRACE_HEAD},
	{SPAN("Call trace:"), KIND_TRACE_HEAD},
	{SPAN("Code: "), KIND_REGISTERS},
	{SPAN("Free swap "), KIND_SWAP},
	{SPAN("Free swap:"), KIND_SWAP},
	{SPAN("Killed process "), KIND_KILLED},
	{SPAN("Kernel panic - not syncing: "), KIND_PANIC},
	{SPAN("Linux version "), KIND_BOOT},
	{SPAN("Memory allocations"), KIND_ALLOCS_HEAD},
	{SPAN("Memory cgroup out of memory: Killed process "), KIND_KILLED},
	{SPAN("Memory cgroup out of memory: Kill process "), KIND_CHOSEN},
	{SPAN("Memory cgroup out of memory: kill process "), KIND_CHOSEN},
	{SPAN("Memory cgroup out of memory: OOM victim "), KIND_EXITING},
	{SPAN("Memory cgroup stats"), KIND_STATS},
	{SPAN("Memory limit reached of cgroup "), KIND_TASK_IN},
	{SPAN("Mem-Info:"), KIND_MEMINFO},
	{SPAN("Mem-info:"), KIND_MEMINFO},
	{SPAN("Out of memory: OOM victim "), KIND_EXITING},
	{SPAN("Out of memory: Killed process "), KIND_KILLED},
	{SPAN("Out of Memory: Killed process "), KIND_KILLED},
	{SPAN("Out of Memory: Kill process "), KIND_CHOSEN},
	{SPAN("Out of memory (oom_kill_allocating_task): Killed process "), KIND_KILLED},
	{SPAN("Out of memory: Kill process "), KIND_CHOSEN},
	{SPAN("Out of memory: kill process "), KIND_CHOSEN},
	{SPAN("Out of memory (oom_kill_allocating_task): Kill process "), KIND_CHOSEN},
	{SPAN("Out of memory (oom_kill_allocating_task): kill process "), KIND_CHOSEN},
	{SPAN("Out of memory and no killable process"), KIND_NO_KILLABLE},
	{SPAN("Out of memory in UB "), KIND_KILLED},
	{SPAN("RIP: "), KIND_REGISTERS},
	{SPAN("RSP: "), KIND_REGISTERS},
	{SPAN("RAX: "), KIND_REGISTERS},
	{SPAN("RDX: "), KIND_REGISTERS},
	{SPAN("SysRq : Manual OOM execution"), KIND_BY_HAND},
	{SPAN("Task in /"), KIND_TASK_IN},
	{SPAN("Task in  killed as"), KIND_TASK_IN},
	{SPAN("Tasks state (memory values in "), KIND_TASKS_STATE},
	{SPAN("Total swap = "), KIND_SWAP},
	{SPAN("Unreclaimable slab info:"), KIND_SLAB_HEAD},
	{SPAN("active_anon:"), KIND_COUNTERS},
	{SPAN("active:"), KIND_COUNTERS},
	{SPAN("active_file:"), KIND_COUNTERS},
	{SPAN("bounce:"), KIND_COUNTERS},
	{SPAN("dirty:"), KIND_COUNTERS},
	{SPAN("free_pcp:"), KIND_COUNTERS},
	{SPAN("free_cma:"), KIND_COUNTERS},
	{SPAN("free:"), KIND_COUNTERS},
	{SPAN("inactive_anon:"), KIND_COUNTERS},
	{SPAN("inactive_file:"), KIND_COUNTERS},
	{SPAN("isolated_file:"), KIND_COUNTERS},
	{SPAN("isolated_anon:"), KIND_COUNTERS},
	{SPAN("kmem: usage "), KIND_USAGE_OTHER},
	{SPAN("killed as a result of limit of"), KIND_TASK_IN_REST},
	{SPAN("kernel_misc_reclaimable:"), KIND_COUNTERS},
	{SPAN("lowmem_reserve[]:"), KIND_RESERVE},
	{SPAN("memory: usage "), KIND_USAGE},
	{SPAN("memory+swap: usage "), KIND_USAGE_OTHER},
	{SPAN("mapped:"), KIND_COUNTERS},
	{SPAN("pagetables:"), KIND_COUNTERS},
	{SPAN("oom-kill:constraint="), KIND_SUMMARY},
	{SPAN("oom_reaper: reaped process "), KIND_REAPED},
	{SPAN("oom-killer: gfp_mask="), KIND_INVOKED},
	{SPAN("oom_kill_process: "), KIND_SUPPRESSED},
	{SPAN("swap: usage "), KIND_USAGE_OTHER},
	{SPAN("slab_reclaimable:"), KIND_COUNTERS},
	{SPAN("slab_unreclaimable:"), KIND_COUNTERS},
	{SPAN("shmem:"), KIND_COUNTERS},
	{SPAN("sysrq: Manual OOM execution"), KIND_BY_HAND},
	{SPAN("sysrq: SysRq : Manual OOM execution"), KIND_BY_HAND},
	{SPAN("sec_pagetables:"), KIND_COUNTERS},
	{SPAN("unevictable:"), KIND_COUNTERS},
	{SPAN("unstable:"), KIND_COUNTERS},
	{SPAN("writeback:"), KIND_COUNTERS},
};

static bool is_number_bracket(struct span s)
{
	s = span_ltrim(span_skip(s, 1));
	size_t digits = span_digits(s);

	s = span_skip(s, digits);
	if (!digits || !s.n || *s.p != ']')
		return false;
	s = span_ltrim(span_skip(s, 1));
	return s.n == 0 || char_is_digit(*s.p);
}

/* "[  pid  ]   uid  tgid total_vm", "[<ffffffff81>] f+0x1/0x2", "[    202]     0   202". */
static enum kind bracket_kind(struct span s)
{
	struct span inside = span_ltrim(span_skip(s, 1));

	if (is_number_bracket(s))
		return KIND_ROW;
	if (span_eat(&inside, SPAN("pid")) && span_starts(span_ltrim(inside), SPAN("]")))
		return KIND_TABLE_HEAD;
	if (span_has(span_head(s, 120), SPAN("+0x")) || span_starts(s, SPAN("[<")))
		return KIND_FRAME;
	return KIND_OTHER;
}

/* Letters, digits, "_.$": the name of a statistic or of a function. */
static const bool in_symbol[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	['_'] = true,	      ['.'] = true,	    ['$'] = true,
};

static size_t symbol_length(struct span s)
{
	size_t n = 0;

	s = span_head(s, 128);
	while (n < s.n && in_symbol[(unsigned char)s.p[n]])
		n++;
	return n;
}

/* "name 123" and nothing else. */
static bool is_stat(struct span s, size_t n)
{
	int64_t value;

	if (n < 3 || n > 40 || !char_is_alpha(*s.p) || n >= s.n || s.p[n] != ' ')
		return false;
	s = span_skip(s, n + 1);
	return span_number(&s, &value) && span_rtrim(s).n == 0;
}

/* "19*4kB" */
static bool is_buddy(struct span s)
{
	size_t colon = span_find(span_head(s, 48), SPAN(": "));
	int64_t blocks;

	if (colon == SPAN_NONE)
		return false;
	s = span_ltrim(span_skip(s, colon + 2));
	return span_number(&s, &blocks) && span_starts(s, SPAN("*"));
}

static enum kind node_kind(struct span s)
{
	static const struct span names[] = {SPAN("Node "), SPAN("Normal"), SPAN("DMA"),
					    SPAN("Movable"), SPAN("HighMem")};
	struct span head = span_head(s, 64);
	size_t i = 0;

	if (*s.p != 'N' && *s.p != 'D' && *s.p != 'M' && *s.p != 'H')
		return KIND_OTHER;
	while (i < sizeof(names) / sizeof(names[0]) && !span_starts(s, names[i]))
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		return KIND_OTHER;
	if (is_buddy(s))
		return KIND_BUDDY;
	if (span_has(head, SPAN(" free:")))
		return KIND_ZONE;
	if (span_starts(s, SPAN("Node ")) && span_has(head, SPAN(" active_anon:")))
		return KIND_NODE;
	if (span_has(head, SPAN(" hugepages_total=")))
		return KIND_HUGEPAGES;
	return KIND_OTHER;
}

#define INVOKED SPAN(" invoked oom-killer")

/* Offset of the words, at most 40 bytes from the front, or SPAN_NONE. */
static size_t invoked_at(struct span s)
{
	static const size_t rare = 3; /* offset of the "v", a letter that few lines have */
	struct span head = span_head(s, 40 + rare);

	for (size_t at = rare; at < head.n; at++) {
		const char *v = memchr(head.p + at, 'v', head.n - at);

		if (!v)
			break;
		at = (size_t)(v - head.p);
		if (v[-1] == 'n' && span_starts(span_skip(s, at - rare), INVOKED))
			return at - rare;
	}
	return SPAN_NONE;
}

/*
 * "hog invoked oom-killer:"; OpenVZ: "190708 (hog) invoked oom-killer in ub 103". More than a name
 * in front means that somebody quotes the line.
 */
static bool is_invoked(struct span s)
{
	static const struct span words = INVOKED;
	size_t at = invoked_at(s);

	if (at == SPAN_NONE)
		return false;
	struct span who = span_trim(span_head(s, at));
	size_t digits = span_digits(who);

	/* The kernel names a gfp_mask next, or nothing when the line was wrapped there. */
	struct span next = span_trim(span_skip(s, at + words.n));
	if (next.n && !span_starts(next, SPAN(": gfp_mask")) && !span_starts(next, SPAN("in ub")) &&
	    !span_starts(SPAN(": gfp_mask="), next) && !span_starts(next, SPAN(": order=")))
		return false;
	if (span_starts(who, SPAN("//")) || span_starts(who, SPAN("# ")) ||
	    span_starts(who, SPAN("-- ")))
		return false;
	return who.n && (who.n <= 15 || (digits && who.n <= digits + 18 &&
					 span_starts(span_skip(who, digits), SPAN(" ("))));
}

/* "dump_stack+0x57/0x80", "? f+0x1/0x2", "f from g+0x1" (ARM), "([<0000000000123456>] f+0x1/0x2)"
 */
static bool is_frame(struct span s, size_t n)
{
	struct span rest = span_skip(s, n);

	if (!n && (span_starts(s, SPAN("? ")) || span_starts(s, SPAN("([<"))))
		return true;
	if (!n && span_eat(&s, SPAN("("))) {
		n = symbol_length(s);
		rest = span_skip(s, n);
	}
	return n && (span_starts(rest, SPAN("+0x")) ||
		     (span_starts(rest, SPAN(" from ")) && span_has(rest, SPAN("+0x"))));
}

static bool is_cpu(struct span s)
{
	return (span_starts(s, SPAN("CPU: ")) && span_has(s, SPAN(" PID: "))) ||
	       (span_starts(s, SPAN("Pid: ")) && span_has(s, SPAN(", comm: ")));
}

/* "512558 pages RAM", "512558 pages of RAM", "9881 reserved pages" */
static bool is_pages(struct span s)
{
	return span_starts(s, SPAN(" pages ")) || span_starts(s, SPAN(" reserved pages"));
}

/* Kinds told by their shape. The commonest come first: statistics and frames. */
static enum kind loose_kind(struct span s)
{
	size_t n = symbol_length(s);

	if (is_stat(s, n))
		return KIND_STAT;
	if (is_frame(s, n) && !is_invoked(s))
		return KIND_FRAME;
	if (is_invoked(s))
		return KIND_INVOKED;
	if (is_cpu(s))
		return KIND_CPU;
	if (span_starts(s, SPAN("Tasks in ")) &&
	    span_has(s, SPAN(" going to be killed due to memory.oom.group")))
		return KIND_GROUP;
	if (char_is_digit(*s.p) && is_pages(span_skip(s, span_digits(s))))
		return KIND_PAGES;
	if (*s.p == '/' || span_equal(span_rtrim(s), SPAN("Task in")))
		return KIND_TASK_IN_REST;
	if (span_has(span_head(s, 32), SPAN(" cpuset=")) && span_has(s, SPAN(" mems_allowed=")))
		return KIND_CPUSET;
	return node_kind(s);
}

static enum kind bracket_or_loose(struct span s)
{
	enum kind kind = bracket_kind(s);

	return kind ? kind : loose_kind(s);
}

/* Counters are in pages: with a unit it is the wrapped rest of a node's or zone's line. */
static enum kind marked_kind(enum kind kind, struct span s)
{
	if (kind == KIND_USAGE && !span_digits(span_skip(s, 14)))
		return KIND_OTHER;
	if (kind == KIND_COUNTERS && span_has(s, SPAN("kB")))
		return KIND_OTHER;
	return kind ? kind : loose_kind(s);
}

#define MARKERS (sizeof(markers) / sizeof(markers[0]))

/* Where the markers with a first letter begin; MARKERS where there is none. */
static uint8_t markers_from[256];

__attribute__((constructor)) static void index_markers(void)
{
	memset(markers_from, MARKERS, sizeof(markers_from));
	for (size_t i = MARKERS; i > 0; i--)
		markers_from[(unsigned char)*markers[i - 1].words.p] = (uint8_t)(i - 1);
}

enum kind kind_of(struct span s)
{
	s = span_ltrim(s);
	if (!s.n)
		return KIND_OTHER;
	if (*s.p == '[')
		return bracket_or_loose(s);
	for (size_t i = markers_from[(unsigned char)*s.p];
	     i < MARKERS && *markers[i].words.p == *s.p; i++)
		if (s.n > 1 && markers[i].words.p[1] == s.p[1] && span_starts(s, markers[i].words))
			return marked_kind(markers[i].kind, s);
	return loose_kind(s);
}

bool kind_begun(struct span s)
{
	s = span_trim(s);
	if (s.n < 4 || (*s.p == '[' && !span_has_char(s, ']')))
		return s.n > 0 && *s.p == '[' && s.n < 16;
	if (span_starts(s, SPAN("CPU:")) || span_starts(s, SPAN("Pid:")))
		return s.n < 64;
	for (size_t i = 0; i < MARKERS; i++)
		if (s.n < markers[i].words.n && span_starts(markers[i].words, s))
			return true;
	return span_ends(s, SPAN(" invoked"));
}
