-- thule revoke: $1 role.
select thule_internal.role_revoke($1::text)
