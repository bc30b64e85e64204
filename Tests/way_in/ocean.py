"""Asks ocean: runs the program and reads its answers."""

import json
import os
import re
import signal
import subprocess

from addresses import span, united


class Ocean:
    def __init__(self, program, folder):
        self.program, self.folder, self.calls = program, folder, 0

    def run(self, *arguments):
        self.calls += 1
        for _ in range(5):
            done = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                                  timeout=900)
            if done.returncode != -signal.SIGTERM:  # Somebody else ended it.
                break
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments):
        code, out, err = self.run(*arguments, "--format", "json")
        try:
            return code, json.loads(out), err
        except ValueError:
            return code, None, out + err

    def write(self, name, config, text):
        for path, lines in config["files"].items():
            with open(os.path.join(self.folder, path), "w") as file:
                file.write("; a list\n" + "\n".join(lines) + "\n")
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def check(self, name):
        """The exit code, the errors that are no broken expectations, and {(line, service): (addresses, message)}."""
        code, answer, err = self.json("check", name)
        if answer is None:
            return code, [err], {}
        return code, *self.sorted_out(answer["diagnostics"])

    @staticmethod
    def sorted_out(diagnostics):
        other, expectations = [], {}
        for item in diagnostics:
            if item["severity"] != "error":
                continue
            service = re.search("'([^']*)'", item["message"])
            if item["code"] != "OC0327" or not service:
                other.append(f"{item['code']} {item['message']} {item.get('label')}")
                continue
            key = item["span"]["line"], service.group(1)
            before = expectations.get(key, ([], ""))
            expectations[key] = united(before[0] + named(item["message"])), before[1] + item["message"] + "; "
        return other, expectations

    @staticmethod
    def errors_on_stderr(text):
        return {(int(line), message.split("'")[1]) for message, line in
                re.findall(r"^error\[OC0327\]: (.*)\n\s*--> [^\n]*?:(\d+):\d+$", text, re.M) if "'" in message}


def named(message):
    """The addresses that a message names."""
    found = []
    for word in re.split(r"[\s,]+", message.split("'", 2)[-1]):
        if re.search(r"\d", word) and re.search(r"[.:]", word.rstrip(":.")):
            try:
                found.append(span(word.rstrip(":") if not word.endswith("::") else word))
            except (ValueError, OSError):
                pass
    return found


def spans_of(networks):
    return united(span(network) for network in networks)
