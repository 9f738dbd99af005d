"""Networks that are cut: the broker and each party in a network namespace of its own, joined by veth.

A link goes down at either end, so that packets meet no route, or a wire that swallows them; packets are lost
at random by netem or nftables, whichever there is. Names of namespaces carry the pid of this process, so runs
beside each other do not meet.
"""

import os
import shutil
import subprocess
import time

from scenes import Scene, expect

LOSS_PERCENT = 20
LONG_S = 40                 # longer than heartbeats (30 s) and pings (20 s) wait
SHORT_CUTS = 6


def ip(*words):
    return subprocess.run(["ip"] + [str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


def must(done):
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(done.args)}: {done.stdout}")


class Net:
    """A star: the broker's namespace in the middle, a link to each party."""

    def __init__(self, names):
        self.hub = f"sch{os.getpid()}-broker"
        self.leaf = {name: f"sch{os.getpid()}-{name}" for name in names}
        self.link = {name: f"v{i}" for i, name in enumerate(names)}
        self.address = {name: f"10.213.{i}.1" for i, name in enumerate(names)}

    def build(self):
        must(ip("netns", "add", self.hub))
        must(ip("-n", self.hub, "link", "set", "lo", "up"))
        for i, (name, leaf) in enumerate(self.leaf.items()):
            must(ip("netns", "add", leaf))
            must(ip("-n", self.hub, "link", "add", self.link[name], "type", "veth",
                    "peer", "name", "wire", "netns", leaf))
            must(ip("-n", self.hub, "addr", "add", f"10.213.{i}.1/30", "dev", self.link[name]))
            must(ip("-n", leaf, "addr", "add", f"10.213.{i}.2/30", "dev", "wire"))
            self.join(name)

    def end(self, name, at_broker):
        return (self.hub, self.link[name]) if at_broker else (self.leaf[name], "wire")

    def cut(self, name, at_broker):
        namespace, device = self.end(name, at_broker)
        must(ip("-n", namespace, "link", "set", "dev", device, "down"))

    def join(self, name):
        for at_broker in (True, False):
            namespace, device = self.end(name, at_broker)
            must(ip("-n", namespace, "link", "set", "dev", device, "up"))

    def lose(self, name):
        """Loses packets both ways. By which means, or None: there is none."""
        leaf = self.leaf[name]
        netem = ["tc", "-n", leaf, "qdisc", "add", "dev", "wire", "root", "netem", "loss", f"{LOSS_PERCENT}%"]
        if shutil.which("tc") and subprocess.run(netem, stderr=subprocess.DEVNULL).returncode == 0:
            must(subprocess.run(["tc", "-n", self.hub] + netem[3:6] + [self.link[name]] + netem[7:]))
            return "netem"
        if not shutil.which("nft"):
            return None
        rules = "".join(f"add chain inet loss {way} {{ type filter hook {way} priority 0 ; }}\n"
                        f"add rule inet loss {way} numgen random mod 100 < {LOSS_PERCENT} drop\n"
                        for way in ("input", "output"))
        done = subprocess.run(["ip", "netns", "exec", leaf, "nft", "-f", "-"], text=True,
                              input="add table inet loss\n" + rules, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return "nftables" if done.returncode == 0 else None

    def lose_no_more(self, name, by):
        leaf = self.leaf[name]
        if by == "netem":
            must(subprocess.run(["tc", "-n", leaf, "qdisc", "del", "dev", "wire", "root"]))
            must(subprocess.run(["tc", "-n", self.hub, "qdisc", "del", "dev", self.link[name], "root"]))
        elif by == "nftables":
            must(ip("netns", "exec", leaf, "nft", "delete", "table", "inet", "loss"))

    def clean(self):
        for namespace in [self.hub] + list(self.leaf.values()):
            ip("netns", "del", namespace)


class Cuts(Scene):
    """Links between namespaces lose packets and are cut, short and long; the broker is killed behind one."""

    name = "cuts"
    net = None

    def lacks(self):
        if os.geteuid() != 0:
            return "network namespaces need root"
        for tool in ("ip", "curl"):
            if not shutil.which(tool):
                return f"{tool} is not installed"
        probe = f"sch{os.getpid()}-probe"
        done = ip("netns", "add", probe)
        ip("netns", "del", probe)
        return f"no network namespaces here: {done.stdout.strip()}" if done.returncode != 0 else None

    def prepare(self, stage):
        self.net = Net([p.name for p in stage.adapters])
        self.net.build()
        region, enter = stage.region, ["ip", "netns", "exec"]
        region.prefix = stage.broker.prefix = enter + [self.net.hub]
        port = region.endpoint.rpartition(":")[2]
        self.readdress(region.config, region.endpoint, f"tcp://0.0.0.0:{port}")
        for process in stage.adapters:
            process.prefix = enter + [self.net.leaf[process.name]]
            self.readdress(region.folder / f"{process.name}.conf", region.endpoint,
                           f"tcp://{self.net.address[process.name]}:{port}")

    def readdress(self, path, old, new):
        path.write_text(path.read_text().replace(old, new))

    def clean(self, keep):
        if self.net is not None:
            self.net.clean()

    def play(self, stage):
        self.loss(stage)
        for _ in range(SHORT_CUTS):
            self.short(stage, stage.draw.sample(stage.adapters, stage.draw.randrange(1, 4)))
        self.short(stage, stage.adapters)
        self.long(stage)

    def loss(self, stage):
        names = [p.name for p in stage.adapters]
        by = {name: self.net.lose(name) for name in names}
        print(f"cuts: packets are lost by {by[names[0]] or 'nothing: neither netem nor nftables is here'}")
        stage.flows(40)
        for name in names:
            self.net.lose_no_more(name, by[name])

    def short(self, stage, parties):
        for party in parties:
            self.net.cut(party.name, at_broker=stage.draw.random() < 0.5)
        time.sleep(stage.draw.uniform(0.3, 3))
        for party in parties:
            self.net.join(party.name)
        stage.flows(5)

    def long(self, stage):
        receiver, sender, other = stage.named("noordrand"), stage.named("veer"), stage.named("linde")
        self.net.cut(receiver.name, at_broker=True)
        self.net.cut(sender.name, at_broker=False)
        time.sleep(2)
        letters, receipts = stage.letters(receiver), stage.receipts("r", [sender])
        stage.flows(20, [other])
        stage.broker.kill()             # those who are cut off never learn that their connections ended
        stage.broker.start()
        time.sleep(LONG_S)
        stage.flows(20, [other])
        expect(stage.letters(receiver) == letters and stage.receipts("r", [sender]) == receipts,
               "the cut did not cut")
        self.net.join(receiver.name)
        self.net.join(sender.name)
        stage.flows(20, [sender])
        stage.until(lambda: stage.letters(receiver) > letters + 20, "the receiver goes on")
