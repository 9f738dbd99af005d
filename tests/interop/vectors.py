"""Reads proto/vectors/, and writes the vectors of this second implementation: vectors.py --print."""

import configparser
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST = ROOT / "proto" / "vectors" / "suite-1.ini"
PARTS = ROOT / "proto" / "vectors" / "suite-2.ini"
SECOND = ROOT / "proto" / "vectors" / "suite-1-second.ini"


def load(path=FIRST):
    ini = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    ini.read(path, encoding="utf-8")
    return ini


def data(section, name):
    return bytes.fromhex("".join(section[name].split()))


def write(name, value):
    digits = value.hex()
    lines = [digits[i:i + 96] for i in range(0, len(digits), 96)]
    print(f"{name} = " + "\n    ".join(lines))


def main():
    """A letter that Python seals with the keys of the first file; C opens it (tests/unit/test_vectors.c)."""
    import client
    import seal as sealing

    first = load()
    keys, letter = first["keys"], first["letter"]
    recipients = [("agb:06290713", "noordrand-seal", data(keys, "provider_seal_public")),
                  ("agb:01234567/poh-ggz", "linde-poh-seal", data(keys, "nurse_seal_public"))]
    text = client.letter_bytes({0: "Graag uw oordeel.", 4: "Geen acuut gevaar."},
                               [("text/plain", "brief.txt", b"Een brief uit een ander systeem.")])
    seal, body = sealing.make(data(letter, "header"), text, recipients, "linde-gp-sign",
                              data(keys, "gp_sign_secret"))
    print("# A letter sealed by tests/interop/seal.py for the keys of suite-1.ini; test_vectors.c opens it.")
    print("# Written by tests/interop/vectors.py --print.\n\n[letter]")
    write("header", data(letter, "header"))
    write("letter", text)
    write("body", body)
    write("seal", client.seal_bytes(seal))


if __name__ == "__main__":
    if sys.argv[1:] != ["--print"]:
        sys.exit("usage: vectors.py --print")
    main()
