comment on table thule.role is 'Roles of the database that were granted a part of the filesystem: see thule grant.';
comment on column thule.role.role is 'Name of the role of PostgreSQL.';
comment on column thule.role.kind is 'reader: sees what the user could see on the mount; writer: may also do what the user may do; auditor: sees the log, names and attributes of all, and no bytes.';
comment on column thule.role.uid is 'User id as which it asks; NULL for an auditor.';
comment on column thule.role.gid is 'Group id as which it asks; NULL for an auditor.';
comment on column thule.role.groups is 'More group ids of that user; they were looked up when it was granted.';
comment on column thule.role.set_at is 'When it was granted.';
comment on column thule.role.set_by is 'Who granted it.';
