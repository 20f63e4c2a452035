-- Gives the filesystem another identity, flushed before it is told. $1: a uuid, or null for a new one. Columns: the uuid.
-- The session holds the lease: a daemon would go on with the identity that it has read.
update thule.superblock
set uuid = coalesce($1::uuid, gen_random_uuid())
returning uuid, set_config('synchronous_commit', 'on', true);
