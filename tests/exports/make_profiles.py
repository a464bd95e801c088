#!/usr/bin/env python3
"""make_profiles FOLDER - collapsed stacks that exports stumble over: hostile names, recursion, size."""
import pathlib
import random
import sys

HOSTILE = [
    b"<script>alert('x')</script>", b"\"quoted\\back\"", b"(3) numbered", b"fn=(1)", b"=cmd|' /C calc'!A0",
    b"a,b", b"100%", b"&amp;", b"\x1b[31mred\x1b[0m", b"bad utf8 \xff\xfe end", b"tab\there",
    "wide \u4e2d\u6587 \U0001f600".encode(), "line\u2028separator".encode(), "bidi \u202eabc".encode(),
    b"operator<< <int, char>", b"calls=3 1", b"# comment", b"C:\\path\\x.c:12", b"~Destructor()",
    b"{json: [1, 2]}", b"' OR 1=1; --".replace(b";", b" "), b"$(reboot)", b"`reboot`", b"1e5", b"0007", b"NULL",
]


def hostile():
    lines = [b";".join([b"main", name]) + b" %d\n" % (i + 1) for i, name in enumerate(HOSTILE)]
    lines.append(b";".join([b"main"] + HOSTILE) + b" 1000000007\n")
    return b"".join(lines)


def recursive():
    lines = []
    for depth in range(1, 60):
        stack = ["main"] + ["even" if d % 2 else "odd" for d in range(depth)] + ["leaf"] * (depth % 3)
        lines.append(";".join(stack) + f" {depth * depth + 1}\n")
    return "".join(lines).encode()


def many():
    dice = random.Random(7)
    lines = []
    for _ in range(2000):
        stack = ["main"] + [f"function_{dice.randrange(150)}" for _ in range(dice.randrange(1, 20))]
        lines.append(";".join(stack) + f" {dice.randrange(1, 10**12)}\n")
    return "".join(lines).encode()


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("hostile", hostile), ("recursive", recursive), ("many", many)):
        (folder / f"{name}.folded").write_bytes(make())


main()
