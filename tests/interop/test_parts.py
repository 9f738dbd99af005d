"""Large letters in parts: up and down, connections and a broker that end in between, and who may do what."""

import os
import unittest

import client
import seal as sealing
from broker_case import HAVEN, LINDE, NORTH, VEER, REFERRAL_SECTIONS, BrokerTest
from client import Rejected

pb = client.pb
CONTENT_SIZE = 5 * sealing.PART_SIZE
COUNT = 6


class Parts(BrokerTest):
    def large(self, size=CONTENT_SIZE, **fields):
        """A referral with a letter in parts: (message, header, seal, parts)."""
        content = os.urandom(size)
        message = self.referral(copies=(), **fields).with_letter(
            REFERRAL_SECTIONS, [("application/octet-stream", "scan.bin", content)])
        return message, *message.sealed_parts(self.directory)

    def drop(self, each):
        """Ends a connection without a word."""
        self.clients.remove(each)
        each.close()

    def upload(self, by, upload, parts, indices=None):
        missing = None
        for index in indices if indices is not None else range(len(parts)):
            missing = by.part(LINDE, upload, index, len(parts), parts[index])
        return missing

    def sent(self, **fields):
        """A large letter that the broker has: (message, parts, receipt)."""
        message, header, seal, parts = self.large(**fields)
        upload = os.urandom(16)
        self.assertEqual(self.upload(self.linde, upload, parts), [])
        return message, parts, self.linde.submit_upload(header, seal, upload)

    def next_large(self, by, message):
        """The delivery of this message; others are settled on the way."""
        while True:
            delivery, body = by.next_delivery()
            header = pb.Header.FromString(delivery.header)
            if header.id == message.header.id:
                self.assertEqual(body, b"")
                return delivery
            by.settle(delivery.mailbox, header.id, pb.VERDICT_COLLECTED)

    def read(self, delivery, parts, mailbox, stem):
        seal = client.read_seal(delivery.seal)
        signer = self.directory.key(seal.signing_key)
        sealing.verify_parts(seal, delivery.header, parts, bytes.fromhex(signer["public"]))
        return pb.Letter.FromString(sealing.open_parts(seal, delivery.header, parts, mailbox,
                                                       self.region.party(stem).seal[1]))

    def test_up_and_down_with_cuts(self):
        message, header, seal, parts = self.large()
        upload = os.urandom(16)
        self.assertEqual(len(parts), COUNT)
        self.assertEqual(self.linde.welcome.part_size, sealing.PART_SIZE)
        self.assertEqual(self.upload(self.linde, upload, parts, (0, 3, 1)), [2, 4, 5])
        self.drop(self.linde)
        self.linde = self.connect("linde")
        self.assertRejected("UPLOAD_MISSING", "submit.upload", self.linde.submit_upload, header, seal, upload)
        self.assertEqual(self.linde.part(LINDE, upload, 0, COUNT), [2, 4, 5])
        # The broker ends and comes back: what it said it has, it has.
        self.drop(self.linde)
        self.assertEqual(self.region.stop(), 0)
        self.region.start()
        self.linde = self.connect("linde")
        self.assertEqual(self.linde.part(LINDE, upload, 0, COUNT), [2, 4, 5])
        self.assertEqual(self.upload(self.linde, upload, parts, (5, 2, 3)), [4])
        self.assertEqual(self.upload(self.linde, upload, parts, (4,)), [])
        receipt = self.linde.submit_upload(header, seal, upload)
        self.assertFalse(receipt.duplicate)
        again = self.linde.submit_upload(header, seal, upload)
        self.assertTrue(again.duplicate, "receipted once more, though its parts are used up")
        self.assertEqual(again.kenmerk, receipt.kenmerk)

        north = self.connect("noordrand", NORTH)
        delivery = self.next_large(north, message)
        self.assertEqual((delivery.header, delivery.seal, delivery.part_count), (header, seal, COUNT))
        fetched = {}
        for index in (0, 4, 2):
            count, fetched[index] = north.fetch(NORTH, message.header.id, index)
            self.assertEqual(count, COUNT)
        self.drop(north)
        instance, north = north.instance, self.region.client("noordrand")
        self.clients.append(north)
        north.instance = instance           # ends the former session, and its leases, at once
        north.hello()
        north.attach(NORTH)
        delivery = self.next_large(north, message)
        self.assertTrue(delivery.redelivered)
        for index in (1, 3, 5):
            fetched[index] = north.fetch(NORTH, message.header.id, index)[1]
        got = [fetched[i] for i in range(COUNT)]
        self.assertEqual(got, parts, "the very bytes")
        letter = self.read(delivery, got, NORTH, "noordrand")
        self.assertEqual(len(letter.attachments[0].content), CONTENT_SIZE)
        self.assertEqual(letter.SerializeToString(), message.letter)
        settled = north.settle(NORTH, message.header.id, pb.VERDICT_COLLECTED)
        self.assertEqual(settled.state, pb.DELIVERY_COLLECTED)
        self.assertRejected("UNKNOWN_MESSAGE", "fetch.message_id", north.fetch, NORTH, message.header.id, 0)

    def test_who_may_fetch(self):
        message, _, _ = self.sent()
        message_id = message.header.id
        north, haven = self.connect("noordrand", NORTH), self.connect("haven", HAVEN)
        self.next_large(north, message)
        self.assertRejected("NOT_YOURS", "fetch.mailbox", haven.fetch, NORTH, message_id, 0)
        self.assertRejected("UNKNOWN_MESSAGE", "fetch.message_id", haven.fetch, HAVEN, message_id, 0)
        self.assertRejected("UNKNOWN_MESSAGE", "fetch.message_id", self.linde.fetch, LINDE, message_id, 0)
        self.assertRejected("FIELD_INVALID", "fetch.index", north.fetch, NORTH, message_id, COUNT)
        self.assertEqual(len(north.fetch(NORTH, message_id, COUNT - 1)[1]) <= sealing.PART_SIZE, True)
        north.settle(NORTH, message_id, pb.VERDICT_COLLECTED)

    def test_uploads_are_their_senders(self):
        _, header, seal, parts = self.large()
        upload = os.urandom(16)
        self.upload(self.linde, upload, parts)
        veer = self.connect("veer")
        self.assertRejected("NOT_YOURS", "part.sender", veer.part, LINDE, upload, 0, COUNT)
        self.assertEqual(veer.part(VEER, upload, 0, COUNT), list(range(COUNT)), "another's cannot be seen")
        self.assertRejected("NOT_YOURS", "header.sender", veer.submit_upload, header, seal, upload)
        self.linde.submit_upload(header, seal, upload)

    def test_parts_of_other_forms(self):
        _, header, seal, parts = self.large()
        upload = os.urandom(16)
        self.assertRejected("FIELD_INVALID", "part.count", self.linde.part, LINDE, upload, 0, 129, parts[0])
        self.assertRejected("FIELD_INVALID", "part.index", self.linde.part, LINDE, upload, COUNT, COUNT,
                            parts[0])
        self.assertRejected("TOO_LARGE", "body", self.linde.part, LINDE, upload, 0, COUNT, parts[0] + b"x")
        self.assertRejected("FIELD_INVALID", "body", self.linde.part, LINDE, upload, 0, COUNT, parts[0][:-1])
        # Swapped parts are stored, for the broker opens none, but the signature does not fit them.
        self.upload(self.linde, upload, [parts[1], parts[0], *parts[2:]])
        self.assertRejected("SIGNATURE", "seal.signature", self.linde.submit_upload, header, seal, upload)
        self.upload(self.linde, upload, parts, (0, 1))
        self.linde.submit_upload(header, seal, upload)

    def test_suites_and_bodies(self):
        _, header, seal, parts = self.large()
        small_header, small_seal, body = self.referral().sealed(self.directory)
        upload = os.urandom(16)
        self.upload(self.linde, upload, parts)
        self.assertRejected("FIELD_INVALID", "seal.suite", self.linde.submit, header, seal, parts[0])
        self.assertRejected("FIELD_INVALID", "seal.suite", self.linde.submit_upload, small_header,
                            client.seal_bytes(small_seal), upload)
        with self.assertRaises(Rejected) as caught:
            self.linde.call("submit", pb.Submit(header=header, seal=seal, upload=upload), body)
        self.assertEqual((caught.exception.name, caught.exception.field), ("PROTOCOL", "body"))

    def test_the_largest_and_one_more(self):
        """32 MiB of sealed parts pass; one byte of letter more, and with it a block of padding, does not."""
        room = 128 * sealing.PART_SIZE - sealing.START_SIZE - 128 * sealing.OVERHEAD
        most = room // sealing.BLOCK * sealing.BLOCK - 1
        probe = self.referral().with_letter(REFERRAL_SECTIONS, [
            ("application/octet-stream", "scan.bin", bytes(1 << 24))])
        over = len(probe.letter) - (1 << 24)
        message, header, seal, parts = self.large(most - over)
        self.assertEqual((len(message.letter), len(parts)), (most, 128))
        upload = os.urandom(16)
        self.assertEqual(self.upload(self.linde, upload, parts), [])
        self.linde.submit_upload(header, seal, upload)
        north = self.connect("noordrand", NORTH)
        delivery = self.next_large(north, message)
        got = [north.fetch(NORTH, message.header.id, i)[1] for i in range(128)]
        self.assertEqual(self.read(delivery, got, NORTH, "noordrand").SerializeToString(), message.letter)
        north.settle(NORTH, message.header.id, pb.VERDICT_COLLECTED)
        message, header, seal, parts = self.large(most - over + 1)
        self.assertEqual(len(parts), 129)
        self.assertRejected("FIELD_INVALID", "part.count", self.linde.part, LINDE, os.urandom(16), 0, 129,
                            parts[0])
        with self.assertRaises(Rejected) as caught:
            self.linde.submit_upload(header, seal, os.urandom(16))
        self.assertIn(caught.exception.field, ("seal.padded_size", "submit.upload"))


if __name__ == "__main__":
    unittest.main()
