#!/usr/bin/env bash
# rsync -aHAX and tar --xattrs --acls --sparse carry a tree with everything that it can have to the mount and back.
# options: allow_other
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need rsync setfacl setfattr
need_root

# Not in /tmp, which may be a tmpfs that knows no attributes of users.
outside=$(mktemp -d -p /var/tmp thule-copies.XXXXXX)
trap 'rm -rf "$outside"' EXIT

make_tree() { # DIR
	local dir=$1 i
	mkdir -p "$dir/sub/deep"
	cp "$LIB"/* "$dir/sub/" 2>/dev/null || true
	ln "$dir/sub/case.py" "$dir/hard"
	ln -s sub/case.py "$dir/soft"
	ln -s "$(printf 'x%.0s' {1..500})" "$dir/dangling"
	mkfifo "$dir/fifo"
	mknod "$dir/null" c 1 3
	printf 'name' >"$dir/"$'with\nnewline'
	: >"$dir/empty"
	truncate -s 3M "$dir/sparse"
	for i in 0 1000000 2500000; do
		head -c 70000 /dev/urandom | dd of="$dir/sparse" bs=4096 seek=$((i / 4096)) conv=notrunc status=none
	done
	chmod 4755 "$dir/hard"
	chown 1234:5678 "$dir/empty" "$dir/soft" -h
	setfattr -n user.note -v 'of a file' "$dir/hard"
	setfattr -n user.bytes -v 0x00ff00 "$dir/empty"
	setfattr -n trusted.root -v 1 "$dir/sub"
	setfacl -m u:1234:rwx,g:5678:r,m::rx "$dir/empty"
	setfacl -d -m u:1234:rwx "$dir/sub/deep"
	touch "$dir/sub/deep/inherits"
	# rsync takes times within one second for the same.
	find "$dir" -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +
	touch -d '1960-01-01 00:00:00.123456789' "$dir/empty"
	touch -d '2100-01-01 00:00:00.987654321' "$dir/sub"
}

# Bytes that a sparse file takes: no copy may take much more.
is_sparse() { # FILE
	(($(stat -c %b "$1") * 512 < 1000000))
}

check() { # DIR WHAT
	assert_same_tree "$outside/manifest" "$1" "$2"
	is_sparse "$1/sparse" || fail "$2: the holes are filled"
}

mkdir "$outside/tree"
setfattr -n user.probe -v 1 "$outside/tree" 2>/dev/null || skip "the host's filesystem has no extended attributes"
make_tree "$outside/tree"
manifest "$outside/tree" >"$outside/manifest"

rsync -aHAX --sparse --numeric-ids "$outside/tree/" "$MNT/rsync/"
check "$MNT/rsync" "rsync to the mount"
rsync -aHAX --sparse --numeric-ids "$MNT/rsync/" "$outside/back/"
check "$outside/back" "rsync from the mount"
assert_eq "" "$(rsync -aHAXni --numeric-ids "$outside/tree/" "$MNT/rsync/")" "what rsync finds to do again"

tar_options=(--xattrs --xattrs-include='*' --acls --sparse --numeric-owner)
mkdir "$MNT/tar" "$outside/untar"
tar "${tar_options[@]}" -C "$outside/tree" -cf - . | tar "${tar_options[@]}" -C "$MNT/tar" -xpf -
check "$MNT/tar" "tar to the mount"
tar "${tar_options[@]}" -C "$MNT/tar" -cf - . | tar "${tar_options[@]}" -C "$outside/untar" -xpf -
check "$outside/untar" "tar from the mount"

cp -a --sparse=always "$MNT/rsync" "$MNT/cp"
check "$MNT/cp" "cp -a on the mount"

remount_fs
for copy in rsync tar cp; do
	check "$MNT/$copy" "$copy, after a remount"
done
fsck
