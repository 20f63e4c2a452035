#include "live/latency.h"

#include <string.h>

#include "db/statement.h"
#include "live/requests.h"

static const char *row_name(unsigned int row)
{
	if (row < TRACE_OPCODES)
		return live_opcode_name(row);
	if (row == TRACE_BATCH)
		return "drain batch";
	if (row == TRACE_BATCH_FLUSHED)
		return "drain flush";
	return statements[row - TRACE_STATEMENT].name;
}

/* Opcodes that this program does not know share a name, and the first row with it is shown. */
static bool is_shown(unsigned int row)
{
	if (row < TRACE_OPCODES)
		return row == TRACE_OTHER || strcmp(live_opcode_name(row), "other") != 0;
	return row < TRACE_STATEMENT + STMT_COUNT;
}

void latency_each(const struct trace *t, void (*fn)(void *arg, const struct latency *l), void *arg)
{
	for (unsigned int row = 0; row < TRACE_ROWS; row++) {
		/* Most rows have nothing, and their memory is not to be touched. */
		if (!is_shown(row) || !histogram_count(trace_histogram(t, row, TRACE_TOTAL)))
			continue;
		for (int phase = 0; phase < TRACE_PHASES; phase++) {
			struct latency l = {row_name(row), (enum trace_phase)phase,
				trace_histogram(t, row, (enum trace_phase)phase)};

			if (histogram_count(l.durations))
				fn(arg, &l);
		}
	}
}
