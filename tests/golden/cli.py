#!/usr/bin/env python3
"""scharnier(1) without a broker says what tests/golden/cli.txt says, and its manual page is the committed one.

    cli.py BUILD/bin [--update]

cli.txt is a transcript: "$ scharnier …", what it prints (stdout, then stderr), and "[exit N]". Commands run in the
root of the repository with an empty HOME and without a configuration. Ends with "N passed, N failed".
"""
import difflib
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRANSCRIPT = ROOT / "tests/golden/cli.txt"
MANUAL = ROOT / "adapters/cli/scharnier.1"


def run(binary, words):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "Pacific/Auckland"}
    done = subprocess.run([binary, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)
    return done.stdout, done.stderr, done.returncode


def blocks(text):
    """(command, expected) of each transcript block."""
    for block in text.split("$ scharnier")[1:]:
        command, _, expected = block.partition("\n")
        yield command.strip(), expected.rstrip("\n")


def main():
    binary = os.path.abspath(os.path.join(sys.argv[1], "scharnier"))
    update = "--update" in sys.argv[2:]
    passed, failed, out = 0, 0, []
    for command, expected in blocks(TRANSCRIPT.read_text(encoding="utf-8")):
        stdout, stderr, code = run(binary, shlex.split(command))
        said = f"{stdout}{stderr}[exit {code}]"
        out.append(f"$ scharnier {command}\n{said}\n")
        if said == expected:
            passed += 1
            continue
        failed += 1
        print(f"cli: scharnier {command}")
        print("\n".join(difflib.unified_diff(expected.split("\n"), said.split("\n"), "expected", "said", lineterm="")))
    manual = run(binary, ["help", "--man"])[0]
    if manual == MANUAL.read_text(encoding="utf-8"):
        passed += 1
    else:
        failed += 1
        print("cli: adapters/cli/scharnier.1 is not what `scharnier help --man` prints")
    if update:
        TRANSCRIPT.write_text("\n".join(out), encoding="utf-8")
        MANUAL.write_text(manual, encoding="utf-8")
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed) and not update)


if __name__ == "__main__":
    main()
