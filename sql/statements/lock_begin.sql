-- Begins a session that takes locks on files for the mount $1, or goes on with $2, which was lost (null: none).
select b.session, b.kept::integer from thule_internal.lock_begin($1::bigint, $2::integer) b
