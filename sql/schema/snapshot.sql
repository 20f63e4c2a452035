-- Instants with a name. Making one writes this row and nothing else; pruning keeps every version that was true
-- at its op.
create table thule.snapshot (
    name       text primary key,
    op         bigint not null,            -- the state is that after this op
    at         timestamptz not null,       -- when that op happened
    created    timestamptz not null default now(),
    created_by text not null
);
create index snapshot_op on thule.snapshot (op);
