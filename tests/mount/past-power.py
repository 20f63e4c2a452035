#!/usr/bin/python3
# The past is data, never power: set-id programs, file capabilities and devices of then, in .thule/at and in mounts of one instant,
# while stat --at, ls --at, tar and SQL say what they were.
# options: allow_other
import errno
import json
import os
import socket
import stat
import struct
import subprocess
import tarfile

from case import MNT, as_user, equal, fails, need_root, path, shell, sql, write

USER = 65530
CAPABILITY = "security.capability"
# VFS_CAP_REVISION_2, effective; CAP_DAC_READ_SEARCH permitted.
READ_ALL = struct.pack("<IIIII", 0x02000001, 1 << 2, 0, 0, 0)
THULE, THULEFS, SOURCE = os.environ["THULE"], os.environ["THULEFS"], os.environ["THULE_SOURCE"]


def now():
    return f"op:{sql('select max(op) from thule.op')[0][0]}"


def program(name, like, mode=0o755):
    with open(like, "rb") as f:
        write(name, f.read())
    os.chmod(path(name), mode)


def make():
    os.chmod(MNT, 0o755)
    for way in ("replaced", "removed", "chmod", "kept"):
        program(f"suid-{way}", "/usr/bin/id", 0o6755)
        program(f"caps-{way}", "/bin/cat")
        os.setxattr(path(f"caps-{way}"), CAPABILITY, READ_ALL)
        os.setxattr(path(f"caps-{way}"), "security.SMACK64EXEC", b"label")
        os.setxattr(path(f"caps-{way}"), "user.note", b"kept")
        for name, kind, number in (("char", stat.S_IFCHR, os.makedev(1, 3)), ("block", stat.S_IFBLK, os.makedev(7, 0))):
            os.mknod(path(f"{name}-{way}"), kind | 0o666, number)
            os.chmod(path(f"{name}-{way}"), 0o666)
    os.mkdir(path("setgid"))
    os.chmod(path("setgid"), 0o3777)
    os.mkfifo(path("fifo"))
    os.chmod(path("fifo"), 0o666)
    os.mknod(path("whiteout"), stat.S_IFCHR | 0o600, 0)


def change():
    """What an administrator does who finds them."""
    for name in ("suid", "caps", "char", "block"):
        write("new", b"harmless")
        os.rename(path("new"), path(f"{name}-replaced"))
        os.unlink(path(f"{name}-removed"))
    os.chmod(path("suid-chmod"), 0o755)
    os.removexattr(path("caps-chmod"), CAPABILITY)
    os.chmod(path("char-chmod"), 0o600)
    os.chmod(path("block-chmod"), 0o600)


def check_power(top, secret, writing=errno.EACCES):
    """What a directory of the past has, for a user who may look at all of it."""
    def run(name, *arguments):
        return subprocess.run([os.path.join(top, name), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False).stdout

    for way in ("replaced", "removed", "chmod", "kept"):
        equal(f"{USER}\n".encode(), run(f"suid-{way}", "-u"), f"effective user of suid-{way}")
        equal(f"{USER}\n".encode(), run(f"suid-{way}", "-g"), f"effective group of suid-{way}")
        equal(b"", run(f"caps-{way}", secret), f"what caps-{way} reads")
        for name in ("char", "block"):
            fails(errno.EACCES, os.open, os.path.join(top, f"{name}-{way}"), os.O_RDONLY)
            fails(writing, os.open, os.path.join(top, f"{name}-{way}"), os.O_RDWR)


def check_shown(top):
    """The same as root, to whom the kernel refuses nothing by itself."""
    listed = {e.name: e for e in os.scandir(top)}
    for way in ("replaced", "removed", "chmod", "kept"):
        suid, caps = os.path.join(top, f"suid-{way}"), os.path.join(top, f"caps-{way}")
        equal(0o100755, os.stat(suid).st_mode, f"mode of suid-{way}")
        with open(suid, "rb") as f:
            equal(0o100755, os.fstat(f.fileno()).st_mode, "mode of it, open")
        fails(errno.ENODATA, os.getxattr, caps, CAPABILITY)
        fails(errno.ENODATA, os.getxattr, caps, "security.SMACK64EXEC")
        equal(["user.note"], os.listxattr(caps), f"attributes of caps-{way}")
        for name in ("char", "block"):
            device = os.path.join(top, f"{name}-{way}")
            st = os.stat(device)
            equal((stat.S_IFREG, 0, 0), (st.st_mode, st.st_rdev, st.st_size), f"{name}-{way}")
            equal(True, listed[f"{name}-{way}"].is_file(follow_symlinks=False), "as readdir has it")
            fails(errno.EACCES, os.open, device, os.O_RDONLY)
            os.close(os.open(device, os.O_PATH))
    equal(0o43777, os.stat(os.path.join(top, "setgid")).st_mode, "a set-group-id directory")
    whiteout = os.stat(os.path.join(top, "whiteout"))
    equal((stat.S_IFCHR | 0o600, 0), (whiteout.st_mode, whiteout.st_rdev), "a whiteout, which no kernel opens")
    # A pipe or socket of then is another one than that of now: nobody speaks to those who have it open.
    fifo = os.path.join(top, "fifo")
    equal(True, stat.S_ISFIFO(os.stat(fifo).st_mode), "a pipe")
    reader = os.open(path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
    fails(errno.ENXIO, os.open, fifo, os.O_WRONLY | os.O_NONBLOCK)
    os.close(reader)
    with socket.socket(socket.AF_UNIX) as s:
        fails(errno.ECONNREFUSED, s.connect, os.path.join(top, "socket"))


def command(*arguments):
    return subprocess.run([THULE, *arguments], stdout=subprocess.PIPE, check=True).stdout


def check_told(then):
    """What it was is not hidden from those who ask for history."""
    number = then.split(":")[1]
    for way in ("replaced", "removed", "chmod", "kept"):
        equal("6755", json.loads(command("stat", f"/suid-{way}", "--at", then, "--json"))["mode"], "stat --at")
        equal([[str(0o6755)]], sql(f"select mode from thule.file_at_op({number}) where path = '/suid-{way}'"), "in SQL")
        equal([[str(stat.S_IFCHR | 0o666), str(os.makedev(1, 3))]], sql(
            f"select i.mode, i.rdev from thule.file_at_op({number}) f, thule_internal.inode_at_op(f.ino, {number}) i"
            f" where f.path = '/char-{way}'"), "a device in SQL")
        equal([[READ_ALL.hex()]], sql(
            f"select encode(x.value, 'hex') from thule_internal.xattrs_at_op(thule.resolve_at_op('/caps-{way}', {number}), {number}) x"
            f" where x.name = '{CAPABILITY}'"), "a capability in SQL")
    lines = command("ls", "/", "--at", then).decode().splitlines()
    for begin, name in (("-rwsr-sr-x", "suid-removed"), ("crw-rw-rw-", "char-removed"), ("brw-rw-rw-", "block-removed")):
        equal(True, any(l.startswith(begin) and l.endswith(name) for l in lines), f"ls --at: {name}")
    archive = os.path.join(os.environ["CASE_DIR"], "past.tar")
    with open(archive, "wb") as f:
        f.write(command("tar", "/", "--at", then))
    with tarfile.open(archive) as tar:
        members = {os.path.basename(m.name): m for m in tar}
    equal(0o6755, members["suid-removed"].mode & 0o7777, "mode in an archive")
    equal((True, 1, 3), (members["char-removed"].ischr(), members["char-removed"].devmajor,
                         members["char-removed"].devminor), "a device in an archive")
    equal(True, f"SCHILY.xattr.{CAPABILITY}" in members["caps-removed"].pax_headers, "a capability in an archive")


def flags_of(folder):
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        found = [line.split()[5].split(",") for line in f if line.split()[4] == folder]
    return {"ro", "nosuid", "nodev"} & set(found[-1])


def check_mount(then, secret):
    """A mount of one instant, which has what it always has whatever it is told, also later."""
    folder = os.path.join(os.environ["CASE_DIR"], "at")
    os.mkdir(folder)
    subprocess.run([THULEFS, SOURCE, folder, "-o", f"at={then},rw,suid,dev"], check=True, stdout=subprocess.DEVNULL)
    try:
        equal({"ro", "nosuid", "nodev"}, flags_of(folder), "flags of a mount of the past")
        equal(then.encode(), os.getxattr(folder, "system.thule.at"), "its instant")
        fails(errno.EOPNOTSUPP, os.getxattr, MNT, "system.thule.at")
        subprocess.run([THULEFS, SOURCE, folder, "-o", "remount,rw,suid,dev"], check=True)
        equal({"ro", "nosuid", "nodev"}, flags_of(folder), "after a remount")
        # Nor does it need the flags: whoever is root can bind it without them.
        subprocess.run(["mount", "-o", "remount,bind,suid,dev", folder], check=True)
        equal({"ro"}, flags_of(folder) - {"rw"}, "flags that the kernel was told by itself")
        as_user(USER, lambda: check_power(folder, secret, errno.EROFS))
        check_shown(folder)
    finally:
        subprocess.run([THULE, "umount", folder], check=True, stdout=subprocess.DEVNULL)


def main():
    need_root()
    secret = os.path.join(os.environ["CASE_DIR"], "secret")
    with open(secret, "wb") as f:
        f.write(b"for root alone")
    os.chmod(secret, 0o600)
    make()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path("socket"))
        listener.listen()
        then = now()
        # What the test is about works in the present.
        as_user(USER, lambda: equal(b"0\n", subprocess.run([path("suid-kept"), "-u"], stdout=subprocess.PIPE,
                                                           check=True).stdout, "a set-id program of now"))
        as_user(USER, lambda: equal(b"for root alone", subprocess.run([path("caps-kept"), secret], stdout=subprocess.PIPE,
                                                                      check=True).stdout, "a capability of now"))
        as_user(USER, lambda: os.close(os.open(path("char-kept"), os.O_RDWR)))
        top = path(".thule", "at", then)
        as_user(USER, lambda: check_power(top, secret))
        change()
        as_user(USER, lambda: check_power(top, secret))
        check_shown(top)
        check_mount(then, secret)
    check_told(then)
    shell("fsck")


main()
