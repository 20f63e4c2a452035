-- Whether a transaction asks for the right to write, and whether it is another mount's.
select a.asked, a.moves from thule_internal.write_asked() a
