#include "base/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const keywords[] = {
	"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"};
#define KEYWORD_COUNT (sizeof(keywords) / sizeof(keywords[0]))

bool secret_keyword(const char *keyword)
{
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (!strcasecmp(keywords[i], keyword))
			return true;
	return false;
}

/* Returns whether text that ends here, but for blanks, ends in a secret keyword. */
static bool ends_in_keyword(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < KEYWORD_COUNT; i++) {
		size_t n = strlen(keywords[i]);
		if (len >= n && !strncasecmp(text + len - n, keywords[i], n))
			return true;
	}
	return false;
}

bool secret_possible(const char *text)
{
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (strcasestr(text, keywords[i]))
			return true;
	return strstr(text, "://");
}

size_t secret_of_uri(const char *text, size_t len, size_t from, size_t *end)
{
	size_t stop = from, colon = 0, at = 0;

	for (; stop < len && text[stop] && !strchr("/?# \t\n\"'", text[stop]); stop++) {
		if (text[stop] == ':' && !colon)
			colon = stop;
		if (text[stop] == '@')
			at = stop;
	}
	if (!colon || at <= colon + 1)
		return 0;
	*end = at;
	return colon + 1;
}

/* Does the same for a value after a keyword and its `=`. */
static size_t value_after(const char *text, size_t len, size_t from, size_t *end)
{
	char quote;

	while (from < len && text[from] == ' ')
		from++;
	if (from >= len || !text[from])
		return 0;
	quote = text[from] == '\'' || text[from] == '"' ? text[from++] : 0;
	for (*end = from; *end < len && text[*end]; ++*end) {
		if (text[*end] == '\\' && *end + 1 < len && text[*end + 1])
			++*end;
		else if (quote ? text[*end] == quote
			       : isspace((unsigned char)text[*end]) || text[*end] == '&')
			break;
	}
	return *end > from ? from : 0;
}

/* Returns whether a secret was replaced already. */
static bool is_masked(const char *secret, size_t len)
{
	size_t stars = 0;

	while (stars < len && secret[stars] == '*')
		stars++;
	return len <= 3 && stars == len;
}

/* Goes over the text once; sets *more when a secret was replaced. */
static size_t mask_once(char *text, size_t len, bool *more)
{
	size_t out = 0;

	*more = false;
	for (size_t i = 0; i < len;) {
		size_t begin = 0, end = 0;

		if (i + 3 <= len && !memcmp(text + i, "://", 3))
			begin = secret_of_uri(text, len, i + 3, &end);
		else if (text[i] == '=' && ends_in_keyword(text, out))
			begin = value_after(text, len, i + 1, &end);
		if (!begin) {
			text[out++] = text[i++];
			continue;
		}
		memmove(text + out, text + i, begin - i);
		out += begin - i;
		*more = *more || !is_masked(text + begin, end - begin);
		for (size_t n = 0; n < 3 && n < end - begin; n++)
			text[out++] = '*';
		i = end;
	}
	return out;
}

size_t secret_mask(char *text, size_t len)
{
	bool more = true;

	/* The end of a value that is one secret may be a part of another. */
	while (more)
		len = mask_once(text, len, &more);
	return len;
}
