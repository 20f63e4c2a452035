-- Settings of the filesystem, the same for everyone who mounts it. thule_internal.config_set knows the keys.
-- What each column is: comments/config.sql.
create table thule.config (
    key    text primary key,
    value  text not null,
    set_at timestamptz not null default now(),
    set_by text not null
);
