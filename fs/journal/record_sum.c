#include "journal/record_sum.h"

#include <string.h>

/* Odd, so that a multiplication loses nothing. */
#define ODD 0x9e3779b97f4a7c15ULL

/* So many sums are made beside each other: one alone waits for its last addition. */
#define LANES 4
typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t))));

/* Sums of words, and sums of those sums, so that the order tells: Fletcher's. */
struct sums {
	lanes words, sums;
};

static void add(struct sums *s, const char *p, size_t n)
{
	lanes w = {0};

	memcpy(&w, p, n);
	s->words += w;
	s->sums += s->words;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * ODD;
	return sum ^ sum >> 29;
}

uint64_t record_sum(const void *buf, size_t size, size_t except)
{
	struct sums s = {.words = {size, 1, 2, 3}};
	const char *p = buf;
	uint64_t sum = 0, stored;
	size_t i = 0;

	for (; i + sizeof(lanes) <= size; i += sizeof(lanes))
		add(&s, p + i, sizeof(lanes));
	add(&s, p + i, size - i);
	/* What is stored there is in the sums, each time that they were added up since. */
	memcpy(&stored, p + except, sizeof(stored));
	s.words[except / 8 % LANES] -= stored;
	s.sums[except / 8 % LANES] -= stored * (size / sizeof(lanes) + 1 - except / sizeof(lanes));
	for (int k = 0; k < LANES; k++)
		sum = mix(mix(sum, s.words[k]), s.sums[k]);
	return sum ? sum : 1;
}

uint64_t record_sum_before(const void *buf, size_t size, size_t except)
{
	const char *p = buf;
	uint64_t sum = size, word;

	for (size_t i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		sum = mix(sum, i == except ? 0 : word);
	}
	return sum ? sum : 1;
}
