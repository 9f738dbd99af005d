"""Real processes of the crash test: a region, its broker and adapters over all their lives, and their books.

Knows how to start, stop, kill and watch them; not when or why: that is kills.py and the scenes.
"""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.setdefault("SCHARNIER_BUILD", str(ROOT / "build" / "release"))).resolve()
BIN = BUILD / "tests" / "crash"
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from region import Region  # noqa: E402
from ports import free_port  # noqa: E402

START_S = 30
DRAIN_S = 90
PATIENCE_S = 60             # for what must come to pass; nothing is asserted about how fast it does


class Fault(Exception):
    """Something that a user of the system would care about did not hold."""


def until(true, what, seconds=PATIENCE_S):
    """Waits until true() is; what: how the fault reads when it never is."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Fault(f"{what}, not within {seconds} s")
        time.sleep(0.02)


class CrashRegion(Region):
    """changes: what to replace in scharnierd.conf, beside the port."""

    def __init__(self, changes=None):
        self.changes = {"map_size = 256M": "map_size = 8G", "log_level = info": "log_level = warning"}
        self.changes.update(changes or {})
        self.prefix = []                # a command in front of whoever asks the broker's pages
        super().__init__()

    def write_config(self):
        self.http = f"127.0.0.1:{free_port()}"
        super().write_config()
        text = self.config.read_text().replace("[http]\nlisten = none", f"[http]\nlisten = {self.http}")
        for old, new in self.changes.items():
            text = text.replace(old, new)
        self.config.write_text(text)

    def ask(self, path):
        """The status and the text of a page of the broker's, or (None, None) while it does not answer."""
        url = f"http://{self.http}{path}"
        if self.prefix:
            done = subprocess.run(self.prefix + ["curl", "-s", "-m", "2", "-w", "\n%{http_code}", url],
                                  stdout=subprocess.PIPE, text=True)
            text, _, status = done.stdout.rpartition("\n")
            return (int(status), text) if done.returncode == 0 else (None, None)
        try:
            with urllib.request.urlopen(url, timeout=2) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):
            return None, None

    def status(self, path):
        return self.ask(path)[0]

    def metric(self, name):
        """The sum over a metric's labels, or of one line of it; None while the broker does not say."""
        found = re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\d+)", self.ask("/metrics")[1] or "", re.M)
        return sum(map(int, found)) if found else None


class Process:
    """One program, over all its lives. Only ever signals the pid that it started itself."""

    def __init__(self, role, name, folder, arguments):
        self.role = role
        self.name = name
        self.folder = folder
        self.prefix = []
        self.arguments = [str(a) for a in arguments]
        self.process = None
        self.kills = 0
        folder.mkdir(exist_ok=True)
        self.armed = folder / "armed"
        self.log = folder / "log"

    def start(self):
        env = dict(os.environ, SCH_CRASH_ARMED=str(self.armed), SCH_CRASH_SENT=str(self.folder / "sent"),
                   SCH_CRASH_CLOCK=str(self.folder / "clock"))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.prefix + self.arguments, stdout=log, stderr=log, env=env,
                                            cwd=self.folder)

    def is_dead(self):
        return self.process.poll() is not None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.buried()

    def buried(self):
        """Waits for a process that was killed; anything else than SIGKILL is a fault of its own."""
        status = self.process.wait(20)
        if status != -signal.SIGKILL:
            raise Fault(f"{self.name} ended by itself with status {status}:\n{self.tail()}")
        self.kills += 1

    def arm(self, point):
        new = self.folder / "armed.new"
        new.write_text(point)
        new.rename(self.armed)

    def is_armed(self):
        return self.armed.exists()

    def disarm(self):
        """True when the point was reached before."""
        try:
            self.armed.unlink()
            return False
        except FileNotFoundError:
            return True

    def is_stopped(self):
        return self.stat()[0] == "T"

    def stat(self):
        """The fields of proc(5)'s stat from the state on."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()

    def catches(self, number):
        """Has it got so far that this signal has a handler?"""
        caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{self.process.pid}/status").read_text(), re.M)
        return caught is not None and int(caught.group(1), 16) >> (number - 1) & 1 == 1

    def wanted_s(self):
        """Seconds that each thread ran, or would have if others had not: what a busy machine cannot hide."""
        wanted = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            ran, waited, _ = map(int, (task / "schedstat").read_text().split())
            wanted[int(task.name)] = (ran + waited) / 1e9
        return wanted

    def outbox(self):
        try:
            return int((self.folder / "status").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def book(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def tail(self):
        return "\n".join("    " + line for line in self.book("log")[-15:])

    def stop(self):
        """Ends it in order; its exit status, or None when it never ran."""
        if self.process is None:
            return None
        if not self.is_dead():
            self.process.terminate()
            self.process.send_signal(signal.SIGCONT)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(10)


class Stage:
    """The region of this test: two practices that refer, two providers that answer, and a POH's mailbox."""

    def __init__(self, draw, changes=None):
        self.draw = draw
        self.region = CrashRegion(changes)
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
        until(lambda: all(p.outbox() is not None for p in self.adapters) or self.dead(),
              "not everything started", START_S)
        self.all_live()

    def of_role(self, *roles):
        return [p for p in self.all if p.role in roles]

    def named(self, name):
        return next(p for p in self.all if p.name == name)

    def dead(self):
        return [p for p in self.all if p.is_dead()]

    def all_live(self):
        for process in self.dead():
            raise Fault(f"{process.name} ended by itself with status {process.process.returncode}:\n"
                        f"{process.tail()}")

    def until(self, true, what):
        """The same, while everything lives."""
        until(lambda: self.dead() or true(), what)
        self.all_live()

    def told(self, ask):
        """What the broker says to ask(), which is None as long as it does not answer."""
        answer = []

        def answered():
            answer[:] = [ask()]
            return answer[0] is not None
        self.until(answered, "the broker does not answer")
        return answer[0]

    def receipts(self, letter, processes=None):
        """How many messages with such a key have a receipt: r(eferral), w(ithdrawal), a or b (answer)."""
        return sum(line.startswith(letter) for p in processes or self.adapters for line in p.book("receipts"))

    def letters(self, process):
        """How many messages this application has."""
        return len(process.book("application"))

    def flows(self, count=30, processes=None):
        """Waits until that many referrals more have a receipt."""
        senders = processes or self.of_role("sender")
        before = self.receipts("r", senders)
        try:
            until(lambda: self.receipts("r", senders) >= before + count or self.dead(),
                  f"{count} referrals more are receipted")
        except Fault as fault:
            raise Fault(f"{fault}; outboxes {self.outboxes()}; {self.region.ask('/readyz')!r}") from None
        self.all_live()

    def outboxes(self):
        return {p.name: p.outbox() for p in self.adapters}

    def drain(self):
        """No new referrals, until nothing is under way any more."""
        for process in self.of_role("sender"):
            self.until(lambda: process.catches(signal.SIGUSR1), f"{process.name} does not get started")
            process.signal(signal.SIGUSR1)
        quiet = 0
        end = time.monotonic() + DRAIN_S
        while quiet < 5:
            self.all_live()
            if time.monotonic() > end:
                raise Fault(f"not at rest after {DRAIN_S} s: queued {self.queued()}, "
                            f"outboxes {self.outboxes()}")
            time.sleep(0.2)
            at_rest = self.queued() == 0 and all(p.outbox() == 0 for p in self.adapters)
            quiet = quiet + 1 if at_rest else 0

    def queued(self):
        """Deliveries that are not settled; None while the broker does not say."""
        return self.region.metric('sch_queue_messages')

    def stop(self):
        faults = []
        for process in self.adapters + [self.broker]:
            status = process.stop()
            if status not in (0, None):
                faults.append(f"{process.name} stopped with status {status}:\n{process.tail()}")
        return faults

    def count(self, name):
        return sum(len(p.book(name)) for p in self.adapters)

    def resent(self):
        """Sealed letters that left a process more than once, counted by their bytes."""
        total = distinct = 0
        for process in self.adapters:
            sent = process.book("sent")
            total += len(sent)
            distinct += len(set(sent))
        return total - distinct
