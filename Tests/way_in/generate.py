"""Random small configs, how they are written as YAML, and the same ones in other words."""

import copy
import json

from addresses import EVERYTHING, address, pieces, text_of
from way import addresses_of, broken, many, services

NAMES = ["a", "b", "c", "d", "pop-3"]
BASES = ["10.0.0.", "10.0.1.", "127.0.0.", "192.0.2."]
SIX = ["2001:db8::", "2001:db8:0:1::", "2001:db8:1::"]


def entry(chance, lists=(), files=()):
    """One entry of an address list, as an administrator might write it."""
    kind = chance.choice(["one"] * 4 + ["net"] * 4 + ["range", "six", "list"] * 2 +
                         ["star", "six-net", "six-range", "home", "file", "several", "wide"])
    base = chance.choice(BASES)
    low = chance.randrange(1, 12)
    if kind == "list" and lists:
        return chance.choice(lists)
    if kind == "file" and files:
        return {"file": chance.choice(files)}
    if kind == "net":
        length = chance.randrange(26, 33)
        return f"{base}{low >> 32 - length << 32 - length}/{length}"
    if kind == "range":
        return f"{base}{low}-{base}{low + chance.randrange(0, 9)}"
    if kind == "star":
        return chance.choice([base + "*", "10.0.*.*", "127.*.*.*", "192.0.2.*"])
    if kind == "six":
        return f"{chance.choice(SIX)}{chance.randrange(1, 5):x}"
    if kind == "six-net":
        return "2001:db8:" + chance.choice([":/32", ":/64", "0:1::/64", ":/126", "1::/48"])
    if kind == "six-range":
        return f"2001:db8::{chance.randrange(1, 4)}-2001:db8::{chance.randrange(4, 9)}"
    if kind == "home":
        return chance.choice(["127.0.0.1", "::1", "127.0.0.0/8"])
    if kind == "several":
        return "; ".join([f"{base}{low}", f"{base}{low + 3}"] + (list(lists)[:1] if chance.random() < 0.5 else []))
    if kind == "wide":
        return chance.choice(["0.0.0.0/0", "::/0", "8.0.0.0/5", "0.0.0.0-126.255.255.255", "128.0.0.0/1"])
    return f"{base}{low}"


class Generator:
    """Makes configs of one pair. `local` ones are bound to loopback only, on ports that the caller gives."""

    def __init__(self, chance, base, ports, local=False):
        self.chance, self.base, self.ports, self.local = chance, base, ports, local

    def entries(self, config, most=4):
        return [entry(self.chance, list(config.get("address_lists", {})), list(config["files"]))
                for _ in range(self.chance.randrange(1, most))]

    def bind(self):
        home = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"]
        some = self.chance.sample(home, self.chance.randrange(1, 4))
        if self.local:
            return some
        return self.chance.choice([some, some, "all", "all", "0.0.0.0", "::", ["0.0.0.0"], "192.0.2.10",
                                   ["192.0.2.10", "2001:db8::10"], ["127.0.0.1", "192.0.2.10"]])

    def proxies(self, config):
        # From loopback, so that services bound there are reached; or from elsewhere; or anything.
        return self.chance.choice([["127.0.0.4"], "127.0.0.4-127.0.0.5", ["10.0.0.1"], ["127.0.0.4", "10.0.0.0/30"],
                                   ["::1"], ["2001:db8::2", "127.0.0.5"], self.entries(config, 3), []])

    def rule_list(self, config):
        value = self.entries(config) if self.chance.random() < 0.93 else []
        if self.chance.random() < 0.2:
            return {"enabled": self.chance.random() < 0.4, "entries": value}
        return value[0] if len(value) == 1 and isinstance(value[0], str) and self.chance.random() < 0.3 else value

    def ip_control(self, config):
        rules = {}
        if self.chance.random() < 0.6:
            rules["default"] = self.chance.choice(["allow", "allow", "refuse"])
        for key in ("black_list", "white_list"):
            if self.chance.random() < 0.65:
                rules[key] = self.rule_list(config)
        return rules

    def tls(self, config, with_ports=True):
        tls = {}
        if not config.get("certificates"):
            return {"implicit": []} if self.chance.random() < 0.3 else {}
        if self.chance.random() < 0.7:
            tls["explicit"] = self.chance.choice(["off", "optional", "optional", "required"])
        if self.chance.random() < 0.6:
            tls["profile"] = self.chance.choice(["modern", "intermediate", "legacy"])
        if with_ports and (self.local or self.chance.random() < 0.9):
            ports = self.chance.sample(self.ports["implicit"], self.chance.randrange(0, 3))
            tls["implicit"] = ports if self.chance.random() < 0.8 else {"enabled": self.chance.random() < 0.5,
                                                                       "ports": ports or self.ports["implicit"][:1]}
        if len(config["certificates"]) > 1:
            tls["certificate"] = self.chance.sample(
                sorted(config["certificates"]), self.chance.randrange(1, len(config["certificates"]) + 1))
        return tls

    def plaintext(self, config):
        return self.chance.choice(["never", "loopback", "loopback", "always", self.entries(config),
                                   ["10.0.0.0/24", "::1"], []])

    def service(self, config):
        service = {"ports": self.chance.sample(self.ports["plain"], self.chance.choice([0, 1, 1, 1, 2]))}
        for key, make, often in (("bind", self.bind, 0.7), ("enabled", lambda: self.chance.random() < 0.7, 0.3),
                                 ("tls", lambda: self.tls(config), 0.97),
                                 ("ip_control", lambda: self.ip_control(config), 0.75),
                                 ("plaintext_login", lambda: self.plaintext(config), 0.5),
                                 ("proxy_from", lambda: self.proxies(config), 0.4)) + self.numbers():
            if self.chance.random() < often:
                service[key] = make()
        if not self.local and self.chance.random() < 0.1:
            del service["ports"]  # 110, and 995 where no tls is given
        return service

    def numbers(self):
        """Settings of a service that decide about limits and failures. A live server gets none: it must let all in."""
        pick = self.chance.choice
        return () if self.local else (
            ("max_login_attempts", lambda: pick([1, 3, 5]), 0.2), ("max_bad_commands", lambda: pick([5, 10, 20]), 0.2),
            ("max_connections", lambda: pick([100, 200, 400]), 0.2), ("idle_timeout", lambda: pick(["10m", "20m"]), 0.1),
            ("login_timeout", lambda: pick(["30s", "1m", "60s"]), 0.1),
            ("anti_hammering", lambda: self.chance.random() < 0.4, 0.25))

    def limits(self, config):
        pick, limits = self.chance.choice, {}
        for key, values in (("connections_per_ip", [10, 20, 50]), ("prelogin_connections", [50, 100, 300, 1000]),
                            ("connections_per_minute", [60, 120, "off"]), ("ipv6_prefix", [48, 56, 64])):
            if self.chance.random() < 0.4:
                limits[key] = pick(values)
        if self.chance.random() < 0.5:
            limits["except"] = [{"from": self.entries(config, 3), "connections_per_ip": pick([10, 20, 50, 100])}
                                for _ in range(pick([1, 1, 2]))]
        return limits

    def blocks(self, config):
        pick, blocks = self.chance.choice, {}
        for key, values in (("max_failures", [3, 5, 10]), ("forget_after", ["15m", "900s", "1h"]),
                            ("block_for", ["30m", "1h", "1d"])):
            if self.chance.random() < 0.4:
                blocks[key] = pick(values)
        if self.chance.random() < 0.5:
            blocks["never_block"] = self.entries(config, 3)
        return blocks

    def expectation(self, config):
        expect = {"from": self.entries(config, 3), "verdict": self.chance.choice(["allow", "allow", "refuse"])}
        if self.chance.random() < 0.7:
            names = sorted(config["services"])
            expect["to"] = self.chance.sample(names, 1 + self.chance.randrange(len(names)))
        if self.chance.random() < 0.7:
            expect["can"] = self.chance.choice(["connect", "login", "login", "login_plaintext"])
            if expect["can"] == "login" and self.chance.random() < 0.5:
                expect["tls"] = self.chance.choice([1.0, 1.1, 1.2, 1.3])
        return expect

    def config(self, tag):
        chance = self.chance
        config = copy.deepcopy(self.base)
        config["files"] = {f"lists/{tag}.netset": sorted({e for e in (entry(chance) for _ in range(4))
                                                          if isinstance(e, str) and ";" not in e})}
        config["certificates"] = {name: config["certificates"][name]
                                  for name in chance.choice([[], ["ec"], ["rsa"], ["ed", "rsa"], ["ec", "rsa"], ["ec", "rsa", "mx"],
                                                            ["ec", "ed", "rsa", "mx", "mx-rsa"]])}
        config["address_lists"] = {"office": [entry(chance) for _ in range(2)]}
        config["address_lists"]["wider"] = ["office", entry(chance, [], list(config["files"]))]
        if self.local or chance.random() < 0.6:
            config["server"]["bind"] = self.bind()
        defaults = {}
        for key, make in (("ip_control", lambda: self.ip_control(config)), ("tls", lambda: self.tls(config, False)),
                          ("proxy_from", lambda: self.proxies(config)),
                          ("plaintext_login", lambda: self.plaintext(config)),
                          ("bind", self.bind), ("enabled", lambda: chance.random() < 0.5),
                          *((key, make) for key, make, _ in self.numbers())):
            if chance.random() < (0.25 if key in ("ip_control", "tls", "proxy_from", "plaintext_login", "bind") else 0.08):
                defaults[key] = make()
        config["service_defaults"] = defaults
        config["services"] = {name: self.service(config) for name in chance.sample(NAMES, chance.randrange(1, 4))}
        config["expect"] = [self.expectation(config) for _ in range(chance.randrange(0, 5))]
        if chance.random() < 0.3:
            config["server"]["protect"] = self.entries(config, 3)
        for key, make in (("limits", self.limits), ("anti_hammering", self.blocks)):
            if not self.local:
                config["server"][key] = make(config)
        return config

    def changed(self, config, tag):
        """A config that differs from this one in a few things."""
        chance, fresh, config = self.chance, self.config(tag), copy.deepcopy(config)
        config["files"].update(fresh["files"])
        for _ in range(chance.randrange(1, 4)):
            what = chance.choice(["setting"] * 4 + ["rename", "service", "add", "remove", "enabled", "defaults",
                                  "lists", "bind", "swap", "expect", "protect", "files",
                                  "limits", "anti_hammering"] + ["number", "entry"] * 2)
            name = chance.choice(sorted(config["services"]))
            free = [n for n in NAMES if n not in config["services"]]
            if what == "rename" and free:
                new = chance.choice(free)
                config["services"] = {new if n == name else n: s for n, s in config["services"].items()}
                for item in config["expect"]:
                    if "to" in item:
                        item["to"] = [new if n == name else n for n in item["to"]]
            elif what == "setting":
                other = self.service(config)
                key = chance.choice(sorted(other))
                config["services"][name][key] = other[key]
            elif what == "service":
                config["services"][name] = self.service(config)
            elif what == "add" and free:
                config["services"][chance.choice(free)] = self.service(config)
            elif what == "remove" and len(config["services"]) > 1:
                del config["services"][name]
                for item in config["expect"]:
                    if "to" in item:
                        item["to"] = [n for n in item["to"] if n != name] or [sorted(config["services"])[0]]
            elif what == "enabled":
                config["services"][name]["enabled"] = not config["services"][name].get("enabled", True)
            elif what == "defaults":
                config["service_defaults"] = fresh["service_defaults"]
                if set(fresh["certificates"]) != set(config["certificates"]):
                    config["service_defaults"].pop("tls", None)
            elif what == "lists":
                config["address_lists"] = {**fresh["address_lists"]}
            elif what == "bind":
                config["server"]["bind"] = self.bind()
            elif what == "swap":
                other = chance.choice(sorted(config["services"]))
                mine, others = config["services"][name], config["services"][other]
                for key in ("ports", "tls", "bind"):
                    mine[key], others[key] = others.get(key), mine.get(key)
                for service in (mine, others):
                    for key in [key for key, value in service.items() if value is None]:
                        del service[key]
            elif what == "expect":
                config["expect"] = [self.expectation(config) for _ in range(chance.randrange(0, 4))]
            elif what == "protect":
                config["server"]["protect"] = self.entries(config, 3)
            elif what in ("limits", "anti_hammering") and not self.local:
                values = self.limits(config) if what == "limits" else self.blocks(config)
                if values and chance.random() < 0.7:
                    key = chance.choice(sorted(values))
                    values = {**config["server"][what], key: values[key]}
                config["server"][what] = values
            elif what == "number" and not self.local:
                key, make, _ = chance.choice(self.numbers())
                config["services"][name][key] = make()
            elif what == "entry":
                self.one_entry(config, config["services"][name])
        return config

    def one_entry(self, config, service):
        """Adds or removes one entry of one of a service's lists."""
        rules = service.setdefault("ip_control", {})
        where = self.chance.choice([(rules, "black_list"), (rules, "white_list"), (service, "proxy_from"),
                                    (service, "plaintext_login")])
        value = where[0].get(where[1], [])
        if isinstance(value, dict) and "entries" in value:
            where, value = (value, "entries"), value["entries"]
        if value in ("never", "loopback", "always"):
            value = {"never": [], "loopback": ["127.0.0.0/8", "::1"], "always": ["0.0.0.0/0", "::/0"]}[value]
        value = list(many(value))
        if value and self.chance.random() < 0.5:
            value.remove(self.chance.choice(value))
        else:
            value.append(self.entries(config, 2)[0])
        where[0][where[1]] = value


def clashes(config):
    """A service without a port, or two listeners that want the same socket; ocean's own check may say more."""
    found = services(config).values()
    taken = [(at.where, at.port, at.wildcard) for s in found for at in s.listeners if s.enabled]
    for number, (where, port, wild) in enumerate(taken):
        for other, other_port, other_wild in taken[:number]:
            if port == other_port and where[0] == other[0] and (where == other or wild or other_wild):
                return True
    return not taken or not all(s.listeners for s in found)


def holding(config):
    """The config without its expectations that do not hold."""
    result = copy.deepcopy(config)
    wrong = {key for key, _ in broken(config)}
    result["expect"] = [item for n, item in enumerate(config.get("expect", [])) if f"expect {n}" not in wrong]
    if "protect" in wrong:
        del result["server"]["protect"]
    return result


def in_other_words(config, chance):
    """A config that means the same: other spellings of every set, in another order."""
    def again(value):
        """The same addresses as ranges in any order, some of them cut in two that overlap."""
        result = []
        for family, low, high in addresses_of(config, value):
            middle = chance.randrange(low, high + 1)
            result += [(family, low, middle), (family, chance.randrange(low, middle + 1), high)]
        chance.shuffle(result)
        return [text_of((f, low)) + (f"-{text_of((f, high))}" if high > low else "") for f, low, high in result]

    def rules_again(rules):
        for key in ("black_list", "white_list"):
            if key in rules:
                if isinstance(rules[key], dict) and "entries" in rules[key]:
                    rules[key]["entries"] = again(rules[key]["entries"])
                else:
                    rules[key] = again(rules[key])

    result = copy.deepcopy(config)
    for settings in [result.get("service_defaults", {})] + list(result["services"].values()):
        rules_again(settings.get("ip_control", {}))
        if settings.get("proxy_from"):
            settings["proxy_from"] = again(settings["proxy_from"])
        if settings.get("plaintext_login") not in (None, "never", "loopback", "always"):
            settings["plaintext_login"] = again(settings["plaintext_login"])
    for item in result.get("expect", []) + result["server"].get("limits", {}).get("except", []):
        item["from"] = again(item["from"])
    if result["server"].get("anti_hammering", {}).get("never_block"):
        result["server"]["anti_hammering"]["never_block"] = again(result["server"]["anti_hammering"]["never_block"])
    if "protect" in result["server"]:
        result["server"]["protect"] = again(result["server"]["protect"])
    chance.shuffle(result.get("expect", []))
    names = list(result["services"])
    chance.shuffle(names)
    result["services"] = {name: result["services"][name] for name in names}
    return result


def yaml(config):
    """The config as YAML, one setting, service or expectation a line; also the line of each expectation."""
    lines, places = [], {}
    for key, value in config.items():
        if key == "files" or key != "services" and value in ({}, []):
            continue
        if key == "server":
            lines.append("server:")
            for name, setting in value.items():
                lines.append(f"  {name}: {json.dumps(setting)}")
                places[name] = len(lines)
        elif key == "expect":
            lines.append("expect:")
            for number, item in enumerate(value):
                lines.append(f"  - {json.dumps(item)}")
                places[f"expect {number}"] = len(lines)
        elif isinstance(value, dict):
            lines.append(f"{key}:")
            lines += [f"  {name}: {json.dumps(setting)}" for name, setting in value.items()]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n", places


def interesting(configs, chance, number):
    """Addresses at the edges of all sets of these configs, and some at random."""
    sets = [spans for config in configs for service in services(config).values() for spans in service.sets()]
    edges = [(family, edge) for family, low, high in pieces(sets) for edge in (low, high)]
    edges += [address(text) for text in ("127.0.0.1", "::1", "0.0.0.0", "255.255.255.255", "10.0.0.1", "2001:db8::2")]
    picked = chance.sample(edges, min(len(edges), number * 3 // 4))
    while len(picked) < number:
        family, low, high = chance.choice(EVERYTHING + [(4, 10 << 24, (10 << 24) + 512)] * 2)
        picked.append((family, chance.randrange(low, high)))
    return picked
