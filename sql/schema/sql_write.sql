-- A transaction of SQL that changes files: one row from when it has the right to write, which its end deletes again (functions/write/write_end.sql), so nobody
-- else ever sees one. What its end has to do hangs on this table, so that what the daemon writes has no trigger.
-- What each column is: comments/sql_write.sql.
create table thule.sql_write (
    xact     xid8 primary key,
    role     text not null,
    viewer   bigint[],
    actor    bigint,
    mount    bigint,
    first_op bigint not null,
    next_ino bigint not null
);
