"""The hosts of a test: network namespaces on one bridge, all inside namespaces that end with this program.

The whole test runs in a network, mount and process namespace of its own (`enter`). However it ends, by Ctrl-C, SIGTERM or SIGKILL,
the kernel ends every process in it and removes its hosts: nothing is left on this machine but, after SIGKILL, its directory. No
packet can leave it.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

INSIDE = "OCEAN_TEST_FLEET"
NET = "10.77.0.0/16"
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(place):
    """Runs this program again in namespaces of its own; returns only there, with the directory for all that is written."""
    if INSIDE in os.environ:
        os.makedirs(os.environ[INSIDE], exist_ok=True)
        return os.environ[INSIDE]
    if os.geteuid() != 0:
        sys.exit("Tests/fleet makes network namespaces: run it as root")
    tools = "cc ip nsenter unshare setpriv redis-server redis-sentinel redis-cli haproxy psql ssh ssh-keygen sshd"
    for tool in tools.split():
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            sys.exit(f"Missing: {tool} (run: Tests/setup)")
    directory = tempfile.mkdtemp(prefix="ocean-fleet-", dir=place)
    os.chmod(directory, 0o755)
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
         sys.executable, *sys.argv],
        env={**os.environ, INSIDE: directory, "PYTHONDONTWRITEBYTECODE": "1"}, start_new_session=True)

    def end(number, _):
        os.killpg(child.pid, signal.SIGKILL)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        status = child.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(status if status >= 0 else 128 - status)


def run(*words, check=True, **options):
    return subprocess.run([str(word) for word in words], check=check, capture_output=True, text=True, **options)


def eventually(what, condition, within=20, every=0.05):
    """Waits until something is so, and returns it."""
    end = time.monotonic() + within
    while True:
        if result := condition():
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"not within {within} s: {what() if callable(what) else what}")
        time.sleep(every)


class Network:
    """The bridge, and the hosts on it."""

    def __init__(self):
        os.makedirs("/run/netns", exist_ok=True)
        run("mount", "-t", "tmpfs", "tmp", "/run/netns")
        # sshd wants this directory; no program of the test needs what this machine keeps in /run.
        os.makedirs("/run/sshd", exist_ok=True)
        for words in ("link set lo up", "link add switch type bridge", "link set switch up", "address add 10.77.0.1/16 dev switch"):
            run("ip", *words.split())
        self.count = 1
        self.client_hosts = 0
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.lock = threading.Lock()

    def host(self, name):
        with self.lock:
            self.count += 1
            return Host(self, name, f"10.77.{self.count >> 8}.{self.count & 255}")

    def clients(self, name):
        """A host with 4000 addresses, of which a client may choose."""
        host = self.host(name)
        with self.lock:
            first = self.client_hosts
            self.client_hosts += 16
        start = f"10.{128 + (first >> 8)}"
        host.sources = [f"{start}.{(first & 255) + third}.{last}" for third in range(16) for last in range(1, 255)]
        host.routed = f"{start}.{first & 255}.0/20"
        run("ip", "-n", name, "route", "add", "local", host.routed, "dev", "lo")
        return host


class Host:
    """A network namespace with one address."""

    def __init__(self, network, name, address):
        self.network, self.name, self.address = network, name, address
        run("ip", "netns", "add", name)
        run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", name, "master", "switch", "up")
        for words in ("link set lo up", f"address add {address}/16 dev eth0", "link set eth0 up"):
            run("ip", "-n", name, *words.split())
        self.namespace = os.open(f"/run/netns/{name}", os.O_RDONLY)

    def route(self, clients):
        """Answers to these clients find their way, also after the link was down."""
        self.routes = getattr(self, "routes", set()) | {(clients.routed, clients.address)}
        run("ip", "-n", self.name, "route", "replace", clients.routed, "via", clients.address)

    def connect(self, is_connected):
        """Plugs the cable of this host in, or out."""
        run("ip", "link", "set", "dev", self.name, "up" if is_connected else "down")

    def command(self, *words):
        return ["nsenter", f"--net=/run/netns/{self.name}", *(str(word) for word in words)]

    def start(self, *words, log=None, **options):
        output = open(log, "ab") if log else subprocess.DEVNULL
        try:
            return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        finally:
            if log:
                output.close()

    def run(self, *words, check=False, **options):
        return run(*self.command(*words), check=check, **options)

    def socket(self):
        """A socket of this host. A namespace is a thread's, and a socket stays where it was made."""
        if libc.setns(self.namespace, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            libc.setns(self.network.home, CLONE_NEWNET)
