#pragma once

#include <stdint.h>

/* Names of users, remembered for a minute: asking can read files or the network. Any thread. */
struct username_cache;

struct username_cache *username_cache_new(void); /* NULL when out of memory */
void username_cache_free(struct username_cache *cache);

/* Returns the name of uid, to free(); NULL when it has none (or out of memory). */
char *username_get(struct username_cache *cache, uint32_t uid);
