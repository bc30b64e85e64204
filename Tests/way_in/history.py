"""What would have become of the connections in an access log: `ocean replay`."""

import json
import os

from addresses import LOOPBACK, endpoint, holds, text_of
from attempts import ELSEWHERE, HERE
from generate import yaml
from way import broken, services


class History:
    """Logs of one pair's configs. `pair` compares and counts."""

    def __init__(self, pair, attempts):
        self.pair, self.chance, self.attempts = pair, pair.chance, attempts

    def replay_all(self, old, new, old_name, new_name, compare):
        """Replays a log of the old config by the new one, with the old one as the baseline or without."""
        lines = self.log(old, 20)
        for name, config in ((old_name, old), (new_name, new)):
            self.pair.ocean.write(name, generous(config), yaml(generous(config))[0])
        self.replay(new_name, new, old_name, old, lines, compare)

    def log(self, config, number):
        """Lines of an access log, of connections that could be made to a server with this config."""
        lines = []
        for n in range(number):
            service, client, via, _ = self.attempts.route(config)
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
        self.pair.tally["replay: lines"] += len(lines)
        with open(os.path.join(self.pair.ocean.folder, "access.log"), "w") as file:
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line, *_ in lines)
            # Others say nothing of the rules: refused by limits before login, a failed login, and half a line.
            other = [{**line, "event": "refused", "tls": None, "user": None, "outcome": outcome}
                     for outcome in ("gave_way", "prelogin_connections", "open_files")
                     for line, *_ in lines[:2]]
            failed = [{**line, "event": "login_failed", "user": "anna@example.org"} for line, *_ in lines[:1]]
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in other + failed)
            file.write('{"time":"2026-11-25T14:00')
        extra = ["--baseline", baseline_name] if compare else []
        code, answer, err = self.pair.ocean.json("replay", name, "--log", "access.log", *extra)
        if answer is None:
            self.pair.found.append(f"replay: no answer: {err}")
            return
        theirs = {}
        for item in answer["affected"]:
            key = item["peer"], item["service"], item["verdict"]
            theirs[key] = theirs.get(key, 0) + item["connections"]
        title = f"replay: {name} {' '.join(extra)}"
        for key in sorted(mine.keys() | theirs.keys()):
            self.pair.same(f"{title} {key} " + str([json.dumps(line) for line, *_ in lines if line["peer"] == key[0]
                                              and line["service"] == key[1]]), mine.get(key, 0), theirs.get(key, 0))
        self.pair.same(title + " connections", len(lines) - len(unknown), answer["connections"])
        self.pair.same(title + " not known", len(unknown), answer["unknown"])
        self.pair.same(title + " refused by blocks or limits", len(other), answer["unjudged"])
        self.pair.same(title + " broken lines", 1, answer["unreadable_lines"])
        self.pair.same(title + " exit code", 1 if broken(config) or len(lines) == len(unknown) else 2 if mine else 0, code)


def generous(config):
    """The config with limits that a short log does not reach: what they would have done is not judged here."""
    server = {**config["server"], "limits": {"connections_per_ip": 1000}, "anti_hammering": {"max_failures": 100}}
    return {**config, "server": server}
