-- Files that have the same bytes as another file, however they came by them: a row for each name of each.
-- digest is equal for those that belong together (thule.content_digest), copies the number of files, not of names; a file without bytes
-- is nobody's copy.
-- Only files whose size another one has are read; those of one extent, as small ones are, straight from the blob.
create view thule.duplicate_file as
with same_size as materialized (
    select i.ino, i.size
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
        thule.content_digest(s.ino)) as digest
    from same_size s
), same as materialized (
    select d.ino, d.size, d.digest, count(*) over (partition by d.size, d.digest) as copies
    from digested d
)
select f.path, s.ino, s.size, s.digest, s.copies
from same s
join thule.file f on f.ino = s.ino
where s.copies > 1;

comment on view thule.duplicate_file is 'Files that have the same bytes as another one: a row for each name. Files of one size are read.';
comment on column thule.duplicate_file.digest is 'equal for those that belong together';
comment on column thule.duplicate_file.copies is 'how many files, not names, have these bytes';
