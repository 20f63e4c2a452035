/*
 * Records of the journal: whatever its bytes are, decoding stays inside of them, what was decoded
 * encodes to a record that decodes to the same, and what the drain would take of it becomes rows of
 * the server's binary format.
 *
 * runs: 50000
 * max_len: 4096
 */
#include "../unit/rows.h"
#include "fuzz.h"
#include "journal/record.h"

/* Encodes r, which was read from n bytes, and reads that again. */
static void encode_again(const struct record *r, size_t n)
{
	char *first = malloc(n), *second = malloc(n);
	struct record again;

	MUST(record_size(r) == n);
	record_encode(r, first, NULL);
	MUST(!record_is_sealed(first, n));
	record_seal(first);
	MUST(record_is_sealed(first, n));
	MUST(record_decode(first, n, &again) == n);
	record_encode(&again, second, NULL);
	record_seal(second);
	MUST(!memcmp(first, second, n));
	MUST(record_is_possible(r) == record_is_possible(&again));
	free(first);
	free(second);
}

static void check_rows(struct batch *b)
{
	batch_finish(b);
	for (int id = 0; id < ROWS_COUNT; id++)
		free(table_read(b, (enum rows_id)id).cells);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch *b = batch_new(1, 1);
	char *copy = malloc(size ? size : 1);
	size_t at = 0, n;
	struct record r;

	memcpy(copy, data, size);
	while (at < size && (n = record_decode(copy + at, size - at, &r))) {
		encode_again(&r, n);
		if (record_is_possible(&r))
			batch_add(b, &r);
		at += n;
	}
	check_rows(b);
	batch_free(b);
	free(copy);
	return 0;
}
