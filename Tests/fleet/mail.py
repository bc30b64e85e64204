"""Mail on several hosts: sessions of several devices at once, deliveries and other programs, and in the middle of it one fault."""

import collections
import os
import random
import signal
import threading
import time
import traceback

from ledger import Mailbox, Violation, Visit
from servers import MONITOR_PORT, OWNER, PORT, PROXIED_PORT, Balancer, Database, Engine, Node, make_directory, write
from session import Gone, Session

LANES, BOXES = 3, 3
# A session whose client is gone without a word ends after this many seconds.
IDLE = 5


class MailFleet:
    """Hosts that serve the same mail, and what they need."""

    def __init__(self, network, program, directory, name, uidl, has_database, mutation=None, export=None):
        """`export`: where this machine, as an NFS server, has what it exports as /mail."""
        self.name, self.export = name, export
        self.directory = f"{directory}/{name}"
        self.mail = f"{export or self.directory}/mail-{name}"
        make_directory(self.directory, 0o755)
        make_directory(self.mail)
        self.users = [f"{name}-{lane}-{box}" for lane in range(LANES) for box in range(BOXES)]
        self.clients = [network.clients(f"{name}-c{number}") for number in (1, 2)]
        hosts = [network.host(f"{name}-mx{number}") for number in (1, 2, 3)]
        self.engine = Engine(network.host(f"{name}-redis"), f"{self.directory}/redis")
        self.balancer = Balancer(network.host(f"{name}-lb"), f"{self.directory}/lb", hosts)
        self.database = None
        if has_database:
            self.database = Database(network.host(f"{name}-sql"), f"{self.directory}/sql", self.users)
        write(f"{self.directory}/users", "".join(f"{user}@example.org:{{PLAIN}}secret::::::\n" for user in self.users),
              0o600, OWNER)
        self.nodes = [self.node(program, host, uidl, mutation if host is hosts[1] else None) for host in hosts]
        for host in [*hosts, self.balancer.host]:
            for clients in self.clients:
                host.route(clients)

    def node(self, program, host, uidl, mutation):
        accounts = "passwd_file: ../users"
        if self.database:
            accounts = (f"sql: {{ url: \"postgresql://postgres@{self.database.host.address}/postgres\", tls: off, query: "
                        "\"SELECT username AS user, password FROM mailbox WHERE username = {address}\" }")
        mail = self.mail
        if self.export:
            mail = f"/net/{host.name}/mail-{self.name}"
            os.makedirs(f"/net/{host.name}")
            # NFS knows a client by the name of its host.
            host.run("unshare", "--uts", "sh", "-c", f"hostname {host.name} && mount -t nfs -o vers=4.2 10.77.0.1:/mail /net/{host.name}",
                     check=True)
        locks = "local" if mutation == "local locks" else "shared"
        return Node(host, program, f"{self.directory}/{host.name}", f"""
version: 1
server:
  hostname: {host.name}.example.org
  bind: [{host.address}]
  state: state
  user: mail
  default_domain: example.org
  drain_timeout: 0s
  shared_state: {{ url: "valkey://{self.engine.host.address}:6379", tls: off }}
accounts: {{ main: {{ {accounts} }} }}
mail: {{ maildir: "{mail}/{{domain}}/{{user}}", locks: {locks}, uidl: {uidl} }}
monitor: {{ bind: ["{host.address}:{MONITOR_PORT}"], ip_control: {{ default: refuse, white_list: [{self.balancer.host.address}] }} }}
service_defaults: {{ plaintext_login: [10.0.0.0/8], idle_timeout: {IDLE}s, login_timeout: {IDLE}s }}
services:
  pop3: {{ ports: [{PORT}] }}
  balanced: {{ ports: [{PROXIED_PORT}], proxy_from: [{self.balancer.host.address}] }}
""")

    def start(self):
        for server in [self.engine, self.database, *self.nodes]:
            if server:
                server.start()
            if server is self.database and server:
                server.fill()
        self.balancer.start()

    @property
    def servers(self):
        return [server for server in (self.engine, self.database, self.balancer, *self.nodes) if server]


class MailTest:
    """Rounds, of which several are under way at a time, each with mailboxes of its own."""

    def __init__(self, fleet, seed, rounds, deadline, report, session=Session):
        self.fleet, self.seed, self.rounds, self.deadline, self.report = fleet, seed, rounds, deadline, report
        self.session = session
        self.done = 0
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.stop = threading.Event()

    def run(self):
        lanes = [threading.Thread(target=self.lane, args=(lane,), daemon=True) for lane in range(LANES)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    def lane(self, lane):
        rng = random.Random(f"{self.seed} {self.fleet.name} lane {lane}")
        boxes = [Mailbox(user, f"{self.fleet.mail}/example.org/{user}", rng, self.fleet.export is not None)
                 for user in self.fleet.users[lane * BOXES:(lane + 1) * BOXES]]
        for number in range(lane, self.rounds, LANES):
            if self.stop.is_set() or time.monotonic() > self.deadline:
                break
            rng.seed(f"{self.seed} {self.fleet.name} {number}")
            round = Round(self, number, rng.choice(boxes), rng)
            try:
                round.run()
            except Exception as error:
                self.stop.set()
                if not isinstance(error, Violation):
                    error = Violation("the test itself", "".join(traceback.format_exception(error)))
                self.report(error, f"{self.fleet.name}, round {number}, mailbox {round.mailbox.user}", round.story())
                break
            with self.lock:
                self.done += 1

    def count(self, word):
        with self.lock:
            self.counts[word] += 1


class Round:
    """One fault, and the sessions around it on one mailbox."""

    def __init__(self, test, number, mailbox, rng):
        self.test, self.fleet, self.number, self.mailbox, self.rng = test, test.fleet, number, mailbox, rng
        self.over, self.aimed = threading.Event(), threading.Event()
        self.node = None
        self.errors = []
        self.visits = []
        self.started = time.monotonic()
        self.fault_note = "no fault"

    def connect(self, rng, name, node=None):
        """A connection to a node, or to the balancer; and the node, if that is known."""
        clients = rng.choice(self.fleet.clients)
        if node is None and rng.random() < 0.25:
            node, address = None, self.fleet.balancer.host.address
        else:
            node = node or rng.choice(self.fleet.nodes)
            address = node.host.address
        name = f"{name} ({node.host.name if node else 'by HAProxy'})"
        return self.test.session(clients, rng.choice(clients.sources), (address, PORT), name), node

    def aim(self, moment, node):
        if moment == self.aim_at and not self.aimed.is_set():
            self.node = node or self.node
            self.aimed.set()

    def visit(self, number, seed):
        rng = random.Random(seed)
        visit = Visit(self.mailbox, rng)
        self.visits.append(visit)
        time.sleep(rng.choice((0, 0, rng.random() * 0.3)))
        try:
            session, node = self.connect(rng, f"device {number}")
        except Gone:
            self.test.count("not connected")
            return
        try:
            if not session.greeting.startswith("+OK"):
                raise Gone
            visit.run(rng, session, lambda: self.aim("login", node), lambda: self.aim("quit", node), self.over)
            self.judge_refusal(session)
        except Gone:
            pass
        except Exception as error:
            self.errors.append(error)
        finally:
            session.close()
            self.test.count(session.refusal.split("]")[0] + "]" if session.refusal else
                            "QUIT answered +OK" if (session.quit_answer or "").startswith("+OK") else
                            "QUIT answered -ERR" if session.quit_answer else "QUIT not answered" if session.quit_sent else "no QUIT")

    def judge_refusal(self, session):
        if session.refusal and "[AUTH]" in session.refusal:
            raise Violation("verdicts are right", f"{session.name}: a right password was answered by {session.refusal}")
        if session.refusal and "[IN-USE]" not in session.refusal and not self.fleet.database and not self.fleet.export:
            raise Violation("verdicts are right", f"{session.name}: nothing was away, and the answer was {session.refusal}")

    def others(self, seed):
        """Deliveries, copies, flags."""
        rng = random.Random(seed)
        for _ in range(rng.choice((0, 1, 3, 6))):
            what = rng.choices(("deliver", "copy", "flags", "renumber"), (5, 2, 3, 1))[0]
            if what == "deliver":
                self.mailbox.deliver()
            elif what == "copy":
                self.mailbox.deliver_copy()
            elif what == "flags":
                self.mailbox.change_flags()
            else:
                self.mailbox.renumber()
            time.sleep(rng.random() * 0.05)

    def run(self):
        rng = self.rng
        present = sum(1 for message in self.mailbox.messages.values() if message.state == "present")
        for _ in range(rng.choice((0, 2, 5)) if present else rng.choice((3, 10, 150))):
            self.mailbox.deliver()
        self.aim_at = rng.choice(("start", "login", "quit", "quit", "quit"))
        self.node = rng.choice(self.fleet.nodes)
        threads = [threading.Thread(target=self.visit, args=(number, rng.random())) for number in range(1, rng.choice((2, 3, 4, 5)))]
        threads.append(threading.Thread(target=self.others, args=(rng.random(),)))
        for thread in threads:
            thread.daemon = True
            thread.start()
        self.fault(rng)
        self.over.set()
        for thread in threads:
            thread.join()
        # What two sessions at one time have done to each other is told as that.
        with self.mailbox.lock:
            self.mailbox.judge(self.visits)
        for error in self.errors:
            # A session that has lost its mail to others is told so.
            if not (self.fleet.export and isinstance(error, Violation) and error.promise == "a session serves"):
                raise error
        self.close(rng)

    def fault(self, rng):
        fleet = self.fleet
        what = rng.choices(("none", "kill", "term", "freeze", "unplug", "clients", "engine", "database", "balancer"),
                           (1, 8, 2, 5, 3, 1, 1, 1, 1))[0]
        delay = rng.choice((0, rng.random() * 0.003, rng.random() * 0.03, rng.random() * 0.2))
        if self.aim_at != "start":
            self.aimed.wait(1)
        time.sleep(delay)
        place = {"engine": fleet.engine, "database": fleet.database, "balancer": fleet.balancer}.get(what, self.node)
        if what == "none" or place is None or not place.fault.acquire(blocking=False):
            return
        try:
            self.fault_note = f"{what} of {place.host.name}, aimed at {self.aim_at}"
            self.fault_started = time.monotonic()
            self.test.count(f"fault: {what}")
            if what in ("kill", "term", "balancer"):
                place.kill(signal.SIGTERM if what == "term" else signal.SIGKILL)
                time.sleep(rng.random() * 0.2)
                if place in fleet.nodes:
                    place.clock = rng.choice((0, 0, -100_000, -30, 30, 100_000))
                    if rng.random() < 0.1:
                        place.wipe()
                        self.fault_note += ", which lost its state"
                place.start()
            elif what == "clients":
                host = rng.choice(fleet.clients)
                host.connect(False)
                time.sleep(rng.random())
                host.connect(True)
            elif what == "freeze" or what == "engine" and rng.random() < 0.5:
                place.process.send_signal(signal.SIGSTOP)
                time.sleep(rng.choice((0.05, 0.3, 1)))
                place.process.send_signal(signal.SIGCONT)
            elif what == "unplug":
                place.host.connect(False)
                # Longer than its lease, if it has the mail by NFS.
                time.sleep(rng.choice((0.5, 3, 14) if fleet.export else (0.05, 0.5, 1.5)))
                place.host.connect(True)
                for clients in fleet.clients:
                    place.host.route(clients)
            else:
                place.restart()
            self.fault_ended = time.monotonic()
        finally:
            place.fault.release()

    def close(self, rng):
        """All clients are gone, and all is well again: within a short time the mailbox is free, and shows what it has to."""
        end = time.monotonic() + 6 * IDLE
        while True:
            node = rng.choice(self.fleet.nodes)
            visit = Visit(self.mailbox, rng)
            visit.ops, visit.mood, visit.end, visit.is_check = 0, 1, "quit", True
            session = None
            try:
                session, _ = self.connect(rng, "the check", node)
                visit.run(rng, session, lambda: None, lambda: None, self.over)
                self.judge_refusal(session)
            except Gone:
                pass
            finally:
                if session:
                    session.close()
            self.visits.append(visit)
            if session and (session.quit_answer or "").startswith("+OK"):
                break
            if time.monotonic() > end:
                raise Violation("no mailbox stays in use", f"{self.mailbox.user} could not be opened for {6 * IDLE} s")
            time.sleep(0.1)
        with self.mailbox.lock:
            self.mailbox.judge([visit])
            self.mailbox.judge_files()
        self.mailbox.history = (self.mailbox.history + [self])[-3:]

    def story(self):
        """What happened on the mailbox in this round and those before."""
        parts = []
        for round in [*self.mailbox.history, self]:
            parts.append(f"  round {round.number}: {round.fault_note}"
                         + (f" from {round.fault_started - round.started:.3f}" if hasattr(round, "fault_started") else "")
                         + (f" to {round.fault_ended - round.started:.3f}" if hasattr(round, "fault_ended") else ""))
            for visit in round.visits:
                if visit.session:
                    parts.append(f"   {visit.session.name}\n{visit.session.transcript(round.started)}")
        parts.append("  files: " + " ".join(sorted(os.listdir(f"{self.mailbox.path}/new") + os.listdir(f"{self.mailbox.path}/cur"))))
        return "\n".join(parts)
