"""The sample region of `scharnier dev` with its broker and adapters as processes: for the demo and end-to-end tests.

Everything lies in one directory; ports are free ones of loopback. Each process writes to logs/NAME.log and is
stopped by its own process id.
"""
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "adapters", "examples")
UTC = datetime.timezone.utc


class Failure(Exception):
    """What went wrong, for the person who reads the output; `log` names the file that says more."""

    def __init__(self, text, log=None):
        super().__init__(text)
        self.log = log


def wait_for(what, condition, seconds=20.0, log=None):
    """The first true value of condition(); a Failure when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise Failure("waited %.0f seconds in vain for %s" % (seconds, what), log)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Clock:
    """The civil time of the region: `start` at the real moment `since`, then `rate` times as fast."""

    def __init__(self, start, rate):
        self.start, self.rate, self.since = start, rate, int(time.time())

    def now(self):
        return self.start + datetime.timedelta(seconds=(time.time() - self.since) * self.rate)

    def day(self):
        """Days since the start, with a fraction."""
        return (time.time() - self.since) * self.rate / 86400

    def at(self, day):
        return self.start + datetime.timedelta(days=day)

    def wait(self, day, stop=None):
        """Sleeps until that day; False when `stop` was set meanwhile."""
        while True:
            left = (day - self.day()) * 86400 / self.rate
            if left <= 0:
                return True
            if stop is not None and stop.wait(min(left, 0.5)):
                return False
            if stop is None:
                time.sleep(left)


class Region:
    """A region in a directory of its own, and the processes that serve it."""

    def __init__(self, bin_dir, directory=None):
        self.bin = os.path.abspath(bin_dir)
        self.own = directory is None
        self.dir = os.path.abspath(directory) if directory else tempfile.mkdtemp(prefix="scharnier-region-")
        self.clock, self.processes, self.threads = None, {}, []
        os.makedirs(self.path("logs"), exist_ok=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def log_path(self, name):
        return self.path("logs", name + ".log")

    def log(self, name):
        return read(self.log_path(name))

    # ---- files ------------------------------------------------------------------------------------

    def make(self, start=None, rate=1):
        """Keys, signed directory, norms and configurations; the fast clock begins with start_broker()."""
        arguments = ["dev", "--dir", self.path("region"), "--prepare"]
        if rate > 1:
            arguments += ["--fast-clock", "%ds=1s" % rate]
        self.run("scharnier", *arguments)
        self.clock = Clock(start or datetime.datetime.now(UTC), rate)
        # One process holds a state directory: who looks, sends or collects beside an adapter has one of its own.
        for department in ("angst", "trauma"):
            self.client(department, "noordrand", ["agb:06290713/" + department])
        self.client("trauma-inbox", "noordrand", ["agb:06290713/trauma"])
        for party in ("linde", "kompas", "linde-poh", "zuid"):
            self.client(party + "-look", party)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def change_broker(self, section, **values):
        """Sets keys of scharnierd.conf; None takes one out."""
        path = os.path.join("region", "scharnierd.conf")
        lines = read(self.path(path)).splitlines()
        kept, inside = [], False
        for line in lines:
            if line.startswith("["):
                inside = line == "[%s]" % section
            if not (inside and line.split("=")[0].strip() in values):
                kept.append(line)
        place = kept.index("[%s]" % section) + 1
        kept[place:place] = ["%s = %s" % item for item in values.items() if item[1] is not None]
        self.write(path, "\n".join(kept) + "\n")

    def set_clock(self, start, rate):
        """From now on the region's time is `start` and runs `rate` times as fast. Takes a start of the broker."""
        self.clock = Clock(start, rate)
        stamp = "%Y-%m-%dT%H:%M:%SZ"
        since = datetime.datetime.fromtimestamp(self.clock.since, UTC)
        self.change_broker("clock", rate=rate, start=start.strftime(stamp), since=since.strftime(stamp))

    def client(self, name, party, mailboxes=None):
        """A configuration for another process of the same party: own state, and only these mailboxes."""
        text = read(self.path("region", party + ".conf"))
        text = text.replace("state = state/%s" % party, "state = state/%s" % name)
        head, *sections = re.split(r"(?m)^(?=\[mailbox )", text)
        if mailboxes is not None:
            # A department opens its letters with its organisation's key, so that section has to stay.
            sections = [part if re.match(r"\[mailbox (\S+)\]", part).group(1) in mailboxes
                        else part.rstrip("\n") + "\nattach = no\n\n" for part in sections]
            sections.sort(key=lambda part: "attach = no" in part)
        self.write(os.path.join("region", name + ".conf"), head + "".join(sections))
        return self.config(name)

    def config(self, name):
        return self.path("region", name + ".conf")

    def write_hl7(self, name, side, client, peer_port, port=0, more="", map_text=None):
        """The configuration of one scharnier-hl7v2."""
        if map_text is None:
            map_text = read(os.path.join(EXAMPLES, side + ".map.ini"))
        self.write("%s.map.ini" % name, map_text)
        self.write("%s.conf" % name,
                   "[adapter]\nside = %s\nclient_config = region/%s.conf\nmap = %s.map.ini\nstate = state-%s\n"
                   "[listen]\nport = %d\n%s[peer]\nhost = 127.0.0.1\nport = %d\nack_timeout = 5\n"
                   % (side, client, name, name, port, more, peer_port))

    # ---- processes --------------------------------------------------------------------------------

    def run(self, program, *arguments, check=True, timeout=60):
        """Runs a program to its end and gives what it printed; a Failure when it says no."""
        done = subprocess.run([os.path.join(self.bin, program), *arguments], capture_output=True, text=True,
                              timeout=timeout, check=False, cwd=ROOT)
        if check and done.returncode != 0:
            raise Failure("%s %s ended with %d:\n%s" % (program, " ".join(arguments), done.returncode,
                                                       done.stderr.strip()), self.log_path("broker"))
        return done.stdout if check else done

    def cli(self, config, *arguments, **options):
        """scharnier(1) as the party of a configuration."""
        return self.run("scharnier", "--config", self.config(config), *arguments, **options)

    def ask(self, config, *arguments):
        return json.loads(self.cli(config, "--json", *arguments))

    def start(self, name, program, *arguments, stdout=None):
        with open(self.log_path(name), "ab") as log:
            # A group of its own: Ctrl-C reaches this program only, which then stops them in order.
            self.processes[name] = subprocess.Popen([os.path.join(self.bin, program), *arguments], stderr=log,
                                                    stdout=stdout or log, stdin=subprocess.DEVNULL,
                                                    cwd=self.dir, start_new_session=True)
        return self.processes[name]

    def await_line(self, name, text, before, seconds=30.0):
        def there():
            if self.processes[name].poll() is not None:
                raise Failure("%s ended with %d" % (name, self.processes[name].returncode), self.log_path(name))
            return self.log(name).count(text) > before
        wait_for("%s to start" % name, there, seconds, self.log_path(name))

    def start_broker(self):
        before = self.log("broker").count(" STARTED ")
        self.start("broker", "scharnierd", "--config", self.path("region", "scharnierd.conf"))
        self.await_line("broker", " STARTED ", before)

    def start_hl7(self, name):
        """Starts an adapter and gives the port that it listens on."""
        before = self.log(name).count(" started ")
        self.start(name, "scharnier-hl7v2", self.path(name + ".conf"))
        self.await_line(name, " started ", before)
        return int(re.findall(r" started .* port=(\d+)", self.log(name))[-1])

    def start_tail(self, name, config, take):
        """`scharnier inbox tail --ack`: calls take(message) for each that is collected."""
        process = self.start(name, "scharnier", "--config", self.config(config), "--json", "inbox", "tail", "--ack",
                             stdout=subprocess.PIPE)

        def follow():
            document = b""
            for line in process.stdout:
                document += line
                if line == b"}\n":
                    take(json.loads(document))
                    document = b""
        thread = threading.Thread(target=follow, name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def stop(self, name, number=signal.SIGTERM, seconds=20):
        """Stops a process and gives its exit code; one that does not listen is killed."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -9

    def close(self, keep=False):
        """Stops all, the broker last, and removes the directory unless it is to be kept."""
        names = [name for name in self.processes if name != "broker"]
        for name in names:
            if self.processes[name].poll() is None:
                self.processes[name].send_signal(signal.SIGTERM)
        for name in names + [name for name in self.processes if name == "broker"]:
            self.stop(name)
        if not keep and self.own:
            shutil.rmtree(self.dir, ignore_errors=True)
