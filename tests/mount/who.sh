#!/usr/bin/env bash
# Every op names the process that asked for it: user, pid, program and command line, also after exec, by
# short-lived processes and by several users at once.
# options: allow_other
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

who() { # PATH KIND COLUMNS
	sql "select $3 from thule.change where path = '$1' and kind = '$2' order by op desc limit 1"
}

program() { # NAME: the file that /proc/PID/exe names
	readlink -f "$(PATH=/usr/bin:/bin command -v "$1")"
}

# One process, each kind of op.
/usr/bin/python3 - "$MNT" >"$CASE_DIR/pid" <<'PY'
import os, sys
root = sys.argv[1]
with open(root + "/a", "wb") as f:
    f.write(b"content")
os.chmod(root + "/a", 0o600)
os.truncate(root + "/a", 3)
os.mkdir(root + "/dir")
os.link(root + "/a", root + "/dir/link")
os.symlink("a", root + "/sym")
os.rename(root + "/a", root + "/b")
os.unlink(root + "/b")
os.rmdir(root + "/dir") if not os.listdir(root + "/dir") else None
print(os.getpid())
PY
sync_fs
pid=$(<"$CASE_DIR/pid")
for op in create:/a write:/a chmod:/a truncate:/a mkdir:/dir symlink:/sym; do
	assert_eq "$pid|$(program python3)|$(id -u)|$(id -g)" "$(who "${op#*:}" "${op%%:*}" 'pid, exe, uid, gid')" \
		"who did the ${op%%:*} of ${op#*:}"
done
assert_eq "1|1|1" "$(sql "select count(*) filter (where kind = 'rename'), count(*) filter (where kind = 'unlink'),
	count(*) filter (where kind = 'link') from thule.change where pid = $pid")" "rename, unlink and link of $pid"
assert_match "python3 - $MNT" "$(who /a create cmdline)" "command line"
assert_eq "$(uname -n)" "$(who /a create host)" "host"
assert_eq "$(ps -o sid= -p $$ | tr -d ' ')|$PWD|python3" "$(who /a create 'session, cwd, comm')" "session, folder and name"
parent=$(ps -o ppid= -p $$ | tr -d ' ')
assert_match "^$(ps -o comm= -p $$)\[$$\] <- $(ps -o comm= -p "$parent")\[$parent\]" "$(who /a create chain)" "ancestors"
# One without a parent: init, or who entered the container from outside.
chain=$(who /a create chain)
first=${chain##*[}
[[ $chain == *... || $(ps -o ppid= -p "${first%]}" | tr -d ' ') == 0 ]] || fail "the first of the ancestors: $chain"

# The same pid before and after exec is another program.
# shellcheck disable=SC2016 # expanded by the inner shell
bash -c 'echo $$ >"$CASE_DIR/exec-pid"; echo x >"$MNT/by-bash"; exec touch "$MNT/by-touch"'
sync_fs
pid=$(<"$CASE_DIR/exec-pid")
assert_eq "$pid|$(program bash)" "$(who /by-bash create 'pid, exe')" "before exec"
assert_eq "$pid|$(program touch)" "$(who /by-touch create 'pid, exe')" "after exec"
assert_match "^touch $MNT/by-touch\$" "$(who /by-touch create cmdline)" "command line after exec"

# A process that is gone before its ops are committed.
for i in 1 2 3 4 5 6 7 8; do
	mkdir "$MNT/short-$i" &
done
wait
sync_fs
assert_eq "8|8|$(program mkdir)" "$(sql "select count(*), count(distinct pid), min(exe) from thule.change
	where path like '/short-%' and kind = 'mkdir' and cmdline like 'mkdir %'")" "short-lived processes"

# A write through a shared mapping belongs to the process that opened the file, or to the kernel, not to nobody.
assert_eq 0 "$(sql "select count(*) from thule.op o where not exists (select from thule.actor a where a.id = o.actor)")" \
	"ops without an actor"

[[ $(id -u) == 0 ]] || exit 0
chmod 1777 "$MNT"
pids=()
for uid in 65531 65532 65533; do
	as_user $uid bash -c "for i in 1 2 3 4 5; do echo $uid >$MNT/user-$uid-\$i; mv $MNT/user-$uid-\$i $MNT/moved-$uid-\$i; done" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid"
done
sync_fs
for uid in 65531 65532 65533; do
	assert_eq "5|$uid|$uid" "$(sql "select count(*), min(uid), max(uid) from thule.change
		where kind = 'create' and path like '/user-$uid-%'")" "who made the files of $uid"
	assert_eq "5|$uid|$(program mv)" "$(sql "select count(*), min(uid), min(exe) from thule.change
		where kind = 'rename' and uid = $uid")" "who renamed the files of $uid"
done
