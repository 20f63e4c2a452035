#!/usr/bin/env bash
# A path that was several files: the log is of the last one and of those in whose place it came, says that there were others, and with --until is
# theirs.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

kinds() { # ARGUMENTS of thule log
	"$THULE" log "$@" --json | jq -r '[.[].kind] | join(" ")'
}

said() { # ARGUMENTS of thule log; what it says beside the log
	"$THULE" log "$@" 2>"$CASE_DIR/said" >/dev/null
	cat "$CASE_DIR/said"
}

cd "$MNT"
echo first >f
rm f
echo second >f
chmod 600 f
echo third >new
mv new f
sync_fs
read -r removed replaced < <(sql "select string_agg(op::text, ' ' order by op) from thule.change
	where kind in ('unlink', 'rename')")
assert_eq "rename write create" "$(kinds --inode f)" "the last one"
assert_match "until op:$replaced another file had this path: --until op:$replaced shows" "$(said --inode f)" "there was one before"
assert_eq "rename write create chmod write create" "$(kinds f)" "and the one in whose place it came"
assert_match "until op:$removed another file had this path: --until op:$removed shows" "$(said f)" "which was not the first"
assert_eq "rename chmod write create" "$(kinds f --until "op:$replaced")" "which was replaced"
assert_match "until op:$removed another file had this path" "$(said f --until "op:$replaced")" "and one before that"
assert_eq "unlink write create" "$(kinds f --until "op:$removed")" "which was removed"
assert_eq "" "$(said f --until "op:$removed")" "the first"
assert_eq "create" "$(kinds f --until "op:$((removed - 2))")" "of a moment of it"
rm f
sync_fs
assert_eq "unlink rename write create chmod write create" "$(kinds f)" "what is gone"
echo once >once
sync_fs
assert_eq "" "$(said once)" "a path that was one file"
cd /
