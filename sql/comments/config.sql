comment on table thule.config is 'Settings of the filesystem, the same for everyone who mounts it. thule config sets them and lists what there is to set.';
comment on column thule.config.key is 'Name of the setting: retention.';
comment on column thule.config.value is 'Its value, as it was given.';
comment on column thule.config.set_at is 'When it was set.';
comment on column thule.config.set_by is 'Who set it.';
