-- Many of the rows of apply_dirent_insert.sql.
copy thule.dirent (parent, name, ino, cookie, op_from, valid_from) from stdin (format binary)
