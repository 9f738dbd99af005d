#!/usr/bin/python3
"""cov.py: lines and branches that the tests reached, per folder and file.

Reads what a build with FLAVOUR=cov left behind: cov.py BUILD_DIR [--missing] [--min FOLDER=PERCENT …]
Branches of assertions are not counted: a test that took one would have found a bug of ours.
A folder's row counts the files in it; "broker (all)" those of the folders in it too, and its minimum is named "broker".
--missing names each line with a branch that was never taken. Exit 1 when a row's branches stay under its minimum.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("broker/core", "broker/shell", "broker", "proto", "adapters/client", "adapters/cli", "adapters/hl7v2")
ROWS = FOLDERS[:3] + ("broker (all)",) + FOLDERS[3:]
# The branches of assert(…), also where it goes over lines, are its failure.
ASSERT = re.compile(r"\b(static_)?assert\s*\(")


def assertion_lines(text):
    """The numbers of lines that belong to an assertion."""
    numbers = set()
    for match in ASSERT.finditer(text):
        depth, end = 0, match.end() - 1
        for end in range(match.end() - 1, len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0:
                break
        numbers.update(range(text.count("\n", 0, match.start()) + 1, text.count("\n", 0, end) + 2))
    return numbers


def report_of(note):
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", note], cwd=ROOT,
                          capture_output=True, check=True)
    return json.loads(done.stdout)["files"]


def read(build):
    """file -> line -> [reached, a truth per branch]. A file is compiled more than once when a test includes it: what
    either object took is taken."""
    files = collections.defaultdict(dict)
    notes = sorted(build.glob("obj/**/*.gcno"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for files_of_note in pool.map(report_of, notes):
            for report in files_of_note:
                name = os.path.normpath(report["file"])
                if name.startswith(("broker/", "proto/", "adapters/")) and name.endswith(".c"):
                    for line in report["lines"]:
                        add_line(name, files[name], line)
    return files


def add_line(name, lines, line):
    taken = [branch["count"] > 0 for branch in line["branches"]]
    reached, before = lines.get(line["line_number"], (False, [False] * len(taken)))
    if len(before) != len(taken):
        sys.exit(f"{name}: compiled from two versions of it; remove obj/ and build anew")
    lines[line["line_number"]] = (reached or line["count"] > 0, [a or b for a, b in zip(before, taken)])


def rows_of(name):
    """The rows of the table at the end to which a file belongs: its folder, and the whole broker."""
    folder = next(folder for folder in FOLDERS if name.startswith(folder + "/"))
    return (folder, "broker (all)") if name.startswith("broker/") else (folder,)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--min", action="append", default=[], metavar="FOLDER=PERCENT")
    options = parser.parse_args()
    totals = collections.defaultdict(lambda: [0, 0, 0, 0])
    for name, lines in sorted(read(options.build.resolve()).items()):
        text = (ROOT / name).read_text()
        asserted = assertion_lines(text)
        sums = [0, 0, 0, 0]
        for number, (reached, taken) in sorted(lines.items()):
            if number in asserted:
                continue
            for i, value in enumerate((1, reached, len(taken), sum(taken))):
                sums[i] += value
            if options.missing and not all(taken):
                print(f"{name}:{number}: {sum(taken)} of {len(taken)} branches: {text.splitlines()[number - 1].strip()}")
        print(line_of(name, sums))
        for row in rows_of(name):
            totals[row] = [a + b for a, b in zip(totals[row], sums)]
    print()
    failed = False
    minimum = {"broker (all)" if row == "broker" else row: float(least)
               for row, least in (entry.split("=") for entry in options.min)}
    for row in ROWS:
        if row in totals:
            short = percent(*totals[row][:1:-1]) < minimum.get(row, 0)
            failed = failed or short
            print(line_of(row, totals[row]) + (f"   under {minimum[row]:g} %" if short else ""))
    unknown = sorted(set(minimum) - set(totals))
    if unknown:
        print("a minimum for what is not there: " + ", ".join(unknown))
    return 1 if failed or unknown else 0


def percent(part, whole):
    return 100 * part / whole if whole else 100


def line_of(name, sums):
    lines, reached, branches, taken = sums
    return (f"{name:40} lines {reached:5}/{lines:5} {percent(reached, lines):5.1f} %   "
            f"branches {taken:5}/{branches:5} {percent(taken, branches):5.1f} %")


if __name__ == "__main__":
    sys.exit(main())
