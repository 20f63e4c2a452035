#!/usr/bin/env bash
# What `thule` cannot do it refuses: one clear line on stderr, nothing on stdout, exit status 2 for what was typed wrongly
# and 1 for the rest, and nothing has changed. Every command, and every way to be wrong that they share.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

# COMMAND... must exit with STATUS and say one line that matches; usage is allowed a second one.
refused() { # STATUS EXTENDED-REGEX COMMAND...
	local want=$1 pattern=$2 status=0 line
	shift 2
	timeout 120 "$@" >"$CASE_DIR/out" 2>"$CASE_DIR/err" </dev/null || status=$?
	line=$(sed '/^usage: /d' "$CASE_DIR/err")
	assert_eq "$want" "$status" "exit status of '$*', which said '$line'"
	assert_eq "" "$(<"$CASE_DIR/out")" "output of '$*'"
	assert_eq 1 "$(grep -c '' <<<"$line")" "lines of '$line', said by '$*'"
	grep -Eqi -- "$pattern" <<<"$line" || fail "'$*' said '$line', expected '$pattern'"
	! grep -Eq 'ERROR:|CONTEXT:|LINE [0-9]' <<<"$line" || fail "'$*' said '$line', which is the server's"
}

echo kept >"$MNT/file"
sync_fs
cd "$CASE_DIR"
first=op:$(sql 'select min(op) from thule.op')

# All commands but run and sql; and what needs a path P, an instant T, or a database.
commands='blame cat cluster config diff erase fsck hold journal log ls mount prune quota restore snapshot stat status sync tar
	umount undo upgrade'
with_path=('blame P' 'cat P' 'stat P' 'ls P' 'tar P' 'log P' 'log --follow P' 'hold P' 'hold --release P' 'erase P --yes'
	'prune --before now P' 'prune --before now --dry-run P' "restore P --at $first" "restore P --at $first --dry-run" 'undo --tag x P'
	'undo --tag x --dry-run P' 'quota set P --bytes 1G' 'quota unset P' "diff $first now P")
with_instant=('cat /file --at T' 'stat /file --at T' 'ls / --at T' 'tar / --at T' 'log --since T' 'log --until T'
	'log --follow --since T' 'log /file --since T' 'diff T now' "diff $first T" 'restore /file --at T'
	'restore /file --at T --dry-run' 'undo --since T' 'undo --until T --dry-run' 'prune --before T'
	'prune --before T --dry-run' 'snapshot create other --at T')
with_database=("${with_path[@]}" 'fsck' 'fsck --json' 'log' 'log --json' 'prune --keep 1d' 'snapshot list' 'snapshot create x'
	'snapshot delete x' 'config list' 'config get retention' 'config set retention 1d' 'config unset retention' 'quota list'
	'undo --tag x' 'hold --list' 'erase --list' "diff $first now")

for command in $commands; do
	# Some take any number of names after a word that says what to do with them, or of paths.
	refused 2 'unexpected argument|no such command: a|a is not in a ThuleFS mount' "$THULE" "$command" a b c d e
	refused 2 'unknown option: --nonsense' "$THULE" "$command" --nonsense
	refused 2 'unknown option: -X' "$THULE" "$command" -X
	refused 2 'unknown option: -X' "$THULE" "$command" -XY
	assert_match "^usage: thule $command" "$("$THULE" "$command" --help)" "$command --help"
done
for command in blame cat cluster config diff 'diff a' ls mount quota restore run snapshot stat sync tar umount; do
	# shellcheck disable=SC2086 # words
	refused 2 'an argument is missing' "$THULE" $command
done
for command in erase hold undo 'undo --dry-run' 'undo /file' 'restore /file' 'quota set' 'quota set --user root' 'config set x' \
	'snapshot create'; do
	# shellcheck disable=SC2086 # words
	refused 2 'give|takes' "$THULE" $command
done
for command in 'cat x --at' 'log -n' 'log --since' 'prune --keep' 'run --tag' 'mount -o' 'umount --wait' 'undo --tag'; do
	# shellcheck disable=SC2086 # words
	refused 2 'needs a value' "$THULE" $command
done
refused 2 'unknown option' "$THULE" run --nonsense true
refused 2 'takes a number' "$THULE" log -n x
refused 2 'takes a number' "$THULE" log --pid x
refused 2 'takes a number' "$THULE" undo --pid x
refused 2 'takes a number' "$THULE" umount "$MNT" --wait x
refused 2 'there is no' "$THULE" snapshot nonsense
refused 2 'there is no' "$THULE" config nonsense
refused 2 'there is no' "$THULE" quota nonsense
refused 2 'nonsense' "$THULE" config set nonsense 1
refused 2 'nonsense' "$THULE" config set retention nonsense
refused 2 'nonsense' "$THULE" prune --keep nonsense
refused 2 'nonsense' "$THULE" prune --max-size nonsense
refused 2 'nonsense' "$THULE" quota set /file --bytes nonsense
refused 2 'there is no user' "$THULE" quota set --user no-such-user --bytes 1G
refused 1 'no quota' "$THULE" quota unset --user root
refused 1 'nonsense' "$THULE" snapshot delete nonsense
refused 1 'not set' "$THULE" config get retention
refused 2 '--yes' "$THULE" erase /file

# Paths: in no mount, of no mount, of no file.
for command in "${with_path[@]}"; do
	# shellcheck disable=SC2086 # words
	refused 2 'not in a ThuleFS mount' "$THULE" ${command/P/nowhere}
	# shellcheck disable=SC2086 # words
	[[ $command == 'undo'* || $command == 'log'* ]] ||
		refused 1 '(no|never was a file) .*nowhere|not held|no quota|has no|not in' "$THULE" ${command/P//nowhere}
done
refused 2 'not in a ThuleFS mount' "$THULE" status /
refused 2 'not in a ThuleFS mount' "$THULE" sync /
refused 2 'not a mount point' "$THULE" umount /
refused 2 'not a mount point' "$THULE" umount "$CASE_DIR"
refused 1 'no such file' "$THULE" umount "$CASE_DIR/nowhere"
refused 1 'no such file' "$THULE" status "$CASE_DIR/nowhere"
refused 1 'no such file' "$THULE" sync "$CASE_DIR/nowhere"

# Instants: none, of the future, before the beginning, in none of the log's ops.
for command in "${with_instant[@]}"; do
	# shellcheck disable=SC2086 # words
	refused 2 'not an instant' "$THULE" ${command/T/nonsense}
	[[ ! $command =~ since|until|before ]] || continue
	# shellcheck disable=SC2086 # words
	refused 1 'in the future' "$THULE" ${command/T/2999-01-01}
	# shellcheck disable=SC2086 # words
	refused 1 'before|no op|that old' "$THULE" ${command/T/2001-01-01}
	# shellcheck disable=SC2086 # words
	refused 1 'no op' "$THULE" ${command/T/op:99999999999999999999}
done

every() { # STATUS EXTENDED-REGEX: of every command that asks the database
	local command
	for command in "${with_database[@]}"; do
		# shellcheck disable=SC2086 # words
		refused "$1" "$2" "$THULE" ${command/P//file}
	done
	refused 1 "$2" "$THULE" run --atomic -- touch made
	[[ ! -e made ]] || fail "the command of a refused run ran"
}

content() { # of the database
	pg_dump -d "$THULE_SOURCE" | sed '/^\\\(un\)\?restrict/d' | cksum
}

# Databases: no server, none of that name, without a filesystem, with something else, of a newer program.
good=$THULE_DB
umount_fs
before=$(content)
THULE_DB="postgresql:///x?host=${CASE_DIR//\//%2F}%2Fnowhere" every 1 'nowhere'
THULE_DB='host=/tmp nonsense' every 2 'connection info string'
THULE_DB=${good/$CASE_DB/no_such_database} every 1 'not exist'
createdb -T template0 "$CASE_DB.empty"
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} every 1 'no filesystem in database .*thule mount'
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} refused 1 'no filesystem in database .*thule mount' "$THULE" upgrade
mkdir past
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} refused 1 'no filesystem in database' "$THULE" mount past -o at=1min
assert_eq 0 "$(psql -XAtq -d "$CASE_DB.empty" -c "select count(*) from pg_namespace where nspname = 'thule'")" "schemas"
psql -XAtq -d "$CASE_DB.empty" -c 'create schema thule'
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} every 2 'not of a ThuleFS filesystem'
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} refused 2 'not of a ThuleFS filesystem' "$THULE" upgrade
psql -XAtq -d "$CASE_DB.empty" -c 'alter schema thule rename to thule_internal'
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} refused 2 'thule_internal.* not of a ThuleFS filesystem' "$THULE" upgrade
THULE_DB=${good/$CASE_DB/$CASE_DB.empty} refused 1 'thule_internal.* not of a ThuleFS filesystem' "$THULE" mount past
dropdb "$CASE_DB.empty"
assert_eq "$before" "$(content)" "the database after all that"

sql 'update thule.superblock set schema_version = schema_version + 1'
before=$(content)
every 1 'version 2.*newer'
refused 1 'version 2.*newer' "$THULE" upgrade
refused 1 'version 2.*newer' "$THULE" mount past -o at=1min
sql 'update thule.superblock set schema_version = schema_version - 2'
every 1 'version 0.*thule upgrade'
sql 'update thule.superblock set schema_version = schema_version + 2'
assert_eq "$before" "$(content)" "the database of a newer program"
sql 'update thule.superblock set schema_version = schema_version - 1'

# Nobody who may not.
psql -XAtq -d "$THULE_SOURCE" -c "create role \"$CASE_DB\" login"
THULE_DB=${good/$PGUSER@/$CASE_DB@} refused 1 'may not use schema.*grant usage' "$THULE" log
THULE_DB=${good/$PGUSER@/$CASE_DB@} refused 1 'may not use schema.*grant usage' "$THULE" fsck
psql -XAtq -d "$THULE_SOURCE" -c "drop role \"$CASE_DB\""

mount_fs
assert_eq kept "$(<"$MNT/file")" "content at the end"

# An older schema is the daemon's that has it mounted: its tables do not change under it.
sql 'update thule.superblock set schema_version = schema_version - 1'
refused 1 'version 0.*thule upgrade' "$THULE" log "$MNT"
refused 1 "mounted read-write at $MNT .*unmount" "$THULE" upgrade
sql 'update thule.superblock set schema_version = schema_version + 1'
"$THULE" upgrade >/dev/null || fail "an upgrade without a change of tables"
echo still >"$MNT/file"
assert_eq still "$(<"$MNT/file")" "content after upgrades under the mount"
