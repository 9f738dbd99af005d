#!/usr/bin/python3
"""mutate.py: does some test fail when the core is wrong?

Changes one thing at a time in broker/core (flips a condition, drops a statement, moves a bound), builds the core
as a shared library, and runs the tests against it. A mutant that no test kills is listed; survivors.txt holds
those that are looked at and explained. Nothing outside the build directory is written.

    mutate.py BUILD_DIR [--file broker/core/step.c] [--only KEY …] [--sample N] [--seed S] [--jobs J]

BUILD_DIR is build/release after `make test-programs`. Exit 0 when nothing survives unexplained.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
CFLAGS = "-std=c11 -O1 -fPIC -w -D_GNU_SOURCE -Iinclude -Iproto -Ibroker".split()
# A mutant that takes so many times the CPU time of the unchanged core never ends.
PATIENCE = 10

# Each pattern is one way to be wrong; the lookarounds keep compound operators whole.
FLIPS = [
    (r"==", "!="), (r"!=", "=="),
    (r"(?<![<\-])<(?![<=])", "<="), (r"(?<![<>])<=", "<"),
    (r"(?<![>\-])>(?![>=])", ">="), (r"(?<![>])>=", ">"),
    (r"&&", "||"), (r"\|\|", "&&"),
    (r"(?<![=!<>])!(?![=])", ""),
    (r"(?<=[\w\])] )\+(?= [\w(])", "-"), (r"(?<=[\w\])] )-(?= [\w(])", "+"),
    (r"\breturn true;", "return false;"), (r"\breturn false;", "return true;"),
]
STATEMENT = re.compile(r"^\s+(?!return\b|break\b|continue\b|static\b|const\b|struct\b|enum\b|int\b|bool\b|size_t\b|"
                       r"u?int\d+_t\b|uint8_t\b|unsigned\b|char\b|case\b|default\b|goto\b|assert|static_assert)"
                       r"[A-Za-z_(*].*;\s*$")
SKIP = re.compile(r"\bassert\b|static_assert|^\s*#|^\s*//|^\s*\*|^\s*/\*")


# An assertion goes to the semicolon, over lines; what is wrong in it makes no code that could be wrong.
NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\b(?:static_)?assert\s*\([^;]*;", re.S)


def code_mask(text):
    """True where a character is code: not in a comment, string, character constant or assertion."""
    mask = [True] * len(text)
    for match in NO_CODE.finditer(text):
        for i in range(*match.span()):
            mask[i] = False
    return mask


def drop_is_safe(lines, number):
    """A statement that is the only body of an if or else would change more than itself when dropped."""
    before = lines[number - 1].rstrip() if number > 0 else ""
    return before.endswith((";", "{", "}", "*/", ":")) or before == ""


def mutants_of(path):
    text = path.read_text()
    mask = code_mask(text)
    lines = text.split("\n")
    offset = 0
    for number, line in enumerate(lines):
        if not SKIP.search(line):
            for pattern, other in FLIPS:
                for match in re.finditer(pattern, line):
                    if all(mask[offset + match.start():offset + match.end()]):
                        changed = line[:match.start()] + other + line[match.end():]
                        yield number, line, changed
            if STATEMENT.match(line) and drop_is_safe(lines, number) and mask[offset + len(line.rstrip()) - 1]:
                yield number, line, ""
        offset += len(line) + 1


def name_of(path, line, changed):
    """Stable while the line stands, wherever it moves: what survivors.txt is keyed by."""
    digest = hashlib.sha256(f"{path.name}\0{line.strip()}\0{changed.strip()}".encode()).hexdigest()[:12]
    return digest


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    """A private copy of the core, and the test programs linked to it as a shared library."""

    def __init__(self, number, build, tests):
        self.dir = build / "mutate" / str(number)
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.copytree(ROOT / "broker", self.dir / "broker")
        (self.dir / "obj").mkdir(parents=True)
        self.build, self.tests = build, tests
        self.sources = sorted((self.dir / "broker/core").glob("*.c"))
        for source in self.sources:
            if not self.compile(source):
                sys.exit(f"mutate: {source.name} does not compile unchanged")
        self.link()

    def compile(self, source):
        flags = [f.replace("-Ibroker", f"-I{self.dir}/broker") for f in CFLAGS]
        return subprocess.run(["gcc", *flags, "-c", source, "-o", self.dir / "obj" / (source.stem + ".o")], cwd=ROOT,
                              capture_output=True).returncode == 0

    def link(self):
        subprocess.run(["gcc", "-shared", "-Wl,-soname,libcore.so", "-o", self.dir / "libcore.so",
                        *sorted((self.dir / "obj").glob("*.o"))], check=True)

    def order_tests(self):
        """Quick ones first, each with the CPU time that it may take; fails when one fails on the unchanged core."""
        timed = []
        for test, _ in self.tests:
            began = cpu_seconds()
            if self.fails(test, resource.RLIM_INFINITY):
                sys.exit(f"mutate: {pathlib.Path(test[0]).name} fails on the unchanged core")
            timed.append((cpu_seconds() - began, test))
        return [(test, int(2 + PATIENCE * seconds)) for seconds, test in sorted(timed)]

    def fails(self, test, cpu_s):
        # Time of the processor, not of the clock: a busy machine kills no mutant.
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.dir))
        return subprocess.run(test, cwd=ROOT, env=environment, capture_output=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))).returncode != 0

    def kills(self):
        return next((pathlib.Path(test[0]).name for test, cpu_s in self.tests if self.fails(test, cpu_s)), None)

    def try_one(self, source_name, number, changed):
        source = self.dir / "broker/core" / source_name
        original = source.read_text()
        lines = original.split("\n")
        lines[number] = changed
        source.write_text("\n".join(lines))
        try:
            if not self.compile(source):
                return "does not compile"
            self.link()
            return self.kills()
        finally:
            source.write_text(original)
            self.compile(source)


def link_tests(build, stub):
    """The tests that meet the core, linked so that the core comes from a shared library."""
    out = build / "mutate" / "tests"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    libs = [build / "lib" / f"{n}.a" for n in ("libsch-test", "libsch-shell", "libsch-proto", "libscharnier")]
    system = "-lcmocka -lzmq -llmdb -lmicrohttpd -lsystemd -lpthread -lprotobuf-c -lsodium -linih -ljansson -lm".split()
    programs = []
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        text = source.read_text()
        if not re.search(r'#include "core/|step_fixture|(norm|permit)_file.h', text):
            continue
        wraps = [f"-Wl,--wrap={name}" for name in sorted(set(re.findall(r"\b__wrap_(\w+)\(", text)))]
        programs.append(([build / "obj" / source.relative_to(ROOT).with_suffix(".o"), *wraps], source.stem, []))
    for name, arguments in (("scenario", sorted((ROOT / "tests/scenario").glob("*.scn"))),
                            ("sim", ["--count", "3"])):
        objects = sorted((build / "obj/tests" / name).glob("*.o"))
        if name == "sim":
            objects += [*(build / "obj/tests/year" / f"{n}.o" for n in ("almanac", "figures")), "-Wl,--wrap=sch_step"]
        programs.append((objects, name, arguments))
    commands = []
    for objects, name, arguments in programs:
        target = out / name
        done = subprocess.run(["gcc", "-o", target, *objects, "-Wl,--start-group", *libs, "-Wl,--end-group", "-L", stub,
                               "-lcore", *system], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"mutate: {name} does not link: {done.stderr.strip()}")
        commands.append(([str(target), *map(str, arguments)], None))
    return commands


def read_survivors():
    explained = {}
    for line in (HERE / "survivors.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            key, _, why = line.partition(" ")
            explained[key] = why
    return explained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("--only", nargs="+", default=[], metavar="KEY", help="mutants by the name they are listed with")
    parser.add_argument("--sample", type=int, default=0, help="so many, drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    build = options.build.resolve()
    files = [ROOT / f for f in options.file] or sorted((ROOT / "broker/core").glob("*.c"))
    work = [(path, number, line, changed) for path in files for number, line, changed in mutants_of(path)]
    if options.only:
        work = [item for item in work if name_of(item[0], item[2], item[3]) in options.only]
    total = len(work)
    if options.sample:
        work = random.Random(options.seed).sample(work, min(options.sample, total))
    (build / "mutate").mkdir(exist_ok=True)
    first = Bench(0, build, [])
    tests = link_tests(build, first.dir)
    tests = Bench(0, build, tests).order_tests()
    benches = [Bench(i, build, tests) for i in range(options.jobs)]
    explained = read_survivors()
    print(f"mutate: {len(work)} of {total} mutants, {len(tests)} programs", flush=True)
    return run(work, benches, explained)


def run(work, benches, explained):
    free = list(benches)
    killed = broken = 0
    survivors = []

    def one(item):
        path, number, _, changed = item
        bench = free.pop()
        try:
            return item, bench.try_one(path.name, number, changed)
        finally:
            free.append(bench)

    with concurrent.futures.ThreadPoolExecutor(len(benches)) as pool:
        for done, (item, verdict) in enumerate(pool.map(one, work), 1):
            path, number, line, changed = item
            if verdict == "does not compile":
                broken += 1
            elif verdict is None:
                key = name_of(path, line, changed)
                survivors.append(key)
                why = explained.get(key, "NOT EXPLAINED")
                print(f"survived {key} {path.relative_to(ROOT)}:{number + 1}: {line.strip()}  ->  "
                      f"{changed.strip() or '(dropped)'}  [{why}]", flush=True)
            else:
                killed += 1
            if done % 100 == 0:
                print(f"mutate: {done} of {len(work)}, {len(survivors)} survived", file=sys.stderr, flush=True)
    unexplained = [key for key in survivors if key not in explained]
    tried = killed + len(survivors)
    print(f"mutate: {tried} mutants, {killed} killed ({100 * killed / max(tried, 1):.1f} %), "
          f"{len(survivors) - len(unexplained)} survived and are explained, {len(unexplained)} survived, "
          f"{broken} did not compile")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
