-- All extended attributes of an inode, with values of up to $2 bytes and access lists, and the length of each.
select name, case when octet_length(value) <= $2::bigint or substr(name, 1, 7) = 'system.' then value end as value,
    octet_length(value) as length
from thule.xattr
where ino = $1::bigint
