#!/usr/bin/python3
"""End-to-end tests with real processes: one referral's whole life, and what administrators and accidents do.

  tests/e2e/test_e2e.py build/release/bin [CLASS.TEST …]

MLLP in detail is in test_hl7v2.py, the command line in test_cli.py, the wire in tests/interop. Everything runs on free
ports of loopback. Ends with "N passed, N failed, N skipped".
"""
import datetime
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import letters  # noqa: E402
import mllp  # noqa: E402
from region import ROOT, UTC, Region, read, wait_for  # noqa: E402

BIN = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/release/bin")
QUIET = dict(check=False)


class RegionCase(unittest.TestCase):
    """Each class has a region and a broker of its own."""

    @classmethod
    def setUpClass(cls):
        cls.region = Region(BIN)
        cls.addClassCleanup(cls.region.close)
        cls.region.make()
        cls.prepare()
        cls.region.start_broker()

    @classmethod
    def prepare(cls):
        """What a class changes in its region before the broker starts."""

    def setUp(self):
        if "broker" not in self.region.processes:
            self.region.start_broker()

    def cli(self, config, *arguments):
        return self.region.cli(config, *arguments, **QUIET)

    def refer(self, key, *more, expect=0):
        """A referral of De Linde to the trauma department, by scharnier(1)."""
        done = self.cli("linde-look", "--json", "referral", "send", "--key", key, "--to", "agb:06290713/trauma",
                        "--section", "question=Graag beoordeling.", "--section", "reason=Voorbeeld.", *more)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def kenmerk(self, done):
        return re.search(r'"kenmerk": "(SN-[^"]+)"', done.stdout).group(1)

    def error(self, done, code, *words, exit_code):
        """The error of scharnier(1): its number, and what it tells the reader to check."""
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        for word in (code, *words):
            self.assertIn(word, done.stderr)


# ---- one referral's life -----------------------------------------------------------------------------


class OneReferral(RegionCase):
    """From a HIS to an EPD and back, over MLLP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.got = {"linde": [], "angst": []}
        cls.senders = {}
        for name, side in (("linde", "his"), ("angst", "epd")):
            def take(message, name=name):
                cls.got[name].append(message)
                return mllp.acknowledgement(message)
            receiver = mllp.Receiver(0, take)
            cls.addClassCleanup(receiver.server_close)
            cls.addClassCleanup(receiver.shutdown)
            cls.region.write_hl7(name, side, name, receiver.port, more="answer_timeout = 2\n")
            cls.senders[name] = mllp.Sender("127.0.0.1", cls.region.start_hl7(name), 15, lambda *_, **__: None)

    def send(self, name, raw):
        answer = self.senders[name].exchange(raw)
        self.assertIsNotNone(answer, "no acknowledgement")
        self.assertEqual(answer.get("MSA", 2), mllp.Message(raw).control)
        return answer

    def taken(self, name, raw):
        """As a HIS or EPD does: sends it again as long as the broker has not answered yet."""
        def answered():
            answer = self.send(name, raw)
            return None if "has not answered yet" in answer.get("MSA", 3) else answer
        answer = wait_for("an answer", answered, 60)
        self.assertEqual(answer.get("MSA", 1), "AA", answer.get("MSA", 3))

    def arrival(self, name, kind, order):
        def there():
            return [message for message in self.got[name] if message.type == kind and message.order == order]
        return wait_for("%s at %s" % (kind, name), there, 20, self.region.log_path(name))

    def referral(self, order):
        return letters.referral("REF", order, datetime.datetime.now(UTC), "01054321", "GGZANGST", 1)

    def test_whole_life(self):
        order, now = "ORD-LIFE", datetime.datetime.now(UTC)
        raw = self.referral(order)
        self.taken("linde", raw)
        referral = self.arrival("angst", "REF^I12", order)[0]
        steps = [("ACCEPTANCE", "RRI^I12", 7), ("APPOINTMENT", "SIU^S12", 0), ("INTAKE_REPORT", "MDM^T02", 0),
                 ("TREATMENT_START", "OSU^O51", 0), ("TREATMENT_END", "OSU^O51", 0),
                 ("DISCHARGE_LETTER", "MDM^T02", 0)]
        for number, (kind, _, days) in enumerate(steps):
            answer = letters.answer(kind, order, str(number), now, "06290713", 1, now + datetime.timedelta(days=days))
            self.taken("angst", answer)
        wait_for("all feedback", lambda: len(self.arrival("linde", "MDM^T02", order)) == 2 and
                 len(self.arrival("linde", "OSU^O51", order)) == 2)
        for _, kind, _ in steps:
            self.assertEqual(self.arrival("linde", kind, order)[0].kenmerk, referral.kenmerk)

        def closed():
            trace = self.region.ask("linde-look", "referral", "trace", referral.kenmerk)
            return trace if trace["phase"] == "CLOSED" and not trace["awaited"] else None
        wait_for("the dossier to close", closed)
        rows = self.region.ask("coordinator", "unanswered", "ls")["unanswered"]
        self.assertNotIn(referral.kenmerk, [row["kenmerk"] for row in rows])

    def test_no_ack_before_the_receipt(self):
        raw = self.referral("ORD-STOP")
        broker = self.region.processes["broker"]
        broker.send_signal(signal.SIGSTOP)
        try:
            answer = self.send("linde", raw)
        finally:
            broker.send_signal(signal.SIGCONT)
        self.assertEqual(answer.get("MSA", 1), "AE")
        self.assertNotEqual(answer.get("MSA", 3), "")
        self.taken("linde", raw)
        self.arrival("angst", "REF^I12", "ORD-STOP")
        self.taken("linde", raw)
        self.taken("linde", self.referral("ORD-NEXT"))
        self.arrival("angst", "REF^I12", "ORD-NEXT")
        self.assertEqual(len(self.arrival("angst", "REF^I12", "ORD-STOP")), 1)

    def test_an_answer_to_nothing(self):
        now = datetime.datetime.now(UTC)
        answer = self.send("angst", letters.answer("ACCEPTANCE", "ORD-NONE", "1", now, "06290713", 1, now))
        self.assertEqual(answer.get("MSA", 1), "AE")
        self.assertIn("no referral is known", answer.get("MSA", 3))

    def test_the_adapter_survives_the_broker(self):
        self.assertEqual(self.region.stop("broker", signal.SIGKILL), -signal.SIGKILL)
        raw = self.referral("ORD-KILL")
        self.assertEqual(self.send("linde", raw).get("MSA", 1), "AE")
        self.region.start_broker()
        self.taken("linde", raw)
        self.arrival("angst", "REF^I12", "ORD-KILL")


# ---- the administrator -------------------------------------------------------------------------------


class Running(RegionCase):
    """Signals, reloading, health, backup."""

    def reload(self):
        """SIGHUP, and what the log says of it."""
        before = len(self.region.log("broker"))
        self.region.processes["broker"].send_signal(signal.SIGHUP)
        said = wait_for("word of the reload", lambda: re.search(
            r"(?m)^.* RELOAD\w* .*\n", self.region.log("broker")[before:]), 10, self.region.log_path("broker"))
        return self.region.log("broker")[before:] if said else ""

    def broken(self, name, old, new):
        """Reloads with a broken file, says what the log told, and puts the file back."""
        path = self.region.path("region", name)
        whole = read(path)
        self.assertIn(old, whole)
        self.region.write(os.path.join("region", name), whole.replace(old, new, 1))
        try:
            check = self.region.run("scharnierd", "--config", self.region.path("region", "scharnierd.conf"),
                                    "--check-config", **QUIET)
            return check, self.reload()
        finally:
            self.region.write(os.path.join("region", name), whole)

    def test_broken_files_keep_the_old_ones(self):
        for name, old, new, words in (
                ("scharnierd.conf", "reserve =", "resreve =", ("scharnierd.conf:", "resreve", 'did you mean "reserve"')),
                ("norms.ini", "unit = weeks", "unit = wekes", ("norms.ini:", "wekes")),
                ("permits.ini", "\nREFERRAL", "\nREFERAL", ("permits.ini:", "REFERAL")),
                ("region.ini", "kind = S_GGZ", "kind = S_GZZ", ("region.ini",))):
            with self.subTest(name):
                check, said = self.broken(name, old, new)
                self.assertEqual(check.returncode, 6, check.stdout + check.stderr)
                for word in words:
                    self.assertIn(word, check.stdout + check.stderr)
                self.assertRegex(said, r"(error|warning).*")
                self.assertIn(words[0].split(":")[0], said)
                self.refer("after-" + name)
        self.assertNotIn("error", self.reload())

    def test_sigterm_drains(self):
        first = self.refer("term-1")
        self.assertEqual(self.region.stop("broker"), 0)
        self.assertIn("STOPPED", self.region.log("broker"))
        done = self.cli("linde-look", "--timeout", "3s", "referral", "ls")
        self.error(done, "E1101", "endpoint", exit_code=3)
        self.region.start_broker()
        shown = self.cli("trauma", "inbox", "read", self.kenmerk(first), "--ack")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("Graag beoordeling.", shown.stdout)
        again = self.refer("term-1")
        self.assertEqual(self.kenmerk(again), self.kenmerk(first))

    def test_health_and_metrics(self):
        address = re.search(r"address=(http://\S+)", self.region.log("broker")).group(1)

        def get(path):
            try:
                with urllib.request.urlopen(address + path, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
        self.assertEqual(get("/livez")[0], 200)
        self.assertEqual(get("/readyz")[0], 200)
        status, page = get("/metrics")
        self.assertEqual(status, 200)
        self.assertIn("sch_build_info", page)
        self.assertNotIn("01054321", page)

    def test_backup_while_running(self):
        with tempfile.TemporaryDirectory(prefix="scharnier-backup-") as folder:
            self.refer("backup-1")
            config = self.region.path("region", "scharnierd.conf")
            self.region.run("scharnierd", "--config", config, "backup", "create", os.path.join(folder, "copy"))
            self.region.run("scharnierd", "backup", "verify", os.path.join(folder, "copy"))
            self.region.run("scharnier", "audit", "verify", os.path.join(folder, "copy"))

    def test_logs_hold_no_letters(self):
        log = self.region.log("broker")
        for word in ("Graag", "Voorbeeld"):
            self.assertNotIn(word, log)


class Keys(RegionCase):
    """A connection that is refused says what to check."""

    def configure(self, name, old, new):
        path = os.path.join("region", name + ".conf")
        text = read(self.region.config("linde-look"))
        self.assertRegex(text, old)
        self.region.write(path, re.sub(old, new, text).replace("state/linde-look", "state/" + name))
        return name

    def test_unknown_key(self):
        self.region.run("scharnier", "keygen", "--use", "transport", self.region.path("region", "keys", "stranger.key"))
        name = self.configure("stranger", r"transport_key = .*", "transport_key = keys/stranger.key")
        self.error(self.cli(name, "--timeout", "30s", "referral", "ls"), "E1103", "transport_key", exit_code=4)

    def test_wrong_server_key(self):
        other = read(self.region.path("region", "keys", "linde-transport.key.pub"))
        public = re.search(r"[0-9a-f]{64}", other).group(0)
        name = self.configure("misled", r"server_key = .*", "server_key = " + public)
        self.error(self.cli(name, "--timeout", "30s", "referral", "ls"), "E1102", "server_key", exit_code=3)

    def test_no_broker(self):
        name = self.configure("lost", r"endpoint = .*", "endpoint = tcp://127.0.0.1:9")
        self.error(self.cli(name, "--timeout", "3s", "referral", "ls"), "E1101", "endpoint", exit_code=3)

    def test_revoked_key(self):
        self.assertEqual(self.cli("kompas-look", "referral", "ls").returncode, 0)
        path = self.region.path("region", "region.ini")
        text = re.sub(r"serial = \d+", "serial = 2", read(path))
        text = text.replace("[key kompas]\n", "[key kompas]\nrevoked = yes\n")
        self.assertIn("revoked = yes", text)
        self.region.write(os.path.join("region", "region.ini"), text)
        self.region.run("scharnier", "directory", "sign", path, "--key",
                        self.region.path("region", "keys", "region-sign.key"))
        self.region.processes["broker"].send_signal(signal.SIGHUP)
        done = wait_for("the key to be refused", lambda: next(
            (said for said in [self.cli("kompas-look", "--timeout", "30s", "referral", "ls")] if said.returncode), None))
        self.error(done, "E2005", "revoked", exit_code=4)
        self.refer("others-go-on")


class FullStore(RegionCase):
    """Short of room: new referrals are refused, feedback passes, and service comes back by itself."""

    @classmethod
    def prepare(cls):
        cls.region.change_broker("broker", map_size="24M", reserve="12M")

    def test_full_and_back(self):
        attachment = self.region.path("large.pdf")
        with open(attachment, "wb") as file:
            file.write(os.urandom(900000))
        sent = []
        for number in range(40):
            def answered(key="full-%d" % number):
                # One that was only slow is the same message when it is sent again.
                done = self.refer(key, "--attach", attachment, "--timeout", "2s")
                return done if "STORE_FULL" in done.stdout or '"queued": true' not in done.stdout else None
            done = wait_for("a receipt, or STORE_FULL", answered, 60)
            if "STORE_FULL" in done.stdout:
                break
            sent.append(done)
        self.assertGreater(len(sent), 3)
        self.assertLess(len(sent), 39, "the store was never full")
        self.assertIn("STORE_FULL", self.region.log("broker"))
        listed = self.region.ask("trauma", "referral", "ls", "--party", "agb:06290713/trauma")["referrals"]
        self.assertEqual(len(listed), len(sent), "a referral was taken without room")
        accepted = self.cli("trauma", "referral", "answer", self.kenmerk(sent[0]), "ACCEPTANCE", "--key", "full-answer")
        self.assertEqual(accepted.returncode, 0, accepted.stderr)
        self.assertNotIn("queued", accepted.stdout)
        for each in sent:
            collected = self.cli("trauma", "inbox", "ack", self.kenmerk(each))
            self.assertEqual(collected.returncode, 0, collected.stderr)
        wait_for("room", lambda: "STORE_ROOM" in self.region.log("broker"), 30, self.region.log_path("broker"))
        # What was refused lies in the sender's outbox and goes out by itself with the next that is sent.
        self.refer("full-again")
        listed = self.region.ask("trauma", "referral", "ls", "--party", "agb:06290713/trauma")["referrals"]
        self.assertEqual(len(listed), len(sent) + 2)


# ---- installing --------------------------------------------------------------------------------------


class Install(unittest.TestCase):
    """make install puts everything in its place, and what is there works from there."""

    WANTED = ("bin/scharnierd bin/scharnier bin/scharnier-hl7v2 lib/libscharnier.a lib/libscharnier.so.0 "
              "lib/libscharnier.so lib/pkgconfig/scharnier.pc include/scharnier/client.h include/scharnier/error.h "
              "include/scharnier/types.h include/scharnier/limits.h include/scharnier/version.h "
              "share/man/man1/scharnier.1 share/man/man8/scharnierd.8 share/man/man8/scharnier-hl7v2.8 "
              "share/man/man5/scharnierd.conf.5 share/man/man3/libscharnier.3 share/scharnier/norms/nl.ini "
              "share/scharnier/norms/permits.ini lib/systemd/system/scharnierd.service").split()

    def test_install(self):
        build = os.path.dirname(os.path.dirname(BIN))
        with tempfile.TemporaryDirectory(prefix="scharnier-install-") as root:
            environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
            subprocess.run(["make", "BUILD=" + build, "DESTDIR=" + root, "PREFIX=/usr", "install"], cwd=ROOT, check=True,
                           capture_output=True, env=environment, timeout=300)
            missing = [name for name in self.WANTED if not os.path.exists(os.path.join(root, "usr", name))]
            self.assertEqual(missing, [])
            package = read(os.path.join(root, "usr/lib/pkgconfig/scharnier.pc"))
            self.assertNotIn("@", package)
            self.assertIn("/usr", package)
            region = Region(os.path.join(root, "usr/bin"))
            try:
                region.make()
                region.start_broker()
                self.assertIn("alle", region.cli("coordinator", "unanswered", "age"))
            finally:
                region.close()


# ---- running them ------------------------------------------------------------------------------------


class Result(unittest.TextTestResult):
    """Prints a line per test, and how to run again what failed."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def printErrors(self):
        super().printErrors()
        for test, _ in self.failures + self.errors:
            name = test.id().replace("__main__.", "")
            self.stream.writeln("again: /usr/bin/python3 %s %s %s" % (sys.argv[0], BIN, name))


def main():
    # A SIGTERM goes through the clean-up, so that no broker is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    names = sys.argv[2:]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print("%d passed, %d failed, %d skipped" % (result.passed, failed, len(result.skipped)))
    return 1 if failed or not result.passed else 0


if __name__ == "__main__":
    raise SystemExit(main())
