#include "exposition.h"

#include <string.h>

#include "base/utf8.h"

#define TOTAL "_total"

const char *exposition_type_name(enum metric_type type)
{
	static const char *const names[] = {
		[METRIC_GAUGE] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_HISTOGRAM] = "histogram",
		[METRIC_SUMMARY] = "summary",
	};

	return names[type];
}

/* Begins a family: OpenMetrics gives a counter the name without _total. */
static void begin(struct exposition *x, const struct metric_family *f)
{
	int n = (int)strlen(f->name);

	if (x->openmetrics && f->type == METRIC_COUNTER)
		n -= (int)strlen(TOTAL);
	fprintf(x->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, f->name, f->help, n, f->name,
		exposition_type_name(f->type));
	if (x->openmetrics && *f->unit)
		fprintf(x->out, "# UNIT %.*s %s\n", n, f->name, f->unit);
	x->last = f;
}

/* Prints the value of a label, which is UTF-8: a byte that is not stands there as \xNN. */
static void print_value(FILE *out, const char *text)
{
	size_t left = strlen(text);

	for (size_t n; left; text += n, left -= n) {
		n = utf8_length(text, left);
		if (!n) {
			fprintf(out, "\\\\x%02x", (unsigned char)*text);
			n = 1;
		} else if (*text == '\n') {
			fprintf(out, "\\n");
		} else {
			fprintf(out, *text == '"' || *text == '\\' ? "\\" : "");
			fwrite(text, 1, n, out);
		}
	}
}

void exposition_sample(struct exposition *x, const struct metric_family *f, const char *suffix,
	const struct metric_labels *labels, double value)
{
	const char *before = "{";

	if (x->last != f)
		begin(x, f);
	fprintf(x->out, "%s%s", f->name, suffix);
	for (int i = 0; i < EXPOSITION_LABELS && labels->pair[i].name; i++) {
		fprintf(x->out, "%s%s=\"", before, labels->pair[i].name);
		print_value(x->out, labels->pair[i].value);
		fprintf(x->out, "\"");
		before = ",";
	}
	fprintf(x->out, "%s %.16g\n", *before == ',' ? "}" : "", value);
}

void exposition_end(struct exposition *x)
{
	if (x->openmetrics)
		fprintf(x->out, "# EOF\n");
}
