#!/usr/bin/env python3
"""
peers.py - the facts that other tools' published rules find in a folder of real logs, and ours.

    tests/bench/peers.py FOLDER [OOMLAB]    prints the table of docs/explain.md

FOLDER holds NAME.log and NAME.facts (key=value; several events: one section [N] each). The
patterns below are data, quoted from their projects; the code that applies them is ours and leans
to the peer's side: a log of many events is handed over event by event, prefixes do not matter to
patterns without an anchor, what a tool only fills in by default is not held against it, and events
are paired with the facts so that the most agree.

Found: events paired. Right, missing, wrong: the facts of all events, found or not.
"""
import glob
import json
import os
import re
import subprocess
import sys

# google/cadvisor, utils/oomparser/oomparser.go, 2021 and later; Apache-2.0.
CADVISOR_START = r"invoked oom-killer:"
CADVISOR_CONTAINER = (
    r"oom-kill:constraint=(.*),nodemask=(.*),cpuset=(.*),mems_allowed=(.*),"
    r"oom_memcg=(.*),task_memcg=(.*),task=(.*),pid=(.*),uid=(.*)")
CADVISOR_LEGACY = r"Task in (.*) killed as a result of limit of (.*)"
CADVISOR_LAST = r"Killed process ([0-9]+) \((.+)\)"

# kubernetes/node-problem-detector, config/kernel-monitor.json, reason OOMKilling; Apache-2.0.
# It reports the line; what a reader sees in it counts as found.
NPD_KILLING = r"Killed process \d+ (.+) total-vm:\d+kB, anon-rss:\d+kB, file-rss:\d+kB.*"
NPD_SEEN = r"process (\d+)(?:, UID \d+,)? \((.*)\),? .*total-vm:(\d+)kB, anon-rss:(\d+)kB, file-rss:(\d+)kB"

# CarstenGrohmann/OOMAnalyser, OOMAnalyser.py, 0.8.0_devel of 2025; MIT. (kernel from, name, pattern)
ANALYSER_VERSION = (
    r"CPU: \d+ (UID: \d+ )?PID: \d+ Comm: .* (Not tainted|Tainted: [A-Z- ]+) "
    r"(?P<major>\d+)\.(?P<minor>\d+)[\w.+-]* #.+")
ANALYSER_CGROUP = r"^memory: usage \d+kB, limit \d+kB, failcnt \d+"
ANALYSER_MEMINFO = (
    r"^\s*( (active_file|unevictable|slab_reclaimable|mapped|sec_pagetables|"
    r"kernel_misc_reclaimable|free):.+)$")
KILLED = (
    r"Killed process (?P<victim_pid>\d+) \((?P<victim_comm>[\S ]+)\) "
    r"total-vm:(?P<total_vm_kb>\d+)kB, anon-rss:(?P<anon_rss_kb>\d+)kB, "
    r"file-rss:(?P<file_rss_kb>\d+)kB")
SHMEM = r", shmem-rss:(?P<shmem_rss_kb>\d+)kB"
ROW = r"^\[(?P<pid>[ \d]+)\]\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(.+)\s*"
ANALYSER = [
    ((0, 0), "invoked",
     r"^(?P<invoker>[\S ]+) invoked oom-killer: "
     r"gfp_mask=(?P<gfp_mask>0x[a-z0-9]+)(\(([A-Z_|]+)\))?, "
     r"(nodemask=(([\d,-]+|\(null\))), )?order=(?P<order>-?\d+), oom_score_adj=(-?\d+)"),
    ((0, 0), "trigger", r"^CPU: \d+ PID: (?P<invoker_pid>\d+) Comm: .* "
                        r"(Not tainted|Tainted:.*) (\d[\w.+-]+) #\d"),
    ((0, 0), "swap",
     r"^(\d+) pages in swap cache(?:\n)^Swap cache stats: add \d+, delete \d+, find \d+\/\d+(?:\n)"
     r"^Free swap  = (\d+)kB(?:\n)^Total swap = (?P<swap_total_kb>\d+)kB"),
    ((0, 0), "chosen", r"^Out of memory: Kill process (?P<victim_pid>\d+) "
                       r"\((?P<victim_comm>[\S ]+)\) score (\d+) or sacrifice child"),
    ((0, 0), "killed", "^" + KILLED),
    ((0, 0), "end", r"^Killed process \d+"),
    ((0, 0), "table", r"[ pid ]"),
    ((4, 5), "killed", "^" + KILLED + SHMEM),
    ((4, 6), "end", r"^((Out of memory.*|Memory cgroup out of memory): Killed process \d+"
                    r"|oom_reaper:)"),
    ((4, 19), "table", r"[  pid  ]"),
    ((5, 1), "chosen", None),
    ((5, 4), "killed", r"^([\S ]+): " + KILLED + SHMEM + r", UID:\d+ pgtables:"
                       r"(?P<pgtables_kb>\d+)kB oom_score_adj:(?P<oom_score_adj>-?\d+)"),
    ((6, 11), "trigger", r"^CPU: \d+ UID: (\d+) PID: (?P<invoker_pid>\d+) Comm: .* "
                         r"(Not tainted|Tainted:.*) (\d[\w.+-]+) #\d"),
]


def cadvisor(text):
    events, event = [], None
    for line in text.split("\n"):
        if event is None:
            if re.search(CADVISOR_START, line):
                event = {}
            continue
        if found := re.search(CADVISOR_CONTAINER, line):
            event.update(constraint=found[1].replace("CONSTRAINT_", ""), oom_memcg=found[5],
                         task_memcg=found[6], victim_comm=found[7], victim_pid=found[8])
        elif found := re.search(CADVISOR_LEGACY, line):
            event.update(task_memcg=found[1], oom_memcg=found[2])
            continue
        elif found := re.search(CADVISOR_LAST, line):
            event.update(victim_pid=found[1], victim_comm=found[2])
        else:
            continue
        events.append(event)
        event = None
    return events


def node_problem_detector(text):
    names = "victim_pid", "victim_comm", "total_vm_kb", "anon_rss_kb", "file_rss_kb"
    events = []
    for found in re.finditer(NPD_KILLING, text):
        seen = re.search(NPD_SEEN, found[0])
        events.append(dict(zip(names, seen.groups())) if seen else {})
    return events


def analyser_block(lines):
    """The lines of one event, without what stands left of the message."""
    for number, line in enumerate(lines):
        if "Killed process" in line:
            rest = lines[number + 1:number + 2]
            lines = lines[:number + 1] + [after for after in rest if "oom_reaper" in after]
            break
    lines = [line.replace("kernel:", "") for line in lines if line.strip()]
    cpu = next((line for line in lines if "CPU: " in line), lines[0]).split(" ")
    strip = cpu.index("CPU:") if "CPU:" in cpu else 0
    out = []
    for line in lines:
        counters = re.search(ANALYSER_MEMINFO, line)
        out += (counters[1] if counters else line.split(" ", strip)[-1]).split("#012")
    return out


def analyser_rows(lines, head):
    at = next((n for n, line in enumerate(lines) if head in line), None)
    count = 0
    for line in lines[at + 1:] if at is not None else []:
        if not line.startswith("["):
            break
        count += bool(re.match(ROW, line))
    return count


def analyser_event(lines):
    lines = analyser_block(lines)
    text = "\n".join(lines)
    version = re.search(ANALYSER_VERSION, text)
    if not version:
        return None
    kernel = int(version["major"]), int(version["minor"])
    rules = {name: pattern for since, name, pattern in ANALYSER if since <= kernel}
    head = rules.pop("table")
    if not re.search(rules.pop("end"), text, re.M):
        return None
    event = {"scope": "memcg" if re.search(ANALYSER_CGROUP, text, re.M) else "global"}
    for pattern in filter(None, rules.values()):
        if found := re.search(pattern, text, re.M):
            event.update({k: v for k, v in found.groupdict().items() if v is not None})
    if rows := analyser_rows(lines, head):
        event["tasks_listed"] = rows
    return event


def oomanalyser(text):
    blocks = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if "invoked oom-killer:" in line:
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return [event for event in map(analyser_event, blocks) if event]


SCOPES = {"own": "memcg", "ancestor": "memcg", "memcg": "memcg",
          "global": "global", "cpuset": "global", "mempolicy": "global"}
OURS = {"invoker": "invoker_comm", "memcg_failcnt": "failcnt", "memcg_limit_kb": "limit_bytes",
        "memcg_usage_kb": "usage_bytes"}
SAME = ["invoker", "invoker_pid", "victim_comm", "victim_pid", "victim_uid", "order",
        "oom_score_adj", "oom_memcg", "task_memcg", "memcg_failcnt", "gfp_mask"]
SIZES = ["total_vm_kb", "anon_rss_kb", "file_rss_kb", "shmem_rss_kb", "pgtables_kb",
         "memcg_limit_kb", "memcg_usage_kb", "swap_total_kb"]


def own_event(event):
    out = {key: event.get(OURS.get(key, key)) for key in SAME}
    for key in SIZES:
        value = event.get(OURS.get(key, key[:-3] + "_bytes"))
        out[key] = None if value is None else value // 1024
    out["scope"] = SCOPES.get(event.get("scope"))
    out["constraint"] = (event.get("constraint") or "").replace("CONSTRAINT_", "") or None
    out["tasks_listed"] = len(event.get("tasks") or [])
    return {key: value for key, value in out.items() if value is not None}


def oomlab(binary):
    def run(text):
        out = subprocess.run([binary, "explain", "--json"], input=text.encode("latin-1"),
                             capture_output=True, check=True).stdout
        return [own_event(event) for event in json.loads(out)["events"]]
    return run


def read_facts(path):
    """The facts of each event, those alone that the text proves and a tool could say."""
    head, events = {}, []
    for line in open(path, encoding="latin-1"):
        key, equals, value = line.rstrip("\n").partition("=")
        if re.fullmatch(r"\[\d+\]", key):
            events.append({})
        elif equals:
            (events[-1] if events else head)[key] = value
    count = int(re.match(r"\d+", head.get("events", "1"))[0])
    return [proven(event) for event in events or [head] * min(count, 1)]


def proven(event):
    out = {key: event[key] for key in SAME if key in event}
    for key in SIZES + ["tasks_listed"]:
        if number := re.match(r"-?\d+", event.get(key, "")):
            out[key] = number[0]
    for key in "scope", "constraint":
        if event.get(key, "unknown") in ("memcg", "global") or \
                key == "constraint" and event.get(key, "unknown") != "unknown":
            out[key] = event[key]
    return out


def agree(key, want, got):
    if key == "gfp_mask":
        return want.split("(")[0] == str(got).split("(")[0]
    return want == str(got)


def judge(facts, event):
    """right, missing, wrong; event None: not found."""
    event = event or {}
    right = sum(key in event and agree(key, want, event[key]) for key, want in facts.items())
    missing = sum(key not in event for key in facts)
    return right, missing, len(facts) - right - missing


def pair(facts, events):
    """Pairs in order; the pairing with the most right and fewest wrong."""
    best = {}

    def solve(i, j):
        if (i, j) in best:
            return best[i, j]
        if i == len(facts):
            result = (0, [])
        else:
            result = solve(i + 1, j)
            result = (result[0], [None] + result[1])
            for k in range(j, min(len(events), j + 1 + max(0, len(events) - len(facts)) + 3)):
                right, _, wrong = judge(facts[i], events[k])
                score, rest = solve(i + 1, k + 1)
                if right - wrong + score + 0.5 > result[0]:
                    result = (right - wrong + score + 0.5, [events[k]] + rest)
        best[i, j] = result
        return result
    return solve(0, 0)[1]


def measure(tool, logs):
    total = dict(events=0, found=0, invented=0, right=0, missing=0, wrong=0)
    for text, facts in logs:
        events = tool(text)
        paired = pair(facts, events)
        total["events"] += len(facts)
        total["found"] += sum(event is not None for event in paired)
        total["invented"] += len(events) - sum(event is not None for event in paired)
        for fact, event in zip(facts, paired):
            for name, count in zip(("right", "missing", "wrong"), judge(fact, event)):
                total[name] += count
    return total


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    paths = sorted(glob.glob(os.path.join(sys.argv[1], "*.facts")))
    logs = [(open(path[:-6] + ".log", encoding="latin-1", newline="").read(), read_facts(path))
            for path in paths]
    tools = {"oomlab explain": oomlab(sys.argv[2] if len(sys.argv) > 2 else "build/oomlab"),
             "OOMAnalyser": oomanalyser, "cadvisor": cadvisor,
             "node-problem-detector": node_problem_detector}
    print("| tool | events found | besides | facts right | missing | wrong |")
    print("|---|---|---|---|---|---|")
    for name, tool in tools.items():
        t = measure(tool, logs)
        all_facts = t["right"] + t["missing"] + t["wrong"]
        print(f"| {name} | {t['found']} of {t['events']} | {t['invented']} | "
              f"{t['right']} of {all_facts} ({100 * t['right'] / all_facts:.1f} %) | "
              f"{t['missing']} | {t['wrong']} |")


main()
