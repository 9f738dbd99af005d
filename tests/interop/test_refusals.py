"""Bad input of every sort to the broker: typed rejections with field and hint, and nothing stored."""

import os
import unittest

import client
from broker_case import INTAKE_SECTIONS, LINDE, NORTH, NURSE, TEAM, VEER, BrokerTest
from client import NoAnswer, Rejected, date, uuid7

pb = client.pb


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
                             submit=pb.Submit(header=header,
                                              seal=client.seal_bytes(seal))).SerializeToString()
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
                             submit=pb.Submit(header=header,
                                              seal=client.seal_bytes(seal))).SerializeToString()
        self.assertRejected("PROTOCOL", "frames", self.submit_raw, [command, body, b"more"])

    def test_a_body_where_none_belongs(self):
        self.assertRejected("PROTOCOL", "body", self.linde.call, "ping",
                            pb.Ping(instance=self.linde.instance),
                            b"body")

    def test_oversized_frames(self):
        header, seal, body = self.referral().sealed(self.directory)
        sealed = client.seal_bytes(seal)
        self.assertRejected("TOO_LARGE", "command", self.linde.submit, header + b"\x00" * 9000, sealed, body)
        self.assertRejected("TOO_LARGE", "body", self.linde.submit, header, sealed,
                            body + b"\x00" * (1 << 20))
        loud = self.connect("linde")
        with self.assertRaises(NoAnswer):
            loud.call("submit", pb.Submit(header=header, seal=sealed), b"\x00" * (4 << 20), timeout_s=1)
        self.linde.ping()

    def test_other_sender(self):
        message = self.referral()
        message.sender = self.region.party("veer")
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
        for bad, name in ((b"", "FIELD_MISSING"), (b"x" * 15, "FIELD_INVALID"), (b"\x00" * 16,
                                                                                 "FIELD_INVALID"),
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
        message.raw_header = message.header.SerializeToString().replace(b"agb:01000001/poh",
                                                                        b"agb:01000001/\xff\xfeh")
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
        self.assertRejected("FIELD_MISSING", "header.urgency", self.send, self.linde,
                            self.referral(urgency=0))
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
        self.assertRejected("FIELD_INVALID", "seal.padded_size", self.linde.submit, header,
                            client.seal_bytes(seal),
                            body + b"x")
        team = self.referral(to=TEAM, consent=pb.YES_YES).with_letter({0: "Vraag", 4: "Risico"})
        self.assertRejected("SECTION_FORBIDDEN", "header.sections", self.send, self.linde, team)

    def test_signatures(self):
        header, seal, body = self.referral().sealed(self.directory)
        flipped = bytes([body[100] ^ 1])
        self.assertRejected("SIGNATURE", "seal.signature", self.linde.submit, header, client.seal_bytes(seal),
                            body[:100] + flipped + body[101:])
        message = self.referral()
        self.assertRejected("SIGNING_KEY", "seal.signing_key", self.send, self.linde, message,
                            key_stem="veer")
        seal.signing_key = "nobody-sign"
        self.assertRejected("SIGNING_KEY", "seal.signing_key", self.linde.submit, header,
                            client.seal_bytes(seal),
                            body)

    def test_stanzas(self):
        message = self.referral()
        header, seal, body = message.sealed(self.directory)
        seal.stanzas.reverse()
        self.assertRejected("STANZAS", "seal.stanzas", self.linde.submit, header, client.seal_bytes(seal),
                            body)
        header, seal, body = message.sealed(self.directory)
        seal.stanzas.pop()
        self.assertRejected("STANZAS", "seal.stanzas", self.linde.submit, header, client.seal_bytes(seal),
                            body)
        header, seal, body = message.sealed(self.directory)
        seal.stanzas[0].key_id = "veer-seal"
        self.assertRejected("STANZAS", "seal.stanzas", self.linde.submit, header, client.seal_bytes(seal),
                            body)

    def test_receivers(self):
        message = self.referral(to="agb:07777777", copies=())
        self.directory.ini.read_dict({"key nobody": {"use": "seal", "party": "agb:07777777",
                                                      "public": "11" * 32}})
        with self.assertRaises(Rejected) as caught:
            self.send(self.linde, message)
        self.assertIn(caught.exception.name, ("UNKNOWN_RECEIVER", "STANZAS"))

    def test_kinds_not_allowed(self):
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde, self.referral(to=VEER,
                                                                                               copies=()))
        nurse = self.connect("linde-poh")
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, nurse, self.referral("linde-poh",
                                                                                          copies=()))
        message = self.message("linde", kind=pb.KIND_DELIVERY_REPORT, receiver=NORTH)
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde, message)
        message = self.message("linde", kind=pb.KIND_CARE_NOTICE, receiver=VEER,
                               event_date=date(self.now_ms()))
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde, message)
        message = self.message("linde", kind=pb.KIND_CONSULT_REQUEST, receiver=TEAM, topic=pb.TOPIC_RISK,
                               consult_form=pb.FORM_DISCUSSION)
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.linde,
                            message.with_letter({0: "?"}))


    def test_facts_of_every_kind(self):
        """Each kind refuses what it lacks by name, and what is not its own."""
        consult = dict(kind=pb.KIND_CONSULT_REQUEST, receiver=NORTH)
        self.assertRejected("FIELD_MISSING", "header.topic", self.send, self.linde,
                            self.message("linde", **consult).with_letter({0: "?"}))
        self.assertRejected("FIELD_FORBIDDEN", "header.urgency", self.send, self.linde,
                            self.message("linde", topic=pb.TOPIC_RISK, consult_form=pb.FORM_DISCUSSION,
                                         urgency=pb.URGENCY_SOON, **consult).with_letter({0: "?"}))
        self.assertRejected("LETTER_MISSING", "body", self.send, self.linde,
                            self.message("linde", topic=pb.TOPIC_RISK, consult_form=pb.FORM_DISCUSSION,
                                         **consult))
        north = self.connect("noordrand")
        for fields, name, field in (
                (dict(kind=pb.KIND_REDIRECTION), "FIELD_MISSING", "header.concerned"),
                (dict(kind=pb.KIND_LETTER_INCOMPLETE), "FIELD_MISSING", "header.subject"),
                (dict(kind=pb.KIND_SNOOZE, expectation=6), "FIELD_FORBIDDEN", "header.receiver"),
                (dict(kind=pb.KIND_ACCEPTANCE, note=pb.NOTED_CALLED), "FIELD_FORBIDDEN", "header.note")):
            message = self.message("noordrand", dossier=uuid7(self.now_ms()), receiver=LINDE, **fields)
            self.assertRejected(name, field, self.send, north, message)


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
                                self.feedback("noordrand", self.dossier, pb.KIND_ACCEPTANCE, to=to,
                                              copies=copies))

    def test_nothing_to_take_up(self):
        message = self.message("linde", kind=pb.KIND_TAKEN_UP, dossier=self.dossier,
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
