#!/usr/bin/env python3
"""broker/DESIGN.md lists every file of the broker, and no other. Ends with "N passed, N failed"."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2] / "broker"
text = (root / "DESIGN.md").read_text(encoding="utf-8")
failed = []
for part in re.split(r"^### ", text, flags=re.M)[1:]:
    folder = root / part.split()[0].removeprefix("broker/")
    listed = {name for row in re.findall(r"^\| ([\w. ]+) \|", part, flags=re.M) for name in row.split() if "." in name}
    there = {path.name for path in folder.glob("*.[ch]")}
    failed += [f"{folder.name}/{name} is not in DESIGN.md" for name in sorted(there - listed)]
    failed += [f"DESIGN.md lists {folder.name}/{name}, which is not there" for name in sorted(listed - there)]
for line in failed:
    print("design:", line)
print(f"{1 - bool(failed)} passed, {len(failed)} failed")
sys.exit(bool(failed))
