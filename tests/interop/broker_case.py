"""What tests of the broker from the outside share: a region, and a party's way to send and to collect."""

import os
import unittest

import client
import seal as sealing
from client import NoAnswer, Rejected, date, uuid7
from region import BUILD, Directory, Region

pb = client.pb
LINDE, NURSE, VEER = "agb:01000001", "agb:01000001/poh-ggz", "agb:01000002"
NORTH, ELDERLY, HAVEN = "agb:06290713", "agb:06290713/ouderen", "agb:94000001"
TEAM, COORDINATOR = "gemeente:0344/wijkteam-zuid", "regio:utrecht/coordinator"
REFERRAL_SECTIONS = {0: "Graag beoordeling.", 1: "Sinds maanden somber."}
INTAKE_SECTIONS = {10: "3 juni", 11: "Ja", 12: "Depressie", 13: "Behandeling", 14: "CGT", 15: "Wachtlijst",
                   16: "T. de Vries, 030-0000000"}


class Message:
    """A message before it is signed: change what you like, then send."""

    def __init__(self, region, sender, now_ms, **fields):
        self.region = region
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
        return header, *sealing.make(header, self.letter, to, stem + "-sign", self.region.party(stem).sign[1])


    def sealed_parts(self, directory):
        """(header, seal, parts) of a letter by suite 2."""
        header = self.header.SerializeToString()
        to = [(a, *directory.seal_key(a)) for a in self.recipients()]
        seal, parts = sealing.make_parts(header, self.letter, to, self.sender.stem + "-sign",
                                         self.region.party(self.sender.stem).sign[1])
        return header, client.seal_bytes(seal), parts


class BrokerTest(unittest.TestCase):
    """Each class of tests has a broker of its own, which must end in good order."""

    @classmethod
    def setUpClass(cls):
        if not os.access(BUILD / "bin" / "scharnierd", os.X_OK):
            raise unittest.SkipTest(f"{BUILD}/bin/scharnierd is not built")
        cls.region = Region()
        try:
            cls.region.start()
        except Exception:
            cls.region.close()
            raise

    @classmethod
    def tearDownClass(cls):
        status = cls.region.close()
        assert status == 0, f"scharnierd ended with status {status}"

    def message(self, stem, now_ms=None, **fields):
        return Message(self.region, self.region.party(stem), now_ms or self.now_ms(), **fields)

    def setUp(self):
        self.clients = []
        self.addCleanup(self.close_clients)
        self.linde = self.connect("linde")
        self.directory = Directory(self.linde.directory(self.region.name).content)

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
        made = self.region.client(stem)
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
        return self.message(stem, **values).with_letter(REFERRAL_SECTIONS)

    def feedback(self, stem, dossier, kind, to=LINDE, copies=(NURSE,), **fields):
        return self.message(stem, kind=kind, dossier=dossier, receiver=to, copies=list(copies), **fields)

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
        plain = sealing.open_letter(seal, delivery.header, body, mailbox,
                                    self.region.party(seal_stem).seal[1])
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
