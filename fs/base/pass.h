#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a mount tells those who can reach it, and nobody else, so that they can prove it elsewhere:
 * a random text that is another one every minute. It is the value of an extended attribute that
 * every file of the mount has and none lists.
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

/* Any thread. Without I/O and waiting. */
void pass_tell(struct pass *p, char text[static PASS_TEXT_SIZE]);

/* Whether that was told within the last two minutes or so. */
bool pass_valid(struct pass *p, const char *text);
