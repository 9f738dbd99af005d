"""A region for tests: keys, a signed directory, a configuration, and a broker on loopback.

`Region` makes everything in a temporary directory and stops the broker by its pid. It needs the programs of
a build (SCHARNIER_BUILD, by default build/release).
"""

import configparser
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import nacl.bindings as sodium

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import seal as sealing  # noqa: E402
from client import Client, NoAnswer  # noqa: E402
from ports import free_port  # noqa: E402

BUILD = Path(os.environ.get("SCHARNIER_BUILD", ROOT / "build" / "release"))


@dataclass
class Party:
    """A party with its key pairs: (public, secret)."""

    address: str
    kind: str
    name: str
    stem: str
    gp: bool = False
    own_seal: bool = True
    acts_for: tuple = ()
    transport: tuple = field(default_factory=lambda: sodium.crypto_box_keypair())
    sign: tuple = field(default_factory=lambda: sodium.crypto_sign_keypair())
    seal: tuple = field(default_factory=lambda: sodium.crypto_box_keypair())


def parties():
    """Two practices, one with a POH, three providers of two kinds, a wijkteam and a coordinator."""
    return [
        Party("agb:01000001", "GP_PRACTICE", "Praktijk De Linde", "linde", gp=True,
              acts_for=("agb:01000001/poh-ggz",)),
        Party("agb:01000001/poh-ggz", "POH_GGZ", "POH-GGZ De Linde", "linde-poh"),
        Party("agb:01000002", "GP_PRACTICE", "Praktijk Het Veer", "veer", gp=True),
        Party("agb:06290713", "S_GGZ", "GGZ Noordrand", "noordrand"),
        Party("agb:06290713/ouderen", "S_GGZ", "GGZ Noordrand, ouderen", "ouderen", own_seal=False),
        Party("agb:94000001", "GB_GGZ", "Praktijk Haven", "haven"),
        Party("gemeente:0344/wijkteam-zuid", "WIJKTEAM", "Wijkteam Zuid", "wijkteam"),
        Party("regio:utrecht/coordinator", "COORDINATOR", "Coordinator Utrecht", "coordinator"),
    ]


def write_key(path, use, pair):
    path.write_text(f"scharnier-{use}-key {pair[1].hex()}\n")
    path.chmod(0o600)
    Path(str(path) + ".pub").write_text(f"scharnier-{use}-public {pair[0].hex()}\n")


class Region:
    def __init__(self, name="utrecht"):
        self.name = name
        self.parties = parties()
        self.key = sodium.crypto_sign_keypair()
        self.broker_key = sodium.crypto_box_keypair()
        self.serial = 0
        self.revoked = set()
        self.process = None
        self.folder = Path(tempfile.mkdtemp(prefix="sch-region-"))
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        (self.folder / "keys").mkdir(mode=0o700)
        (self.folder / "store").mkdir(mode=0o700)
        write_key(self.folder / "keys" / "broker.key", "transport", self.broker_key)
        write_key(self.folder / "keys" / "region.key", "sign", self.key)
        for party in self.parties:
            for use in ("transport", "sign", "seal"):
                write_key(self.folder / "keys" / f"{party.stem}-{use}.key", use, getattr(party, use))
        self.write_directory()
        self.write_config()

    def party(self, stem):
        return next(p for p in self.parties if p.stem == stem)

    # Files.

    def directory_text(self):
        text = f"[directory]\nregion = {self.name}\nserial = {self.serial}\nnot_after = 2099-01-01\n"
        for p in self.parties:
            text += f"\n[party {p.address}]\nname = {p.name}\nkind = {p.kind}\n"
        for p in self.parties:
            acts_for = ",\n    ".join((p.address,) + p.acts_for)
            text += self.key_text(f"{p.stem}-transport", "transport", p.transport, f"acts_for = {acts_for}\n")
            text += self.key_text(f"{p.stem}-sign", "sign", p.sign,
                                  f"party = {p.address}\n" + ("gp = yes\n" if p.gp else ""))
            if p.own_seal:
                text += self.key_text(f"{p.stem}-seal", "seal", p.seal, f"party = {p.address}\n")
        return text

    def key_text(self, key_id, use, pair, more):
        revoked = "revoked = yes\n" if key_id in self.revoked else ""
        return f"\n[key {key_id}]\nuse = {use}\npublic = {pair[0].hex()}\n{more}{revoked}"

    def write_directory(self):
        self.serial += 1
        content = self.directory_text().encode()
        path = self.folder / "region.ini"
        path.write_bytes(content)
        signature = sealing.sign_directory(content, self.key[1])
        Path(str(path) + ".sig").write_text(signature.hex() + "\n")

    def write_config(self):
        norms = ROOT / "adapters" / "norms"
        self.config = self.folder / "scharnierd.conf"
        self.config.write_text(
            f"[broker]\nlisten = {self.endpoint}\ncurve_key = keys/broker.key\nstore = store\n"
            f"verify_signatures = yes\nreserve = 1M\nmap_size = 256M\nlog_level = info\n"
            f"[region {self.name}]\ndirectory = region.ini\nkey = {self.key[0].hex()}\n"
            f"[norms]\nfile = {norms / 'nl.ini'}\n[permits]\nfile = {norms / 'permits.ini'}\n"
            f"[http]\nlisten = none\n[clock]\ne1_hold = 0s\n")

    def write_client_config(self, stem, mailboxes=None):
        """A configuration of libscharnier for a party, as adapters/examples/client.conf explains it."""
        party = self.party(stem)
        path = self.folder / f"{stem}.conf"
        text = (f"[broker]\nendpoint = {self.endpoint}\nserver_key = {self.broker_key[0].hex()}\n"
                f"[region {self.name}]\nkey = {self.key[0].hex()}\n"
                f"[client]\ntransport_key = keys/{stem}-transport.key\nstate = state-{stem}\n")
        for p in [party] + [q for q in self.parties if q.address in (mailboxes or ())]:
            text += (f"[mailbox {p.address}]\nsign_key = keys/{p.stem}-sign.key\n"
                     f"sign_key_id = {p.stem}-sign\nseal_key = keys/{p.stem}-seal.key\n")
        (self.folder / f"state-{stem}").mkdir(mode=0o700, exist_ok=True)
        path.write_text(text)
        return path

    # The broker.

    def start(self):
        log = open(self.folder / "scharnierd.log", "ab")
        self.process = subprocess.Popen([str(BUILD / "bin" / "scharnierd"), "--config", str(self.config)],
                                        stdout=log, stderr=log, cwd=self.folder)
        log.close()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError("scharnierd ended: " + self.log())
            try:
                with self.client("linde", timeout_s=1) as probe:
                    probe.hello()
                    return self
            except NoAnswer:
                continue
        raise RuntimeError("scharnierd does not answer: " + self.log())

    def publish(self):
        """Writes the directory anew with the next serial, and waits until the broker has it."""
        self.write_directory()
        os.kill(self.process.pid, signal.SIGHUP)
        until = time.monotonic() + 10
        with self.client("linde") as client:
            while client.hello().directories[0].serial != self.serial:
                if time.monotonic() > until:
                    raise RuntimeError("the directory was not reloaded: " + self.log())
                time.sleep(0.05)

    def log(self):
        return (self.folder / "scharnierd.log").read_text(errors="replace")

    def stop(self):
        """Ends the broker: SIGTERM drains, a second one does not wait for leases. Returns its exit status."""
        if self.process is None:
            return None
        for end, patience_s in ((self.process.terminate, 3), (self.process.terminate, 30), (self.process.kill, 5)):
            if self.process.poll() is None:
                end()
                try:
                    self.process.wait(patience_s)
                except subprocess.TimeoutExpired:
                    continue
        return self.process.wait(5)

    def close(self):
        status = self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def client(self, stem, timeout_s=30.0):
        return Client(self.endpoint, self.broker_key[0], self.party(stem).transport, timeout_s)


class Directory:
    """What a client reads in a verified directory."""

    def __init__(self, content):
        self.ini = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                             inline_comment_prefixes=(";",))
        self.ini.read_string(content.decode())

    def key(self, key_id):
        return self.ini["key " + key_id]

    def public(self, key_id):
        return bytes.fromhex(self.key(key_id)["public"])

    def seal_key(self, address):
        """(key id, public key) for an address: its own, or its organisation's."""
        organisation = address.split("/")[0] if address.startswith(("agb:", "kvk:")) else address
        for owner in (address, organisation):
            found = [s for s in self.ini.sections() if s.startswith("key ")
                     and self.ini[s]["use"] == "seal" and self.ini[s]["party"] == owner]
            if found:
                newest = max(found, key=lambda s: self.ini[s].get("valid_from", ""))
                return newest[4:], bytes.fromhex(self.ini[newest]["public"])
        raise KeyError("no seal key for " + address)
