#!/usr/bin/env bash
# A row of one's own and a file in one transaction, beside an open mount that is read all the time: both are there after commit, neither after rollback,
# a savepoint taken back or a session that was killed; the mount shows the file, with who made it, and takes it back as any other change.
# labels: long
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

counts() {
	sql "select (select count(*) from invoice), (select count(*) from thule.op), (select count(*) from thule.inode), (select count(*) from thule.blob)"
}
invoices() {
	sql "select string_agg(id::text, ' ' order by id) from invoice"
}
open_transactions() {
	sql "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
}
# A session in the middle of its transaction: it reads from descriptor 9.
begin_session() { # ID
	mkfifo "$CASE_DIR/session"
	psql -XAtq -v ON_ERROR_STOP=1 -d "$THULE_SOURCE" <"$CASE_DIR/session" >"$CASE_DIR/session.out" 2>&1 &
	session=$!
	exec 9>"$CASE_DIR/session"
	rm "$CASE_DIR/session"
	echo "begin; insert into invoice values ($1); select thule.put('/invoices/$1.pdf', 'lost');" >&9
	wait_until 60 in_transaction
}
# shellcheck disable=SC2317 # called by wait_until
in_transaction() {
	[[ $(open_transactions) == 1 ]]
}
# shellcheck disable=SC2317 # called by wait_until
no_transaction() {
	[[ $(open_transactions) == 0 ]]
}

# shellcheck disable=SC2317 # called by wait_until
said_who_writes() {
	[[ $("$THULE" status "$MNT" --json | jq -c '.filesystem.sql_writer | [.application_name, .has, .waiting]') == '["psql",true,0]' ]]
}

# Reads what the mount has, again and again, until told to stop: a file that is there is there as a whole.
read_on() {
	local file
	until [[ -e $CASE_DIR/read-enough ]]; do
		for file in "$MNT"/invoices/*; do
			case ${file##*/} in
			17.pdf) cmp -s "$CASE_DIR/17.pdf" "$file" || echo "$file: other bytes" ;;
			18.pdf) [[ $(<"$file") == eighteen ]] || echo "$file: other bytes" ;;
			'*') ;; # there is none yet
			*) echo "$file: was never committed" ;;
			esac
		done
	done
	echo read
}

mkdir "$MNT/invoices"
"$THULE" sync "$MNT"
sql 'create table invoice (id integer primary key)'
head -c 300000 /dev/urandom >"$CASE_DIR/17.pdf"
read_on >"$CASE_DIR/read" &
reader=$!
pdf=$(od -An -v -tx1 "$CASE_DIR/17.pdf" | tr -d ' \n')

psql -XAtq -v ON_ERROR_STOP=1 -d "$THULE_SOURCE" >/dev/null <<EOF
set application_name = 'billing';
begin;
set local thule.tag = 'may';
insert into invoice values (17);
select thule.put('/invoices/17.pdf', '\x$pdf');
commit;
begin;
insert into invoice values (18);
savepoint letter;
select thule.put('/invoices/18.txt', 'a draft'), thule.put('/invoices/17.pdf', 'spoilt');
rollback to letter;
select thule.put('/invoices/18.pdf', 'eighteen');
commit;
EOF
before=$(counts)
sql "begin; insert into invoice values (19); select thule.put('/invoices/19.pdf', 'nineteen'); rollback" >/dev/null
assert_eq "$before" "$(counts)" "after rollback"
assert_fails 'ENOENT: .*there is no none' sql "begin; insert into invoice values (20); select thule.put('/none/20.pdf', 'twenty'); commit"
assert_eq "$before" "$(counts)" "after an error"

# The session is ended by somebody, and the program dies.
assert_eq null "$("$THULE" status "$MNT" --json | jq .filesystem.sql_writer)" "who writes files by SQL"
assert_match 'sql writer +none' "$("$THULE" status "$MNT")" "who does"
begin_session 21
wait_until 60 said_who_writes || fail "thule status --json does not say who writes files by SQL"
assert_match 'sql writer +a SQL transaction of role [^ ]+, application psql \(pid [0-9]+, local, since [-0-9: +]+\)' "$("$THULE" status "$MNT")" "who writes"
sql "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'" >/dev/null
wait_until 60 no_transaction
exec 9>&-
wait "$session" || true
assert_eq "$before" "$(counts)" "after the session was ended"
begin_session 22
kill -KILL "$session"
wait_until 60 no_transaction
exec 9>&-
wait "$session" || true
assert_eq "$before" "$(counts)" "after the program was killed"
assert_eq "17 18" "$(invoices)" "rows"
touch "$CASE_DIR/read-enough"
wait "$reader"
assert_eq "read" "$(<"$CASE_DIR/read")" "what was read meanwhile"

assert_eq "17.pdf, 18.pdf" "$(ls -m "$MNT/invoices")" "files"
cmp "$CASE_DIR/17.pdf" "$MNT/invoices/17.pdf"
assert_eq "eighteen" "$(<"$MNT/invoices/18.pdf")" "what was put after the savepoint"
assert_eq 644 "$(stat -c %a "$MNT/invoices/17.pdf")" "mode"
assert_eq "create postgres billing may|write postgres billing may" "$("$THULE" log --json "$MNT/invoices/17.pdf" |
	jq -r '[.[] | [.kind, .exe, .comm, .tag] | join(" ")] | sort | join("|")')" "who did it"
echo more >>"$MNT/invoices/18.pdf"
"$THULE" undo --tag may --yes "$MNT" >/dev/null
assert_eq "18.pdf" "$(ls "$MNT/invoices")" "after undoing the tag"
assert_eq "" "$(sql 'select * from thule.fsck')" "fsck"
umount_fs

# thule.file as a table.
sql "insert into thule.file (path, kind) values ('/srv', 'directory')"
sql "insert into thule.file (path, content, mode) select '/srv/' || n || case when n % 10 = 0 then '.tmp' else '' end, 'x', 438 from generate_series(1, 1000) n"
sql "update thule.file set mode = mode & ~18 where path like '/srv/%'"
sql "delete from thule.file where path ~ '\.tmp$' and mtime < now()"
sql "update thule.file set path = '/served' where path = '/srv'"
mount_fs
assert_eq "900 644" "$(stat -c %a "$MNT"/served/* | sort | uniq -c | xargs)" "modes of what is left"
