-- What every test of undo and restore begins with, in its transaction.
\ir fixture.sql
select no_plan();
set client_min_messages = error;
\ir perform_fixture.sql
