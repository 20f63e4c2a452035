#pragma once

#include <libpq-fe.h>

#include "activity.h"
#include "answer.h"
#include "base/mountinfo.h"
#include "exposition.h"

/* What is known of a mount when it is written about. */
struct metrics_subject {
	struct mount_point mount;
	struct answer *answer;     /* of its daemon; NULL: none */
	struct activity *activity; /* what that has counted; NULL: none */
	PGresult *rows;            /* command_metrics.sql; NULL: none */
};

/* Who is asked: daemons at each scrape, databases seldom. */
enum metrics_source { METRICS_DAEMON, METRICS_DATABASE };

/* Writes all that is known of mounts from one of the sources, family by family. */
void metrics_write(struct exposition *x, enum metrics_source source,
	const struct metrics_subject *subject, size_t count);

/* Writes a row of Markdown for each metric, as docs/monitoring.md has it. */
void metrics_describe(FILE *out);
