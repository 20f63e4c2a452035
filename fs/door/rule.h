#pragma once

#include <stdbool.h>

#include "db/statement.h"

/*
 * What may be asked at the door: statements of the catalogue, by their whole text, and nothing
 * else. The last parameter of those with `viewer` is who asks (sql/functions/permits.sql); it is
 * filled in by the daemon, whatever the client sent.
 */
enum door_way {
	DOOR_READS, /* in a transaction that may only read */
	DOOR_PLANS, /* makes temporary tables, and is rolled back */
	DOOR_UNDOES,
};

struct door_rule {
	enum stmt stmt;
	int params; /* with the viewer */
	bool viewer;
	bool past; /* shows the past: not where the mount does not (nomagic) */
	enum door_way way;
};

/* NULL when that is not to be had here. */
const struct door_rule *door_rule_find(const char *text);
