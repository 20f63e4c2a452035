-- Immutable bytes, at most 128 KiB a row. Compressed with lz4 where that helps, and not at all by a server that has no lz4,
-- since pglz takes several times as long as everything else that a write does; rows that fit in a page
-- stay in it instead of going out of line.
-- What each column is: comments/blob.sql.
create table thule.blob (
    id   thule.row_id not null,
    data thule.blob_bytes not null,
    primary key (id)
) with (toast_tuple_target = 8160);
-- The planner's statistics hold copies of values: none of what `thule erase` has to find. Here and where else bytes are.
alter table thule.blob alter column data set statistics 0;
do $$
begin
    alter table thule.blob alter column data set compression lz4;
exception when feature_not_supported then
    alter table thule.blob alter column data set storage external;
end $$;
