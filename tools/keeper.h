#pragma once

#include <stdbool.h>

/*
 * The keeper of a run: the process between `thule run` and the command, which stays until the last
 * descendant of the command is gone. Whoever loses its parent in between (a daemon, after its
 * double fork) becomes a child of the keeper, so that everything the command has started can be
 * told by its ancestors, whatever it does to its environment. The keeper's own environment has
 * RUN_VARIABLE.
 *
 * It is this program, called KEEPER_NAME, with a descriptor and the command as arguments.
 */
#define KEEPER_NAME "thule-keeper"

/* What it says through the descriptor: STARTED, then one of the others. */
struct keeper_report {
	enum { KEEPER_STARTED = 1, KEEPER_CANNOT_EXEC, KEEPER_ENDED } what;
	int value;  /* STARTED: the command's pid; CANNOT_EXEC: errno; ENDED: as from wait(2) */
	bool stays; /* ENDED: the keeper does, because something that it keeps does */
};

/* Returns when there is nothing left to keep; the exit code. */
int keeper_main(int argc, char **argv);
