"""A region of `scharnier dev` for the tests of the command line, and what they count."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

BIN = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/release/bin")
SCHARNIER = os.path.join(BIN, "scharnier")
counts = {"passed": 0, "failed": 0}


def check(name, good, said=""):
    counts["passed" if good else "failed"] += 1
    if not good:
        print(f"  not ok  {name}\n{said}")


class Region:
    """A region of `scharnier dev`, stopped by its pid."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="sch-cli-")
        self.options = options
        self.process = None
        self.start(*options)

    def start(self, *options):
        self.process = subprocess.Popen([SCHARNIER, "dev", "--dir", self.folder, *options], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.welcome = self.process.stdout.readline()
        for line in self.process.stdout:
            self.welcome += line
            if line.startswith("next: "):
                break

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.wait(timeout=20)

    def close(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, party, *words, code=0):
        """What a party's command prints; checks its exit code."""
        done = subprocess.run([SCHARNIER, "--config", f"{self.folder}/{party}.conf", *words], text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        self.errors = done.stderr
        if done.returncode != code:
            check(f"{party}: {' '.join(words)}: exit {done.returncode}, not {code}", False,
                  done.stdout + done.stderr)
        return done.stdout

    def json(self, party, *words, code=0):
        text = self.run(party, *words, "--json", code=code)
        try:
            return json.loads(text)
        except ValueError:
            check(f"{party}: {' '.join(words)}: JSON", False, text + self.errors)
            return {}

    @contextlib.contextmanager
    def collecting(self, party):
        """Meanwhile this party takes whatever comes, as its system would, however slow the machine is."""
        tail = subprocess.Popen([SCHARNIER, "--config", f"{self.folder}/{party}.conf", "inbox", "tail", "--ack"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            tail.terminate()
            code = tail.wait(timeout=20)
            check(f"{party} collected to the end: exit {code}", code == 0)

    def broker(self, *words):
        """A command of scharnierd to the region's broker."""
        done = subprocess.run([os.path.join(BIN, "scharnierd"), "--config", f"{self.folder}/scharnierd.conf", *words],
                              text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            check(f"scharnierd {' '.join(words)}: exit {done.returncode}", False, done.stdout + done.stderr)
        return done.stdout

    def refer(self, key, to, *more):
        return self.json("linde", "referral", "send", "--key", key, "--to", to, "--section", "question=Graag advies",
                         "--section", "reason=Paniekklachten", *more).get("kenmerk")
