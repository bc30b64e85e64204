"""Guessing and connections, counted by several hosts together: by turns while all is well, and while the engine and hosts fail."""

import collections
import json
import random
import signal
import threading
import time
import traceback

from ledger import Violation
from sandbox import eventually
from servers import OWNER, PORT, SENTINEL_PORT, Engine, Node, WatchedEngines, make_directory, write
from session import Gone, Session

# More failures than hosts: all of them may then count one at the same moment.
HOSTS, MAX_FAILURES, MAX_CONNECTIONS = 3, 4, 6
# docs/several-machines.md: an address may fail once more on each host.
MAX_TOGETHER = MAX_FAILURES + HOSTS
# Another host knows after half a second at most; the rest is for a busy machine.
TOLD = 2.5
# docs/several-machines.md: the connections of a host count so long after its last word.
REMEMBERED = 15
BATCH = 60


class LimitsFleet:
    def __init__(self, network, program, directory, mutation=None, name="limits", has_sentinels=False):
        self.mutation = mutation
        self.directory = f"{directory}/{name}"
        make_directory(self.directory, 0o755)
        make_directory(f"{self.directory}/mail")
        self.users = [f"user{number}" for number in range(BATCH)]
        for user in self.users:
            for folder in ("", "/new", "/cur", "/tmp"):
                make_directory(f"{self.directory}/mail/{user}{folder}")
        write(f"{self.directory}/users", "".join(f"{user}@example.org:{{PLAIN}}secret::::::\n" for user in self.users), 0o600, OWNER)
        self.clients = network.clients(f"{name}-c")
        self.has_sentinels = has_sentinels
        places = [network.host(f"{name}-redis{number}") for number in range(1, 4 if has_sentinels else 2)]
        self.engines = (WatchedEngines(places, f"{self.directory}/redis") if has_sentinels
                        else Engine(places[0], f"{self.directory}/redis"))
        hosts = [network.host(f"{name}-mx{number}") for number in range(1, HOSTS + 1)]
        self.nodes = [self.node(program, host, mutation if host is hosts[-1] else None) for host in hosts]
        self.alone = self.nodes[-1:] if mutation == "counts alone" else []
        for host in hosts:
            host.route(self.clients)

    def node(self, program, host, mutation):
        if self.has_sentinels and mutation != "one engine":
            places = ", ".join(f'"{sentinel.host.address}:{SENTINEL_PORT}"' for sentinel in self.engines.sentinels)
            shared = f"shared_state: {{ sentinel: {{ master: mymaster, at: [{places}] }}, tls: off }}"
        else:
            shared = f"shared_state: {{ url: \"{self.engines.first.url}\", tls: off }}"
        return Node(host, program, f"{self.directory}/{host.name}", f"""
version: 1
server:
  hostname: {host.name}.example.org
  bind: [{host.address}]
  state: state
  user: mail
  default_domain: example.org
  drain_timeout: 0s
  anti_hammering: {{ max_failures: {30 if mutation == "more failures" else MAX_FAILURES} }}
  limits: {{ connections_per_ip: {30 if mutation == "more connections" else MAX_CONNECTIONS} }}
  {"" if mutation == "counts alone" else shared}
accounts: {{ main: {{ passwd_file: ../users }} }}
mail: {{ maildir: "{self.directory}/mail/{{user}}" }}
services:
  pop3: {{ ports: [{PORT}], plaintext_login: [10.0.0.0/8] }}
""")

    def start(self):
        self.engines.start()
        self.settle_engines()
        for node in self.nodes:
            node.start()
        self.settle()

    def settle_engines(self):
        """Sentinels take their time, which is not ocean's."""
        eventually(lambda: f"one engine is the master, and the other its replica:\n{self.engines.words()}",
                   lambda: self.engines.is_settled, within=60, every=0.2)

    def settle(self):
        """Waits until all hosts count together, by one engine."""
        self.settle_engines()
        engine = self.engines.master
        end = time.monotonic() + 30
        for node in self.nodes:
            if node in self.alone:
                continue
            while True:
                try:
                    state = node.status()["shared_state"]
                    if state["state"] == "together" and state["url"] == engine.url:
                        break
                except ValueError:
                    state = "it does not answer"
                if time.monotonic() > end:
                    raise Violation("together again", f"{node.host.name} does not count together by {engine.url} 30 s after all "
                                    f"was well: {state}")
                time.sleep(0.2)


class Attack:
    """What one address does, and what it was answered."""

    def __init__(self, test, address, rng, kind):
        self.test, self.fleet, self.address, self.rng, self.kind = test, test.fleet, address, rng, kind
        self.sessions = []
        # Answers to wrong passwords, by host and process.
        self.failed = collections.Counter()
        # When it was first refused as a blocked address.
        self.refused = None
        self.is_blocked = False
        self.notes = []
        self.user = rng.choice(self.fleet.users)
        self.lock = threading.Lock()

    def connect(self, node, timeout=30):
        session = Session(self.fleet.clients, self.address, (node.host.address, PORT), f"{self.address} at {node.host.name}", timeout)
        with self.lock:
            self.sessions.append(session)
        return session

    def is_refused(self, node):
        """Whether a new connection is closed without a word. None if there was none."""
        try:
            session = Session(self.fleet.clients, self.address, (node.host.address, PORT), f"{self.address} looks at {node.host.name}", 5)
        except Gone as gone:
            return str(gone) in ("closed", "[Errno 104] Connection reset by peer") or None
        session.close()
        return False

    def gets_in(self, node):
        """Whether one more connection is served."""
        try:
            session = self.connect(node, 5)
        except Gone:
            return False
        session.close()
        return session.greeting.startswith("+OK")

    def guess(self, node, password):
        """Whether the password was answered, rightly or wrongly; None if there was no connection."""
        life = node.process.pid
        try:
            session = self.connect(node)
        except Gone as gone:
            if str(gone) in ("closed", "[Errno 104] Connection reset by peer"):
                self.refused = self.refused or time.monotonic()
                return False
            return None
        try:
            if not session.greeting.startswith("+OK"):
                return None
            if session.log_in(self.user, password):
                if password != "secret":
                    raise Violation("verdicts are right", f"{session.name}: a wrong password was let in")
                session.quit()
                return True
            if "[AUTH]" in session.refusal:
                if password == "secret":
                    raise Violation("verdicts are right", f"{session.name}: a right password was answered by {session.refusal}")
                with self.lock:
                    self.failed[(node.host.name, life)] += 1
            return True
        except Gone:
            return None
        finally:
            session.close()

    def run(self):
        getattr(self, self.kind)()

    def guesses(self):
        """Different wrong passwords, everywhere, one after the other or many at the same time."""
        end = time.monotonic() + 45
        ways = self.rng.choice((1, HOSTS, 2 * HOSTS))
        seeds = [self.rng.random() for _ in range(ways)]
        errors = []

        def way(number):
            rng = random.Random(seeds[number])
            try:
                for attempt in range(100):
                    node = self.fleet.nodes[number % HOSTS] if ways > 1 else rng.choice(self.fleet.nodes)
                    if self.guess(node, f"wrong-{number}-{attempt}") is False or time.monotonic() > end:
                        return
                    if self.refused and time.monotonic() > self.refused + 2 * TOLD:
                        return
            except Violation as violation:
                errors.append(violation)
        threads = [threading.Thread(target=way, args=(number,), daemon=True) for number in range(ways)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in errors:
            raise error

    def repeats(self):
        """A device that has an old password, and asks everywhere: it counts once; with three more it is still let in."""
        for password in self.rng.sample(["old"] * 3 + ["older", "oldest", "ancient"], 6):
            self.guess(self.rng.choice(self.fleet.nodes), password)
        for node in self.fleet.nodes:
            # A host that is being killed closes connections without a word, too; whether it is a block shows once all is well.
            if self.guess(node, "secret") is False and not self.test.has_faults:
                raise Violation("nobody is blocked for less",
                                f"{self.address} is refused at {node.host.name} after four different wrong passwords")

    def crowds(self):
        """As many connections as there may be; then one more, everywhere."""
        held = []
        try:
            for _ in range(MAX_CONNECTIONS):
                node = self.rng.choice(self.fleet.nodes)
                try:
                    session = self.connect(node)
                    if session.greeting.startswith("+OK"):
                        held.append((session, node))
                except Gone:
                    pass
                time.sleep(self.rng.choice((0, 0.3)))
            if len(held) < MAX_CONNECTIONS and not self.test.has_faults:
                raise Violation("as many connections as allowed", f"{self.address} got {len(held)} of {MAX_CONNECTIONS} connections")
            time.sleep(TOLD)
            for node in self.fleet.nodes:
                try:
                    session = self.connect(node)
                except Gone:
                    continue
                if session.greeting.startswith("+OK") and not self.test.has_faults:
                    raise Violation("connections are counted together", f"{self.address} has {len(held)} connections, and "
                                    f"{node.host.name} let in one more")
                session.close()
        finally:
            for session, _ in held:
                session.close()

    def kicked(self):
        """Sessions on all hosts, which an administrator ends on one of them."""
        held = []
        for number, node in enumerate(self.fleet.nodes):
            try:
                session = self.connect(node, TOLD + 2)
                if session.greeting.startswith("+OK") and session.log_in(self.fleet.users[(hash(self.address) + number) % BATCH], "secret"):
                    held.append(session)
            except Gone:
                pass
        time.sleep(1)
        node = self.rng.choice(self.fleet.nodes)
        if self.test.has_faults:
            return
        if self.fleet.mutation != "kicks nobody":
            node.ocean("kick", "--peer", self.address, "--config", node.config)
        for session in held:
            try:
                while session.line():
                    pass
            except Gone as gone:
                if str(gone) == "timed out":
                    raise Violation("what is kicked ends everywhere",
                                    f"{session.name} goes on after 'ocean kick --peer' at {node.host.name}")

    def judge(self):
        if self.kind != "guesses":
            return
        for (name, life), count in self.failed.items():
            if count > MAX_FAILURES:
                raise Violation("no address past its limit", f"{self.address} failed {count} times at process {life} of {name}")
        total = sum(self.failed.values())
        if total > MAX_TOGETHER and not self.test.has_faults:
            raise Violation("no address past its limit", f"{self.address} failed {total} times at all hosts, which may be {MAX_TOGETHER}")

    def story(self):
        start = min((session.events[0][0] for session in self.sessions), default=0)
        parts = [f"   {session.name}\n{session.transcript(start)}" for session in self.sessions]
        return "\n".join(parts + [f"   {moment - start:9.3f}  {text}" for moment, text in self.notes])

    def note(self, text):
        self.notes.append((time.monotonic(), text))


class LimitsTest:
    def __init__(self, fleet, seed, rounds, deadline, report, check_only=None):
        self.fleet, self.seed, self.rounds, self.deadline, self.report = fleet, seed, rounds, deadline, report
        self.kinds = check_only or ("guesses", "guesses", "repeats", "repeats", "crowds", "kicked")
        self.has_faults = False
        # The engine has begun empty: it does not know any more which guesses were counted.
        self.has_forgotten = False
        self.done = self.most = 0
        self.counts = collections.Counter()
        self.blocked, self.lifted = [], []
        self.addresses = iter(fleet.clients.sources)
        # Seconds of the monotonic clock, and what was done.
        self.faults = []
        self.broken = False

    def run(self):
        rng = random.Random(f"{self.seed} limits")
        turn = 0
        while self.done < self.rounds and time.monotonic() < self.deadline and not self.broken:
            self.has_faults = turn % 2 == 1
            count = min(BATCH, self.rounds - self.done)
            attacks = [Attack(self, address, random.Random(f"{self.seed} limits {address}"), rng.choice(self.kinds))
                       for address, _ in zip(self.addresses, range(count))]
            if not attacks:
                break
            self.turn(attacks, rng)
            turn += 1

    def turn(self, attacks, rng):
        self.has_forgotten = False
        over = threading.Event()
        threads = [threading.Thread(target=self.guarded, args=(attack, attack.run), daemon=True) for attack in attacks]
        trouble = threading.Thread(target=self.trouble, args=(over, rng), daemon=True)
        if self.has_faults:
            trouble.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        if self.has_faults:
            trouble.join()
        if self.broken:
            return
        try:
            self.fleet.settle()
            time.sleep(TOLD)
            for attack in attacks:
                self.guarded(attack, lambda: self.settle(attack))
            if not self.has_faults:
                self.count_failures(attacks)
            self.look(attacks, rng)
            if self.has_faults and not self.broken:
                attack = Attack(self, next(self.addresses), rng, "dead host")
                self.guarded(attack, lambda: self.bury(attack, rng))
        except Violation as violation:
            self.break_off(violation, "all addresses", "")
        self.done += len(attacks)

    def guarded(self, attack, call):
        """Reports what was broken, with all that the address has seen."""
        try:
            call()
            attack.judge()
            if call == attack.run:
                self.counts[attack.kind + (" with faults" if self.has_faults else "")] += 1
        except Exception as error:
            if not isinstance(error, Violation):
                error = Violation("the test itself", "".join(traceback.format_exception(error)))
            self.break_off(error, f"limits, {attack.kind} of {attack.address}", attack.story())

    def break_off(self, violation, where, story):
        now = time.monotonic()
        faults = "\n".join(f"  {now - moment:9.3f} s before: {what}" for moment, what in self.faults[-30:])
        if not self.broken:
            self.report(violation, where, f"{story}\n{faults}\n")
        self.broken = True

    def count_failures(self, attacks):
        """What was evaluated: the last answers never came, because the address was blocked before they were due."""
        mine = {f"{attack.address}/32": attack for attack in attacks}
        for node in self.fleet.nodes:
            for block in json.loads(node.ocean("blocks", "--format", "json", node.config).stdout)["blocks"]:
                if attack := mine.get(block["address"]):
                    self.most = max(self.most, block["failures"])
                    if block["failures"] > MAX_TOGETHER:
                        self.break_off(Violation("no address past its limit", f"{attack.address} has {block['failures']} failures at "
                                                 f"{node.host.name}, and may have {MAX_TOGETHER}"), attack.address, attack.story())

    def settle(self, attack):
        """What is so on one host is so on all."""
        answers = {node.host.name: attack.is_refused(node) for node in self.fleet.nodes}
        if len(set(answers.values())) != 1:
            raise Violation("a block is one of all hosts", f"{attack.address} is refused at some hosts only: {answers}")
        attack.is_blocked = answers[self.fleet.nodes[0].host.name]
        if attack.kind == "guesses" and not self.has_faults and not attack.is_blocked:
            raise Violation("who guesses is blocked", f"{attack.address} failed {sum(attack.failed.values())} times, and may come again")
        if attack.kind != "guesses" and attack.is_blocked and not self.has_forgotten:
            raise Violation("nobody is blocked for less", f"{attack.address} is blocked")

    def look(self, attacks, rng):
        """All that were ever blocked are, but for those that somebody lifted, on whichever host."""
        for attack in attacks:
            if attack.is_blocked:
                self.blocked.append(attack)
        rng.shuffle(self.blocked)
        for _ in range(len(self.blocked) // 4):
            attack = self.blocked.pop()
            node = rng.choice(self.fleet.nodes)
            attack.note(f"unblocked at {node.host.name}")
            if self.fleet.mutation == "lifts nothing":
                self.lifted.append(attack)
                continue
            answer = node.ocean("unblock", attack.address, "--config", node.config)
            if answer.returncode != 0:
                self.break_off(Violation("an unblock reaches all", answer.stdout + answer.stderr), attack.address, attack.story())
            self.lifted.append(attack)
        if self.fleet.mutation == "forgets":
            for server in self.fleet.nodes:
                server.kill()
                server.wipe()
            self.fleet.engines.master.restart()
            for server in self.fleet.nodes:
                server.start()
            self.fleet.settle()
        time.sleep(TOLD)
        for attack, is_blocked in [(attack, True) for attack in self.blocked] + [(attack, False) for attack in self.lifted]:
            for node in self.fleet.nodes:
                if attack.is_refused(node) != is_blocked:
                    promise = "a block stays" if is_blocked else "an unblock reaches all"
                    self.break_off(Violation(promise, f"{attack.address} is {'not ' if is_blocked else ''}refused at {node.host.name}"),
                                   attack.address, attack.story())
        # What was lifted while a host is restarted without the engine may come back; it is not watched any longer.
        self.lifted = self.lifted[-50:]

    def bury(self, attack, rng):
        """A host dies with all the connections that an address may have: the others let it in again, but not before."""
        dead = rng.choice(self.fleet.nodes)
        others = [node for node in self.fleet.nodes if node is not dead]
        what = rng.choice(("kill", "freeze", "unplug"))
        self.counts[f"dead host: {what}"] += 1
        for _ in range(MAX_CONNECTIONS):
            attack.connect(dead)
        # Also longer than a host is remembered: this one lives.
        time.sleep(rng.choice((TOLD, REMEMBERED + TOLD)))
        for node in others:
            if attack.gets_in(node):
                raise Violation("connections are counted together", f"{attack.address} has {MAX_CONNECTIONS} connections at "
                                f"{dead.host.name}, and {node.host.name} let in one more")
        attack.note(f"{what} {dead.host.name}")
        if self.fleet.mutation != "nobody dies":
            self.strike(dead, what)
        time.sleep(REMEMBERED + TOLD)
        for node in others:
            if not attack.gets_in(node):
                raise Violation("a dead host's connections do not count", f"{attack.address} is not let in at {node.host.name}, "
                                f"{REMEMBERED + TOLD} s after {what} {dead.host.name}")
        if self.fleet.mutation != "nobody dies":
            self.heal(dead, what)
        for session in attack.sessions:
            session.close()
        self.fleet.settle()

    def strike(self, place, what):
        if what == "kill":
            place.kill()
        elif what == "freeze":
            place.process.send_signal(signal.SIGSTOP)
        else:
            place.host.connect(False)

    def heal(self, place, what):
        if what == "kill":
            place.start()
        elif what == "freeze":
            place.process.send_signal(signal.SIGCONT)
        else:
            place.host.connect(True)
            if place in self.fleet.nodes:
                place.host.route(self.fleet.clients)

    def trouble(self, over, rng):
        """One fault after the other, and at the end none."""
        last = self.fleet.engines.master
        while not over.wait(rng.random()):
            engine = self.fleet.engines.master
            self.counts["failovers seen"] += engine is not last
            last = engine
            place = rng.choice([engine, engine, *self.fleet.nodes])
            what = rng.choice(("kill", "freeze", "unplug"))
            self.faults.append((time.monotonic(), f"{what} {place.host.name}"))
            self.counts[f"fault: {what} {'engine' if place is engine else 'host'}"] += 1
            # Long enough for Sentinels to choose another master, if it has some.
            pause = rng.choice((0.1, 1, 4)) if place is not engine or not self.fleet.has_sentinels else rng.choice((0.1, 3, 6))
            # What a master had not passed on is lost if the replica takes its place.
            self.has_forgotten |= place is engine and (what == "kill" or self.fleet.has_sentinels)
            self.strike(place, what)
            # A program that was killed need not stay away when nobody looks any more.
            over.wait(pause) if what == "kill" else time.sleep(pause)
            if what == "kill" and place is not engine:
                place.clock = rng.choice((0, 0, -100_000, -30, 30, 100_000))
            self.heal(place, what)
            self.faults.append((time.monotonic(), "over"))
