comment on table thule.account is
    'Names of users and groups on the hosts that mounted the filesystem: their /etc/passwd and /etc/group, as of the last mount.';
comment on column thule.account.is_group is 'true: a group; false: a user.';
comment on column thule.account.id is 'User or group id.';
comment on column thule.account.host is 'Host name of the machine where it is called so.';
comment on column thule.account.name is 'Name of the user or group.';
comment on column thule.account.seen is 'Last mount that found it there.';
