"""The checker of mail: what it knows of every message, and what it makes of what sessions saw.

It shares nothing with ocean. A message's content carries its identity, so what is shown under which id is read from what is
sent, and what is kept from the files themselves.
"""

import os
import re
import threading
import time

from session import Gone
from servers import OWNER

PRESENT, REMOVED, UNKNOWN = "present", "removed", "perhaps removed"
# Its file was renamed while it was looked for, more than once.
CHANGED = "-ERR [SYS/TEMP] message was changed by another program"
IDENTITY = re.compile(rb"^X-Identity: (\S+)", re.MULTILINE)


class Violation(Exception):
    """A promise that was broken."""

    def __init__(self, promise, what):
        super().__init__(what)
        self.promise, self.what = promise, what


class Message:
    def __init__(self, token, name, content):
        self.token, self.name, self.content = token, name, content
        self.delivered = None
        self.state = PRESENT
        self.id = None
        # Clients do not remove it, because copies of it come, or it is one. A file that has the name of a removed message, and
        # comes later, is that message to ocean, put back from a backup.
        self.is_copied = False

    @property
    def lines(self):
        """As it is sent, without CRLF and without dots that are put in front."""
        content = self.content[:-1] if self.content.endswith(b"\n") else self.content
        return content.split(b"\n")

    @property
    def size(self):
        return sum(len(line) + 2 for line in self.lines)


class Mailbox:
    """One account's Maildir, with everything that is known of it."""

    def __init__(self, user, path, random, is_remote=False):
        """`is_remote`: hosts have it by NFS, so that a host which is cut off loses its locks. Its sessions then go on reading."""
        self.user, self.path, self.random, self.is_remote = user, path, random, is_remote
        self.messages = {}
        # Every id that was ever shown, with the message it was shown for.
        self.ids = {}
        # Ids that were shown by a session that ended before it had seen for what.
        self.unexplained = set()
        self.number = 0
        self.history = []
        self.lock = threading.Lock()
        for folder in ("", "/tmp", "/new", "/cur"):
            os.makedirs(path + folder, exist_ok=True)
            os.chmod(path + folder, 0o700)
            os.chown(path + folder, OWNER.pw_uid, OWNER.pw_gid)

    # What other programs do.

    def deliver(self, copy_of=None):
        """A message comes, as mail servers deliver it; or a file that has the base name of another, as somebody's copies have."""
        with self.lock:
            self.number += 1
            token = f"{self.user}-{self.number}"
            lines = [f"From: robot@example.org\nSubject: {token}\nX-Identity: {token}\n\n.\n..dots\n"]
            lines += [f"line {number}\n" for number in range(self.random.choice((0, 1, 20, 400)))]
            content = "".join(lines).encode() + self.random.choice((b"", b"no end of line", b".", b"last\n"))
            name = copy_of.name if copy_of else f"{1_700_000_000 + self.number}.M{self.random.randrange(10**6)}P1.host"
            folder, flags = ("cur", f":2,{self.random.choice(('F', 'FS', 'T', 'D'))}{self.number}") if copy_of else ("new", "")
            message = self.messages[token] = Message(token, name, content)
            message.is_copied = copy_of is not None or self.random.random() < 0.1
        temporary = f"{self.path}/tmp/{token}"
        with open(temporary, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), OWNER.pw_uid, OWNER.pw_gid)
        os.rename(temporary, f"{self.path}/{folder}/{name}{flags}")
        message.delivered = time.monotonic()
        return message

    def deliver_copy(self):
        # One that is not older than its copy by the file system's clock is excluded by the documents.
        before = time.monotonic() - 0.05
        with self.lock:
            names = [message for message in self.messages.values()
                     if message.is_copied and message.delivered and message.delivered < before]
        if 0 < len(names) < 40:
            self.deliver(copy_of=self.random.choice(names[-5:]))

    def change_flags(self):
        """Another program marks a message, which renames its file."""
        folder = self.random.choice(("new", "cur"))
        names = sorted(name for name in os.listdir(f"{self.path}/{folder}") if not name.startswith(".nfs"))
        if not names:
            return
        name = self.random.choice(names)
        base = name.split(":2,")[0]
        # A name that no other file can have, since a rename would replace it.
        with self.lock:
            self.number += 1
            new = f"{base}:2,{self.random.choice(('S', 'FS', 'RS'))}{self.number}"
        try:
            os.rename(f"{self.path}/{folder}/{name}", f"{self.path}/cur/{new}")
        except FileNotFoundError:
            pass

    def renumber(self):
        """Another server writes its list of ids again, with other numbers, as Dovecot does if it lost its index."""
        names = {message.name for message in self.messages.values() if message.state == PRESENT}
        names = self.random.sample(sorted(names), len(names) // 2)
        with self.lock:
            self.number += 1
        with open(f"{self.path}/dovecot-uidlist.{self.number}", "w") as file:
            file.write(f"3 V{self.number} N{len(names) + 1} G0\n")
            file.writelines(f"{number} :{name}\n" for number, name in enumerate(names, 1))
            os.fchown(file.fileno(), OWNER.pw_uid, OWNER.pw_gid)
        os.rename(f"{self.path}/dovecot-uidlist.{self.number}", f"{self.path}/dovecot-uidlist")

    # What sessions saw.

    def explain(self, id, token):
        if self.ids.setdefault(id, token) != token:
            raise Violation("one message per id", f"id {id} was shown for {self.ids[id]} and is now shown for {token}")
        message = self.messages[token]
        if message.id not in (None, id):
            raise Violation("one id per message", f"{token} was shown under the id {message.id} and is now shown under {id}")
        message.id = id
        self.unexplained.discard(id)

    def judge(self, visits):
        """Looks at all sessions of a round, in the order in which they had the mailbox."""
        visits = [visit for visit in visits if visit.session and visit.session.opened is not None]
        visits.sort(key=lambda visit: visit.session.opened)
        for one, next_one in ((a, b) for a in visits for b in visits if a is not b and a.session.opened <= b.session.opened):
            held_until = self.held_until(one)
            if next_one.session.opened < held_until:
                raise Violation("one session at a time", f"{next_one.session.name} had the mailbox {self.user} "
                                f"{held_until - next_one.session.opened:.3f} s before {one.session.name} gave it up")
        for visit in visits:
            self.judge_listing(visit)
            self.judge_end(visit)

    def held_until(self, visit):
        session = visit.session
        if not self.is_remote:
            return session.proved
        return session.quit_sent if visit.marked and (session.quit_answer or "").startswith("+OK") else session.opened

    def judge_listing(self, visit):
        session = visit.session
        if visit.ids is None:
            return
        if len(set(visit.ids.values())) != len(visit.ids):
            raise Violation("one message per id", f"{session.name} was shown one id twice")
        for number, id in visit.ids.items():
            token = visit.tokens.get(number)
            if token is not None:
                if token not in self.messages:
                    raise Violation("nothing foreign", f"{session.name} was shown {token}, which was never delivered to {self.user}")
                self.explain(id, token)
            elif id not in self.ids:
                self.unexplained.add(id)
        session.note("it was shown " + ", ".join(f"{number}: {self.ids.get(id, '?')} as {id}" for number, id in visit.ids.items()))
        seen = {self.ids.get(id) for id in visit.ids.values()}
        whole = None not in seen
        for token, message in self.messages.items():
            if token in seen:
                if message.state == REMOVED:
                    raise Violation("removed is removed", f"{token} was removed for good, and {session.name} was shown it again")
                # A host that was cut off in the middle of QUIT may carry out the rest of what it was about to remove.
                if not self.is_remote or visit.is_check:
                    message.state = PRESENT
            elif whole and message.delivered and message.delivered < session.pass_sent:
                if message.state == PRESENT:
                    raise Violation("no message lost", f"{token} was delivered and not removed, and {session.name} was not shown it")
                message.state = REMOVED

    def judge_end(self, visit):
        session = visit.session
        if session.quit_sent is None or visit.ids is None:
            return
        is_done = (session.quit_answer or "").startswith("+OK")
        for number in visit.marked:
            token = self.ids.get(visit.ids.get(number))
            if token is None:
                # It was not seen what it is: any of those that are not yet known by their id.
                for message in self.messages.values():
                    if message.id is None and message.state == PRESENT:
                        message.state = UNKNOWN
            elif self.messages[token].state == PRESENT:
                self.messages[token].state = REMOVED if is_done else UNKNOWN

    def judge_files(self):
        """Nobody has the mailbox: the files are as they have to be."""
        found = {}
        for folder in ("new", "cur"):
            for name in os.listdir(f"{self.path}/{folder}"):
                # What NFS keeps of a removed file that is open.
                if name.startswith(".nfs"):
                    continue
                with open(f"{self.path}/{folder}/{name}", "rb") as file:
                    content = file.read()
                match = IDENTITY.search(content)
                token = match[1].decode() if match else None
                if token not in self.messages or token in found:
                    raise Violation("nothing foreign", f"{folder}/{name} in {self.path} is not, or not once, what was delivered")
                if content != self.messages[token].content or name.split(":")[0] != self.messages[token].name:
                    raise Violation("no message changed", f"{folder}/{name} has other content or another name than {token} had")
                found[token] = name
        for token, message in self.messages.items():
            if message.state == PRESENT and token not in found:
                raise Violation("no message lost", f"the file of {token} is gone, and nobody removed it")
            if message.state == REMOVED and token in found:
                raise Violation("removed is removed", f"{token} was removed for good, and its file {found[token]} is there")
        left = os.listdir(f"{self.path}/tmp")
        if left:
            raise Violation("nothing foreign", f"{left} in {self.path}/tmp")
        known = {"new", "cur", "tmp", "ocean-ids", "dovecot-uidlist"}
        if foreign := set(os.listdir(self.path)) - known:
            raise Violation("nothing foreign", f"{sorted(foreign)} in {self.path}")
        hidden = sum(1 for message in self.messages.values() if message.id is None and message.state == REMOVED)
        if len(self.unexplained) > hidden:
            raise Violation("one id per message", f"ids {sorted(self.unexplained)} were shown once, and nothing has them now")


class Visit:
    """What one client does in one session, by chance, and what it is shown."""

    def __init__(self, mailbox, random):
        self.mailbox = mailbox
        self.session = None
        self.is_check = False
        self.ids = None
        self.tokens = {}
        self.marked = set()
        self.quits = False
        self.ops = random.choice((0, 1, 3, 8))
        self.mood = random.random()
        self.end = random.choices(("quit", "pipelined", "drop", "reset", "hang"), (50, 25, 10, 10, 5))[0]
        self.seed = random.random()

    def run(self, random, session, on_open, on_quit, until):
        """Ends however the client or the server ends it; `Gone` is not a mistake."""
        self.session = session
        try:
            if not session.log_in(self.mailbox.user, "secret"):
                session.close()
                return
            on_open()
            self.look()
            self.work(random)
            self.leave(random, on_quit, until)
        except Gone:
            pass

    def look(self):
        session = self.session
        answers = session.ask_all(["UIDL"], True)
        if not answers[0][0].startswith("+OK"):
            raise Violation("a session serves", f"{session.name}: UIDL was answered by {answers[0][0]}")
        self.ids = {int(number): id for number, id in (line.decode().split(" ", 1) for line in answers[0][1])}
        numbers = sorted(self.ids)
        for start in range(0, len(numbers), 50):
            some = numbers[start:start + 50]
            for number, (first, lines) in zip(some, session.ask_all([f"TOP {number} 0" for number in some], True)):
                if match := IDENTITY.search(b"\n".join(lines) + b"\n"):
                    self.tokens[number] = match[1].decode()
                elif CHANGED not in first:
                    raise Violation("a session serves", f"{session.name}: TOP {number} 0 was answered by {first}")

    def left(self):
        """What is listed and may still be removed."""
        return sorted(number for number in set(self.ids) - self.marked
                      if self.message(number) and not self.message(number).is_copied)

    def message(self, number):
        return self.mailbox.messages.get(self.tokens.get(number))

    def work(self, random):
        session = self.session
        count, octets = (int(word) for word in session.ask("STAT")[0].split()[1:3])
        if count != len(self.ids):
            raise Violation("a session serves", f"{session.name}: STAT says {count}, UIDL {len(self.ids)}")
        sizes = {int(line.split()[0]): int(line.split()[1]) for line in session.ask("LIST", True)[1]}
        wanted = {number: self.message(number).size for number in self.ids if self.message(number)}
        if {number: sizes.get(number) for number in wanted} != wanted or set(sizes) != set(self.ids) or sum(sizes.values()) != octets:
            raise Violation("no message changed", f"{session.name}: LIST says {sizes}, the files {wanted}")
        for _ in range(self.ops):
            left = sorted(set(self.ids) - self.marked)
            what = random.choice(("RETR", "RETR", "DELE", "DELE", "DELE", "NOOP", "LIST", "RSET"))
            if what == "RSET" and random.random() < 0.3:
                session.ask("RSET")
                self.marked = set()
            elif what == "LIST":
                shown = {int(line.split()[0]) for line in session.ask("LIST", True)[1]}
                if shown != set(left):
                    raise Violation("a session serves", f"{session.name}: LIST shows {sorted(shown)}, not {left}")
            elif what == "NOOP":
                session.ask("NOOP")
                time.sleep(random.random() * 0.05)
            elif left:
                number = random.choice(left)
                if what == "RETR":
                    self.retrieve(number)
                else:
                    self.mark(random.sample(self.left(), min(1, len(self.left()))))
        if self.mood < 0.3:
            # Nearly all at once, so that UPDATE takes a while.
            self.mark(self.left()[:random.choice((5, 70, 200))])

    def retrieve(self, number):
        first, lines = self.session.ask(f"RETR {number}", True)
        if CHANGED in first or not self.message(number):
            return
        if not first.startswith("+OK"):
            raise Violation("a session serves", f"{self.session.name}: RETR {number} was answered by {first}")
        if lines != self.message(number).lines:
            raise Violation("no message changed", f"{self.session.name}: RETR {number} is not what {self.tokens[number]} was")

    def mark(self, numbers):
        # Marked, as far as anybody knows, from the moment it is sent.
        self.marked |= set(numbers)
        for number, (first, _) in zip(numbers, self.session.ask_all([f"DELE {number}" for number in numbers])):
            if not first.startswith("+OK"):
                raise Violation("a session serves", f"{self.session.name}: DELE {number} was answered by {first}")

    def leave(self, random, on_quit, until):
        session = self.session
        if self.end == "quit":
            on_quit()
            session.quit()
        elif self.end == "pipelined":
            left = self.left()
            numbers = random.sample(left, min(len(left), random.choice((1, 3, 70))))
            self.marked |= set(numbers)
            session.quit_sent = time.monotonic()
            on_quit()
            session.quit_answer = session.ask_all([f"DELE {number}" for number in numbers] + ["QUIT"])[-1][0]
            session.close("ended")
        elif self.end == "drop":
            session.close()
        elif self.end == "reset":
            session.reset()
        else:
            # The client says nothing any more, and is gone at the end of the round.
            until.wait(2)
            session.close()
