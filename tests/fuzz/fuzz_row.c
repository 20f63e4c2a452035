/*
 * Answers of the database: rows that pass the check can be read without a further thought.
 *
 * runs: 150000
 * max_len: 1024
 */
#include "../unit/answers.h"
#include "db/row.h"
#include "fuzz.h"

/* Takes a value: null, a number of the column's size, or any bytes. */
static void take_value(struct input *in, PGresult *res, int row, int column, char type)
{
	uint8_t how = input_byte(in);
	char bytes[256];
	int len = how % 64;

	if (how >= 240) {
		MUST(PQsetvalue(res, row, column, NULL, -1));
		return;
	}
	if (how < 200 && type <= '9')
		len = type - '0';
	input_take(in, bytes, sizeof(bytes) < (size_t)len ? sizeof(bytes) : (size_t)len);
	MUST(PQsetvalue(res, row, column, bytes, len));
}

/* Reads all columns, as those do whom the rows are for. */
static uint64_t read_all(const PGresult *res, const char *types)
{
	uint64_t sum = 0;

	for (int row = 0; row < PQntuples(res); row++)
		for (int i = 0; types[i]; i++) {
			if (types[i] <= '9') {
				sum += (uint64_t)row_int(res, row, i);
			} else {
				struct bytes b = row_bytes(res, row, i);

				for (uint32_t at = 0; at < b.len; at++)
					sum += ((const unsigned char *)b.data)[at];
			}
		}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	size_t which = input_byte(&in) % ANSWERS, as = input_byte(&in);
	/* Mostly of the statement's own columns. */
	const char *types = answers[as < ANSWERS ? as : which].types;
	PGresult *res = answer_new(types);
	struct error err = {0};

	for (int row = 0; in.left && row < 8; row++)
		for (int i = 0; types[i]; i++)
			take_value(&in, res, row, i, types[i]);
	if (row_check(answers[which].stmt, res, 17, &err)) {
		static volatile uint64_t sum;

		MUST(PQnfields(res) == (int)strlen(answers[which].types));
		sum += read_all(res, answers[which].types);
	} else {
		MUST(err.class == ERR_CORRUPT && *err.text && !strchr(err.text, '\n'));
	}
	PQclear(res);
	return 0;
}
