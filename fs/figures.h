#pragma once

#include <pthread.h>

#include "db/reader.h"

/*
 * Figures of the database for statfs(2): the last that are known. Who asks for them never waits:
 * each time they are asked for anew behind, and every FIGURES_SECONDS while something is committed,
 * so that df(1) after a pause tells of what was written before it.
 */
#define FIGURES_SECONDS 2

struct figures {
	pthread_mutex_t lock;
	pthread_cond_t came;
	struct reader *reader; /* NULL: nothing is asked */
	uint64_t bytes, inodes;
	bool asking, known;
	int64_t asked; /* CLOCK_MONOTONIC, ns */
};

void figures_init(struct figures *f);
void figures_destroy(struct figures *f);

/* Asks for the first figures and waits for them: there are some from then on. False with *err set.
 */
bool figures_start(struct figures *f, struct reader *reader, struct error *err);

/* Any thread; neither waits. The first asks anew, the second if that was not done for a while. */
void figures_get(struct figures *f, uint64_t *bytes, uint64_t *inodes);
void figures_changed(struct figures *f);
