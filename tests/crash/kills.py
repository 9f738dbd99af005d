"""Rounds of SIGKILL under traffic.

Each round kills one process at a named point (point.h), or one or several at a random moment, often one more
beside it, and starts them again on the same directories; sometimes one is killed again while it gets up.
A rare point, the rewriting of an outbox, stays armed on one sender while the rounds go on elsewhere.
"""

import time
from collections import Counter

from driver import Fault, until

POINTS = {
    "broker": ["before-commit", "after-commit", "before-send", "mid-send"],
    "sender": ["posted", "synced-outbox", "before-send", "mid-send", "receipt"],
    "receiver": ["callback", "synced-journal"],
}
RARE = ["compacting", "compacted"]      # of a sender
POINT_WAIT_S = 20
ALL_POINTS_FROM = 33        # rounds; with fewer, not every point has its turn


def plan_rounds(count, draw):
    """Two rounds of three at a named point, each point in its turn; the others at random moments."""
    points = [(role, point) for role, names in POINTS.items() for point in names]
    draw.shuffle(points)
    named = [points[i % len(points)] for i in range(count - count // 3)]
    rounds = named + [None] * (count // 3)
    draw.shuffle(rounds)
    return rounds


class Kills:
    def __init__(self, stage):
        self.stage = stage
        self.draw = stage.draw
        self.hits = Counter()
        self.missed = Counter()
        self.trapped = self.rare = None

    def run(self, count):
        self.set_trap()
        for what in plan_rounds(count, self.draw):
            self.round(what)
        if count >= ALL_POINTS_FROM:
            for _ in RARE:
                if any(self.hits[f"sender:{point}"] == 0 for point in RARE):
                    until(lambda: not self.trapped.is_armed(), "no outbox was rewritten")
                    self.restart(self.sprung([]))
        self.leave_trap()

    # The rare points.

    def set_trap(self):
        """On the other sender, and the other point, than the last time."""
        senders = self.stage.of_role("sender")
        turn = sum(self.hits[f"sender:{point}"] for point in RARE)
        self.trapped = senders[turn // len(RARE) % len(senders)]
        self.rare = RARE[turn % len(RARE)]
        self.trapped.arm(self.rare)

    def sprung(self, dead):
        """Adds the trapped sender to the dead when it reached its point, and lays the trap anew."""
        if self.trapped.is_armed():
            return dead
        self.hits[f"sender:{self.rare}"] += 1
        if self.trapped not in dead:
            self.trapped.buried()
            dead = dead + [self.trapped]
        self.set_trap()
        return dead

    def leave_trap(self):
        if self.trapped.disarm():
            self.hits[f"sender:{self.rare}"] += 1
            self.trapped.buried()
            self.trapped.start()

    # A round.

    def of_role(self, role):
        return self.draw.choice([p for p in self.stage.of_role(role) if p is not self.trapped])

    def at_point(self, role, point):
        victim = self.of_role(role)
        victim.arm(point)
        end = time.monotonic() + POINT_WAIT_S
        while not victim.is_dead() and time.monotonic() < end:
            time.sleep(0.005)
        if not victim.disarm():
            self.missed[f"{role}:{point}"] += 1
            return []
        self.hits[f"{role}:{point}"] += 1
        victim.buried()
        return [victim]

    def at_random(self):
        time.sleep(self.draw.uniform(0, 0.5))
        sender, receiver = (self.draw.choice(self.stage.of_role(role)) for role in ("sender", "receiver"))
        victims = self.draw.choice([[self.stage.broker], [sender], [receiver],
                                    [self.stage.broker, sender, receiver], list(self.stage.all)])
        for victim in victims:
            victim.kill()
        return victims

    def round(self, what):
        dead = self.at_point(*what) if what else self.at_random()
        if what and (not dead or self.draw.random() < 0.3):
            other = self.draw.choice([p for p in self.stage.all if p not in dead])
            other.kill()
            dead.append(other)
        time.sleep(self.draw.uniform(0, 0.2))
        dead = self.sprung(dead)
        self.restart(dead)
        if self.draw.random() < 0.2:    # and again while it gets up
            time.sleep(self.draw.uniform(0, 0.1))
            dead[0].kill()
            self.restart([dead[0]])
        time.sleep(self.draw.uniform(0.2, 0.9))
        for process in self.stage.dead():
            if process is not self.trapped or process.is_armed():
                process.buried()        # raises: nobody killed it
                raise Fault(f"{process.name} died between rounds")

    def restart(self, dead):
        for process in dead:
            process.start()

    # What came of it.

    def faults(self, count):
        return [f"the point {name} was never reached" for name in self.names()
                if count >= ALL_POINTS_FROM and self.hits[name] == 0]

    def names(self):
        return [f"{role}:{point}" for role, names in POINTS.items() for point in names] + \
               [f"sender:{point}" for point in RARE]

    def report(self):
        print("points: " + ", ".join(f"{name} {self.hits[name]}" for name in self.names()))
        if self.missed:
            print("armed and not reached in time: " + ", ".join(f"{k} {v}" for k, v in self.missed.items()))

