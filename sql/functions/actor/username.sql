-- The name of a user, as far as the database can tell: the one that the last process had that changed something under this uid,
-- on its host; else the one in /etc/passwd of the host that mounted the filesystem last, or of a quota.
-- Parameters: uid. Returns: text; null where nobody has told it. Tables touched: actor, account, quota (read).
create function thule_internal.name_of_user(uid bigint) returns text
language sql stable parallel safe cost 500
begin atomic
    select coalesce(
        (select a.username from thule.actor a where a.uid = name_of_user.uid and a.username is not null order by a.id desc limit 1),
        (select a.name from thule.account a where not a.is_group and a.id = name_of_user.uid order by a.seen desc limit 1),
        (select q.name from thule.quota q where q.kind = 0 and q.id = name_of_user.uid and q.name !~ '^\d+$'));
end;

-- The same, for a granted role as thule_internal.user_seen has it.
create function thule.username(uid bigint) returns text
language sql stable parallel safe cost 500
return case when thule_internal.sees_tables() then thule_internal.name_of_user(uid) else (thule_internal.user_seen(uid, null)).username end;

comment on function thule.username(bigint) is
    'Name of the user with this id: that of the last process that changed something as this user, else as the host of the last mount has it, else as a quota has it; NULL: nobody has told the database. Example: select thule.username(1000);';

-- The name of a group: the one in /etc/group of the host that mounted the filesystem last, or of a quota. Of processes only their gid is
-- known.
-- Parameters: gid. Returns: text; null where nobody has told it. Tables touched: account, quota (read).
create function thule_internal.name_of_group(gid bigint) returns text
language sql stable parallel safe cost 500
begin atomic
    select coalesce(
        (select a.name from thule.account a where a.is_group and a.id = name_of_group.gid order by a.seen desc limit 1),
        (select q.name from thule.quota q where q.kind = 1 and q.id = name_of_group.gid and q.name !~ '^\d+$'));
end;

-- The same, for a granted role as thule_internal.user_seen has it.
create function thule.groupname(gid bigint) returns text
language sql stable parallel safe cost 500
return case when thule_internal.sees_tables() then thule_internal.name_of_group(gid) else (thule_internal.user_seen(null, gid)).groupname end;

comment on function thule.groupname(bigint) is
    'Name of the group with this id, as the host of the last mount has it, else as a quota has it; NULL: nobody has told the database. Example: select thule.groupname(1000);';
