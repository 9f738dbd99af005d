"""What else the world does to processes: full disks, no descriptors, jumping clocks, peers that stand still.

A scene plays on a stage (driver.py) that is under traffic; the traffic must flow again when it ends, and its
books are judged like those of the kill rounds. A scene that lacks what it needs says so and is skipped.
"""

import os
import resource
import shutil
import signal
import socket
import subprocess
import time

from driver import BIN, Fault

MIB = 1 << 20
TMPFS_BYTES = 160 * MIB
HOUR_S, DAY_S = 3600, 86400
LEASE_S = 60                # broker/shell/session.h; a peer that is silent for longer holds nothing


def expect(true, what):
    if not true:
        raise Fault(what)


class Scene:
    name = ""
    cheap = False           # without root, and within fifteen seconds or so: for `make test`
    changes = {}            # of scharnierd.conf

    def lacks(self):
        """Why it cannot be played here, or None."""
        return None

    def prepare(self, stage):
        """Before anything runs."""

    def play(self, stage):
        """Under traffic. Raises Fault."""
        raise NotImplementedError

    def faults(self, _stage, _judge):
        """What the books must show beside what the judge looks for."""
        return []

    def clean(self, keep):
        """Always, and when the processes have gone. keep: the files are wanted."""


QUIET_S = 2


def quiet(process, threads=None):
    """Nothing of it spins; threads: of these. A thread that spins wants all of the time."""
    before = process.wanted_s()
    began = time.monotonic()
    time.sleep(QUIET_S)
    wall, wanted = time.monotonic() - began, process.wanted_s()
    for thread in set(before) & set(wanted) & set(threads or wanted):
        share = (wanted[thread] - before[thread]) / wall
        expect(share < 0.7, f"a thread of {process.name} wants {share:.0%} of a core, with nothing to do")


# Disks.

class Disk:
    """A small filesystem of its own, under a directory of the stage."""

    def __init__(self, folder):
        self.folder = folder
        self.ballast = folder / "ballast"
        owner = folder.stat()
        options = f"size={TMPFS_BYTES},mode=700,uid={owner.st_uid}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "scharnier-crash", str(folder)], check=True)

    def free(self):
        at = os.statvfs(self.folder)
        return at.f_bavail * at.f_frsize

    def fill(self, leave=0):
        """Leaves so many bytes, and not a byte more when it is 0."""
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                while self.free() > leave:
                    more = max(min(self.free() - leave, MIB), 4096)
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), more)
            except OSError:
                pass

    def make_room(self):
        self.ballast.unlink()

    def clean(self, keep):
        """keep: what it held is copied to where it was mounted."""
        kept = self.folder.with_name(self.folder.name + ".kept")
        if keep:
            shutil.copytree(self.folder, kept, ignore=shutil.ignore_patterns("ballast", "*.sock"))
        subprocess.run(["umount", "-l", str(self.folder)], check=False)
        if keep:
            self.folder.rmdir()
            kept.rename(self.folder)


class OnDisks(Scene):
    on = ()                 # folders of the region that get a disk of their own
    disks = ()

    def lacks(self):
        if os.geteuid() != 0:
            return "mounting a small filesystem needs root"
        return None if shutil.which("mount") else "there is no mount(8)"

    def prepare(self, stage):
        self.disks = []
        for name in self.on:
            self.disks.append(Disk(stage.region.folder / name))

    def clean(self, keep):
        for disk in self.disks:
            disk.clean(keep)


class DiskFull(OnDisks):
    """The broker's disk comes short: referrals are refused, feedback passes, and nobody loses anything."""

    name = "disk-full"
    on = ("store",)
    changes = {"reserve = 1M": "reserve = 64M"}

    def play(self, stage):
        region, disk = stage.region, self.disks[0]
        providers = [stage.named("noordrand"), stage.named("haven")]
        for provider in providers:
            provider.signal(signal.SIGSTOP)     # so that there is feedback to be said when it is full
        stage.flows(40)
        disk.fill(leave=8 * MIB)
        stage.until(lambda: region.metric("sch_store_full") == 1, "the broker says that it is short of room")
        stage.until(lambda: all(p.outbox() >= 16 for p in stage.of_role("sender")),
                    "the senders keep what is refused")
        expect(stage.told(lambda: region.status("/readyz")) == 503, "a broker short of room says that it is ready")
        referrals = stage.told(lambda: region.metric('sch_messages_received_total{type="REFERRAL"}'))
        answers = stage.receipts("a")
        for provider in providers:
            provider.signal(signal.SIGCONT)
        stage.until(lambda: stage.receipts("a") >= answers + 20, "feedback passes without room for referrals")
        expect(stage.told(lambda: region.metric("sch_store_full")) == 1,
               "there was room all the time: the scene did not test it")
        expect(stage.told(lambda: region.metric('sch_messages_received_total{type="REFERRAL"}')) == referrals,
               "a referral was taken without room")
        expect(stage.told(lambda: region.metric('sch_messages_rejected_total{reason="STORE_FULL"}')) > 0,
               "nothing was refused")
        disk.make_room()
        stage.until(lambda: region.metric("sch_store_full") == 0, "the broker sees that there is room again")


class DiskBrim(OnDisks):
    """A disk full to the last byte: what cannot be written is not receipted, and a restart has no room."""

    name = "disk-brim"
    on = ("store",)

    def play(self, stage):
        region, disk = stage.region, self.disks[0]
        stage.flows(40)
        disk.fill()
        # A commit may fail before the broker sees it; file-limit has nothing but such commits.
        stage.until(lambda: region.metric("sch_store_full") == 1, "the broker says that it is short of room")
        quiet(stage.broker)
        stage.broker.kill()
        stage.broker.start()
        stage.until(lambda: region.metric("sch_store_full") is not None, "the broker starts on a full disk")
        time.sleep(2)
        stage.all_live()
        disk.make_room()


class ClientDiskFull(OnDisks):
    """A sender's and a receiver's state directories are full: nothing is sent or settled, all of it later."""

    name = "client-disk-full"
    on = ("state-linde", "state-noordrand")

    def play(self, stage):
        linde, noordrand = stage.named("linde"), stage.named("noordrand")
        stage.flows(20, [linde])
        stage.until(lambda: stage.letters(noordrand) > 10, "letters arrive")
        for disk in self.disks:
            disk.fill()
        stage.until(lambda: self.stands_still(stage, linde), "the sender stands still")
        stage.flows(40, [stage.named("veer")])
        stage.all_live()
        noordrand.kill()                # and gets up again without a byte of room
        noordrand.start()
        stage.flows(20, [stage.named("veer")])
        for disk in self.disks:
            disk.make_room()
        stage.flows(20, [linde])
        linde.kill()                    # and what it wrote after the failed writes can be read
        linde.start()
        stage.flows(20, [linde])
        letters = stage.letters(noordrand)
        stage.until(lambda: stage.letters(noordrand) > letters + 10, "the receiver goes on")

    def stands_still(self, stage, sender):
        receipts = stage.receipts("r", [sender])
        time.sleep(1)
        return stage.receipts("r", [sender]) == receipts


class FileLimit(Scene):
    """Files of broker and sender may not grow (RLIMIT_FSIZE): a full disk for whoever is not root."""

    name = "file-limit"
    cheap = True

    def play(self, stage):
        region, linde = stage.region, stage.named("linde")
        stage.flows(20)
        # Half of it: LMDB writes freed pages again before the file grows.
        self.limit(stage.broker, (region.folder / "store" / "data.mdb").stat().st_size // 2)
        stage.until(lambda: (region.metric("sch_store_commits_unknown_total") or 0) > 1,
                    "commits fail at the limit")
        stage.all_live()
        self.limit(stage.broker, resource.RLIM_INFINITY)
        stage.flows(20)
        # Of its files the outbox is the largest by far; the limit holds that one alone.
        self.limit(linde, (region.folder / "state-linde" / "outbox").stat().st_size)
        stage.until(lambda: "IO" in linde.tail(), "the sender meets its limit")
        stage.flows(20, [stage.named("veer")])
        stage.all_live()
        self.limit(linde, resource.RLIM_INFINITY)
        stage.flows(20, [linde])

    def limit(self, process, size):
        _, hard = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (size, hard))


# Descriptors.

class Descriptors(Scene):
    """More connections than the broker has descriptors, half-open ones too, at both of its ports."""

    name = "descriptors"
    spare = 12              # descriptors that are left when the crowd comes
    crowd = 150             # connections at each port

    def play(self, stage):
        broker, linde = stage.broker, stage.named("linde")
        used = self.files_of(broker)
        resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (used + self.spare, used + self.spare))
        log = len(broker.book("log"))
        crowd = [self.connect(port) for port in self.ports(stage) for _ in range(self.crowd)]
        stage.until(lambda: self.files_of(broker) >= used + self.spare, "the broker runs out of descriptors")
        linde.kill()                    # it finds no place for now
        linde.start()
        broker.signal(signal.SIGHUP)    # a reload opens files
        stage.flows(20, [stage.named("veer")])
        for process in stage.of_role("sender"):
            process.signal(signal.SIGSTOP)
        time.sleep(1)
        # At the limit the accept loops of libzmq and libmicrohttpd spin; the turn's thread does not.
        quiet(broker, [broker.process.pid])
        expect(len(broker.book("log")) - log < 100, "the broker fills its log")
        for connection in crowd:
            connection.close()
        stage.until(lambda: self.files_of(broker) < used + self.spare, "the broker lets the crowd go")
        quiet(broker)
        for process in stage.of_role("sender"):
            process.signal(signal.SIGCONT)
        stage.flows(20, [linde])

    def files_of(self, process):
        return len(os.listdir(f"/proc/{process.process.pid}/fd"))

    def ports(self, stage):
        return [int(address.rpartition(":")[2]) for address in (stage.region.endpoint, stage.region.http)]

    def connect(self, port):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", port))
        return connection


# Clocks.

class Clock(Scene):
    """The broker's clock jumps ahead and back, under traffic and over restarts: no deadline fires for it."""

    name = "clock"
    cheap = True

    def play(self, stage):
        self.began_ms = int(time.time() * 1000)
        self.jump(stage, 30 * DAY_S, held=True)
        self.restart(stage, held=True)          # with the jump still there
        self.right_again(stage)
        self.jump(stage, 2 * HOUR_S, held=True)
        self.right_again(stage)
        self.jump(stage, -3 * DAY_S, held=False)
        self.restart(stage, held=False)
        self.jump(stage, 0, held=False)
        self.restart(stage, held=False, meanwhile_s=-3 * DAY_S)
        self.jump(stage, 0, held=False)
        self.restart(stage, held=True, meanwhile_s=31 * DAY_S)
        self.right_again(stage)

    def set(self, stage, offset_s):
        new = stage.broker.folder / "clock.new"
        new.write_text(str(offset_s))
        new.rename(stage.broker.folder / "clock")

    def jump(self, stage, offset_s, held):
        self.set(stage, offset_s)
        self.look(stage, held)

    def look(self, stage, held):
        stage.until(lambda: stage.region.metric("sch_firing_held") == int(held), f"firing held: {held}")
        stage.flows(15)
        expect(stage.told(lambda: stage.region.metric("sch_firing_held")) == int(held),
               f"firing held: {not held}, under traffic")
        expect(stage.told(lambda: stage.region.metric("sch_alerts_total")) == 0, "a deadline fired")
        if held:
            expect(stage.told(lambda: stage.region.status("/readyz")) == 503,
                   "a broker without the time says that it is ready")

    def restart(self, stage, held, meanwhile_s=None):
        stage.broker.kill()
        if meanwhile_s is not None:
            self.set(stage, meanwhile_s)
        stage.broker.start()
        self.look(stage, held)

    def right_again(self, stage):
        self.set(stage, 0)
        subprocess.run([str(BIN / "scharnierd"), "--config", str(stage.region.config), "confirm-time"],
                       check=True, stdout=subprocess.DEVNULL)
        self.look(stage, held=False)

    def faults(self, _stage, judge):
        """Nothing was ever stored in a time that was not."""
        now_ms, last_ms, faults = int(time.time() * 1000), 0, []
        for message in sorted(judge.messages.values(), key=lambda m: m["sequence"]):
            if not self.began_ms - HOUR_S * 1000 <= message["stored"] <= now_ms + 1000:
                faults.append(f"message {message['id']} was stored at {message['stored']}")
            if message["stored"] < last_ms:
                faults.append(f"message {message['id']} was stored before the one that came before it")
            last_ms = message["stored"]
        return faults


# Peers that stand still.

class Paused(Scene):
    """A receiver stands still for longer than a lease, a sender within a letter, the broker meanwhile."""

    name = "paused"

    def play(self, stage):
        receiver, sender, other = stage.named("noordrand"), stage.named("veer"), stage.named("linde")
        sender.arm("mid-send stop")
        stage.until(sender.is_stopped, "the sender stops within a letter")
        receiver.signal(signal.SIGSTOP)
        paused = time.monotonic()
        stage.flows(40, [other])
        letters = stage.letters(receiver)
        stage.broker.signal(signal.SIGSTOP)
        time.sleep(35)                  # longer than a heartbeat may take
        stage.broker.signal(signal.SIGCONT)
        stage.flows(40, [other])
        time.sleep(max(0, paused + LEASE_S + 5 - time.monotonic()))
        expect(stage.letters(receiver) == letters and sender.is_stopped(), "they did not stand still")
        sender.signal(signal.SIGCONT)
        receiver.signal(signal.SIGCONT)
        stage.flows(20, [sender])
        stage.until(lambda: stage.letters(receiver) > letters + 20, "the receiver goes on")


SCENES = (DiskFull, DiskBrim, ClientDiskFull, FileLimit, Descriptors, Clock, Paused)
