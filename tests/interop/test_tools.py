"""scharnier(1) and the Python side: each reads the keys, directories and letters of the other."""

import json
import os
import subprocess
import unittest

import nacl.bindings as sodium

import client
import seal as sealing
from client import date, uuid7
from region import BUILD, Directory, Region

pb = client.pb
LINDE, NORTH = "agb:01000001", "agb:06290713"
PROGRAM = BUILD / "bin" / "scharnier"


@unittest.skipUnless(os.access(PROGRAM, os.X_OK), f"{PROGRAM} is not built")
class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.region = Region()
        try:
            cls.region.start()
        except Exception:
            cls.region.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.region.close()

    def run_tool(self, *arguments, status=0):
        done = subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, timeout=60,
                              cwd=self.region.folder, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def test_key_files(self):
        for use, size in (("transport", 32), ("sign", 64), ("seal", 32)):
            path = self.region.folder / f"made-{use}.key"
            self.run_tool("keygen", "--use", use, path)
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            word, digits = path.read_text().split()
            public_word, public = (self.region.folder / f"made-{use}.key.pub").read_text().split()
            self.assertEqual((word, public_word), (f"scharnier-{use}-key", f"scharnier-{use}-public"))
            secret = bytes.fromhex(digits)
            self.assertEqual(len(secret), size)
            expected = (sodium.crypto_sign_ed25519_sk_to_pk(secret) if use == "sign"
                        else sodium.crypto_scalarmult_base(secret))
            self.assertEqual(bytes.fromhex(public), expected)

    def test_directory_signed_by_the_tool(self):
        path = self.region.folder / "signed.ini"
        path.write_text(self.region.directory_text())
        self.run_tool("directory", "sign", path, "--key", "keys/region.key")
        signature = bytes.fromhex((self.region.folder / "signed.ini.sig").read_text().strip())
        sealing.verify_directory(path.read_bytes(), signature, self.region.key[0])

    def test_directory_signed_here(self):
        self.run_tool("directory", "verify", "region.ini", "--key", "keys/region.key.pub")
        false = self.region.folder / "false.ini"
        false.write_text(self.region.directory_text() + "; changed\n")
        (self.region.folder / "false.ini.sig").write_text((self.region.folder / "region.ini.sig").read_text())
        self.run_tool("directory", "verify", "false.ini", "--key", "keys/region.key.pub", status=6)

    def test_letter_sent_by_the_tool(self):
        config = self.region.write_client_config("linde")
        self.run_tool("referral", "send", "--config", config, "--key", "tool-1", "--to", NORTH, "--section",
                      "question=Graag uw oordeel.", "--section", "reason=Somber.", "--fact", "author_role=GP")
        with self.region.client("noordrand") as north:
            north.hello()
            directory = Directory(north.directory(self.region.name).content)
            north.attach(NORTH)
            delivery, body = north.next_delivery()
            seal = client.read_seal(delivery.seal)
            sealing.verify(seal, delivery.header, body, directory.public(seal.signing_key))
            letter = pb.Letter.FromString(sealing.open_letter(
                seal, delivery.header, body, NORTH, self.region.party("noordrand").seal[1]))
            self.assertEqual({s.code: s.text for s in letter.sections}, {0: "Graag uw oordeel.",
                                                                          1: "Somber."})
            north.settle(NORTH, pb.Header.FromString(delivery.header).id, pb.VERDICT_COLLECTED)
            north.attach()

    def test_letter_read_by_the_tool(self):
        haven, linde = "agb:94000001", self.region.party("linde")
        with self.region.client("linde") as practice:
            now = practice.hello().time_ms
            directory = Directory(practice.directory(self.region.name).content)
            header = pb.Header(version=1, id=uuid7(now), kind=pb.KIND_REFERRAL, sender=LINDE, receiver=haven,
                               urgency=pb.URGENCY_ROUTINE, letter_date=date(now), sections=1 << 0,
                               sections_known=True).SerializeToString()
            seal, body = sealing.make(header, client.letter_bytes({0: "Wat is er aan de hand?"}),
                                      [(haven, *directory.seal_key(haven))], "linde-sign", linde.sign[1])
            receipt = practice.submit(header, client.seal_bytes(seal), body)
        config = self.region.write_client_config("haven")
        shown = self.run_tool("inbox", "read", receipt.kenmerk, "--ack", "--json", "--config", config)
        self.assertIn("Wat is er aan de hand?", json.dumps(json.loads(shown), ensure_ascii=False))


if __name__ == "__main__":
    unittest.main()
