comment on schema thule is
    'ThuleFS: a filesystem whose files are rows. Begin with thule.file (paths of now), thule.change (the log) and thule.deleted_file; \d+ and \df+ explain the rest. Read as you like. Change files by thule.put, thule.remove, insert, update and delete of thule.file, and a function for each operation; never by the tables.';
