#!/usr/bin/env bash
# git works: init, add, commit, branch, merge, gc, fsck, clone; and is clean after a remount.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need git

export HOME=$CASE_DIR GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
git config --global user.name Tester
git config --global user.email tester@example.org
git config --global init.defaultBranch main
git config --global gc.auto 0
git config --global core.fsync all

clean() {
	assert_eq "" "$(git -C "$1" status --porcelain)" "git status in ${1##*/}"
}

repo=$MNT/repo
git init -q "$repo"
cp -r /usr/include/linux/netfilter* "$repo/"
cp "$LIB"/* "$repo/"
cd "$repo"
git add -A
git commit -qm first
clean "$repo"
for i in 1 2 3 4 5; do
	git switch -qc "topic-$i" main
	echo "$i" >"file-$i"
	sed -i "s/netfilter/nf$i/" ./*/*.h
	git commit -qam "topic $i"
	git add "file-$i"
	git commit -qm "file $i"
	git switch -q main
done
git merge -q --no-edit topic-1
git merge -q --no-edit -X theirs topic-2
git rebase -q main topic-1
git switch -q main
git stash list
git mv file-1 moved
git commit -qm moved
git gc -q --prune=now --aggressive
git fsck --full --strict --no-progress 2>"$CASE_DIR/fsck" || fail "git fsck: $(<"$CASE_DIR/fsck")"
clean "$repo"
git worktree add -q ../worktree topic-3
clean "$MNT/worktree"
git clone -q --no-hardlinks "$repo" "$MNT/clone"
head=$(git rev-parse HEAD)

cd /
remount_fs
clean "$repo"
clean "$MNT/worktree"
clean "$MNT/clone"
# Status above may have been cheap thanks to the index; this reads every byte.
git -C "$repo" fsck --full --strict --no-progress 2>"$CASE_DIR/fsck" || fail "git fsck: $(<"$CASE_DIR/fsck")"
rm "$repo/.git/index"
git -C "$repo" reset -q
clean "$repo"
assert_eq "$head" "$(git -C "$MNT/clone" rev-parse HEAD)" "HEAD of the clone"
