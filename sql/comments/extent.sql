comment on table thule.extent is
    'Which blob holds which bytes of a file now. Extents of a file do not overlap; bytes that no extent covers are zeros. thule.content(path) puts them together. thule.op has the time of op_from, as long as the bytes are there.';
comment on column thule.extent.ino is 'Inode of the file.';
comment on column thule.extent.file_off is 'First byte, counted from the start of the file.';
comment on column thule.extent.len is 'Length in bytes, 1 to 131072.';
comment on column thule.extent.blob is 'thule.blob that has the bytes. Several extents can share one: copies, restored files, parts of what was overwritten.';
comment on column thule.extent.blob_off is 'First byte, counted from the start of the blob.';
comment on table thule.extent_history is
    'Ranges of bytes that ended (overwritten, cut off or removed), in the columns of thule.extent. Each is as long as what ended.';
