#pragma once

/* Marks that say how far the record of a process can be believed: bits of struct actor and of the
 * journal's record of it, and thule.actor's columns exe_seen, exe_deleted and incomplete. */
enum actor_mark {
	ACTOR_EXE_SEEN = 1,    /* the file that runs is the one at that path, as we see it */
	ACTOR_EXE_UNSEEN = 2,  /* it is not: another root or mounts, as in a container */
	ACTOR_EXE_DELETED = 4, /* it was removed or replaced while it ran */
	ACTOR_INCOMPLETE =
		8, /* something could not be read: gone, hidden or in want of descriptors */
};
