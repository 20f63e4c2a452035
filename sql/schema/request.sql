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
    result  jsonb,
    made    int8range,                     -- of an undo that was done: its ops,
    undone  int8multirange                 -- and those that it was to take back, see thule.undo_earlier
);
