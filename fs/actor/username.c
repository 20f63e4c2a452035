#include "actor/username.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum {
	KEEP_SECONDS = 60,
	MAX_NAMES = 1024,
};

struct username {
	uint32_t uid;
	char *name; /* NULL: none */
	time_t until;
	UT_hash_handle hh;
};

struct username_cache {
	pthread_mutex_t lock;
	struct username *names;
};

struct username_cache *username_cache_new(void)
{
	struct username_cache *cache = calloc(1, sizeof(*cache));
	if (cache)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

static void forget(struct username_cache *cache, struct username *entry)
{
	HASH_DEL(cache->names, entry);
	free(entry->name);
	free(entry);
}

void username_cache_free(struct username_cache *cache)
{
	struct username *entry, *next;
	if (!cache)
		return;
	HASH_ITER (hh, cache->names, entry, next)
		forget(cache, entry);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static time_t now_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

static char *ask(uint32_t uid)
{
	struct passwd pw, *found = NULL;
	char *name = NULL, *buf = NULL;
	size_t size = 1024;
	int rc;

	do {
		free(buf);
		buf = malloc(size *= 2);
		if (!buf)
			return NULL;
		rc = getpwuid_r(uid, &pw, buf, size, &found);
	} while (rc == EINTR || (rc == ERANGE && size < 1 << 20));
	if (rc == 0 && found)
		name = strdup(found->pw_name);
	free(buf);
	return name;
}

static void remember(struct username_cache *cache, uint32_t uid, const char *name)
{
	struct username *entry, *old;

	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return;
	entry->uid = uid;
	entry->name = name ? strdup(name) : NULL;
	entry->until = now_seconds() + KEEP_SECONDS;
	pthread_mutex_lock(&cache->lock);
	HASH_FIND(hh, cache->names, &uid, sizeof(uid), old);
	if (!old && HASH_COUNT(cache->names) >= MAX_NAMES)
		old = cache->names; /* the oldest */
	if (old)
		forget(cache, old);
	HASH_ADD(hh, cache->names, uid, sizeof(uid), entry);
	if (!entry->hh.tbl) { /* out of memory: not added */
		free(entry->name);
		free(entry);
	}
	pthread_mutex_unlock(&cache->lock);
}

char *username_get(struct username_cache *cache, uint32_t uid)
{
	struct username *entry;
	char *name = NULL;
	bool known = false;

	pthread_mutex_lock(&cache->lock);
	HASH_FIND(hh, cache->names, &uid, sizeof(uid), entry);
	if (entry && entry->until > now_seconds()) {
		known = true;
		name = entry->name ? strdup(entry->name) : NULL;
	}
	pthread_mutex_unlock(&cache->lock);
	if (!known) {
		name = ask(uid);
		remember(cache, uid, name);
	}
	return name;
}
