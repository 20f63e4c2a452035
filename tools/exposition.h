#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * The text that Prometheus reads: OpenMetrics (https://openmetrics.io), or the older text format of
 * version 0.0.4, which is what the textfile collector of node_exporter takes. They differ in what
 * comes before the samples of a counter, in units, and in the end.
 */
enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_SUMMARY };

/* A family of samples. Its name ends in its unit, and that of a counter in _total after that. */
struct metric_family {
	const char *name;
	enum metric_type type;
	const char *unit; /* a base unit of Prometheus, or "" */
	const char *help; /* one line without a backslash */
};

/* A constant in lower case. */
const char *exposition_type_name(enum metric_type type);

struct exposition {
	FILE *out;
	bool openmetrics;
	const struct metric_family *last; /* the one that was begun last */
};

#define EXPOSITION_LABELS 3

/* Names and values of labels, up to a name that is NULL; values are any bytes. */
struct metric_labels {
	struct {
		const char *name, *value;
	} pair[EXPOSITION_LABELS];
};

/*
 * Prints a sample; all of a family follow each other. `suffix` is "", or what a histogram or a
 * summary has after its name.
 */
void exposition_sample(struct exposition *x, const struct metric_family *f, const char *suffix,
	const struct metric_labels *labels, double value);

/* After the last sample. */
void exposition_end(struct exposition *x);
