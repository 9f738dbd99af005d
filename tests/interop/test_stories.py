"""Stories of kinds beyond a referral's straight way, each step over the wire and opened by who gets it."""

import unittest

from broker_case import HAVEN, INTAKE_SECTIONS, LINDE, NORTH, NURSE, REFERRAL_SECTIONS, VEER, BrokerTest, pb
from client import date


class Stories(BrokerTest):
    def setUp(self):
        super().setUp()
        self.linde.attach(LINDE)
        self.north = self.connect("noordrand", NORTH)

    def open_promises(self, dossier, party=LINDE, by=None):
        """The numbers of what is open in a dossier."""
        rows = (by or self.linde).query(pb.QUERY_TYPE_UNANSWERED, party, limit=200).unanswered
        return sorted(row.expectation for row in rows if row.dossier == dossier)

    def phase(self, dossier):
        return self.linde.query(pb.QUERY_TYPE_DOSSIER, LINDE, dossier=dossier).dossiers[0].phase

    def test_a_consult(self):
        """A practice asks a psychiatrist; the answer ends the small dossier."""
        asked = self.message("linde", kind=pb.KIND_CONSULT_REQUEST, receiver=NORTH, topic=pb.TOPIC_MEDICATION,
                             consult_form=pb.FORM_CONSULTATION).with_letter({0: "Mag dit middel samen?"})
        receipt = self.send(self.linde, asked)
        _, header, letter = self.collect(self.north, NORTH, receipt.message_id, "noordrand")
        self.assertEqual((header.kind, letter.sections[0].text),
                         (pb.KIND_CONSULT_REQUEST, "Mag dit middel samen?"))
        self.assertIn(14, self.open_promises(receipt.dossier))
        reply = self.feedback("noordrand", receipt.dossier, pb.KIND_CONSULT_REPLY,
                              copies=()).with_letter({11: "Ja, onder controle."})
        self.send(self.north, reply)
        _, header, letter = self.collect(self.linde, LINDE, reply.header.id, "linde")
        self.assertEqual(letter.sections[0].text, "Ja, onder controle.")
        self.assertNotIn(14, self.open_promises(receipt.dossier))
        self.assertEqual(self.phase(receipt.dossier), pb.PHASE_CLOSED)
        again = self.feedback("noordrand", receipt.dossier, pb.KIND_TEAM_RESULT, copies=(),
                              team_outcome=pb.TEAM_SUPPORTED).with_letter({0: "Vraag", 19: "Resultaat"})
        self.assertRejected("NOT_ALLOWED", "header.kind", self.send, self.north, again)

    def test_a_question_and_its_answer(self):
        """The provider asks for more, which answers its decision for now; the reply starts that term anew."""
        receipt = self.send(self.linde, self.referral())
        self.collect(self.north, NORTH, receipt.message_id, "noordrand")
        question = self.feedback("noordrand", receipt.dossier,
                                 pb.KIND_INFORMATION_REQUEST).with_letter({0: "Welke medicatie?"})
        self.send(self.north, question)
        self.collect(self.linde, LINDE, question.header.id, "linde")
        still = self.open_promises(receipt.dossier)
        self.assertIn(11, still)
        self.assertNotIn(2, still)
        reply = self.message("linde", kind=pb.KIND_INFORMATION_REPLY, dossier=receipt.dossier, receiver=NORTH,
                             subject=question.header.id).with_letter({7: "Sertraline."})
        self.send(self.linde, reply)
        _, header, letter = self.collect(self.north, NORTH, reply.header.id, "noordrand")
        self.assertEqual((header.subject, letter.sections[0].text), (question.header.id, "Sertraline."))
        still = self.open_promises(receipt.dossier)
        self.assertNotIn(11, still)
        self.assertIn(2, still)

    def test_a_letter_in_the_wrong_dossier(self):
        """An intake report was filed in error: after its correction the report is owed again."""
        receipt = self.send(self.linde, self.referral())
        self.collect(self.north, NORTH, receipt.message_id, "noordrand")
        report = self.feedback("noordrand", receipt.dossier, pb.KIND_INTAKE_REPORT,
                               event_date=date(self.now_ms()),
                               outcome=pb.OUTCOME_TREATMENT).with_letter(INTAKE_SECTIONS)
        self.send(self.north, report)
        self.collect(self.linde, LINDE, report.header.id, "linde")
        self.assertEqual(self.phase(receipt.dossier), pb.PHASE_INTAKE_DONE)
        wrong = self.feedback("noordrand", receipt.dossier, pb.KIND_CORRECTION, subject=report.header.id,
                              wrong_party=pb.YES_YES)
        self.send(self.north, wrong)
        _, header, nothing = self.collect(self.linde, LINDE, wrong.header.id)
        self.assertEqual((header.subject, header.wrong_party, nothing), (report.header.id, pb.YES_YES, None))
        row = self.linde.query(pb.QUERY_TYPE_DOSSIER, LINDE, dossier=receipt.dossier).dossiers[0]
        self.assertEqual((row.phase, row.breach), (pb.PHASE_SENT, True))
        self.assertIn(2, self.open_promises(receipt.dossier))
        # What the nurse had not collected is taken back.
        nurse = self.connect("linde-poh", NURSE)
        waiting = nurse.query(pb.QUERY_TYPE_MAILBOX, NURSE, limit=200).mailbox
        self.assertNotIn(report.header.id, [w.message_id for w in waiting])

    def test_an_incomplete_letter(self):
        """A section is missing, says the practice: the promise is open again until a whole letter comes."""
        receipt = self.send(self.linde, self.referral())
        report = lambda: self.feedback("noordrand", receipt.dossier, pb.KIND_INTAKE_REPORT,
                                       event_date=date(self.now_ms()),
                                       outcome=pb.OUTCOME_TREATMENT).with_letter(INTAKE_SECTIONS)
        first = report()
        appointment = self.feedback("noordrand", receipt.dossier, pb.KIND_APPOINTMENT,
                                    event_date=date(self.now_ms()))
        self.send(self.north, appointment)
        self.send(self.north, first)
        self.collect(self.linde, LINDE, first.header.id, "linde")
        self.assertNotIn(6, self.open_promises(receipt.dossier))
        said = self.message("linde", kind=pb.KIND_LETTER_INCOMPLETE, dossier=receipt.dossier, receiver=NORTH,
                            subject=first.header.id, missing_sections=1 << 12)
        self.send(self.linde, said)
        _, header, _ = self.collect(self.north, NORTH, said.header.id)
        self.assertEqual((header.subject, header.missing_sections), (first.header.id, 1 << 12))
        self.assertIn(6, self.open_promises(receipt.dossier))
        whole = report()
        self.send(self.north, whole)
        self.collect(self.linde, LINDE, whole.header.id, "linde")
        self.assertNotIn(6, self.open_promises(receipt.dossier))

    def test_a_chain_and_what_passed(self):
        """GB-GGZ refers on; the chain shows both dossiers, and each side can reconcile."""
        haven = self.connect("haven", HAVEN)
        root = self.send(self.linde, self.referral(to=HAVEN, copies=()))
        self.collect(haven, HAVEN, root.message_id, "haven")
        child = self.message("haven", kind=pb.KIND_REFERRAL, receiver=NORTH, copies=[LINDE], creditor=LINDE,
                             parent=root.dossier, urgency=pb.URGENCY_ROUTINE, letter_date=date(self.now_ms()),
                             author_role=pb.ROLE_PSYCHOLOGIST).with_letter(REFERRAL_SECTIONS)
        receipt = self.send(haven, child)
        self.collect(self.north, NORTH, receipt.message_id, "noordrand")
        rows = self.linde.query(pb.QUERY_TYPE_CHAIN, LINDE, dossier=receipt.dossier).dossiers
        self.assertEqual([r.dossier for r in rows], [root.dossier, receipt.dossier])
        self.assertEqual((rows[1].parent, rows[1].root), (root.dossier, root.dossier))
        passed = {(p.message_id, p.role): p for p in
                  haven.query(pb.QUERY_TYPE_PASSED, HAVEN, from_ms=root.stored_ms, limit=200).passed}
        self.assertIn((root.message_id, pb.PASSED_ROLE_RECEIVED), passed)
        self.assertIn((child.header.id, pb.PASSED_ROLE_SENT), passed)
        self.assertEqual(len(passed[child.header.id, pb.PASSED_ROLE_SENT].hash), 32)
        veer = self.connect("veer")
        self.assertRejected("UNKNOWN_DOSSIER", "query.dossier", veer.query, pb.QUERY_TYPE_CHAIN, VEER,
                            dossier=receipt.dossier)


if __name__ == "__main__":
    unittest.main()
