-- Names that no directory entry can have: empty, longer than 255 bytes, `.` and `..`, with a slash or a zero byte.
create view thule.fsck_dirent_name as
select 'dirent_name' as check_id, 'error' as severity, d.ino,
    format('%s in directory %s is not a possible name', quote_literal(thule.escape_name(d.name)), d.parent)
        as detail
from thule.dirent d
where octet_length(d.name) not between 1 and 255
    or d.name in ('\x2e', '\x2e2e')
    or position('\x2f'::bytea in d.name) > 0
    or position('\x00'::bytea in d.name) > 0;
