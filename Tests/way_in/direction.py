"""Which way a change goes, as docs/changes.md ("Weaker or stronger") and docs/plan-file.md say. Nothing here asks ocean.

A direction is a set: {"weakened"}, {"strengthened"}, both or neither. Each answer is a pair of sets, `must` and `may`:
the direction has everything in the first, and nothing that is not in the second. They differ where the documents leave
open whether a change has an effect, for example on clients that cannot connect.
"""

import copy
import itertools

from addresses import address, holds, pieces, united
from way import addresses_of, seconds

NONE, WEAKER, STRONGER = frozenset(), frozenset(["weakened"]), frozenset(["strengthened"])
ANY = WEAKER | STRONGER
PROFILES, EXPLICIT = ["modern", "intermediate", "legacy"], ["required", "optional", "off"]
WORDS = {None: NONE, "weakened": WEAKER, "strengthened": STRONGER, "both": ANY}
NEVER_BLOCKED = [address("127.0.0.1"), address("::1")]


def by_order(before, after):
    """The direction if more is weaker."""
    return WEAKER if after > before else STRONGER if after < before else NONE


def by_sets(before, after):
    """The direction if more members are weaker."""
    return (WEAKER if after - before else NONE) | (STRONGER if before - after else NONE)


def turned(direction):
    return frozenset({"weakened": "strengthened", "strengthened": "weakened"}[word] for word in direction)


def exactly(direction):
    return direction, direction


def perhaps(direction):
    return NONE, direction


def joined(answers):
    answers = list(answers)
    return (frozenset().union(*(must for must, _ in answers)), frozenset().union(*(may for _, may in answers)))


class Server:
    """What a config says for all services together, with the defaults filled in."""

    def __init__(self, config):
        limits, blocks = (config["server"].get(key, {}) for key in ("limits", "anti_hammering"))
        minute = limits.get("connections_per_minute", "off")
        self.limits = {"connections_per_ip": limits.get("connections_per_ip", 20),
                       "prelogin_connections": limits.get("prelogin_connections", 1000),
                       "connections_per_minute": float("inf") if minute == "off" else minute,
                       "ipv6_prefix": limits.get("ipv6_prefix", 64)}
        self.exceptions = [(addresses_of(config, item["from"]), item["connections_per_ip"])
                           for item in limits.get("except", [])]
        self.max_failures = blocks.get("max_failures", 5)
        self.forget_after = seconds(blocks.get("forget_after", "15m"))
        self.block_for = seconds(blocks.get("block_for", "30m"))
        self.never_block = united([(family, number, number) for family, number in NEVER_BLOCKED] +
                                  addresses_of(config, blocks.get("never_block", [])))

    def sets(self):
        return [self.never_block] + [spans for spans, _ in self.exceptions]

    def blocks(self):
        return self.max_failures, self.forget_after, self.block_for, self.never_block

    def exception(self, client):
        return next((number for spans, number in self.exceptions if holds(spans, client)), None)

    def most(self, client):
        """The most connections of an address; the first exception that matches counts."""
        number = self.exception(client)
        return self.limits["connections_per_ip"] if number is None else number


class Sides:
    """Two configs: their services and servers, and all addresses in pieces within which both decide alike."""

    def __init__(self, old_config, new_config, old, new, names):
        self.old, self.new, self.names = old, new, names
        self.was, self.now = Server(old_config), Server(new_config)
        self.spans = self.cut([service for side in (old, new) for service in side.values()],
                              self.was.sets() + self.now.sets())

    @staticmethod
    def cut(found, more=()):
        """One address of each piece within which these services decide alike."""
        return [(family, low) for family, low, _ in pieces([s for service in found for s in service.sets()] + list(more))]

    @staticmethod
    def able(service, what, spans, where=None, both=()):
        """The pieces whose addresses can do that. One that is a proxy's on both sides comes only if it is announced."""
        if service is None:
            return frozenset()
        return frozenset(addr for addr in spans if service.can(what, addr, where=where, announced=addr in both))

    def compared(self, what, was, now, where=None):
        """What the service's clients can do before and after."""
        spans, both = self.cut([s for s in (was, now) if s]), set()
        if was and now and was.enabled and now.enabled:
            both = {addr for addr in spans if holds(was.proxies, addr) and holds(now.proxies, addr)}
        return self.able(was, what, spans, where, both), self.able(now, what, spans, where, both)

    def of_server(self):
        """{path of a setting: direction} for server.limits and server.anti_hammering."""
        anybody = [{addr for addr in self.spans if any(s.can("connect", addr, announced=True) for s in side.values())}
                   for side in (self.old, self.new)]
        both = anybody[0] & anybody[1]
        was, now, result = self.was, self.now, {}
        # A number for everybody means nothing where an exception does.
        rest = [[addr for addr in self.spans if side.exception(addr) is None] for side in (was, now)]
        one = by_order(was.limits["connections_per_ip"], now.limits["connections_per_ip"])
        result["server.limits.connections_per_ip"] = (
            one if both & set(rest[0]) & set(rest[1]) else NONE, one if rest[0] + rest[1] else NONE)
        # An exception is gained or lost against the number that holds for everybody else, before or after.
        told = [frozenset().union(*(by_order(was.most(addr), now.most(addr)) for addr in where
                                    if was.exception(addr) != now.exception(addr))) for where in (both, self.spans)]
        result["server.limits.except"] = tuple(told) if was.limits["connections_per_ip"] == \
            now.limits["connections_per_ip"] else (NONE, ANY)
        result["server.limits.connections_per_minute"] = exactly(by_order(
            *(s.limits["connections_per_minute"] for s in (was, now))))
        # "It has no effect if it is as large as the sum of their max_connections."
        sums = [sum(s.numbers["max_connections"] for s in side.values() if s.enabled) for side in (self.old, self.new)]
        many_waiting = [s.limits["prelogin_connections"] for s in (was, now)]
        result["server.limits.prelogin_connections"] = (
            NONE if min(many_waiting) >= min(sums) else by_order(*many_waiting), by_order(*many_waiting))
        six = all(any(addr[0] == 6 for addr in side) for side in anybody)
        prefix = by_order(*(s.limits["ipv6_prefix"] for s in (was, now)))
        result["server.limits.ipv6_prefix"] = (prefix if six else NONE, prefix)
        # "The numbers of anti_hammering if no service counts failures" have no direction.
        counted = [any(s.enabled and s.counts_failures for s in side.values()) for side in (self.old, self.new)]
        certain = all(any(s.enabled and s.counts_failures and s.can("connect", addr) and not holds(both_never, addr)
                          for s in side.values() for addr in self.spans)
                      for side, both_never in ((self.old, was.never_block), (self.new, now.never_block)))
        for key, order in (("max_failures", by_order(was.max_failures, now.max_failures)),
                           ("forget_after", by_order(now.forget_after, was.forget_after)),
                           ("block_for", by_order(now.block_for, was.block_for))):
            result[f"server.anti_hammering.{key}"] = (order if certain else NONE, order if any(counted) else NONE)
        never = [{addr for addr in self.spans if holds(s.never_block, addr)} for s in (was, now)]
        result["server.anti_hammering.never_block"] = (
            by_sets(never[0] & both, never[1] & both) if certain else NONE, by_sets(*never) if any(counted) else NONE)
        return result

    def of_server_classes(self):
        """{class: direction} of what changes for the whole server."""
        settings, result = self.of_server(), {}
        limits = [settings[f"server.limits.{key}"] for key in ("connections_per_minute", "prelogin_connections",
                                                               "ipv6_prefix")]
        anybody = [addr for addr in self.spans if all(any(s.can("connect", addr, announced=True) for s in side.values())
                                                      for side in (self.old, self.new))]
        most = tuple(frozenset().union(*(by_order(self.was.most(addr), self.now.most(addr)) for addr in where))
                     for where in (anybody, self.spans))
        result["limits"] = joined(limits + [most])
        result["anti-hammering"] = joined(told for path, told in settings.items() if "anti_hammering" in path)
        return result

    @staticmethod
    def believed(service, spans, where=None):
        """The proxies that a service believes and that can reach it."""
        if service is None or not service.enabled:
            return frozenset()
        ways = [at for at in service.listeners if where is None or at.answers_at(*where)]
        return frozenset(addr for addr in spans
                         if holds(service.proxies, addr) and any(at.reached_by(addr) for at in ways))

    def proxies(self, was, now, where=None):
        spans = self.cut([s for s in (was, now) if s])
        return self.believed(was, spans, where), self.believed(now, spans, where)

    def of_services(self, was, now, where=None):
        """{class: direction} of what changes for a service, or at an address and port that another one has then."""
        result = {}
        connect = self.compared("connect", was, now, where)
        result["access-widened"] = exactly(WEAKER if connect[1] - connect[0] else NONE)
        result["access-narrowed"] = exactly(STRONGER if connect[0] - connect[1] else NONE)
        plain = self.compared("login_plaintext", was, now, where)
        result["plaintext-login"] = exactly(by_sets(*plain) or (NONE if where else self.first_port(was, now)))
        result["proxies"] = self.silent(was, now, by_sets(*self.proxies(was, now, where)))
        if not (was and now and was.enabled and now.enabled):
            # "Which enabled services failed logins do not count at": a service that comes or goes may be one of them.
            other = [bool(s and s.enabled and not s.counts_failures) for s in (was, now)]
            result["anti-hammering"] = perhaps(by_order(*other))
            result["tls"] = result["limits"] = exactly(NONE)
            return result
        someone = bool(connect[0] and connect[1])
        for name, direction in (("limits", self.attempts(was, now)),
                                ("anti-hammering", by_order(was.counts_failures * -1, now.counts_failures * -1))):
            result[name] = (direction if someone else NONE, direction)
        result["tls"] = self.tls(was, now, someone, by_sets(*plain), where)
        return result

    def silent(self, was, now, direction):
        """A setting of a service that lets nobody in has no direction; whether a black list may be why is not said."""
        if not (was and now and was.enabled and now.enabled):
            return exactly(direction)
        if any(s.refuses and not s.white for s in (was, now)):
            return exactly(NONE)
        return exactly(direction) if all(any(map(s.rules_allow, self.cut([s]))) for s in (was, now)) else perhaps(direction)

    @classmethod
    def first_port(cls, was, now):
        """"A first port without TLS counts, and the loss of the last, from wherever it can be reached"."""
        had, has = (bool(s and s.enabled and any(not at.implicit for at in s.listeners)) for s in (was, now))
        one = now if has else was
        if had == has or not any(holds(one.plaintext, addr) and one.rules_allow(addr) for addr in cls.cut([one])):
            return NONE
        return by_order(had, has)

    @staticmethod
    def attempts(was, now):
        return frozenset().union(*(by_order(was.numbers[key], now.numbers[key])
                                   for key in ("max_login_attempts", "max_bad_commands")))

    def tls(self, was, now, someone, plain, where=None):
        ends = [{(at.where, at.port, at.implicit) for at in s.listeners if where is None or at.answers_at(*where)}
                for s in (was, now)]
        kinds = [{implicit for *_, implicit in side} for side in ends]
        answer = joined([self.explicit(was, now, kinds, someone, plain), self.profile(was, now, kinds, someone)])
        if where is not None and kinds[0] != kinds[1]:
            return answer[0], ANY  # What is spoken there changes, too; it may be the same in other words.
        return answer

    def at_port(self, was, now, implicit):
        """At a port that stays, TLS from the first octet protects more than STLS, and STLS more than none."""
        connect = self.compared("connect", was, now)
        ranks = [0 if first else 2 if s.explicit == "off" else 1 for first, s in zip(implicit, (was, now))]
        direction = by_order(*ranks)
        return (direction if connect[0] and connect[1] else NONE), direction

    @staticmethod
    def explicit(was, now, kinds, someone, plain):
        """`optional`, then `off` is weaker; `optional` only if somebody else may log in without TLS."""
        direction = by_order(EXPLICIT.index(was.explicit), EXPLICIT.index(now.explicit))
        if False not in kinds[0] & kinds[1]:
            return perhaps(direction if False in kinds[0] | kinds[1] else NONE)
        if "off" in (was.explicit, now.explicit):
            return (direction if someone else NONE, direction)
        # Whom plaintext_login names decides; it has an effect for certain if that alone changes who can.
        strict, loose = (was, now) if now.explicit == "optional" else (now, was)
        named = any(holds(loose.plaintext, a) and not holds(strict.plaintext, a) for a in Sides.cut([was, now]))
        others = [(s.listed, s.refuses, s.proxies, sorted((at.where, at.port, at.implicit) for at in s.listeners))
                  for s in (was, now)]
        return (direction & plain if others[0] == others[1] else NONE), direction if named else NONE

    @staticmethod
    def profile(was, now, kinds, someone):
        direction = by_order(PROFILES.index(was.profile), PROFILES.index(now.profile))
        offered = [True in k or s.explicit != "off" and False in k for k, s in zip(kinds, (was, now))]
        return (direction if someone and all(offered) else NONE, direction if any(offered) else NONE)

    def of_settings(self, was, now):
        """{setting: direction} of a service that is enabled before and after."""
        result, plain = {}, self.compared("login_plaintext", was, now)
        connect = self.compared("connect", was, now)
        someone = bool(connect[0] and connect[1])
        kinds = [{at.implicit for at in s.listeners} for s in (was, now)]
        for key in ("max_connections", "idle_timeout", "login_timeout", "tls.certificate", "accounts"):
            result[key] = exactly(NONE)
        for key in ("max_login_attempts", "max_bad_commands"):
            direction = by_order(was.numbers[key], now.numbers[key])
            result[key] = (direction if someone else NONE, direction)
        direction = by_order(was.counts_failures * -1, now.counts_failures * -1)
        result["anti_hammering"] = (direction if someone else NONE, direction)
        result["tls.explicit"] = self.explicit(was, now, kinds, someone, by_sets(*plain))
        result["tls.profile"] = self.profile(was, now, kinds, someone)
        spans = self.cut([was, now])
        must, may = self.by_itself(was, now, "proxies", lambda s: self.believed(s, spans))
        result["proxy_from"] = self.silent(was, now, must)[0], self.silent(was, now, may)[1]
        both = {addr for addr in spans if holds(was.proxies, addr) and holds(now.proxies, addr)}
        result["plaintext_login"] = self.by_itself(was, now, "plaintext",
                                                   lambda s: self.able(s, "login_plaintext", spans, both=both))
        result.update(self.rules(was, now))
        return result

    @staticmethod
    def by_itself(was, now, attribute, measure):
        """What a setting does among the old ones of the others, and among the new ones."""
        told = []
        for rest in (was, now):
            pair = []
            for value in (getattr(was, attribute), getattr(now, attribute)):
                service = copy.copy(rest)
                setattr(service, attribute, value)
                pair.append(measure(service))
            told.append(by_sets(*pair))
        return told[0] & told[1], told[0] | told[1]

    def rules(self, was, now):
        """The same for the settings of ip_control, among all mixtures of old and new ones of the others."""
        def parts(service):
            (white_on, white), (black_on, black) = service.listed
            return {"white_list": white, "white_list.enabled": white_on, "black_list": black,
                    "black_list.enabled": black_on, "default": service.refuses}

        def allowed(service, chosen):
            mixed = copy.copy(service)
            mixed.white = chosen["white_list"] if chosen["white_list.enabled"] else []
            mixed.black = chosen["black_list"] if chosen["black_list.enabled"] else []
            mixed.refuses = chosen["default"]
            return self.able(mixed, "connect", spans, both=both)
        before, after, result = parts(was), parts(now), {}
        spans = self.cut([was, now], [spans for side in (was, now) for _, spans in side.listed])
        both = {addr for addr in spans if holds(was.proxies, addr) and holds(now.proxies, addr)}
        changed = [key for key in before if before[key] != after[key]]
        for key in changed:
            others, told = [other for other in changed if other != key], []
            for choice in itertools.product((before, after), repeat=len(others)):
                chosen = {**before, **{other: side[other] for other, side in zip(others, choice)}}
                told += [by_sets(allowed(rest, {**chosen, key: before[key]}), allowed(rest, {**chosen, key: after[key]}))
                         for rest in (was, now)]
            result["ip_control." + key] = frozenset.intersection(*told), frozenset().union(*told)
        return result
