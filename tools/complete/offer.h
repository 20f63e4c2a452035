#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A word that is being completed. */
struct completion {
	const char
		*typed; /* the part in question: it has no option's name and no finished values */
	const char *before; /* the beginning of the word, of `before_len` bytes, which stays */
	size_t before_len;
	char *const *words; /* the words before this one, NULL-terminated */
};

/* Prints a word that begins as what was typed, and its meaning, which may be NULL. */
void offer(const struct completion *c, const char *word, const char *help);

/* Lets the shell find more: "file". */
void offer_by_shell(const char *what);

/*
 * Offers the values that a word of the usage stands for: T, PATH. Returns false when the word is
 * not known, which lint `help` does not allow.
 */
bool offer_values(const struct completion *c, const char *stands_for);
