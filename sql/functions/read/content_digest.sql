-- What a regular file's bytes come to: the SHA-256 of the SHA-256 of each mebibyte, so that files of any size need little memory.
-- Parameters: ino, of the present. Returns: bytea; of an empty file that of nothing; null when there is none such. Errors: those of
--   thule.read_at_op. Tables touched: inode, inode_history, extent, extent_history, blob (read).
create function thule_internal.content_digest(ino bigint) returns bytea
language sql stable strict parallel safe cost 20000
begin atomic
    select sha256(coalesce((
        select string_agg(sha256(thule.read_at_op(i.ino, thule_internal.present(), piece * 1048576, 1048576)), '' order by piece)
        from generate_series(0, (i.size + 1048575) / 1048576 - 1) piece), ''))
    from thule.inode i
    where i.ino = content_digest.ino and thule_internal.is_file(i.mode);
end;
