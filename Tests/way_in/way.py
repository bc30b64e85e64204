"""Who may come in, and how, as docs/access.md and docs/settings.md say. Nothing here asks ocean.

A config is a dict of the shape of its YAML file, and `files` has the lines of its list files.
"""

import re

from addresses import EVERYTHING, LOOPBACK, address, holds, overlap, pieces, span, united

# The kind of key of each certificate, and the host that it is for.
KINDS = {"ec": ("ec", "mail.example.org"), "ed": ("ed", "mail.example.org"), "rsa": ("rsa", "mail.example.org"),
         "mx": ("ec", "mx.example.net"), "mx-rsa": ("rsa", "mx.example.net")}
LOWEST = {"modern": 1.3, "intermediate": 1.2, "legacy": 1.0}
NUMBERS = {"max_connections": 200, "max_login_attempts": 3, "max_bad_commands": 10, "idle_timeout": "10m",
           "login_timeout": "1m"}


def many(value):
    """Where a list is expected, a single value stands for a list of one."""
    return value if isinstance(value, list) else [value]


def addresses_of(config, value):
    """The addresses that a list of the config means."""
    spans = []
    for item in many(value):
        if isinstance(item, dict):
            spans += [span(line) for line in config["files"][item["file"]]]
            continue
        for part in item.split(";"):
            named = config.get("address_lists", {}).get(part.strip())
            spans += addresses_of(config, named) if named is not None else [span(part)]
    return united(spans)


def seconds(text):
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


class Listener:
    def __init__(self, where, port, implicit):
        self.where, self.port, self.implicit = where, port, implicit
        self.wildcard = where[1] == 0
        self.from_where = [s for s in (LOOPBACK if holds(LOOPBACK, where) else EVERYTHING) if s[0] == where[0]]

    def reached_by(self, peer):
        """Loopback is reached from this host only; no family is reached from the other."""
        return holds(self.from_where, peer)

    def reached_by_one_of(self, peers):
        return overlap(self.from_where, peers)

    def answers_at(self, where, port):
        return self.port == port and (self.where == where or self.wildcard and self.where[0] == where[0])


class Service:
    """A service with everything that decides about the way in, defaults filled in."""

    def __init__(self, config, name):
        defaults, own = config.get("service_defaults", {}), config["services"][name]
        setting = {**defaults, **own}
        tls = {**defaults.get("tls", {}), **own.get("tls", {})}
        rules = {**defaults.get("ip_control", {}), **own.get("ip_control", {})}
        certificates = config.get("certificates", {})
        self.name = name
        self.enabled = setting.get("enabled", True)
        self.explicit = tls.get("explicit", "required" if certificates else "off")
        self.profile = tls.get("profile", "intermediate")
        self.certificate = many(tls.get("certificate", list(certificates)[:1]))
        self.refuses = rules.get("default", "allow") == "refuse"
        self.white, self.black = (self.rule_list(config, rules.get(key, [])) for key in ("white_list", "black_list"))
        # What is listed in a list that is switched off decides nothing, but a service has it all the same. An empty
        # list is the same, on or off.
        entries = [(rules.get(key, []), self.entries(config, rules.get(key, []))) for key in ("white_list", "black_list")]
        self.listed = [(not found or self.is_on(written), found) for written, found in entries]
        self.written = {key: self.as_written(rules.get(key, [])) for key in ("white_list", "black_list")}
        numbers = {key: setting.get(key, number) for key, number in NUMBERS.items()}
        self.numbers = {key: seconds(n) if isinstance(n, str) else n for key, n in numbers.items()}
        self.counts_failures = setting.get("anti_hammering", True)
        self.proxies = addresses_of(config, setting.get("proxy_from", []))
        plain = setting.get("plaintext_login", "never" if self.explicit == "required" else "loopback")
        words = {"never": [], "loopback": LOOPBACK, "always": EVERYTHING}
        self.plaintext = words[plain] if isinstance(plain, str) and plain in words else addresses_of(config, plain)
        implicit = tls.get("implicit", [995] if certificates else [])
        if isinstance(implicit, dict):
            implicit = implicit.get("ports", [995]) if implicit.get("enabled", True) else []
        self.listeners = [Listener(where, port, port_is_tls)
                          for where in self.bound(config, setting.get("bind", "default"))
                          for ports, port_is_tls in ((setting.get("ports", 110), False), (implicit, True))
                          for port in many(ports)]

    @staticmethod
    def is_on(value):
        return not isinstance(value, dict) or "file" in value or value.get("enabled", True)

    @staticmethod
    def as_written(value):
        return many(value.get("entries", []) if isinstance(value, dict) and "file" not in value else value)

    @classmethod
    def entries(cls, config, value):
        return addresses_of(config, cls.as_written(value))

    @classmethod
    def rule_list(cls, config, value):
        return cls.entries(config, value) if cls.is_on(value) else []

    @staticmethod
    def bound(config, bind):
        if bind == "default":
            bind = config["server"].get("bind", ["127.0.0.1", "::1"])
        return [address(text) for text in (["0.0.0.0", "::"] if bind == "all" else many(bind))]

    def rules_allow(self, client):
        """Checks 2 to 4 of docs/access.md; blocks and limits come and go."""
        if holds(self.white, client):
            return True
        return not holds(self.black, client) and not self.refuses

    def ways_in(self, client, via=None, where=None, announced=False):
        """The listeners that let this client in: at an endpoint `where` or any, through a proxy `via` or by any route.

        Without `via`, a proxy's own address is let in nowhere: it may only speak for others. But a proxy can announce
        it (`announced`), so an expectation that an address is refused does not hold for a proxy's only for that.
        """
        if not self.enabled or not self.rules_allow(client):
            return []
        ways = [at for at in self.listeners if where is None or at.answers_at(*where)]
        if where is not None:
            # A listener of all addresses is reached at one of them, which may be a loopback address.
            ways = [Listener(where[0], at.port, at.implicit) for at in ways]
        if via is not None:
            return [at for at in ways if holds(self.proxies, via) and at.reached_by(via)]
        if holds(self.proxies, client):
            return [at for at in ways if announced and at.reached_by_one_of(self.proxies)]
        return [at for at in ways if at.reached_by(client) or at.reached_by_one_of(self.proxies)]

    def has_tls(self, at, version):
        return (at.implicit or self.explicit != "off") and version >= LOWEST[self.profile]

    def can(self, what, client, tls=None, **route):
        """Whether the client can `connect`, `login` (over TLS up to version `tls`, if given) or `login_plaintext`."""
        ways = self.ways_in(client, **route)
        plain = any(not at.implicit for at in ways) and holds(self.plaintext, client)
        if what == "connect":
            return bool(ways)
        if what == "login_plaintext":
            return plain
        return any(self.has_tls(at, tls or 1.3) for at in ways) or plain and tls is None

    def obstacle(self, what, client, tls=None, via=None, where=None):
        """The first step at which a client is refused, in the order of docs/access.md; None if it is not."""
        if not self.enabled:
            return "service"
        ways = [at for at in self.listeners if where is None or at.answers_at(*where)]
        if where is not None:
            ways = [Listener(where[0], at.port, at.implicit) for at in ways]
        if not any(at.reached_by(via or client) or not via and at.reached_by_one_of(self.proxies) for at in ways):
            return "listener"
        if (not holds(self.proxies, via)) if via else holds(self.proxies, client):
            return "proxy"
        if not self.rules_allow(client):
            return "black_list" if holds(self.black, client) else "default"
        return None if self.can(what, client, tls, via=via, where=where) else "login"

    def is_about_somebody(self, family, via=None, where=None):
        """Whether there is a listener of the clients' family, or a proxy that brings them (docs/testing.md)."""
        ways = [at for at in self.listeners if where is None or at.answers_at(*where)]
        if where is not None:
            ways = [Listener(where[0], at.port, at.implicit) for at in ways]
        return self.enabled and (any(at.where[0] == (via[0] if via else family) for at in ways) or
                                 not via and any(at.reached_by_one_of(self.proxies) for at in ways))

    def presented(self, server_name=None, verifies=("ec", "ed", "rsa")):
        """The certificate for clients that ask for a host and can verify some kinds of keys; None if there is none.

        "Those for the same names are one group, from which a client is shown ECDSA if it can verify that, then Ed25519,
        then RSA; a name that no certificate has gets the first group, as does no name."
        """
        group = self.group(server_name)
        return next((name for kind in ("ec", "ed", "rsa") if kind in verifies
                     for name in group if KINDS[name][0] == kind), None)

    def group(self, server_name=None):
        """The names of the certificates for clients that ask for a host, one for each kind of key."""
        names = next((KINDS[name][1] for name in self.certificate if KINDS[name][1] == server_name), None)
        return [name for name in self.certificate if KINDS[name][1] == (names or KINDS[self.certificate[0]][1])] \
            if self.certificate else []

    def shown(self):
        """The certificates, and the host of the first: the order of those for one host does not matter."""
        return {*self.certificate}, self.certificate and KINDS[self.certificate[0]][1]

    def sets(self):
        """All sets of addresses that this service's decisions depend on."""
        return [self.white, self.black, self.proxies, self.plaintext, LOOPBACK]

    def alike(self):
        """What a service is apart from its name."""
        ends = sorted((at.where, at.port, at.implicit) for at in self.listeners)
        return (self.enabled, self.explicit, self.profile, self.certificate, self.refuses, self.listed,
                self.proxies, self.plaintext, ends, self.numbers, self.counts_failures)


def remembered(function):
    """A function of a config that remembers its last answers: configs do not change once they are asked about."""
    known = []

    def answer(config):
        for other, found in known:
            if other is config:
                return found
        known.insert(0, (config, function(config)))
        del known[8:]
        return known[0][1]
    return answer


@remembered
def services(config):
    return {name: Service(config, name) for name in config["services"]}


def expectations(config):
    """The expectations of a config, those of server.protect among them, each with its key for messages."""
    listed = [(f"expect {n}", item) for n, item in enumerate(config.get("expect", []))]
    protect = config["server"].get("protect", [])
    if protect:
        listed.append(("protect", {"from": protect, "verdict": "allow", "can": "login"}))
    return listed


@remembered
def broken(config):
    """{(key of the expectation, service): the addresses for which it does not hold}."""
    found, result = services(config), {}
    for key, item in expectations(config):
        wanted = addresses_of(config, item["from"])
        to = many(item["to"]) if "to" in item else [name for name in found if found[name].enabled]
        for name in to:
            service = found[name]
            wrong = []
            for family, low, high in pieces([wanted] + service.sets()):
                if not holds(wanted, (family, low)):
                    continue
                refuse, what = item["verdict"] == "refuse", item.get("can", "connect")
                if service.can(what, (family, low), item.get("tls"), announced=refuse) == refuse:
                    wrong.append((family, low, high))
            if wrong:
                result[key, name] = united(wrong)
    return result
