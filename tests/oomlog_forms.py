#!/usr/bin/env python3
"""
oomlog_forms.py - gives real logs another form and asks `oomlab explain` for the same facts.

    tests/oomlog_forms.py OOMLAB LOG...    prints what a form changes; status 1 if anything

A form is what terminals, programs and people do to a log: a prefix in front of each line, lines
broken at a width, blanks collapsed, lines moved. Each is given to those LOGs that it fits.
"""
import json
import re
import subprocess
import sys

STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
# What stands in front of the kernel's text in the logs that are taken.
FRONT = re.compile(r"^(?:\w{3} +\d+ [\d:]{8} \S+ kernel: ?(?:\[ *\d+\.\d+\] ?)?"
                   r"|\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?|[0-7],\d+,\d+,-[^;]*;)")
KILL = re.compile(r"Killed process \d")
# What the form of a log may change: where and when a thing is said.
PLACES = ("time", "wall_time", "lines", "line", "notes", "file", "explanation", "summary", "budget",
          "largest_task", "runner_up", "kernel", "suppressed_count", "failed_unit")


def facts_of(value):
    if isinstance(value, dict):
        return {k: facts_of(v) for k, v in value.items() if k not in PLACES}
    if isinstance(value, list):
        return [facts_of(v) for v in value]
    return value


def events(oomlab, lines):
    text = "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
    out = subprocess.run([oomlab, "explain", "--json"], input=text, capture_output=True)
    return [facts_of(e) for e in json.loads(out.stdout)["events"]]


def texts_of(lines):
    """The kernel's text alone, of the lines that have a front known here."""
    texts = []
    for line in lines:
        front = FRONT.match(line)
        if front:
            texts += line[front.end():].split("\\x0a")
    return texts


def is_dump(texts):
    """There is more than the lines of the kill, or than what grep found."""
    kinds = (r"CPU: \d", r"Call [Tt]race:", r"Mem-[Ii]nfo:", r"Node 0 ", r"\[ *\d+\] +\d+ +\d+ +\d+",
             r"memory: usage", r" ?active_anon:", r"lowmem_reserve", r"\d+ pages ")
    return sum(any(re.match(kind, text.strip()) for text in texts) for kind in kinds) >= 3


def stamped(texts):
    return ["[%5d.%06d] %s" % (100 + i // 1000, i % 1000 * 1000, t) for i, t in enumerate(texts)]


def prefixed(prefix):
    return lambda lines: [prefix + line for line in lines]


def counted(lines):
    """A prefix with a date of its own, which changes."""
    return ["[journal] 2026-11-23T10:%02d:%02d.%03dZ | " % (i // 60000 % 60, i // 1000 % 60, i % 1000)
            + line for i, line in enumerate(lines)]


def broken_at(width):
    return lambda lines: [piece for line in lines for piece in
                          ([line[i:i + width] for i in range(0, len(line), width)] or [""])]


def collapsed(lines):
    return [re.sub(" +", " ", line) for line in lines]


def stripped(lines):
    """Blanks at both ends, and behind a stamp, are lost."""
    return [re.sub(r"^(\[ *\d+\.\d+\](?:\[ *[TC]\d+\])?) +", r"\1 ", line).strip()
            for line in lines]


def continued(lines):
    """The counters of Mem-Info behind the first have no stamp."""
    return [STAMP.sub("", line) if re.match(r" (inactive|unevictable|slab|mapped|free|kernel_misc)",
                                            STAMP.sub("", line)) else line for line in lines]


def kill_first(lines):
    """The line of the kill, which ends the report, stands in front of it."""
    first = [i for i, line in enumerate(lines) if "invoked oom-killer" in line]
    kills = [i for i, line in enumerate(lines) if KILL.search(line)]
    if len(first) != 1 or len(kills) != 1 or kills[0] < first[0] or is_dump(
            [STAMP.sub("", line) for line in lines[:first[0]]]):
        return None
    if not any(",pid=" in line for line in lines) or "allocating_task" in lines[kills[0]]:
        return None  # nothing tells that the two belong together
    kill = lines.pop(kills[0])
    return lines[:first[0]] + [kill] + lines[first[0]:]


STAMPED = {
    "a container's name in front": prefixed("web_1  | "),
    "a pod's name in front": prefixed("pod/x-abc kernel-reader: "),
    "a date that changes in front": counted,
    "lines broken at 80": broken_at(80),
    "lines broken at 100": broken_at(100),
    "lines broken at 132": broken_at(132),
    "blanks collapsed": collapsed,
    "blanks stripped": stripped,
    "Mem-Info over several lines": continued,
    "the kill line before its dump": kill_first,
}
BARE = {
    "no stamps": prefixed(""),
    "no stamps, a container's name in front": prefixed("web_1  | "),
    "no stamps, a pod's name in front": prefixed("pod/x-abc kernel-reader: "),
    "no stamps, a path in front": prefixed("/var/log/guest.txt:"),
    "no stamps, a host and a tag in front": prefixed("node-7 console[1]: "),
    "no stamps, a date that changes in front": counted,
    "no stamps, blanks collapsed": collapsed,
    "no stamps, blanks stripped": stripped,
}


def difference(a, b):
    if len(a) != len(b):
        return f"{len(b)} events, not {len(a)}"
    for i, (x, y) in enumerate(zip(a, b)):
        for key in sorted(x.keys() | y.keys()):
            if x.get(key) != y.get(key):
                return f"event {i + 1}: {key}: {str(y.get(key))[:90]} for {str(x.get(key))[:90]}"
    return None


def main():
    oomlab, failed, count = sys.argv[1], 0, 0
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8", errors="surrogateescape") as f:
            lines = f.read().splitlines()
        if any("=3D" in line for line in lines):
            continue  # mail's quoted-printable has a width of its own
        texts = texts_of(lines)
        whole = events(oomlab, stamped(texts))
        if not whole:
            continue
        for forms, given in ((STAMPED, stamped(texts)), (BARE, texts)):
            for form, change in forms.items():
                if "no stamps, a" in form and not is_dump(texts):
                    continue
                changed = change(list(given))
                if changed is None:
                    continue
                count += 1
                said = difference(whole, events(oomlab, changed))
                if said:
                    failed = 1
                    print(f"{name}: {form}: {said}")
    print(f"# {count} logs given another form", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
