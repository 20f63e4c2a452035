comment on table thule.request is
    'Changes of the filesystem as a whole that were asked for: undo, restore, erase, quota. The mount that writes does them, or the asking command where there is none.';
comment on column thule.request.id is 'Number of the request; the ops of an undo have the tag undo:ID, those of a restore restore:ID.';
comment on column thule.request.kind is 'What is asked for.';
comment on column thule.request.args is 'What it is to be done to, and who asks.';
comment on column thule.request.created is 'When it was asked for.';
comment on column thule.request.done_at is 'When it was done or refused; NULL: not yet.';
comment on column thule.request.error is 'Why it was refused: then nothing has changed. NULL: it was done, or is not done yet.';
comment on column thule.request.result is 'What was done, in numbers and lists; NULL: nothing was, or not yet.';
comment on column thule.request.made is 'Ops that an undo made, as a range; NULL for other kinds, and for what is not done.';
comment on column thule.request.undone is 'Ops that an undo was to take back, as ranges; NULL for other kinds, and for what is not done.';
