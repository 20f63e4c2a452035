#include "db/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/private.h"
#include "base/secret.h"

bool source_is_secret(const PQconninfoOption *option)
{
	return option->val && *option->val &&
	       (strchr(option->dispchar, '*') || secret_keyword(option->keyword));
}

bool source_has_secret(const PQconninfoOption *options)
{
	for (; options->keyword; options++)
		if (source_is_secret(options))
			return true;
	return false;
}

const char *source_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++)
		if (!strcmp(options->keyword, keyword))
			return options->val ? options->val : "";
	return "";
}

/* Takes out what libpq quotes in its messages: it may be a part of a secret. */
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
		if (why && secret_possible(source))
			drop_quoted(why);
		else if (why)
			why[strcspn(why, "\n")] = '\0';
		error_set(err, ERR_USAGE,
			"SOURCE is `private`, a connection string (host=db dbname=files) or a URI "
			"(postgresql://user@db/files), and not what was given: %s",
			why ? why : "no memory");
	}
	PQfreemem(why);
	return options;
}

static bool is_public(const char *source)
{
	PQconninfoOption *options = source_parse(source, NULL);
	bool public = options && !source_has_secret(options);

	PQconninfoFree(options);
	return public;
}

bool source_append(char *dst, size_t size, const char *keyword, const char *value)
{
	size_t n = strlen(dst);

	if (n + strlen(keyword) + 2 * strlen(value) + 5 > size)
		return false;
	n += (size_t)sprintf(dst + n, "%s%s='", n ? " " : "", keyword);
	for (const char *p = value; *p; p++) {
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
	const char *authority = strstr(source, "://"), *rest, *query;
	size_t len = strlen(source), begin, end, n;

	if (!authority || len >= size)
		return false;
	authority += strlen("://");
	begin = secret_of_uri(source, len, (size_t)(authority - source), &end);
	/* The colon before it goes, too. */
	rest = begin ? source + end : authority;
	n = begin ? begin - 1 : (size_t)(authority - source);
	query = rest + strcspn(rest, "?");
	n = (size_t)snprintf(dst, size, "%.*s%.*s", (int)n, source, (int)(query - rest), rest);
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

	const char *home;

	if (private_source(source, &home)) {
		if (strcmp(source, PRIVATE_SOURCE) && *home != '/')
			return error_set(err, ERR_USAGE,
				"SOURCE is %s: the directory of a private PostgreSQL must be an "
				"absolute path, which begins with /",
				source);
		return (size_t)snprintf(out, size, "%s", source) < size ||
		       error_set(err, ERR_USAGE, "SOURCE is too long");
	}
	options = source_parse(source, err);
	if (!options)
		return false;
	if (!source_has_secret(options)) {
		/* As it was typed: it is what /proc/mounts will show. */
		ok = (size_t)snprintf(out, size, "%s", source) < size;
	} else if (!strip_uri(source, out, size)) {
		*out = '\0';
		for (const PQconninfoOption *o = options; ok && o->keyword; o++)
			if (o->val && !source_is_secret(o))
				ok = source_append(out, size, o->keyword, o->val);
	}
	PQconninfoFree(options);
	return ok || error_set(err, ERR_USAGE, "the connection string is too long");
}

bool source_same(const char *a, const char *b)
{
	static const char *const keywords[] = {
		"host", "hostaddr", "port", "dbname", "user", "service"};
	PQconninfoOption *x = source_parse(a, NULL), *y = source_parse(b, NULL);
	bool same = x && y;

	for (size_t i = 0; same && i < sizeof(keywords) / sizeof(keywords[0]); i++)
		same = !strcmp(source_value(x, keywords[i]), source_value(y, keywords[i]));
	PQconninfoFree(x);
	PQconninfoFree(y);
	return same;
}

bool source_verify_servers(void)
{
	if (getenv("PGSSLMODE") || getenv("PGREQUIRESSL"))
		return false;
	return setenv("PGSSLMODE", "verify-full", 1) == 0;
}
