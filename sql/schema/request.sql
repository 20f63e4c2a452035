-- What someone asks of whoever holds the lease: to change the tables as a whole, with SQL, between two batches.
-- Insert a row, then NOTIFY thule_request; NOTIFY thule_done with the id says that done_at is set. A live
-- mount does it by itself; where there is none, the asker takes the lease and calls thule_internal.perform().
-- What each column is: comments/request.sql.
create table thule.request (
    id      bigint generated always as identity primary key,
    kind    text not null,
    args    jsonb not null default '{}',
    created timestamptz not null default now(),
    done_at timestamptz,
    error   text,
    result  jsonb,
    made    int8range,
    undone  int8multirange,
    -- Any kind can be asked for: the program that is to do it says which it does not know.
    constraint request_answer check (case when done_at is null then num_nonnulls(error, result, made, undone) = 0
        else num_nulls(error, result) >= 1 and (made is null) = (undone is null) end)
);
