-- Many of the rows of apply_extent_insert.sql.
copy thule.extent (ino, file_off, len, blob, blob_off, op_from) from stdin (format binary)
