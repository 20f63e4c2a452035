"""The input of workloads: the same every time, made in memory when it is first asked for."""

import io
import os
import random
import shutil
import tarfile
import tempfile

import repository
import scratch
from scratch import Failure, run, say

MEMORY = "/dev/shm"
FOLDERS = 200  # of the small files
TIME = 1_700_000_000
IGNORED = ("build", ".git", "results.json")


class Inputs:
    """Files in a folder in memory, which goes when the bench ends unless it was named."""

    def __init__(self, folder, sizes, programs):
        self.sizes = sizes
        self.programs = programs
        self.kept = folder is not None
        if folder:
            os.makedirs(folder, exist_ok=True)
        self.folder = folder or tempfile.mkdtemp(prefix="thule-bench.", dir=MEMORY)

    def remove(self):
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def made(self, name, make, *arguments):
        """The path of an input; `make` is given a path to make it at. Half of one is never taken for a whole one."""
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            say(f"making the input {name}")
            part = path + ".part"
            shutil.rmtree(part, ignore_errors=True)
            try:
                make(part, *arguments)
            except OSError as error:
                raise Failure(f"cannot make the input {name} in {self.folder}: {error.strerror or error}") from error
            os.rename(part, path)
        return path

    def small_tar(self, files=None, folders=FOLDERS):
        files = files or self.sizes.files
        return self.made(f"small-{files}.tar", small_files_tar, files, folders)

    def big_file(self):
        return self.made(f"big-{self.sizes.mib}", random_file, self.sizes.mib << 20)

    def repository(self):
        name = f"repository-{self.sizes.tree_files}-{self.sizes.commits}"
        return self.made(name, repository.make, self.sizes.tree_files, self.sizes.commits)

    def tree(self):
        """A clone of the repository: what `cp -a` copies."""
        name = f"tree-{self.sizes.tree_files}-{self.sizes.commits}"
        return self.made(name, repository.clone, self.repository())

    def source(self):
        return self.made("source.tar", project_tar)

    def packages(self):
        name = f"packages-{self.sizes.packages}-{self.sizes.package_files}"
        return self.made(name, package_tarballs, self.sizes.packages, self.sizes.package_files)


def vocabulary(rng, count):
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(2, 11))) for _ in range(count)]


def add_directory(tar, name):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, TIME
    tar.addfile(entry)


def add_file(tar, name, content):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o644, TIME
    tar.addfile(entry, io.BytesIO(content))


def small_files_tar(path, files, folders):
    """The same tar every time: text-like files of 1 to 8 KiB."""
    rng = random.Random(42)
    words = vocabulary(rng, 2000)
    with tarfile.open(path, "w") as tar:
        for i in range(folders):
            add_directory(tar, f"dir-{i:03}")
        for i in range(files):
            text = " ".join(rng.choices(words, k=1600)).encode()
            size = rng.randrange(1024, 8193)
            add_file(tar, f"dir-{i % folders:03}/file-{i:05}.txt", text[:size].ljust(size, b"\n"))


def random_file(path, size):
    with open("/dev/urandom", "rb") as source, open(path, "wb") as out:
        for _ in range(0, size, 1 << 20):
            out.write(source.read(1 << 20))


def project_tar(path):
    """This project's source, without what was built."""
    run("tar", "-cf", path, *(f"--exclude=./{name}*" for name in IGNORED), "-C", scratch.PROJECT, ".")


def package_tarballs(folder, packages, files):
    """Packages as npm packs them, and a project that depends on all of them."""
    rng = random.Random(43)
    words = vocabulary(rng, 2000)
    os.mkdir(folder)
    dependencies = []
    for number in range(packages):
        name = f"package-{number:03}"
        with tarfile.open(os.path.join(folder, f"{name}.tgz"), "w:gz", compresslevel=1) as tar:
            add_file(tar, "package/package.json", f'{{"name": "{name}", "version": "1.0.0"}}\n'.encode())
            for i in range(files - 1):
                text = " ".join(rng.choices(words, k=min(6000, int(rng.lognormvariate(5.5, 1.1))))).encode()
                add_file(tar, f"package/{('lib/', 'dist/esm/', '')[i % 3]}file-{i}.js", text)
        dependencies.append(f'"{name}": "file:{{folder}}/{name}.tgz"')
    with open(os.path.join(folder, "package.json.in"), "w", encoding="ascii") as f:
        f.write('{"name": "project", "version": "1.0.0", "dependencies": {' + ", ".join(dependencies) + "}}\n")

