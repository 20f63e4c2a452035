/*
 * What people and fstab type: sizes, options of a mount, connection strings. What is shown of a
 * connection string has no password.
 *
 * runs: 200000
 * max_len: 2048
 */
#include <getopt.h>

#include "base/secret.h"
#include "base/size.h"
#include "config.h"
#include "db/source.h"
#include "fuzz.h"
#include "journal/ring.h"

#define WORDS_MAX 12

static void check_size(const char *text)
{
	uint64_t bytes = 0;

	if (size_parse(text, &bytes))
		MUST(bytes >= 1 && bytes <= UINT64_C(1) << 62);
	else
		MUST(bytes == 0);
}

/* The words of a command line are divided by newlines. */
static void check_options(const char *text)
{
	static struct config c;
	char program[] = "thulefs", *copy = strdup(text), *rest = copy;
	char *argv[WORDS_MAX + 2] = {program};
	struct error err = {0};
	int argc = 1;

	while (rest && argc <= WORDS_MAX)
		argv[argc++] = strsep(&rest, "\n");
	optind = 0; /* getopt_long(3): starts over */
	if (!config_parse(&c, argc, argv, &err))
		MUST(err.class == ERR_USAGE && *err.text);
	else if (!c.help && !c.version)
		MUST(c.source && c.dir &&
			(!c.journal_bytes || (c.journal_bytes >= RING_SIZE_MIN &&
						     c.journal_bytes <= RING_SIZE_MAX)) &&
			(!*c.at || (c.mount_flags & CONFIG_PAST_FLAGS) == CONFIG_PAST_FLAGS));
	free(copy);
}

static void check_source(const char *text)
{
	static char shown[SOURCE_MAX];
	struct error err = {0};
	PQconninfoOption *options;

	if (!source_public(text, shown, sizeof(shown), &err)) {
		MUST(err.class == ERR_USAGE && *err.text);
		return;
	}
	if (!strncmp(shown, "private", 7))
		return;
	options = source_parse(shown, &err);
	MUST(options && !source_has_secret(options));
	PQconninfoFree(options);
}

static void check_mask(const char *text)
{
	size_t len = strlen(text), n;
	char *masked = malloc(len + 1);

	memcpy(masked, text, len);
	n = secret_mask(masked, len);
	MUST(n <= len);
	/* What is masked stays so. */
	MUST(secret_mask(masked, n) == n);
	free(masked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	char *text = input_text(&in, size);

	check_size(text);
	check_options(text);
	check_source(text);
	check_mask(text);
	free(text);
	return 0;
}
