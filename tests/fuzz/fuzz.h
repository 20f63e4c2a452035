#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all fuzzers share: how the bytes of libFuzzer are taken apart, and what must hold. */

/* What libFuzzer calls; a fuzzer is a file that defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with a report, which libFuzzer keeps the input of. */
#define MUST(condition) ((condition) ? (void)0 : must_failed(__FILE__, __LINE__, #condition))
_Noreturn void must_failed(const char *file, int line, const char *what);

/* The rest of an input. Behind its end all bytes are zero. */
struct input {
	const uint8_t *at;
	size_t left;
};

/* Copies up to n bytes, fills the rest with zeros. */
static inline void input_take(struct input *in, void *out, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memset(out, 0, n);
	if (have)
		memcpy(out, in->at, have);
	in->at += have;
	in->left -= have;
}

static inline uint8_t input_byte(struct input *in)
{
	uint8_t v;

	input_take(in, &v, sizeof(v));
	return v;
}

static inline uint32_t input_word(struct input *in)
{
	uint32_t v;

	input_take(in, &v, sizeof(v));
	return v;
}

/* Takes up to n bytes into memory of exactly that size, so that a sanitizer sees one too many.
 * Sets *len; free() it. */
static inline char *input_copy(struct input *in, size_t n, size_t *len)
{
	char *copy;

	*len = n < in->left ? n : in->left;
	copy = malloc(*len ? *len : 1);
	input_take(in, copy, *len);
	return *len ? copy : realloc(copy, 1);
}

/* Takes the same as a text with its zero. */
static inline char *input_text(struct input *in, size_t n)
{
	size_t len;
	char *copy = input_copy(in, n, &len), *text = strndup(copy, len);

	free(copy);
	return text;
}
