#include "door/wire.h"

#include <string.h>
#include <strings.h>

#include "door/place.h"

/* The rest of a message. */
struct cursor {
	char *at;
	size_t left;
};

uint32_t wire_u32(const char *data)
{
	const unsigned char *p = (const unsigned char *)data;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool wire_known(char type)
{
	return type && strchr("PBDESHXQCp", type);
}

static bool take_u32(struct cursor *c, uint32_t *v)
{
	if (c->left < 4)
		return false;
	*v = wire_u32(c->at);
	c->at += 4;
	c->left -= 4;
	return true;
}

static bool take_u16(struct cursor *c, unsigned int *v)
{
	if (c->left < 2)
		return false;
	*v = (unsigned int)((unsigned char)c->at[0] << 8 | (unsigned char)c->at[1]);
	c->at += 2;
	c->left -= 2;
	return true;
}

/* Takes a text with its zero; NULL when there is none. */
static char *take_text(struct cursor *c)
{
	char *text = c->at;
	const char *end = c->left ? memchr(c->at, '\0', c->left) : NULL;
	size_t n;

	if (!end)
		return NULL;
	n = (size_t)(end - text) + 1;
	c->at += n;
	c->left -= n;
	return text;
}

bool wire_startup(char *body, size_t len, struct wire_startup *out)
{
	static const char option[] = "-c TimeZone=";
	struct cursor c = {body, len};
	const char *key, *value;

	*out = (struct wire_startup){0};
	if (!take_u32(&c, &out->code))
		return false;
	if (out->code != WIRE_PROTOCOL)
		return true;
	while ((key = take_text(&c)) && *key) {
		value = take_text(&c);
		if (!value)
			return false;
		if (!strcmp(key, "user"))
			out->user = value;
		else if (!strcasecmp(key, "TimeZone"))
			out->zone = value;
		else if (!strcmp(key, "options") && !strncmp(value, option, strlen(option)))
			out->zone = value + strlen(option);
	}
	return key && c.left == 0;
}

const char *wire_parse(const char *body, size_t len)
{
	struct cursor c = {(char *)body, len};
	const char *name = take_text(&c), *text = name ? take_text(&c) : NULL;

	/* Types of parameters may follow: they are the statement's own. */
	return text && !*name ? text : NULL;
}

/* Takes a list of forms: text or binary. *last is the last one, text where there is none. */
static bool take_forms(struct cursor *c, unsigned int *last)
{
	unsigned int n;

	*last = 0;
	if (!take_u16(c, &n))
		return false;
	for (; n > 0; n--)
		if (!take_u16(c, last) || *last > 1)
			return false;
	return true;
}

static bool take_value(struct cursor *c, const char **out)
{
	uint32_t n;
	char *text;

	*out = NULL;
	if (!take_u32(c, &n))
		return false;
	if (n == UINT32_MAX)
		return true;
	if (n > c->left || memchr(c->at, '\0', n))
		return false;
	/* Over the last byte of its own length, so that there is room for the zero behind it. */
	text = c->at - 1;
	memmove(text, c->at, n);
	text[n] = '\0';
	c->at += n;
	c->left -= n;
	*out = text;
	return true;
}

bool wire_bind(char *body, size_t len, struct wire_bind *out)
{
	struct cursor c = {body, len};
	const char *portal = take_text(&c), *name = portal ? take_text(&c) : NULL;
	unsigned int n, form;

	*out = (struct wire_bind){0};
	/* All parameters are text: one that is sent as binary has no place here. */
	if (!name || *portal || *name || !take_forms(&c, &form) || form || !take_u16(&c, &n) ||
		n > WIRE_PARAMS_MAX)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (!take_value(&c, &out->params[i]))
			return false;
	out->count = (int)n;
	if (!take_forms(&c, &form) || c.left)
		return false;
	out->binary = form;
	return true;
}

/* Begins a message; its length is filled in by finish(). */
static size_t begin(struct buf *out, char type)
{
	buf_add(out, &type, 1);
	buf_add_i32(out, 0);
	return out->len - 4;
}

static void finish(struct buf *out, size_t at)
{
	uint32_t n = (uint32_t)(out->len - at);

	for (int i = 0; i < 4; i++)
		out->data[at + (size_t)i] = (char)(n >> (24 - 8 * i));
}

static void add_text(struct buf *out, const char *text)
{
	buf_add(out, text, strlen(text) + 1);
}

static void add_empty(struct buf *out, char type)
{
	finish(out, begin(out, type));
}

static void add_parameter(struct buf *out, const char *name, const char *value)
{
	size_t at = begin(out, 'S');

	add_text(out, name);
	add_text(out, value);
	finish(out, at);
}

void wire_add_welcome(struct buf *out, const char *version)
{
	size_t at = begin(out, 'R');

	buf_add_i32(out, 0);
	finish(out, at);
	add_parameter(out, "server_version", "15.0");
	add_parameter(out, "server_encoding", "UTF8");
	add_parameter(out, "client_encoding", "UTF8");
	add_parameter(out, "standard_conforming_strings", "on");
	add_parameter(out, "integer_datetimes", "on");
	add_parameter(out, DOOR_PARAMETER, version);
	wire_add_ready(out);
}

void wire_add_bound(struct buf *out)
{
	add_empty(out, '1');
	add_empty(out, '2');
}

void wire_add_columns(struct buf *out, const PGresult *res)
{
	int n = PQnfields(res);
	size_t at = begin(out, 'T');

	buf_add_i16(out, (int16_t)n);
	for (int i = 0; i < n; i++) {
		add_text(out, PQfname(res, i));
		buf_add_i32(out, 0); /* of no table */
		buf_add_i16(out, 0);
		buf_add_i32(out, (int32_t)PQftype(res, i));
		buf_add_i16(out, (int16_t)PQfsize(res, i));
		buf_add_i32(out, PQfmod(res, i));
		buf_add_i16(out, (int16_t)PQfformat(res, i));
	}
	finish(out, at);
}

void wire_add_row(struct buf *out, const PGresult *res, int row)
{
	int n = PQnfields(res);
	size_t at = begin(out, 'D');

	buf_add_i16(out, (int16_t)n);
	for (int i = 0; i < n; i++) {
		int len = PQgetisnull(res, row, i) ? -1 : PQgetlength(res, row, i);

		buf_add_i32(out, len);
		if (len > 0)
			buf_add(out, PQgetvalue(res, row, i), (size_t)len);
	}
	finish(out, at);
}

void wire_add_complete(struct buf *out)
{
	size_t at = begin(out, 'C');

	add_text(out, "SELECT");
	finish(out, at);
}

void wire_add_ready(struct buf *out)
{
	size_t at = begin(out, 'Z');

	buf_add(out, "I", 1);
	finish(out, at);
}

static void add_field(struct buf *out, char field, const char *text)
{
	buf_add(out, &field, 1);
	add_text(out, text);
}

void wire_add_error(
	struct buf *out, bool fatal, const char *sqlstate, const char *text, const char *hint)
{
	size_t at = begin(out, 'E');

	add_field(out, 'S', fatal ? "FATAL" : "ERROR");
	add_field(out, 'V', fatal ? "FATAL" : "ERROR");
	add_field(out, 'C', sqlstate);
	add_field(out, 'M', text);
	if (hint)
		add_field(out, 'H', hint);
	buf_add(out, "", 1);
	finish(out, at);
}

void wire_add_notice(struct buf *out, const char *text)
{
	size_t at = begin(out, 'N');

	add_field(out, 'S', "NOTICE");
	add_field(out, 'V', "NOTICE");
	add_field(out, 'C', "00000");
	add_field(out, 'M', text);
	buf_add(out, "", 1);
	finish(out, at);
}
