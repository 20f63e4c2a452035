#!/usr/bin/env bash
# A connection that is aborted while files are open: the daemon ends as after an unmount, all is committed, and a file
# without a name is gone.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

daemon=$(sql 'select pid from thule.mount where ended_at is null')
control=$(connection_control)
exec 7>"$MNT/open" 8>"$MNT/nameless"
rm "$MNT/nameless"
echo written >&7
echo 1 >"$control/abort"
wait_until 60 process_gone "$daemon" || fail "the daemon is there after its connection was aborted"
assert_eq "" "$(sql 'select pid from thule.mount where ended_at is null')" "mounts that have not ended"
assert_eq "1" "$(sql "select count(*) from thule.inode where mode & 61440 = 32768")" "files"
assert_fails 'not connected' ls "$MNT"
exec 7>&- 8>&-
fusermount3 -u "$MNT"
mount_fs
assert_eq written "$(<"$MNT/open")" "what was written before"
