"""What needs no broker: the vectors by a second implementation, and the bytes of PROTOCOL.md."""

import re
import unittest

import client
import seal as sealing
from vectors import PARTS, ROOT, SECOND, data, load

pb = client.pb


class Vectors(unittest.TestCase):
    def setUp(self):
        self.vectors = load()
        self.keys = self.vectors["keys"]

    def seal_of(self, section):
        return client.read_seal(data(self.vectors[section], "seal"))

    def test_letter_values(self):
        v = self.vectors["letter"]
        header, letter, key = (data(v, n) for n in ("header", "letter", "content_key"))
        seal = self.seal_of("letter")
        h = sealing.header_hash(seal, header)
        self.assertEqual(h, data(v, "h"))
        self.assertEqual(sealing.encryption_key(key, h), data(v, "encryption_key"))
        self.assertEqual(sealing.commitment(key, h), data(v, "commitment"))
        self.assertEqual(len(sealing.pad(letter)), int(v["padded_size"]))
        self.assertEqual([f"{s.address} {s.key_id}" for s in seal.stanzas], v["recipients"].split(", "))
        self.assertEqual([s.sealed_key for s in seal.stanzas],
                         [data(v, "sealed_key_1"), data(v, "sealed_key_2")])
        self.assertEqual(sealing.signed_text(seal, header, data(v, "body")), data(v, "signed"))
        self.assertEqual(sealing.sign(data(v, "signed"), data(self.keys, "gp_sign_secret")),
                         data(v, "signature"))

    def test_letter_made_again(self):
        """All but the sealed boxes, which hold chance of their own, comes out alike."""
        v = self.vectors["letter"]
        recipients = [(a, i, data(self.keys, k)) for (a, i), k in zip(
            (r.split() for r in v["recipients"].split(", ")), ("provider_seal_public", "nurse_seal_public"))]
        seal, body = sealing.make(data(v, "header"), data(v, "letter"), recipients, v["signing_key"],
                                  data(self.keys, "gp_sign_secret"), data(v, "content_key"), data(v, "nonce"))
        self.assertEqual(body, data(v, "body"))
        self.assertEqual(seal.commitment, data(v, "commitment"))

    def test_c_letter_opens(self):
        v = self.vectors["letter"]
        header, body, seal = data(v, "header"), data(v, "body"), self.seal_of("letter")
        sealing.verify(seal, header, body, data(self.keys, "gp_sign_public"))
        for address, key in (("agb:06290713", "provider_seal_secret"),
                             ("agb:01234567/poh-ggz", "nurse_seal_secret")):
            opened = sealing.open_letter(seal, header, body, address, data(self.keys, key))
            self.assertEqual(opened, data(v, "letter"))
        letter = pb.Letter.FromString(opened)
        self.assertEqual([s.code for s in letter.sections], [0, 1])

    def test_changes_are_noticed(self):
        v = self.vectors["letter"]
        header, body, public = data(v, "header"), data(v, "body"), data(self.keys, "gp_sign_public")
        flip = lambda x, i: x[:i] + bytes([x[i] ^ 1]) + x[i + 1:]
        for index in range(len(header)):
            with self.assertRaises(sealing.SealError):
                sealing.verify(self.seal_of("letter"), flip(header, index), body, public)
        for index in (0, 24, len(body) - 1):
            with self.assertRaises(sealing.SealError):
                sealing.verify(self.seal_of("letter"), header, flip(body, index), public)
        seal = self.seal_of("letter")
        seal.stanzas.reverse()
        with self.assertRaises(sealing.SealError):
            sealing.verify(seal, header, body, public)
        with self.assertRaises(sealing.SealError):
            sealing.open_letter(self.seal_of("letter"), header, body, "agb:06290713",
                                data(self.keys, "practice_seal_secret"))

    def test_message_without_letter(self):
        v = self.vectors["no-letter"]
        seal = self.seal_of("no-letter")
        self.assertEqual(sealing.header_hash(seal, data(v, "header")), data(v, "h"))
        sealing.verify(seal, data(v, "header"), b"", data(self.keys, "provider_sign_public"))
        made, body = sealing.make(data(v, "header"), b"", [], "noordrand-sign",
                                  data(self.keys, "provider_sign_secret"))
        self.assertEqual((client.seal_bytes(made), body), (data(v, "seal"), b""))

    def test_directory(self):
        v = self.vectors["directory"]
        content = data(v, "content")
        self.assertEqual(sealing.blake2b(content), data(v, "hash"))
        self.assertEqual(sealing.sign_directory(content, data(self.keys, "region_secret")),
                         data(v, "signature"))
        sealing.verify_directory(content, data(v, "signature"), data(self.keys, "region_public"))
        with self.assertRaises(sealing.SealError):
            sealing.verify_directory(content + b"\n", data(v, "signature"), data(self.keys, "region_public"))

    def test_own_letter_is_whole(self):
        """The file that the C test opens is one that this implementation opens too."""
        v = load(SECOND)["letter"]
        seal = client.read_seal(data(v, "seal"))
        sealing.verify(seal, data(v, "header"), data(v, "body"), data(self.keys, "gp_sign_public"))
        self.assertEqual(sealing.open_letter(seal, data(v, "header"), data(v, "body"), "agb:06290713",
                                             data(self.keys, "provider_seal_secret")), data(v, "letter"))


class PartVectors(unittest.TestCase):
    """Suite 2: the letter is made by its rule, and what comes of it has the hashes of the file."""

    @classmethod
    def setUpClass(cls):
        cls.v = load(PARTS)["letter"]
        cls.keys = load()["keys"]
        cls.header, cls.content_key, cls.start = (data(cls.v, n) for n in ("header", "content_key", "start"))
        cls.letter = client.letter_bytes({0: "Zie de bijlage."}, [
            ("application/octet-stream", "scan.bin",
             bytes((31 * i + i // 251) % 256 for i in range(300000)))])
        cls.seal = client.read_seal(data(cls.v, "seal"))
        recipients = [(a, i, data(cls.keys, k)) for (a, i), k in zip(
            (r.split() for r in cls.v["recipients"].split(", ")),
            ("provider_seal_public", "nurse_seal_public"))]
        cls.made, cls.parts = sealing.make_parts(cls.header, cls.letter, recipients, cls.v["signing_key"],
                                                 data(cls.keys, "gp_sign_secret"), cls.content_key, cls.start)

    def test_values(self):
        v, h = self.v, sealing.header_hash(self.seal, self.header)
        self.assertEqual((len(self.letter), sealing.blake2b(self.letter)),
                         (int(v["letter_size"]), data(v, "letter_hash")))
        self.assertEqual(len(sealing.pad(self.letter)), int(v["padded_size"]))
        self.assertEqual(h, data(v, "h"))
        self.assertEqual(sealing.encryption_key(self.content_key, h, 2), data(v, "encryption_key"))
        self.assertEqual(sealing.commitment(self.content_key, h, 2), data(v, "commitment"))
        self.assertEqual([len(p) for p in self.parts], [int(v["part_size_1"]), int(v["part_size_2"])])
        self.assertEqual([sealing.blake2b(p) for p in self.parts],
                         [data(v, "part_hash_1"), data(v, "part_hash_2")])
        digest = sealing.digest(self.parts)
        self.assertEqual(sealing.signed_text(self.seal, self.header, digest), data(v, "signed"))
        self.assertEqual(sealing.sign(data(v, "signed"), data(self.keys, "gp_sign_secret")),
                         data(v, "signature"))
        self.assertEqual(sealing.message_hash(self.header, data(v, "seal"), digest), data(v, "message_hash"))

    def test_opens(self):
        sealing.verify_parts(self.seal, self.header, self.parts, data(self.keys, "gp_sign_public"))
        for address, key in (("agb:06290713", "provider_seal_secret"),
                             ("agb:01234567/poh-ggz", "nurse_seal_secret")):
            self.assertEqual(sealing.open_parts(self.seal, self.header, self.parts, address,
                                                data(self.keys, key)), self.letter)

    def test_changes_are_noticed(self):
        one, two = self.parts
        public, secret = data(self.keys, "gp_sign_public"), data(self.keys, "provider_seal_secret")
        flip = lambda x, i: x[:i] + bytes([x[i] ^ 1]) + x[i + 1:]
        for parts in ([two, one], [one], [one, two, two], [one, one], [flip(one, 30), two],
                      [one, flip(two, len(two) - 1)]):
            with self.assertRaises(sealing.SealError):
                sealing.verify_parts(self.seal, self.header, parts, public)
            with self.assertRaises(sealing.SealError):
                sealing.open_parts(self.seal, self.header, parts, "agb:06290713", secret)


class Exchange(unittest.TestCase):
    """The worked exchange of PROTOCOL.md, read by protobuf's own decoder."""

    def setUp(self):
        text = (ROOT / "proto" / "PROTOCOL.md").read_text(encoding="utf-8")
        self.frames = {name: bytes.fromhex("".join(digits.split())) for name, digits in re.findall(
            r"<!-- begin ([a-z-]+) -->\n```hex\n([0-9a-f\n]+)```\n<!-- end", text)}
        self.vectors = load()

    def command(self, name):
        command = pb.Command.FromString(self.frames[name])
        self.assertEqual(command.WhichOneof("command"), name)
        self.assertEqual(command.SerializeToString(), self.frames[name], "not the canonical bytes")
        return getattr(command, name)

    def reply(self, name, request):
        reply = pb.Reply.FromString(self.frames[name])
        self.assertEqual((reply.WhichOneof("reply"), reply.request), (name, request))
        self.assertEqual(reply.SerializeToString(), self.frames[name], "not the canonical bytes")
        return getattr(reply, name)

    def test_session(self):
        hello = self.command("hello")
        self.assertEqual((hello.version_min, hello.version_max, len(hello.instance)), (1, 1, 16))
        welcome = self.reply("welcome", 1)
        self.assertEqual((welcome.version, welcome.clock_rate, welcome.key_id), (1, 1, "linde-transport"))
        self.assertEqual(list(welcome.acts_for), ["agb:01234567", "agb:01234567/poh-ggz"])
        self.assertEqual([(d.region, d.serial) for d in welcome.directories], [("utrecht", 1)])

    def test_submission(self):
        submit = self.command("submit")
        header = pb.Header.FromString(submit.header)
        self.assertEqual((header.version, header.kind, header.sender, header.receiver),
                         (1, pb.KIND_REFERRAL, "agb:01234567", "agb:06290713"))
        self.assertEqual((header.sections, header.sections_known), (3, True))
        sealing.verify(client.read_seal(submit.seal), submit.header, data(self.vectors["letter"], "body"),
                       data(self.vectors["keys"], "gp_sign_public"))
        receipt = self.reply("receipt", 2)
        self.assertEqual((receipt.message_id, receipt.dossier), (header.id, header.id))
        self.assertRegex(receipt.kenmerk, r"^SN-[0-9A-Z]{4}-[0-9A-Z]{4}$")
        rejection = self.reply("rejection", 2)
        self.assertEqual((rejection.code, rejection.name, rejection.field),
                         (2101, "UNKNOWN_RECEIVER", "header.receiver"))

    def test_collection(self):
        attach = self.command("attach")
        attached = self.reply("attached", 2)
        self.assertEqual((list(attach.mailboxes), attach.credit_messages, attach.credit_bytes),
                         (list(attached.mailboxes), attached.credit_messages, attached.credit_bytes))
        submit, delivery = self.command("submit"), self.reply("delivery", 0)
        self.assertEqual((delivery.header, delivery.seal), (submit.header, submit.seal))
        settle, settled = self.command("settle"), self.reply("settled", 3)
        self.assertEqual((settle.message_id, settle.verdict), (settled.message_id, pb.VERDICT_COLLECTED))
        self.assertEqual(settled.state, pb.DELIVERY_COLLECTED)
        self.assertEqual(self.reply("status", 0).message_id, settle.message_id)

    def test_every_frame_is_shown(self):
        expected = set(self.vectors["exchange"]) | {"header", "letter", "h", "signature", "seal"}
        self.assertEqual(set(self.frames), expected)


if __name__ == "__main__":
    unittest.main()
