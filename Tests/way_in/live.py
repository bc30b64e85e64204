"""Connections to a running server, compared with what the oracle says of them."""

import socket
import ssl
import struct
import subprocess
import time
import warnings

from addresses import address, endpoint, holds, text_of
from generate import interesting, yaml
from way import services

warnings.simplefilter("ignore", DeprecationWarning)
BEST = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3}


class Gone(Exception):
    """The server closed the connection."""


class Client:
    """A POP3 client at an address of its own."""

    def __init__(self, source, where, header):
        family = socket.AF_INET if where[0][0] == 4 else socket.AF_INET6
        self.socket = socket.socket(family)
        self.socket.settimeout(10)
        try:
            self.socket.bind((text_of(source), 0))
            self.socket.connect((text_of(where[0]), where[1]))
            self.socket.sendall(header)
        except OSError:
            self.socket.close()
            raise
        self.rest = b""

    def line(self):
        while b"\n" not in self.rest:
            data = self.socket.recv(4096)
            if not data:
                raise Gone
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def command(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return self.line().startswith("+OK")

    def encrypt(self, best):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, BEST[best]
        self.socket = context.wrap_socket(self.socket)

    def close(self):
        self.socket.close()


def proxy_header(kind, client, port):
    """What a proxy sends first: PROXY of version 1 or 2 for a client, or one that names none."""
    other = "127.0.0.1" if client[0] == 4 else "::1"
    if kind == "v1":
        return f"PROXY TCP{client[0]} {text_of(client)} {other} 40000 {port}\r\n".encode()
    if kind == "unknown":
        return b"PROXY UNKNOWN\r\n"
    if kind == "none":
        return b"QUIT\r\n"
    size = 4 if client[0] == 4 else 16
    ends = client[1].to_bytes(size, "big") + address(other)[1].to_bytes(size, "big") + struct.pack(">HH", 40000, port)
    start = b"\r\n\r\n\0\r\nQUIT\n"
    if kind == "local":
        return start + bytes([0x20, 0]) + struct.pack(">H", 0)
    return start + bytes([0x21, 0x11 if client[0] == 4 else 0x21]) + struct.pack(">H", len(ends)) + ends


class Live:
    def __init__(self, ocean, tally):
        self.ocean, self.tally, self.next_port = ocean, tally, 21000

    def free_ports(self):
        """Ports that nobody has on any of the addresses that configs may bind."""
        ports = []
        while len(ports) < 6:
            self.next_port += 1
            try:
                with socket.create_server(("", self.next_port)):
                    ports.append(self.next_port)
            except OSError:
                pass
        return {"plain": ports[:3], "implicit": ports[3:]}

    def try_out(self, config, chance, number):
        name, found = "live.yaml", []
        self.ocean.write(name, config, yaml(config)[0])
        with open(self.ocean.folder + "/serve.log", "w+") as log:
            server = subprocess.Popen([self.ocean.program, "serve", name], cwd=self.ocean.folder, stderr=log,
                                      stdout=subprocess.DEVNULL)
            try:
                for _ in range(200):
                    log.seek(0)
                    if '"serving"' in log.read():
                        break
                    time.sleep(0.05)
                else:
                    log.seek(0)
                    return ["serve: does not start: " + log.read()]
                attempts = interesting([config], chance, 60)
                for _ in range(number):
                    found += self.attempt(config, chance, attempts)
            finally:
                server.terminate()
                try:
                    server.wait(20)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()
        return found

    def attempt(self, config, chance, attempts):
        """One connection: from where, to which listener, with a header or without, by which means."""
        service = chance.choice([s for s in services(config).values() if s.enabled and s.listeners])
        at = chance.choice(service.listeners)
        where, family = (at.where, at.port), at.where[0]
        home = [a for a in attempts if a[0] == 4 and a[1] >> 24 == 127 and a[1] & 0xffffff not in (0, 0xffffff)]
        home += [address(f"127.0.0.{n}") for n in range(1, 8)]
        peer = chance.choice(home) if family == 4 else address("::1")
        via, client, header = None, peer, b""
        kind = chance.choice(["v1", "v1", "v2", "v2", "local", "unknown", "none"])
        if holds(service.proxies, peer):
            via, client = peer, chance.choice(attempts + home)
            header = proxy_header(kind, client, at.port)
        elif chance.random() < 0.1:
            kind, header = "not understood", proxy_header("v1", peer, at.port)
        means = chance.choice(["plain", "1.0", "1.1", "1.2", "1.3", "1.3"])
        mine = self.foreseen(service, at, client, via, where, means, kind)
        theirs = self.seen(peer, where, header, means, at.implicit, bool(header) and not via)
        self.tally["live"] += 1
        self.tally["live " + mine] += 1
        if mine == theirs:
            return []
        return [f"live: {text_of(peer)} to {endpoint(where)} of {service.name}, header {kind} {header}, by {means}\n"
                f"    oracle: {mine}\n    ocean:  {theirs}"]

    @staticmethod
    def foreseen(service, at, client, via, where, means, kind):
        if via and kind in ("unknown", "none"):
            return "no greeting"
        if kind == "not understood" and at.implicit:
            return "no greeting"  # It is no TLS handshake either.
        health_check = via and kind == "local"
        if not health_check and not service.can("connect", client, via=via, where=where):
            return "no greeting"
        if health_check:  # The greeting comes whatever the rules say, and no login succeeds.
            return "no greeting" if at.implicit and not (means != "plain" and service.has_tls(at, float(means))) \
                else "no login"
        if means == "plain":
            if at.implicit:
                return "no greeting"
            return "login" if holds(service.plaintext, client) else "no login"
        if service.has_tls(at, float(means)):
            return "login"
        return "no greeting" if at.implicit else "no login"

    @staticmethod
    def seen(peer, where, header, means, implicit, not_understood):
        greeted = False
        try:
            client = Client(peer, where, header)
        except OSError as error:
            return f"no connection: {error}"
        try:
            if implicit and means != "plain":
                client.encrypt(means)
            elif implicit:
                client.socket.sendall(b"CAPA\r\n")
            greeted = client.line().startswith("+OK")
            if not greeted:
                return "an error instead of a greeting"
            if not_understood and client.line().startswith("+OK"):
                return "the header is understood"
            if not implicit and means != "plain":
                if not client.command("STLS"):
                    return "no login"
                client.encrypt(means)
            logged_in = client.command("USER anna@example.org") and client.command("PASS secret")
            client.command("QUIT")
            return "login" if logged_in else "no login"
        except (Gone, ssl.SSLError, ConnectionError):
            return "no login" if greeted else "no greeting"
        except TimeoutError:
            return "no answer"
        finally:
            client.close()
