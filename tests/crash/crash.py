#!/usr/bin/env python3
"""Kills broker and adapters with SIGKILL under traffic, and judges the books afterwards.

    crash.py [N [SEED]]

N rounds (50). SCHARNIER_BUILD is the flavour's folder, as `make crash` gives it.

A region with two practices, two providers and a POH's mailbox that gets copies. Each round kills one process
at a named point (point.h), or one or several at a random moment, and starts them again on the same
directories. Then everything runs until nothing is under way, is stopped in order, and judge.py looks.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.request
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.setdefault("SCHARNIER_BUILD", str(ROOT / "build" / "release"))).resolve()
BIN = BUILD / "tests" / "crash"
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from judge import Judge  # noqa: E402
from region import Region  # noqa: E402

POINTS = {
    "broker": ["before-commit", "after-commit", "before-send", "mid-send"],
    "sender": ["posted", "synced-outbox", "before-send", "mid-send", "receipt", "compacting", "compacted"],
    "receiver": ["callback", "synced-journal"],
}
POINT_WAIT_S = 30
DRAIN_S = 60
ALL_POINTS_FROM = 39        # rounds; with fewer, not every point has its turn


def port_below_ephemeral(draw):
    """A free port that no outgoing connection takes while the broker is dead."""
    while True:
        port = draw.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class CrashRegion(Region):
    def __init__(self, draw):
        self.draw = draw
        super().__init__()

    def write_config(self):
        self.endpoint = f"tcp://127.0.0.1:{port_below_ephemeral(self.draw)}"
        self.http = f"127.0.0.1:{port_below_ephemeral(self.draw)}"
        super().write_config()
        text = self.config.read_text()
        text = text.replace("[http]\nlisten = none", f"[http]\nlisten = {self.http}")
        text = text.replace("map_size = 256M", "map_size = 2G")
        text = text.replace("log_level = info", "log_level = warning")
        self.config.write_text(text)

    def queued(self):
        """Deliveries that are not settled; None while the broker does not say."""
        try:
            with urllib.request.urlopen(f"http://{self.http}/metrics", timeout=2) as page:
                found = re.findall(r'^sch_queue_messages\{state="ready"\} (\d+)', page.read().decode(), re.M)
                return int(found[0])
        except OSError:
            return None


class Process:
    """One program, over all its lives. Only ever signals the pid that it started itself."""

    def __init__(self, role, name, folder, arguments):
        self.role = role
        self.name = name
        self.folder = folder
        self.arguments = [str(a) for a in arguments]
        self.process = None
        self.kills = 0
        folder.mkdir(exist_ok=True)
        self.armed = folder / "armed"
        self.log = folder / "log"

    def start(self):
        env = dict(os.environ, SCH_CRASH_ARMED=str(self.armed), SCH_CRASH_SENT=str(self.folder / "sent"))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log, env=env, cwd=self.folder)

    def is_dead(self):
        return self.process.poll() is not None

    def kill(self):
        self.process.kill()
        self.buried()

    def buried(self):
        """Waits for a process that was killed; anything else than SIGKILL is a fault of its own."""
        status = self.process.wait(10)
        if status != -signal.SIGKILL:
            raise RuntimeError(f"{self.name} ended by itself with status {status}:\n{self.tail()}")
        self.kills += 1

    def arm(self, point):
        new = self.folder / "armed.new"
        new.write_text(point)
        new.rename(self.armed)

    def disarm(self):
        """True when the point was reached before."""
        try:
            self.armed.unlink()
            return False
        except FileNotFoundError:
            return True

    def outbox(self):
        try:
            return int((self.folder / "status").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def tail(self):
        return "\n".join("    " + line for line in self.log.read_text(errors="replace").splitlines()[-15:])

    def stop(self):
        if self.process is None or self.is_dead():
            return self.process and self.process.returncode
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(5)


def plan_rounds(count, draw):
    """Two rounds of three at a named point, each point in its turn; the others at random moments."""
    points = [(role, point) for role, names in POINTS.items() for point in names]
    named = [points[i % len(points)] for i in range(count - count // 3)]
    rounds = named + [None] * (count // 3)
    draw.shuffle(rounds)
    return rounds


class Crash:
    def __init__(self, draw):
        self.draw = draw
        self.hits = Counter()
        self.missed = Counter()
        self.region = CrashRegion(draw)
        self.broker = Process("broker", "broker", self.region.folder / "broker",
                              [BIN / "scharnierd", "--config", self.region.config])
        self.adapters = []
        self.books = {}
        for stem, copy in (("linde", "agb:01000001/poh-ggz"), ("veer", "-")):
            self.add("sender", stem, [copy, "agb:06290713", "agb:94000001"])
        for stem in ("noordrand", "haven", "linde-poh"):
            self.add("receiver", stem, [])
        self.all = [self.broker] + self.adapters

    def add(self, role, stem, more):
        folder = self.region.folder / f"books-{stem}"
        config = self.region.write_client_config(stem)
        self.adapters.append(Process(role, stem, folder, [BIN / role, config, folder] + more))
        self.books[self.region.party(stem).address] = folder

    def start(self):
        for process in self.all:
            process.start()
        until = time.monotonic() + 20
        while any(p.outbox() is None for p in self.adapters):
            if time.monotonic() > until or any(p.is_dead() for p in self.all):
                raise RuntimeError("not everything started:\n" + "\n".join(p.tail() for p in self.all))
            time.sleep(0.05)

    def of_role(self, role):
        return self.draw.choice([p for p in self.all if p.role == role])

    def strike_at_point(self, role, point):
        victim = self.of_role(role)
        victim.arm(point)
        until = time.monotonic() + POINT_WAIT_S
        while not victim.is_dead() and time.monotonic() < until:
            time.sleep(0.005)
        if not victim.disarm():
            self.missed[f"{role}:{point}"] += 1
            return []
        self.hits[f"{role}:{point}"] += 1
        victim.buried()
        return [victim]

    def strike_at_random(self):
        time.sleep(self.draw.uniform(0, 1))
        victims = self.draw.choice([
            [self.broker], [self.of_role("sender")], [self.of_role("receiver")],
            [self.broker, self.of_role("sender"), self.of_role("receiver")], list(self.all),
        ])
        for victim in victims:
            victim.kill()
        return victims

    def round(self, what):
        dead = self.strike_at_point(*what) if what else self.strike_at_random()
        if what and (not dead or self.draw.random() < 0.3):
            other = self.draw.choice([p for p in self.all if p not in dead])
            other.kill()
            dead.append(other)
        time.sleep(self.draw.uniform(0, 0.3))
        for process in dead:
            process.start()
        if self.draw.random() < 0.2:    # and again while it gets up
            time.sleep(self.draw.uniform(0, 0.1))
            dead[0].kill()
            dead[0].start()
        time.sleep(self.draw.uniform(0.4, 1.4))
        for process in self.all:
            if process.is_dead():
                process.buried()        # raises: nobody killed it
                raise RuntimeError(f"{process.name} died between rounds")

    def drain(self):
        """No new referrals, until nothing is under way any more. False: it did not come to rest."""
        for process in self.adapters:
            if process.role == "sender":
                process.process.send_signal(signal.SIGUSR1)
        quiet = 0
        until = time.monotonic() + DRAIN_S
        while quiet < 5 and time.monotonic() < until:
            time.sleep(0.2)
            at_rest = self.region.queued() == 0 and all(p.outbox() == 0 for p in self.adapters)
            quiet = quiet + 1 if at_rest else 0
        return quiet >= 5

    def stop(self):
        faults = []
        for process in self.adapters + [self.broker]:
            status = process.stop()
            if status != 0:
                faults.append(f"{process.name} stopped with status {status}:\n{process.tail()}")
        return faults

    def count(self, name):
        return sum(len((p.folder / name).read_text().splitlines()) for p in self.adapters
                   if (p.folder / name).exists())

    def resent(self):
        """Sealed letters that left a process more than once, counted by their bytes."""
        total = distinct = 0
        for process in self.adapters:
            if (process.folder / "sent").exists():
                sent = (process.folder / "sent").read_text().splitlines()
                total += len(sent)
                distinct += len(set(sent))
        return total - distinct


def verify(arguments):
    done = subprocess.run([str(BIN / "scharnierd")] + arguments, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return [] if done.returncode == 0 else [f"scharnierd {' '.join(arguments)}: {done.stdout}"]


def judge(crash, count, faults):
    store = str(crash.region.folder / "store")
    senders = [crash.region.party(p.name).address for p in crash.adapters if p.role == "sender"]
    result = Judge(str(BIN / "dump"), store, crash.books, senders).judge()
    faults = faults + result.faults + verify(["--audit-verify", store]) + verify(["backup", "verify", store])
    resent = crash.resent()
    suppressed = {"broker": result.sources["duplicate"], "application": crash.count("skipped"),
                  "journal": crash.count("resettled")}
    if resent == 0:
        faults.append("nothing was ever sent again: the test did not test it")
    if sum(suppressed.values()) == 0:
        faults.append("no duplicate was ever suppressed: the test did not test it")
    for role, names in POINTS.items():
        for point in names:
            if count >= ALL_POINTS_FROM and crash.hits[f"{role}:{point}"] == 0:
                faults.append(f"the point {role}:{point} was never reached")
    report(crash, count, result, resent, suppressed)
    return faults


def report(crash, count, result, resent, suppressed):
    kills = Counter()
    for process in crash.all:
        kills[process.role] += process.kills
    print("points: " + ", ".join(f"{role}:{point} {crash.hits[f'{role}:{point}']}"
                                 for role, names in POINTS.items() for point in names))
    if crash.missed:
        print("armed and not reached in time: " + ", ".join(f"{k} {v}" for k, v in crash.missed.items()))
    states = Counter(r["state"] for m in result.rows["message"] for r in m["recipients"])
    print(f"store: {len(result.messages)} messages, {len(result.rows['dossier'])} dossiers, deliveries: "
          f"{states[2]} collected, {states[3]} refused and reported, {states[5]} withdrawn; "
          f"{result.dues} open promises have the right due")
    by_role = ", ".join(f"{role} {kills[role]}" for role in POINTS)
    by_whom = ", ".join(f"{who} {times}" for who, times in suppressed.items())
    print(f"crash: {count} rounds, {sum(kills.values())} kills ({by_role}; named points "
          f"{sum(crash.hits.values())}), {len(result.receipted)} receipted, {resent} resent, "
          f"{sum(suppressed.values())} duplicates suppressed ({by_whom}), {result.lost} lost, "
          f"{result.twice} twice")


def run(count, draw):
    crash = Crash(draw)
    faults = []
    try:
        crash.start()
        for what in plan_rounds(count, draw):
            crash.round(what)
        if not crash.drain():
            faults.append(f"not at rest after {DRAIN_S} s: queued {crash.region.queued()}, outboxes "
                          f"{[(p.name, p.outbox()) for p in crash.adapters]}")
        faults += crash.stop()
        faults = judge(crash, count, faults)
    except Exception:                   # whatever it was, it is told and counted as a failure
        faults.append(traceback.format_exc())
    finally:
        crash.stop()
    return crash, faults


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"crash: seed {seed}", flush=True)
    crash, faults = run(count, random.Random(seed))
    for fault in faults[:20]:
        print("fault: " + fault)
    if len(faults) > 20:
        print(f"fault: and {len(faults) - 20} more")
    if faults:
        print(f"kept: {crash.region.folder}\nrerun: make crash N={count} SEED={seed}")
    else:
        shutil.rmtree(crash.region.folder, ignore_errors=True)
    print("0 passed, 1 failed" if faults else "1 passed, 0 failed")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
