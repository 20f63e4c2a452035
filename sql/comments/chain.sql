comment on table thule.chain is
    'Links of thule audit, one row each time that rows were hashed; each has the digest of the one before in its own. Never updated.';
comment on column thule.chain.link is 'Number of the link, counted from 1.';
comment on column thule.chain.at is 'When it was made, by the clock of the server.';
comment on column thule.chain.kind is 'seal: it covers the rows of new ops; prune, erase: it says what was deleted, before that was done.';
comment on column thule.chain.by is 'Who asked for it: a claim.';
comment on column thule.chain.uuid is 'Identity of the filesystem then: thule.superblock.uuid. A copy that got another keeps the links of its original.';
comment on column thule.chain.last_op is 'Last op that this link and those before it cover.';
comment on column thule.chain.next_blob is 'They cover the blobs with lower numbers.';
comment on column thule.chain.horizon is 'Of a prune: versions that ended by this op may be gone from here on. NULL: of another kind, or a prune of some files.';
comment on column thule.chain.parts is 'SHA-256 of the rows of thule.chain_part with this link.';
comment on column thule.chain.digest is 'SHA-256 of the digest before and all other columns: what thule audit digest prints.';
comment on table thule.chain_part is
    'What a link of thule.chain has of each row that it covers, in arrays: element N of each array is about the same row.';
comment on column thule.chain_part.link is 'Link that it is of: thule.chain.link.';
comment on column thule.chain_part.area is 'Table of the rows (of versions, the one of the present and its history); or gone: files whose past may be gone from here on.';
comment on column thule.chain_part.part is 'Which ten thousand ops or blobs, so that no row gets too large.';
comment on column thule.chain_part.ops is 'Op that each row began with, or id of the blob or process; in area gone the op up to which, 9223372036854775807: all of it.';
comment on column thule.chain_part.ends is 'Op that ended each row; NULL as an element, or in place of the array: it had none.';
comment on column thule.chain_part.inos is 'Inode of each row; NULL for blobs.';
comment on column thule.chain_part.parents is 'Directory of each name, and of each op that has one; NULL for blobs and extents.';
comment on column thule.chain_part.ids is 'SHA-256 of each row, of a blob that of its bytes; NULL for extents.';
comment on column thule.chain_part.blobs is 'Blob of each extent; NULL for all else.';
comment on column thule.chain_part.shifts is 'Of each extent its offset in the file less that in the blob; NULL for all else.';
comment on column thule.chain_part.los is 'First byte of each extent in its file; NULL for all else.';
comment on column thule.chain_part.his is 'First byte behind each extent in its file; NULL for all else.';
