"""Letters between libscharnier and the Python client, over the broker: each opens what the other sealed.

libscharnier speaks through scharnier-hl7v2: what a HIS sends is sealed in C and opened here; what is sealed
here is opened in C and reaches an EPD.
"""

import base64
import os
import unittest

import hl7

import client
import seal as sealing
from client import date, uuid7
from mllp import LATIN, Adapter, Peer, control_id, documents, field, lines
from region import ROOT, Directory, Region

pb = client.pb
LINDE, NORTH, HAVEN = "agb:01000001", "agb:06290713", "agb:94000001"
EXAMPLES = ROOT / "adapters" / "examples"


class Letters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.opened = []
        try:
            cls.region = cls.kept(Region())
            cls.region.start()
            his_map = (EXAMPLES / "his.map.ini").read_text(encoding="utf-8").replace(
                "[receivers]\n", f"[receivers]\nOURPRACTICE = {LINDE}\nTHEIRCLINIC = {NORTH}\n", 1)
            cls.his = cls.kept(Adapter(cls.region, "his", "linde", cls.kept(Peer()), his_map))
            cls.epd_peer = cls.kept(Peer())
            cls.epd = cls.kept(Adapter(cls.region, "epd", "haven", cls.epd_peer,
                                       (EXAMPLES / "epd.map.ini").read_text(encoding="utf-8")))
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

    @staticmethod
    def referral():
        """The sample REF^I12, from and to the parties of this region."""
        message = hl7.parse(lines((EXAMPLES / "REF-I12.hl7").read_bytes()))
        message.segment("RF1")[3] = "THEIRCLINIC"
        for provider in message.segments("PRD"):
            if str(provider[1]).startswith("RP"):
                provider[7] = "OURPRACTICE"
        return str(message).encode(LATIN)

    def test_sealed_in_c_opened_here(self):
        content = self.referral()
        answer = self.his.send(content)
        self.assertEqual((field(answer, "MSA", 1), field(answer, "MSA", 2)), ("AA", control_id(content)),
                         str(answer))
        with self.region.client("noordrand") as north:
            north.hello()
            directory = Directory(north.directory(self.region.name).content)
            north.attach(NORTH)
            delivery, body = north.next_delivery()
            header, seal = pb.Header.FromString(delivery.header), client.read_seal(delivery.seal)
            self.assertEqual((header.kind, header.sender, header.receiver), (pb.KIND_REFERRAL, LINDE, NORTH))
            sealing.verify(seal, delivery.header, body, directory.public(seal.signing_key))
            letter = pb.Letter.FromString(sealing.open_letter(
                seal, delivery.header, body, NORTH, self.region.party("noordrand").seal[1]))
            self.assertEqual(sum(1 << s.code for s in letter.sections), header.sections)
            self.assertTrue(all(s.text for s in letter.sections))
            self.assertIn(content, [a.content for a in letter.attachments], "the original, byte for byte")
            north.settle(NORTH, header.id, pb.VERDICT_COLLECTED)

    def test_sealed_here_opened_in_c(self):
        linde = self.region.party("linde")
        with self.region.client("linde") as practice:
            now = practice.hello().time_ms
            directory = Directory(practice.directory(self.region.name).content)
            document = b"%PDF-1.4 een brief uit Python"
            header = pb.Header(version=1, id=uuid7(now), kind=pb.KIND_REFERRAL, sender=LINDE, receiver=HAVEN,
                               urgency=pb.URGENCY_SOON, letter_date=date(now), author_role=pb.ROLE_GP,
                               sections=1 << 0 | 1 << 4, sections_known=True).SerializeToString()
            letter = client.letter_bytes({0: "Graag uw oordeel over paniekklachten.",
                                           4: "Geen acuut gevaar."},
                                         [("application/pdf", "brief.pdf", document)])
            seal, body = sealing.make(header, letter, [(HAVEN, *directory.seal_key(HAVEN))], "linde-sign",
                                      linde.sign[1])
            receipt = practice.submit(header, client.seal_bytes(seal), body)
        received = self.epd_peer.next(lambda m: receipt.kenmerk in str(m))
        self.assertIsNotNone(received, "the referral did not reach the EPD")
        self.assertEqual(field(received, "MSH", 9), "REF")
        self.assertIn("paniekklachten", str(received))
        self.assertIn(document, documents(received))


    def test_large_sealed_here_opened_in_c(self):
        """A letter in parts by the Python client, fetched and opened by libscharnier."""
        linde = self.region.party("linde")
        document = b"%PDF-1.4 " + os.urandom(1200000)
        with self.region.client("linde") as practice:
            now = practice.hello().time_ms
            directory = Directory(practice.directory(self.region.name).content)
            header = pb.Header(version=1, id=uuid7(now), kind=pb.KIND_REFERRAL, sender=LINDE, receiver=HAVEN,
                               urgency=pb.URGENCY_SOON, letter_date=date(now), author_role=pb.ROLE_GP,
                               sections=1, sections_known=True).SerializeToString()
            letter = client.letter_bytes({0: "Zie de bijlage."}, [("application/pdf", "scan.pdf", document)])
            seal, parts = sealing.make_parts(header, letter, [(HAVEN, *directory.seal_key(HAVEN))],
                                             "linde-sign", linde.sign[1])
            upload = os.urandom(16)
            for index, part in enumerate(parts):
                practice.part(LINDE, upload, index, len(parts), part)
            receipt = practice.submit_upload(header, client.seal_bytes(seal), upload)
        received = self.epd_peer.next(lambda m: receipt.kenmerk in str(m), 30)
        self.assertIsNotNone(received, "the referral did not reach the EPD: " + self.epd.log()[-500:])
        self.assertIn(document, documents(received))

    def test_large_sealed_in_c_opened_here(self):
        """A REF^I12 with a large document: libscharnier seals it in parts, the Python client opens it."""
        content = self.referral()
        document = base64.b64encode(b"%PDF-1.4 " + os.urandom(700000))
        content += b"OBX|99|ED|SCAN^Bijlage||^application^pdf^Base64^" + document + b"||||||F\r"
        content = content.replace(control_id(content).encode(), b"LARGE-1", 1)
        answer = self.his.send(content)
        self.assertEqual(field(answer, "MSA", 1), "AA", str(answer))
        with self.region.client("noordrand") as north:
            north.hello()
            directory = Directory(north.directory(self.region.name).content)
            north.attach(NORTH)
            while True:
                delivery, body = north.next_delivery(15)
                header = pb.Header.FromString(delivery.header)
                if delivery.part_count:
                    break
                north.settle(NORTH, header.id, pb.VERDICT_COLLECTED)
            self.assertEqual(body, b"")
            parts = [north.fetch(NORTH, header.id, i)[1] for i in range(delivery.part_count)]
            seal = client.read_seal(delivery.seal)
            sealing.verify_parts(seal, delivery.header, parts, directory.public(seal.signing_key))
            letter = pb.Letter.FromString(sealing.open_parts(
                seal, delivery.header, parts, NORTH, self.region.party("noordrand").seal[1]))
            self.assertTrue(any(document in a.content for a in letter.attachments), "the original")
            north.settle(NORTH, header.id, pb.VERDICT_COLLECTED)


if __name__ == "__main__":
    unittest.main()
