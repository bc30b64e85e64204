"""What runs on the hosts: ocean, Redis, PostgreSQL, HAProxy. All of them are the real ones."""

import functools
import json
import os
import pwd
import signal
import subprocess
import threading
import time

import sandbox
from sandbox import eventually, run

OWNER = pwd.getpwnam("mail")
PORT, PROXIED_PORT, MONITOR_PORT = 110, 1110, 9464
ENGINE_PORT, SENTINEL_PORT = 6379, 26379


@functools.cache
def clock_library():
    """A library with which a program believes in another time of day."""
    path = f"{os.environ[sandbox.INSIDE]}/clock.so"
    run("cc", "-shared", "-fPIC", "-O1", "-o", path, f"{os.path.dirname(os.path.abspath(__file__))}/clock.c", "-ldl")
    return path


def make_directory(path, mode=0o750):
    os.makedirs(path, exist_ok=True)
    os.chown(path, OWNER.pw_uid, OWNER.pw_gid)
    os.chmod(path, mode)


def write(path, text, mode=0o644, owner=None):
    with open(f"{path}.next", "w") as file:
        file.write(text)
    os.chmod(f"{path}.next", mode)
    if owner:
        os.chown(f"{path}.next", owner.pw_uid, owner.pw_gid)
    os.rename(f"{path}.next", path)


class Process:
    """A program on a host, which can be killed, stopped for a while and started again."""

    every = []

    def __init__(self, host, log):
        self.host, self.log = host, log
        Process.every.append(self)
        self.process = None
        # Whoever does something to it holds this: faults that overlap would undo each other.
        self.fault = threading.Lock()

    def start(self):
        raise NotImplementedError

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def restart(self, number=signal.SIGKILL):
        self.kill(number)
        self.start()

    def text(self, last=4000):
        with open(self.log, "rb") as file:
            return file.read()[-last:].decode(errors="replace")


def stop_all():
    """Ends what was started until now."""
    for process in Process.every:
        if process.is_running:
            process.process.kill()
            process.process.wait()
    Process.every.clear()


class Node(Process):
    """ocean on a host of its own."""

    def __init__(self, host, program, directory, config):
        super().__init__(host, f"{directory}/log")
        self.program, self.directory, self.config = program, directory, f"{directory}/ocean.yaml"
        self.state = f"{directory}/state"
        # Seconds by which the clock of this host differs.
        self.clock = 0
        make_directory(directory, 0o755)
        make_directory(self.state)
        write(self.config, config)

    def start(self):
        environment = dict(os.environ, NO_COLOR="1")
        if self.clock:
            environment |= {"LD_PRELOAD": clock_library(), "FLEET_CLOCK": str(self.clock)}
        self.process = self.host.start(self.program, "serve", self.config, log=self.log, env=environment)
        self.wait()

    def wait(self, within=120):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"ocean on {self.host.name} ended with {self.process.returncode}:\n{self.text()}")
            client = self.host.socket()
            try:
                client.settimeout(5)
                client.connect((self.host.address, PORT))
                return client.recv(100).startswith(b"+OK") or None
            except OSError:
                return None
            finally:
                client.close()
        eventually(lambda: f"ocean on {self.host.name} answers:\n{self.text()}", is_ready, within)

    def wipe(self):
        """The host has lost its own disk."""
        run("rm", "-rf", self.state)
        make_directory(self.state)

    def ocean(self, *words, timeout=30):
        return self.host.run(self.program, *words, timeout=timeout)

    def status(self):
        return json.loads(self.ocean("status", "--format", "json", self.config).stdout)


class Engine(Process):
    """redis-server. Its own file says what it is: Sentinels write there whether it is the master."""

    def __init__(self, host, directory, master=None):
        super().__init__(host, f"{directory}/redis.log")
        os.makedirs(directory, exist_ok=True)
        self.config = f"{directory}/redis.conf"
        write(self.config, f"""
bind {host.address}
protected-mode no
save ""
appendonly no
repl-diskless-sync-delay 0
dir {directory}
{f"replicaof {master.host.address} {ENGINE_PORT}" if master else ""}
""")

    @property
    def url(self):
        return f"valkey://{self.host.address}:{ENGINE_PORT}"

    # What WatchedEngines are asked, too.
    is_settled = True

    @property
    def first(self):
        return self

    master = first

    def start(self):
        """It begins empty each time, since nothing is saved."""
        self.process = self.host.start("redis-server", self.config, log=self.log)
        eventually("redis-server answers", lambda: "PONG" in self.cli("PING"))

    def cli(self, *words):
        return self.host.run("redis-cli", "-h", self.host.address, *words).stdout


class Sentinel(Process):
    """redis-sentinel, quicker to notice than in docs/several-machines.md."""

    def __init__(self, host, directory, master):
        super().__init__(host, f"{directory}/sentinel.log")
        os.makedirs(directory, exist_ok=True)
        self.config = f"{directory}/sentinel.conf"
        write(self.config, f"""
port {SENTINEL_PORT}
bind {host.address}
protected-mode no
dir {directory}
sentinel monitor mymaster {master.host.address} {ENGINE_PORT} 2
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 3000
""")

    def start(self):
        self.process = self.host.start("redis-sentinel", self.config, log=self.log)
        eventually("redis-sentinel answers", lambda: "PONG" in self.cli("PING"))
        # How often it looks; otherwise some of it is every ten seconds.
        self.cli("SENTINEL", "DEBUG", "info-period", 500, "ping-period", 200, "publish-period", 500, "ask-period", 200)

    def cli(self, *words):
        return self.host.run("redis-cli", "-h", self.host.address, "-p", SENTINEL_PORT, *words).stdout


class WatchedEngines:
    """A master and a replica, and three Sentinels that make the replica the master when the master is away."""

    def __init__(self, hosts, directory):
        self.first = Engine(hosts[0], f"{directory}/engine1")
        self.engines = [self.first, Engine(hosts[1], f"{directory}/engine2", self.first)]
        self.sentinels = [Sentinel(host, f"{directory}/sentinel{number}", self.first) for number, host in enumerate(hosts, 1)]

    def start(self):
        for server in (*self.engines, *self.sentinels):
            server.start()

    @property
    def master(self):
        """The engine that most Sentinels name."""
        named = [next(iter(sentinel.cli("SENTINEL", "get-master-addr-by-name", "mymaster").split()), None)
                 for sentinel in self.sentinels]
        return max(self.engines, key=lambda engine: named.count(engine.host.address))

    @property
    def is_settled(self):
        """Whether the Sentinels know each other and one master, and the other engine follows it."""
        master = self.master
        views = [dict(zip(words[::2], words[1::2])) for sentinel in self.sentinels
                 if (words := sentinel.cli("SENTINEL", "MASTER", "mymaster").splitlines())]
        followers = [engine.cli("INFO", "replication") for engine in self.engines if engine is not master]
        return (all(view["ip"] == master.host.address and view["flags"] == "master" and view["num-other-sentinels"] == "2"
                    and view["num-slaves"] == "1" for view in views) and len(views) == 3
                and "role:master" in master.cli("INFO", "replication")
                and all("master_link_status:up" in text and f"master_host:{master.host.address}" in text for text in followers))

    def words(self):
        return "\n".join(server.cli(*words) for servers, words in (
            (self.engines, ("INFO", "replication")), (self.sentinels, ("SENTINEL", "MASTER", "mymaster"))) for server in servers)


class Database(Process):
    """PostgreSQL with a table of accounts."""

    def __init__(self, host, directory, users):
        super().__init__(host, f"{directory}.log")
        self.owner = pwd.getpwnam("postgres")
        self.directory, self.users = directory, users
        versions = sorted(os.listdir("/usr/lib/postgresql"), key=float)
        self.programs = f"/usr/lib/postgresql/{versions[-1]}/bin"
        os.makedirs(directory)
        os.chown(directory, self.owner.pw_uid, self.owner.pw_gid)
        run(f"{self.programs}/initdb", "-D", directory, "-A", "trust", "-N",
            user=self.owner.pw_uid, group=self.owner.pw_gid, extra_groups=[], cwd="/")
        with open(f"{directory}/pg_hba.conf", "a") as file:
            file.write("host all all 10.77.0.0/16 trust\n")

    def start(self):
        self.process = self.host.start(
            "setpriv", f"--reuid={self.owner.pw_uid}", f"--regid={self.owner.pw_gid}", "--clear-groups",
            f"{self.programs}/postgres", "-D", self.directory, "-h", self.host.address, "-k", self.directory, "-F", log=self.log)
        eventually("PostgreSQL answers", lambda: self.sql("SELECT 1").returncode == 0, within=60)

    def fill(self):
        rows = ", ".join(f"('{user}@example.org', '{{PLAIN}}secret')" for user in self.users)
        self.sql("CREATE TABLE mailbox (username text PRIMARY KEY, password text)", f"INSERT INTO mailbox VALUES {rows}",
                 check=True)

    def sql(self, *commands, check=False):
        words = [word for command in commands for word in ("-c", command)]
        return self.host.run("psql", "-q", "-h", self.host.address, "-U", "postgres", "postgres", *words, check=check)

    def kill(self, number=signal.SIGQUIT):
        """SIGQUIT ends it at once, with all connections, as a crash does."""
        super().kill(number)


class Balancer(Process):
    """HAProxy before nodes, as in docs/several-machines.md, but quicker to notice."""

    def __init__(self, host, directory, nodes):
        super().__init__(host, f"{directory}/haproxy.log")
        os.makedirs(directory, exist_ok=True)
        self.config = f"{directory}/haproxy.cfg"
        servers = "\n".join(f"    server {node.name} {node.address}:{PROXIED_PORT}" for node in nodes)
        write(self.config, f"""
defaults
    mode tcp
    timeout connect 2s
    timeout client  1m
    timeout server  1m
    timeout check   1s
    option redispatch
    default-server check port {MONITOR_PORT} inter 200ms fall 2 rise 2 send-proxy-v2

listen pop3
    bind {host.address}:{PORT}
    option httpchk GET /readyz
    http-check expect status 200
{servers}
""")

    def start(self):
        self.process = self.host.start("haproxy", "-db", "-f", self.config, log=self.log)
        time.sleep(0.3)
