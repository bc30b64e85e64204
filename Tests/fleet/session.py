"""A POP3 client that keeps a transcript with times, and knows what was answered and what was not."""

import socket
import time


class Gone(Exception):
    """The connection ended, or no answer came in time."""


class Session:
    """One connection. Times are of the monotonic clock of this machine, which all hosts share."""

    def __init__(self, host, source, target, name, timeout=6):
        self.name = name
        self.target = target
        self.source = source
        self.events = []
        self.buffer = b""
        self.refusal = None
        # When the answer to PASS came, and when the last command was sent that was answered: in between it had the mailbox.
        self.pass_sent = self.opened = self.proved = None
        self.quit_sent = self.quit_answer = None
        self.socket = host.socket()
        self.socket.settimeout(timeout)
        self.note(f"connects from {source} to {target[0]}:{target[1]}")
        try:
            self.socket.bind((source, 0))
            self.socket.connect(target)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            self.close(str(error))
            raise Gone(str(error))
        self.greeting = self.line()

    def note(self, text):
        self.events.append((time.monotonic(), text))

    def line(self, is_noted=True):
        while b"\n" not in self.buffer:
            self._receive()
        line, _, self.buffer = self.buffer.partition(b"\n")
        text = line.rstrip(b"\r").decode("latin-1")
        if is_noted or not text.startswith("+OK"):
            self.note(f"S: {text:.200}")
        if text.endswith("server is shutting down"):
            self.close("the server was stopped")
            raise Gone(text)
        return text

    def _receive(self):
        try:
            data = self.socket.recv(65536)
        except OSError as error:
            self.close(f"{type(error).__name__}: {error}")
            raise Gone(str(error))
        if not data:
            self.close("the server closed the connection")
            raise Gone("closed")
        self.buffer += data

    def send(self, *commands):
        few = len(commands) < 4
        self.note(f"C: {', '.join(commands)}" if few else f"C: {commands[0]}, ... {len(commands)} commands ..., {commands[-1]}")
        # By the answer it is only known that the server had not ended the session when this was sent.
        sent = time.monotonic()
        try:
            self.socket.sendall("".join(f"{command}\r\n" for command in commands).encode())
        except OSError as error:
            self.close(str(error))
            raise Gone(str(error))
        return sent

    def body(self):
        """The lines of an answer until its end, without dots that were put in front."""
        while not (self.buffer.startswith(b".\r\n") or b"\r\n.\r\n" in self.buffer):
            self._receive()
        if self.buffer.startswith(b".\r\n"):
            content, self.buffer = b"", self.buffer[3:]
        else:
            content, _, self.buffer = self.buffer.partition(b"\r\n.\r\n")
            content += b"\r\n"
        lines = content.split(b"\r\n")[:-1]
        return [line[1:] if line.startswith(b".") else line for line in lines]

    def ask(self, command, has_body=False):
        """One command; the answer's first line, and its other lines."""
        return self.ask_all([command], has_body)[0]

    def ask_all(self, commands, has_body=False):
        """Commands that are sent together, as clients with PIPELINING do."""
        sent = self.send(*commands)
        answers = []
        for number, _ in enumerate(commands, 1):
            first = self.line(is_noted=number == len(commands))
            answers.append((first, self.body() if has_body and first.startswith("+OK") else []))
            if self.opened is not None:
                self.proved = sent
        return answers

    def log_in(self, user, password):
        """Whether it succeeded; `refusal` has the answer if not."""
        self.ask(f"USER {user}")
        self.pass_sent = self.send(f"PASS {password}")
        answer = self.line()
        if not answer.startswith("+OK"):
            self.refusal = answer
            return False
        self.opened = time.monotonic()
        self.proved = self.pass_sent
        return True

    def quit(self):
        self.quit_sent = time.monotonic()
        self.quit_answer = self.ask("QUIT")[0]
        self.close("ended")
        return self.quit_answer

    def close(self, why="the client closed the connection"):
        if self.socket.fileno() >= 0:
            self.note(f"-- {why}")
            self.socket.close()

    def reset(self):
        """The client's machine loses its power: no end of the connection is sent that means anything."""
        if self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close("the client reset the connection")

    def transcript(self, since=0.0):
        return "\n".join(f"    {moment - since:9.3f}  {text}" for moment, text in self.events)
