-- Lends the right to write, and says how long it is lent while changes wait for it, milliseconds; the server's time, microseconds; and the last request
-- that was performed.
select (extract(epoch from thule_internal.write_limit()) * 1000)::bigint, (extract(epoch from statement_timestamp()) * 1000000)::bigint,
    coalesce((select q.id from thule.request q where q.done_at is not null order by q.id desc limit 1), 0), thule_internal.write_lend()
