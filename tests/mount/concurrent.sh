#!/usr/bin/env bash
# Four writers at once: while trees are being extracted thule.file grows and thule fsck finds nothing; at the end
# every tree is what it should be.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

mkdir "$CASE_DIR/reference"
cp -a /usr/include/linux "$CASE_DIR/reference/"
manifest "$CASE_DIR/reference" >"$CASE_DIR/expected"
tar --format=posix -cf "$CASE_DIR/tree.tar" -C "$CASE_DIR/reference" .

# Goes on until enough was seen of it, a tree for each time that it is looked at: the more files, the longer a look takes.
extract() { # NUMBER
	local copy
	for ((copy = 1; copy < 100; copy++)); do
		until [[ $copy == 1 || -e $CASE_DIR/look-$copy || -e $CASE_DIR/enough ]]; do
			sleep 0.05
		done
		if [[ $copy -gt 1 && -e $CASE_DIR/enough ]]; then
			break
		fi
		mkdir "$MNT/tree-$1-$copy"
		tar -xpf "$CASE_DIR/tree.tar" -C "$MNT/tree-$1-$copy"
		# Links, renames and removals among the extraction of the others.
		cp -al "$MNT/tree-$1-$copy/linux/netfilter" "$MNT/linked-$1"
		mv "$MNT/linked-$1" "$MNT/renamed-$1"
		rm -r "$MNT/renamed-$1"
	done
}

running() {
	kill -0 "$@" 2>/dev/null
}

pids=()
for number in 1 2 3 4; do
	extract $number &
	pids+=($!)
done
counts=()
while running "${pids[0]}" || running "${pids[1]}" || running "${pids[2]}" || running "${pids[3]}"; do
	counts+=("$(sql 'select count(*) from thule.file')")
	touch "$CASE_DIR/look-${#counts[@]}"
	fsck
	different=$(printf '%s\n' "${counts[@]}" | sort -un | wc -l)
	if ((different >= 4)); then
		touch "$CASE_DIR/enough"
	fi
done
for pid in "${pids[@]}"; do
	wait "$pid" || fail "a writer failed"
done
[[ -e $CASE_DIR/enough ]] || fail "thule.file did not grow while trees were extracted: ${counts[*]}"

remount_fs
for number in 1 2 3 4; do
	assert_same_tree "$CASE_DIR/expected" "$MNT/tree-$number-1" "first tree of writer $number"
done
