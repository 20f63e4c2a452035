#pragma once

#include <stdbool.h>

#include "db/statement.h"

/*
 * The statements that a client may ask: of the catalogue, by their whole text, and nothing else.
 * The last parameter of those with `viewer` is the user who asks
 * (sql/functions/viewer/permits.sql); the daemon fills it in, whatever the client sent.
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

/* Returns the rule of a statement with this text; NULL when clients may not ask it. */
const struct door_rule *door_rule_find(const char *text);
