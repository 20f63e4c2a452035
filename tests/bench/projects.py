"""What people do with a tree: clone it, ask git about it, build it, install packages."""

import concurrent.futures
import os
import shutil
import tarfile

import repository
from repository import git
from scratch import run, timed
from trees import timed_cold, untar
from workload import Compared

THREADS = 8  # of an installation


def clone(fs, bench, sample):
    source, target = bench.inputs.repository(), os.path.join(fs.dir, "clone")
    run("sync")
    sample.add(fs.name, clone_s=timed(repository.clone, target, source))

    def status():
        git("-C", target, "status", "--porcelain")

    status()
    sample.add(fs.name, status_warm_s=timed(status))
    sample.add(fs.name, status_cold_s=timed_cold(fs, status))


def build(fs, bench, sample):
    """This project, configured and built on the filesystem."""
    source, target = os.path.join(fs.dir, "source"), os.path.join(fs.dir, "build")
    os.mkdir(source)
    untar(source, bench.inputs.source())

    def make():
        run("cmake", "-S", source, "-B", target, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
        run("cmake", "--build", target, *([] if bench.sizes.build_all else ["--target", "thule-base"]))

    run("sync")
    sample.add(fs.name, build_s=timed(make))


def unpacked(tarballs):
    """Packages as lists of paths and bytes, so that no time goes into unpacking them."""
    packages = []
    for name in sorted(os.listdir(tarballs)):
        if name.endswith(".tgz"):
            with tarfile.open(os.path.join(tarballs, name)) as tar:
                packages.append((name[: -len(".tgz")], [(entry.name, tar.extractfile(entry).read()) for entry in tar]))
    return packages


def install_one(modules, package):
    """As npm does: into a folder with another name, each file made, written and given its mode, then renamed."""
    name, files = package
    staged = os.path.join(modules, f".{name}-staged")
    for path, content in files:
        path = os.path.join(staged, path.split("/", 1)[1])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            os.write(fd, content)
            os.fchmod(fd, 0o644)
        finally:
            os.close(fd)
    os.rename(staged, os.path.join(modules, name))


def install_imitated(fs, bench, sample):
    packages, modules = unpacked(bench.inputs.packages()), os.path.join(fs.dir, "node_modules")

    def install():
        os.mkdir(modules)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda package: install_one(modules, package), packages))

    run("sync")
    sample.add(fs.name, install_s=timed(install))


def install(fs, bench, sample):
    """By npm, from tarballs in memory."""
    tarballs, project = bench.inputs.packages(), os.path.join(fs.dir, "project")
    cache = os.path.join(bench.inputs.folder, "npm-cache")
    shutil.rmtree(cache, ignore_errors=True)
    os.mkdir(project)
    with open(os.path.join(tarballs, "package.json.in"), encoding="ascii") as template:
        with open(os.path.join(project, "package.json"), "w", encoding="ascii") as f:
            f.write(template.read().replace("{folder}", tarballs))
    run("sync")
    sample.add(fs.name, npm_s=timed(lambda: run(
        "npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--cache", cache,
        cwd=project, env={**os.environ, "HOME": bench.inputs.folder})))  # fmt: skip
    shutil.rmtree(cache)


def has_npm(_):
    """Why not, or None."""
    return None if shutil.which("npm") else "npm is not installed (apt-get install npm); `install` imitates it"


def same_for_all(*figures):
    return {name: figures for name in ("thulefs", "passthrough_ll", "ext4")}


WORKLOADS = [
    Compared("git", "a repository with history cloned; git status", clone, same_for_all("clone_s", "status_warm_s", "status_cold_s")),
    Compared("build", "this project built", build, same_for_all("build_s")),
    Compared("install", "6,000 files made as npm makes them (an imitation)", install_imitated, same_for_all("install_s")),
    Compared("npm", "npm install of 6,000 files from local tarballs", install, same_for_all("npm_s"), available=has_npm),
]
