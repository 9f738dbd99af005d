#!/usr/bin/env python3
"""What broker/TESTING.md names stands: each file, each make target and each test function. Ends with "N passed, N failed"."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = (".c", ".h", ".py", ".sh", ".scn", ".txt", ".md", ".mk", ".ini", ".proto")


def sources():
    return [p for folder in ("tests", "broker", "proto", "adapters") for p in (ROOT / folder).rglob("*.[chp]*") if p.is_file()]


def main():
    text = (ROOT / "broker/TESTING.md").read_text(encoding="utf-8")
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    made = "\n".join(p.read_text() for p in [ROOT / "Makefile", *(ROOT / "tests").rglob("*.mk")])
    targets = set(re.findall(r"^([a-z-]+):", made, flags=re.M))
    files = {p.name for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts}
    code = "\n".join(p.read_text(encoding="utf-8", errors="replace") for p in sources())
    wrong, right = [], 0
    for span in dict.fromkeys(spans):
        word = span.split()[0]
        if word == "make":
            good = all(w in targets for w in span.split()[1:2])
        elif word.startswith("build/release/"):
            good = (ROOT / (word.removeprefix("build/release/") + ".c")).exists()
        elif "/" in word and not word.startswith("-"):
            good = (ROOT / word.rstrip("/")).exists()
        elif word.endswith(SUFFIXES):
            good = word in files
        elif re.fullmatch(r"test_\w+", word):
            good = word + ".c" in files or re.search(rf"\b{word}\b", code) is not None
        else:
            continue
        right += good
        if not good:
            wrong.append(f"TESTING.md names {span!r}, which does not stand")
    for line in wrong:
        print("testing:", line)
    if right < 40:
        wrong.append("too few")
        print(f"testing: only {right} names were found; is the document read rightly?")
    print(f"{int(not wrong)} passed, {len(wrong)} failed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
