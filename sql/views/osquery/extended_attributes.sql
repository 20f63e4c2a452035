-- osquery's table `extended_attributes`. A value is text if it ends in a NUL and has nothing but printable ASCII before it, as osquery has it, else base64.
create view osquery.extended_attributes as
select a.path,
    a.directory,
    thule.escape_name(x.name) as key,
    case when v.is_text then convert_from(substring(x.value for octet_length(x.value) - 1), 'UTF8') else translate(encode(x.value, 'base64'), E'\n', '') end as value,
    (not v.is_text)::integer as base64,
    x.op_from as op
from thule_internal.asked_files(thule_internal.statement(), current_schemas(true), 'extended_attributes') a
join thule.xattr x on x.ino = a.end_ino
cross join lateral (select encode(x.value, 'hex') ~ '^([2-6][0-9a-f]|7[0-9a-e])*00$' as is_text) v;

comment on view osquery.extended_attributes is
    'As osquery has it: extended attributes of paths, symbolic links followed; access lists are among them as system.posix_acl_access. Paths and conditions are those of osquery.file. Example: select key, value from osquery.extended_attributes where path = ''/srv/files/a'';';
comment on column osquery.extended_attributes.path is 'Path on the host.';
comment on column osquery.extended_attributes.directory is 'Path of the directory that it is in.';
comment on column osquery.extended_attributes.key is 'Name of the attribute.';
comment on column osquery.extended_attributes.value is 'Value: as text where it is printable and ends in a NUL, else in base64.';
comment on column osquery.extended_attributes.base64 is '1: the value is in base64; 0: it is text.';
comment on column osquery.extended_attributes.op is 'Not in osquery: op that set it, as in thule.change.op, which says who and when.';
