"""What the server counts of statements (pg_stat_statements), which is for all of its databases together, and of those that ask, too."""

# A relation: the statements of this database that are none of a case's questions about statements.
STATEMENTS = ("(select s.* from pg_stat_statements s join pg_database d on d.oid = s.dbid"
              " where d.datname = current_database() and s.query not like '%pg_stat_statements%') as statements")
