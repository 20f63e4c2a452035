-- How many directories a path leads through at most. What lies deeper has no path here (null), and its past cannot be
-- reached through the mount: else whoever makes directories in each other decides how long everybody's questions take.
-- In the present such directories work as all do, and undo, which goes by inodes, brings them back.
-- A path of PATH_MAX (4,096 bytes) leads through no more, so what has no path here has none for the kernel either.
-- It is also what ends walks where directories contain each other, which no op makes and crafted rows can.
-- Parameters: none. Returns: a number of steps. Tables touched: none.
create function thule_internal.max_depth() returns integer
language sql immutable parallel safe
return 2048;
