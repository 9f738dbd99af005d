#!/usr/bin/python3
"""cov.py: lines and branches that the tests reached, per folder and file.

Reads what a build with FLAVOUR=cov left behind: cov.py BUILD_DIR [--missing] [--min FOLDER=PERCENT …]
Branches of assertions are not counted: a test that took one would have found a bug of ours.
--missing names each line with a branch that was never taken. Exit 1 when a folder's branches stay under its minimum.
"""
import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("broker/core", "broker/shell", "broker", "proto", "adapters/client", "adapters/cli", "adapters/hl7v2")
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


def read(build):
    """file -> line -> [reached, branches, branches taken]; the best over all objects of a file."""
    files = collections.defaultdict(dict)
    notes = sorted(build.glob("obj/**/*.gcno"))
    for note in notes:
        source = note.relative_to(build / "obj").with_suffix(".c")
        if not str(source).startswith(("broker/", "proto/", "adapters/")):
            continue
        done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", note], cwd=ROOT,
                              capture_output=True, check=True)
        for report in json.loads(done.stdout)["files"]:
            if report["file"] == str(source):
                for line in report["lines"]:
                    taken = [branch["count"] > 0 for branch in line["branches"]]
                    files[str(source)][line["line_number"]] = (line["count"] > 0, len(taken), sum(taken))
    return files


def folder_of(name):
    return next(folder for folder in FOLDERS if name.startswith(folder + "/"))


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
        for number, (reached, branches, taken) in sorted(lines.items()):
            if number in asserted:
                continue
            for i, value in enumerate((1, reached, branches, taken)):
                sums[i] += value
            if options.missing and taken < branches:
                print(f"{name}:{number}: {taken} of {branches} branches: {text.splitlines()[number - 1].strip()}")
        print(line_of(name, sums))
        for i, value in enumerate(sums):
            totals[folder_of(name)][i] += value
    print()
    failed = False
    minimum = dict(entry.split("=") for entry in options.min)
    for folder in FOLDERS:
        if folder in totals:
            short = percent(*totals[folder][:1:-1]) < float(minimum.get(folder, 0))
            failed = failed or short
            print(line_of(folder, totals[folder]) + (f"   under {minimum[folder]} %" if short else ""))
    return 1 if failed else 0


def percent(part, whole):
    return 100 * part / whole if whole else 100


def line_of(name, sums):
    lines, reached, branches, taken = sums
    return (f"{name:40} lines {reached:5}/{lines:5} {percent(reached, lines):5.1f} %   "
            f"branches {taken:5}/{branches:5} {percent(taken, branches):5.1f} %")


if __name__ == "__main__":
    sys.exit(main())
