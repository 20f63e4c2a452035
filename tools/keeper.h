#pragma once

#include <signal.h>
#include <stdbool.h>

/*
 * The keeper of a run: the process between `thule run` and the command, which stays until the last
 * descendant of the command is gone. Whoever loses its parent in between (a daemon, after its
 * double fork) becomes a child of the keeper, so that everything the command has started can be
 * told by its ancestors, whatever it does to its environment. The keeper's own environment has
 * RUN_VARIABLE.
 *
 * It is this program, called KEEPER_NAME, with a descriptor, KEEPER_PLAIN or KEEPER_ATOMIC, and the
 * command as arguments. An atomic run that fails is undone by its keeper, which first kills what is
 * left of it; so it is when `thule run` dies. If the keeper itself dies, the command does, too, and
 * `thule run` does the rest; or else the daemon (fs/runs.h).
 */
#define KEEPER_NAME   "thule-keeper"
#define KEEPER_PLAIN  "plain"
#define KEEPER_ATOMIC "atomic"

/* What it says through the descriptor: STARTED, ENDING, then one of the others. */
struct keeper_report {
	enum {
		KEEPER_STARTED = 1,
		KEEPER_ENDING,
		KEEPER_CANNOT_EXEC,
		KEEPER_FAILED,
		KEEPER_ENDED
	} what;
	/* STARTED: the command's pid; ENDING: 0, it is over, and what is to be done then is begun;
	 * CANNOT_EXEC: errno; FAILED: 0, it has said why on stderr;
	 * ENDED: as from wait(2) */
	int value;
	bool stays; /* ENDED: the keeper does, because something that it keeps does */
};

/* Signals to `thule run`, or to the keeper, that are for the command. */
void keeper_signals(sigset_t *set);

/* Returns when there is nothing left to keep; the exit code. */
int keeper_main(int argc, char **argv);
