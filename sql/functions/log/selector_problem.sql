-- Says which of the words that select changes never was in the log, since a word that was mistyped would look like nothing having been done.
-- Parameters, each of which may be null: username, a name or a uid; tag; kind; exe, a path or its last part; pid.
-- Returns: what is wrong, or null.
-- Tables touched: op_kind, actor, account, op, run (read).
create function thule_internal.selector_problem(username text, tag text, kind text, exe text, pid integer) returns text
language sql stable parallel safe
begin atomic
    select case
        when selector_problem.kind is not null and not exists (select from thule.op_kind k where k.name = selector_problem.kind) then
            format('there is no kind of change %s: kinds are %s', quote_literal(selector_problem.kind),
                (select string_agg(k.name, ', ' order by k.id) from thule.op_kind k))
        when selector_problem.username is not null and selector_problem.username !~ '^[0-9]+$'
            and not exists (select from thule.actor a where a.username = selector_problem.username)
            and not exists (select from thule.account c where c.name = selector_problem.username and not c.is_group) then
            format('no user %s has ever changed anything here, and the host of the mount knows none', quote_literal(selector_problem.username))
        when selector_problem.tag is not null and not exists (select from thule.op o where o.tag = selector_problem.tag)
            and not exists (select from thule.run r where r.tag = selector_problem.tag) then
            format('nothing was ever done with the tag %s', quote_literal(selector_problem.tag))
        when selector_problem.exe is not null and not exists (select from thule.actor a
            where a.exe = selector_problem.exe or right(a.exe, length(selector_problem.exe) + 1) = '/' || selector_problem.exe) then
            format('no program %s has ever changed anything here', quote_literal(selector_problem.exe))
        when selector_problem.pid is not null and not exists (select from thule.actor a where a.pid = selector_problem.pid) then
            format('no process %s has ever changed anything here', selector_problem.pid)
    end;
end;
