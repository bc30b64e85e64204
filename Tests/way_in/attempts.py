"""Attempts to get in, which `ocean test` judges by the dozen and `ocean explain` one by one."""

import json

from addresses import endpoint, holds, pieces, text_of, united, written
from generate import entry
from ocean import spans_of
from way import KINDS, addresses_of, broken, many, services

HERE = {4: (4, (127 << 24) + 1), 6: (6, 1)}
ELSEWHERE = {4: (4, (192 << 24) + (2 << 8) + 10), 6: (6, (0x20010db8 << 96) + 0x10)}
VERSIONS = ["none", "1.0", "1.1", "1.2", "1.3"]
# The accounts, and where they may log in from; None stands for everywhere.
ACCOUNTS = {"anna@example.org": None, "berta@example.org": ["10.0.0.0/29", "127.0.0.0/8", "2001:db8::/32"],
            "carl@example.org": [], "ghost@example.org": []}
HOSTS = [None, "mail.example.org", "mx.example.net", "www.example.com"]


def account_allows(user, client):
    nets = None if user is None else ACCOUNTS[user]
    return nets is None or holds(addresses_of({}, nets), client)


def what_of(tls, user):
    """What a client that names its means, or an account, tries to do: (what, version)."""
    if tls == "none":
        return "login_plaintext", None
    return ("login", float(tls) if tls else None) if tls or user else ("connect", None)


class Attempts:
    """Questions about single clients of one pair. `pair` compares and counts."""

    def __init__(self, pair, attempts):
        self.pair, self.chance, self.attempts = pair, pair.chance, attempts

    def route(self, config):
        """A client, a service and perhaps one of its addresses and ports, and perhaps a proxy."""
        found = list(services(config).values())
        service = self.chance.choice([s for s in found if s.enabled or self.chance.random() < 0.2] or found)
        families = {at.where[0] for at in service.listeners}
        client = self.chance.choice([a for a in self.attempts if a[0] in families or self.chance.random() < 0.2]
                                    or self.attempts)
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

    # ocean explain

    def explain(self, name, config):
        service, client, via, where = self.route(config)
        tls = self.chance.choice([None, None] + VERSIONS)
        user = self.chance.choice([None, None] + list(ACCOUNTS))
        arguments = ["--from", text_of(client), "--to", endpoint(where) if where else service.name]
        arguments += ["--via", text_of(via)] if via else []
        arguments += ["--tls", tls] if tls else []
        arguments += ["--user", user] if user else []
        what, version = what_of(tls, user)
        step = service.obstacle(what, client, version, via=via, where=where)
        if step is None and not account_allows(user, client):
            step = "account"
        code, answer, err = self.pair.ocean.json("explain", name, *arguments)
        theirs = answer and next((s["stage"] for s in answer["steps"] if s["decisive"]), "no step")
        self.pair.same(f"explain: {name} {' '.join(arguments)}",
                       ("refused" if step else "allowed", 2 if broken(config) else 1 if step else 0, step),
                       (answer["verdict"] if answer else err, code, theirs if step else None))

    # ocean test

    def cases(self, name, config, number):
        """Many attempts in one run: what each wants is so, or is not, as the oracle says."""
        found = services(config)
        asked = [self.case(config, found) for _ in range(number)]
        with open(f"{self.pair.ocean.folder}/cases.yaml", "w") as file:
            json.dump({"tests": [case for case, _ in asked]}, file)
        code, answer, err = self.pair.ocean.json("test", "cases.yaml", "--config", name)
        if answer is None or "cases" not in answer:
            self.pair.found.append(f"test: no answer: {answer or err}")
            return
        for (case, mine), told in zip(asked, answer["cases"]):
            faults = told["findings"]
            if any(f["found"].startswith("it is about nobody") for f in faults):
                theirs = "about nobody"
            elif not faults:
                theirs = "holds"
            else:
                theirs = written(united([s for f in faults for s in spans_of(f.get("addresses", []))]))
            self.pair.same(f"case: {name} {json.dumps(case)} {[f['found'] for f in faults]}", mine, theirs)
        fails = sum(mine != "holds" for _, mine in asked)
        self.pair.same(f"test: exit code of {name}", 2 if broken(config) else 1 if fails else 0, code)
        self.pair.same(f"test: failed cases of {name}", fails, answer["failed_count"])

    def case(self, config, found):
        """A case, and what the oracle says of it: `holds`, `about nobody` or the clients of whom it does not hold."""
        service, client, via, where = self.route(config)
        case = {"from": text_of(client), "to": endpoint(where) if where else service.name}
        if via:
            case["via"] = text_of(via)
        if self.chance.random() < 0.2:
            case["from"] = [entry(self.chance, list(config.get("address_lists", {})), list(config["files"]))]
        asked, spans = [service], addresses_of(config, many(case["from"]))
        if not where and self.chance.random() < 0.2:
            del case["to"]
            asked = [s for s in found.values() if s.enabled]
            service = asked[0] if asked else service
        tls = self.chance.choice([None, None] + VERSIONS)
        user = self.chance.choice([None, None, None] + list(ACCOUNTS))
        kind = self.chance.choice(["verdict"] * 5 + ["login"] * 2 + ["certificate", "rule"])
        if kind != "verdict":
            user = None
        if kind == "certificate" and (not config["certificates"] or tls == "none"):
            kind = "verdict"
        case |= ({"tls": tls} if tls else {}) | ({"user": user} if user else {})
        version = float(tls) if tls and tls != "none" else None
        if kind == "certificate":
            return self.certificate(case, asked, spans, via, where, version)
        if kind == "rule" and len(asked) == 1:
            return self.rule(case, config, service, client, via, where)
        allow = self.chance.random() < 0.5
        if kind == "login":
            case["want"] = {"login": "offered" if allow else "refused"}
            what = "login_plaintext" if tls == "none" else "login"
        else:
            case["want"] = {"verdict": "allow" if allow else "refuse"}
            what, version = what_of(tls, user)

        def wrong(s, a):
            able = s.can(what, a, version, via=via, where=where, announced=not allow) and account_allows(user, a)
            return able != allow
        return case, self.outcome(asked, spans, via, where, wrong)

    @staticmethod
    def outcome(asked, spans, via, where, wrong):
        """Whether a case holds: of every service that is asked, for each client."""
        if not spans or not any(s.enabled for s in asked):
            return "about nobody"
        if not all(any(s.is_about_somebody(family, via, where) for s in asked) for family in {f for f, *_ in spans}):
            return "about nobody"
        nets = [addresses_of({}, nets) for nets in ACCOUNTS.values() if nets]
        result = []
        for s in asked:
            result += [(f, low, high) for f, low, high in pieces([spans] + s.sets() + nets)
                       if holds(spans, (f, low)) and wrong(s, (f, low))]
        return written(result) if result else "holds"

    def certificate(self, case, asked, spans, via, where, version):
        """Which certificates are presented for a host, one for each kind of key."""
        host = self.chance.choice(HOSTS)
        names = asked[0].group(host)
        if self.chance.random() < 0.4:
            names = self.chance.sample(sorted(KINDS), 1)
        case["want"] = {"certificate": names}
        if host:
            case["server_name"] = host

        def unreached(s, a):
            return not s.can("login", a, version or 1.3, via=via, where=where)

        def wrong(s, a):
            return unreached(s, a) or set(s.group(host)) != set(names)
        result = self.outcome(asked, spans, via, where, wrong)
        # Where some do not get that far, that is what is told of a service; of the others all that ask.
        if result not in ("holds", "about nobody"):
            parts = [self.outcome([s], spans, via, where, unreached) for s in asked]
            if all(part in ("holds", "about nobody") for part in parts):
                return case, result
            told = []
            for s, part in zip(asked, parts):
                told.append(part if part not in ("holds", "about nobody") else
                            self.outcome([s], spans, via, where, wrong))
            result = written(united([span for text in told if text not in ("holds", "about nobody")
                                     for span in spans_of(text.split(", "))]))
        return case, result

    def rule(self, case, config, service, client, via, where):
        """What decides about one client: a setting, or the one entry that names it."""
        case["from"] = text_of(client)
        case.pop("tls", None)
        step = service.obstacle("connect", client, via=via, where=where)
        if step == "service" or not service.is_about_somebody(client[0], via, where):
            case["want"] = {"rule": "default"}
            return case, "about nobody"
        words = {"listener": ["bind"], "proxy": ["proxy_from"], "default": ["default"]}.get(step)
        if words is None:
            key = "black_list" if step else "white_list" if holds(service.white, client) else None
            words = ["default"] if key is None else self.entries(config, service, key, client)
        other = not words or self.chance.random() < 0.3
        if other:
            words = [word for word in ("bind", "proxy_from", "default") if word not in words]
        case["want"] = {"rule": self.chance.choice(words)}
        return case, text_of(client) if other else "holds"

    @staticmethod
    def entries(config, service, key, client):
        """The words for the entry that decides: as it is written, or its list. None if several name the client, as it is
        not said which of them decides.
        """
        matching = [item for item in service.written[key] if holds(addresses_of(config, [item]), client)]
        if len(matching) != 1 or ";" in matching[0]:
            return []
        return [matching[0]["file"] if isinstance(matching[0], dict) else matching[0].strip()]
