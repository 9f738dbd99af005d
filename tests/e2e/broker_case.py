"""A region whose broker runs only when a test starts it: for the tests of scharnierd as an administrator meets it."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from region import Region, read, wait_for  # noqa: E402
from test_e2e import BIN, RegionCase  # noqa: E402


def ask(path, line, seconds=15):
    """What the control socket answers to a line that need not be one."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(seconds)
        client.connect(path)
        client.sendall(line)
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()


class Case(RegionCase):
    """A region whose broker does not run unless a test starts it."""

    @classmethod
    def setUpClass(cls):
        cls.region = Region(BIN)
        cls.addClassCleanup(cls.region.close)
        cls.region.make()
        cls.conf = cls.region.path("region", "scharnierd.conf")
        cls.store = cls.region.path("region", "store")

    def setUp(self):
        if "broker" in self.region.processes:
            self.region.stop("broker")
        shutil.rmtree(self.store, ignore_errors=True)

    def broker(self, *words, conf=None):
        """scharnierd with a configuration, to its end."""
        return self.region.run("scharnierd", "--config", conf or self.conf, *words, check=False)

    def says(self, done, code, *words):
        """Its exit code, and that both its streams together hold these words."""
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, code, said)
        for word in words:
            self.assertIn(word, said)

    def changed(self, name="other", **sections):
        """A copy of scharnierd.conf with other values; None takes a key out. Gives its path."""
        whole = read(self.conf)
        try:
            for section, values in sections.items():
                self.region.change_broker(section, **values)
            self.region.write("region/%s.conf" % name, read(self.conf))
        finally:
            self.region.write("region/scharnierd.conf", whole)
        return self.region.path("region", name + ".conf")

    @contextlib.contextmanager
    def running(self, conf=None, environment=None):
        """A broker; gives a function that reads its log. Stopped in order at the end."""
        name = "broker-%d" % time.monotonic_ns()
        with open(self.region.log_path(name), "ab") as log:
            process = subprocess.Popen([os.path.join(BIN, "scharnierd"), "--config", conf or self.conf], stderr=log,
                                       stdout=log, stdin=subprocess.DEVNULL, cwd=self.region.dir,
                                       env={**os.environ, **(environment or {})})

        def said():
            return self.region.log(name)
        said.process = process
        try:
            wait_for("the broker to start", lambda: "STARTED" in said() or process.poll() is not None, 30,
                     self.region.log_path(name))
            yield said
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            self.assertEqual(code, 0, said())

    def status(self, conf=None):
        """`scharnierd status` as a dictionary."""
        done = self.broker("status", conf=conf)
        self.says(done, 0)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())
