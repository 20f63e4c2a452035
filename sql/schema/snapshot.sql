-- Instants with a name. Making one writes this row and nothing else; pruning keeps every version that was true
-- at its op.
-- What each column is: comments/snapshot.sql.
create table thule.snapshot (
    name       text primary key,
    op         bigint not null,
    at         timestamptz not null,
    created    timestamptz not null default now(),
    created_by text not null,
    -- It is the name of a folder, .thule/at/NAME.
    constraint snapshot_name check (octet_length(name) between 1 and 255 and name not like '%/%' and name not in ('.', '..')),
    constraint snapshot_op_kept check (op >= 1)
);
create index snapshot_op on thule.snapshot (op);
