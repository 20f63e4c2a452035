-- Files that have the same bytes as another file, however they came by them: a row for each name of each.
-- A file without bytes is nobody's copy.
-- Only files whose size another one has are read; those of one extent, as small ones are, straight from the blob.
create view thule.duplicate_file as
with same_size as materialized (
    select i.ino::bigint, i.size::bigint
    from (
        select f.ino, f.size, count(*) over (partition by f.size) as files
        from thule.inode f
        where f.mode between 32768 and 36863    -- regular: a range, since of those there are statistics
            and f.nlink > 0 and f.size > 0
    ) i
    where i.files > 1
), digested as materialized (
    select s.ino, s.size, coalesce((
            select sha256(sha256(substr(b.data, e.blob_off::integer + 1, e.len::integer)))
            from thule.extent e
            join thule.blob b on b.id = e.blob
            where e.ino = s.ino and e.file_off = 0 and e.len = s.size and octet_length(b.data) >= e.blob_off + e.len),
        thule_internal.content_digest(s.ino)) as digest
    from same_size s
), same as materialized (
    select d.ino, d.size, d.digest, count(*) over (partition by d.size, d.digest) as copies
    from digested d
)
select f.path, s.ino, s.size, s.digest, s.copies
from same s
join thule.file f on f.ino = s.ino
where s.copies > 1;

comment on view thule.duplicate_file is
    'Files that have the same bytes as another one, however they came by them: one row for each name of each. Reads files of which another one has the size. Example: select * from thule.duplicate_file order by size desc limit 20;';
comment on column thule.duplicate_file.path is 'Path of the file, escaped as in thule.file.';
comment on column thule.duplicate_file.ino is 'Inode of the file.';
comment on column thule.duplicate_file.size is 'Size in bytes; empty files are not listed.';
comment on column thule.duplicate_file.digest is 'SHA-256 of the content, made from those of its parts: equal for files that have the same bytes.';
comment on column thule.duplicate_file.copies is 'Number of files (not names) that have these bytes.';
