-- Settings of the filesystem, the same for everyone who mounts it. thule.config_set knows the keys.
create table thule.config (
    key    text primary key,
    value  text not null,
    set_at timestamptz not null default now(),
    set_by text not null
);
