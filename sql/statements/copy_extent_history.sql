-- Many of the rows of apply_extent_history.sql.
copy thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to) from stdin (format binary)
