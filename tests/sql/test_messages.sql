-- What is refused says what happened, to what, and what to do next: the message names what was given, and there is a hint.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
insert into thule.snapshot (name, op, at, created_by) values ('kept', 102, fx.at(102), 'me');
insert into thule.hold (ino, path, by) values (102, '/dir/file', 'me');
update thule.superblock set log_op = 104;

create function fx.refused(command text, out message text, out hint text) language plpgsql as $$
begin
    execute command;
    message := 'nothing was refused';
exception when others then
    get stacked diagnostics message = message_text, hint = pg_exception_hint;
end $$;

create table fx.mistake (command text, names text);
insert into fx.mistake values
    ($$select thule_internal.config_unset('colour')$$, 'colour'),
    ($$select thule_internal.config_set('colour', 'red', 'me')$$, 'colour'),
    ($$select thule_internal.config_set('retention', 'long', 'me')$$, 'long'),
    ($$select thule_internal.snapshot_delete('gone')$$, 'gone'),
    ($$select thule_internal.snapshot_create('kept', 'me')$$, 'kept'),
    ($$select thule_internal.snapshot_create('a/b', 'me')$$, 'a/b'),
    ($$select thule_internal.snapshot_create('yesterday', 'me')$$, 'yesterday'),
    ($$select thule_internal.hold_add('/nowhere', 'me', null)$$, '/nowhere'),
    ($$select thule_internal.hold_add('/dir/file', 'me', null)$$, '/dir/file'),
    ($$select thule_internal.hold_release('/dir/sub')$$, '/dir/sub'),
    ($$select thule_internal.prune_begin(5000)$$, '5000'),
    ($$select thule_internal.prune_horizon(null, null, -1)$$, '-1'),
    ($$select thule_internal.prune_horizon(null, '2999-01-01', null)$$, '2999'),
    ($$select thule_internal.prune_horizon(null, null, null)$$, 'history'),
    ($$select thule.read_at_op(102, 110, -1, 5)$$, '-1'),
    ($$select thule.instant('whenever')$$, 'whenever'),
    ($$select * from thule.feed(3, 10)$$, '3'),
    ($$select * from thule.usage('moon')$$, 'moon'),
    ($$select thule.unescape_name('a\b')$$, 'a'),
    ($$select thule_internal.undo_plan('{}')$$, 'selects'),
    ($$select thule_internal.undo_plan('{"path": "/nowhere", "tag": "t"}')$$, '/nowhere'),
    ($$select thule_internal.erase_inodes('/dir')$$, '/dir'),
    ($$select thule_internal.erase_inodes('/dir/file')$$, '/dir/file'),
    ($$select thule_internal.perform(77)$$, 'lease');
do $$ begin perform thule_internal.undo_begin(); end $$;
select ok(position(names in message) > 0 and hint <> '', command || ': ' || message)
from fx.mistake cross join lateral fx.refused(command);
select is_empty($$select command, message from fx.mistake cross join lateral fx.refused(command) where message ~ '^[A-Z]|[.]$'$$,
    'messages begin in lower case, without a full stop');
select is_empty($$select command, hint from fx.mistake cross join lateral fx.refused(command) where hint !~ '^([A-Z`]|op:)'$$,
    'hints are sentences');

select * from finish();
rollback;
