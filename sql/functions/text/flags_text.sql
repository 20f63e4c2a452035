-- An inode's flags in words: 'immutable,nodump'.
-- Parameters: flags, FS_*_FL bits (ioctl_iflags(2)).
-- Returns: text, of flags without a name their bits in hex; 'none' for 0, null for null.
-- Tables touched: none.
create function thule_internal.flags_text(flags integer) returns text
language sql immutable strict parallel safe
return case when flags = 0 then 'none'
    else concat_ws(',', case when flags & 16 <> 0 then 'immutable' end, case when flags & 32 <> 0 then 'append' end,
        case when flags & 64 <> 0 then 'nodump' end, case when flags & 128 <> 0 then 'noatime' end,
        case when flags & ~240 <> 0 then '0x' || to_hex(flags & ~240) end) end;
