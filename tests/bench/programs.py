"""The programs that the bench builds: ours, libfuse's passthrough_ll, and small ones of its own."""

import gzip
import os
import shutil

import scratch
from scratch import Failure, run, say

EXAMPLES = "/usr/share/doc/libfuse3-dev/examples"
RELEASE = os.path.join(scratch.PROJECT, "build", "release", "bin")


def install_packages():
    run(os.path.join(scratch.PROJECT, "tools", "packages"), "build", "run", "bench", stdout=None)


def build_release():
    say("building the release preset")
    os.makedirs(os.path.join(scratch.PROJECT, "build"), exist_ok=True)
    run("cmake", "--preset", "release", cwd=scratch.PROJECT)
    run("cmake", "--build", "--preset", "release", cwd=scratch.PROJECT)


def flags(package):
    return run("pkg-config", "--cflags", "--libs", package).split()


def passthrough(folder):
    """libfuse's example, from the source that the package of its headers carries."""
    for name in ("passthrough_ll.c", "passthrough_helpers.h"):
        source, target = os.path.join(EXAMPLES, name), os.path.join(folder, name)
        if os.path.exists(source):
            shutil.copy(source, target)
        elif os.path.exists(source + ".gz"):
            with gzip.open(source + ".gz", "rb") as packed, open(target, "wb") as out:
                shutil.copyfileobj(packed, out)
        else:
            raise Failure(f"{source} is missing, so there is no passthrough_ll to compare with: install libfuse3-dev")
    program = os.path.join(folder, "passthrough_ll")
    run("gcc", "-O2", "-w", os.path.join(folder, "passthrough_ll.c"), "-o", program, *flags("fuse3"))
    return program


def own(folder, name, *packages):
    """A program of one file in this folder."""
    program = os.path.join(folder, name)
    linked = [flag for package in packages for flag in flags(package)]
    run("gcc", "-O2", "-D_GNU_SOURCE", os.path.join(scratch.BENCH, f"{name}.c"), "-o", program, *linked)
    return program
