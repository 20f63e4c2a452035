comment on schema thule is
    'ThuleFS: a filesystem whose files are rows. Begin with thule.file (paths of now), thule.change (the log) and thule.deleted_file; \d+ and \df+ explain the rest. Read as you like; the tables are written by the mount alone.';
