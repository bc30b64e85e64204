"""Changes for a whole fleet by `ocean fleet apply`, over ssh, of which the tool, the nodes and the network die in the middle."""

import collections
import os
import random
import signal
import threading
import time
import traceback

from ledger import Violation
from sandbox import run
from servers import OWNER, PORT, Node, Process, make_directory, write

LANES, NODES = 3, 3
# How long a node waits to be told to stay.
CONFIRM_WITHIN = 8


class SSHD(Process):
    """The way from the desk to a node. Its shell has a home of its own: what root's runs there is no part of the test."""

    def __init__(self, host, directory, keys, program):
        super().__init__(host, f"{directory}/sshd.log")
        self.config = f"{directory}/sshd_config"
        write(self.config, f"""
ListenAddress {host.address}
HostKey {keys}/host
AuthorizedKeysFile {keys}/user.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
MaxStartups 100
SetEnv PATH={keys}/bin:/usr/bin:/bin HOME={keys}
""")

    def start(self):
        self.process = self.host.start("/usr/sbin/sshd", "-D", "-e", "-f", self.config, log=self.log)


class RolloutFleet:
    """Nodes, and a desk from which they are changed."""

    def __init__(self, network, program, directory, number):
        self.name, self.program = f"r{number}", program
        self.directory = f"{directory}/rollout{number}"
        self.desk = network.host(f"{self.name}-desk")
        self.hosts = [network.host(f"{self.name}-mx{node}") for node in range(1, NODES + 1)]
        make_directory(self.directory, 0o755)
        os.makedirs(f"{self.directory}/keys/bin")
        os.symlink(program, f"{self.directory}/keys/bin/ocean")
        for key in ("host", "user"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.directory}/keys/{key}")
        with open(f"{self.directory}/keys/host.pub") as file:
            key = " ".join(file.read().split()[:2])
        write(f"{self.directory}/keys/known_hosts", "".join(f"{host.address} {key}\n" for host in self.hosts))
        write(f"{self.directory}/keys/ssh_config", f"""
Host *
  User root
  IdentityFile {self.directory}/keys/user
  IdentitiesOnly yes
  UserKnownHostsFile {self.directory}/keys/known_hosts
""")
        os.mkdir(f"{self.directory}/tools")
        write(f"{self.directory}/tools/ssh", f"#!/bin/sh\nexec /usr/bin/ssh -F {self.directory}/keys/ssh_config \"$@\"\n", 0o755)
        write(f"{self.directory}/users", "anna@example.org:{PLAIN}secret::::::\n", 0o600, OWNER)
        make_directory(f"{self.directory}/mail")
        self.nodes, self.daemons = [], []
        for host in self.hosts:
            node = Node(host, program, f"{self.directory}/{host.name}", "")
            self.nodes.append(node)
            self.daemons.append(SSHD(host, node.directory, f"{self.directory}/keys", program))
        for node in self.nodes:
            for name, text in self.files(node, 0).items():
                os.makedirs(os.path.dirname(f"{node.directory}/{name}"), exist_ok=True)
                write(f"{node.directory}/{name}", text)

    def files(self, node, version):
        """The config of a node in one of its versions, in three files."""
        return {
            "ocean.yaml": f"""version: 1
include: [more/*.yaml]
server:
  hostname: {node.host.name}.example.org
  bind: [{node.host.address}]
  state: state
  user: mail
  drain_timeout: 0s
accounts: {{ main: {{ passwd_file: {self.directory}/users }} }}
mail: {{ maildir: "{self.directory}/mail/{{domain}}/{{user}}" }}
services:
  pop3: {{ ports: [{PORT}], plaintext_login: [10.0.0.0/8], idle_timeout: {600 + version}s,
    ip_control: {{ black_list: [spammers, {{ file: drop.netset }}] }} }}
""",
            "more/lists.yaml": f"address_lists: {{ spammers: [203.0.113.{version % 250}] }}\n",
            "drop.netset": f"# version {version}\n198.51.{version // 250}.{version % 250}\n",
        }

    def start(self):
        for server in (*self.nodes, *self.daemons):
            server.start()

    def write_desk(self, version, rng):
        place = f"{self.directory}/desk"
        for node in self.nodes:
            for name, text in self.files(node, version).items():
                path = f"{place}/{node.host.name}/{name}"
                os.makedirs(os.path.dirname(path), exist_ok=True)
                write(path, text)
        nodes = "\n".join(
            f"    - {{ name: {node.host.name}, ssh: {node.host.address}, config: {node.host.name}/ocean.yaml, "
            f"remote_config: {node.config}{', canary: true' if node is self.nodes[1] else ''} }}" for node in self.nodes)
        write(f"{place}/fleet.yaml", f"fleet:\n  soak: {rng.choice(('off', 'off', '1s'))}\n  batch: {rng.choice(('34%', '100%'))}\n"
              f"  nodes:\n{nodes}\n")

    def fleet(self, command, *words):
        """Starts `ocean fleet`."""
        environment = dict(os.environ, NO_COLOR="1", PATH=f"{self.directory}/tools:{os.environ['PATH']}")
        return self.desk.start(self.program, "fleet", command, f"{self.directory}/desk/fleet.yaml", *words,
                               log=f"{self.directory}/{command}.log", env=environment, start_new_session=True)

    def said(self, command):
        with open(f"{self.directory}/{command}.log") as file:
            return file.read()

    def forget(self, command):
        open(f"{self.directory}/{command}.log", "w").close()

    def versions(self, node):
        """The version that each file of a node has; None for one that has another content."""
        found = {}
        for name in ("ocean.yaml", "more/lists.yaml", "drop.netset"):
            with open(f"{node.directory}/{name}") as file:
                text = file.read()
            found[name] = next((version for version in self.known if self.files(node, version)[name] == text), None)
        return found

    def leftovers(self):
        return [name for node in self.nodes for folder, _, names in os.walk(node.directory) for name in names if ".rollout" in name]


class RolloutTest:
    def __init__(self, fleets, seed, rounds, deadline, report, mutation=None):
        self.fleets, self.seed, self.rounds, self.deadline, self.report = fleets, seed, rounds, deadline, report
        self.mutation = mutation
        self.done = 0
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.stop = threading.Event()

    def run(self):
        lanes = [threading.Thread(target=self.lane, args=(number, fleet), daemon=True) for number, fleet in enumerate(self.fleets)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    def lane(self, lane, fleet):
        version = 0
        for number in range(lane, self.rounds, len(self.fleets)):
            if self.stop.is_set() or time.monotonic() > self.deadline:
                break
            version += 1
            round = Rollout(self, fleet, version, random.Random(f"{self.seed} rollout {number}"))
            try:
                round.run()
            except Exception as error:
                self.stop.set()
                if not isinstance(error, Violation):
                    error = Violation("the test itself", "".join(traceback.format_exception(error)))
                self.report(error, f"rollout {number} of {fleet.name}", round.story())
                break
            with self.lock:
                self.done += 1

    def count(self, word):
        with self.lock:
            self.counts[word] += 1


class Rollout:
    """One change, one fault in the middle of it, and how the fleet is afterwards."""

    # How long a rollout takes, by which the moment of a fault is drawn.
    usual = 2.0
    # And the joint confirmation in its end.
    confirmation = 0.4

    def __init__(self, test, fleet, version, rng):
        self.test, self.fleet, self.version, self.rng = test, fleet, version, rng
        self.notes = []
        self.started = time.monotonic()

    def note(self, text):
        self.notes.append((time.monotonic(), text))

    def run(self):
        fleet, rng = self.fleet, self.rng
        fleet.known = (self.version - 1, self.version)
        fleet.write_desk(self.version, rng)
        fleet.forget("apply")
        before = self.settled()
        what = rng.choices(("none", "tool", "interrupt", "kill", "freeze", "unplug", "desk", "sshd"), (1, 10, 2, 4, 2, 3, 2, 2))[0]
        moment = rng.random() * Rollout.usual
        self.note(f"applies, and {what} follows after {moment:.3f} s")
        tool = fleet.fleet("apply", "--yes", "--confirm-within", f"{CONFIRM_WITHIN}s", "--timeout", "5")
        if what == "tool" and rng.random() < 0.5:
            # Nodes may differ by nothing else than this: so it is looked for.
            self.note("waits for the joint confirmation")
            while tool.poll() is None and not self.is_confirming:
                time.sleep(0.01)
            moment = rng.random() * Rollout.confirmation
        time.sleep(moment)
        is_over = tool.poll() is not None
        self.fault(what, tool)
        tool.wait(90)
        self.note(f"the tool ended with {tool.returncode}")
        self.test.count(f"{what}: " + ("too late" if is_over else f"ended with {tool.returncode}"))
        if what == "tool" and not is_over and self.is_confirming:
            self.test.count("killed while it confirms")
        if what == "none":
            Rollout.usual = 0.7 * Rollout.usual + 0.3 * (time.monotonic() - self.started)
        if self.test.mutation:
            self.test.mutation.spoil(fleet, is_settled=False)
        after = self.settled()
        if self.test.mutation:
            self.test.mutation.spoil(fleet, is_settled=True)
        self.judge(before, after, None if what in ("tool",) and not is_over else tool.returncode)
        self.finish()

    @property
    def is_confirming(self):
        """Whether the tool has said that it tells the nodes to stay."""
        return "confirming" in self.fleet.said("apply")

    def fault(self, what, tool):
        fleet, rng = self.fleet, self.rng
        number = rng.randrange(NODES)
        node, daemon = fleet.nodes[number], fleet.daemons[number]
        host = fleet.desk if what == "desk" else node.host
        pause = rng.choice((0.1, 1, CONFIRM_WITHIN + 2))
        if what == "tool" and tool.poll() is None:
            # With the ssh that it runs, as by the loss of the desk, or without.
            if rng.random() < 0.5:
                os.killpg(tool.pid, signal.SIGKILL)
            else:
                tool.kill()
        elif what == "interrupt" and tool.poll() is None:
            tool.send_signal(signal.SIGINT)
        elif what == "kill":
            node.kill()
            time.sleep(min(pause, 1))
            node.start()
        elif what == "freeze":
            node.process.send_signal(signal.SIGSTOP)
            time.sleep(pause)
            node.process.send_signal(signal.SIGCONT)
        elif what in ("unplug", "desk"):
            host.connect(False)
            time.sleep(pause)
            host.connect(True)
        elif what == "sshd":
            # With all connections that it has.
            for child in run("pgrep", "-P", str(daemon.process.pid), check=False).stdout.split():
                os.kill(int(child), signal.SIGKILL)
            daemon.restart()

    def settled(self):
        """What runs on each node once none waits to be confirmed."""
        end = time.monotonic() + CONFIRM_WITHIN + 10
        policies = {}
        while True:
            waiting = []
            for node in self.fleet.nodes:
                try:
                    status = node.status()
                except (ValueError, OSError):
                    waiting.append(node.host.name)
                    continue
                policies[node.host.name] = status["policy"]
                if "unconfirmed" in status:
                    waiting.append(node.host.name)
            if not waiting:
                return policies
            if time.monotonic() > end:
                raise Violation("a node goes back by itself", f"{waiting} still wait or do not answer, {CONFIRM_WITHIN + 10} s later")
            time.sleep(0.2)

    def judge(self, before, after, code):
        fleet = self.fleet
        old = set(before.values())
        if len(old) != 1:
            raise Violation("the test itself", f"the policies were {before}")
        old = old.pop()
        is_one = len(set(after.values())) == 1
        files = {node.host.name: fleet.versions(node) for node in fleet.nodes}
        self.note(f"policies {before} -> {after}, files {files}")
        for name, versions in files.items():
            if None in versions.values():
                raise Violation("no config is half-written", f"{name} has {versions}")
            if after[name] == old and set(versions.values()) != {self.version - 1}:
                raise Violation("a node that goes back keeps its config", f"{name} runs the old policy and has {versions}")
        if code == 0 and (not is_one or old in after.values() or any(set(v.values()) != {self.version} for v in files.values())):
            raise Violation("what the tool says is so", f"it ended with 0: {after}, {files}")
        if code in (1, 4) and set(after.values()) != {old}:
            raise Violation("what the tool says is so", f"it ended with {code}: {before} -> {after}")
        is_whole = all(set(versions.values()) == {self.version if after[name] != old else self.version - 1}
                       for name, versions in files.items())
        if not is_one or not is_whole:
            word = "differ" if not is_one else "files differ"
            self.test.count(word)
            print(f"  {word}, and the fleet's status has to say so:\n{self.story()}", flush=True)
            if not is_one and code is not None:
                raise Violation("a tool that lives leaves no nodes that differ", f"it ended with {code}: {before} -> {after}")
            if not is_one and not self.is_confirming:
                raise Violation("nodes differ only by a confirmation that died", f"it was killed before: {before} -> {after}")
            fleet.forget("status")
            status = fleet.fleet("status").wait(60)
            if status != 5 or (not is_one and "HALF CONFIRMED" not in fleet.said("status")):
                raise Violation("no fleet is left half-changed", f"{after}, {files}, and 'ocean fleet status' ends with {status} and "
                                f"says:\n{fleet.said('status')}")

    def finish(self):
        """The same change once more, and nothing happens: now all have it."""
        fleet = self.fleet
        tool = fleet.fleet("apply", "--yes", "--confirm-within", "1m", "--timeout", "20")
        code = tool.wait(90)
        after = self.settled()
        files = {node.host.name: fleet.versions(node) for node in fleet.nodes}
        self.note(f"once more: ended with {code}, {after}, {files}")
        if code != 0 or len(set(after.values())) != 1 or any(set(v.values()) != {self.version} for v in files.values()):
            raise Violation("the next rollout finishes it", f"ended with {code}: {after}, {files}")
        if left := fleet.leftovers():
            raise Violation("the next rollout finishes it", f"left over: {left}")

    def story(self):
        parts = [f"   {moment - self.started:9.3f}  {text}" for moment, text in self.notes]
        return "\n".join(parts + ["   what the tool said:", self.fleet.said("apply")[-5000:]])
