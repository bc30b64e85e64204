"""Connections to a running server, compared with what the oracle says of them."""

import ctypes
import functools
import os
import socket
import ssl
import struct
import subprocess
import time
import warnings

from addresses import address, endpoint, holds, text_of
from attempts import HOSTS, account_allows
from generate import interesting, yaml
from way import KINDS, services

warnings.simplefilter("ignore", DeprecationWarning)
BEST = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3}
# A refused account costs two seconds, as a wrong password does: it is rare here.
USERS = ["anna@example.org"] * 120 + ["berta@example.org"] * 4 + ["carl@example.org", "ghost@example.org"]

# What a client can verify: the keys of certificates, and how it says so, in suites up to TLS 1.2 and in signatures.
VERIFIES = {("ec", "ed", "rsa"): ("ALL", None),
            ("ec", "rsa"): ("ALL", "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:RSA+SHA256:ECDSA+SHA1:RSA+SHA1"),
            ("ec",): ("aECDSA", "ecdsa_secp256r1_sha256:ECDSA+SHA1"),
            ("ed",): ("aECDSA", "ed25519"),
            ("rsa",): ("aRSA", "rsa_pss_rsae_sha256:RSA+SHA256:RSA+SHA1")}
SSL_CTRL_SET_SIGALGS_LIST = 98


@functools.cache
def context(best, verifies):
    """A client's TLS up to a version, which can verify some kinds of keys."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    suites, signatures = VERIFIES[verifies]
    made.set_ciphers(suites + ":@SECLEVEL=0")
    made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, BEST[best]
    if signatures:
        # Python has no name for this: SSL_CTX_set1_sigalgs_list of the libssl that it uses itself. The context is the
        # first thing in the object, behind its head.
        control = ctypes.CDLL(ssl._ssl.__file__).SSL_CTX_ctrl
        control.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p]
        handle = ctypes.c_void_p.from_address(id(made) + object.__basicsize__).value
        if control(handle, SSL_CTRL_SET_SIGALGS_LIST, 0, signatures.encode()) != 1:
            raise OSError("libssl does not know " + signatures)
    return made


class Gone(Exception):
    """The server closed the connection."""


class Client:
    """A POP3 client at an address of its own."""

    def __init__(self, source, where, header):
        family = socket.AF_INET if where[0][0] == 4 else socket.AF_INET6
        self.socket = socket.socket(family)
        self.socket.settimeout(30)
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

    def encrypt(self, best, verifies, host):
        self.socket = context(best, verifies).wrap_socket(self.socket, server_hostname=host)
        return self.socket.getpeercert(binary_form=True)

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
        self.ocean, self.tally, self.next_port = ocean, tally, 20000 + os.getpid() % 100 * 100
        self.names = {}
        for name, (_, host) in KINDS.items():
            with open(f"{ocean.folder}/{name}/{host}.crt") as file:
                self.names[ssl.PEM_cert_to_DER_cert(file.read())] = name

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
                for _ in range(1000):
                    log.seek(0)
                    if '"serving"' in log.read():
                        break
                    time.sleep(0.02)
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
        believed = [a for a in home if holds(service.proxies, a)]
        peer = chance.choice(believed if believed and chance.random() < 0.5 else home) if family == 4 else address("::1")
        via, client, header = None, peer, b""
        kind = chance.choice(["v1"] * 4 + ["v2"] * 4 + ["local", "unknown", "none"])
        if holds(service.proxies, peer):
            via, client = peer, chance.choice(attempts + home)
            header = proxy_header(kind, client, at.port)
        elif chance.random() < 0.1:
            kind, header = "not understood", proxy_header("v1", peer, at.port)
        means = chance.choice(["plain", "1.0", "1.1", "1.2", "1.3", "1.3"])
        verifies, host, user = chance.choice(list(VERIFIES)), chance.choice(HOSTS), chance.choice(USERS)
        mine = self.foreseen(service, at, client, via, where, means, kind, verifies, host, user)
        theirs = self.seen(peer, where, header, means, at.implicit, bool(header) and not via, verifies, host, user)
        self.tally["live"] += 1
        for what in ("through a proxy" if via else "directly", f"by {means}", mine[0], f"certificate {mine[1]}",
                     f"verifies {' '.join(verifies)}"):
            self.tally["live: " + what] += 1
        if mine == theirs:
            return []
        return [f"live: {text_of(peer)} to {endpoint(where)} of {service.name}, header {kind} {header}, by {means}, "
                f"verifies {verifies}, asks for {host}, {user}\n    oracle: {mine}\n    ocean:  {theirs}"]

    @staticmethod
    def foreseen(service, at, client, via, where, means, kind, verifies, host, user):
        """What becomes of the connection, and which certificate it is shown."""
        if via and kind in ("unknown", "none"):
            return "no greeting", None
        if kind == "not understood" and at.implicit:
            return "no greeting", None  # It is no TLS handshake either.
        health_check = via and kind == "local"
        if not health_check and not service.can("connect", client, via=via, where=where):
            return "no greeting", None
        shown = None
        if means != "plain" and service.has_tls(at, float(means)):
            # Before TLS 1.2 there are no Ed25519 signatures; the suites of such a client stand for ECDSA then.
            shown = service.presented(host, [v if float(means) >= 1.2 else v.replace("ed", "ec") for v in verifies])
        if at.implicit and not shown:
            return "no greeting", None
        if means != "plain" and not shown:
            return "no login", None
        # A health check gets its greeting whatever the rules say, and no login succeeds.
        able = (shown or holds(service.plaintext, client)) and account_allows(user, client) and not health_check
        return "login" if able else "no login", shown

    def seen(self, peer, where, header, means, implicit, not_understood, verifies, host, user):
        greeted, shown = False, None
        try:
            client = Client(peer, where, header)
        except OSError as error:
            return f"no connection: {error}", None
        try:
            if implicit and means != "plain":
                shown = self.name_of(client.encrypt(means, verifies, host))
            elif implicit:
                client.socket.sendall(b"CAPA\r\n")
            greeted = client.line().startswith("+OK")
            if not greeted:
                return "an error instead of a greeting", shown
            if not_understood and client.line().startswith("+OK"):
                return "the header is understood", shown
            if not implicit and means != "plain":
                if not client.command("STLS"):
                    return "no login", None
                shown = self.name_of(client.encrypt(means, verifies, host))
            logged_in = client.command(f"USER {user}") and client.command("PASS secret")
            client.command("QUIT")
            return "login" if logged_in else "no login", shown
        except TimeoutError:
            return "no answer", shown
        except (Gone, OSError):  # Among these are errors of TLS.
            return "no login" if greeted else "no greeting", shown if greeted else None
        finally:
            client.close()

    def name_of(self, certificate):
        return self.names.get(certificate, "an unknown one")
