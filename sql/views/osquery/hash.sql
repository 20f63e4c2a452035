-- osquery's table `hash`: hashes of regular files. Bytes are read of the rows and columns that the answer has, and of no others, because there is nothing between
-- the rows and the columns that would make the planner compute them early.
create view osquery.hash as
select a.path,
    a.directory,
    thule_internal.file_hash(a.end_place, 'md5') as md5,
    thule_internal.file_hash(a.end_place, 'sha1') as sha1,
    thule_internal.file_hash(a.end_place, 'sha256') as sha256,
    a.end_ino as inode
from thule_internal.asked_files(thule_internal.statement(), current_schemas(true), 'hash') a
where case when a.kind = 'symlink' then exists (select from thule.file f where f.ino = a.end_ino and f.kind = 'file') else a.kind = 'file' end;

comment on view osquery.hash is
    'As osquery has it: hashes of the bytes of regular files, and of those that symbolic links lead to. Paths and conditions are those of osquery.file. Only the files that the answer has are read, once for each hash. Example: select path, sha256 from osquery.hash where path = ''/srv/files/a'';';
comment on column osquery.hash.path is 'Path on the host.';
comment on column osquery.hash.directory is 'Path of the directory that it is in.';
comment on column osquery.hash.md5 is 'MD5 in hex digits; NULL: the file has more than 1 GB, or its bytes are not for who asks.';
comment on column osquery.hash.sha1 is 'SHA-1 in hex digits; NULL: also where the extension pgcrypto is not installed in the database.';
comment on column osquery.hash.sha256 is 'SHA-256 in hex digits; NULL: the file has more than 1 GB, or its bytes are not for who asks.';
comment on column osquery.hash.inode is 'Not in osquery: inode whose bytes these are.';
