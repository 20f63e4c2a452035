-- osquery's table `process_open_files`, of this filesystem alone.
create view osquery.process_open_files as
select d.pid::bigint as pid, d.fd::bigint as fd, d.path, d.ino as inode
from thule.live_descriptor d;

comment on view osquery.process_open_files is
    'As osquery has it: descriptors of processes that are of files in this filesystem, as /proc has them. The daemon is asked, as for thule.live_descriptor. Example: select pid, fd, path from osquery.process_open_files;';
comment on column osquery.process_open_files.pid is 'Process.';
comment on column osquery.process_open_files.fd is 'Number of the descriptor.';
comment on column osquery.process_open_files.path is 'Path on the host; "(deleted)" follows where the name is gone.';
comment on column osquery.process_open_files.inode is 'Not in osquery: inode of the file.';
