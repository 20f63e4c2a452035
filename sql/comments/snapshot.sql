comment on table thule.snapshot is
    'Instants with a name, which prune keeps. thule snapshot create NAME makes one, which copies nothing.';
comment on column thule.snapshot.name is 'Name, as --at and .thule/at take it.';
comment on column thule.snapshot.op is 'The snapshot is the state after this op.';
comment on column thule.snapshot.at is 'When that op happened.';
comment on column thule.snapshot.created is 'When the snapshot was made.';
comment on column thule.snapshot.created_by is 'Who made it.';
