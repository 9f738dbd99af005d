"""python3-hl7's client and server on both sides of scharnier-hl7v2, with real messages.

The real messages lie in $SCHARNIER_DATA/hl7v2; without that variable the tests are skipped, visibly.
"""

import os
import time
import unittest
from pathlib import Path

import hl7

from mllp import Adapter, Peer, control_id, documents, field, lines
from region import ROOT, Region

DATA = os.environ.get("SCHARNIER_DATA", "")

# By which codes the real messages name their receiver and sender.
PARTIES = """
Med = agb:06290713
625-4 = agb:06290713
24725-4 = agb:06290713
LABEDG001 = agb:06290713
GLUCNU = agb:06290713
PLN1001 = agb:01000001
IA Public Health Lab = agb:01000001
GHHSFacility = agb:01000001
"""


def real(name):
    return (Path(DATA) / "hl7v2" / name).read_bytes()


class Loop(unittest.TestCase):
    """A region with an adapter at a HIS and one at an EPD; each subclass has its own."""

    @classmethod
    def setUpClass(cls):
        cls.opened = []
        try:
            cls.region = cls.kept(Region())
            cls.region.start()
            cls.his_peer, cls.epd_peer = cls.kept(Peer()), cls.kept(Peer())
            examples = ROOT / "adapters" / "examples"
            his_map = (examples / "his.map.ini").read_text(encoding="utf-8")
            his_map = his_map.replace("[receivers]\n", "[receivers]" + PARTIES, 1)
            his_map = his_map.replace("urgency = TQ1-9.1, OBR-5.1, ORC-7.6",
                                      "urgency = TQ1-9.1, OBR-5.1, ORC-7.6, 'ROUTINE'")
            cls.his = cls.kept(Adapter(cls.region, "his", "linde", cls.his_peer, his_map))
            cls.epd = cls.kept(Adapter(cls.region, "epd", "noordrand", cls.epd_peer,
                                       (examples / "epd.map.ini").read_text(encoding="utf-8")))
        except Exception:
            cls.tearDownClass()
            raise

    @classmethod
    def kept(cls, thing):
        cls.opened.append(thing)
        return thing

    @classmethod
    def tearDownClass(cls):
        for thing in reversed(cls.opened):
            thing.close()

    def assertAcknowledged(self, acknowledgement, codes, message_control_id):
        self.assertEqual(field(acknowledgement, "MSA", 2), message_control_id, "MSA-2 is not our MSH-10")
        self.assertIn(field(acknowledgement, "MSA", 1), codes, str(acknowledgement).replace("\r", "\n"))

    def refer(self, name):
        """Sends a real message as the HIS; returns what the EPD receives."""
        content = real(name)
        answer = self.his.send(content)
        self.assertAcknowledged(answer, ("AA",), control_id(content))
        received = self.epd_peer.next(lambda m: field(m, "MSH", 9) == "REF" and content in documents(m))
        self.assertIsNotNone(received, "the original did not reach the EPD, byte for byte")
        return received


@unittest.skipUnless(DATA, "SCHARNIER_DATA is not set: no real messages")
class RealMessages(Loop):
    def test_referral_ref_i12(self):
        received = self.refer("REF-I12-01.hl7")
        self.assertRegex(field(received, "RF1", 11), r"^SN-[0-9A-Z]{4}-[0-9A-Z]{4}$")

    def test_referral_oru_r01(self):
        self.refer("ORU-R01-01.hl7")

    def test_referral_orm_o01(self):
        self.refer("ORM-O01-01.hl7")

    def test_referral_dutch_oml_o21(self):
        self.refer("nl-OML_O21-Hl7toMsgRepoReadHl7Test-7d3b644c7b.hl7")

    def test_referral_dutch_orm_o01(self):
        self.refer("nl-ORM_O01-RepotoHl7Test-3551a5b608.hl7")

    def test_answers_that_match_nothing(self):
        for name in ("SIU-S12-01.hl7", "SIU-S26-01.hl7", "MDM-T02-01.hl7", "MDM-T02-02.hl7",
                     "MDM-T02-03.hl7"):
            with self.subTest(name):
                content = real(name)
                answer = self.epd.send(content)
                self.assertAcknowledged(answer, ("AE", "AR"), control_id(content))
                self.assertTrue(field(answer, "MSA", 3) or field(answer, "ERR", 8), "no reason is given")

    def test_appointment_and_no_show_come_back(self):
        """The EPD's real SIU messages, with the kenmerk and dates of this referral put in, reach the HIS."""
        received = self.refer("REF-I12-02.hl7")
        kenmerk = field(received, "RF1", 11)
        today = time.strftime("%Y%m%d100000+0000", time.gmtime())
        for name, event, number in (("SIU-S12-01.hl7", "S12", "1"), ("SIU-S26-01.hl7", "S26", "2")):
            message = hl7.parse(lines(real(name)))
            message.segment("SCH")[1] = ""
            message.segment("SCH")[2] = kenmerk
            message.segment("TQ1")[7] = today
            message.segment("MSH")[10] = "ANSWER-" + number
            answer = self.epd.send(str(message))
            self.assertAcknowledged(answer, ("AA",), "ANSWER-" + number)
            told = self.his_peer.next(
                lambda m: kenmerk in str(m) and "SIU^" + event in str(m.segment("MSH")[9]))
            self.assertIsNotNone(told, f"{event} did not reach the HIS")

    def test_resend_is_answered_again(self):
        """The same bytes once more: AA again, and the EPD is not told twice."""
        content = real("REF-I12-01.hl7").replace(b"MSG00112", b"MSG99112")
        for _ in range(2):
            self.assertAcknowledged(self.his.send(content), ("AA",), "MSG99112")
        self.assertIsNotNone(self.epd_peer.next(lambda m: content in documents(m)))
        self.assertIsNone(self.epd_peer.next(lambda m: content in documents(m), timeout_s=1))


@unittest.skipUnless(DATA, "SCHARNIER_DATA is not set: no real messages")
class EveryMessage(Loop):
    def test_each_is_answered_on_either_side(self):
        """Each gets an acknowledgement of its own, and the adapter lives on."""
        for side in (self.his, self.epd):
            for path in sorted((Path(DATA) / "hl7v2").glob("*.hl7")):
                with self.subTest(path.name, port=side.port):
                    content = path.read_bytes()
                    answer = side.send(content)
                    self.assertAcknowledged(answer, ("AA", "AE", "AR"), control_id(content))
            self.assertIsNone(side.process.poll(), side.log())


if __name__ == "__main__":
    unittest.main()
