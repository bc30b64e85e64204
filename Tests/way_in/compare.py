"""One pair of configs: what the oracle says of it, and what ocean says."""

import random

from addresses import count, endpoint, holds, pieces, text_of, united, written
from attempts import Attempts
from claims import Claims
from direction import NONE, STRONGER, WEAKER, Sides
from generate import clashes, holding, interesting, yaml
from history import History
from laws import Laws
from ocean import spans_of
from weaker import Weaker, mirrored
from way import addresses_of, broken, expectations, many, services


class Pair:
    def __init__(self, ocean, seed, chance, old, new, checked, tally, shares, generator):
        """`checked`: what `ocean check` says of old and new. `shares`: the share of pairs for each kind of question, or
        None if each pair is asked everything. `generator`: of further configs."""
        self.ocean, self.seed, self.chance, self.old, self.new, self.tally = ocean, seed, chance, old, new, tally
        self.checked = {"old.yaml": checked[0], "new.yaml": checked[1]}
        self.shares, self.found = shares, []
        self.generator = generator

    def same(self, what, mine, theirs):
        self.tally[what.split(":")[0]] += 1
        if mine != theirs:
            self.found.append(f"{what}\n    oracle: {mine}\n    ocean:  {theirs}")

    # 1. Expectations

    def expectations(self, name, config, places):
        mine = {}
        for (key, service), wrong in broken(config).items():
            line = places[key]
            mine[line, service] = united(mine.get((line, service), []) + wrong)
        code, other, theirs = self.checked[name]
        self.same(f"check: other errors of {name}", [], other)
        self.same(f"check: broken expectations of {name}", sorted(mine), sorted(theirs))
        for key in mine.keys() & theirs.keys():
            # A message shows four networks at most, and those that cannot even connect before those that cannot log in.
            if services(config)[key[1]].enabled:
                shown, message = theirs[key]
                self.same(f"addresses in a message: {name}:{key} {message} {written(mine[key])}", True,
                          bool(shown) and written(mine[key]) == written(mine[key] + shown))
        self.same(f"check: exit code of {name}", 1 if mine else 0, code)
        if not self.asks("plan"):
            return
        code, _, err = self.ocean.run("plan", "--against", "none", "--format", "human", name)
        self.same(f"plan: exit code of {name}", 1 if mine else 0, code)
        self.same(f"plan: broken expectations of {name}", sorted(mine), sorted(self.ocean.errors_on_stderr(err)))

    # 2. Differences

    def renamed(self, old, new):
        """Services that got another name, and nothing else."""
        gone = [s for n, s in old.items() if n not in new and s.enabled]
        return {s.name: g.name for n, s in new.items() if n not in old and s.enabled
                for g in gone if g.alike() == s.alike()}

    @staticmethod
    def change(old, new, able, spans):
        """The addresses that `able` allows newly, and no longer."""
        before = [s for s in spans if able(old, s[:2])]
        after = [s for s in spans if able(new, s[:2])]
        return (united(s for s in after if s not in before), united(s for s in before if s not in after))

    def differences(self, old_name, new_name, old_config, new_config, attempts, invalid):
        old, new = services(old_config), services(new_config)
        spans = pieces([s for side in (old, new) for service in side.values() for s in service.sets()])
        names = self.renamed(old, new)
        code, answer, err = self.ocean.json("diff", old_name, new_name)
        title = f"{old_name} {new_name}"
        if answer is None:
            self.found.append(f"diff: no answer for {title}: {err}")
            return None
        classes = set()
        for part, means in (("access", "connect"), ("access_without_tls", "login_plaintext")):
            told = {item["service"]: item for item in answer[part] if "listener" not in item}
            for name in sorted((set(old) | set(new)) - set(names.values())):
                was, now = old.get(names.get(name, name)), new.get(name)

                def able(service, addr):
                    # An address that is a proxy's before and after gets in only if a proxy announces it.
                    both = was and now and was.enabled and now.enabled and holds(was.proxies, addr) and holds(now.proxies, addr)
                    return service is not None and service.can(means, addr, announced=bool(both))
                allowed, refused = self.change(was, now, able, spans)
                item = told.pop(name, {"newly_allowed": [], "newly_refused": [], "relation": "equivalent",
                                       "newly_allowed_count": "0", "newly_refused_count": "0"})
                theirs = spans_of(item["newly_allowed"]), spans_of(item["newly_refused"])
                for key, mine, other in (("newly_allowed", allowed, theirs[0]), ("newly_refused", refused, theirs[1])):
                    self.same(f"diff: {part} {key} of {name}, {title}", written(mine), written(other))
                    self.same(f"diff: {part} count of {key} of {name}, {title}", str(count(mine)), item[key + "_count"])
                relation = {(0, 0): "equivalent", (1, 0): "wider", (0, 1): "narrower", (1, 1): "incomparable"}
                self.same(f"diff: {part} relation of {name}, {title}", relation[bool(allowed), bool(refused)],
                          item["relation"])
                for addr in attempts:
                    before, after = able(was, addr), able(now, addr)
                    self.same(f"attempts: {part} of {text_of(addr)} at {name}, {title}",
                              (after and not before, before and not after),
                              (holds(theirs[0], addr), holds(theirs[1], addr)))
                if part == "access":
                    classes |= {"access-widened"} if allowed else set()
                    classes |= {"access-narrowed"} if refused else set()
                elif allowed or refused:
                    classes.add("plaintext-login")
            self.same(f"diff: {part} of unknown services, {title}", [], sorted(told))
        self.handed = []
        handed, of_classes = self.handed_over(old, new, names, spans)
        told = ((item["listener"], written(spans_of(item["newly_allowed"])), written(spans_of(item["newly_refused"])))
                for item in answer["access_handed_over"])
        self.same(f"diff: handed over, {title}", handed, sorted(item for item in told if item[1:] != (written([]), written([]))))
        classes |= of_classes
        classes |= {"service-renamed"} if names else set()
        self.sockets(old, new, names, set(answer["classes"]), title)
        for item in answer["presented_certificates"]:
            if item["listener"] is None:
                name = item["service"]
                for end, service in (("before", old.get(names.get(name, name))), ("after", new.get(name))):
                    self.presented(item, end, service, title)
        if not names:
            before, after = required(old_config), required(new_config)
            for name, gone in (("removed", before - after), ("added", after - before)):
                if not gone or not (before and after):  # Else it depends on whether one follows from another.
                    self.same(f"diff: class expectation-{name}, {title}", bool(gone),
                              f"expectation-{name}" in answer["classes"])
        judged = {"access-widened", "access-narrowed", "plaintext-login", "service-renamed"}
        if any(Sides.first_port(old.get(names.get(name, name)), new.get(name))
               for name in (set(old) | set(new)) - set(names.values())):
            classes.add("plaintext-login")
        # A new value of plaintext_login is a change of that class by itself.
        plain = {item["class"] for item in answer["changes"] if item["path"].endswith(".plaintext_login")}
        self.same(f"diff: classes, {title}", sorted((classes | plain) & judged), sorted(set(answer["classes"]) & judged))
        self.sides = Sides(old_config, new_config, old, new, names)
        Weaker(self, self.sides, answer, title).all(self.handed, self.guards(old_config, new_config, names))
        self.same(f"diff: exit code, {title}", 1 if invalid else 2 if answer["classes"] else 0, code)
        return answer

    def sockets(self, old, new, names, classes, title):
        """Which sockets open, close, or go on for another service or with another kind of TLS."""
        def ends(side, renamed):
            return {(at.where, at.port): (renamed.get(s.name, s.name), at.implicit)
                    for s in side.values() if s.enabled for at in s.listeners}
        before, after = ends(old, {}), ends(new, names)
        for name, changed in (("opened", after.keys() - before.keys()), ("closed", before.keys() - after.keys())):
            self.same(f"diff: class listener-{name}, {title}", bool(changed), f"listener-{name}" in classes)
        if all(s.enabled for side in (old, new) for s in side.values()):
            moved = any(before[end] != after[end] for end in before.keys() & after.keys())
            self.same(f"diff: class listener-moved, {title}", moved, "listener-moved" in classes)
            was, now = set(old), {names.get(name, name) for name in new}
            self.same(f"diff: class service-added, {title}", bool(now - was), "service-added" in classes)
            self.same(f"diff: class service-removed, {title}", bool(was - now), "service-removed" in classes)

    def presented(self, item, end, service, title):
        """Which certificate is shown to clients by the keys that they can verify."""
        offers = service and service.enabled and any(service.has_tls(at, 1.3) for at in service.listeners)
        verifies = {"Ed25519": ("ec", "ed", "rsa"), "ECDSA": ("ec", "rsa"), "RSA": ("rsa",)}[item["keys"]]
        mine = service.presented(item["name"], verifies) if offers else None
        self.same(f"presented: {end} by {item['service']} to {item['name']}, {item['keys']}, {title}", mine,
                  item[end] and item[end]["certificate"])

    def handed_over(self, old, new, names, spans):
        """Sockets that go from one service to another, and for whom that makes a difference."""
        result, classes = [], set()

        def owner(side, end):
            return next((s for s in side.values() if s.enabled for at in s.listeners if at.answers_at(*end)), None)
        for end in {(at.where, at.port) for side in (old, new) for s in side.values() if s.enabled
                    for at in s.listeners}:
            was, now = owner(old, end), owner(new, end)
            if not was or not now or was.name == names.get(now.name, now.name):
                continue
            self.handed.append((endpoint(end), end, was, now))

            def able(service, addr, means="connect"):
                both = holds(was.proxies, addr) and holds(now.proxies, addr)
                return service.can(means, addr, where=end, announced=both)
            allowed, refused = self.change(was, now, able, spans)
            if any(self.change(was, now, lambda s, addr: able(s, addr, "login_plaintext"), spans)):
                classes.add("plaintext-login")
            if allowed or refused:
                where = text_of(end[0])
                result.append((f"[{where}]:{end[1]}" if ":" in where else f"{where}:{end[1]}", written(allowed),
                               written(refused)))
                classes |= {"access-widened"} if allowed else set()
                classes |= {"access-narrowed"} if refused else set()
        return sorted(result), classes

    @staticmethod
    def guards(old_config, new_config, names):
        """The direction of what is expected: less is weaker."""
        before, after = required(old_config), required(new_config)
        if before == after and not names:
            return NONE, NONE
        certain = not before or not after
        direction = (WEAKER if before - after else NONE) | (STRONGER if after - before else NONE)
        return (direction if certain else NONE), (WEAKER | STRONGER if names else direction)

    def mirrored(self, one, other):
        """What one direction allows newly, the other refuses newly."""
        for part in ("access", "access_without_tls"):
            ways = (one, "newly_allowed", "newly_refused"), (other, "newly_refused", "newly_allowed")
            turned = [{(i["service"], written(spans_of(i[a])), written(spans_of(i[b]))) for i in answer[part]
                       if "listener" not in i and not answer["renamed_services"] and i[a] + i[b]} for answer, a, b in ways]
            self.same(f"mirror: {part}", *turned)
        turn = {"access-widened": "access-narrowed", "access-narrowed": "access-widened",
                "listener-opened": "listener-closed", "listener-closed": "listener-opened",
                "service-added": "service-removed", "service-removed": "service-added",
                "expectation-added": "expectation-removed", "expectation-removed": "expectation-added"}
        self.same("mirror: classes", sorted(turn.get(c, c) for c in one["classes"]), sorted(other["classes"]))

    # All questions

    def asks(self, kind):
        """Whether this pair is asked that kind of question; which pairs are is the same whatever else is asked."""
        return self.shares is None or random.Random(f"{self.seed} {kind}").random() < self.shares[kind]

    def all(self, number):
        attempts = interesting([self.old, self.new], self.chance, 40)
        full = {"old.yaml": self.old, "new.yaml": self.new}
        good = {"old-good.yaml": holding(self.old), "new-good.yaml": holding(self.new)}
        for name, config in {**full, **good}.items():
            text, places = yaml(config)
            self.ocean.write(name, config, text)
            if name in full:
                self.expectations(name, config, places)
        invalid = bool(broken(self.old) or broken(self.new))
        if invalid and self.asks("diff of invalid"):
            self.differences("old.yaml", "new.yaml", self.old, self.new, attempts, True)
        ways = "old-good.yaml", "new-good.yaml", good["old-good.yaml"], good["new-good.yaml"]
        there = self.differences(*ways, attempts, False)
        if there:
            Claims(self, *ways[:2], there).all(self.sides)
        if there and self.asks("diff back"):
            back = self.differences(ways[1], ways[0], ways[3], ways[2], attempts, False)
            if back:
                self.mirrored(there, back)
                mirrored(self, there, back)
        laws = Laws(self)
        if there and self.asks("three plans"):
            laws.composed(*ways, there)
        if self.asks("other words"):
            laws.same_meaning("new-good.yaml", good["new-good.yaml"])
        single = Attempts(self, attempts)
        name, config = self.chance.choice(list({**full, **good}.items()))
        single.cases(name, config, number)
        if self.asks("explain"):
            single.explain(name, config)
        for kind in ("replay", "replay with a baseline"):
            if self.asks(kind):
                config = self.chance.choice([self.new, good["new-good.yaml"]])
                History(self, single).replay_all(
                    good["old-good.yaml"], config, "old-calm.yaml", "new-calm.yaml", kind != "replay")
        return self.found


def required(config):
    """What the expectations of a config require, however they are written."""
    return {(written(addresses_of(config, item["from"])), str(sorted(many(item["to"])) if "to" in item else "all"),
             item.get("can", "connect"), item.get("tls"), item["verdict"]) for _, item in expectations(config)}


def usable(ocean, config, name):
    """What ocean's check says of a config that it has nothing else against than broken expectations, which are judged
    elsewhere; otherwise why it is not usable."""
    if clashes(config):
        return None, "a service without a port, or two on one"
    ocean.write(name, config, yaml(config)[0])
    checked = ocean.check(name)
    return (None, checked[1][0][:6]) if checked[1] else (checked, None)
