-- After fixture.sql, for tests of what thule_internal.perform does: pg_temp.run does a request, pg_temp.by says who acts from now on.

-- Ahead of the clock, so that what is performed, whose time is now or just after the last op's, comes in between.
create or replace function fx.at(op bigint) returns timestamptz language sql
return '2124-01-01 00:00:00+00'::timestamptz + op * interval '1 second';

create function pg_temp.run(kind text, args jsonb) returns jsonb language plpgsql as $$
declare
    r bigint;
begin
    insert into thule.request (kind, args) values (run.kind, run.args) returning id into r;
    perform thule_internal.perform(r);
    return (select q.result from thule.request q where q.id = r);
end $$;
create function pg_temp.by(who bigint, what text) returns void language sql as $$
update fx.setting set actor = who, tag = what $$;
