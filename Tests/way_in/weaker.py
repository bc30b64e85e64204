"""What a diff says of directions and classes, and the same diff the other way round, compared with the oracle."""

from addresses import endpoint
from direction import ANY, NONE, WEAKER, WORDS, joined, turned

SETTINGS = {"max_connections": "limits", "max_login_attempts": "limits", "max_bad_commands": "limits",
            "idle_timeout": "limits", "login_timeout": "limits", "anti_hammering": "anti-hammering",
            "proxy_from": "proxies", "plaintext_login": "plaintext-login", "tls.explicit": "tls", "tls.profile": "tls",
            "tls.certificate": "tls", "accounts": "accounts"}


def fits(answer, told):
    must, may = answer
    return must <= told <= may


def words(direction):
    return " and ".join(sorted(direction)) or "neither"


class Weaker:
    """The directions of one diff. `pair` compares and collects what differs."""

    def __init__(self, pair, sides, answer, title):
        self.pair, self.sides, self.answer, self.title = pair, sides, answer, title
        self.effects = {(item["class"], item["service"], item["listener"]): WORDS[item["direction"]]
                        for item in answer["effects"]}
        self.judged = set()

    def check(self, what, answer, told):
        must, may = answer
        mine = words(must) + ("" if must == may else f", perhaps {words(may)}")
        self.pair.same(f"direction: {what}, {self.title}", mine, mine if fits(answer, told) else words(told))

    def effect(self, name, service, listener, answer):
        self.judged.add((name, service, listener))
        told = self.effects.get((name, service, listener), NONE)
        self.check(f"effect {name} of {listener or service or 'the server'}", answer, told)

    def all(self, endpoints, guards):
        """`endpoints`: (listener, old service, new service) of sockets that another service has; `guards`: the direction
        of what is expected."""
        old, new, names = self.sides.old, self.sides.new, self.sides.names
        for name, answer in self.sides.of_server_classes().items():
            self.effect(name, None, None, answer)
        for name in sorted((set(old) | set(new)) - set(names.values())):
            was, now = old.get(names.get(name, name)), new.get(name)
            for kind, answer in self.sides.of_services(was, now).items():
                self.effect(kind, name, None, answer)
        for where, end, was, now in endpoints:
            for kind, answer in self.sides.of_services(was, now, end).items():
                self.effect(kind, now.name, where, answer)
        for name, service, listener in list(self.effects):
            if name == "tls" and service in new:
                was, now = old.get(names.get(service, service)), new[service]
                if listener in self.switched(was, now):
                    self.effect(name, service, listener, self.sides.at_port(was, now, self.switched(was, now)[listener]))
        for key in sorted(set(self.effects) - self.judged, key=str):
            self.check(f"effect {key} that the documents do not tell of", (NONE, NONE), self.effects[key])
        whole = WORDS[self.answer["direction"]]
        told = frozenset().union(*self.effects.values())
        self.check("the whole, from its effects and expectations", joined([(told, told), guards]), whole)
        self.changes(whole)
        self.classes(endpoints)

    def changes(self, whole):
        old, new, names = self.sides.old, self.sides.new, self.sides.names
        expected = dict(self.sides.of_server())
        for name in set(old) | set(new):
            was, now = old.get(names.get(name, name)), new.get(name)
            if was and now and was.enabled and now.enabled:
                for key, answer in self.sides.of_settings(was, now).items():
                    expected[f"services.{name}.{key}"] = answer
            elif was and now:
                gate = (NONE, NONE) if not was.enabled and not now.enabled else (NONE, ANY)
                for key in list(SETTINGS) + ["ip_control." + k for k in (
                        "default", "white_list", "black_list", "white_list.enabled", "black_list.enabled")]:
                    expected[f"services.{name}.{key}"] = gate
                if was.enabled != now.enabled:
                    ways = self.sides.compared("connect", was, now)
                    word = WEAKER if now.enabled else turned(WEAKER)
                    expected[f"services.{name}.enabled"] = (word if ways[0] | ways[1] else NONE, word)
        for item in self.answer["changes"]:
            told, path = WORDS[item["direction"]], item["path"]
            if path.startswith("server.limits.except"):
                path = "server.limits.except"
                must, may = expected[path]
                self.check(f"change {item['path']} {item['before']} -> {item['after']}", (NONE, may), told)
            elif path in expected:
                self.check(f"change {path} {item['before']} -> {item['after']}", expected[path], told)
            self.pair.same(f"direction: change {path} {words(told)} is in the whole, {self.title}", True, told <= whole)

    def classes(self, endpoints):
        """Which of the classes of a service's settings there must be, and which there cannot be."""
        sides, told = self.sides, set(self.answer["classes"])
        old, new, names = sides.old, sides.new, sides.names
        must, may = set(), set()
        server = {"limits": (sides.was.limits, [sides.was.most(a) for a in sides.spans]) !=
                  (sides.now.limits, [sides.now.most(a) for a in sides.spans]),
                  "anti-hammering": sides.was.blocks() != sides.now.blocks()}
        must |= {name for name, changed in server.items() if changed}
        if sides.was.exceptions != sides.now.exceptions:
            may.add("limits")  # An exception with the number that everybody has is one all the same.
        if any(a.name != b.name for _, _, a, b in endpoints):
            for _, end, a, b in endpoints:
                quiet = any(s.refuses and not s.white for s in (a, b))
                must |= {k for k, changed in (("limits", not quiet and a.numbers != b.numbers),
                                              ("proxies", not quiet and len(set(sides.proxies(a, b, end))) > 1),
                                              ("tls", self.offer(a, end) != self.offer(b, end))) if changed}
                may |= {"tls", "proxies", "limits", "anti-hammering"}
        for name in (set(old) | set(new)) - set(names.values()):
            was, now = old.get(names.get(name, name)), new.get(name)
            if was is None or now is None:
                may |= {"tls", "limits", "proxies", "anti-hammering", "plaintext-login", "ip-control", "accounts"}
            else:
                must |= {k for k, changed in (("limits", was.numbers != now.numbers),
                                              ("anti-hammering", was.counts_failures != now.counts_failures),
                                              ("proxies", was.proxies != now.proxies),
                                              ("ip-control", was.listed != now.listed or was.refuses != now.refuses))
                         if changed}
                ends = [{(at.where, at.port, at.implicit) for at in s.listeners} for s in (was, now)]
                if ends[0] != ends[1] or was.enabled != now.enabled:
                    may |= {"tls", "proxies"}
                # "A port with TLS in addition" may mean one beside ports without, or beside others with it.
                offered = [s.enabled and any(self.offer(s, (at.where, at.port)) for at in s.listeners) for s in (was, now)]
                if offered[0] != offered[1]:
                    must.add("tls")
                # The settings of TLS mean nothing where none is offered.
                if (was.explicit, was.profile, was.shown()) != (now.explicit, now.profile, now.shown()):
                    (must if any(offered) else may).add("tls")
            if len(set(sides.proxies(was, now))) > 1:
                # "By whatever setting" leaves out a service that lets nobody in, as directions do.
                quiet = was and now and any(s.refuses and not s.white for s in (was, now))
                (may if quiet else must).add("proxies")
            on = [bool(s and s.enabled) for s in (was, now)]
            if on[0] != on[1]:
                one = was if on[0] else now
                must |= {"tls"} if any(self.offer(one, (at.where, at.port)) for at in one.listeners) else set()
                may.add("tls")
            if [on[0] and not was.counts_failures, on[1] and not now.counts_failures] in ([True, False], [False, True]):
                must.add("anti-hammering")
        for name in ("tls", "limits", "proxies", "anti-hammering", "ip-control"):
            wanted = True if name in must else name in told if name in may else False
            self.pair.same(f"class: {name}, {self.title}", wanted, name in told)

    @staticmethod
    def switched(was, now):
        """The addresses and ports of a service at which implicit TLS is switched on or off: whether it was on, and is."""
        before, after = ({(at.where, at.port): at.implicit for at in s.listeners} if s else {} for s in (was, now))
        return {endpoint(end): (before[end], after[end]) for end in before.keys() & after.keys()
                if before[end] != after[end]}

    @staticmethod
    def offer(service, end):
        """How TLS is offered at an address and port; None if it is not."""
        at = next(at for at in service.listeners if at.answers_at(*end))
        if not at.implicit and service.explicit == "off":
            return None
        return at.implicit or service.explicit, service.profile, tuple(service.certificate)


def mirrored(pair, one, other):
    """diff(a, b) and diff(b, a) say the same the other way round. A socket has another service then: it has no name here."""
    def known(answer, turn):
        way = turned if turn else (lambda word: word)
        swap = {"access-widened": "access-narrowed", "access-narrowed": "access-widened"} if turn else {}
        return sorted((swap.get(e["class"], e["class"]), e["listener"] or e["service"] or "",
                       words(way(WORDS[e["direction"]]))) for e in answer["effects"])

    def changes(answer, turn):
        ends = ("after", "before") if turn else ("before", "after")
        lists = ("removed", "added") if turn else ("added", "removed")
        way = turned if turn else (lambda word: word)
        return sorted((c["path"].split(".listeners.")[-1], str(c[ends[0]]), str(c[ends[1]]),
                       str([c.get(key) for key in lists]), words(way(WORDS[c["direction"]]))) for c in answer["changes"])

    def lost(answer, turn):
        kinds = ("versions", "ciphers")
        ends = ("gained", "lost") if turn else ("lost", "gained")
        return sorted((t.get("listener") or t["service"],
                       str([sorted(t[f"{end}_{kind}"]) for kind in kinds for end in ends])) for t in answer["tls"] if any(t[f"{end}_{kind}"] for kind in kinds for end in ends))

    def shown(answer, turn):
        ends = ("after", "before") if turn else ("before", "after")
        return sorted(str((p["listener"] or p["service"], p["name"], p["keys"], p[ends[0]], p[ends[1]], p["changed"]))
                      for p in answer["presented_certificates"])
    pair.same("mirror: direction", words(turned(WORDS[one["direction"]])), words(WORDS[other["direction"]]))
    if one["renamed_services"]:
        return  # Each calls them by the name that they have afterwards.
    for name, part in (("effects", known), ("changes", changes), ("tls", lost), ("presented", shown)):
        mine, theirs = part(one, True), part(other, False)
        pair.same(f"mirror: {name}", [m for m in mine if m not in theirs], [t for t in theirs if t not in mine])
