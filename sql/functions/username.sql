-- The name of a user, as far as the database can tell: the one that the last process had that changed something under this uid,
-- on its host; else the one of a quota.
-- Parameters: uid. Returns: text; null where nobody has told it. Tables touched: actor, quota (read).
create function thule.username(uid bigint) returns text
language sql stable parallel safe cost 500
begin atomic
    select coalesce(
        (select a.username from thule.actor a where a.uid = username.uid and a.username is not null order by a.id desc limit 1),
        (select q.name from thule.quota q where q.kind = 0 and q.id = username.uid and q.name !~ '^\d+$'));
end;

-- The name of a group. Of a process only its gid is known, so this is the one that a quota was given for.
-- Parameters: gid. Returns: text; null where nobody has told it. Tables touched: quota (read).
create function thule.groupname(gid bigint) returns text
language sql stable parallel safe cost 500
begin atomic
    select q.name from thule.quota q where q.kind = 1 and q.id = groupname.gid and q.name !~ '^\d+$';
end;
