"""Judges the crash test's books: what parties were told, what applications have, and the broker's store.

Its view of the ledger is its own: it replays the stored messages of each dossier in the order of their
sequence with the rules of PROTOCOL.md ("Life cycle of a dossier") and the calendar of
tests/golden/norm_due.py, and compares every open promise, its dues and the two indexes with what the broker
kept. Nothing of broker/core is used.
"""

import calendar
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "golden"))

from norm_due import due, due_of_day, start_of  # noqa: E402

# include/scharnier/types.h
REFERRAL, ACCEPTANCE, REFUSAL, APPOINTMENT, NO_SHOW, INTAKE_REPORT, TREATMENT_START = 1, 2, 3, 7, 8, 9, 10
TREATMENT_END, DISCHARGE_LETTER, TAKEN_UP, WITHDRAWAL, DELIVERY_REPORT = 15, 16, 20, 21, 31
STORED, COLLECTED, REFUSED_BY_SYSTEM, EXPIRED, WITHDRAWN = 1, 2, 3, 4, 5
OPEN, INCOMPLETE = 1, 2
INTAKE_PLANNED = 3
REFERRER, RECEIVER, CREDITOR = 0, 1, 2
TREATMENT, YES = 1, 1
FOREVER = 2 ** 63 - 1


def day_of(number):
    return date(number // 10000, number // 100 % 100, number % 100)


def today(ms):
    """The local day of a moment: the last one that begins before it."""
    day = date(1970, 1, 1) + timedelta(days=ms // 86400000 + 1)
    while start_of(day) > ms:
        day -= timedelta(days=1)
    return day


class Promise:
    def __init__(self, member, opened_by, due_ms, remind_ms):
        self.member = member
        self.opened_by = opened_by
        self.norm_due = self.due = due_ms
        self.remind = remind_ms


class Dossier:
    """What is owed after a list of messages, norms of adapters/norms/nl.ini, receivers GB_GGZ and S_GGZ."""

    def __init__(self):
        self.open = {}
        self.intake = None              # the day, planned or held
        self.planned = False            # ... and only planned: it will be presumed
        self.letter_day = None
        self.referred = 0
        self.ended = False
        self.closed = None              # since when it is at an end and owes nothing

    def owe(self, number, member, message, due_ms, remind_ms):
        self.open[number] = Promise(member, message["id"], due_ms, remind_ms)

    def owe_from(self, number, member, message, from_ms, term, unit):
        self.owe(number, member, message, due(from_ms, term, unit), due(from_ms, term * 8 // 10, unit))

    def owe_from_day(self, number, message, day):
        self.owe(number, RECEIVER, message, due_of_day(day, 10, "working_days"),
                 due_of_day(day, 8, "working_days"))

    def owe_progress(self, message, day):
        """E8: a letter within the year."""
        self.owe(8, RECEIVER, message, due_of_day(day, 365, "days"), due_of_day(day, 292, "days"))

    def answer(self, *numbers):
        for number in numbers:
            self.open.pop(number, None)

    def follow_intake(self):
        """E7: 14 weeks after the referral, or 10 after the intake when that is earlier."""
        promise = self.open.get(7)
        if promise is None:
            return
        announced = promise.due if promise.due > promise.norm_due else 0
        promise.norm_due = due(self.referred, 14, "weeks")
        promise.remind = due(self.referred, 11, "weeks")
        if self.intake is not None and due_of_day(self.intake, 10, "weeks") < promise.norm_due:
            promise.norm_due = due_of_day(self.intake, 10, "weeks")
            promise.remind = due_of_day(self.intake, 8, "weeks")
        promise.due = max(promise.norm_due, announced)

    def announce(self, number, message):
        promise = self.open.get(number)
        if promise is None or message["expected_date"] == 0:
            return
        moved = due_of_day(day_of(message["expected_date"]), 5, "working_days")
        promise.due = max(promise.norm_due, min(moved, due(message["stored"], 13, "weeks")))

    def event_day(self, message):
        return min(max(day_of(message["event_date"]), self.letter_day), today(message["stored"]))

    def take(self, message):
        self.apply(message)
        self.ended = self.ended or message["kind"] in (REFUSAL, DISCHARGE_LETTER, WITHDRAWAL)
        self.settle(message["stored"])

    def settle(self, at_ms):
        if not self.ended or self.open:
            self.closed = None
        elif self.closed is None:
            self.closed = at_ms

    def apply(self, message):
        kind, stored = message["kind"], message["stored"]
        if kind == REFERRAL:
            self.letter_day = day_of(message["letter_date"])
            self.referred = stored
            self.owe_from(2, RECEIVER, message, stored, 5, "working_days")
            self.owe_from(4, RECEIVER, message, stored, 4, "weeks")
            self.owe_from(7, RECEIVER, message, stored, 14, "weeks")
        elif kind == ACCEPTANCE:
            self.answer(2)
            self.announce(4, message)
        elif kind == REFUSAL:
            self.open.clear()
            self.owe_from(10, CREDITOR, message, stored, 3, "working_days")
        elif kind == APPOINTMENT:
            self.answer(2, 4, 5)
            self.intake, self.planned = day_of(message["event_date"]), True
            opened_by = self.open[6].opened_by if 6 in self.open else message["id"]
            self.owe_from_day(6, message, self.intake)
            self.open[6].opened_by = opened_by
            self.follow_intake()
        elif kind == NO_SHOW:
            self.answer(2, 4, 6)
            self.intake = None
            self.follow_intake()
            self.owe_from_day(5, message, self.event_day(message))
        elif kind == INTAKE_REPORT:
            assert message["outcome"] == TREATMENT
            self.answer(2, 4, 5, 6)
            self.intake, self.planned = self.event_day(message), False
            self.follow_intake()
            if 8 in self.open:
                self.open[8].norm_due = self.open[8].due = due(stored, 365, "days")
                self.open[8].remind = due(stored, 292, "days")
        elif kind == TREATMENT_START and message["started"] == YES:
            self.answer(2, 4, 5, 7)
            if 8 not in self.open:
                self.owe_progress(message, self.event_day(message))
        elif kind == TREATMENT_START:
            self.answer(2)
            self.announce(7, message)
        elif kind == TREATMENT_END:
            self.answer(2, 4, 5, 7, 8)
            self.owe_from_day(9, message, self.event_day(message))
        elif kind == DISCHARGE_LETTER:
            self.open.clear()
        elif kind == TAKEN_UP:
            self.answer(10)
        elif kind == WITHDRAWAL:
            self.open.clear()
        elif kind != DELIVERY_REPORT:
            raise ValueError(f"kind {kind} is not in the plan of this test")

    def undelivered(self, message, at_ms):
        self.open.clear()
        self.ended = True
        self.owe_from(10, REFERRER, message, at_ms, 3, "working_days")
        self.settle(at_ms)

    def next_due(self):
        """The key of the index DUE: the earliest step of a ladder, the intake that will be presumed, or the day after
        which a closed dossier is deleted: 24 months on."""
        steps = [p.remind if p.remind < p.due else p.due for p in self.open.values()]
        if self.planned and self.intake is not None:
            steps.append(start_of(self.intake + timedelta(days=1)))
        if self.closed is not None:
            day = today(self.closed)
            last = calendar.monthrange(day.year + 2, day.month)[1]
            steps.append(start_of(date(day.year + 2, day.month, min(day.day, last)) + timedelta(days=1)))
        return min(steps, default=None)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


class Judge:
    """books: a mailbox's address -> folder of its program's books; senders: those that must have receipts."""

    def __init__(self, dump, store, books, senders):
        self.faults = []
        self.books = {address: Path(folder) for address, folder in books.items()}
        self.senders = senders
        self.rows = defaultdict(list)
        with subprocess.Popen([dump, store], stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                row = json.loads(line)
                self.rows[row["t"]].append(row)
        if process.returncode != 0:
            raise RuntimeError(f"{store} cannot be read")
        self.messages = {m["id"]: m for m in self.rows["message"]}
        self.has = {address: Counter(line.split()[0] for line in lines(folder / "application"))
                    for address, folder in self.books.items()}
        self.reports = {(m["subject"], m["concerned"]): m for m in self.rows["message"]
                        if m["kind"] == DELIVERY_REPORT}
        self.lost = self.twice = 0
        self.receipted = {}
        self.sources = Counter()
        self.dues = 0

    def fault(self, text):
        self.faults.append(text)

    def judge(self):
        self.read_receipts()
        for message_id, key in sorted(self.receipted.items()):
            if not self.arrived(message_id, key):
                self.lost += 1
        self.judge_applications()
        self.judge_ledger()
        for row in self.rows["mailbox"]:
            self.fault(f"message {row['message']} still waits in {row['address']}")
        if self.rows["body"]:
            self.fault(f"{len(self.rows['body'])} bodies of settled messages were not destroyed")
        return self

    def read_receipts(self):
        for address, folder in self.books.items():
            by_key = {}
            for line in lines(folder / "receipts"):
                key, message_id, dossier, source = line.split()
                self.sources[source] += 1
                if by_key.setdefault(key, message_id) != message_id:
                    self.fault(f"{address}: key {key} has two messages")
                self.receipted[message_id] = key
                if message_id in self.messages and self.messages[message_id]["dossier"] != dossier:
                    self.fault(f"{address}: the receipt of {key} names another dossier than the store")
            for line in lines(folder / "rejected"):
                self.fault(f"{address}: rejected: {line}")
            if address not in self.senders:
                continue
            for number in lines(folder / "posted"):
                if f"r-{number}" not in by_key:
                    self.fault(f"{address}: r-{number} was posted and has no receipt")

    def arrived(self, message_id, key):
        """Was this receipted message collected by all its recipients, or reported?"""
        message = self.messages.get(message_id)
        if message is None:
            self.fault(f"{key}: message {message_id} was receipted and is not in the store")
            return False
        fine = True
        for recipient in message["recipients"]:
            address, state = recipient["address"], recipient["state"]
            if state == COLLECTED and self.has[address][message_id] == 0:
                self.fault(f"{key}: {message_id} is COLLECTED by {address}, whose application lacks it")
                fine = False
            elif state == REFUSED_BY_SYSTEM and not self.was_reported(message, address):
                self.fault(f"{key}: {message_id} was refused by {address} and not reported to its sender")
                fine = False
            elif state == STORED and (message_id, address) not in self.reports:
                self.fault(f"{key}: {message_id} is still STORED for {address}, and not reported")
                fine = False
        return fine

    def was_reported(self, message, address):
        report = self.reports.get((message["id"], address))
        return report is not None and self.has[message["sender"]][report["id"]] > 0

    def judge_applications(self):
        for address, has in self.has.items():
            for message_id, times in has.items():
                if times > 1:
                    self.twice += 1
                    self.fault(f"{address}: the application stored {message_id} {times} times")
                message = self.messages.get(message_id)
                states = [] if message is None else [r["state"] for r in message["recipients"]
                                                     if r["address"] == address]
                # One that was handed over while its sender withdrew it stays WITHDRAWN.
                if states not in ([COLLECTED], [WITHDRAWN]):
                    self.fault(f"{address}: the application has {message_id}, whose state is {states}")
            for message_id in lines(self.books[address] / "again"):
                self.twice += 1
                self.fault(f"{address}: {message_id} was handed out again, in one life or settled")

    # The ledger.

    def judge_ledger(self):
        messages = defaultdict(list)
        for message in sorted(self.messages.values(), key=lambda m: m["sequence"]):
            messages[message["dossier"]].append(message)
        stored = {d["id"]: d for d in self.rows["dossier"]}
        if set(stored) != set(messages):
            self.fault(f"{len(set(stored) ^ set(messages))} dossiers without messages, or messages without")
        index = {"due": defaultdict(set), "open": defaultdict(set)}
        for name, entries in index.items():
            for row in self.rows[name]:
                entries[row["dossier"]].add(row["at"])
        for dossier_id, row in stored.items():
            expected = Dossier()
            for message in messages[dossier_id]:
                expected.take(message)
            referral = self.messages[dossier_id]
            if referral["recipients"][0]["state"] == REFUSED_BY_SYSTEM:
                expected.undelivered(referral, referral["recipients"][0]["at"])
            self.compare(row, expected)
            at = expected.next_due()
            if index["due"][dossier_id] != ({at} if at is not None else set()):
                self.fault(f"dossier {dossier_id}: DUE is {index['due'][dossier_id]}, expected {at}")
            owed = min((p.due for p in expected.open.values()), default=None)
            if index["open"][dossier_id] != ({owed} if owed is not None else set()):
                self.fault(f"dossier {dossier_id}: OPEN is {index['open'][dossier_id]}, expected {owed}")

    def compare(self, row, expected):
        found = {}
        for instance in row["instances"]:
            if instance["standing"] not in (OPEN, INCOMPLETE):
                continue
            if instance["e"] in found or instance["standing"] != OPEN or instance["step"] != 0:
                self.fault(f"dossier {row['id']}: E{instance['e']} stands twice, incomplete, or was alerted")
            found[instance["e"]] = instance
        if set(found) != set(expected.open):
            self.fault(f"dossier {row['id']}: open are {sorted(found)}, expected {sorted(expected.open)}")
        for number in set(found) & set(expected.open):
            instance, promise = found[number], expected.open[number]
            self.dues += 1
            was = (instance["member"], instance["opened_by"], instance["norm_due"], instance["due"],
                   instance["remind"])
            should = (promise.member, promise.opened_by, promise.norm_due, promise.due, promise.remind)
            if was != should:
                self.fault(f"dossier {row['id']}: E{number} is {was}, expected {should}")
        if row["deliveries"] != 0:
            self.fault(f"dossier {row['id']}: {row['deliveries']} deliveries are not settled")
