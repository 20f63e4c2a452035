comment on table thule.xattr is
    'Extended attributes of now, one row each; access lists are those named system.posix_acl_access and system.posix_acl_default.';
comment on column thule.xattr.ino is 'Inode that has the attribute.';
comment on column thule.xattr.name is 'Name with its namespace, as bytes: user.comment.';
comment on column thule.xattr.value is 'The value, 0 to 65536 bytes.';
comment on table thule.xattr_history is
    'Extended attributes that ended (removed or set anew), in the columns of thule.xattr.';
