delete from thule.inode where ino = any ($1::bigint[])
