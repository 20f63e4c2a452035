"""What ours is compared with: ext4 on a fresh image in memory, or tmpfs."""

import os
import subprocess
import sys
import tempfile

IMAGE_SIZE = 1 << 30  # sparse


def call(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Folder:
    """Something mounted for a moment in a new folder: taken out of the tree of mounts when the block ends, it lives
    on while it is open. So nothing needs to be cleaned up, however a run ends."""

    def __init__(self, *how):
        self.how = how

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="thule-model.")
        try:
            call("mount", *self.how, self.path)
        except (OSError, subprocess.CalledProcessError):
            os.rmdir(self.path)
            raise
        return self.path

    def __exit__(self, *_):
        call("umount", "-l", self.path)
        os.rmdir(self.path)


def tmpfs():
    with Folder("-t", "tmpfs", "-o", "noatime,size=1g", "tmpfs") as path:
        return os.open(path, os.O_PATH | os.O_DIRECTORY)


def ext4():
    with Folder("-t", "tmpfs", "-o", "size=2g", "tmpfs") as memory:
        image = os.path.join(memory, "image")
        with open(image, "wb") as f:
            f.truncate(IMAGE_SIZE)
        call("mkfs.ext4", "-q", "-F", "-I", "256", "-O", "^has_journal", "-N", "200000", image)
        with Folder("-t", "ext4", "-o", "loop,noatime,user_xattr,acl", image) as path:
            os.rmdir(os.path.join(path, "lost+found"))
            return os.open(path, os.O_PATH | os.O_DIRECTORY)


def make_reference(kind):
    """A path, good while this process and its children live, and which kind it is. `auto` is ext4, or tmpfs where there
    is no loop device or mkfs."""
    if os.path.isdir(kind):
        return kind, "folder"
    if kind == "auto":
        try:
            return f"/proc/self/fd/{ext4()}", "ext4"
        except (OSError, subprocess.CalledProcessError) as e:
            why = getattr(e, "stderr", None) or e
            print(f"no ext4 to compare with ({why}): tmpfs instead", file=sys.stderr)
            kind = "tmpfs"
    return f"/proc/self/fd/{ {'ext4': ext4, 'tmpfs': tmpfs}[kind]() }", kind


def has_fine_times(top):
    """Whether changes in quick succession can be told apart by their times (kernel 6.13 for ext4 and tmpfs)."""
    name = os.path.join(top, "times")
    seen = set()
    fd = os.open(name, os.O_CREAT | os.O_RDWR)
    try:
        for i in range(50):
            os.fchmod(fd, 0o600 + i % 2)
            seen.add(os.fstat(fd).st_ctime_ns)
    finally:
        os.close(fd)
        os.unlink(name)
    return len(seen) == 50
