#!/usr/bin/python3
"""scharnierd(8) as an administrator meets it: options, wrong files, a store in use, reloading, stopping, systemd.

  tests/e2e/test_broker.py build/release/bin [CLASS.TEST …]

Real processes on free ports of loopback, each with a region of its own. Ends with "N passed, N failed, N skipped".
"""
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from broker_case import Case, ask  # noqa: E402
from region import ROOT, UTC, read, wait_for  # noqa: E402
from rows import TABLES, Rows  # noqa: E402
from test_e2e import BIN, RegionCase, main  # noqa: E402

IO, USAGE, NO_BROKER, CONFIG = 1, 2, 3, 6


# ---- the command line ---------------------------------------------------------------------------------


class CommandLine(Case):
    """What scharnierd does without serving, and what it says to words that it does not know."""

    def test_what_it_tells_of_itself(self):
        for words, wanted in ((("--help",), "usage: scharnierd"), (("-h",), "--migrate"),
                              (("--version",), "store schema"), (("--print-states",), "INTAKE_PRESUMED"),
                              (("--print-expectations",), "E15")):
            with self.subTest(words):
                self.says(self.region.run("scharnierd", *words, check=False), 0, wanted)

    def test_wrong_words(self):
        for words, wanted in ((("--chek-config",), "--help"), (("--config",), "--help"),
                              (("--check-config", "now"), "usage: scharnierd"),
                              (("--audit-verify",), "--help"),
                              (("start",), "unknown command"), (("status", "now"), "unknown command"),
                              (("backup", "create"), "unknown command"), (("backup", "verify"), "unknown command"),
                              (("backup", "restore", "x"), "unknown command"),
                              (("reload", "a", "b"), "unknown command")):
            with self.subTest(words):
                self.says(self.region.run("scharnierd", *words, check=False), USAGE, "scharnierd: ", wanted)

    def test_no_configuration(self):
        for words in ((), ("status",), ("--migrate",), ("--check-config",)):
            with self.subTest(words):
                self.says(self.broker(*words, conf="/nowhere/scharnierd.conf"), CONFIG,
                          "/nowhere/scharnierd.conf: error: No such file or directory", "not valid: 1 error, 0 warnings")

    def test_no_broker(self):
        for word in ("status", "reload", "confirm-time"):
            with self.subTest(word):
                self.says(self.broker(word), NO_BROKER, "E1101", "no broker runs on " + self.store, "scharnierd runs")
        os.mkdir(self.store)
        self.says(self.broker("status"), NO_BROKER, "no broker runs on " + self.store)

    def test_check_config(self):
        self.says(self.broker("--check-config"), 0, "region utrecht: serial 1, ", "norms: 18 rows",
                  "valid: 0 errors, 0 warnings")
        self.assertFalse(os.path.exists(self.store), "a check touched the store")


class WrongFiles(Case):
    """A wrong file is refused with its name, its line and the way out, by the check and by the start alike."""

    def refused(self, conf, *words, code=CONFIG):
        check = self.broker("--check-config", conf=conf)
        self.says(check, CONFIG, *words, "not valid: ")
        self.says(self.broker(conf=conf), code, words[0])
        self.assertFalse(os.path.exists(self.store), "the store was made although nothing could be served")

    def test_configuration(self):
        for section, key, value, words in (
                ("broker", "listen", "127.0.0.1:5890", ":3: error: listen takes tcp://ADDRESS:PORT"),
                ("broker", "reserve", "64", "error: reserve takes a number with a unit (KMGT), not \"64\""),
                ("broker", "io_threads", "17", "io_threads"),
                ("broker", "development", "maybe", "development"),
                ("http", "listen", "0.0.0.0:8590", "put a reverse proxy with TLS before it"),
                ("clock", "e1_hold", "25h", "e1_hold is out of its range"),
                ("broker", "curve_key", None, "there is no line \"curve_key\" in [broker]"),
                ("broker", "store", None, "there is no line \"store\" in [broker]"),
                ("broker", "development", "no", None)):
            with self.subTest("%s = %s" % (key, value)):
                if words is None:
                    conf = self.changed(broker={key: value}, clock={"rate": 2})
                    self.refused(conf, "[clock] rate, start and since need \"development = yes\" in [broker]")
                else:
                    self.refused(self.changed(**{section: {key: value}}), "other.conf", words)

    def test_key(self):
        keys = self.region.path("region", "keys")
        broker = os.path.join(keys, "broker-transport.key")
        self.refused(self.changed(broker={"curve_key": "keys/none.key"}), "none.key: error: No such file or directory")
        self.refused(self.changed(broker={"curve_key": "keys/linde-sign.key"}), "linde-sign.key: error: is no transport key")
        self.refused(self.changed(broker={"curve_key": "norms.ini"}), "norms.ini: error: ")
        os.chmod(broker, 0o644)
        try:
            self.refused(self.conf, "mode 0644 lets others at the key; chmod 600 it")
        finally:
            os.chmod(broker, 0o640)
        self.says(self.broker("--check-config"), 0, "warning: mode 0640, expected 0600", "valid: 0 errors, 1 warning")
        os.chmod(broker, 0o600)

    def test_directory(self):
        path = self.region.path("region", "region.ini")
        whole, signature = read(path), read(path + ".sig")
        try:
            self.region.write("region/region.ini", whole.replace("S_GGZ", "S_GZZ", 1))
            self.refused(self.conf, "region.ini")
            self.region.write("region/region.ini", whole.replace("2", "3", 1))
            self.refused(self.conf, "region.ini")
            self.region.write("region/region.ini", whole)
            os.unlink(path + ".sig")
            self.refused(self.conf, "region.ini.sig", "No such file or directory", code=IO)
        finally:
            self.region.write("region/region.ini", whole)
            self.region.write("region/region.ini.sig", signature)

    def test_norms_and_permits(self):
        for name, old, new, words in (("norms.ini", "unit = weeks", "unit = wekes", "did you mean \"weeks\""),
                                      ("permits.ini", "[MGN]", "[MGM]", "did you mean \"MGN\"")):
            whole = read(self.region.path("region", name))
            self.assertIn(old, whole)
            self.region.write("region/" + name, whole.replace(old, new, 1))
            try:
                self.refused(self.conf, name + ":", words)
            finally:
                self.region.write("region/" + name, whole)


# ---- starting -----------------------------------------------------------------------------------------


class Starting(Case):
    """What the machine may have against it, said so that an administrator knows what to do."""

    def test_store_in_use(self):
        with self.running() as said:
            second = self.broker()
            self.says(second, IO, "E1005", self.store + ": another process has this store open", "stop the other process")
            self.says(self.broker("--migrate"), IO, "E1005", self.store)
            self.says(self.broker("--audit-verify", self.store), IO, "E1005")
            self.assertEqual(self.status()["serving"], "yes", said())

    def test_address_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.says(self.broker(conf=self.changed(broker={"listen": "tcp://" + address})), IO, "tcp://" + address,
                      "Address already in use", "[broker] listen")
            self.says(self.broker(conf=self.changed(http={"listen": address})), IO, address,
                      "Address already in use", "[http] listen")

    def test_addresses_that_are_not_here(self):
        self.says(self.broker(conf=self.changed(broker={"listen": "tcp://192.0.2.1:5890"})), IO, "tcp://192.0.2.1:5890",
                  "[broker] listen")

    def test_store_that_cannot_be_made(self):
        self.says(self.broker(conf=self.changed(broker={"store": "none/store"})), IO, "none/store: cannot be made",
                  "No such file or directory")
        self.says(self.broker(conf=self.changed(broker={"store": "norms.ini"})), IO, "norms.ini")

    def test_what_is_no_store(self):
        os.mkdir(self.store)
        self.region.write("region/store/data.mdb", "not a store at all" * 1000)
        self.says(self.broker(), IO, "E4103", self.store, "restore the last backup")

    def test_what_it_says_first(self):
        conf = self.changed(broker={"verify_signatures": "no", "log_format": "json"})
        with self.running(conf) as said:
            lines = [json.loads(line) for line in said().splitlines()]
            self.assertEqual([line["code"] for line in lines],
                             ["STORE", "DIRECTORY", "NORMS", "UNVERIFIED", "HTTP", "STARTED"])
            self.assertEqual(lines[0]["path"], self.store)
            with urllib.request.urlopen(lines[4]["address"] + "/livez", timeout=10) as page:
                self.assertEqual(page.read(), b"ok\n")
        with self.running(self.changed(http={"listen": "none"}, clock={"rate": 60})) as said:
            self.assertIn("FAST_CLOCK", said())
            self.assertNotIn("HTTP", said())

    def test_ipv6(self):
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError:
                self.skipTest("no IPv6 loopback here")
            port = probe.getsockname()[1]
        conf = self.changed(broker={"listen": "tcp://[::1]:%d" % port}, http={"listen": "[::1]:0"})
        self.region.write("region/six.conf", re.sub(r"endpoint = .*", "endpoint = tcp://[::1]:%d" % port, read(
            self.region.config("linde-look"))).replace("state/linde-look", "state/six"))
        with self.running(conf) as said:
            self.assertRegex(said(), r"STARTED .*address=tcp://\[::1\]:%d " % port)
            page = re.search(r"address=(http://\[::1\]:\d+)", said()).group(1)
            with urllib.request.urlopen(page + "/livez", timeout=10) as answer:
                self.assertEqual(answer.read(), b"ok\n")
            self.says(self.cli("six", "--timeout", "5s", "referral", "ls"), 0)

    def test_two_regions(self):
        """Each directory is in use, and the metric tells of the one that ends first."""
        self.region.run("scharnier", "keygen", "--use", "sign", self.region.path("region", "gooi.key"))
        key = re.search(r"[0-9a-f]{64}", read(self.region.path("region", "gooi.key.pub"))).group(0)
        path = self.region.path("region", "gooi.ini")
        whole = read(self.conf)
        try:
            for ends in ("2027-01-01", "2031-01-01"):
                self.region.write("region/gooi.ini", "[directory]\nregion = gooi\nserial = 1\nnot_after = %sT00:00:00Z\n"
                                  "[party agb:01999999]\nname = Praktijk De Heide\nkind = GP_PRACTICE\n" % ends)
                self.region.run("scharnier", "directory", "sign", path, "--key", self.region.path("region", "gooi.key"))
                self.region.write("region/two.conf", whole + "\n[region gooi]\ndirectory = gooi.ini\nkey = %s\n" % key)
                conf = self.region.path("region", "two.conf")
                self.says(self.broker("--check-config", conf=conf), 0, "region utrecht: serial 1,",
                          "region gooi: serial 1, 1 parties, 0 keys")
                with self.running(conf) as said:
                    self.assertRegex(said(), r"DIRECTORY .*region=utrecht")
                    self.assertRegex(said(), r"DIRECTORY .*region=gooi")
                    address = re.search(r"address=(http://\S+)", said()).group(1)
                    with urllib.request.urlopen(address + "/metrics", timeout=10) as page:
                        line = re.search(r"(?m)^sch_directory_not_after\S* (\S+)$", page.read().decode()).group(1)
                end = datetime.datetime(2027, 1, 1, tzinfo=UTC).timestamp()
                self.assertEqual(float(line) == end, ends == "2027-01-01")
        finally:
            os.unlink(path)

    def test_journal(self):
        path = self.region.path("journal")
        with open(path, "wb") as journal:
            status = os.fstat(journal.fileno())
            process = subprocess.Popen([os.path.join(BIN, "scharnierd"), "--config", self.conf], stderr=journal,
                                       env={**os.environ, "JOURNAL_STREAM": "%d:%d" % (status.st_dev, status.st_ino)})
            try:
                wait_for("the broker to start", lambda: "STARTED" in read(path))
            finally:
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(20), 0)
        for line in read(path).splitlines():
            self.assertRegex(line, r"^<[3-7]>[A-Z_]+ ", "a priority, and no time of its own")


# ---- reloading ----------------------------------------------------------------------------------------


class Reloading(Case):
    """SIGHUP and `scharnierd reload`."""

    def test_what_takes_a_restart_is_named(self):
        whole = read(self.conf)
        with self.running() as said:
            try:
                for section, key, value in (("broker", "map_size", "8G"), ("http", "listen", "none"),
                                            ("clock", "e1_hold", "1s"), ("broker", "io_threads", "2")):
                    with self.subTest(key):
                        self.region.change_broker(section, **{key: value})
                        before = len(said())
                        self.says(self.broker("reload"), 0)
                        name = key if section == "broker" else "[http] listen" if key == "listen" else "[clock]"
                        self.assertRegex(said()[before:], r"RESTART_NEEDED .*key=\"%s\"" % re.escape(name))
                        self.region.write("region/scharnierd.conf", whole)
            finally:
                self.region.write("region/scharnierd.conf", whole)

    def test_log_level_and_format_change_at_once(self):
        whole = read(self.conf)
        with self.running() as said:
            try:
                self.region.change_broker("broker", log_format="json", log_level="warning")
                before = len(said())
                self.says(self.broker("reload"), 0)
                self.assertEqual(said()[before:], "", "a line of information at level warning")
                self.region.write("region/norms.ini", read(self.region.path("region", "norms.ini")) + "[E99]\n")
                self.says(self.broker("reload"), CONFIG, "norms.ini:", "E99")
                line = json.loads(said()[before:])
                self.assertEqual((line["level"], line["code"]), ("error", "RELOAD_FAILED"))
                self.assertIn("norms.ini:", line["why"])
            finally:
                self.region.write("region/scharnierd.conf", whole)
                norms = read(self.region.path("region", "norms.ini"))
                self.region.write("region/norms.ini", norms.replace("[E99]\n", ""))
            self.says(self.broker("reload"), 0)

    def test_a_directory_never_goes_back(self):
        path = self.region.path("region", "region.ini")
        whole, signature = read(path), read(path + ".sig")

        def sign(serial):
            self.region.write("region/region.ini", re.sub(r"serial = \d+", "serial = %d" % serial, whole))
            self.region.run("scharnier", "directory", "sign", path, "--key",
                            self.region.path("region", "keys", "region-sign.key"))
        try:
            with self.running() as said:
                sign(7)
                self.says(self.broker("reload"), 0)
                self.assertIn("serial=7", said())
                sign(6)
                self.says(self.broker("reload"), CONFIG, "E3004", "6", "7")
                self.assertEqual(self.status()["serving"], "yes")
        finally:
            self.region.write("region/region.ini", whole)
            self.region.write("region/region.ini.sig", signature)


# ---- stopping -----------------------------------------------------------------------------------------


class Stopping(Case):
    """SIGTERM lets who holds a message settle it; a second one does not wait."""

    def leased(self, said):
        """Somebody holds a message: a terminal that reads without --ack and stays."""
        self.refer("lease-%d" % time.monotonic_ns())
        self.region.start("tail", "scharnier", "--config", self.region.config("trauma"), "inbox", "tail")
        wait_for("the message to be leased", lambda: self.status()["queue_inflight"] == "1", 20)

    def stop_tail(self):
        self.region.stop("tail", signal.SIGINT)

    def test_draining_waits_for_what_is_leased(self):
        with self.running() as said:
            self.leased(said)
            said.process.send_signal(signal.SIGTERM)
            wait_for("the drain", lambda: "DRAINING" in said())
            self.assertEqual(self.status()["serving"], "draining")
            address = re.search(r"address=(http://\S+)", said()).group(1)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address + "/readyz", timeout=10)
            self.assertIn("the broker is stopping", refused.exception.read().decode())
            self.assertIsNone(said.process.poll())
            self.stop_tail()
            self.assertEqual(said.process.wait(20), 0)
            self.assertIn("STOPPED", said())

    def test_a_second_signal_stops_at_once(self):
        with self.running() as said:
            self.leased(said)
            said.process.send_signal(signal.SIGTERM)
            wait_for("the drain", lambda: "DRAINING" in said())
            said.process.send_signal(signal.SIGINT)
            self.assertEqual(said.process.wait(20), 0)
            self.stop_tail()
        with self.running():
            wait_for("what was not settled", lambda: self.status()["queue_ready"] == "1")


class Systemd(Case):
    """The messages of sd_notify(3)."""

    def test_notify(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            path = self.region.path("notify")
            supervisor.bind(path)
            supervisor.settimeout(20)

            def heard():
                return supervisor.recv(4096).decode()
            with self.running(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "900000"}) as said:
                self.assertEqual(heard(), "READY=1")
                # The loop feeds the watchdog thrice in its time, with nothing else to do.
                for _ in range(3):
                    self.assertRegex(heard(), r"^WATCHDOG=1\nSTATUS=0 sessions, 0 messages wait, 0 leased$")
                said.process.send_signal(signal.SIGTERM)
                while True:
                    text = heard()
                    if not text.startswith("WATCHDOG"):
                        break
                self.assertEqual(text, "STOPPING=1\nSTATUS=draining")


    def test_a_slow_watchdog(self):
        """The loop comes round each second, also when systemd would wait for longer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            path = self.region.path("notify-slow")
            supervisor.bind(path)
            supervisor.settimeout(20)
            with self.running(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"}):
                self.assertEqual(supervisor.recv(4096), b"READY=1")
                for _ in range(2):
                    self.assertIn(b"WATCHDOG=1\n", supervisor.recv(4096))


# ---- the clock ----------------------------------------------------------------------------------------


class Clock(Case):
    """A clock that jumped over a stop: nothing fires until somebody has looked at it."""

    def test_held(self):
        with self.running():
            self.refer("held-1")
        start = (datetime.datetime.now(UTC) + datetime.timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
        conf = self.changed(clock={"start": start})
        with self.running(conf) as said:
            wait_for("word of it", lambda: "FIRING_HELD" in said())
            self.assertIn("confirm-time", said())
            self.assertEqual(self.status(conf)["firing"], "held: scharnierd confirm-time")
            address = re.search(r"address=(http://\S+)", said()).group(1)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address + "/readyz", timeout=10)
            self.assertIn("firing is held", refused.exception.read().decode())
            with urllib.request.urlopen(address + "/metrics", timeout=10) as page:
                self.assertIn("\nsch_firing_held 1\n", page.read().decode())
            self.says(self.broker("confirm-time", conf=conf), 0)
            self.assertIn("TIME_CONFIRMED", said())
            wait_for("firing to go on", lambda: self.status(conf)["firing"] == "yes")
            self.assertEqual(said().count("FIRING_HELD"), 1, "said once, then each minute")


# ---- backups, other schemas, forged rows --------------------------------------------------------------


class Backups(Case):
    """Copies, with a broker and without one."""

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="scharnier-copies-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.copy = os.path.join(self.folder, "copy")

    def test_without_a_broker(self):
        self.says(self.broker("backup", "create", self.copy), IO, self.store, "No such file or directory")
        with self.running():
            self.refer("copied")
        self.says(self.broker("backup", "create", self.copy), 0, self.copy + "\n", "next: scharnierd backup verify")
        self.says(self.broker("backup", "verify", self.copy), 0, "good: " + self.copy)
        self.says(self.broker("--audit-verify", self.copy), 0, "whole: ")
        self.says(self.broker("backup", "create", self.copy), IO, self.copy + ": cannot be made", "File exists")
        self.says(self.broker("backup", "create", "x" * 1100), USAGE, "the path of the backup is too long")

    def test_from_here(self):
        """A path counts from the caller's directory, although the broker copies in its own."""
        with self.running() as said:
            self.refer("copied")
            done = subprocess.run([os.path.join(BIN, "scharnierd"), "--config", self.conf, "backup", "create", "copy"],
                                  cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
            self.says(done, 0, self.copy)
            self.says(self.broker("backup", "verify", self.copy), 0)
            self.says(self.broker("backup", "create", self.copy), IO, "File exists")
            wait_for("the failure to be counted", lambda: self.status()["backups_failed"] == "1")
            self.assertIn("BACKUP_FAILED", said())
            last = self.status()["backup_last"]
            self.assertNotEqual(last, "0")
        with self.running():
            self.assertEqual(self.status()["backup_last"], last, "a restart does not forget the last backup")

    def test_no_backup(self):
        self.says(self.broker("backup", "verify", self.copy), IO, self.copy)
        os.mkdir(self.copy)
        self.says(self.broker("backup", "verify", self.copy), IO, self.copy + "/data.mdb")
        self.says(self.broker("--audit-verify", self.copy), IO, self.copy + "/data.mdb")

    def test_a_forged_audit_record_is_found(self):
        with self.running():
            self.refer("forged")
        self.says(self.broker("backup", "create", self.copy), 0)
        with Rows(self.copy) as rows:
            key, value = next((key, value) for key, value in rows.all("audit") if b"linde" in value)
            rows.put("audit", key, value.replace(b"linde", b"lynde"))
        self.says(self.broker("--audit-verify", self.copy), IO, "E4104", "a record was changed or removed")
        self.says(self.broker("backup", "verify", self.copy), IO, "E4104")

    def test_a_lost_row_is_found(self):
        with self.running():
            self.refer("lost")
        for table, wanted in (("message", "a row refers to one"), ("body", "the letter of a message")):
            copy = self.copy + "-" + table
            self.says(self.broker("backup", "create", copy), 0)
            with Rows(copy) as rows:
                rows.erase(table, rows.all(table)[0][0])
            self.says(self.broker("backup", "verify", copy), IO, "E4105", wanted, "is not there", "do not remove the older ones")


class Schemas(Case):
    """Stores of other versions."""

    def old_store(self):
        with open(os.path.join(ROOT, "tests/store/schema1.txt"), encoding="utf-8") as file:
            lines = [line.split() for line in file if not line.startswith("#")]
        with Rows(self.store) as rows:
            for table in TABLES:
                rows.all(table)         # each is made by looking
            for line in lines:
                rows.put(TABLES[int(line[0])], bytes.fromhex(line[1]), bytes.fromhex(line[2] if line[2:] else ""))

    def test_older(self):
        self.old_store()
        self.says(self.broker(), CONFIG, "E4102", "schema 1, this version reads 2", "scharnierd --migrate")
        with tempfile.TemporaryDirectory(prefix="scharnier-copies-") as folder:
            self.says(self.broker("backup", "create", os.path.join(folder, "copy")), 0)
        self.says(self.broker("--migrate"), 0, self.store + ": now of schema 2: 5 dossiers, ")
        self.says(self.broker("--migrate"), 0, self.store + ": schema 2 is current, nothing to migrate")
        with self.running():
            wait_for("the dossiers", lambda: self.status()["dossiers"] == "5")
        self.says(self.broker("--audit-verify", self.store), 0, "whole: ")

    def test_older_and_damaged(self):
        self.old_store()
        with Rows(self.store) as rows:
            rows.put("dossier", rows.all("dossier")[0][0], b"\0" * 40)
        self.says(self.broker("--migrate"), IO, "E4103", "the migration stopped")

    def test_newer(self):
        with Rows(self.store) as rows:
            rows.put("meta", b"schema", b"\0\0\0\x63")
        for words in ((), ("--migrate",), ("backup", "create", "/nowhere/copy")):
            with self.subTest(words):
                self.says(self.broker(*words), CONFIG, "E4101", "schema 99", "install that version")

    def test_nothing_to_migrate(self):
        self.says(self.broker("--migrate"), IO, self.store, "No such file or directory")


# ---- the doors of the machine -------------------------------------------------------------------------


class Doors(RegionCase):
    """The control socket and the pages on loopback, asked oddly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.address = re.search(r"address=http://(\S+):(\d+)", cls.region.log("broker")).groups()
        cls.control = cls.region.path("region", "store", "control.sock")

    def http(self, request):
        with socket.create_connection((self.address[0], int(self.address[1])), 10) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b"")).decode(errors="replace")

    def test_only_its_owner_may_ask(self):
        self.assertEqual(os.stat(self.control).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(self.control)).st_mode & 0o777, 0o700)

    def test_odd_lines(self):
        self.assertTrue(ask(self.control, b"status\n").endswith("\nok\n"))
        for line in (b"\n", b"STATUS\n", b"status now\n", b"backup\n", b"queue\n", b"queue hold\n", b"\xff\xfe\n"):
            with self.subTest(line):
                self.assertRegex(ask(self.control, line), r"^error USAGE requests: backup PATH, confirm-time, ")
        self.assertRegex(ask(self.control, b"queue peek nobody\n"), r"^error [A-Z_]+ ")
        with self.assertRaises((ConnectionResetError, BrokenPipeError, AssertionError)):
            self.assertNotEqual(ask(self.control, b"x" * 4096), "", "a line without an end has no answer")
        self.assertTrue(ask(self.control, b"status\n").endswith("\nok\n"))

    def test_those_that_say_nothing(self):
        """Nobody keeps the others out for long: a silent peer is given up, and one that leaves is no matter."""
        silent = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        try:
            for client in silent:
                client.connect(self.control)
            silent[0].close()
            self.assertTrue(ask(self.control, b"status\n", 30).endswith("\nok\n"))
        finally:
            for client in silent:
                client.close()

    def test_pages(self):
        for request, status in ((b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
                                (b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
                                (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
                                (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
                                (b"PUT /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
                                (b"GET /" + b"x" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "4")):
            with self.subTest(request[:30]):
                self.assertRegex(self.http(request), r"^HTTP/1\.\d %s" % status)
        body = b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nsome body"
        with contextlib.suppress(ConnectionResetError):
            self.assertNotIn(" 200 ", self.http(body))
        self.assertRegex(self.http(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "200")

    def test_too_many_connections(self):
        """Above the limit the pages wait; the broker goes on delivering, and afterwards they are back."""
        held = [socket.create_connection((self.address[0], int(self.address[1])), 10) for _ in range(40)]
        try:
            self.refer("crowded")
        finally:
            for client in held:
                client.close()
        def alive():
            try:
                return " 200 " in self.http(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[:20]
            except ConnectionResetError:
                return False
        wait_for("the pages", alive)


if __name__ == "__main__":
    sys.exit(main())
