#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A pass proves elsewhere that its bearer can reach the mount: the mount gives it to those who can,
 * and to nobody else. It is a random text that changes every minute, and the value of an extended
 * attribute that every file of the mount has and none lists. A mount that follows another one tells
 * it when it knows, and the kernel, what was committed when it was asked.
 */
#define PASS_XATTR     "system.thule_pass"
#define PASS_TEXT_SIZE 33 /* with its zero */

struct pass {
	pthread_mutex_t lock;
	char now[PASS_TEXT_SIZE], before[PASS_TEXT_SIZE];
	int64_t since_ns;
};

void pass_init(struct pass *p);
void pass_destroy(struct pass *p);

/* Writes the pass of now. Any thread; neither waits nor does I/O. */
void pass_tell(struct pass *p, char text[static PASS_TEXT_SIZE]);

/* Returns whether this pass was given within the last two minutes or so. */
bool pass_valid(struct pass *p, const char *text);
