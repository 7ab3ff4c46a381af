"""Runs the commands of a page of Markdown (argument 1) as its reader would, and prints a case for each of its `sh` and
`console` blocks, as `cases` in lib.sh reads them. Argument 2: the folder of programs to put on the PATH; argument 3: the
folder for logs. How a page says what is to happen: conformance/README.md, "The guide"."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

# Seconds: for one stretch of commands, for a server to listen, for a server to end.
COMMANDS, START, END = 120, 20, 20

FENCE = re.compile(r"```(.*)")
FILE = re.compile(r"(?://|#) ([\w-]+(?:/[\w-]+)*\.[\w.]+)")
ADDRESS = re.compile(r"\b(localhost|127\.0\.0\.1|0\.0\.0\.0):(\d+)\b|(\[::1?\]):(\d+)\b")


def blocks(text):
    """The fenced blocks of a page: number of the first line, info string, lines."""
    opened = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.fullmatch(line)
        if not fence:
            if opened:
                opened[2].append(line)
        elif opened:
            yield opened
            opened = None
        else:
            opened = (number, fence[1].strip(), [])


def joined(lines):
    """Lines that end in a backslash, with those that go on where they end."""
    whole = []
    for line in lines:
        if whole and whole[-1].endswith("\\"):
            whole[-1] += "\n" + line
        else:
            whole.append(line)
    return whole


def stretches(lines):
    """Commands that bash gets in one go, and between them those of which more is expected: (kind, text)."""
    commands = []
    for line in joined(line.rstrip() for line in lines):
        if line.endswith(" &"):
            special = ("server", line.removesuffix(" &"))
        elif line.endswith("# fails"):
            special = ("failing", line.removesuffix("# fails"))
        else:
            commands.append(line)
            continue
        if commands:
            yield "commands", "\n".join(commands)
            commands = []
        yield special
    if commands:
        yield "commands", "\n".join(commands)


def transcript(lines):
    """The commands of a `console` block, which stand behind a `$`, each with the lines that it prints."""
    shown = []
    for line in joined(lines):
        if line.startswith("$ "):
            shown.append((line[2:].split("\n"), []))
        elif shown:
            shown[-1][1].append(line)
        elif line:
            raise Fault(f"not a command, and behind none: {line}")
    return shown


def pattern(expected):
    """What an output has to match: `…` on a line of its own stands for any lines, within a line for anything."""
    lines = []
    for line in expected:
        if line.strip() == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"\n")
    return re.compile("".join(lines))


class Fault(Exception):
    """Why a block does not do what it says."""


class Page:
    """A page while its commands run."""

    def __init__(self, folder, environment, log):
        self.root = self.folder = folder
        self.environment = environment
        self.log = log
        self.ports = {}
        self.servers = []

    def address(self, match):
        """An address of the page with a port that is free here."""
        host, port = match[1] or match[3], match[2] or match[4]
        if port not in self.ports:
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                self.ports[port] = taken.getsockname()[1]
        return f"{host}:{self.ports[port]}"

    def here(self, text):
        return ADDRESS.sub(self.address, text)

    def write(self, name, lines):
        """Makes a file that the page shows."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{self.here(line)}\n" for line in lines)

    def run(self, commands):
        """Runs commands in the page's folder, which they may change; gives exit status and output."""
        read, write = os.pipe()
        script = f"set -eu -o pipefail\ncd {self.folder!r}\ntrap 'pwd >&{write}' EXIT\n{commands}\n"
        shell = subprocess.Popen(
            ["bash", "-c", script], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=[write], start_new_session=True,
        )
        os.close(write)
        try:
            output, _ = shell.communicate(timeout=COMMANDS)
        except subprocess.TimeoutExpired as expired:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.communicate()
            os.close(read)
            raise Fault(f"no end within {COMMANDS} s: {commands}") from expired
        with open(read, encoding="utf-8") as folder:
            self.folder = folder.read().strip() or self.folder
        return shell.returncode, output.decode("utf-8", "replace")

    def start(self, command):
        """Starts a server and waits until it listens."""
        address = ADDRESS.search(command)
        if not address:
            raise Fault(f"the server's command names no address to wait for: {command}")
        log = open(f"{self.log}-server-{len(self.servers) + 1}.log", "wb")
        server = subprocess.Popen(
            ["bash", "-c", command], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )
        self.servers.append((command, server))
        family = socket.AF_INET6 if address[3] else socket.AF_INET
        target = ("::1" if address[3] else "127.0.0.1", int(address[2] or address[4]))
        deadline = time.monotonic() + START
        while True:
            if server.poll() is not None:
                self.servers.pop()
                raise Fault(f"ended before it listened ({log.name}): {command}")
            with socket.socket(family) as client:
                if client.connect_ex(target) == 0:
                    return
            if time.monotonic() > deadline:
                raise Fault(f"does not listen after {START} s ({log.name}): {command}")
            time.sleep(0.02)

    def commands(self, lines, expected):
        """Runs commands; what they print is to be what is expected, unless that is None. Gives it."""
        output = ""
        for kind, text in stretches(lines):
            text = self.here(text)
            if kind == "server":
                self.start(text)
                continue
            status, printed = self.run(text)
            output += printed
            if (status != 0) != (kind == "failing"):
                raise Fault(f"exit status {status}", output)
        if expected is not None:
            shown = "".join(f"{line.rstrip()}\n" for line in output.rstrip().splitlines())
            wanted = [self.here(line) for line in expected]
            while wanted and not wanted[-1]:
                wanted.pop()
            if not pattern(wanted).fullmatch(shown):
                raise Fault(f"prints something else: {lines[-1]}", output)
        return output

    def end(self):
        """Interrupts the servers, as their user does with Ctrl-C; gives those that do not end well."""
        for _, server in self.servers:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGINT)
        for command, server in self.servers:
            try:
                status = server.wait(END)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
                yield command, f"still runs {END} s after it was interrupted"
            else:
                if status != 0:
                    yield command, f"ended with status {status} when it was interrupted"


def main():
    name, programs, logs = sys.argv[1:]
    with open(name, encoding="utf-8") as page:
        found = list(blocks(page.read()))
    log = os.path.join(logs, name.replace("/", "-"))
    with tempfile.TemporaryDirectory(prefix="guide-") as folder:
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"}
        page = Page(folder, environment, log)
        try:
            for index, (number, info, lines) in enumerate(found):
                if info not in ("sh", "console"):
                    if lines and (file := FILE.fullmatch(lines[0])):
                        page.write(file[1], lines)
                    continue
                evidence = f"{log}-{number}.log"
                fault, output = None, ""
                try:
                    if info == "console":
                        for command, expected in transcript(lines):
                            output += page.commands(command, expected)
                    else:
                        follower = found[index + 1] if index + 1 < len(found) else (0, "", [])
                        output = page.commands(lines, follower[2] if follower[1] == "text" else None)
                except Fault as why:
                    fault = why.args[0]
                    output += why.args[1] if len(why.args) > 1 else ""
                with open(evidence, "w", encoding="utf-8") as written:
                    written.write(output)
                first = lines[0].removeprefix("$ ").removesuffix("\\") if lines else ""
                report("failed" if fault else "passed", f"{name}:{number} {first}", fault or "", evidence)
        finally:
            for command, fault in page.end():
                report("failed", f"{name} {command}", fault, "")


def report(*columns):
    print(*(column.replace("\t", " ").replace("\n", " ") for column in columns), sep="\t", flush=True)


main()
