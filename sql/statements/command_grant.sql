-- thule grant reader|writer|auditor: $1 kind, $2 role, $3 uid, $4 gid, $5 groups, $6 by whom.
select thule_internal.role_grant($1::text, $2::text, $3::bigint, $4::bigint, $5::bigint[], $6::text)
