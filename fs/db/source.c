#include "db/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

bool source_is_secret(const PQconninfoOption *option)
{
	return option->val && *option->val &&
	       (strchr(option->dispchar, '*') || secret_keyword(option->keyword));
}

static bool has_secret(const PQconninfoOption *options)
{
	for (; options->keyword; options++)
		if (source_is_secret(options))
			return true;
	return false;
}

/* What libpq quotes in its messages may be a part of the password. */
static void drop_quoted(char *text)
{
	char *out = text;
	bool quoted = false;

	for (const char *p = text; *p && *p != '\n'; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (!quoted || *p == '"')
			*out++ = *p;
	}
	*out = '\0';
}

PQconninfoOption *source_parse(const char *source, struct error *err)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(source, &why);

	if (!options) {
		if (why && (strstr(source, "://") || strcasestr(source, "password")))
			drop_quoted(why);
		else if (why)
			why[strcspn(why, "\n")] = '\0';
		error_set(err, ERR_USAGE,
			"this is neither `private` nor a connection string or URI: %s",
			why ? why : "no memory");
	}
	PQfreemem(why);
	return options;
}

static bool is_public(const char *source)
{
	PQconninfoOption *options = source_parse(source, NULL);
	bool public = options && !has_secret(options);

	PQconninfoFree(options);
	return public;
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

/* Takes user:password@ and secret parameters out of a URI, so that it stays as it was typed
 * otherwise. */
static bool strip_uri(const char *source, char *dst, size_t size)
{
	const char *user = strstr(source, "://"), *at, *colon, *query;
	size_t n;

	if (!user || strlen(source) >= size)
		return false;
	user += strlen("://");
	at = user + strcspn(user, "@/?");
	colon = *at == '@' ? memchr(user, ':', (size_t)(at - user)) : NULL;
	query = strchr(at, '?');
	if (!query)
		query = at + strlen(at);
	n = (size_t)snprintf(dst, size, "%.*s%.*s", (int)((colon ? colon : at) - source), source,
		(int)(query - at), at);
	for (char sign = '?'; *query; query += strcspn(query, "&")) {
		char word[64];
		size_t length = strcspn(++query, "&");

		snprintf(word, sizeof(word), "%.*s", (int)strcspn(query, "=&"), query);
		if (secret_keyword(word))
			continue;
		n += (size_t)snprintf(dst + n, size - n, "%c%.*s", sign, (int)length, query);
		sign = '&';
	}
	return is_public(dst);
}

bool source_public(const char *source, char *out, size_t size, struct error *err)
{
	PQconninfoOption *options;
	bool ok = true;

	if (!strcmp(source, "private")) {
		snprintf(out, size, "%s", source);
		return true;
	}
	options = source_parse(source, err);
	if (!options)
		return false;
	if (!has_secret(options)) {
		/* As it was typed: it is what /proc/mounts will show. */
		ok = (size_t)snprintf(out, size, "%s", source) < size;
	} else if (!strip_uri(source, out, size)) {
		*out = '\0';
		for (const PQconninfoOption *o = options; ok && o->keyword; o++)
			if (o->val && !source_is_secret(o))
				ok = append(out, size, o);
	}
	PQconninfoFree(options);
	return ok || error_set(err, ERR_USAGE, "the connection string is too long");
}

bool source_verify_servers(void)
{
	if (getenv("PGSSLMODE") || getenv("PGREQUIRESSL"))
		return false;
	return setenv("PGSSLMODE", "verify-full", 1) == 0;
}
