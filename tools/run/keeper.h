#pragma once

#include <signal.h>
#include <stdbool.h>

/*
 * The keeper of a run: the process between `thule run` and the command. It stays until the last
 * descendant of the command has ended. A descendant that loses its parent (a daemon after its
 * double fork) becomes a child of the keeper, so that all processes of the run can be told by their
 * ancestors, whatever they do to their environment. The keeper's own environment has RUN_VARIABLE.
 * The keeper is this program under the name KEEPER_NAME; its arguments are a descriptor,
 * KEEPER_PLAIN or KEEPER_ATOMIC, and the command. It undoes an atomic run that fails, after killing
 * its remaining processes, also when `thule run` dies. If the keeper itself dies, the command dies
 * with it, and `thule run` undoes the run; if both are dead, the daemon does (fs/control/runs.h).
 */
#define KEEPER_NAME   "thule-keeper"
#define KEEPER_PLAIN  "plain"
#define KEEPER_ATOMIC "atomic"

/* A report through the descriptor: first STARTED, then ENDING, then one of the others. */
struct keeper_report {
	enum {
		KEEPER_STARTED = 1,
		KEEPER_ENDING,
		KEEPER_CANNOT_EXEC,
		KEEPER_FAILED,
		KEEPER_ENDED
	} what;
	/*
	 * STARTED: the command's pid. ENDING: 0; the command has ended, and its run is being ended.
	 * CANNOT_EXEC: errno. FAILED: 0; stderr has the reason. ENDED: the status of wait(2).
	 */
	int value;
	bool stays; /* ENDED: the keeper stays, because descendants of the command do */
};

/* Fills the set of signals to `thule run`, or to the keeper, that are passed to the command. */
void keeper_signals(sigset_t *set);

/* Runs the keeper. Returns the exit code when no process of the run is left. */
int keeper_main(int argc, char **argv);
