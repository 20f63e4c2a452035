"""Namespaces that make a part of this machine another host: with a host name, a boot id, mounts, a /dev/shm, /run/thulefs and /var/lib/thulefs of its own."""

import os
import subprocess
import uuid

# In them. Its first process then only keeps them.
BOOT = """set -eu
hostname "$1"
mount --bind "$2" /proc/sys/kernel/random/boot_id
umount --internal-only --lazy --all --types fuse.thulefs
for folder in /dev/shm /run/thulefs /var/lib/thulefs; do
	mkdir -p "$folder"
	mount -t tmpfs "$1" "$folder"
done
echo booted
exec setpriv --pdeathsig KILL sleep infinity"""


def available():
    return subprocess.run(["unshare", "--mount", "--uts", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


class Namespaces:
    """They are gone with the last process in them; whatever is run there by command() dies with who runs it."""

    def __init__(self, name, folder):
        boot_id = os.path.join(folder, f"{name}.boot_id")
        with open(boot_id, "w", encoding="ascii") as f:
            print(uuid.uuid4(), file=f)
        self.init = subprocess.Popen(
            ["unshare", "--mount", "--uts", "bash", "-c", BOOT, "boot", name, boot_id],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)  # fmt: skip
        if self.init.stdout.readline() != "booted\n":
            raise AssertionError(f"host {name} does not come up")

    def root(self, path):
        """Where a path of theirs is for those who are elsewhere."""
        return f"/proc/{self.init.pid}/root{path}"

    def command(self, *command):
        """As it is run from elsewhere."""
        return ["nsenter", f"--target={self.init.pid}", "--mount", "--uts", "--", "setpriv", "--pdeathsig", "KILL", *command]

    def end(self):
        self.init.kill()
        self.init.wait()
