"""The broker from the outside: a client written from PROTOCOL.md talks to scharnierd over CURVE."""

import os
import time
import unittest

import nacl.bindings as sodium

import client
import seal as sealing
from broker_case import (COORDINATOR, ELDERLY, HAVEN, INTAKE_SECTIONS, LINDE, NORTH, NURSE,
                         REFERRAL_SECTIONS, VEER,
                         BrokerTest)
from client import Client, NoAnswer, Rejected, date, uuid7

pb = client.pb


class Sessions(BrokerTest):
    def test_welcome(self):
        welcome = self.linde.welcome
        self.assertEqual((welcome.version, welcome.version_min, welcome.version_max), (1, 1, 1))
        self.assertEqual(welcome.key_id, "linde-transport")
        self.assertEqual(sorted(welcome.acts_for), sorted([LINDE, NURSE]))
        self.assertEqual((welcome.body_size_max, welcome.lease_ms, welcome.clock_rate), (1 << 20, 60000, 1))
        self.assertEqual([(d.region, d.serial) for d in welcome.directories], [("utrecht",
                                                                                self.region.serial)])
        self.assertLess(abs(welcome.time_ms - time.time() * 1000), 60000)

    def test_directory(self):
        answer = self.linde.directory(self.region.name)
        sealing.verify_directory(answer.content, answer.signature, self.region.key[0])
        self.assertEqual(answer.content.decode(), self.region.directory_text())
        self.assertEqual(self.linde.directory(self.region.name, answer.serial).content, b"")
        self.assertRejected("FIELD_INVALID", "directory.region", self.linde.directory, "atlantis")

    def test_hello_first(self):
        stranger = self.region.client("linde")
        self.clients.append(stranger)
        for call in (stranger.ping, lambda: stranger.attach(LINDE), lambda: stranger.directory("utrecht")):
            with self.assertRaises(Rejected) as caught:
                call()
            self.assertEqual(caught.exception.name, "HELLO_FIRST")
        stranger.hello()
        stranger.ping()

    def test_wrong_version(self):
        other = self.region.client("linde")
        self.clients.append(other)
        self.assertRejected("VERSION", "hello.version_min", other.hello, version_min=2, version_max=3)
        self.assertEqual(other.hello(version_min=1, version_max=7).version, 1)

    def test_unknown_key_gets_no_answer(self):
        key = sodium.crypto_box_keypair()
        with Client(self.region.endpoint, self.region.broker_key[0], key) as stranger:
            with self.assertRaises(NoAnswer):
                stranger.hello(timeout_s=1)

    def test_wrong_server_key_gets_no_answer(self):
        other = sodium.crypto_box_keypair()[0]
        with Client(self.region.endpoint, other, self.region.party("linde").transport) as deceived:
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

        accept = self.feedback("noordrand", read.id, pb.KIND_ACCEPTANCE, expected_date=date(self.now_ms(),
                                                                                            14))
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
        dead = self.region.client("linde")
        dead.hello()
        dead.attach(LINDE)
        dead.close()
        time.sleep(0.3)
        self.test_status_reaches_the_sender()

    def test_incomplete_letter_is_warned_of(self):
        north = self.connect("noordrand")
        receipt = self.send(self.linde, self.referral())
        report = self.feedback("noordrand", receipt.dossier, pb.KIND_INTAKE_REPORT,
                               event_date=date(self.now_ms()),
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
        second = self.message("linde", kind=pb.KIND_WITHDRAWAL, dossier=receipt.dossier,
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
        again = self.region.client("haven")
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
        self.assertRejected("NOT_LEASED", "settle.message_id", other.settle, HAVEN, receipt.message_id,
                            pb.VERDICT_RETRY)
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
        events = [r.event for r in self.linde.query(pb.QUERY_TYPE_TRACE, LINDE,
                                                    kenmerk=receipt.kenmerk).trace]
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
        foreign = self.assertRejected("UNKNOWN_DOSSIER", "query.dossier", veer.query, pb.QUERY_TYPE_DOSSIER,
                                      VEER,
                                      dossier=receipt.dossier)
        absent = self.assertRejected("UNKNOWN_DOSSIER", "query.dossier", veer.query, pb.QUERY_TYPE_DOSSIER,
                                     VEER,
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
        self.assertRejected("NOT_ALLOWED", "query.type", coordinator.query, pb.QUERY_TYPE_MAILBOX,
                            COORDINATOR)


class Keys(BrokerTest):
    """Keys that are revoked while all is running."""

    def revoke(self, key_id):
        self.region.revoked.add(key_id)
        self.addCleanup(self.region.publish)
        self.addCleanup(self.region.revoked.discard, key_id)
        self.region.publish()

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
            self.region.revoked.discard(key_id)
            self.region.publish()
            haven = self.connect("haven", HAVEN)
            self.collect(haven, HAVEN, first.message_id, "haven")
            haven.attach()


if __name__ == "__main__":
    unittest.main()
