-- thule audit digest: links what is new. $1 by whom.
select s.op, encode(s.digest, 'hex') as digest, s.unlinked,
    json_build_object('link', s.link, 'op', s.op, 'at', s.at, 'digest', encode(s.digest, 'hex'), 'unlinked', s.unlinked) as json
from thule_internal.audit_seal($1::text) s
