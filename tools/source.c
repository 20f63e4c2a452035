#include "source.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/path.h"

static PQconninfoOption *parse(const char *source, struct error *err)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(source, &message);

	if (!options) {
		error_set(err, ERR_USAGE, "not a connection string or URI: %s",
			message ? message : "out of memory");
		if (err)
			err->text[strcspn(err->text, "\n")] = '\0';
	}
	PQfreemem(message);
	return options;
}

static const char *value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++)
		if (!strcmp(options->keyword, keyword))
			return options->val ? options->val : "";
	return "";
}

/* Appends keyword='value' with libpq's quoting. */
static bool append(char *dst, size_t size, const PQconninfoOption *option)
{
	size_t n = strlen(dst);

	if (n + strlen(option->keyword) + 2 * strlen(option->val) + 5 > size)
		return false;
	n += (size_t)(stpcpy(stpcpy(stpcpy(dst + n, n ? " " : ""), option->keyword), "='") -
		      (dst + n));
	for (const char *p = option->val; *p; p++) {
		if (*p == '\'' || *p == '\\')
			dst[n++] = '\\';
		dst[n++] = *p;
	}
	strcpy(dst + n, "'");
	return true;
}

static bool has_password(const char *source)
{
	PQconninfoOption *options = parse(source, NULL);
	bool found = !options || *value(options, "password");

	PQconninfoFree(options);
	return found;
}

/* user:password@ of a URI becomes user@, so that it stays as it was typed otherwise. */
static bool strip_uri(const char *source, char *dst, size_t size)
{
	const char *user = strstr(source, "://"), *at, *colon;

	if (!user)
		return false;
	user += strlen("://");
	at = user + strcspn(user, "@/?");
	colon = memchr(user, ':', (size_t)(at - user));
	return *at == '@' && colon &&
	       path_format(dst, size, NULL, "%.*s%s", (int)(colon - source), source, at) &&
	       !has_password(dst);
}

bool source_hide_password(const char *source, char *dst, size_t size, struct error *err)
{
	PQconninfoOption *options = parse(source, err);
	bool ok = true;

	if (!options)
		return false;
	if (!*value(options, "password")) {
		/* As it was typed: it is what /proc/mounts will show. */
		PQconninfoFree(options);
		return path_format(dst, size, err, "%s", source);
	}
	setenv("PGPASSWORD", value(options, "password"), 1);
	if (strip_uri(source, dst, size)) {
		PQconninfoFree(options);
		return true;
	}
	dst[0] = '\0';
	for (const PQconninfoOption *o = options; ok && o->keyword; o++)
		if (o->val && strcmp(o->keyword, "password"))
			ok = append(dst, size, o);
	if (!ok)
		error_set(err, ERR_USAGE, "the connection string is too long");
	PQconninfoFree(options);
	return ok;
}

bool source_same(const char *a, const char *b)
{
	static const char *const keywords[] = {
		"host", "hostaddr", "port", "dbname", "user", "service"};
	PQconninfoOption *x = parse(a, NULL), *y = parse(b, NULL);
	bool same = x && y;

	for (size_t i = 0; same && i < sizeof(keywords) / sizeof(keywords[0]); i++)
		same = !strcmp(value(x, keywords[i]), value(y, keywords[i]));
	PQconninfoFree(x);
	PQconninfoFree(y);
	return same;
}
