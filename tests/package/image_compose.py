"""Runs the services alice, bob and postgresql of deploy/compose as its compose.yaml says, the nodes from the root of the
image, the database from this system: each has a network of its own, in which it finds the others by their names. A packet
with money goes from a sender through alice to bob.
    image_compose.py ROOT IMAGE_JSON FOLDER      FOLDER: a copy of deploy/compose with its secrets, and compose.json"""

import json
import os
import pathlib
import pwd
import shlex
import signal
import subprocess
import sys
import time
import interledger

root, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3])
image = json.loads(pathlib.Path(sys.argv[2]).read_text())["Docker"]["config"]
compose = json.loads((folder / "compose.json").read_text())
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
ADDRESSES = {name: f"10.89.0.{number}" for number, name in enumerate(["alice", "bob", "postgresql"], 2)}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def make_networks():
    """Returns a process for each service, which keeps its network."""
    run("ip", "link", "add", "bridge0", "type", "bridge")
    run("ip", "address", "add", "10.89.0.1/24", "dev", "bridge0")
    run("ip", "link", "set", "bridge0", "up")
    keepers = {}
    for name, address in ADDRESSES.items():
        keeper = keepers[name] = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo && exec sleep infinity"], stdout=subprocess.PIPE)
        keeper.stdout.readline()
        outside = f"to-{name}"
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", keeper.pid)
        run("ip", "link", "set", outside, "master", "bridge0", "up")
        inside = ["nsenter", f"--net=/proc/{keeper.pid}/ns/net", "ip"]
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "address", "add", f"{address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
    return keepers


def seconds(text):
    assert text.endswith("s"), text
    return int(text[:-1])


class Database:
    """The server of the service postgresql, with this system's programs in the place of its image."""

    def __init__(self, keeper):
        service = compose["services"]["postgresql"]
        environment = service["environment"]
        versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
        programs = max(versions, key=lambda path: int(path.parts[-3])).parent
        user = pwd.getpwnam("postgres")
        home = folder / "postgresql"
        home.mkdir()
        os.chown(home, user.pw_uid, user.pw_gid)
        self.network = ["nsenter", f"--net=/proc/{keeper.pid}/ns/net", "env", f"PATH={programs}:{PATH}"]
        as_user = [*self.network, "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        password = folder / compose["secrets"][pathlib.Path(environment["POSTGRES_PASSWORD_FILE"]).name]["file"]
        copy = home / "password"
        copy.write_bytes(password.read_bytes())
        name, data = environment["POSTGRES_USER"], home / "data"
        run(*as_user, "initdb", "--pgdata", data, "--username", name, "--pwfile", copy, "--auth-local=trust",
            "--auth-host=scram-sha-256", "--no-sync", stdout=subprocess.DEVNULL, cwd=home)
        with open(data / "pg_hba.conf", "a") as rules:
            rules.write("host all all all scram-sha-256\n")
        log = open(folder / "postgresql.log", "w")
        self.process = subprocess.Popen([str(word) for word in (
            *as_user, "postgres", "-D", data, "-c", "listen_addresses=*", "-c", f"unix_socket_directories={home}",
            "-c", "fsync=off")], stdout=log, stderr=log, cwd=home)
        check = [*self.network, *service["healthcheck"]["test"][1:]]
        self.await_success(lambda: subprocess.run(check, stdout=subprocess.DEVNULL).returncode == 0)
        run(*self.network, "createdb", "--host", home, "--username", name, environment["POSTGRES_DB"])

    def await_success(self, is_done):
        end = time.monotonic() + 60
        while not is_done():
            assert self.process.poll() is None and time.monotonic() < end, "PostgreSQL does not start"
            time.sleep(0.05)


class Node:
    """A service that runs the image."""

    def __init__(self, name, keeper):
        self.name, self.service = name, compose["services"][name]
        assert self.service["read_only"] and self.service["cap_drop"] == ["ALL"]
        assert self.service["security_opt"] == ["no-new-privileges:true"]
        user, group = image["User"].split(":")
        self.as_user = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs",
                        "--bounding-set=-all", "--inh-caps=-all"]
        mounts = [(folder / "hosts", "/etc/hosts")]
        for volume in self.service["volumes"]:
            source, target = volume.split(":")[:2]
            path = folder / source
            if source in compose["volumes"]:
                path = folder / "volumes" / source
                path.mkdir(parents=True)
                os.chown(path, int(user), int(group))
            mounts.append((path, target))
        for secret in self.service["secrets"]:
            mounts.append((folder / compose["secrets"][secret]["file"], f"/run/secrets/{secret}"))
        for source, target in mounts:
            place = root / target[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            if not source.is_dir():
                place.touch()
        environment = [f"PATH={PATH}"]
        for file in self.service.get("env_file", []):
            environment += (folder / file).read_text().split()
        command = ["env", "--ignore-environment", *environment, "chroot", root, *self.as_user,
                   *image["Entrypoint"], *image["Cmd"]]
        steps = [["mount", "--make-rprivate", "/"], ["mount", "--bind", root, root],
                 *(["mount", "--bind", source, f"{root}{target}"] for source, target in mounts),
                 ["mount", "-o", "remount,bind,ro", root], ["mount", "-t", "proc", "none", root / "proc"],
                 ["exec", *command]]
        script = "\n".join(" ".join(shlex.quote(str(word)) for word in step) for step in steps)
        self.log = folder / f"{name}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/proc/{keeper.pid}/ns/net", "unshare", "--mount", "--pid", "--fork", "--kill-child",
                 "sh", "-ec", script], stdout=log, stderr=log)

    def pid(self):
        (pid,) = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(pid)

    def await_ready(self):
        interledger.wait_until_ready(9464, lambda: self.process.poll() is None, host=ADDRESSES[self.name])

    def execute(self, *command):
        """What `docker compose exec` does. Returns the output."""
        inside = ["nsenter", "--target", self.pid(), "--all", "--root", "--wd", "env", "--ignore-environment",
                  f"PATH={PATH}", *self.as_user]
        return run(*inside, *command, stdout=subprocess.PIPE, text=True).stdout

    def liquidity(self, peer):
        (found,) = [shown for shown in json.loads(self.execute("ilpctl", "--json", "peer", "list"))
                    if shown["name"] == peer]
        return int(found["liquidity"])

    def stop(self):
        os.kill(self.pid(), getattr(signal, image["StopSignal"]))
        assert self.process.wait(seconds(self.service["stop_grace_period"])) == 0, f"{self.name} did not end cleanly"


def main():
    hosts = "".join(f"{address} {name}\n" for name, address in ADDRESSES.items())
    (folder / "hosts").write_text("127.0.0.1 localhost\n" + hosts)
    keepers = make_networks()
    database = Database(keepers["postgresql"])
    alice, bob = (Node(name, keepers[name]) for name in ("alice", "bob"))
    try:
        for node in (alice, bob):
            node.await_ready()
        print(alice.execute("ilpctl", "ping", "test.bob"), end="")
        token = "carol-to-alice-0123456789"
        alice.execute("ilpctl", "peer", "create", "test.carol", "--name", "carol", "--asset", "USD/9", "--incoming-token",
                      token, "--outgoing-endpoint", "http://127.0.0.1:4003/", "--outgoing-token", "x",
                      "--initial-liquidity", "1")
        before = alice.liquidity("carol"), alice.liquidity("bob"), bob.liquidity("alice")
        # The fulfillment with which a node answers a ping to its own address, where it keeps the amount.
        ping = interledger.prepare(500, "test.bob", b"", fulfillment=b"ping" * 8)
        answer = interledger.Sender(3002, token, ADDRESSES["alice"]).send(ping)
        assert answer[:1] == b"\x0d", f"not fulfilled: {answer!r}"
        after = alice.liquidity("carol"), alice.liquidity("bob"), bob.liquidity("alice")
        moved = [new - old for old, new in zip(before, after)]
        assert moved == [-500, 500, -500], f"the balances have changed by {moved}"
        for node in (alice, bob):
            node.stop()
    except Exception:
        for name in ADDRESSES:
            print(f"{name}:\n{(folder / f'{name}.log').read_text()[-3000:]}", file=sys.stderr)
        raise
    database.process.send_signal(signal.SIGINT)
    assert database.process.wait(60) == 0
    for keeper in keepers.values():
        keeper.kill()


main()
