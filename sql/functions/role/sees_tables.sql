-- Whether the session may read the tables themselves, and so needs nobody to say what it may see: the owner, a superuser, an auditor, and
-- whoever was granted them. Functions that ask for others run as the owner, so what these call sees the tables as well.
-- Parameters: none. Returns: boolean. Tables touched: none.
-- Put in place of its call: what is asked for each path pays for a look at one access list.
create function thule_internal.sees_tables() returns boolean
language sql stable parallel safe
return has_table_privilege('thule.dirent'::regclass, 'select');
