-- Whether the path $1, in bytes, is that of inode $2. $3 who asks, where it is a user at the door, or null: he is told nothing of
-- what is where he may not look.
select case when $3::bigint[] is not null and not thule_internal.may_reach($2::bigint, thule_internal.present(), 0, $3) then true
    else coalesce(thule.resolve(thule.escape_name($1::bytea)) = $2::bigint, false) end
