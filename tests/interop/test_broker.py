"""The broker from the outside: a client written from PROTOCOL.md talks to scharnierd over CURVE."""

import os
import time
import unittest

import nacl.bindings as sodium

import client
import seal as sealing
from client import Client, NoAnswer, Rejected, date, uuid7
from region import BUILD, Directory, Region

pb = client.pb
LINDE, NURSE, VEER = "agb:01000001", "agb:01000001/poh-ggz", "agb:01000002"
NORTH, ELDERLY, HAVEN = "agb:06290713", "agb:06290713/ouderen", "agb:94000001"
TEAM, COORDINATOR = "gemeente:0344/wijkteam-zuid", "regio:utrecht/coordinator"
REFERRAL_SECTIONS = {0: "Graag beoordeling.", 1: "Sinds maanden somber."}
INTAKE_SECTIONS = {10: "3 juni", 11: "Ja", 12: "Depressie", 13: "Behandeling", 14: "CGT", 15: "Wachtlijst",
                   16: "T. de Vries, 030-0000000"}

region = None


def setUpModule():
    global region
    if not os.access(BUILD / "bin" / "scharnierd", os.X_OK):
        raise unittest.SkipTest(f"{BUILD}/bin/scharnierd is not built")
    region = Region()
    try:
        region.start()
    except Exception:
        region.close()
        raise


def tearDownModule():
    if region is not None:
        status = region.close()
        assert status == 0, f"scharnierd ended with status {status}"


class Message:
    """A message before it is signed: change what you like, then send."""

    def __init__(self, sender, now_ms, **fields):
        self.sender = sender
        self.header = pb.Header(version=1, id=uuid7(now_ms), sender=sender.address, **fields)
        self.letter = b""
        self.attachments = ()
        self.raw_header = None

    def with_letter(self, sections, attachments=(), coded=True):
        self.letter = client.letter_bytes(sections, attachments)
        if coded:
            self.header.sections = sum(1 << code for code in sections)
            self.header.sections_known = True
        return self

    def recipients(self):
        return [a for a in [self.header.receiver, *self.header.copies] if a]

    def sealed(self, directory, key_stem=None):
        """(header, seal, body) as they are sent."""
        header = self.raw_header or self.header.SerializeToString()
        to = [(a, *directory.seal_key(a)) for a in self.recipients()] if self.letter else []
        stem = key_stem or self.sender.stem
        return header, *sealing.make(header, self.letter, to, stem + "-sign", region.party(stem).sign[1])


class BrokerTest(unittest.TestCase):
    def setUp(self):
        self.clients = []
        self.addCleanup(self.close_clients)
        self.linde = self.connect("linde")
        self.directory = Directory(self.linde.directory(region.name).content)

    def close_clients(self):
        for each in self.clients:
            self.leave(each)
            each.close()

    @staticmethod
    def leave(each):
        """Attached to nothing, a session that is gone is offered nothing and told nothing."""
        try:
            each.attach()
        except (NoAnswer, Rejected):
            pass

    def connect(self, stem, *mailboxes, **credit):
        made = region.client(stem)
        self.clients.append(made)
        made.welcome = made.hello()
        if mailboxes:
            made.attach(*mailboxes, **credit)
        return made

    def now_ms(self):
        return self.linde.ping().time_ms

    def referral(self, stem="linde", to=NORTH, copies=(NURSE,), **fields):
        now = self.now_ms()
        values = dict(kind=pb.KIND_REFERRAL, receiver=to, copies=list(copies), urgency=pb.URGENCY_ROUTINE,
                      letter_date=date(now), author_role=pb.ROLE_GP)
        values.update(fields)
        return Message(region.party(stem), now, **values).with_letter(REFERRAL_SECTIONS)

    def feedback(self, stem, dossier, kind, to=LINDE, copies=(NURSE,), **fields):
        return Message(region.party(stem), self.now_ms(), kind=kind, dossier=dossier, receiver=to,
                       copies=list(copies), **fields)

    def send(self, by, message, **more):
        header, seal, body = message.sealed(self.directory, **more)
        return by.submit(header, client.seal_bytes(seal), body)

    def open(self, delivery, body, mailbox, seal_stem):
        """What a recipient does, in PROTOCOL.md's order. Returns header and letter."""
        header, seal = pb.Header.FromString(delivery.header), client.read_seal(delivery.seal)
        signer = self.directory.key(seal.signing_key)
        self.assertEqual((signer["use"], signer["party"]), ("sign", header.sender))
        sealing.verify(seal, delivery.header, body, bytes.fromhex(signer["public"]))
        if not body:
            return header, None
        plain = sealing.open_letter(seal, delivery.header, body, mailbox, region.party(seal_stem).seal[1])
        return header, pb.Letter.FromString(plain)

    def collect(self, by, mailbox, message_id, seal_stem=None):
        """Takes deliveries until this one, settles each, and returns it opened."""
        while True:
            got = by.next_delivery()
            self.assertIsNotNone(got, "no delivery came")
            delivery, body = got
            header = pb.Header.FromString(delivery.header)
            opened = None
            if header.id == message_id:
                opened = self.open(delivery, body, mailbox, seal_stem)
            settled = by.settle(delivery.mailbox, header.id, pb.VERDICT_COLLECTED)
            self.assertEqual(settled.state, pb.DELIVERY_COLLECTED)
            if opened:
                return delivery, *opened

    def assertRejected(self, name, field, call, *arguments, **more):
        with self.assertRaises(Rejected) as caught:
            call(*arguments, **more)
        self.assertEqual((caught.exception.name, caught.exception.field), (name, field))
        self.assertTrue(caught.exception.hint, "a rejection says the way out")
        return caught.exception


class Sessions(BrokerTest):
    def test_welcome(self):
        welcome = self.linde.welcome
        self.assertEqual((welcome.version, welcome.version_min, welcome.version_max), (1, 1, 1))
        self.assertEqual(welcome.key_id, "linde-transport")
        self.assertEqual(sorted(welcome.acts_for), sorted([LINDE, NURSE]))
        self.assertEqual((welcome.body_size_max, welcome.lease_ms, welcome.clock_rate), (1 << 20, 60000, 1))
        self.assertEqual([(d.region, d.serial) for d in welcome.directories], [("utrecht", region.serial)])
        self.assertLess(abs(welcome.time_ms - time.time() * 1000), 60000)

    def test_directory(self):
        answer = self.linde.directory(region.name)
        sealing.verify_directory(answer.content, answer.signature, region.key[0])
        self.assertEqual(answer.content.decode(), region.directory_text())
        self.assertEqual(self.linde.directory(region.name, answer.serial).content, b"")
        self.assertRejected("FIELD_INVALID", "directory.region", self.linde.directory, "atlantis")

    def test_hello_first(self):
        stranger = region.client("linde")
        self.clients.append(stranger)
        for call in (stranger.ping, lambda: stranger.attach(LINDE), lambda: stranger.directory("utrecht")):
            with self.assertRaises(Rejected) as caught:
                call()
            self.assertEqual(caught.exception.name, "HELLO_FIRST")
        stranger.hello()
        stranger.ping()

    def test_wrong_version(self):
        other = region.client("linde")
        self.clients.append(other)
        self.assertRejected("VERSION", "hello.version_min", other.hello, version_min=2, version_max=3)
        self.assertEqual(other.hello(version_min=1, version_max=7).version, 1)

    def test_unknown_key_gets_no_answer(self):
        key = sodium.crypto_box_keypair()
        with Client(region.endpoint, region.broker_key[0], key) as stranger:
            with self.assertRaises(NoAnswer):
                stranger.hello(timeout_s=1)

    def test_wrong_server_key_gets_no_answer(self):
        other = sodium.crypto_box_keypair()[0]
        with Client(region.endpoint, other, region.party("linde").transport) as deceived:
            with self.assertRaises(NoAnswer):
                deceived.hello(timeout_s=1)

    def test_attach_to_a_foreign_mailbox(self):
        self.assertRejected("NOT_YOURS", "attach.mailboxes", self.linde.attach, VEER)
        self.assertRejected("NOT_YOURS", "attach.mailboxes", self.linde.attach, LINDE, NORTH)

    def test_credit_range(self):
        self.assertRejected("FIELD_INVALID", "attach.credit_messages", self.linde.attach, LINDE, messages=257)
        self.assertEqual(self.linde.attach(LINDE, messages=256).credit_messages, 256)


class Letters(BrokerTest):
    def test_referral_to_feedback(self):
        """A referral goes out, is opened by its recipients, and an acceptance comes back."""
        north = self.connect("noordrand", NORTH)
        nurse = self.connect("linde-poh", NURSE)
        message = self.referral().with_letter(
            REFERRAL_SECTIONS, [("application/pdf", "brief.pdf", b"%PDF-1.4 " + os.urandom(2000))])
        header, seal, body = message.sealed(self.directory)
        sent_seal = client.seal_bytes(seal)
        receipt = self.linde.submit(header, sent_seal, body)
        self.assertEqual((receipt.message_id, receipt.dossier), (message.header.id, message.header.id))
        self.assertRegex(receipt.kenmerk, r"^SN-[0-9A-Z]{4}-[0-9A-Z]{4}$")
        self.assertFalse(receipt.duplicate)
        self.assertEqual(list(receipt.warnings), [])

        delivery, read, letter = self.collect(north, NORTH, message.header.id, "noordrand")
        self.assertEqual((delivery.header, delivery.seal), (header, sent_seal), "the very bytes")
        self.assertEqual((delivery.kenmerk, delivery.mailbox, delivery.redelivered),
                         (receipt.kenmerk, NORTH, False))
        self.assertEqual({s.code: s.text for s in letter.sections}, REFERRAL_SECTIONS)
        self.assertEqual(letter.attachments[0].content[:9], b"%PDF-1.4 ")
        self.collect(nurse, NURSE, message.header.id, "linde-poh")

        accept = self.feedback("noordrand", read.id, pb.KIND_ACCEPTANCE, expected_date=date(self.now_ms(), 14))
        self.send(north, accept)
        self.linde.attach(LINDE)
        _, heard, nothing = self.collect(self.linde, LINDE, accept.header.id)
        self.assertEqual((heard.kind, heard.dossier, nothing), (pb.KIND_ACCEPTANCE, message.header.id, None))

        report = self.feedback("noordrand", read.id, pb.KIND_INTAKE_REPORT, event_date=date(self.now_ms()),
                               outcome=pb.OUTCOME_TREATMENT).with_letter(INTAKE_SECTIONS)
        self.assertEqual(list(self.send(north, report).warnings), [])
        _, _, letter = self.collect(self.linde, LINDE, report.header.id, "linde")
        self.assertEqual(len(letter.sections), len(INTAKE_SECTIONS))
        row = self.linde.query(pb.QUERY_TYPE_DOSSIER, LINDE, kenmerk=receipt.kenmerk).dossiers[0]
        self.assertEqual((row.phase, row.received), (pb.PHASE_INTAKE_DONE, True))

    def test_status_reaches_the_sender(self):
        self.linde.attach(LINDE)
        north = self.connect("noordrand", NORTH)
        receipt = self.send(self.linde, self.referral())
        self.collect(north, NORTH, receipt.message_id, "noordrand")
        while True:
            status = self.linde.next_status()
            self.assertIsNotNone(status, "no status came")
            if (status.message_id, status.mailbox) == (receipt.message_id, NORTH):
                break
        self.assertEqual(status.state, pb.DELIVERY_COLLECTED)

    def test_status_passes_over_the_dead(self):
        """A session whose connection broke does not swallow what another of its party may hear."""
        dead = region.client("linde")
        dead.hello()
        dead.attach(LINDE)
        dead.close()
        time.sleep(0.3)
        self.test_status_reaches_the_sender()

    def test_incomplete_letter_is_warned_of(self):
        north = self.connect("noordrand")
        receipt = self.send(self.linde, self.referral())
        report = self.feedback("noordrand", receipt.dossier, pb.KIND_INTAKE_REPORT, event_date=date(self.now_ms()),
                               outcome=pb.OUTCOME_TREATMENT).with_letter({11: "Ja"})
        self.assertEqual(list(self.send(north, report).warnings), [pb.WARNING_INCOMPLETE])

    def test_old_letter_is_warned_of(self):
        old = self.referral(letter_date=date(self.now_ms(), -300))
        self.assertEqual(list(self.send(self.linde, old).warnings), [pb.WARNING_LETTER_OLD])

    def test_inherited_seal_key(self):
        """A department without a seal key gets its letters under the organisation's."""
        elderly = self.connect("ouderen", ELDERLY)
        receipt = self.send(self.linde, self.referral(to=ELDERLY))
        _, _, letter = self.collect(elderly, ELDERLY, receipt.message_id, "noordrand")
        self.assertEqual(letter.sections[0].text, REFERRAL_SECTIONS[0])

    def test_largest_letter(self):
        largest = (1048576 - 40) // 512 * 512 - 1
        message = self.referral()
        overhead = len(client.letter_bytes(REFERRAL_SECTIONS, [("a/b", "c", b"x" * 1000000)])) - 1000000
        message.with_letter(REFERRAL_SECTIONS, [("a/b", "c", b"x" * (largest - overhead))])
        self.assertEqual(len(message.letter), largest)
        north = self.connect("noordrand", NORTH)
        receipt = self.send(self.linde, message)
        _, _, letter = self.collect(north, NORTH, receipt.message_id, "noordrand")
        self.assertEqual(len(letter.attachments[0].content), largest - overhead)


class Promises(BrokerTest):
    """What is promised about resending, offering and settling."""

    def test_resend_gets_the_same_receipt(self):
        header, seal, body = self.referral().sealed(self.directory)
        seal = client.seal_bytes(seal)
        first = self.linde.submit(header, seal, body)
        again = self.connect("linde").submit(header, seal, body)
        self.assertTrue(again.duplicate)
        self.assertEqual((again.message_id, again.kenmerk, again.sequence, again.stored_ms),
                         (first.message_id, first.kenmerk, first.sequence, first.stored_ms))

    def test_other_bytes_under_one_id(self):
        message = self.referral()
        self.send(self.linde, message)
        error = self.assertRejected("ID_IN_USE", "header.id", self.send, self.linde, message)
        self.assertEqual(error.message_id, message.header.id)

    def test_credit_bounds_what_is_offered(self):
        receipts = [self.send(self.linde, self.referral(to=HAVEN, copies=())) for _ in range(3)]
        haven = self.connect("haven", HAVEN, messages=1)
        for receipt in receipts:
            delivery, _ = haven.next_delivery()
            self.assertEqual(pb.Header.FromString(delivery.header).id, receipt.message_id, "oldest first")
            self.assertIsNone(haven.next_delivery(timeout_s=0.2), "beyond its credit")
            haven.settle(HAVEN, receipt.message_id, pb.VERDICT_COLLECTED)
        self.assertIsNone(haven.next_delivery(timeout_s=0.2))

    def test_one_unsettled_message_per_dossier(self):
        receipt = self.send(self.linde, self.referral(to=HAVEN, copies=()))
        second = Message(region.party("linde"), self.now_ms(), kind=pb.KIND_WITHDRAWAL, dossier=receipt.dossier,
                         receiver=HAVEN, withdrawal_reason=pb.WITHDRAWN_PLACED_ELSEWHERE)
        haven = self.connect("haven", HAVEN)
        delivery, _ = haven.next_delivery()
        self.assertEqual(pb.Header.FromString(delivery.header).id, receipt.message_id)
        haven.settle(HAVEN, receipt.message_id, pb.VERDICT_COLLECTED)
        self.send(self.linde, second)
        delivery, _ = haven.next_delivery()
        self.assertEqual(pb.Header.FromString(delivery.header).kind, pb.KIND_WITHDRAWAL)
        haven.settle(HAVEN, second.header.id, pb.VERDICT_COLLECTED)

    def test_retry_comes_again(self):
        receipt = self.send(self.linde, self.referral(to=HAVEN, copies=()))
        haven = self.connect("haven", HAVEN)
        delivery, _ = haven.next_delivery()
        self.assertFalse(delivery.redelivered)
        haven.settle(HAVEN, receipt.message_id, pb.VERDICT_RETRY)
        delivery, _ = haven.next_delivery(timeout_s=10)
        self.assertEqual((pb.Header.FromString(delivery.header).id, delivery.redelivered),
                         (receipt.message_id, True))
        haven.settle(HAVEN, receipt.message_id, pb.VERDICT_COLLECTED)

    def test_a_session_that_ends_gives_back(self):
        receipt = self.send(self.linde, self.referral(to=HAVEN, copies=()))
        haven = self.connect("haven", HAVEN)
        self.assertIsNotNone(haven.next_delivery())
        again = region.client("haven")
        self.clients.append(again)
        again.instance = haven.instance
        again.hello()
        again.attach(HAVEN)
        delivery, _ = again.next_delivery()
        self.assertEqual((pb.Header.FromString(delivery.header).id, delivery.redelivered),
                         (receipt.message_id, True))
        again.settle(HAVEN, receipt.message_id, pb.VERDICT_COLLECTED)
        self.assertRejected("HELLO_FIRST", "", haven.ping)

    def test_settling_twice_and_from_elsewhere(self):
        receipt = self.send(self.linde, self.referral(to=HAVEN, copies=()))
        haven, other = self.connect("haven", HAVEN), self.connect("haven")
        haven.next_delivery()
        self.assertRejected("NOT_LEASED", "settle.message_id", other.settle, HAVEN, receipt.message_id, pb.VERDICT_RETRY)
        for by in (other, haven, haven):
            self.assertEqual(by.settle(HAVEN, receipt.message_id, pb.VERDICT_COLLECTED).state,
                             pb.DELIVERY_COLLECTED)

    def test_settling_what_is_not_there(self):
        haven = self.connect("haven")
        self.assertRejected("UNKNOWN_MESSAGE", "settle.message_id", haven.settle, HAVEN, uuid7(self.now_ms()),
                            pb.VERDICT_COLLECTED)
        receipt = self.send(self.linde, self.referral())
        with self.assertRaises(Rejected) as caught:
            haven.settle(HAVEN, receipt.message_id, pb.VERDICT_COLLECTED)
        self.assertEqual(caught.exception.name, "UNKNOWN_MESSAGE")
        self.assertRejected("NOT_YOURS", "settle.mailbox", haven.settle, NORTH, receipt.message_id,
                            pb.VERDICT_COLLECTED)

    def test_refused_by_the_system_is_reported(self):
        self.linde.attach(LINDE)
        receipt = self.send(self.linde, self.referral(to=HAVEN, copies=()))
        haven = self.connect("haven", HAVEN)
        haven.next_delivery()
        settled = haven.settle(HAVEN, receipt.message_id, pb.VERDICT_REFUSED, pb.SYSTEM_REFUSAL_UNSUPPORTED)
        self.assertEqual(settled.state, pb.DELIVERY_REFUSED_BY_SYSTEM)
        while True:
            got = self.linde.next_delivery()
            self.assertIsNotNone(got, "no report came")
            header = pb.Header.FromString(got[0].header)
            self.linde.settle(LINDE, header.id, pb.VERDICT_COLLECTED)
            if header.subject == receipt.message_id:
                break
        self.assertEqual((header.kind, header.cause, header.sender, header.concerned),
                         (pb.KIND_DELIVERY_REPORT, pb.CAUSE_REFUSED_BY_SYSTEM, "regio:utrecht/broker", HAVEN))
        self.assertEqual((got[0].seal, got[1]), (b"", b""), "the broker signs nothing")


class Queries(BrokerTest):
    def test_five_queries(self):
        receipt = self.send(self.linde, self.referral())
        row = self.linde.query(pb.QUERY_TYPE_DOSSIER, LINDE, dossier=receipt.dossier).dossiers[0]
        self.assertEqual((row.kenmerk, row.phase, row.receiver, list(row.copies)),
                         (receipt.kenmerk, pb.PHASE_SENT, NORTH, [NURSE]))
        events = [r.event for r in self.linde.query(pb.QUERY_TYPE_TRACE, LINDE, kenmerk=receipt.kenmerk).trace]
        self.assertIn(pb.EVENT_STORED, events)
        self.assertIn(pb.EVENT_OPENED, events)
        newest = self.linde.query(pb.QUERY_TYPE_DOSSIERS, LINDE, limit=1)
        self.assertEqual(newest.dossiers[0].dossier, receipt.dossier)
        self.assertTrue(newest.cursor)
        open_rows = self.pages(self.linde, pb.QUERY_TYPE_UNANSWERED, LINDE, "unanswered")
        mine = {r.expectation for r in open_rows if r.dossier == receipt.dossier}
        self.assertLessEqual({1, 2, 4, 7}, mine)
        north = self.connect("noordrand")
        waiting = self.pages(north, pb.QUERY_TYPE_MAILBOX, NORTH, "mailbox")
        self.assertIn(receipt.message_id, [r.message_id for r in waiting])

    def pages(self, by, query_type, party, rows):
        found, cursor = [], b""
        for _ in range(100):
            page = by.query(query_type, party, cursor=cursor, limit=7)
            found += getattr(page, rows)
            cursor = page.cursor
            if not cursor:
                return found
        self.fail("the pages do not end")

    def test_pages_neither_miss_nor_repeat(self):
        made = [self.send(self.linde, self.referral(copies=())).dossier for _ in range(9)]
        found = [r.dossier for r in self.pages(self.linde, pb.QUERY_TYPE_DOSSIERS, LINDE, "dossiers")]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(set(made), set(found))

    def test_foreign_and_absent_look_alike(self):
        receipt = self.send(self.linde, self.referral())
        veer = self.connect("veer")
        foreign = self.assertRejected("UNKNOWN_DOSSIER", "query.dossier", veer.query, pb.QUERY_TYPE_DOSSIER, VEER,
                                      dossier=receipt.dossier)
        absent = self.assertRejected("UNKNOWN_DOSSIER", "query.dossier", veer.query, pb.QUERY_TYPE_DOSSIER, VEER,
                                     dossier=uuid7(self.now_ms()))
        self.assertEqual(str(foreign), str(absent))
        self.assertRejected("NOT_YOURS", "query.party", veer.query, pb.QUERY_TYPE_DOSSIERS, LINDE)

    def test_foreign_and_absent_kenmerk_look_alike(self):
        receipt = self.send(self.linde, self.referral())
        veer = self.connect("veer")
        errors = []
        for kenmerk in (receipt.kenmerk, "SN-0000-0000"):
            with self.assertRaises(Rejected) as caught:
                veer.query(pb.QUERY_TYPE_TRACE, VEER, kenmerk=kenmerk)
            errors.append(str(caught.exception))
        self.assertEqual(errors[0], errors[1])

    def test_coordinator_sees_organisations_only(self):
        receipt = self.send(self.linde, self.referral(to=ELDERLY))
        coordinator = self.connect("coordinator")
        row = coordinator.query(pb.QUERY_TYPE_DOSSIER, COORDINATOR, kenmerk=receipt.kenmerk).dossiers[0]
        self.assertEqual((row.referrer, row.receiver, list(row.copies)), (LINDE, NORTH, [LINDE]))
        self.assertRejected("NOT_ALLOWED", "query.type", coordinator.query, pb.QUERY_TYPE_MAILBOX, COORDINATOR)


class BadInput(BrokerTest):
    """A peer's fault is a typed rejection with field and hint; nothing is stored, the connection stays."""

    def setUp(self):
        super().setUp()
        self.before = self.dossiers()

    def tearDown(self):
        self.assertEqual(self.dossiers(), self.before, "something was stored")

    def dossiers(self):
        page = self.linde.query(pb.QUERY_TYPE_DOSSIERS, LINDE, limit=1)
        return [(r.dossier, r.changed_ms, r.phase) for r in page.dossiers]

    def submit_raw(self, frames):
        """Sends frames as they are under the next request number; returns the rejection."""
        self.linde.send_frames(*frames)
        return self.linde.answer(self.linde.request)

    def test_garbage_frames(self):
        for frame in (b"", b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", os.urandom(500), b"\x08"):
            self.linde.send_frames(frame)
            with self.assertRaises(Rejected) as caught:
                self.linde.answer(0)
            self.assertEqual(caught.exception.name, "PROTOCOL")
        self.linde.ping()

    def test_half_a_frame(self):
        header, seal, body = self.referral().sealed(self.directory)
        self.linde.request += 1
        command = pb.Command(request=self.linde.request,
                             submit=pb.Submit(header=header, seal=client.seal_bytes(seal))).SerializeToString()
        self.assertRejected("PROTOCOL", "command", self.submit_raw, [command[:len(command) // 2], body])

    def test_two_commands_in_one_frame(self):
        self.linde.request += 1
        command = (pb.Command(request=self.linde.request, ping=pb.Ping(instance=self.linde.instance))
                   .SerializeToString()
                   + pb.Command(directory=pb.GetDirectory(region="utrecht")).SerializeToString())
        with self.assertRaises(Rejected) as caught:
            self.submit_raw([command])
        self.assertEqual(caught.exception.name, "PROTOCOL")

    def test_too_many_frames(self):
        header, seal, body = self.referral().sealed(self.directory)
        self.linde.request += 1
        command = pb.Command(request=self.linde.request,
                             submit=pb.Submit(header=header, seal=client.seal_bytes(seal))).SerializeToString()
        self.assertRejected("PROTOCOL", "frames", self.submit_raw, [command, body, b"more"])

    def test_a_body_where_none_belongs(self):
        self.assertRejected("PROTOCOL", "body", self.linde.call, "ping", pb.Ping(instance=self.linde.instance),
                            b"body")

    def test_oversized_frames(self):
        header, seal, body = self.referral().sealed(self.directory)
        sealed = client.seal_bytes(seal)
        self.assertRejected("TOO_LARGE", "command", self.linde.submit, header + b"\x00" * 9000, sealed, body)
        self.assertRejected("TOO_LARGE", "body", self.linde.submit, header, sealed, body + b"\x00" * (1 << 20))
        loud = self.connect("linde")
        with self.assertRaises(NoAnswer):
            loud.call("submit", pb.Submit(header=header, seal=sealed), b"\x00" * (4 << 20), timeout_s=1)
        self.linde.ping()

    def test_other_sender(self):
        message = self.referral()
        message.sender = region.party("veer")
        message.header.sender = VEER
        error = self.assertRejected("NOT_YOURS", "header.sender", self.send, self.linde, message)
        self.assertEqual(error.message_id, message.header.id)

    def test_replay_by_another(self):
        """The bytes of somebody else's message do not pass under one's own key."""
        header, seal, body = self.referral().sealed(self.directory)
        self.assertRejected("NOT_YOURS", "header.sender", self.connect("veer").submit, header,
                            client.seal_bytes(seal), body)

    def test_times_of_ids(self):
        now = self.now_ms()
        for ms in (now - 31 * 86400000, now + 11 * 60000, 0):
            message = self.referral()
            message.header.id = uuid7(ms)
            self.assertRejected("TOO_OLD", "header.id", self.send, self.linde, message)

    def test_ids_of_another_form(self):
        for bad, name in ((b"", "FIELD_MISSING"), (b"x" * 15, "FIELD_INVALID"), (b"\x00" * 16, "FIELD_INVALID"),
                          (os.urandom(6) + b"\x40" + os.urandom(9), "FIELD_INVALID")):
            message = self.referral()
            message.header.id = bad
            self.assertRejected(name, "header.id", self.send, self.linde, message)

    def test_header_version(self):
        message = self.referral()
        message.header.version = 2
        self.assertRejected("VERSION", "header.version", self.send, self.linde, message)

    def test_bad_utf8(self):
        message = self.referral()
        message.raw_header = message.header.SerializeToString().replace(b"agb:01000001/poh", b"agb:01000001/\xff\xfeh")
        self.assertRejected("FIELD_INVALID", "header.copies", self.send, self.linde, message)

    def test_unknown_enumerator(self):
        message = self.referral()
        message.raw_header = message.header.SerializeToString().replace(b"\xa8\x01\x01", b"\xa8\x01\x63")
        self.assertRejected("FIELD_INVALID", "header.urgency", self.send, self.linde, message)

    def test_unknown_kind(self):
        message = self.referral()
        message.raw_header = b"\x08\x01" + b"\x12\x10" + message.header.id + b"\x18\x63"
        self.assertRejected("FIELD_INVALID", "header.kind", self.send, self.linde, message)

    def test_unspecified_kind(self):
        message = self.referral(kind=0)
        self.assertRejected("FIELD_MISSING", "header.kind", self.send, self.linde, message)

    def test_unknown_header_field(self):
        message = self.referral()
        message.raw_header = message.header.SerializeToString() + b"\xfa\x3e\x01x"
        self.assertRejected("PROTOCOL", "header", self.send, self.linde, message)

    def test_absurd_dates(self):
        now = self.now_ms()
        for value in (20260230, 20261301, 19991231, 99999999, 7, date(now, 30)):
            self.assertRejected("FIELD_INVALID", "header.letter_date", self.send, self.linde,
                                self.referral(letter_date=value))

    def test_fields_of_kinds(self):
        self.assertRejected("FIELD_MISSING", "header.urgency", self.send, self.linde, self.referral(urgency=0))
        self.assertRejected("FIELD_FORBIDDEN", "header.event_date", self.send, self.linde,
                            self.referral(event_date=20260101))
        self.assertRejected("FIELD_FORBIDDEN", "header.dossier", self.send, self.linde,
                            self.referral(dossier=uuid7(self.now_ms())))
        self.assertRejected("FIELD_MISSING", "header.consent", self.send, self.linde, self.referral(to=TEAM))
        self.assertRejected("FIELD_INVALID", "header.echelon", self.send, self.linde,
                            self.referral(echelon=pb.PARTY_GB_GGZ))
        message = self.referral()
        message.raw_header = message.header.SerializeToString().replace(NORTH.encode(), b"agb:0629071x")
        self.assertRejected("FIELD_INVALID", "header.receiver", self.send, self.linde, message)

    def test_letters(self):
        message = self.referral()
        message.letter, message.header.sections, message.header.sections_known = b"", 0, False
        self.assertRejected("LETTER_MISSING", "body", self.send, self.linde, message)
        header, seal, body = self.referral().sealed(self.directory)
        self.assertRejected("LETTER_MISSING", "body", self.linde.submit, header, client.seal_bytes(seal))
        self.assertRejected("FIELD_INVALID", "seal.padded_size", self.linde.submit, header, client.seal_bytes(seal),
                            body + b"x")
        team = self.referral(to=TEAM, consent=pb.YES_YES).with_letter({0: "Vraag", 4: "Risico"})
        self.assertRejected("SECTION_FORBIDDEN", "header.sections", self.send, self.linde, team)

    def test_signatures(self):
        header, seal, body = self.referral().sealed(self.directory)
        flipped = bytes([body[100] ^ 1])
        self.assertRejected("SIGNATURE", "seal.signature", self.linde.submit, header, client.seal_bytes(seal),
                            body[:100] + flipped + body[101:])
        message = self.referral()
        self.assertRejected("SIGNING_KEY", "seal.signing_key", self.send, self.linde, message, key_stem="veer")
        seal.signing_key = "nobody-sign"
        self.assertRejected("SIGNING_KEY", "seal.signing_key", self.linde.submit, header, client.seal_bytes(seal),
                            body)

    def test_stanzas(self):
        message = self.referral()
        header, seal, body = message.sealed(self.directory)
        seal.stanzas.reverse()
        self.assertRejected("STANZAS", "seal.stanzas", self.linde.submit, header, client.seal_bytes(seal), body)
        header, seal, body = message.sealed(self.directory)
        seal.stanzas.pop()
        self.assertRejected("STANZAS", "seal.stanzas", self.linde.submit, header, client.seal_bytes(seal), body)
        header, seal, body = message.sealed(self.directory)
        seal.stanzas[0].key_id = "veer-seal"
        self.assertRejected("STANZAS", "seal.stanzas", self.linde.submit, header, client.seal_bytes(seal), body)

    def test_receivers(self):
        message = self.referral(to="agb:07777777", copies=())
        self.directory.ini.read_dict({"key nobody": {"use": "seal", "party": "agb:07777777", "public": "11" * 32}})
        with self.assertRaises(Rejected) as caught:
            self.send(self.linde, message)
        self.assertIn(caught.exception.name, ("UNKNOWN_RECEIVER", "STANZAS"))

    def test_kinds_not_allowed(self):
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde, self.referral(to=VEER, copies=()))
        nurse = self.connect("linde-poh")
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, nurse, self.referral("linde-poh", copies=()))
        for kind in (pb.KIND_DELIVERY_REPORT, pb.KIND_REMINDER):
            message = Message(region.party("linde"), self.now_ms(), kind=kind, receiver=NORTH)
            self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde, message)
        message = Message(region.party("linde"), self.now_ms(), kind=pb.KIND_CONSULT_REQUEST, receiver=NORTH)
        self.assertRejected("KIND_NOT_YET", "header.kind", self.send, self.linde, message.with_letter({0: "?"}))


class Keys(BrokerTest):
    """Keys that are revoked while all is running."""

    def revoke(self, key_id):
        region.revoked.add(key_id)
        self.addCleanup(region.publish)
        self.addCleanup(region.revoked.discard, key_id)
        region.publish()

    def test_revoked_transport_key(self):
        veer = self.connect("veer")
        veer.ping()
        self.revoke("veer-transport")
        self.assertRejected("KEY_REVOKED", "key", veer.ping)
        self.assertRejected("KEY_REVOKED", "key", veer.hello)

    def test_revoked_signing_key(self):
        message = self.referral()
        self.revoke("linde-sign")
        self.assertRejected("SIGNING_KEY", "seal.signing_key", self.send, self.linde, message)

    def test_revoked_seal_key(self):
        message = self.referral(to=HAVEN, copies=())
        self.revoke("haven-seal")
        self.assertRejected("STANZAS", "seal.stanzas", self.send, self.linde, message)

    def test_a_resend_survives_the_keys(self):
        """A receipt that its sender missed stands, whatever became of the keys meanwhile."""
        for key_id in ("haven-seal", "linde-sign"):
            header, seal, body = self.referral(to=HAVEN, copies=()).sealed(self.directory)
            first = self.linde.submit(header, client.seal_bytes(seal), body)
            self.revoke(key_id)
            again = self.linde.submit(header, client.seal_bytes(seal), body)
            self.assertEqual((again.duplicate, again.kenmerk), (True, first.kenmerk))
            region.revoked.discard(key_id)
            region.publish()
            haven = self.connect("haven", HAVEN)
            self.collect(haven, HAVEN, first.message_id, "haven")
            haven.attach()


class OnADossier(BrokerTest):
    """Messages on a dossier by who may not send them."""

    def setUp(self):
        super().setUp()
        self.receipt = self.send(self.linde, self.referral())
        self.dossier = self.receipt.dossier

    def test_feedback_on_a_foreign_dossier(self):
        haven = self.connect("haven")
        foreign = self.assertRejected("UNKNOWN_DOSSIER", "header.dossier", self.send, haven,
                                      self.feedback("haven", self.dossier, pb.KIND_ACCEPTANCE))
        absent = self.assertRejected("UNKNOWN_DOSSIER", "header.dossier", self.send, haven,
                                     self.feedback("haven", uuid7(self.now_ms()), pb.KIND_ACCEPTANCE))
        self.assertEqual(str(foreign), str(absent), "a stranger learns nothing")

    def test_feedback_by_the_referrer(self):
        message = self.feedback("linde", self.dossier, pb.KIND_ACCEPTANCE, to=NORTH)
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde, message)

    def test_recipients(self):
        north = self.connect("noordrand")
        for to, copies in ((NURSE, (LINDE,)), (LINDE, ()), (LINDE, (NURSE, VEER))):
            self.assertRejected("RECIPIENTS", "header.receiver", self.send, north,
                                self.feedback("noordrand", self.dossier, pb.KIND_ACCEPTANCE, to=to, copies=copies))

    def test_nothing_to_take_up(self):
        message = Message(region.party("linde"), self.now_ms(), kind=pb.KIND_TAKEN_UP, dossier=self.dossier,
                          receiver=NORTH, taken_up=pb.TAKEN_OWN_CARE)
        self.assertRejected("NOTHING_OPEN", "header.kind", self.send, self.linde, message)

    def test_refusal_after_intake(self):
        north = self.connect("noordrand")
        self.send(north, self.feedback("noordrand", self.dossier, pb.KIND_INTAKE_REPORT,
                                       event_date=date(self.now_ms()),
                                       outcome=pb.OUTCOME_TREATMENT).with_letter(INTAKE_SECTIONS))
        self.assertRejected("NOT_NOW", "header.kind", self.send, north,
                            self.feedback("noordrand", self.dossier, pb.KIND_REFUSAL,
                                          refusal_reason=pb.REFUSAL_NO_CAPACITY))

    def test_letter_forbidden(self):
        message = self.feedback("noordrand", self.dossier, pb.KIND_ACCEPTANCE).with_letter({0: "x"})
        self.assertRejected("LETTER_FORBIDDEN", "body", self.send, self.connect("noordrand"), message)


if __name__ == "__main__":
    unittest.main()
