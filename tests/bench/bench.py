"""What a workload finds: sizes, input, programs, and filesystems to be measured."""

import dataclasses
import os
import tempfile

import filesystems
import inputs
import programs
import scratch
from scratch import Failure, Skip

SHARED_IMAGE = "one.img"  # of those that are measured one at a time
IMAGE_SPACE = 1 << 30  # that stays free beside images


@dataclasses.dataclass
class Sizes:
    """Of input and time; `--size NAME=N` sets one."""

    files: int = 20_000  # small files that are extracted
    mib: int = 1024  # of the file that is written and read in order
    random_mib: int = 512  # of the one that is read and written at random
    tree_files: int = 4_900  # in the working tree of the repository
    commits: int = 2_500  # of its history
    packages: int = 300  # of an npm install
    package_files: int = 20  # in each
    random_stats: int = 3_000  # files looked at in random order
    warm_stats: int = 10_000  # files looked at again and again
    warm_mib: int = 256  # read again and again
    turns: int = 9  # of what is measured by turns
    seconds: float = 3  # of fio and pgbench
    commit_count: int = 200  # of sqlite, and of appends
    build_all: int = 1  # 0: of this project only its lowest library is built
    scale_files: int = 200_000  # of the filesystem that is compared with one of ten thousand: 10000000 is the target's
    scale_few: int = 10_000
    history_ops: int = 10_000_000  # in the long history, some 7 GB
    history_files: int = 200_000
    question_files: int = 43_600
    past_files: int = 1_000
    past_depth: int = 1_500
    past_readers: int = 64
    kernel_files: int = 0  # 0: the kernel's source; else so many small files in its place
    image_mib: int = 12_288  # of an image for ext4
    image_written: int = 1  # 0: its blocks are allocated as they are used, which the first round pays for

    def set(self, text):
        name, _, value = text.partition("=")
        name = name.replace("-", "_")
        if name not in self.names():
            raise Failure(f"there is no size {name}; there are {', '.join(self.names())}")
        try:
            number = type(getattr(self, name))(value)
        except ValueError as error:
            raise Failure(f"size {name} takes a number, not '{value}'") from error
        if number < 0:
            raise Failure(f"size {name} cannot be below 0")
        setattr(self, name, number)

    @classmethod
    def names(cls):
        return [field.name for field in dataclasses.fields(cls)]


TINY = Sizes(files=200, mib=8, random_mib=4, tree_files=120, commits=20, packages=5, package_files=20, random_stats=40,
             warm_stats=50, warm_mib=1, turns=2, seconds=1, commit_count=5, build_all=0, scale_files=1_600, scale_few=400,
             history_ops=2_000, history_files=1_600, question_files=1_600, past_files=20, past_depth=20, past_readers=2,
             kernel_files=200, image_mib=2_048, image_written=0)  # fmt: skip


def variants(chosen):
    """Mount options of ours, by name."""
    own = ([f"transport={chosen.transport}"] if chosen.transport else []) + ([chosen.options] if chosen.options else [])
    return {"thulefs": own, "history=off": [*own, "history=off"], "fsync=journal": [*own, "fsync=journal"]}


FILESYSTEMS = ["thulefs", "passthrough_ll", "ext4", "history=off", "fsync=journal"]


class Bench:
    """One run."""

    def __init__(self, chosen, sizes, folder):
        self.sizes = sizes
        self.rounds = chosen.rounds
        self.filesystems = chosen.filesystems
        self.scratch = folder
        self.images = chosen.images or folder
        self.options = variants(chosen)
        self.programs = os.path.realpath(chosen.bin) if chosen.bin else programs.RELEASE
        self.inputs = inputs.Inputs(chosen.inputs, sizes, self.programs)
        self.made = []
        self.built = {}

    def program(self, name, *packages):
        """One of the bench's own programs, built when it is first asked for."""
        if name not in self.built:
            self.built[name] = programs.own(self.scratch, name, *packages)
        return self.built[name]

    def passthrough_program(self):
        if "passthrough_ll" not in self.built:
            self.built["passthrough_ll"] = programs.passthrough(self.scratch)
        return self.built["passthrough_ll"]

    def disk(self, image=SHARED_IMAGE):
        return filesystems.Ext4(self.scratch, os.path.join(self.images, image), self.sizes.image_mib << 20, self.sizes.image_written)

    def make(self, name):
        """A filesystem that is not started yet; all on the same blocks of the disk, so one at a time."""
        if name == "ext4":
            return self.remember(self.disk())
        if name == "passthrough_ll":
            return self.remember(filesystems.Passthrough(self.scratch, self.disk(), self.passthrough_program()))
        return self.thule(name, self.disk())

    def thule(self, name="thulefs", lower=None, as_name=None):
        """Ours; on the disk of the scratch folder itself, unless there is another."""
        options = list(self.options[name])
        thule = filesystems.Thule(self.scratch, self.programs, as_name or name, options, lower)
        if name == "fsync=journal":
            if "fsync=" not in scratch.run(os.path.join(self.programs, "thulefs"), "--help"):
                raise Skip(f"the programs in {self.programs} have no option fsync=")
            thule.options.append(f"journal={thule.home}.journal")
        return self.remember(thule)

    def remember(self, fs):
        self.made.append(fs)
        return fs

    def abandon(self):
        """Takes away what a workload left."""
        while self.made:
            self.made.pop().abandon()

    def expects(self, workload, who):
        """Whether a workload gives figures of it in this run; what is measured beside ours is there when ours is."""
        name = who if who in FILESYSTEMS else "thulefs"
        return name in getattr(workload, "filesystems", FILESYSTEMS) and name in self.filesystems

    def need_space(self, workload):
        scratch.need_space(self.scratch, workload.bytes(self.sizes), workload.name)


def make_folder(parent):
    folder = tempfile.mkdtemp(prefix="thule-bench.", dir=parent)
    os.chmod(folder, 0o711)  # the server is another user's
    return folder
