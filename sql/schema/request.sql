-- What someone asks of whoever holds the lease: to change the tables as a whole, with SQL, between two batches.
-- Insert a row, then NOTIFY thule_request; NOTIFY thule_done with the id says that done_at is set. A live
-- mount does it by itself; where there is none, the asker takes the lease and calls thule.perform().
create table thule.request (
    id      bigint generated always as identity primary key,
    kind    text not null,
    args    jsonb not null default '{}',
    created timestamptz not null default now(),
    done_at timestamptz,                   -- null: not yet
    error   text,                          -- why it was not done; then nothing has changed
    result  jsonb
);
