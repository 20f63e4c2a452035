#include "journal/drain_state.h"

#include <stdlib.h>

#include "base/log.h"

#define TO(s) (1u << DRAIN_##s)

/* The name of each state, and the states that may follow it. */
static const struct {
	const char *name;
	unsigned int next;
} states[DRAIN_STATES] = {
	/* Whoever has something for the drain wakes it; or its session ends. */
	[DRAIN_IDLE] = {"idle", TO(GATHERING) | TO(RECONNECTING)},
	/* The session may also end in the moment in which somebody wakes the drain. */
	[DRAIN_GATHERING] = {"gathering",
		TO(IDLE) | TO(COMMITTING) | TO(RECONNECTING) | TO(STOPPED)},
	/* It fails at once where a record of the ring cannot be read. */
	[DRAIN_COMMITTING] = {"committing",
		TO(GATHERING) | TO(RETRYING) | TO(RECONNECTING) | TO(PERFORMING) | TO(FAILED)},
	/* It fails when it is to stop and has tried often enough. */
	[DRAIN_RETRYING] = {"retrying", TO(COMMITTING) | TO(FAILED)},
	/* What is not on the disk for sure is gathered once more; or another has the lease. */
	[DRAIN_RECONNECTING] = {"reconnecting", TO(GATHERING) | TO(FAILED)},
	[DRAIN_PERFORMING] = {"performing", TO(GATHERING) | TO(RECOVERING) | TO(FAILED)},
	[DRAIN_RECOVERING] = {"recovering", TO(PERFORMING) | TO(FAILED)},
	[DRAIN_STOPPED] = {"stopped", 0},
	[DRAIN_FAILED] = {"failed", 0},
};

/* The same of the targets. Whoever quiesces the drain lets it run again before it is stopped. */
static const struct {
	const char *name;
	unsigned int next;
} targets[DRAIN_TARGETS] = {
	[DRAIN_RUN] = {"run", TO(QUIESCE) | TO(STOP)},
	[DRAIN_QUIESCE] = {"quiesce", TO(RUN)},
	[DRAIN_STOP] = {"stop", 0},
};

bool drain_state_follows(enum drain_state from, enum drain_state to)
{
	return states[from].next & 1u << to;
}

bool drain_target_follows(enum drain_target from, enum drain_target to)
{
	return targets[from].next & 1u << to;
}

void drain_move(struct drain *d, enum drain_state to)
{
	if (!drain_state_follows(d->state, to)) {
		log_error("bug: the drain cannot go from %s to %s (target %s)",
			states[d->state].name, states[to].name, targets[d->target].name);
		abort();
	}
	d->state = to;
}

void drain_aim(struct drain *d, enum drain_target to)
{
	if (!drain_target_follows(d->target, to)) {
		log_error("bug: the target of the drain cannot change from %s to %s (state %s)",
			targets[d->target].name, targets[to].name, states[d->state].name);
		abort();
	}
	d->target = to;
}

const char *drain_state_name(enum drain_state s)
{
	return states[s].name;
}

const char *drain_target_name(enum drain_target t)
{
	return targets[t].name;
}
