#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The part of PostgreSQL's protocol (version 3, manual chapter "Message Formats") that the door
 * speaks, so that libpq is its client: a startup packet, and then Parse, Bind, Describe, Execute
 * and Sync of one statement with text parameters. Pure functions over bytes that anybody may have
 * sent: a length is compared with what is there before it is used.
 */

#define WIRE_STARTUP_MAX 4096      /* bytes of a startup packet, with its length */
#define WIRE_MESSAGE_MAX (1 << 18) /* of the body of a message */
#define WIRE_PARAMS_MAX  16

enum wire_code {
	WIRE_PROTOCOL = 196608, /* 3.0 */
	WIRE_CANCEL = 80877102,
	WIRE_SSL = 80877103,
	WIRE_GSS = 80877104,
};

/* Returns an integer in network order. */
uint32_t wire_u32(const char *data);

/* Returns whether a client may send messages of this type here. */
bool wire_known(char type);

struct wire_startup {
	const char *user; /* or NULL */
	uint32_t code;    /* enum wire_code, or anything */
	const char
		*zone; /* the time zone that the client asks for, or NULL; points into the packet */
};

/* Reads a startup packet without its length. False when it is malformed. */
bool wire_startup(char *body, size_t len, struct wire_startup *out);

/* Returns the text of a Parse message for the statement without a name; NULL when it is anything
 * else. */
const char *wire_parse(const char *body, size_t len);

struct wire_bind {
	int count;
	const char *params[WIRE_PARAMS_MAX]; /* text, NULL for null; point into the message */
	bool binary;                         /* the form that results are wanted in */
};

/* Reads a Bind message of portal and statement without names, and moves its values so that each
 * ends in a zero. False when it is anything else, or a value has a zero in it. */
bool wire_bind(char *body, size_t len, struct wire_bind *out);

/* Append messages of a server to `out`. */
void wire_add_welcome(struct buf *out, const char *version);
void wire_add_bound(struct buf *out); /* Parse and Bind are done */
void wire_add_columns(struct buf *out, const PGresult *res);
void wire_add_row(struct buf *out, const PGresult *res, int row);
void wire_add_complete(struct buf *out);
void wire_add_ready(struct buf *out);
/* Appends an error; `hint` may be NULL. */
void wire_add_error(
	struct buf *out, bool fatal, const char *sqlstate, const char *text, const char *hint);
void wire_add_notice(struct buf *out, const char *text);
