#!/usr/bin/env python3
"""Follows the guides as a reader does, on two machines. Each is a copy of this system: an overlay over its root,
without the sources, and a network of its own with a wire to the other one. Every ```sh block is run in order and as it is
written, in one shell for each machine, and what it prints is compared with the ```text block that follows it.

Three things are different. The service manager is the stand-in `systemctl` of this folder, and on the second machine
there is none: it is a container. The package has the name of the one that was built. What a reader types, which is a
token that the other side has told, comes from the test.

  guides_test.py PACKAGES    ends with 77 (skipped) where no such copy can be had"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import pages

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent
GUIDES = SOURCES / "docs/guides"
IN_CONTAINER = "### In a container"  # the commands below it take the place of WITH_SERVICE there
WITH_SERVICE = "systemctl enable ilpd\nsystemctl restart ilpd\n"
BLOCK_TIME = 120  # seconds; a block that works takes a few at most
MACHINES = {"alice": "192.0.2.1", "bob": "192.0.2.2"}
END = "the block has ended"


def skip(why):
    print(f"guides_test: skipped: {why}")
    sys.exit(77)


def fail(why):
    print(f"guides_test: {why}")
    sys.exit(1)


def quietly(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Machine:
    """A copy of this system, and the shell of somebody who works on it as root."""

    def __init__(self, name, work, package):
        self.name = name
        self.root = work / name / "root"
        upper, scratch = work / name / "upper", work / name / "work"
        for folder in (upper, scratch, self.root):
            folder.mkdir(parents=True)
        quietly("mount", "-t", "overlay", "none", "-o",
                f"lowerdir=/,upperdir={upper},workdir={scratch}", str(self.root))
        for place in ("run", "tmp"):
            quietly("mount", "-t", "tmpfs", "-o", "mode=1777" if place == "tmp" else "mode=755", "none",
                    str(self.root / place))
        quietly("mount", "-t", "proc", "none", str(self.root / "proc"))
        quietly("mount", "--rbind", "/dev", str(self.root / "dev"))
        for folder in (SOURCES, pathlib.Path("/root")):
            inside = self.root / folder.relative_to("/")
            if inside.is_dir():
                quietly("mount", "-t", "tmpfs", "none", str(inside))
        shutil.copy(package, self.root / "root")
        if name == "alice":
            stand_in = self.root / "usr/local/bin/systemctl"
            shutil.copy(HERE / "systemctl", stand_in)
            stand_in.chmod(0o755)
        self.shell = subprocess.Popen(
            ["unshare", "--net", "--uts", "chroot", str(self.root), "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8",
             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "bash", "--norc"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.run("cd; set -euo pipefail")

    def run(self, commands, typed=""):
        """Runs a block to its end, and returns what it prints. `typed` is what its commands read from the terminal."""
        (self.root / "run/typed").write_text(typed)
        (self.root / "run/block").write_text(commands)
        timer = threading.Timer(BLOCK_TIME, self.shell.kill)
        timer.start()
        self.shell.stdin.write(f". /run/block < /run/typed; printf '\\n%s\\n' '{END}'\n")
        self.shell.stdin.flush()
        printed = []
        for line in self.shell.stdout:
            if line == END + "\n":
                timer.cancel()
                return "".join(printed).removesuffix("\n")
            printed.append(line)
        timer.cancel()
        log = self.root / "run/service-manager/log"
        fail(f"{self.name}: this block fails, or does not end in {BLOCK_TIME} s:\n{commands}--\n{''.join(printed)}--\n"
             f"{log.read_text() if log.exists() else ''}")

    def connect(self, address, wire):
        pid = str(self.shell.pid)
        quietly("ip", "link", "set", wire, "netns", pid)
        for command in (("link", "set", "lo", "up"), ("address", "add", address + "/24", "dev", wire),
                        ("link", "set", wire, "up")):
            quietly("nsenter", "--net", "--target", pid, "ip", *command)

    def stop(self):
        """The node on it has to end cleanly."""
        self.run("if [ -e /run/service-manager/state ]; then systemctl stop ilpd; else kill %1; wait %1; fi")
        self.shell.stdin.close()
        self.shell.wait()


def comparable(printed):
    """Without what is different each time: ids, times, durations, the version and the space between columns."""
    for what, with_this in ((r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(id)"),
                            (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "(time)"), (r"[0-9.]+ ms", "(duration)"),
                            (r"version +[0-9.]+", "(version)")):
        printed = re.sub(what, with_this, printed)
    return [" ".join(line.split()) for line in printed.splitlines() if line.strip()]


def steps_of(page):
    """The blocks that are run, each with the output that the page shows for it, or None."""
    blocks = [block for block in pages.blocks_of(page) if not block.not_run]
    shown = pages.blocks_of(page, "text")
    if not blocks:
        fail(f"{page.name}: no commands were found")
    for block, following in zip(blocks, blocks[1:] + [None]):
        end = following.line if following else float("inf")
        yield block, next((text.commands for text in shown if block.line < text.line < end), None)


def follow(name, machines, typed=lambda block, machine: "", then=lambda block, machine, printed: None):
    """Runs a page's blocks: on the machine that the heading names, otherwise on each."""
    page = GUIDES / name
    in_container = "".join(block.commands for block in pages.blocks_of(page) if block.heading == IN_CONTAINER)
    if in_container:
        in_container += "until ilpctl status > /dev/null 2>&1; do kill -0 %1; sleep 0.1; done\n"
    for block, shown in steps_of(page):
        if block.heading == IN_CONTAINER:
            continue
        named = [machine for machine in machines if f"{machine.name.capitalize()}'s machine" in block.heading]
        for machine in named or machines:
            commands = re.sub(r"ilpd_\S+[.]deb", "ilpd_*.deb", block.commands)
            if machine.name == "bob":
                commands = commands.replace(WITH_SERVICE, in_container)
            printed = machine.run(commands, typed(block, machine))
            if shown is not None and machine.name in ("alice", *(each.name for each in named)):
                if comparable(printed) != comparable(shown):
                    fail(f"{name}:{block.line}: {machine.name} sees\n{printed}\nwhere the page has\n{shown}")
            then(block, machine, printed)
    print(f"{name}: done")


def follow_first_peer(machines):
    tokens, seen = {}, {}
    other = {"alice": "bob", "bob": "alice"}

    def typed(block, machine):
        return tokens[other[machine.name]] + "\n" if "cat > \"to-" in block.commands else ""

    def then(block, machine, printed):
        if "cat \"from-" in block.commands:
            tokens[machine.name] = printed.strip()
        elif "-fingerprint" in block.commands:
            seen[machine.name] = [line for line in printed.splitlines() if "ingerprint" in line]

    follow("first-peer.md", machines, typed, then)
    if seen["alice"] != seen["bob"][::-1]:
        fail(f"the fingerprints are {seen}")
    alice, bob = machines
    for machine, what in ((alice, "3.00 USD"), (bob, "2.00 USD")):
        if what not in machine.run("ilpctl account list"):
            fail(f"{machine.name} has not {what}: {machine.run('ilpctl account list')}")
    for machine in machines:
        printed = machine.run("ilpctl peer list")
        if "10.00 USD" not in printed:
            fail(f"{machine.name}'s peer has not its whole credit again: {printed}")


def check_settings(machine):
    """The settings that a guide shows in part are those of a node, with what it leaves out."""
    shown, = pages.blocks_of(GUIDES / "in-front-of-a-rafiki.md", "yaml")
    machine.run("mkdir -p checked/secrets && cd checked\n"
                "echo to > secrets/to-rafiki && echo from > secrets/from-rafiki\n"
                "cat > ilpd.yaml << 'END'\nilp_address: g.example\nstore: {url: \"memory:\"}\n"
                "assets: [{code: USD, scale: 2}]\n" + shown.commands + "END\n"
                "ilpd --config ilpd.yaml --check-config\ncd ..\n")


def main():
    if sys.argv[1] != "--in-namespace":
        if os.geteuid() != 0:
            skip("it has to mount file systems, which needs root")
        for tool in ("curl", "dpkg-deb", "ip", "nsenter", "openssl", "unshare"):
            if shutil.which(tool) is None:
                skip(f"{tool} is missing: see tests/packages")
        packages = list(pathlib.Path(sys.argv[1]).glob("ilpd_*.deb"))
        if len(packages) != 1:
            skip(f"there is no package in {sys.argv[1]}: see what build_packages says")
        namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if subprocess.run([*namespaces, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            skip("this system gives no namespaces")
        with tempfile.TemporaryDirectory() as work:
            sys.exit(subprocess.run([*namespaces, sys.executable, "-B", __file__, "--in-namespace", work,
                                     str(packages[0].resolve())]).returncode)

    work, package = pathlib.Path(sys.argv[2]), sys.argv[3]
    try:
        quietly("mount", "--make-rprivate", "/")
        quietly("mount", "-t", "tmpfs", "none", str(work))
        quietly("ip", "link", "add", "to-bob", "type", "veth", "peer", "name", "to-alice")
        machines = [Machine(name, work, package) for name in MACHINES]
    except subprocess.CalledProcessError as error:
        skip(f"this system lets no copies of its root be made: {error.cmd}: {error.stderr.decode()}")
    alice, bob = machines
    alice.connect(MACHINES["alice"], "to-bob")
    bob.connect(MACHINES["bob"], "to-alice")

    follow("first-packet.md", [alice])
    follow_first_peer(machines)
    check_settings(alice)
    for machine in machines:
        machine.stop()


if __name__ == "__main__":
    main()
