-- For statfs: bytes of the database, and how many inodes were ever made.
select pg_database_size(current_database()), (select next_ino from thule.superblock)
