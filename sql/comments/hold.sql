comment on table thule.hold is
    'Files whose past neither prune nor erase may delete; of a directory also of everything that is or was in it. thule hold adds one.';
comment on column thule.hold.ino is 'Inode that is held.';
comment on column thule.hold.path is 'Path as it was given, escaped as in thule.file.';
comment on column thule.hold.created is 'When it was held.';
comment on column thule.hold.by is 'Who held it.';
comment on column thule.hold.reason is 'Why, in words; NULL: none was given.';
