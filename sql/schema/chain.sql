-- What the filesystem was when thule audit last looked: hashes of its rows, each link with that of the one before, so that the
-- last digest, kept elsewhere, stands for all of them. Only ever inserted into. See sql/functions/audit/README.md.
-- What each column is: comments/chain.sql.
create table thule.chain (
    link      bigint primary key,
    at        timestamptz not null default clock_timestamp(),
    kind      text not null,
    by        text not null,
    uuid      uuid not null,
    last_op   bigint not null,
    next_blob bigint not null,
    horizon   bigint,
    parts     bytea not null,
    digest    bytea not null,
    constraint chain_link check (link >= 1 and kind in ('seal', 'prune', 'erase') and octet_length(parts) = 32 and octet_length(digest) = 32)
);

-- The rows of a link, as arrays of the same length: of some ten thousand ops a row.
create table thule.chain_part (
    link    bigint not null,
    area    text not null,
    part    bigint not null,
    ops     bigint[] not null,
    ends    bigint[],
    inos    bigint[],
    parents bigint[],
    ids     bytea[],
    blobs   bigint[],
    shifts  bigint[],
    los     bigint[],
    his     bigint[],
    primary key (link, area, part)
);
-- Hashes do not get smaller, and the planner has nothing from statistics of arrays.
alter table thule.chain_part alter column ids set storage external;
do $$
declare
    c text;
begin
    foreach c in array array['ops', 'ends', 'inos', 'parents', 'ids', 'blobs', 'shifts', 'los', 'his'] loop
        execute format('alter table thule.chain_part alter column %I set statistics 0', c);
    end loop;
end
$$;
