#!/usr/bin/env bash
# The log of a file goes on through its saves: by a rename over it (sed -i, mv), and by programs that put the old one aside first (vim). It
# ends where another program made another file, or where names were pruned, and says so.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

programs() { # ARGUMENTS of thule log: the programs, each once for what it did in a row
	"$THULE" log "$@" --json 2>"$CASE_DIR/said" | jq -r '.[].cmdline | split(" ")[0] | split("/")[-1]' | uniq | paste -sd' '
}

inodes() { # ARGUMENTS of thule log: how many
	"$THULE" log "$@" --json 2>/dev/null | jq '[.[].ino] | unique | length'
}

# As vim does with its defaults, and as it does when writing fails.
cat >"$CASE_DIR/vim" <<'VIM'
#!/usr/bin/python3
import os, sys
name, line = sys.argv[1:3]
lines = open(name).read() + line + "\n"
os.rename(name, name + "~")
if line == "fails":
    os.rename(name + "~", name)
    sys.exit()
with open(name, "w") as f:
    f.write(lines)
os.unlink(name + "~")
VIM
chmod +x "$CASE_DIR/vim"

cd "$MNT"
printf 'one\ntwo\nthree\n' >"$CASE_DIR/text"
cp "$CASE_DIR/text" f
made=$(stat -c %i f)
sed -i s/two/TWO/ f
"$CASE_DIR/vim" f four
"$CASE_DIR/vim" f fails
echo five >>f
cp f new
mv new f
assert_eq "mv cp bash python3 sed cp" "$(programs f)" "who saved it"
assert_eq 4 "$(inodes f)" "inodes"
table=$("$THULE" log f)
assert_match "rename +/sed[^ ]* -> /f \(in place of inode $made\)" "$table" "the line that says so"
assert_match "create +/f \(in place of inode" "$table" "and of vim"
assert_eq 3 "$(grep -c 'in place of inode' <<<"$table")" "as often as it was saved"
assert_eq "mv cp" "$(programs --inode f)" "one inode"
assert_eq 1 "$(inodes --inode f)" "which is one"
assert_eq '+five
+four
-two
+TWO
+two' "$("$THULE" log --patch f | awk '/^diff/ { it = / b\/f$/ } it && /^[-+](five|four|TWO|two)/')" "what each save changed"

# Who wrote each line, though all bytes of this inode were written by cp.
lines() { # ARGUMENTS of thule blame: the program and the text of each line
	"$THULE" blame "$@" | sed -E 's,^.*/([a-z]+)[0-9.]* +[0-9]+  ,\1 ,' | paste -sd,
}
assert_eq "cp one,sed TWO,cp three,python four,bash five" "$(lines f)" "blame"
assert_eq "cp one,cp TWO,cp three,cp four,cp five" "$(lines --inode f)" "blame of one inode"
assert_match '^off +len' "$("$THULE" blame --bytes f)" "its bytes"
blame=$("$THULE" blame --json f)
assert_eq "$("$THULE" log --json f --exe sed --kind write | jq '.[0].op')" "$(jq '.lines[1].op' <<<"$blame")" "the op of a line, as JSON"
assert_eq true "$(jq '[.lines[].op] - ([.ranges, .earlier[].ranges] | add | map(.op)) == []' <<<"$blame")" "which is in a range"
sed -i 2d f
assert_eq "cp one,cp three,python four,bash five" "$(lines f)" "a line less"
printf 'zero\n' | cat - f >new
mv new f
echo 'no newline' | tr -d '\n' >>f
assert_eq "cat zero,cp one,cp three,python four,bash five,tr no newline" "$(lines f)" "a line in front, and one without a newline"
assert_eq "cp one,cp three,python four,bash five" "$(lines "$MNT/.thule/at/op:$(("$("$THULE" log --json --kind rename -n 1 f | jq '.[0].op')" - 1))/f")" "as of then"

# A directory was moved meanwhile; a hard link has its own name; what is removed and made by others is another file.
mkdir d
echo first >d/g
mv d e
sed -i s/first/second/ e/g
assert_eq "sed bash" "$(programs e/g)" "in a directory that was renamed"
ln f hard
assert_eq "ln tr mv cat bash" "$(programs hard)" "the log of another name of it"
rm f
printf 'base\nother\n' >f
assert_eq 1 "$(inodes f)" "another file"
assert_match 'until op:[0-9]+ another file had this path' "$("$THULE" log f 2>&1 >/dev/null)" "and that there was one"

# Pruned: the chain ends.
sed -i s/other/more/ f
second=$(op)
sed -i s/more/most/ f
"$THULE" prune --before "op:$second" >/dev/null
assert_eq 2 "$(inodes f)" "inodes that are known after pruning"
assert_match "which file had this path before that is not known: names were pruned until op:$second" "$("$THULE" log f 2>&1 >/dev/null)" "and it says so"
assert_match 'its lines count as those of who saved it' "$("$THULE" blame f 2>&1 >/dev/null)" "blame says so, too"
assert_eq "sed base,sed most" "$(lines f 2>/dev/null)" "whose they are then"
assert_eq "" "$("$THULE" log hard 2>&1 >/dev/null)" "of what was not saved there is nothing to say"
