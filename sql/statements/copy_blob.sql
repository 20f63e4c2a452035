-- Many of the rows of apply_blob.sql.
copy thule.blob (id, data) from stdin (format binary)
