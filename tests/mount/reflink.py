#!/usr/bin/python3
# copy_file_range(2) copies no bytes: the blobs that there are do not change. Content against a model, files that are not committed,
# ranges of one file, more pieces than one request takes; log, blame, undo, prune and erase of files that share blobs; a crash.
import errno
import json
import os
import random
import subprocess
import threading

from case import FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, MNT, equal, fails, fallocate, path, read, shell, sql, write

THULE = os.environ["THULE"]
rng = random.Random(10)


def thule(*arguments, status=0):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stdout}{done.stderr}")
    return done.stdout


def count(query):
    return int(sql(query)[0][0])


def blobs():
    return count("select count(*) from thule.blob")


def last_op():
    return count("select max(op) from thule.op")


def copy(fd_in, fd_out, length, off_in, off_out):
    """All of it, in as many calls as it takes. Returns how many."""
    calls = 0
    while length:
        n = os.copy_file_range(fd_in, fd_out, length, off_in, off_out)
        if n == 0:
            break
        calls += 1
        length, off_in, off_out = length - n, off_in + n, off_out + n
    return calls


def check_large():
    chunk = rng.randbytes(1 << 20)
    with open(path("large"), "wb") as f:
        for i in range(64):
            f.write(chunk[i:] + chunk[:i])
    before = blobs()
    subprocess.run(["cp", path("large"), path("large2")], check=True)
    equal(before, blobs(), "blobs after cp")
    source, target = os.open(path("large"), os.O_RDONLY), os.open(path("large3"), os.O_RDWR | os.O_CREAT)
    copy(source, target, 64 << 20, 0, 0)
    equal(before, blobs(), "blobs after copy_file_range")
    for name in ("large2", "large3"):
        subprocess.run(["cmp", path("large"), path(name)], check=True)
        equal(os.stat(path("large")).st_blocks, os.stat(path(name)).st_blocks, f"blocks of {name}")
    # A file of its own: what is written into one is not in the others.
    os.pwrite(target, b"mine", 1_000_000)
    equal(chunk[1_000_000:1_000_004], os.pread(source, 4, 1_000_000), "the source after the target was written")
    os.close(source)
    os.close(target)


def check_at_once():
    """Nothing is committed when it is copied, nor when the copy is read, written and copied again."""
    data = rng.randbytes(200_000)
    fd = os.open(path("a"), os.O_RDWR | os.O_CREAT)
    for i in range(20):
        os.pwrite(fd, data, 0)
        os.pwrite(fd, bytes([i]), 100_000)
        other = os.open(path(f"a{i}"), os.O_RDWR | os.O_CREAT)
        copy(fd, other, 150_000, 50_000, 7)
        os.pwrite(other, b"over", 1000)
        fallocate(other, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 2000, 100)
        expected = bytearray(bytes(7) + data[50_000:])
        expected[50_007] = i
        expected[1000:1004] = b"over"
        expected[2000:2100] = bytes(100)
        equal(bytes(expected), os.pread(other, 1 << 20, 0), f"content of copy {i}")
        copy(other, other, 1000, 500, 300_000)
        equal(expected[500:1500], os.pread(other, 1000, 300_000), f"copy of the copy {i}")
        os.close(other)
    os.close(fd)


def check_model():
    """Two files, random writes, holes and copies between and within them."""
    most = 700_000
    files = [(os.open(path(f"m{i}"), os.O_RDWR | os.O_CREAT), bytearray()) for i in range(2)]
    for step in range(500):
        (fd, model), (other, other_model) = rng.choice(files), rng.choice(files)
        off, length = rng.randrange(most), rng.randrange(1, rng.choice([10, 5000, 200_000]))
        what = rng.randrange(8)
        if what < 3:
            data = rng.randbytes(length)
            os.pwrite(fd, data, off)
        elif what == 3:
            fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, off, length)
            length = max(0, min(length, len(model) - off))
            data = bytes(length)
        elif what == 4:
            os.ftruncate(fd, off)
            del model[off:]
            model.extend(bytes(off - len(model)))
            continue
        elif what == 5:
            os.fsync(fd)
            continue
        else:
            to = rng.randrange(most)
            length = max(0, min(length, len(other_model) - off))
            if fd == other and off < to + length and to < off + length:
                fails(errno.EINVAL, os.copy_file_range, fd, fd, length, off, to)
                continue
            data = bytes(other_model[off : off + length])
            copy(other, fd, length, off, to)
            off, length = to, len(data)
        if length:
            model.extend(bytes(max(0, off - len(model))))
            model[off : off + length] = data
        equal(len(model), os.fstat(fd).st_size, f"size after step {step}")
        if step % 10 == 0:
            equal(bytes(model), os.pread(fd, most * 3, 0), f"content after step {step}")
    for fd, model in files:
        os.close(fd)
    shell("remount_fs")
    for i, (_, model) in enumerate(files):
        equal(bytes(model), read(f"m{i}"), f"content of m{i} after remount")


def check_pieces():
    """More extents than one request takes, and holes in between, which stay holes."""
    fd = os.open(path("p"), os.O_RDWR | os.O_CREAT)
    for i in range(5000):
        os.pwrite(fd, b"%04d" % i, i * 8)
    os.ftruncate(fd, 50_000)
    os.fsync(fd)
    target = os.open(path("p2"), os.O_RDWR | os.O_CREAT)
    os.pwrite(target, b"t" * 50_000, 0)
    equal(2, copy(fd, target, 50_000, 0, 0), "calls")
    equal(read("p"), read("p2"), "content")
    extents = [sql(f"select file_off, len from thule.extent join thule.file using (ino) where path = '/{name}' order by 1")
               for name in ("p", "p2")]
    equal(extents[0], extents[1], "extents")
    fails(errno.EINVAL, os.copy_file_range, fd, fd, 100, 0, 50)
    equal(0, os.copy_file_range(fd, target, 100, 50_000, 0), "from the end of the file")
    os.close(fd)
    os.close(target)


def check_history():
    data = rng.randbytes(300_000)
    write("h", data)
    write("h2", b"before" * 10_000)
    first = last_op()
    subprocess.run(["python3", "-c", "import os, sys; a, b = (os.open(p, os.O_RDWR) for p in sys.argv[1:]);"
                    "os.utime(b, ns=(1, 1)); os.copy_file_range(a, b, 100_000, 50_000, 20_000)", path("h"), path("h2")], check=True)
    copied = last_op()
    expected = (b"before" * 10_000)[:20_000] + data[50_000:150_000]
    equal(expected, read("h2"), "content")
    equal(True, os.stat(path("h2")).st_mtime_ns > 1, "mtime")
    equal([["copy_range", "/h2", "20000", "100000"]],
          sql(f"select kind, path, off, len from thule.change where op = {copied}"), "the log")
    equal(True, "copy_range" in thule("log", path("h2")), "thule log")
    rows = sql("select off, len, op, exe from thule.blame('/h2') order by off")
    equal([["0", "20000"], ["20000", "100000", str(copied)]], [rows[0][:2], rows[1][:3]], "blame")
    equal(True, "python" in rows[1][3], "who copied it")
    equal([["/h2", "{content,mtime}"]], sql(f"select path, what from thule_internal.diff_ops({first}, {copied}, null)"), "diff")
    thule("undo", "--since", f"op:{copied}", "--until", f"op:{copied}")
    equal(b"before" * 10_000, read("h2"), "content after the copy was undone")
    thule("restore", path("h2"), "--at", f"op:{copied}")
    equal(expected, read("h2"), "content restored to the copy")


def check_prune_and_erase():
    """A blob is freed with the last file that has it."""
    write("e", b"SHARED" * 10_000)
    equal(1, count("select count(*) from thule.blob where position('SHARED'::bytea in data) > 0"), "blobs of the source")
    subprocess.run(["cp", path("e"), path("e2")], check=True)
    write("e", b"x")
    thule("prune", "--keep", "0s", path("e"))
    equal(b"SHARED" * 10_000, read("e2"), "the copy when the source's past is pruned")
    subprocess.run(["cp", path("e2"), path("e3")], check=True)
    receipt = json.loads(thule("erase", path("e2"), "--yes", "--json"))
    equal((1, 0, ["/e3"]), (receipt["shared"], receipt["blobs"], receipt["shared_with"]), "receipt with a copy")
    equal(b"SHARED" * 10_000, read("e3"), "the copy of the copy")
    receipt = json.loads(thule("erase", path("e3"), "--yes", "--json"))
    equal((0, 1), (receipt["shared"], receipt["blobs"]), "receipt of the last one")
    equal(0, count("select count(*) from thule.blob where position('SHARED'::bytea in data) > 0"), "blobs in the end")


def check_source_gone():
    """The source is removed before the copy is committed."""
    data = rng.randbytes(100_000)
    for i in range(10):
        write("s", data)
        source, target = os.open(path("s"), os.O_RDWR), os.open(path(f"s{i}"), os.O_RDWR | os.O_CREAT)
        copy(source, target, len(data), 0, 0)
        os.ftruncate(source, i)
        os.unlink(path("s"))
        os.close(source)
        equal(data, os.pread(target, 1 << 20, 0), "content")
        os.close(target)
    thule("prune", "--keep", "0s")
    for i in range(10):
        equal(data, read(f"s{i}"), "content after prune")


def check_written_meanwhile():
    """Somebody appends to the source all the time, or writes its first bytes again and again."""
    write("busy", b"0" * 100_000)
    for mode in ("ab", "r+b"):
        stop = threading.Event()

        def writer():
            with open(path("busy"), mode, buffering=0) as f:
                # Not faster than a daemon that is watched by a sanitizer commits: the copy waits for all that was written before it.
                while not stop.wait(0.0005):
                    if mode == "r+b":
                        f.seek(0)
                    f.write(b"0123456789" * 10)

        thread = threading.Thread(target=writer)
        thread.start()
        source, target = os.open(path("busy"), os.O_RDONLY), os.open(path("busy2"), os.O_RDWR | os.O_CREAT)
        for _ in range(10):
            os.ftruncate(target, 0)
            copy(source, target, 50_000, 0, 0)
            equal(b"0" * 49_000, os.pread(target, 49_000, 1000), "content of the copy")
        if mode == "ab":
            size = os.fstat(source).st_size
            copy(source, target, size, 0, 0)
            equal(os.pread(source, size, 0), os.pread(target, size, 0), "all that there was")
        stop.set()
        thread.join()
        os.close(source)
        os.close(target)


def check_past():
    write("past", b"as it was" * 1000)
    op = last_op()
    write("past", b"now")
    subprocess.run(["cp", path(".thule", "at", f"op:{op}", "past"), path("from-past")], check=True)
    equal(b"as it was" * 1000, read("from-past"), "a copy from the past")


def check_crash():
    """Copies that are only in the journal when the daemon dies."""
    data = rng.randbytes(500_000)
    write("c", data)
    last_op()  # the source is on the server's disk, as it must be for a copy
    with subprocess.Popen(["psql", "-XAtq", "-d", os.environ["THULE_SOURCE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as hold:
        print("begin; lock table thule.op in exclusive mode; select 'held';", file=hold.stdin, flush=True)
        equal("held\n", hold.stdout.readline(), "the lock")
        source, target = os.open(path("c"), os.O_RDWR), os.open(path("c2"), os.O_RDWR | os.O_CREAT)
        copy(source, target, 400_000, 100_000, 10)
        os.pwrite(source, b"changed", 200_000)
        os.ftruncate(target, 300_000)
        shell("kill_daemon")
        hold.communicate("rollback;\n")
    for fd in (source, target):
        try:
            os.close(fd)
        except OSError:
            pass
    shell("mount_fs")
    equal(bytes(10) + data[100_000:399_990], read("c2"), "the copy after a crash")
    equal(data[:200_000] + b"changed" + data[200_007:], read("c"), "the source after a crash")


def main():
    check_large()
    check_at_once()
    check_model()
    check_pieces()
    check_history()
    check_prune_and_erase()
    check_source_gone()
    check_written_meanwhile()
    check_past()
    check_crash()


main()
