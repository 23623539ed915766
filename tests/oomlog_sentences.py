#!/usr/bin/env python3
"""
oomlog_sentences.py - reads every sentence of `oomlab explain` against the log that it is about.

    tests/oomlog_sentences.py OOMLAB LOG...    prints what does not hold; status 1 if anything

Each sentence of the report must cite lines of the log, be of a kind that has a condition in KINDS,
and fulfil it there; each size that it states must follow from numbers of the lines that it cites:
one of them, or a sum or difference of two or three, as kB, bytes or pages. A kind that is new
needs its condition here.
"""
import itertools
import json
import re
import subprocess
import sys

UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
SIZE = re.compile(r"(-?\d+(?:\.\d)?) (bytes|KiB|MiB|GiB|TiB)\b")
# Lines of which one alone, with what is wrapped behind it, is what a sentence rests on.
SINGLE = re.compile(r"Killed process|ill process|oom-kill:|invoked oom-killer|memory: usage"
                    r"|swap: usage|Tasks in /| free:|hugepages_total|\w+ swap +=")


def has(pattern):
    """The cited text has it."""
    return lambda event, cited, match: re.search(pattern, cited) is not None


def fact(key, *values):
    """The event has the key, with one of the values where some are given."""
    return lambda event, cited, match: event.get(key) in values if values else key in event


def both(*conditions):
    return lambda event, cited, match: all(c(event, cited, match) for c in conditions)


def below(event, cited, match):
    return any(int(free) < int(least) or "free_cma:0kB" not in cited for free, least in
               re.findall(r" free:(\d+)kB.*?min:(\d+)kB", cited))


def above(event, cited, match):
    return int(re.search(r" free:(\d+)", cited)[1]) > int(re.search(r" min:(\d+)", cited)[1])


def victim(event):
    return (event.get("victims") or [{}])[0]


def trace_has(*names):
    return lambda event, cited, match: any(
        frame.startswith(name) for frame in event.get("trace", []) for name in names)


def listed(event, cited, match):
    return any(t["pid"] == event.get("invoker_pid") for t in event["tasks"])


MEMCG, MACHINE = ("own", "ancestor", "memcg"), ("global", "cpuset", "mempolicy")
GLOBAL_WORDS = (r"global_oom|Out of [mM]emory|CONSTRAINT_(NONE|CPUSET|MEMORY_POLICY)|Call Trace"
                 r"|no killable|deadlocked on memory|panic_on_oom|out_of_memory|invoked")
KINDS = [(re.compile(pattern), condition) for pattern, condition in (
    # What happened
    (r"The limit that was hit is that of the victim's own ", fact("scope", "own")),
    (r"The victim's own .* was to give memory; no limit", both(fact("scope", "own"), fact("limit_is_max"))),
    (r".* was to give memory; no limit", both(fact("scope", *MEMCG), fact("limit_is_max"))),
    (r"The task table is empty", has(r"\[ *pid *\].*\n?.*no killable|no killable")),
    (r"The limit that was hit is not the victim's own but", fact("scope", "ancestor")),
    (r"The limit that was hit is that of .* the victim ran in ", fact("scope", "memcg")),
    (r"The limit is that of the unit .* inside the LXC", has(r"/lxc")),
    (r"It used .* of ", both(has(r"usage \d+"), has(r"limit \d+"))),
    (r"Not the whole machine counted.* cpuset", has("CONSTRAINT_CPUSET|cpuset")),
    (r"Not the whole machine counted.* policy", has("MEMORY_POLICY")),
    (r"The kernel names no cgroup", fact("scope", *MACHINE)),
    (r"The kernel's words blame the machine", has(r"Out of [mM]emory")),
    (r"By the call trace an allocation from", trace_has("out_of_memory", "oom_kill_process")),
    (r"No cgroup limit was involved", both(fact("scope", *MACHINE), has(GLOBAL_WORDS))),
    (r"The victim ran in ", fact("task_memcg")),
    (r".* died with .* resident", has(r"anon-rss:|rss:")),
    (r"memory.oom.group is set", has(r"memory\.oom\.group set")),
    (r"\d+ more w(as|ere) already exiting", has("already exiting")),
    (r"\d+ more were killed", fact("victims")),
    (r"The kernel found no process it may kill", has("no killable|deadlocked on memory")),
    (r"vm.panic_on_oom is", has("panic_on_oom|ut of memory")),
    (r".* was killed before at the same size", both(fact("scope", *MEMCG), has("anon-rss"))),
    (r"systemd then ended the unit", has("Failed with result 'oom-kill'")),
    # Who requested memory
    (r"Nobody was refused memory: .* BPF program", trace_has("bpf_out_of_memory")),
    (r"A BPF program decides when to kill", trace_has("bpf_out_of_memory")),
    (r"Nobody was refused memory: .* asked for a kill", trace_has("balance_pgdat", "lru_gen", "kswapd")),
    (r"Nobody was refused memory", has("invoked oom-killer|order=-1")),
    (r"No allocation failed, if ", has("kswapd")),
    (r"Who requested memory is not named", lambda e, c, m: "invoker_comm" not in e),
    (r".* requested memory that was not there", both(
        fact("invoker_comm"), has("invoked oom-killer|^"), lambda e, c, m: e.get("order") != -1)),
    (r"It is also the process that was killed", lambda e, c, m:
     e["invoker_pid"] == victim(e).get("pid")),
    (r"It is not the process that was killed", listed),
    (r"Kernel threads have no memory", lambda e, c, m: not listed(e, c, m)),
    (r"Pid \d+ has no row in the task table", lambda e, c, m: e["tasks"] and not listed(e, c, m)),
    (r"gfp_mask is 0", has(r"gfp_mask=0x0\b")),
    (r"It wanted \d+ contiguous pages", has(r"order[=:] ?[1-9]")),
    # Why this process
    (r"vm.oom_kill_allocating_task is set", has("oom_kill_allocating_task")),
    (r"The kernel gave .* a score of (-?\d+)", lambda e, c, m: f"score {m[1]}" in c),
    (r"Process \d+ was chosen, process \d+ was killed", has("ill process")),
    (r"The victim is not among the processes listed", lambda e, c, m:
     all(t["pid"] != victim(e).get("pid") for t in e["tasks"])),
    (r"By (the table|resident memory) ", fact("tasks")),
    (r"Every process scores zero or less", lambda e, c, m:
     all(t.get("oom_score_adj", 0) <= 0 for t in e["tasks"])),
    (r"It is the only process listed", lambda e, c, m: len(e["tasks"]) == 1),
    (r"Of the (\d+) processes listed", lambda e, c, m: len(e["tasks"]) == int(m[1])),
    (r".* was larger with .*oom_score_adj", fact("tasks")),
    (r"The next in line was ", lambda e, c, m: len(e["tasks"]) > 1),
    (r"Its oom_score_adj of (-?\d+)", lambda e, c, m: f"oom_score_adj:{m[1]}" in c),
    (r"The highest score is next to nothing", has("score [01]\\b")),
    (r"Its death frees little", lambda e, c, m: len(e["victims"]) == 1),
    (r"The victim is small ", lambda e, c, m: "usage_bytes" not in e),
    (r"swapoff marks whoever runs it", trace_has("try_to_unuse", "__do_sys_swapoff", "sys_swapoff")),
    # Where the memory was
    (r"Of .*, the largest part among the counters that are left", has(r":\d+")),
    (r"Of .*, .* is ", has(r"\d")),
    (r".* is tmpfs or shared memory: its files", has(r"shmem:\d+")),
    (r"The processes listed hold .* rows of the table are missing", fact("memory")),
    (r"The processes listed hold ", fact("usage_bytes")),
    (r".* has .* in swap, more than it has resident", has(r"\[ *\d+\]")),
    (r"Pools of huge pages take", has(r"hugepages_total=[1-9]")),
    (r".* hold compressed pages of zram or zswap", has("zspages:")),
    (r"The balloon has given", has("Balloon:")),
    (r"Kernel stacks take", has("kernel_stack:")),
    (r"Page tables take", has(r"pagetables:\d+")),
    (r".* had .* of page tables, more than", has(r"pgtables|\[ *\d+\]")),
    (r"The largest kind of kernel object", has("Unreclaimable slab info")),
    (r"The list of kernel objects adds up to", has("Unreclaimable slab info")),
    (r"By place in the kernel's code", has("Memory allocations")),
    (r".* is in none of these counters", has(r":\d+")),
    (r".* had .* of addresses \(total-vm\)", has("total-vm:|vsz:|vm:")),
    # Why it could not be reclaimed
    (r"The cgroup may not swap", has(r"swap: usage \d+kB, limit 0kB")),
    (r"The cgroup's swap is full", has(r"swap: usage")),
    (r"Memory and swap together are at their limit", has(r"memory\+swap: usage")),
    (r"Swap is allowed but none is used", has(r"swap: usage 0kB")),
    (r".* of the page cache is dirty", has(r"dirty|stats for")),
    (r"There is hardly any page cache to drop", has(r"stats for|file |cache")),
    (r".* is locked in memory", has(r"unevictable")),
    (r"The machine has no swap", has(r"Total swap = 0kB")),
    (r"Swap is full", has(r"[Ff]ree swap")),
    (r"Swap is not full", has(r"[Ff]ree swap")),
    (r"Zone .* free, but takes no request of this kind", has(r" free:")),
    (r"Zone .* but (only|no block)|Zone .* of order", has(r"\*\d+kB")),
    (r"Zone .* free, above its minimum of .* of order", has(r"\*\d+kB")),
    (r"Of the .* free in zone .* is CMA", has(r"free_cma:[1-9]")),
    (r"Zone .* free, below its minimum", below),
    (r"Zone .* keeps it from requests", has(r" free:")),
    (r"Zone .* \(reserved_highatomic\)", has(r"reserved_highatomic:[1-9]")),
    (r"Zone .* but the invoker may use memory of node", has(r" free:")),
    (r"Zone .* far above its high watermark", above),
    (r"Zone .* free, above its minimum", above),
    # What one could change
    (r"Lower a limit only below", fact("mechanism", "limit_lowered")),
    (r"Raising the victim's own limit does not help", fact("scope", "ancestor")),
    (r"Raise MemoryMax= of", lambda e, c, m: re.search(r"\.(service|slice)$", e["oom_memcg"])),
    (r"The memory limit of .* is not what was full", fact("limit_is_max", True)),
    (r"Raise the limit", fact("scope", *MEMCG)),
    (r"Raise resources.limits.memory|A pod's limit is the sum|The limit was set inside of the",
     lambda e, c, m: "kubepods" in e["oom_memcg"]),
    (r".* is what the node leaves to its pods", lambda e, c, m: "kubepods" in e["oom_memcg"]),
    (r"Most of it is not on the heap", fact("memory")),
    (r"Of tmpfs and shared memory the files", lambda e, c, m: e["memory"]["shmem"] > 0),
    (r"Allowing swap", has(r"swap: usage \d+kB, limit 0kB")),
    (r"Nothing was short", fact("by_hand", True)),
    (r"Look for limits on kernel memory", has(r"gfp_mask=0x0")),
    (r"/sys/kernel/mm/lru_gen/min_ttl_ms", has(r"kswapd|Call [Tt]race|out_of_memory")),
    (r"Give the cpuset more memory nodes", fact("scope", "cpuset")),
    (r"Let the memory policy prefer", fact("scope", "mempolicy")),
    (r"HighMem cannot serve", fact("gfp_mask")),
    (r"This kernel has no compaction|A larger vm.min_free_kbytes", lambda e, c, m: e["order"] > 0),
    (r"Put a memory limit on what may grow", fact("scope", *MACHINE)),
    (r"The victim is too small to be what filled", fact("scope", *MACHINE)),
    (r"Swap would give the kernel", has(r"Total swap = 0kB")),
    (r".* delete what lies in tmpfs", has(r"shmem:\d+")),
    (r"Find out which kernel objects grow", has(r"slab_unreclaimable:\d+")),
    (r"Size the pools of huge pages", lambda e, c, m: e["hugepages_bytes"] > 0),
    (r"Fewer processes that map the same memory", has(r"pagetables:\d+")),
    (r"Limit the number of threads", has(r"kernel_stack:\d+")),
    (r"What zram and zswap hold", fact("zspages_bytes")),
    (r"Have the hypervisor deflate", fact("balloon_bytes")),
    (r"Find out first whose the memory is", has(r":\d+")),
)]
# Sizes in these are worked out of what stands elsewhere in the report, or of no line at all.
FREE = re.compile(r"counts as|if pages are of|order \d+|a stack of 16 KiB|The processes listed hold"
                  r"|Of the .* free in zone|The list of kernel objects|hardly any page cache")
# The rest of a sum over all parts.
REST = re.compile(r"[\d.]+ \w+ \(\d+ %\) is (not in|in none of) these|: the other [\d.]+ \w+")


def numbers(cited, page):
    """The sizes that the text may mean, in bytes."""
    found = set()
    for text, unit in re.findall(r"(\d+)(?:\.\d+)? ?(kB|KB|KiB|MiB|GiB)?", cited):
        value = int(text)
        if value > 1 << 60:
            continue
        found |= {value * {"MiB": 1 << 20, "GiB": 1 << 30}.get(unit, 1024)} if unit else {
            value, value * page, value * 1024}
    for whole, part, unit in re.findall(r"(\d+)\.(\d+) (KiB|MiB|GiB)", cited):
        found.add(int(float(f"{whole}.{part}") * UNITS[unit]))
    return found


def follows(text, unit, sizes):
    want, step = float(text) * UNITS[unit], UNITS[unit] * (0.06 if unit != "bytes" else 0.5)
    few = sorted(sizes, reverse=True)[:160]
    near = lambda value: abs(value - want) <= step + want / 1000
    if any(near(value) for value in sizes) or want == 0:
        return True
    if any(near(a + b) or near(abs(a - b)) for a, b in itertools.combinations(few, 2)):
        return True
    few = [value for value in few if value <= want * 1.1][:60] + sorted(sizes)[-40:]
    return any(near(a + b + c) or near(a - b - c) or near(a + b - c)
               for a, b, c in itertools.combinations(few, 3))


def cited_text(lines, event, numbers_of_lines):
    text = []
    for number in numbers_of_lines:
        line = lines[number - 1]
        end = number if SINGLE.search(line) else event["lines"]["last"]
        text += lines[number - 1:max(end, number + 8)]
    # Lines that were broken inside a word, too.
    return "\n".join(text) + "\n" + "".join(text) + "\n" + "".join(t.lstrip() for t in text)


def wrong(event, sentence, lines):
    """Why the sentence does not hold, or nothing."""
    text = sentence["text"]
    if sentence["topic"] == "What the log does not say":
        return None
    if not sentence["lines"] or not all(0 < n <= len(lines) for n in sentence["lines"]):
        return "cites no line of the log"
    cited = cited_text(lines, event, sentence["lines"])
    kind = next(((c, m) for p, c in KINDS for m in [p.match(text)] if m), None)
    if not kind:
        return "is of no known kind"
    if not kind[0](event, cited, kind[1]):
        return "lacks its condition"
    if FREE.search(text):
        return None
    sizes = numbers(cited, event.get("page_size", 4096))
    sizes |= {t.get("rss_bytes", 0) + t.get("swap_bytes", 0) + t.get("pgtables_bytes", 0)
              for t in event["tasks"] if t["comm"] in text}
    for size, unit in SIZE.findall(REST.sub("", text)):
        if not follows(size, unit, sizes):
            return f"has no {size} {unit} in what it cites"
    return None


def main():
    count = bad = 0
    for path in sys.argv[2:]:
        out = subprocess.run([sys.argv[1], "explain", "--json", path], capture_output=True, check=True)
        with open(path, encoding="utf-8", errors="replace", newline="\n") as log:
            lines = log.read().replace("=3D", "=").split("\n")
        for event in json.loads(out.stdout)["events"]:
            for sentence in event["explanation"]:
                count += 1
                why = wrong(event, sentence, lines)
                if why:
                    bad += 1
                    print(f"{path}: {why}: {sentence['text']} {sentence['lines']}")
    print(f"# {count} sentences read", file=sys.stderr)
    return 1 if bad or not count else 0


sys.exit(main())
