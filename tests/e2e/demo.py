#!/usr/bin/python3
"""A region's autumn in a minute and a half: forty referrals, what came of them, and what never came.

  tests/e2e/demo.py build/release/bin     exit 0 when all that was planted was found, and nothing else

Broker, adapters and scharnier(1) are separate processes over CURVE on loopback; the HIS and EPD systems, which
speak MLLP, are played by this program. A day passes in a second (--day SECONDS). Everything lies in a temporary
directory that is removed at the end, unless --keep or --dir.
"""
import argparse
import datetime
import os
import queue
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import letters  # noqa: E402
import mllp  # noqa: E402
from demo_plan import END_DAY, HAVEN_STOPS, LATE, PLAN, SILENCE, SILENCES, STORIES  # noqa: E402
from region import UTC, Failure, Region  # noqa: E402

# A Monday, 08:00 in Amsterdam; no holiday falls in the weeks that follow, and summer time ends in them.
START = datetime.datetime(2026, 8, 31, 6, 0, tzinfo=UTC)
AGB = {"linde": "01054321", "kompas": "01098765", "haven": "94061234", "angst": "06290713"}
ADDRESS = {"haven": "agb:94061234", "angst": "agb:06290713/angst", "trauma": "agb:06290713/trauma",
           "zuid": "gemeente:0344/wijkteam-zuid"}
HIS_CODE = {"haven": "BGGZ", "angst": "GGZANGST", "trauma": "GGZTRAUMA", "zuid": "WIJKZUID"}
NAME = {"linde": "De Linde", "kompas": "Het Kompas", "haven": "Praktijk Haven (GB-GGZ)",
        "angst": "GGZ Noordrand, angst", "trauma": "GGZ Noordrand, trauma", "zuid": "Wijkteam Zuid",
        "linde-poh": "POH-GGZ De Linde", "kompas-poh": "POH-GGZ Het Kompas"}
DUTCH = {"ACCEPTANCE": "aanmelding geaccepteerd", "REFUSAL": "afwijzing", "APPOINTMENT": "afspraak voor intake",
         "NO_SHOW": "niet verschenen", "INTAKE_REPORT": "bericht na intake", "TREATMENT_START": "start behandeling",
         "WAIT_STATUS": "wachtstatus", "TREATMENT_END": "einde behandeling", "DISCHARGE_LETTER": "ontslagbrief",
         "NO_REPORT": "geen bericht: bezwaar patiënt", "TAKEN_UP": "opgepakt", "REMINDER": "herinnering",
         "DELIVERY_REPORT": "niet opgehaald of niet bezorgd", "WITHDRAWAL": "intrekking"}
# What a HIS or EPD reads in a message: its type and one code.
READS = {("RRI^I12", "A"): "ACCEPTANCE", ("RRI^I12", "R"): "REFUSAL", ("SIU^S12", ""): "APPOINTMENT",
         ("SIU^S26", ""): "NO_SHOW", ("MDM^T02", "INTAKE"): "INTAKE_REPORT", ("MDM^T02", "ONTSLAG"): "DISCHARGE_LETTER",
         ("MDM^T02", "GEENBERICHT"): "NO_REPORT", ("MDM^T02", "NIETBEZORGD"): "DELIVERY_REPORT",
         ("MDM^T02", "HERINNERING"): "REMINDER", ("MDM^T02", "OPGEPAKT"): "TAKEN_UP",
         ("OSU^O51", "IP"): "TREATMENT_START", ("OSU^O51", "SC"): "TREATMENT_START", ("OSU^O51", "HD"): "WAIT_STATUS",
         ("OSU^O51", "CM"): "TREATMENT_END", ("REF^I14", ""): "WITHDRAWAL"}


def kind_of(message):
    code = {"RRI^I12": message.get("RF1", 1), "MDM^T02": message.get("TXA", 2),
            "OSU^O51": message.get("ORC", 5)}.get(message.type, "")
    return READS.get((message.type, code), message.type)


class Referral:
    """One row of the plan."""

    def __init__(self, number, row):
        self.day, self.practice, self.to, self.story, self.shape, self.urgency = row
        self.number, self.order, self.name = number, "ORD-%03d" % number, "V%02d" % number
        self.at = self.day + 0.08 + 0.02 * (number % 4)
        self.kenmerk = None
        self.silence = SILENCE.get(self.story)


class Actor(threading.Thread):
    """One organisation's side: does what it is given, one thing after another."""

    def __init__(self, demo, name):
        super().__init__(name=name, daemon=True)
        self.demo, self.tasks, self.sender = demo, queue.Queue(), None

    def run(self):
        while True:
            task = self.tasks.get()
            if self.demo.stop.is_set():
                return
            try:
                task()
            except (Failure, OSError, subprocess.SubprocessError) as failure:
                if not self.demo.stop.is_set():
                    self.demo.fail(failure)
                    return

    def deliver(self, raw, what):
        """Over MLLP until AA; the adapter's reason when it refuses for good."""
        code = self.sender.send(raw, tries=40, wait=0.25, stop=self.demo.stop)
        if code != "AA" and not self.demo.stop.is_set():
            raise Failure("%s got %s instead of AA" % (what, code or "no answer"), self.demo.region.log_path(self.name))


class Demo:
    def __init__(self, args):
        self.region = Region(args.bin, args.dir)
        self.rate = round(86400 / args.day)
        self.keep = args.keep or args.dir is not None
        self.stop, self.failure = threading.Event(), None
        self.referrals = [Referral(number, row) for number, row in enumerate(PLAN, 1)]
        self.by_order = {referral.order: referral for referral in self.referrals}
        self.kenmerk_of, self.printing = {}, threading.Lock()
        self.actors, self.count, self.spoken = {}, {}, 0.0
        self.events = queue.PriorityQueue()
        self.seen, self.receivers, self.looking = set(), {}, threading.Lock()

    # ---- saying what happens ----------------------------------------------------------------------

    def say(self, text):
        with self.printing:
            self.spoken = time.monotonic()
            print("%s  %s" % (self.region.clock.now().strftime("%a %d %b"), text), flush=True)

    def fail(self, failure):
        with self.printing:
            self.failure = self.failure or failure
        self.stop.set()

    def bump(self, what):
        self.count[what] = self.count.get(what, 0) + 1

    # ---- the region -------------------------------------------------------------------------------

    def peer(self, name, receive):
        """A HIS or EPD that listens."""
        receiver = mllp.Receiver(0, receive)
        self.receivers[name] = receiver
        return receiver.port

    def start(self):
        region = self.region
        region.make(START, self.rate)
        region.set_clock(START, self.rate)
        region.start_broker()
        for name in ("linde", "kompas", "haven", "angst"):
            side = "his" if name in ("linde", "kompas") else "epd"
            take = self.at_practice if side == "his" else self.at_provider
            peer_port = self.peer(name, lambda message, name=name, take=take: take(name, message))
            region.write_hl7(name, side, name, peer_port)
        for name in ("linde", "kompas", "haven", "angst", "trauma", "zuid", "linde-poh", "kompas-poh"):
            self.actors[name] = Actor(self, name)
        for name in ("linde", "kompas", "haven", "angst"):
            self.actors[name].sender = mllp.Sender("127.0.0.1", region.start_hl7(name), 30, lambda *_, **__: None)
        region.start_tail("trauma-inbox", "trauma-inbox", lambda message: self.at_tail("trauma", message))
        for name in ("linde-poh", "kompas-poh"):
            region.start_tail(name, name, lambda message, name=name: self.at_tail(name, message))
        for actor in self.actors.values():
            actor.start()

    # ---- what arrives -----------------------------------------------------------------------------

    def at_practice(self, name, message):
        """Feedback in a HIS."""
        kind, referral = kind_of(message), self.by_order.get(message.order)
        if self.first_time(name, message):
            self.bump(kind)
            which = referral.name if referral else self.name_of(message.kenmerk)
            if kind == "REMINDER":
                self.say("%s is reminded of %s" % (NAME[name], which))
            elif kind == "DELIVERY_REPORT":
                self.say("%s is told that its message on %s %s" % (NAME[name], which, self.undelivered(message)))
            elif kind == "MDM^T02":
                self.say("%s gets a copy of the referral of %s" % (NAME[name], which))
            else:
                self.say("%s hears of %s: %s" % (NAME[name], which, DUTCH.get(kind, kind)))
        return mllp.acknowledgement(message)

    @staticmethod
    def undelivered(message):
        for sign, text in (("nog niet opgehaald", "was not collected yet"), ("vernietigd", "expired, never collected"),
                           ("geweigerd", "was refused by the other system")):
            if sign in message.text:
                return text
        return "was not delivered"

    def at_provider(self, name, message):
        """A referral or a reminder in an EPD."""
        referral, kind = self.by_order.get(message.order), kind_of(message)
        new = self.first_time(name, message)
        if referral and message.kenmerk:
            self.kenmerk_of[referral.order] = message.kenmerk
        if message.type == "REF^I12" and referral and referral.story.startswith("system refuses"):
            self.say("%s: its EPD cannot take %s and says AR" % (NAME[name], referral.name))
            return mllp.acknowledgement(message, "AR")
        if new and kind == "REMINDER":
            self.bump(kind)
            self.say("%s is reminded of %s" % (NAME[name], referral.name if referral else message.kenmerk))
        elif new and kind == "WITHDRAWAL":
            self.say("%s reads that %s is withdrawn" % (NAME[name], referral.name))
        return mllp.acknowledgement(message)

    def first_time(self, name, message):
        with self.printing:
            known = (name, message.control) in self.seen
            self.seen.add((name, message.control))
        return not known

    def at_tail(self, name, message):
        """A message that scharnier(1) collected."""
        kind, kenmerk = message["kind"], message["kenmerk"]
        if kind == "REMINDER":
            self.bump(kind)
            self.say("%s is reminded of %s" % (NAME[name], self.name_of(kenmerk)))
        elif kind == "WITHDRAWAL":
            self.say("%s reads that %s is withdrawn" % (NAME[name], self.name_of(kenmerk)))

    def name_of(self, kenmerk):
        for referral in self.referrals:
            if kenmerk in (referral.kenmerk, self.kenmerk_of.get(referral.order)):
                return referral.name
        return kenmerk

    # ---- what is done -----------------------------------------------------------------------------

    def plan(self):
        """All that will happen, by day."""
        number = 0

        def at(day, actor, task):
            nonlocal number
            number += 1
            self.events.put((day, number, actor, task))
        for referral in self.referrals:
            day = referral.at
            actor = {"POH": referral.practice + "-poh"}.get(referral.shape, referral.practice)
            at(day, actor, lambda referral=referral: self.refer(referral))
            if referral.to == "zuid" and not referral.story.startswith("expired"):
                at(day + 0.5, "zuid", lambda referral=referral: self.collect(referral))
            for step in STORIES[referral.story]:
                offset, kind = step[0], step[1]
                actor = referral.practice if kind.startswith("*") else referral.to
                at(day + offset, actor, lambda referral=referral, step=step: self.act(referral, step))
        at(HAVEN_STOPS, None, self.stop_haven)
        for week in range(1, END_DAY // 7 + 1):
            at(week * 7 - 0.01, None, lambda week=week: self.week(week))
        for day in range(1, END_DAY):
            at(day + 0.7, None, self.breathe)

    def refer(self, referral):
        region, now = self.region, self.region.clock.now()
        if referral.shape == "POH":
            receipt = region.ask("linde-poh-look", "referral", "send", "--key", referral.order, "--to",
                                 ADDRESS[referral.to], "--creditor", "agb:" + AGB[referral.practice], "--copy",
                                 "agb:" + AGB[referral.practice], "--fact", "consent=YES", "--section",
                                 "question=Graag steun bij schulden en dagbesteding.", "--section",
                                 "reason=Spanning door schulden.", "--section", "consent=Ja.")
            who = NAME[referral.practice + "-poh"]
        elif referral.shape == "FOLLOWS":
            before = self.find(self.referrals[referral.number - 2])
            with self.looking:
                receipt = region.ask("kompas-look", "referral", "send", "--key", referral.order, "--to",
                                     ADDRESS[referral.to], "--follows", before, "--section",
                                     "question=Graag behandeling.", "--section", "reason=Elders geen plaats.")
            who = NAME[referral.practice]
        else:
            raw = letters.referral(referral.shape, referral.order, now, AGB[referral.practice],
                                   HIS_CODE[referral.to], referral.number, referral.urgency)
            self.actors[referral.practice].deliver(raw, "%s of %s" % (referral.name, NAME[referral.practice]))
            receipt, who = None, NAME[referral.practice]
        if receipt:
            referral.kenmerk = receipt["kenmerk"]
        self.bump("REFERRAL")
        self.say("%s refers %s to %s" % (who, referral.name, NAME[referral.to]))

    def find(self, referral):
        """The kenmerk, which the practice's own list shows."""
        with self.looking:
            if referral.kenmerk is None:
                self.name_all()
        if referral.kenmerk is None:
            raise Failure("%s is not in the list of %s" % (referral.name, NAME[referral.practice]),
                          self.region.log_path("broker"))
        return referral.kenmerk

    def name_all(self):
        """Matches the practices' lists, in the order of sending, with what they sent."""
        for practice in ("linde", "kompas"):
            rows = self.region.ask(practice + "-look", "referral", "ls", "--limit", "100")["referrals"]
            own = [row for row in rows if row["referrer"] == "agb:" + AGB[practice]]
            sent = [referral for referral in sorted(self.referrals, key=lambda referral: referral.at)
                    if referral.practice == practice and referral.shape != "POH"]
            for row, referral in zip(reversed(own), sent):
                if row["receiver"] != ADDRESS[referral.to]:
                    raise Failure("%s went to %s" % (referral.name, row["receiver"]), self.region.log_path("broker"))
                referral.kenmerk = row["kenmerk"]

    def collect(self, referral):
        self.region.cli("zuid-look", "inbox", "ack", self.find(referral))

    def act(self, referral, step):
        """One step of a story: by the practice (*), over MLLP, or with scharnier(1)."""
        offset, kind, what = step[:3]
        now, base = self.region.clock.now(), self.region.clock.at(referral.day + 0.1)
        date = base + datetime.timedelta(days=what) if isinstance(what, (int, float)) else None
        code = step[3] if len(step) > 3 else what if isinstance(what, str) else None
        lacks = step[4:5]
        if kind.startswith("*"):
            make = letters.taken_up if kind == "*TAKEN_UP" else letters.withdrawal
            extra = (code,) if kind == "*TAKEN_UP" else ()
            raw = make(referral.order, now, AGB[referral.practice], referral.number, *extra)
            self.actors[referral.practice].deliver(raw, "%s of %s" % (DUTCH[kind[1:]], referral.name))
            self.say("%s: %s of %s" % (NAME[referral.practice], DUTCH[kind[1:]], referral.name))
        elif referral.to in AGB:
            order = referral.order
            raw = letters.answer(kind, order, "%s-%d" % (kind[:4], offset), now, AGB[referral.to], referral.number,
                                 date, code, lacks)
            if referral.shape == "FOLLOWS":
                raw = letters.by_kenmerk(raw, referral.kenmerk)
            self.actors[referral.to].deliver(raw, "%s on %s" % (DUTCH[kind], referral.name))
        else:
            self.answer(referral, kind, "%s-%s-%d" % (referral.order, kind, offset), date, code)

    def answer(self, referral, kind, key, date, code):
        """With scharnier(1)."""
        facts = {"ACCEPTANCE": ["expected_date=%s"], "REFUSAL": ["refusal_reason=NO_CAPACITY"],
                 "INTAKE_REPORT": ["event_date=%s", "outcome=TREATMENT"],
                 "TREATMENT_START": ["started=YES", "event_date=%s"],
                 "TREATMENT_END": ["event_date=%s", "end_reason=COMPLETED"]}.get(kind, ["event_date=%s"])
        sections = {"INTAKE_REPORT": "intake_date answer diagnosis indication plan start practitioner",
                    "DISCHARGE_LETTER": "end done result medication residual_risk relapse_signals aftercare phone"}
        arguments = ["referral", "answer", self.find(referral), kind, "--key", key]
        for fact in facts:
            if "%s" not in fact or date:
                arguments += ["--fact", fact % date.strftime("%Y-%m-%d") if "%s" in fact else fact]
        for section in sections.get(kind, "").split():
            arguments += ["--section", "%s=Voorbeeldtekst." % section]
        self.region.cli({"zuid": "zuid-look"}.get(referral.to, referral.to), *arguments)

    def stop_haven(self):
        self.region.stop("haven")
        self.say("%s stops collecting: its EPD is being replaced" % NAME["haven"])

    def week(self, week):
        with self.printing:
            print("—— week %d: %d referrals sent, %d decided on, %d reports and letters, %d reminders"
                  % (week, self.count.get("REFERRAL", 0),
                     self.count.get("ACCEPTANCE", 0) + self.count.get("REFUSAL", 0),
                     self.count.get("INTAKE_REPORT", 0) + self.count.get("DISCHARGE_LETTER", 0),
                     self.count.get("REMINDER", 0)), flush=True)
            self.spoken = time.monotonic()

    def breathe(self):
        """A sign of life in quiet days."""
        if time.monotonic() - self.spoken > 3.5:
            self.say("…")

    def live(self):
        """Until the last planned day, or a failure."""
        while not self.events.empty() and not self.stop.is_set():
            day, _, actor, task = self.events.get()
            if not self.region.clock.wait(day, self.stop):
                break
            if actor is None:
                task()
            else:
                self.actors[actor].tasks.put(task)
        self.region.clock.wait(END_DAY, self.stop)
        if self.failure:
            raise self.failure

    # ---- the end ----------------------------------------------------------------------------------

    def hold_time(self):
        """The broker starts again on a clock of ordinary speed, so that looking takes no days."""
        self.region.stop("broker")
        self.region.set_clock(self.region.clock.now(), 1)
        self.region.start_broker()

    def found(self):
        """Which silences the coordinator sees: sets of (kenmerk, silence)."""
        rows = self.region.ask("coordinator", "unanswered", "ls", "--overdue")["unanswered"]
        return {(row["kenmerk"], row["silence"]) for row in rows}

    def late(self):
        """Promises kept too late, of reports and letters: (kenmerk, expectation)."""
        found = set()
        for referral in self.referrals:
            trace = self.region.ask(referral.practice + "-look", "referral", "trace", referral.kenmerk)
            for event in trace["events"]:
                if event["event"] == "CLOSED" and event["expectation"] in LATE.values() and event["at"] > event["due"]:
                    found.add((referral.kenmerk, event["expectation"]))
        return found

    def check(self):
        """The planted beside the found, by kind; True when they are the same."""
        found, late = self.found(), self.late()
        name = {referral.kenmerk: referral.name for referral in self.referrals}
        planted = {(referral.kenmerk, referral.silence) for referral in self.referrals if referral.silence}
        planted_late = {(referral.kenmerk, LATE[referral.story]) for referral in self.referrals
                        if referral.story in LATE}
        print("\nCHECK: what was planted, and what the coordinator's worklist shows")
        print("%-40s %7s %5s" % ("SILENCE", "PLANTED", "FOUND"))
        good = True
        kinds = SILENCES + sorted({(kind, kind) for _, kind in found} - {(k, k) for k, _ in SILENCES})
        for kind, dutch in kinds:
            wanted = {kenmerk for kenmerk, silence in planted if silence == kind}
            got = {kenmerk for kenmerk, silence in found if silence == kind}
            good &= self.line(dutch, wanted, got, name)
        for expectation, text in (("E6", "bericht na intake, te laat"), ("E9", "ontslagbrief, te laat")):
            wanted = {kenmerk for kenmerk, which in planted_late if which == expectation}
            got = {kenmerk for kenmerk, which in late if which == expectation}
            good &= self.line(text, wanted, got, name)
        quiet = len(self.referrals) - len({kenmerk for kenmerk, _ in planted})
        print("%d of %d referrals owe nothing that is overdue; forty were planted, and nothing was invented: %s\n"
              % (quiet, len(self.referrals), "OK") if good else "NOT the same\n")
        return good

    @staticmethod
    def line(text, wanted, got, name):
        def names(kenmerken):
            return " ".join(sorted(name.get(kenmerk, kenmerk) for kenmerk in kenmerken))
        note = "OK"
        if wanted - got:
            note = "not found: " + names(wanted - got)
        if got - wanted:
            note = (note + "; " if note != "OK" else "") + "invented: " + names(got - wanted)
        print("%-40s %7d %5d  %s" % (text, len(wanted), len(got), note))
        return wanted == got

    def close(self, failed):
        self.stop.set()
        for actor in self.actors.values():
            actor.tasks.put(lambda: None)
        self.region.close(self.keep or failed)
        for receiver in self.receivers.values():
            receiver.shutdown()


# ---- the program -------------------------------------------------------------------------------------


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", help="where scharnierd, scharnier and scharnier-hl7v2 are")
    parser.add_argument("--day", type=float, default=1.0, metavar="SECONDS", help="how long a day takes; default 1")
    parser.add_argument("--dir", help="a new directory for the region; kept")
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    return parser.parse_args()


def show(demo):
    """The whole ending: a trace, the check, the table of what is unanswered."""
    demo.name_all()
    demo.hold_time()
    told = next(referral for referral in demo.referrals if referral.story == "report incomplete")
    print("\nONE REFERRAL FROM BEGINNING TO END: %s" % told.name)
    print(demo.region.cli(told.practice + "-look", "--quiet", "referral", "trace", told.kenmerk).rstrip())
    good = demo.check()
    print(demo.region.cli("coordinator", "--quiet", "unanswered", "age").rstrip(), flush=True)
    return good


def play(demo):
    print("A region from %s on, a day in %g s. Vnn is a referral; what it lacks is planted, and must be found."
          % (START.strftime("%A %d %B %Y"), 86400 / demo.rate), flush=True)
    demo.plan()
    demo.start()
    demo.live()
    return show(demo)


def main():
    args = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    demo, good = Demo(args), False
    try:
        good = play(demo)
        return 0 if good else 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        good = True
        return 130
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        print("\nthe demo failed: %s" % failure, file=sys.stderr)
        log = getattr(failure, "log", None)
        print("see %s" % (log or demo.region.path("logs")), file=sys.stderr, flush=True)
        return 1
    finally:
        demo.close(failed=not good)
        if demo.keep or not good:
            print("kept: %s; what the programs said is in its logs/" % demo.region.dir, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
