"""Checks of a server, ocean, whose Maildirs are on NFS: checks.py OCEAN, run by `serve` in the machine that Tests/nfs starts.

What "the other machine" does to the mail it does in the exported folders, /export; the server sees them by way of /net, where
each is mounted several times: by version, and with what is remembered of attributes for a minute (actimeo=60). A user is
`NAME@MOUNT`, and each check has one of its own.

Where several hosts serve the same mail, each of them is a network namespace with an NFS client and a server of its own.
"""

import contextlib
import os
import poplib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time

MOUNTS = {
    "v4": ("mail", "vers=4.2"),
    "v4-remembering": ("mail", "vers=4.2,actimeo=60"),
    "v3": ("mail", "vers=3,nolock"),
    "v3-remembering": ("mail", "vers=3,nolock,actimeo=60"),
    "v4-old": ("old", "vers=4.2"),
    "v3-old": ("old", "vers=3,nolock"),
    "v4-full": ("full", "vers=4.2"),
    "local": ("local", None),
}
OWNER = pwd.getpwnam("mail")
PORT = 1110


def make_directory(path):
    os.mkdir(path)
    os.chown(path, OWNER.pw_uid, OWNER.pw_gid)


def write_users(directory, names):
    """Writes the file of accounts that a config in the directory names."""
    with open(f"{directory}/users", "w") as file:
        file.writelines(f"{name}:{{PLAIN}}secret::::::\n" for name in names)
    os.chmod(f"{directory}/users", 0o644)


class Other:
    """The other machine's side of one user's Maildir."""

    def __init__(self, mount, user):
        self.mount = mount
        self.user = f"{user}@{mount}"
        self.path = f"/export/{MOUNTS[mount][0]}/{mount}/{user}"
        self.remote = f"/net/{mount}/{mount}/{user}"
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with clock(-100):
            self.make()

    def make(self):
        for folder in ("", "/tmp", "/new", "/cur"):
            make_directory(self.path + folder)

    def deliver(self, name, content=b"Subject: hello\n\nhello\n", folder="new"):
        with open(f"{self.path}/tmp/{name}", "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), OWNER.pw_uid, OWNER.pw_gid)
        os.rename(f"{self.path}/tmp/{name}", f"{self.path}/{folder}/{name}")

    def rename(self, old, new):
        os.rename(f"{self.path}/{old}", f"{self.path}/{new}")

    def remove(self, name):
        os.unlink(f"{self.path}/{name}")

    def files(self):
        """What is in new/ and cur/, but for what NFS keeps of removed files that are open."""
        names = (f"{folder}/{name}" for folder in ("new", "cur") for name in os.listdir(f"{self.path}/{folder}"))
        return sorted(name for name in names if "/.nfs" not in name)

    def login(self, port=PORT):
        client = poplib.POP3("127.0.0.1", port, timeout=30)
        client.user(self.user)
        client.pass_("secret")
        return client

    @contextlib.contextmanager
    def session(self):
        client = self.login()
        yield client
        client.quit()

    def ids(self):
        with self.session() as client:
            return [line.split()[1].decode() for line in client.uidl()[1]]

    def operations(self, name):
        """How many requests of a kind this mount has sent."""
        with open("/proc/self/mountstats") as file:
            mounts = re.split(r"^device ", file.read(), flags=re.MULTILINE)
        stats = next(text for text in mounts if f" mounted on /net/{self.mount} " in text)
        found = re.search(rf"^\s*{name}: (\d+)", stats, re.MULTILINE)
        return int(found[1]) if found else 0

    def folder_reads(self):
        return self.operations("READDIR") + self.operations("READDIRPLUS")


class Server:
    """ocean, for all mounts."""

    def __init__(self, program, state="/run/state", port=PORT):
        self.port = port
        self.directory = f"/run/config-{port}"
        os.makedirs(self.directory)
        self.command = [program, "serve", f"{self.directory}/ocean.yaml"]
        users = [f"{check.__name__}@{mount}" for check in CHECKS for mount in MOUNTS]
        users += [f"small@{mount}" for mount in MOUNTS] + [f"small-{mount}@local" for mount in MOUNTS]
        write_users(self.directory, users)
        with open(f"{self.directory}/ocean.yaml", "w") as file:
            file.write(f"""
version: 1
server: {{ hostname: mail.example.org, bind: [127.0.0.1], state: {state}, user: mail }}
accounts: {{ main: {{ passwd_file: users }} }}
mail: {{ maildir: "/net/{{domain}}/{{domain}}/{{user}}" }}
services: {{ pop3: {{ ports: [{port}] }} }}
""")
        self.start()

    def start(self):
        self.log = open(f"{self.directory}/log", "ab")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                poplib.POP3("127.0.0.1", self.port, timeout=10).quit()
                return
            time.sleep(0.1)
        raise AssertionError(open(f"{self.directory}/log").read())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def restart(self):
        self.stop()
        self.start()


@contextlib.contextmanager
def clock(difference):
    """What is done here is done by a machine whose clock differs from this one's by some seconds."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + difference)
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - difference)


def equal(got, wanted):
    assert got == wanted, f"{got!r:.300}, not {wanted!r:.300}"


def refusal(call, *arguments):
    try:
        call(*arguments)
    except poplib.error_proto as error:
        return str(error)
    raise AssertionError("accepted")


def content(client, number):
    return b"\n".join(client.retr(number)[1]) + b"\n"


CHECKS = {}


def check(*mounts):
    def register(function):
        CHECKS[function] = mounts
        return function
    return register


EVERYWHERE = ("v4", "v4-remembering", "v3", "v3-remembering")


@check(*EVERYWHERE)
def session(other, server):
    """a session: sizes, ids, content, removal, marking as seen"""
    long = b"Subject: long\n\n.dots\n" + b"0123456789\n" * 100_000
    other.deliver("1.a", long)
    other.deliver("2.a")
    other.deliver("3.a")
    with other.session() as client:
        equal(client.stat()[0], 3)
        equal([line.split()[1] for line in client.uidl()[1]], [b"1.a", b"2.a", b"3.a"])
        equal(content(client, 1), long)
        equal(client.list(1).split()[2], b"%d" % (len(long) + long.count(b"\n")))
        client.dele(2)
    equal(other.files(), ["cur/1.a:2,S", "new/3.a"])


@check(*EVERYWHERE)
def delivery(other, server):
    """mail is seen at the very next login, one message after the other"""
    for number in range(10, 30):
        other.deliver(f"{number}.a")
        equal(other.ids()[-1], f"{number}.a")


@check(*EVERYWHERE)
def settled(other, server):
    """a settled folder is not read again, and mail is seen at the very next login"""
    with clock(-100):
        other.deliver("1.a")
    with clock(-99):
        other.deliver("2.a", folder="cur")
    equal(other.ids(), ["1.a", "2.a"])
    # Under its own name, a folder's attributes are as this machine remembers them.
    before = os.stat(f"{other.remote}/new").st_mtime_ns
    reads = other.folder_reads()
    equal(other.ids(), ["1.a", "2.a"])
    equal(other.folder_reads() - reads, 0)
    with clock(-90):
        other.deliver("3.a")
    if "remembering" in other.mount:
        equal(os.stat(f"{other.remote}/new").st_mtime_ns, before)
    equal(other.ids(), ["1.a", "2.a", "3.a"])
    other.rename("new/1.a", "cur/1.a:2,S")
    other.remove("cur/2.a")
    equal(other.ids(), ["1.a", "3.a"])


@check("v4-old", "v3-old")
def late(other, server):
    """a clock that is half a minute late, and whole seconds in stamps: mail is seen"""
    second = time.time() // 1 + 1 - 30
    with at(second + 0.1):
        other.deliver("1.a")
    equal(other.ids(), ["1.a"])
    with at(second + 0.8):
        other.deliver("2.a")
    equal(os.stat(f"{other.path}/new").st_mtime, second)
    equal(other.ids(), ["1.a", "2.a"])


def at(moment):
    return clock(moment - time.time())


@check("v4", "v3")
def marking(other, server):
    """marking as seen replaces no file"""
    other.deliver("1.a", b"one\n")
    other.deliver("1.a:2,S", b"another\n", folder="cur")
    with other.session() as client:
        equal({content(client, 1), content(client, 2)}, {b"one\n", b"another\n"})
    equal(other.files(), ["cur/1.a:2,S", "new/1.a"])


@check(*EVERYWHERE)
def removed(other, server):
    """messages that the other machine removes: before RETR, before QUIT"""
    for number in (1, 2, 3):
        other.deliver(f"{number}.a")
    with other.session() as client:
        other.remove("new/1.a")
        reply = refusal(client.retr, 1)
        assert "removed by another program" in reply, reply
        client.retr(2)
        other.remove("new/2.a")
        reply = refusal(client.retr, 2)
        assert "removed by another program" in reply, reply
        client.dele(3)
        other.remove("new/3.a")
    equal(other.ids(), [])


@check(*EVERYWHERE)
def cut(other, server):
    """a large message that is removed while it is sent: all of it, or the connection ends"""
    line = b"0123456789" * 99 + b"\n"
    other.deliver("1.a", line * 40_000)
    other.deliver("2.a")
    wire = (line[:-1] + b"\r\n") * 40_000 + b".\r\n"
    client = other.login()
    begin(client, 1)
    client.file.readline()
    other.remove("new/1.a")
    # Nothing of it is in memory any more; what the server has is already on its way.
    time.sleep(0.2)
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3")
    got = client.file.read(len(wire))
    assert wire.startswith(got), "other bytes"
    if got == wire:
        client.quit()
    else:
        client.close()
        time.sleep(1)
    equal(other.ids(), ["2.a"])
    return "all of it" if got == wire else f"it ended after {len(got) >> 20} MiB"


@check(*EVERYWHERE)
def renamed(other, server):
    """messages that the other machine gives other flags, before RETR and before QUIT"""
    for number in (1, 2, 3, 4):
        other.deliver(f"{number}.a", b"%d\n" % number)
    with other.session() as client:
        other.rename("new/1.a", "cur/1.a:2,F")
        equal(content(client, 1), b"1\n")
        other.rename("cur/1.a:2,F", "cur/1.a:2,FR")
        equal(content(client, 1), b"1\n")
        # There, gone, there again: what was not found must not be remembered.
        other.rename("new/2.a", "cur/2.a:2,")
        equal(content(client, 2), b"2\n")
        other.rename("cur/2.a:2,", "new/2.a")
        equal(content(client, 2), b"2\n")
        client.dele(3)
        other.rename("new/3.a", "cur/3.a:2,S")
        client.dele(4)
        other.rename("new/4.a", "cur/4.a:2,")
        other.rename("cur/4.a:2,", "new/4.a")
    equal(other.files(), ["cur/1.a:2,FRS", "cur/2.a:2,S"])


@contextlib.contextmanager
def reader(other, *names):
    """A program on the server's machine that removes files while it has them open."""
    program = "import os, sys\nfor name in sys.argv[1:]: os.open(name, os.O_RDONLY); os.unlink(name)\nprint(); input()"
    with subprocess.Popen([sys.executable, "-c", program, *(f"{other.remote}/{name}" for name in names)],
                          user=OWNER.pw_uid, group=OWNER.pw_gid, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield
        process.communicate(b"\n")


@check("v4", "v3")
def opened(other, server):
    """files that are removed while somebody reads them are no messages"""
    other.deliver("1.a")
    other.deliver("2.a:2,", folder="cur")
    other.deliver("3.a")
    with reader(other, "new/1.a", "cur/2.a:2,"):
        assert any(name.startswith(".nfs") for name in os.listdir(f"{other.path}/new"))
        equal(other.ids(), ["3.a"])
    equal(other.ids(), ["3.a"])
    # Of ocean's own: removed in the session that read them.
    with other.session() as client:
        client.retr(1)
        client.dele(1)
    equal(other.ids(), [])
    equal(os.listdir(f"{other.path}/new"), [])


@check(*EVERYWHERE)
def replaced(other, server):
    """a folder in whose place the other machine puts another"""
    with clock(-100):
        other.deliver("1.a")
    equal(other.ids(), ["1.a"])
    other.rename("new", "old")
    make_directory(f"{other.path}/new")
    os.rename(f"{other.path}/old/1.a", f"{other.path}/new/1.a")
    os.rmdir(f"{other.path}/old")
    other.deliver("2.a")
    equal(other.ids(), ["1.a", "2.a"])


@check(*EVERYWHERE)
def made(other, server):
    """a Maildir that is removed during a session, and made again; one that has no cur/ at first"""
    other.deliver("1.a")
    with other.session() as client:
        shutil.rmtree(other.path)
        refusal(client.retr, 1)
        client.dele(1)
    equal(other.ids(), [])
    for folder in ("", "/tmp", "/new"):
        make_directory(other.path + folder)
    other.deliver("2.a")
    equal(other.ids(), ["2.a"])
    make_directory(f"{other.path}/cur")
    other.rename("new/2.a", "cur/2.a:2,")
    equal(other.ids(), ["2.a"])


@check("v4", "v3")
def restarted(other, server):
    """what is known outlives a restart of ocean, and no message is read again"""
    with clock(-100):
        for number in range(100, 150):
            other.deliver(f"{number}.a")
    ids = other.ids()
    equal(len(ids), 50)
    server.restart()
    reads = other.operations("READ") + other.folder_reads()
    equal(other.ids(), ids)
    equal(other.operations("READ") + other.folder_reads() - reads, 0)


@check("v4", "v3")
def state(other, server):
    """state on NFS as well: locks, and what is known, also after a restart"""
    other.deliver("1.a")
    make_directory(f"{other.path}/state")
    second = Server(server.command[0], f"{other.remote}/state", PORT + 1 + (other.mount == "v3"))
    try:
        def login():
            return other.login(second.port)

        for _ in range(2):
            client = login()
            equal(client.stat()[0], 1)
            reply = refusal(login)
            assert "IN-USE" in reply, reply
            client.quit()
            second.restart()
    finally:
        second.stop()


@check("v4", "v3")
def read_only(other, server):
    """an export that becomes read-only: sessions work, and QUIT says why nothing was removed"""
    other.deliver("1.a")
    export = f"*:/export/{MOUNTS[other.mount][0]}"
    subprocess.run(["exportfs", "-i", "-o", "ro,no_subtree_check", export], check=True)
    try:
        client = other.login()
        equal(client.stat()[0], 1)
        client.retr(1)
        client.dele(1)
        reply = refusal(client.quit)
        equal(other.ids(), ["1.a"])
        equal(other.files(), ["new/1.a"])
    finally:
        subprocess.run(["exportfs", "-i", "-o", "rw,no_subtree_check", export], check=True)
    return reply


@check("v4-full")
def full(other, server):
    """an export without space: messages are read, marked and removed"""
    other.deliver("1.a")
    other.deliver("2.a")
    with contextlib.suppress(OSError), open(f"{other.path}/filler", "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    with other.session() as client:
        equal(client.stat()[0], 2)
        client.retr(1)
        client.dele(2)
    equal(other.files(), ["cur/1.a:2,S"])


@check("v4", "v3")
def interrupted(other, server):
    """an NFS server that restarts in a session, which waits for it; others do not"""
    large, small, local = other, Other(other.mount, "small"), Other("local", f"small-{other.mount}")
    large.deliver("1.a", b"0123456789\n" * 1_000_000)
    for number in (1, 2, 3, 4):
        small.deliver(f"{number}.a", b"%d\n" % number)
    local.deliver("1.a")
    leaving = large.login()
    begin(leaving, 1)
    leaving.file.readline()
    with small.session() as client:
        client.retr(1)
        client.dele(1)
        nfsd(0)
        try:
            leaving.close()
            begin(client, 2)
            for _ in range(3):
                start = time.monotonic()
                with local.session() as neighbour:
                    neighbour.retr(1)
                assert time.monotonic() - start < 2, "another session waited"
        finally:
            nfsd(4)
        equal([client.file.readline() for _ in range(3)][1:], [b"2\r\n", b".\r\n"])
        client.dele(3)
    equal(small.files(), ["cur/2.a:2,S", "new/4.a"])


def begin(client, number):
    """Asks for a message; the reply is left to be read."""
    client.sock.sendall(b"RETR %d\r\n" % number)


def nfsd(threads):
    subprocess.run(["rpc.nfsd", str(threads)], check=True)


@check("v4", "v3")
def many(other, server):
    """a hundred thousand messages: nothing new, and one more"""
    with clock(-100):
        for number in range(100_000, 200_000):
            other.deliver(f"{number}.a,S=6,W=7", b"hello\n")
    seconds = []

    def login(count):
        start = time.monotonic()
        client = other.login()
        seconds.append(time.monotonic() - start)
        equal(client.stat()[0], count)
        client.quit()

    login(100_000)
    reads = other.folder_reads()
    login(100_000)
    equal(other.folder_reads() - reads, 0)
    other.deliver("200000.a")
    login(100_001)
    return "login took %.2f s at first, %.2f s unchanged, %.2f s with one more" % tuple(seconds)


class Host:
    """A host that serves the mail of other hosts as well: an NFS client and a server of its own."""

    def __init__(self, program, number):
        self.name, self.address = f"host{number}", f"10.9.{number}.2"
        self.directory = f"/run/{self.name}"
        for path in (self.directory, f"/net/{self.name}"):
            os.mkdir(path)
        make_directory(f"{self.directory}/state")
        write_users(self.directory, [check.__name__ for check in SHARED_CHECKS])
        with open(f"{self.directory}/ocean.yaml", "w") as file:
            file.write(f"""
version: 1
server: {{ hostname: {self.name}.example.org, bind: [{self.address}], state: state, user: mail, drain_timeout: 0s }}
accounts: {{ main: {{ passwd_file: users }} }}
mail: {{ maildir: "/net/{self.name}/shared/{{user}}", locks: shared, uidl: dovecot }}
services: {{ pop3: {{ ports: [{PORT}], plaintext_login: [10.9.0.0/16] }} }}
""")
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "address", "add", f"10.9.{number}.1/24", "dev", self.name)
        run("ip", "link", "set", self.name, "up")
        for words in ("link set lo up", f"address add {self.address}/24 dev eth0", "link set eth0 up"):
            run("ip", "-n", self.name, *words.split())
        # NFS knows a client by the name of its host.
        mount = f"hostname {self.name}; mount -t nfs -o vers=4.2 10.9.{number}.1:/mail /net/{self.name}"
        self.command = ["ip", "netns", "exec", self.name, "unshare", "--uts", "sh", "-c",
                        f'{mount} && "$0" check {self.directory}/ocean.yaml && exec "$0" serve {self.directory}/ocean.yaml', program]
        self.start()

    def start(self):
        with open(f"{self.directory}/log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                poplib.POP3(self.address, PORT, timeout=10).quit()
                return
            time.sleep(0.1)
        raise AssertionError(self.log())

    def log(self):
        with open(f"{self.directory}/log") as file:
            return file.read()

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def connect(self, is_connected):
        run("ip", "link", "set", self.name, "up" if is_connected else "down")

    def login(self, check):
        client = poplib.POP3(self.address, PORT, timeout=120)
        client.user(check.__name__)
        client.pass_("secret")
        return client


def run(*words):
    subprocess.run(words, check=True)


def shared_path(check):
    return f"/export/mail/shared/{check.__name__}"


def deliver(check, *names):
    for name in names:
        with open(f"{shared_path(check)}/new/{name}", "w") as file:
            file.write("Subject: hello\n\nhello\n")
            os.fchown(file.fileno(), OWNER.pw_uid, OWNER.pw_gid)


def messages(check):
    return sorted(os.listdir(f"{shared_path(check)}/new") + os.listdir(f"{shared_path(check)}/cur"))


def uidls(client):
    return [line.split()[1].decode() for line in client.uidl()[1]]


def one_of_two(one, two):
    """one session on all hosts, and the next sees what it removed"""
    assert "ends its lease, after 10 seconds" in one.log(), one.log()
    for host, next_host in ((one, two), (two, one)) * 3:
        deliver(one_of_two, "1.a", "2.a")
        client = host.login(one_of_two)
        equal(client.stat()[0], 2)
        reply = refusal(next_host.login, one_of_two)
        assert "IN-USE" in reply, reply
        client.dele(1)
        client.dele(2)
        client.quit()
        client = next_host.login(one_of_two)
        equal(client.stat()[0], 0)
        client.quit()


def one_name(one, two):
    """ids: another server's list that changes, and copies of one message"""
    path = shared_path(one_name)

    def number(validity, *names):
        with open(f"{path}/dovecot-uidlist.new", "w") as file:
            file.write(f"3 V{validity} N9 G0\n" + "".join(f"{uid} :{name}\n" for uid, name in enumerate(names, 1)))
        os.rename(f"{path}/dovecot-uidlist.new", f"{path}/dovecot-uidlist")

    deliver(one_name, "1.a", "2.a")
    number(7, "1.a")
    shown = set()
    for host, validity in ((one, 8), (two, 9), (one, 10), (two, 11)):
        client = host.login(one_name)
        now = set(uidls(client))
        client.quit()
        assert shown <= now, (shown, now)
        shown = now
        deliver(one_name, f"{validity}.a")
        number(validity, "2.a", "1.a", f"{validity}.a")
    shutil.copy(f"{path}/new/1.a", f"{path}/cur/1.a")
    for host in (two, one, two):
        client = host.login(one_name)
        now = uidls(client)
        client.quit()
        equal(len(set(now)), 7)
        assert len(shown - set(now)) == 0, (shown, now)
        shown = set(now)


def killed(one, two):
    """a server that is killed gives up its mailboxes at once"""
    deliver(killed, "1.a")
    client = one.login(killed)
    client.dele(1)
    one.kill()
    start = time.monotonic()
    equal(two.login(killed).stat()[0], 1)
    waited = time.monotonic() - start
    one.start()
    return f"after {waited:.1f} s"


def cut_off(one, two):
    """a host that is cut off gives them up after the lease, and removes nothing once it is back"""
    deliver(cut_off, *(f"{number}.a" for number in range(100, 300)))
    client = one.login(cut_off)
    for number in range(1, 201):
        client.dele(number)
    one.connect(False)
    start = time.monotonic()
    try:
        other = None
        while not other:
            try:
                other = two.login(cut_off)
            except poplib.error_proto as error:
                # The NFS server may take its time to find out whether the lock is still wanted.
                assert "IN-USE" in str(error) or "SYS/TEMP" in str(error), error
                assert time.monotonic() - start < 60, "never"
                time.sleep(0.5)
        waited = time.monotonic() - start
        equal(other.stat()[0], 200)
        other.dele(7)
    finally:
        one.connect(True)
    reply = refusal(client.quit)
    assert "SYS/TEMP" in reply, reply
    equal(len(messages(cut_off)), 200)
    other.quit()
    equal(len(messages(cut_off)), 199)
    assert "was lost" in one.log(), one.log()
    # It is well again.
    equal(one.login(cut_off).stat()[0], 199)
    return f"after {waited:.0f} s, with a lease of 10"


def revoked(one, two):
    """locks that the NFS server takes back remove nothing"""
    deliver(revoked, "1.a", "2.a")
    client = one.login(revoked)
    client.dele(1)
    for number in os.listdir("/proc/fs/nfsd/clients"):
        with open(f"/proc/fs/nfsd/clients/{number}/ctl", "w") as file:
            file.write("expire\n")
    other = two.login(revoked)
    reply = refusal(client.quit)
    assert "SYS/TEMP" in reply, reply
    equal(messages(revoked), ["1.a", "2.a"])
    other.dele(2)
    other.quit()
    equal(messages(revoked), ["1.a"])
    equal(one.login(revoked).stat()[0], 1)


SHARED_CHECKS = (one_of_two, one_name, killed, revoked, cut_off)


def main():
    program, *names = sys.argv[1:]
    for mount, (export, options) in MOUNTS.items():
        os.mkdir(f"/net/{mount}")
        if not options:
            os.mkdir(f"/export/{export}")
            os.symlink(f"/export/{export}/{mount}", f"/net/{mount}/{mount}")
            continue
        source = f"/export/{export}" if "vers=3" in options else f"/{export}"
        # Without sharing, mounts of one export have one memory, and the attributes of the first.
        subprocess.run(["mount", "-t", "nfs", "-o", f"nosharecache,{options}", f"127.0.0.1:{source}", f"/net/{mount}"],
                       check=True)
    results = []

    def report(place, function, *arguments):
        try:
            outcome = function(*arguments)
            word, note = "ok", f" ({outcome})" if outcome else ""
        except Exception as error:
            word, note = "FAILED", f"\n        {type(error).__name__}: {error}, line {error.__traceback__.tb_next.tb_lineno}"
        results.append(word)
        print(f"{word:7} {place:15} {function.__doc__}{note}", flush=True)

    make_directory("/run/state")
    server = Server(program)
    for function, mounts in CHECKS.items():
        for mount in mounts if not names or function.__name__ in names else ():
            report(mount, function, Other(mount, function.__name__), server)
    server.stop()
    wanted = [function for function in SHARED_CHECKS if not names or function.__name__ in names]
    if wanted:
        make_directory("/export/mail/shared")
        for function in wanted:
            for folder in ("", "/tmp", "/new", "/cur"):
                make_directory(shared_path(function) + folder)
        # Nobody gets a lock before clients have had time to take theirs again.
        for path in ("/proc/fs/nfsd/v4_end_grace", "/proc/fs/lockd/nlm_end_grace"):
            # It may have ended.
            with contextlib.suppress(OSError), open(path, "w") as file:
                file.write("Y\n")
        hosts = [Host(program, number) for number in (1, 2)]
        for function in wanted:
            report("two hosts", function, *hosts)
        for host in hosts:
            host.kill()
    passed, failed = results.count("ok"), results.count("FAILED")
    print(f"{passed} passed, {failed} failed")


main()
