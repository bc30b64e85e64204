"""One pair of configs: what the oracle says of it, and what ocean says."""

import json
import os

from addresses import LOOPBACK, address, count, endpoint, holds, pieces, text_of, united, written
from generate import clashes, holding, in_other_words, interesting, yaml
from claims import Claims
from direction import NONE, STRONGER, WEAKER, Sides
from ocean import spans_of
from weaker import Weaker, mirrored
from way import Listener, addresses_of, broken, expectations, many, services

HERE = {4: address("127.0.0.1"), 6: address("::1")}
ELSEWHERE = {4: address("192.0.2.10"), 6: address("2001:db8::10")}
VERSIONS = ["none", "1.0", "1.1", "1.2", "1.3"]


class Pair:
    def __init__(self, ocean, chance, old, new, tally):
        self.ocean, self.chance, self.old, self.new, self.tally = ocean, chance, old, new, tally
        self.found = []

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
        code, other, theirs = self.ocean.check(name)
        self.same(f"check: other errors of {name}", [], other)
        self.same(f"check: broken expectations of {name}", sorted(mine), sorted(theirs))
        for key in mine.keys() & theirs.keys():
            # A message shows four networks at most, and those that cannot even connect before those that cannot log in.
            if services(config)[key[1]].enabled:
                shown, message = theirs[key]
                self.same(f"addresses in a message: {name}:{key} {message} {written(mine[key])}", True,
                          bool(shown) and written(mine[key]) == written(mine[key] + shown))
        self.same(f"check: exit code of {name}", 1 if mine else 0, code)
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
        if not names:
            before, after = required(old_config), required(new_config)
            for name, gone in (("removed", before - after), ("added", after - before)):
                if not gone or not (before and after):  # Else it depends on whether one follows from another.
                    self.same(f"diff: class expectation-{name}, {title}", bool(gone),
                              f"expectation-{name}" in answer["classes"])
        judged = {"access-widened", "access-narrowed", "plaintext-login", "service-renamed"}
        # A port without TLS that comes or goes has the class too, even if bind keeps those away who might use it.
        if any(self.plain(old.get(names.get(n, n))) != self.plain(new.get(n)) for n in set(old) | set(new)):
            judged.discard("plaintext-login")
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

    @staticmethod
    def plain(service):
        return bool(service and service.enabled and any(not at.implicit for at in service.listeners))

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

    # 3. Which rule decides

    def route(self, config, attempts):
        """A client, an endpoint with its service, and perhaps a proxy."""
        service = self.chance.choice(list(services(config).values()))
        client = self.chance.choice(attempts)
        via = None
        if self.chance.random() < 0.4:
            family, low, high = self.chance.choice(service.proxies or [(4, 127 << 24, (127 << 24) + 7)])
            via = family, self.chance.choice([low, high])
        at = self.chance.choice(service.listeners or [None])
        where = None
        if at and service.enabled and self.chance.random() < 0.7:
            where = at.where, at.port
            if at.wildcard and self.chance.random() < 0.6:
                where = ELSEWHERE[at.where[0]], at.port
        return service, client, via, where

    def explain(self, name, config, attempts):
        service, client, via, where = self.route(config, attempts)
        tls = self.chance.choice([None, None] + VERSIONS)
        user = self.chance.choice([None, "anna@example.org"])
        arguments = ["--from", text_of(client), "--to", endpoint(where) if where else service.name]
        arguments += ["--via", text_of(via)] if via else []
        arguments += ["--tls", tls] if tls else []
        arguments += ["--user", user] if user else []
        if tls == "none":
            mine = service.can("login_plaintext", client, via=via, where=where)
        elif tls or user:
            mine = service.can("login", client, float(tls) if tls else None, via=via, where=where)
        else:
            mine = service.can("connect", client, via=via, where=where)
        code, answer, err = self.ocean.json("explain", name, *arguments)
        theirs = answer["verdict"] if answer else err
        self.same(f"explain: {name} {' '.join(arguments)}",
                  ("allowed" if mine else "refused", 2 if broken(config) else 0 if mine else 1), (theirs, code))

    # 4. What would have been

    def log(self, config, attempts, number):
        """Lines of an access log, of connections that could be made to a server with this config."""
        lines = []
        for n in range(number):
            service, client, via, _ = self.route(config, attempts)
            at = self.chance.choice(service.listeners or [None])
            if at is None or not at.reached_by(via or client) or (via and not holds(service.proxies, via)):
                continue
            end = at.where, at.port
            if via:  # `local` is then the address at the proxy.
                end = ELSEWHERE[client[0]], self.chance.choice([110, 995, at.port])
            elif at.wildcard:
                end = (HERE if holds(LOOPBACK, client) else ELSEWHERE)[client[0]], at.port
            event, tls, user, outcome = "refused", None, None, self.chance.choice(["black_list", "ip_control_default"])
            if self.chance.random() < 0.7:
                event, outcome = "session", "quit"
                tls = self.chance.choice([None, "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"])
                user = self.chance.choice([None, "anna@example.org"])
            if via and not service.enabled or via == client and not user:
                continue  # Nobody could have come that way; or it is a health check, which is not counted.
            lines.append(({"time": f"2026-11-25T14:00:{n:02}.000Z", "event": event, "service": service.name,
                           "peer": text_of(client)} | ({"proxy": text_of(via)} if via else {}) |
                          {"local": endpoint(end), "tls": tls, "user": user, "outcome": outcome, "retrieved": 0,
                           "bytes": 0, "deleted": 0, "seconds": 0.1, "plan": "0bb302"}, client, via, end))
        return lines

    @staticmethod
    def could(found, names, line, client, via, end):
        """Whether the connection of a line could be made as it was: where, how, and with its login.

        Behind a proxy it is not known which listener it was: one of the services called `names` here.
        """
        if via is None:
            ways = [(s, at) for s in found.values() if not holds(s.proxies, client)
                    for at in s.ways_in(client, where=end) if at.reached_by(client)]
        else:
            ways = [(found[name], at) for name in names for at in found[name].ways_in(client, via=via)]
        if line["tls"]:
            return any(service.has_tls(at, float(line["tls"].split()[1])) for service, at in ways)
        # Without a login it is not known that it tried TLS, or would have: it only connected.
        return any(not line["user"] or not at.implicit and holds(service.plaintext, client) for service, at in ways)

    @staticmethod
    def successors(was, now, name):
        """The service of that name, or those that listen where it listened."""
        if name in now:
            return [name]
        return [s.name for s in now.values() if s.enabled and any(
            at.answers_at(before.where, before.port) or before.answers_at(at.where, at.port)
            for at in s.listeners for before in was[name].listeners)]

    def replay(self, name, config, baseline_name, baseline, lines, compare):
        mine, was, now = {}, services(baseline), services(config)
        # Where a client behind a proxy would go, if no service has that name now, is known from the old config only.
        unknown = [entry for entry in lines if not compare and entry[2] and entry[0]["service"] not in now]
        for entry in lines:
            line, client = entry[:2]
            if entry in unknown:
                continue
            before = self.could(was, [line["service"]], *entry) if compare else line["event"] == "session"
            after = self.could(now, self.successors(was, now, line["service"]), *entry)
            if before != after:
                key = text_of(client), line["service"], "allowed" if after else "refused"
                mine[key] = mine.get(key, 0) + 1
        if not lines:
            return
        with open(os.path.join(self.ocean.folder, "access.log"), "w") as file:
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line, *_ in lines)
            # Others say nothing of the rules: refused by limits before login, a failed login, and half a line.
            other = [{**line, "event": "refused", "tls": None, "user": None, "outcome": outcome}
                     for outcome in ("gave_way", "prelogin_connections", "open_files")
                     for line, *_ in lines[:2]]
            failed = [{**line, "event": "login_failed", "user": "anna@example.org"} for line, *_ in lines[:1]]
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in other + failed)
            file.write('{"time":"2026-11-25T14:00')
        extra = ["--baseline", baseline_name] if compare else []
        code, answer, err = self.ocean.json("replay", name, "--log", "access.log", *extra)
        if answer is None:
            self.found.append(f"replay: no answer: {err}")
            return
        theirs = {}
        for item in answer["affected"]:
            key = item["peer"], item["service"], item["verdict"]
            theirs[key] = theirs.get(key, 0) + item["connections"]
        title = f"replay: {name} {' '.join(extra)}"
        for key in sorted(mine.keys() | theirs.keys()):
            self.same(f"{title} {key} " + str([json.dumps(line) for line, *_ in lines if line["peer"] == key[0]
                                              and line["service"] == key[1]]), mine.get(key, 0), theirs.get(key, 0))
        self.same(title + " connections", len(lines) - len(unknown), answer["connections"])
        self.same(title + " not known", len(unknown), answer["unknown"])
        self.same(title + " refused by blocks or limits", len(other), answer["unjudged"])
        self.same(title + " broken lines", 1, answer["unreadable_lines"])
        self.same(title + " exit code", 1 if broken(config) else 2 if mine else 0, code)

    def all(self, number, explains, replays):
        attempts = interesting([self.old, self.new], self.chance, number)
        full = {"old.yaml": self.old, "new.yaml": self.new}
        good = {"old-good.yaml": holding(self.old), "new-good.yaml": holding(self.new)}
        spoken = {"spoken.yaml": in_other_words(good["new-good.yaml"], self.chance)}
        for name, config in {**full, **good, **spoken}.items():
            text, places = yaml(config)
            self.ocean.write(name, config, text)
            if name in full:
                self.expectations(name, config, places)
        invalid = bool(broken(self.old) or broken(self.new))
        self.differences("old.yaml", "new.yaml", self.old, self.new, attempts, invalid)
        there = self.differences("old-good.yaml", "new-good.yaml", *good.values(), attempts, False)
        back = self.differences("new-good.yaml", "old-good.yaml", *reversed(good.values()), attempts, False)
        if there and back:
            self.mirrored(there, back)
            mirrored(self, there, back)
            Claims(self, "new-good.yaml", "old-good.yaml", back).all(self.sides)
        for other in ("new-good.yaml", "spoken.yaml"):
            code, out, err = self.ocean.run("diff", "new-good.yaml", other)
            self.same(f"no effect: new-good.yaml {other} {out} {err}", (0, True), (code, "no effect" in out))
        for _ in range(explains):
            name, config = self.chance.choice(list({**full, **good}.items()))
            self.explain(name, config, attempts)
        for _ in range(replays):
            lines = self.log(self.old, attempts, 20)
            for compare in (False, True):
                config = self.chance.choice([self.new, good["new-good.yaml"]])
                calm = {"new-calm.yaml": generous(config), "old-calm.yaml": generous(good["old-good.yaml"])}
                for name, other in calm.items():
                    self.ocean.write(name, other, yaml(other)[0])
                self.replay("new-calm.yaml", config, "old-calm.yaml", good["old-good.yaml"], lines, compare)
        return self.found


def required(config):
    """What the expectations of a config require, however they are written."""
    return {(written(addresses_of(config, item["from"])), str(sorted(many(item["to"])) if "to" in item else "all"),
             item.get("can", "connect"), item.get("tls"), item["verdict"]) for _, item in expectations(config)}


def generous(config):
    """The config with limits that a short log does not reach: what they would have done is not judged here."""
    server = {**config["server"], "limits": {"connections_per_ip": 1000}, "anti_hammering": {"max_failures": 100}}
    return {**config, "server": server}


def usable(ocean, config, name):
    """Whether ocean has nothing else against this config than broken expectations, which are judged elsewhere."""
    if clashes(config):
        return False
    ocean.write(name, config, yaml(config)[0])
    return not ocean.check(name)[1]
