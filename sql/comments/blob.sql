comment on table thule.blob is
    'Bytes of files, in pieces that never change. Overwriting adds a blob; a blob is deleted by prune or erase when no extent refers to it, present or past.';
comment on column thule.blob.id is 'Number of the blob: thule.extent.blob.';
comment on column thule.blob.data is 'At most 131072 bytes. The server compresses them with lz4 where that helps, unless it was built without lz4; pg_column_size(data) is what they take.';
