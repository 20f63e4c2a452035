-- Makes the temporary table of what is to be erased, empty: see thule_internal.change_begin.
-- Parameters: none. Returns: nothing.
-- Tables touched: that of pg_temp, which goes with the transaction.
create function thule_internal.erase_begin() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.erase_ino;
    create temp table erase_ino (ino bigint not null) on commit drop;
end
$$;
