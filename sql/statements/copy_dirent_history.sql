-- Many of the rows of apply_dirent_history.sql.
copy thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to) from stdin (format binary)
