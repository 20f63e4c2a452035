-- What st_blocks counts of a file once bytes were written: never less than the bytes that it has, never more than its size.
-- As fs/state/allocated.c has it, so that the mount goes on from there.
-- Parameters: allocated, size, as they were; off, len, of the bytes. Returns: bytes. Tables touched: none.
create function thule_internal.allocated_write(allocated bigint, size bigint, off bigint, len bigint) returns bigint
language sql immutable parallel safe
return least(greatest(size, off + len),
    -- Without holes, only what is past the end adds to it.
    case when off < size and allocated >= size then greatest(size, off + len) else allocated + len end);

-- The same once a range became a hole. Parameters: lo, hi, the range, within the size; known, how many bytes it had: 0 where nobody knows.
create function thule_internal.allocated_cut(allocated bigint, size bigint, lo bigint, hi bigint, known bigint) returns bigint
language sql immutable parallel safe
return least(allocated - least(allocated, known), size - (hi - lo));
