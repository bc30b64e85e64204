"""What --fail-on, --only and --prove answer about one diff."""

import re

from addresses import holds
from direction import NONE, WEAKER, WORDS

CLASSES = ["access-widened", "access-narrowed", "expectation-added", "expectation-removed", "listener-opened",
           "listener-closed", "listener-moved", "service-added", "service-removed", "service-renamed", "ip-control",
           "plaintext-login", "sasl", "tls", "certificate", "certificate-renewed", "limits", "anti-hammering", "proxies",
           "accounts", "mail", "log", "server", "rule-ends", "rule-ended", "sessions-locked-out", "sessions-ended"]
# "About a change of anything else nothing is proved."
UNPROVED = {"limits", "anti-hammering", "accounts", "certificate", "certificate-renewed", "mail"}


class Claims:
    def __init__(self, pair, old_name, new_name, answer):
        self.pair, self.names, self.answer = pair, (old_name, new_name), answer
        self.title = " ".join(self.names)

    def asked(self, *arguments):
        code, out, err = self.pair.ocean.run("diff", *self.names, *arguments)
        return code, out, err

    def all(self, sides):
        chance, classes = self.pair.chance, set(self.answer["classes"])
        plain = 2 if classes else 0
        weakened = "weakened" in WORDS[self.answer["direction"]]
        if self.pair.asks("--fail-on weakened"):
            code, out, _ = self.asked("--fail-on", "weakened")
            self.pair.same(f"--fail-on weakened: {self.title}", 3 if weakened else plain, code)
            self.human(out)
        if self.pair.asks("--fail-on"):
            some = set(chance.sample(CLASSES, chance.choice([1, 2, 5])) +
                       chance.sample(sorted(classes), min(1, len(classes))) * (chance.random() < 0.3))
            code, *_ = self.asked("--fail-on", ",".join(sorted(some)))
            self.pair.same(f"--fail-on: {','.join(sorted(some))}, {self.title}", 3 if some & classes else plain, code)
        some = classes | set(chance.sample(CLASSES, 2))
        some -= {chance.choice(sorted(some))} if chance.random() < 0.5 else set()
        if some and self.pair.asks("--only"):
            code, *_ = self.asked("--only", ",".join(sorted(some)))
            self.pair.same(f"--only: {','.join(sorted(some))}, {self.title}", 0 if classes <= some else 3, code)
        for claim, truth in (("no-wider", self.no_wider), ("no-effect", self.no_effect)):
            if not self.pair.asks(f"--prove {claim}"):
                continue
            false, true = truth(sides)
            code, out, err = self.asked("--prove", claim)
            wanted = 3 if false else 0 if true else code if code in (0, 3) else "0 or 3"
            self.pair.same(f"--prove {claim}: {self.title} {(out + err).strip().splitlines()[-1:]}", wanted, code)
            self.pair.tally[f"--prove {claim}: proved"] += code == 0
            self.pair.tally[f"--prove {claim}: certain"] += false or true

    def human(self, out):
        """The line `direction` of the text says what JSON says."""
        found = re.search(r"^direction (.*(?:\n +[^ ].*)*)$", out, re.M)
        text = re.sub(r"\s+", " ", found.group(1)) if found else ""
        told = set()
        for part in re.split(r"(?=weakened:|strengthened:)", text):
            word, _, rest = part.strip().partition(": ")
            for group in rest.split("; "):
                who, _, classes = group.strip().partition(" ")
                told |= {(word, who, name) for name in classes.split(", ") if name}
        mine = set()
        for item in self.answer["effects"]:
            mine |= {(word, item["listener"] or item["service"] or "server", item["class"])
                     for word in WORDS[item["direction"]]}
        self.pair.same(f"text: direction, {self.title}", sorted(mine), sorted(t for t in told if t[1] != "expect"))

    def no_wider(self, sides):
        """(it cannot be proved, it must be proved)"""
        old, new, names = sides.old, sides.new, sides.names
        pairs = [(old.get(names.get(n, n)), new.get(n), None) for n in (set(old) | set(new)) - set(names.values())]
        pairs += [(was, now, end) for _, end, was, now in self.pair.handed]
        wider = any(self.wider(sides, *each) for each in pairs)
        unknown = UNPROVED & set(self.answer["classes"])
        unknown |= {"certificate" for was, now, _ in pairs if was and now and was.certificate != now.certificate}
        hidden = any(c["path"].endswith("tls.certificate") or c["class"] in UNPROVED for c in self.answer["changes"]
                     if c["class"] != "service-renamed" and
                     (c["after"] is not None or not c["path"].startswith("services.")))
        # Who could do it somewhere before, and now at another service, is a matter of taste: only those who could not at all.
        anywhere = any(self.anywhere(sides, what) for what in ("connect", "login_plaintext"))
        return anywhere or hidden, not wider and not unknown

    @staticmethod
    def anywhere(sides, what):
        able = [{addr for addr in sides.spans if any(s.can(what, addr, announced=True) for s in side.values())}
                for side in (sides.old, sides.new)]
        return bool(able[1] - able[0])

    @staticmethod
    def wider(sides, was, now, where):
        for what in ("connect", "login_plaintext"):
            before, after = sides.compared(what, was, now, where)
            if after - before:
                return True
        before, after = sides.proxies(was, now, where)
        return bool(after - before) or Claims.older(sides, was, now, where)

    @staticmethod
    def older(sides, was, now, where):
        """Whether somebody can log in with a version of TLS that was not enough before."""
        spans = sides.cut([s for s in (was, now) if s])

        def able(service, version):
            return {a for a in spans if service and service.enabled and
                    any(service.has_tls(at, version) for at in service.ways_in(a, where=where, announced=True))}
        return any(able(now, version) - able(was, version) for version in (1.0, 1.1, 1.2, 1.3))

    def no_effect(self, sides):
        old, new, names = sides.old, sides.new, sides.names
        nothing = set(self.answer["classes"]) <= {"service-renamed", "expectation-added", "expectation-removed", "ip-control"}
        differs = bool({"access-widened", "access-narrowed"} & set(self.answer["classes"]))
        for name in (set(old) | set(new)) - set(names.values()):
            was, now = old.get(names.get(name, name)), new.get(name)
            for what in ("connect", "login_plaintext"):
                before, after = sides.compared(what, was, now)
                differs |= before != after
            differs |= self.older(sides, was, now, None) or self.older(sides, now, was, None)
        differs |= bool((UNPROVED | {"listener-opened", "listener-closed"}) & {c["class"] for c in self.answer["changes"]})
        return differs or any(must for must, _ in sides.of_server_classes().values()), nothing and not differs
