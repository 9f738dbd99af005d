#!/usr/bin/python3
"""cov.py: which lines of a parser its fuzzer's corpus reaches.

cov.py BUILD_DIR [--missing] [TARGET…]: BUILD_DIR is one of FLAVOUR=cov with the fuzz programs. --missing names the lines.
A program's corpus is tests/fuzz/corpus/TARGET, and what BUILD_DIR/../fuzz/found/TARGET holds, if it was run there.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARSERS = {
    "fuzz_cli": "adapters/cli/args.c adapters/cli/filter.c adapters/cli/spec.c adapters/cli/spec_json.c adapters/cli/moment.c",
    "fuzz_config": "broker/shell/config.c adapters/client/config.c adapters/hl7v2/config.c adapters/hl7v2/map_file.c "
                   "proto/key_file.c",
    "fuzz_core": "broker/core/*.c",
    "fuzz_directory": "proto/directory.c proto/directory_file.c",
    "fuzz_hl7v2": "adapters/hl7v2/message.c adapters/hl7v2/map.c adapters/hl7v2/map_out.c adapters/hl7v2/charset.c",
    "fuzz_ini": "proto/ini.c proto/ini_value.c",
    "fuzz_letter": "proto/wire_letter.c adapters/hl7v2/describe.c adapters/hl7v2/map_out.c",
    "fuzz_mllp": "adapters/hl7v2/mllp.c",
    "fuzz_norm": "broker/shell/norm_file.c broker/core/norm.c broker/core/calendar.c",
    "fuzz_permit": "broker/shell/permit_file.c broker/core/permit.c",
    "fuzz_query": "broker/shell/query*.c broker/shell/queue.c",
    "fuzz_record": "broker/shell/record.c broker/shell/record_[amtu]*.c broker/shell/record_dossier.c "
                   "broker/shell/pack.c",
    "fuzz_wire": "proto/wire*.c proto/utf8.c proto/arena.c",
}


def replay(build, target):
    """Runs the corpus; the folder in which the counts then lie, beside the notes that gcov needs."""
    data = build / "fuzz-cov" / target
    shutil.rmtree(data, ignore_errors=True)
    corpora = [ROOT / "tests/fuzz/corpus" / target, build.parent / "fuzz/found" / target]
    subprocess.run([build / "tests/fuzz" / target] + [folder for folder in corpora if folder.is_dir()], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, GCOV_PREFIX=str(data)))
    for counts in data.glob("**/*.gcda"):
        notes = pathlib.Path("/") / counts.relative_to(data).with_suffix(".gcno")
        shutil.copy(notes, counts.with_suffix(".gcno"))
    return data


def lines_of(data, source):
    """line -> was it reached, of one source file; a line counts in every function that it was compiled into."""
    lines = {}
    for counts in data.glob(f"**/{source[:-2]}.gcda"):
        done = subprocess.run(["gcov", "--json-format", "--stdout", str(counts)], cwd=ROOT, capture_output=True, check=True)
        for report in json.loads(done.stdout)["files"]:
            if os.path.normpath(report["file"]) == source:
                for line in report["lines"]:
                    lines[line["line_number"]] = lines.get(line["line_number"], False) or line["count"] > 0
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    for target in options.targets or sorted(PARSERS):
        data = replay(options.build.resolve(), target)
        reached = total = 0
        rows = []
        for pattern in PARSERS[target].split():
            for source in sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)):
                lines = lines_of(data, source)
                hit = sum(lines.values())
                reached, total = reached + hit, total + len(lines)
                missed = [str(number) for number in sorted(lines) if not lines[number]]
                rows.append((source, hit, len(lines), missed))
        print(f"{target:16} {100 * reached / max(total, 1):5.1f} % of {total} lines")
        for source, hit, count, missed in rows if options.missing else ():
            print(f"    {source:34} {hit:4} of {count:4}  {' '.join(missed)}")


if __name__ == "__main__":
    main()
