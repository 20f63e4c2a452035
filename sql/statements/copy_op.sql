-- Many of the rows of apply_op.sql.
copy thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag, deferred) from stdin (format binary)
