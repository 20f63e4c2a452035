#include "base/pass.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define CHANGED_NS INT64_C(60000000000)

static void make(char text[static PASS_TEXT_SIZE])
{
	unsigned char bytes[(PASS_TEXT_SIZE - 1) / 2];

	/* So few bytes come at once and whole: getrandom(2). Where none come, the pass is empty and
	 * admits nobody. */
	text[0] = '\0';
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void pass_init(struct pass *p)
{
	pthread_mutex_init(&p->lock, NULL);
	make(p->now);
	make(p->before);
	p->since_ns = clock_mono_ns();
}

void pass_destroy(struct pass *p)
{
	pthread_mutex_destroy(&p->lock);
}

/* Under the lock. */
static void change(struct pass *p)
{
	int64_t now = clock_mono_ns();

	if (now - p->since_ns < CHANGED_NS)
		return;
	/* A pass that nobody was told for so long is no longer good either. */
	if (now - p->since_ns < 2 * CHANGED_NS)
		memcpy(p->before, p->now, sizeof(p->before));
	else
		make(p->before);
	make(p->now);
	p->since_ns = now;
}

void pass_tell(struct pass *p, char text[static PASS_TEXT_SIZE])
{
	pthread_mutex_lock(&p->lock);
	change(p);
	memcpy(text, p->now, PASS_TEXT_SIZE);
	pthread_mutex_unlock(&p->lock);
}

/* Compares in a time that does not say how much of it is right. */
static bool same(const char *a, const char *b)
{
	unsigned int differs = 0;

	for (size_t i = 0; i < PASS_TEXT_SIZE; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

bool pass_valid(struct pass *p, const char *text)
{
	bool valid;

	if (strlen(text) != PASS_TEXT_SIZE - 1)
		return false;
	pthread_mutex_lock(&p->lock);
	change(p);
	valid = same(text, p->now) | same(text, p->before);
	pthread_mutex_unlock(&p->lock);
	return valid;
}
