#!/usr/bin/env python3
"""Real processes, killed, starved, stopped and cut off under traffic; then the books are judged.

    crash.py [--rounds N] [--seed SEED] [--scene NAME]... [--cheap]

N rounds (50) of SIGKILL on one region, then every scene on one of its own. --scene plays those alone (kills
is one too); --cheap leaves out what takes long or needs root. SCHARNIER_BUILD is the flavour's folder, as
`make crash` gives it. The last line is "N passed, N failed, N skipped".
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter

from cuts import Cuts
from driver import BIN, Fault, Stage
from judge import Judge
from kills import ALL_POINTS_FROM, Kills
from scenes import SCENES, Scene

FAULTS_SHOWN = 20


class KillRounds(Scene):
    name = "kills"
    cheap = True

    def __init__(self, rounds):
        self.rounds = rounds
        self.kills = None

    def play(self, stage):
        self.kills = Kills(stage)
        self.kills.run(self.rounds)

    def faults(self, stage, judge):
        faults = self.kills.faults(self.rounds)
        self.kills.report()
        if self.rounds < ALL_POINTS_FROM:
            return faults
        if stage.resent() == 0:
            faults.append("nothing was ever sent again: the test did not test it")
        if sum(suppressed(stage, judge).values()) == 0:
            faults.append("no duplicate was ever suppressed: the test did not test it")
        return faults


def suppressed(stage, judge):
    return {"broker": judge.sources["duplicate"], "application": stage.count("skipped"),
            "journal": stage.count("resettled")}


def verify(arguments):
    done = subprocess.run([str(BIN / "scharnierd")] + arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return [] if done.returncode == 0 else [f"scharnierd {' '.join(arguments)}: {done.stdout}"]


class Sums:
    """What all stages together came to."""

    def __init__(self):
        self.kills = Counter()
        self.suppressed = Counter()
        self.receipted = self.resent = self.lost = self.twice = 0
        self.passed = self.failed = self.skipped = 0

    def add(self, stage, judge):
        for process in stage.all:
            self.kills[process.role] += process.kills
        self.suppressed.update(suppressed(stage, judge))
        self.receipted += len(judge.receipted)
        self.resent += stage.resent()
        self.lost += judge.lost
        self.twice += judge.twice

    def report(self):
        by_role = ", ".join(f"{role} {times}" for role, times in self.kills.items())
        by_whom = ", ".join(f"{who} {times}" for who, times in self.suppressed.items())
        print(f"crash: {sum(self.kills.values())} kills ({by_role}), {self.receipted} receipted, "
              f"{self.resent} resent, {sum(self.suppressed.values())} duplicates suppressed ({by_whom}), "
              f"{self.lost} lost, {self.twice} twice")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)


def judge(scene, stage, sums):
    store = str(stage.region.folder / "store")
    senders = [stage.region.party(p.name).address for p in stage.of_role("sender")]
    result = Judge(str(BIN / "dump"), store, stage.books, senders).judge()
    sums.add(stage, result)
    faults = result.faults + verify(["--audit-verify", store]) + verify(["backup", "verify", store])
    states = Counter(r["state"] for m in result.rows["message"] for r in m["recipients"])
    print(f"{scene.name}: {len(result.messages)} messages, {len(result.rows['dossier'])} dossiers, "
          f"{len(result.receipted)} receipted; deliveries: {states[2]} collected, {states[3]} refused and "
          f"reported, {states[5]} withdrawn; {result.dues} open promises have the right due; "
          f"{result.lost} lost, {result.twice} twice")
    return faults + scene.faults(stage, result)


def play(scene, draw, sums):
    """The faults of one scene; its stage is kept when there are any."""
    stage, faults = Stage(draw, scene.changes), []
    try:
        scene.prepare(stage)
        stage.start()
        stage.flows(10)
        scene.play(stage)
        stage.flows(10)
        stage.drain()
        faults += stage.stop()
        faults += judge(scene, stage, sums)
    except Fault as fault:
        faults.append(str(fault))
    except Exception:                   # whatever it was, it is told and counted as a failure
        faults.append(traceback.format_exc())
    finally:
        stage.stop()
        scene.clean(bool(faults))
        if faults:
            print(f"kept: {stage.region.folder}")
        else:
            shutil.rmtree(stage.region.folder, ignore_errors=True)
    return faults


def tell(scene, faults, seconds, seed, rounds):
    what = scene.__doc__ or f"{rounds} rounds of SIGKILL."
    print(f"{'FAILED' if faults else 'passed'} {scene.name}: {what} ({seconds:.0f} s)", flush=True)
    for fault in faults[:FAULTS_SHOWN]:
        print("fault: " + fault)
    if len(faults) > FAULTS_SHOWN:
        print(f"fault: and {len(faults) - FAULTS_SHOWN} more")
    if faults:
        print(f"rerun: make crash SCENES={scene.name} N={rounds} SEED={seed}", flush=True)


def read_arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--scene", action="append")
    parser.add_argument("--cheap", action="store_true")
    return parser.parse_args()


def choose(arguments):
    scenes = [KillRounds(arguments.rounds)] + [scene() for scene in SCENES + (Cuts,)]
    names = [scene.name for scene in scenes]
    for name in set(arguments.scene or []) - set(names):
        sys.exit(f"no such scene: {name}; there are {', '.join(names)}")
    if arguments.scene:
        return [scene for scene in scenes if scene.name in arguments.scene]
    return [scene for scene in scenes if scene.cheap or not arguments.cheap]


def end(_number, _frame):
    raise SystemExit("crash: ended by a signal")


def main():
    arguments = read_arguments()
    # So that everything is cleaned up, as after Ctrl-C. A terminal that closes sends SIGHUP.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    print(f"crash: seed {arguments.seed}", flush=True)
    sums = Sums()
    for scene in choose(arguments):
        why = scene.lacks()
        if why is not None:
            sums.skipped += 1
            print(f"skipped {scene.name}: {why}", flush=True)
            continue
        began = time.monotonic()
        faults = play(scene, random.Random(f"{arguments.seed} {scene.name}"), sums)
        sums.failed += bool(faults)
        sums.passed += not faults
        tell(scene, faults, time.monotonic() - began, arguments.seed, arguments.rounds)
    sums.report()
    sys.exit(1 if sums.failed else 0)


if __name__ == "__main__":
    main()
