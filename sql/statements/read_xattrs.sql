-- All extended attributes of an inode.
select name, value from thule.xattr where ino = $1::bigint
