-- Immutable bytes, at most 128 KiB a row. Compressed with lz4 where that helps; rows that fit in a page
-- stay in it instead of going out of line.
create table thule.blob (
    id   bigint not null,
    data bytea compression lz4 not null,
    primary key (id),
    constraint blob_data check (octet_length(data) <= 131072)
) with (toast_tuple_target = 8160);
-- The planner's statistics hold copies of values: none of what `thule erase` has to find. Here and where else bytes are.
alter table thule.blob alter column data set statistics 0;
