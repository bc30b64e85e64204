"""Fleets that are broken in one way each: the checks have to say so, and with the right words."""

import os
import time

import limits
import rollout
from mail import MailFleet, MailTest
from servers import stop_all
from session import Session


class Lying(Session):
    """A session with a host that does not do what it says, as a broken server or proxy."""

    def __init__(self, host, source, target, name, timeout=6):
        self.lies = "mx2" in name
        super().__init__(host, source, target, name, timeout)


class OtherIDs(Lying):
    """It shows messages under other ids."""

    def body(self):
        lines = super().body()
        return [line + b"x" if self.lies and line[:1].isdigit() and line.count(b" ") == 1 and b"." in line else line for line in lines]


class KeepsMessages(Lying):
    """It says that it has removed messages, and does not."""

    def send(self, *commands):
        return super().send(*("NOOP" if self.lies and command.startswith("DELE") else command for command in commands))


class RemovesOthers(Lying):
    """It removes a message that nobody asked it to remove."""

    def quit(self):
        if self.lies:
            super().send("DELE 1")
            self.line()
        return super().quit()


class ChangesMessages(Lying):
    """It shows other octets."""

    def body(self):
        return [line.replace(b"line 7", b"line 8") if self.lies else line for line in super().body()]


class RefusesPasswords(Lying):
    """It calls a right password wrong now and then."""

    def log_in(self, user, password):
        return super().log_in(user, "wrong" if self.lies else password)


class Spoiled:
    """After a rollout, somebody writes half of a config, or applies another one."""

    def __init__(self, how):
        self.how = how

    def spoil(self, fleet, is_settled):
        node = fleet.nodes[2]
        with open(node.config) as file:
            text = file.read()
        if self.how == "half" and is_settled:
            with open(node.config, "w") as file:
                file.write(text[:len(text) // 2])
        elif self.how == "other" and not is_settled:
            other = f"{node.directory}/other.yaml"
            with open(other, "w") as file:
                file.write(text.replace("idle_timeout: 60", "idle_timeout: 70"))
            node.ocean("apply", "--yes", other)


def mail(mutation=None, session=Session):
    def make(network, program, directory, number, report, deadline):
        fleet = MailFleet(network, program, directory, f"m{number}", "ocean", False, mutation)
        fleet.start()
        return MailTest(fleet, 1, 120, deadline, report, session)
    return make


def guessing(mutation, kinds, has_sentinels=False):
    def make(network, program, directory, number, report, deadline):
        fleet = limits.LimitsFleet(network, program, directory, mutation, f"l{number}", has_sentinels)
        fleet.start()
        return limits.LimitsTest(fleet, 1, 10**6, deadline, report, kinds)
    return make


def change(how):
    def make(network, program, directory, number, report, deadline):
        fleet = rollout.RolloutFleet(network, program, directory, 100 + number)
        fleet.start()
        return rollout.RolloutTest([fleet], 1, 10, deadline, report, Spoiled(how))
    return make


# What is broken, how, and the promises that it breaks, one of which has to be named.
MUTANTS = [
    ("one host has locks of its own", mail("local locks"), {"one session at a time", "removed is removed"}),
    ("one host shows other ids", mail(session=OtherIDs), {"one id per message"}),
    ("one host removes nothing and says it did", mail(session=KeepsMessages), {"removed is removed", "a session serves"}),
    ("one host removes what nobody asked for", mail(session=RemovesOthers), {"no message lost"}),
    ("one host shows other octets", mail(session=ChangesMessages), {"no message changed"}),
    ("one host calls right passwords wrong", mail(session=RefusesPasswords), {"verdicts are right"}),
    ("one host counts alone", guessing("counts alone", ("guesses",)),
     {"a block is one of all hosts", "no address past its limit"}),
    ("one host lets guess more often", guessing("more failures", ("guesses",)), {"no address past its limit"}),
    ("one host lets in more connections", guessing("more connections", ("crowds",)), {"connections are counted together"}),
    ("hosts and engine forget", guessing("forgets", ("guesses",)), {"a block stays"}),
    ("nothing is lifted", guessing("lifts nothing", ("guesses",)), {"an unblock reaches all"}),
    ("a kick is not told", guessing("kicks nobody", ("kicked",)), {"what is kicked ends everywhere"}),
    ("a dead host lives", guessing("nobody dies", ("crowds",)), {"a dead host's connections do not count"}),
    ("one host stays with the old master", guessing("one engine", ("guesses",), has_sentinels=True), {"together again"}),
    ("a config is half-written", change("half"), {"no config is half-written"}),
    ("a host gets another policy", change("other"),
     {"what the tool says is so", "a tool that lives leaves no nodes that differ", "nodes differ only by a confirmation that died",
      "the next rollout finishes it"}),
]


def prove(network, options, directory):
    """Whether each of them was found out."""
    program = os.path.realpath(options.ocean)
    missed = 0
    for number, (what, make, promises) in list(enumerate(MUTANTS))[options.mutants:]:
        found = []
        start = time.monotonic()
        make(network, program, directory, number, lambda violation, where, story: found.append(violation), start + 90).run()
        stop_all()
        word = "found" if found and found[0].promise in promises else "MISSED"
        missed += word == "MISSED"
        said = f"{found[0].promise}: {found[0].what:.110}" if found else "nothing"
        print(f"{word:7} {what}, after {time.monotonic() - start:.0f} s: {said}", flush=True)
    print(f"{len(MUTANTS) - options.mutants - missed} passed, {missed} failed", flush=True)
    return missed == 0
