-- Waits until the mount shows what others and earlier transactions of this session have committed by SQL: whoever has the right to write finds that done
-- (sql/README.md, Locks). To be called in a transaction of its own, which then ends: it has the right until that.
-- Parameters: none. Returns: the last op, which is shown. Errors: this transaction has changes of its own, which nobody sees before its commit
--   (active_sql_transaction); those of thule_internal.write_begin. Tables touched: those of thule_internal.write_begin, op (read).
create function thule.write_shown() returns bigint
language plpgsql security definer
as $$
begin
    if exists (select from thule.sql_write s where s.xact = pg_current_xact_id_if_assigned()) then
        raise exception using errcode = 'active_sql_transaction', message = 'this transaction has changed files, which the mount shows after its commit',
            hint = 'Commit first, and then call thule.write_shown().';
    end if;
    perform thule_internal.write_begin();
    return (select o.op from thule.op o order by o.op desc limit 1);
end
$$;

comment on function thule.write_shown() is
    'Waits until the mount shows all that was committed by SQL before; call it after the commit, by itself. Returns the last op. Example: select thule.write_shown();';
