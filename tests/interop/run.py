#!/usr/bin/python3
"""Runs the interop tests: run.py [MODULE[.CLASS[.TEST]] …]. The last line counts passed, failed and skipped.

SCHARNIER_BUILD says where the programs are (build/release), SCHARNIER_DATA where real HL7v2 messages are.
"""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Result(unittest.TextTestResult):
    """Prints one line per test that did not pass, and how to run it again."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def printErrors(self):
        super().printErrors()
        for test, _ in self.failures + self.errors:
            self.stream.writeln(f"again: /usr/bin/python3 tests/interop/run.py {test.id()}")
        for test, reason in self.skipped:
            self.stream.writeln(f"skipped: {test.id()}: {reason}")


def main():
    sys.path.insert(0, str(HERE))
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:])
    else:
        suite = loader.discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"interop: {result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
