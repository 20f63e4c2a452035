#include "config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/size.h"
#include "journal/ring.h"
#include "transport/transport.h"

enum option_type {
	OPT_FLAG,    /* sets a bool */
	OPT_UNFLAG,  /* clears it */
	OPT_NUMBER,  /* name=N, within min and max */
	OPT_SECONDS, /* the same; 0 when it is not given, and the fallback is an example */
	OPT_ZERO,    /* clears such a number */
	OPT_SIZE,    /* name=SIZE, the same in MiB; the field is a uint64_t, bytes */
	OPT_WORD,    /* name=WORD, one of `words`; the field is a long, the word's index */
	OPT_TEXT,    /* name=ANYTHING, of up to CONFIG_TEXT_MAX bytes */
	OPT_JOURNAL, /* name=PATH or name=SIZE */
	OPT_IGNORE,  /* means nothing here, but mount(8) and fstab have it */
};

struct option_def {
	const char *name;
	enum option_type type;
	size_t offset; /* in struct config */
	long fallback, min, max;
	const char *help; /* NULL: as mount(8) says */
	const char *const *words;
};

#define FIELD(f) offsetof(struct config, f)

/* enum actor_detail */
static const char *const actor_words[] = {
	[ACTOR_FULL] = "full", [ACTOR_BASIC] = "basic", [ACTOR_OFF] = "off", NULL};

/* Bools in a long. */
static const char *const past_words[] = {"all", "owner", NULL};
static const char *const transport_words[] = {
	[TRANSPORT_AUTO] = "auto", [TRANSPORT_URING] = "uring", [TRANSPORT_DEV] = "dev", NULL};
static const char *const fsync_words[] = {
	[FSYNC_DATABASE] = "database", [FSYNC_JOURNAL] = "journal", NULL};
static const char *const locks_words[] = {
	[LOCKS_LOCAL] = "local", [LOCKS_CLUSTER] = "cluster", NULL};
static const char *const off_on[] = {"off", "on", NULL};

static const struct option_def options[] = {
	{"journal", OPT_JOURNAL, 0, 0, 0, 0,
		"how much may be acknowledged and not yet committed (64M, or what fits), or the\n"
		"            file or directory of the journal; may be given once for each",
		NULL},
	{"fsync", OPT_WORD, FIELD(fsync), FSYNC_DATABASE, 0, 0,
		"what fsync waits for: that a change is on the disk of the database, or only\n"
		"            that it is in the journal on a disk of this host",
		fsync_words},
	{"locks", OPT_WORD, FIELD(locks), LOCKS_LOCAL, 0, 0,
		"where locks of flock(2) and fcntl(2) hold: local, on this host; cluster, across\n"
		"            all mounts that say so, by way of the database",
		locks_words},
	{"cache_inodes", OPT_NUMBER, FIELD(cache_inodes), 100000, 1000, 100000000,
		"inodes kept in memory, or fewer where they and their names take more than 1 KiB "
		"each",
		NULL},
	{"cache_attributes", OPT_SIZE, FIELD(cache_attributes), 32, 16, 1 << 20,
		"memory for extended attributes", NULL},
	{"cache_data", OPT_SIZE, FIELD(cache_data), 32, 1, 1 << 20,
		"memory for bytes of files that are read ahead, until the kernel has them", NULL},
	{"cache_processes", OPT_SIZE, FIELD(cache_processes), 4, 1, 1 << 20,
		"memory for what is known of processes that ask", NULL},
	{"cache_past", OPT_SIZE, FIELD(cache_past), 64, 1, 1 << 20,
		"memory for reading the past; what was used least recently is forgotten", NULL},
	{"threads", OPT_NUMBER, FIELD(threads), 0, 0, 64,
		"threads that serve requests (0: one per processor, at least 2)", NULL},
	{"transport", OPT_WORD, FIELD(transport), TRANSPORT_AUTO, 0, 0,
		"how requests come: uring, by io_uring; dev, by /dev/fuse; or auto, by io_uring\n"
		"            where the kernel offers it (`thule status` says which and why)",
		transport_words},
	{"hard", OPT_ZERO, FIELD(soft), 0, 0, 0,
		"have requests wait for a database that is away for as long as it takes: the "
		"default",
		NULL},
	{"soft", OPT_SECONDS, FIELD(soft), 30, 1, 86400,
		"have a request that waited this long for the database fail with EIO, fsync as "
		"well;\n"
		"            what was acknowledged is kept and committed when the database is back",
		NULL},
	{"keeper", OPT_FLAG, FIELD(keeper), 0, 0, 0,
		"have a second process hold the mount, and start the daemon again when it dies:\n"
		"            programs wait meanwhile (Linux 6.9; requests come by /dev/fuse)",
		NULL},
	{"keeper_timeout", OPT_NUMBER, FIELD(keeper_timeout), 60, 1, 86400,
		"seconds for which the keeper tries to start a daemon before it gives the mount up",
		NULL},
	{"actor", OPT_WORD, FIELD(actor), ACTOR_FULL, 0, 0,
		"what the log records of processes: full; basic, without command lines,\n"
		"            directories and ancestors; or off, users alone and no tags",
		actor_words},
	{"history", OPT_WORD, FIELD(history), 1, 0, 0,
		"off records neither log nor old versions, to measure what they cost: that\n"
		"            past is lost",
		off_on},
	{"home", OPT_TEXT, FIELD(home), 0, 0, 0,
		"the directory of the private PostgreSQL, whatever $THULE_HOME says", NULL},
	{"at", OPT_TEXT, FIELD(at), 0, 0, 0,
		"show the past: the whole tree as it was at this instant, read-only", NULL},
	{"past", OPT_WORD, FIELD(past_owner), 0, 0, 0,
		"owner shows removed files and old versions to their owner and root alone;\n"
		"            all shows them to everybody who could read them then and could now",
		past_words},
	{"past_timeout", OPT_NUMBER, FIELD(past_timeout), 30, 1, 86400,
		"seconds that one question about the past may take before it fails with ETIMEDOUT",
		NULL},
	{"noacl", OPT_UNFLAG, FIELD(acl), 0, 0, 0, "disable POSIX access control lists", NULL},
	{"nomagic", OPT_UNFLAG, FIELD(magic), 0, 0, 0, "disable .thule/at, the past, in the root",
		NULL},
	{"allow_other", OPT_FLAG, FIELD(allow_other), 0, 0, 0,
		"let other users in, as a mount by root always does", NULL},
	{"default_permissions", OPT_FLAG, FIELD(default_permissions), 0, 0, 0, "is always on",
		NULL},
	{"nosubtype", OPT_FLAG, FIELD(nosubtype), 0, 0, 0,
		"show the type `fuse` instead of `fuse.thulefs`", NULL},
	{"debug", OPT_FLAG, FIELD(debug), 0, 0, 0,
		"log each request and its reply, as libfuse does: to the terminal with -f,\n"
		"            else to syslog",
		NULL},
	{.name = "remount", .type = OPT_FLAG, .offset = FIELD(remount)},
	/* Options of other filesystems, without a meaning here. */
	{.name = "dax", .type = OPT_IGNORE},
	{.name = "inlinecrypt", .type = OPT_IGNORE},
	/* A remount comes with what /proc/mounts says of FUSE. */
	{.name = "user_id", .type = OPT_IGNORE},
	{.name = "group_id", .type = OPT_IGNORE},
	{.name = "max_read", .type = OPT_IGNORE},
	{.name = "blksize", .type = OPT_IGNORE},
	{.name = "defaults", .type = OPT_IGNORE},
	{.name = "auto", .type = OPT_IGNORE},
	{.name = "noauto", .type = OPT_IGNORE},
	{.name = "user", .type = OPT_IGNORE},
	{.name = "nouser", .type = OPT_IGNORE},
	{.name = "users", .type = OPT_IGNORE},
	{.name = "nousers", .type = OPT_IGNORE},
	{.name = "owner", .type = OPT_IGNORE},
	{.name = "noowner", .type = OPT_IGNORE},
	{.name = "group", .type = OPT_IGNORE},
	{.name = "nogroup", .type = OPT_IGNORE},
	{.name = "silent", .type = OPT_IGNORE},
	{.name = "loud", .type = OPT_IGNORE},
	{.name = "mand", .type = OPT_IGNORE},
	{.name = "nomand", .type = OPT_IGNORE},
	{.name = "iversion", .type = OPT_IGNORE},
	{.name = "noiversion", .type = OPT_IGNORE},
	{.name = "nofail", .type = OPT_IGNORE},
	{.name = "_netdev", .type = OPT_IGNORE},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* The flags of mount(2), and the options that set and clear them. */
static const struct {
	const char *name;
	unsigned long set, clear;
} mount_flags[] = {
	{"ro", MS_RDONLY, 0},
	{"rw", 0, MS_RDONLY},
	{"suid", 0, MS_NOSUID},
	{"nosuid", MS_NOSUID, 0},
	{"dev", 0, MS_NODEV},
	{"nodev", MS_NODEV, 0},
	{"exec", 0, MS_NOEXEC},
	{"noexec", MS_NOEXEC, 0},
	{"symfollow", 0, MS_NOSYMFOLLOW},
	{"nosymfollow", MS_NOSYMFOLLOW, 0},
	{"sync", MS_SYNCHRONOUS, 0},
	{"async", 0, MS_SYNCHRONOUS},
	{"dirsync", MS_DIRSYNC, 0},
	{"atime", 0, MS_NOATIME},
	{"noatime", MS_NOATIME, MS_RELATIME | MS_STRICTATIME},
	{"relatime", MS_RELATIME, MS_NOATIME | MS_STRICTATIME},
	{"norelatime", 0, MS_RELATIME},
	{"strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME},
	{"nostrictatime", 0, MS_STRICTATIME},
	{"diratime", 0, MS_NODIRATIME},
	{"nodiratime", MS_NODIRATIME, 0},
	{"lazytime", MS_LAZYTIME, 0},
	{"nolazytime", 0, MS_LAZYTIME},
};
#define MOUNT_FLAG_COUNT (sizeof(mount_flags) / sizeof(mount_flags[0]))

static const struct option_def *find_option(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strlen(options[i].name) == len && !strncmp(options[i].name, name, len))
			return &options[i];
	return NULL;
}

static bool set_number(
	struct config *c, const struct option_def *o, const char *value, struct error *err)
{
	char *end;
	long n = value ? strtol(value, &end, 10) : 0;

	if (!value || !*value || *end || n < o->min || n > o->max)
		return error_set(err, ERR_USAGE,
			"option %s takes a number from %ld to %ld, as in %s=%ld", o->name, o->min,
			o->max, o->name, o->fallback);
	*(long *)((char *)c + o->offset) = n;
	return true;
}

static bool set_size(
	struct config *c, const struct option_def *o, const char *value, struct error *err)
{
	uint64_t bytes;

	if (!value || !size_parse(value, &bytes) || bytes >> 20 < (uint64_t)o->min ||
		bytes > (uint64_t)o->max << 20)
		return error_set(err, ERR_USAGE,
			"option %s takes a size from %ldM to %ldG, as in %s=%ldM", o->name, o->min,
			o->max >> 10, o->name, o->fallback);
	*(uint64_t *)((char *)c + o->offset) = bytes;
	return true;
}

static bool set_word(
	struct config *c, const struct option_def *o, const char *value, struct error *err)
{
	char list[128] = "";

	for (long i = 0; o->words[i]; i++) {
		if (value && !strcmp(value, o->words[i])) {
			*(long *)((char *)c + o->offset) = i;
			return true;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			o->words[i]);
	}
	return error_set(err, ERR_USAGE, "option %s takes one of %s, as in %s=%s", o->name, list,
		o->name, o->words[o->fallback]);
}

static bool set_text(
	struct config *c, const struct option_def *o, const char *value, struct error *err)
{
	size_t n = strlen(value);

	if (n == 0 || n > CONFIG_TEXT_MAX)
		return error_set(err, ERR_USAGE, "option %s takes a value of up to %d bytes",
			o->name, CONFIG_TEXT_MAX);
	memcpy((char *)c + o->offset, value, n + 1);
	return true;
}

static bool set_journal(struct config *c, const char *value, struct error *err)
{
	uint64_t bytes;

	if (*value == '/' && strlen(value) <= CONFIG_TEXT_MAX) {
		strcpy(c->journal_path, value);
		return true;
	}
	if (!size_parse(value, &bytes) || bytes < RING_SIZE_MIN || bytes > RING_SIZE_MAX)
		return error_set(err, ERR_USAGE,
			"option journal takes a size from %zuM to %zuG, as in journal=64M, or the "
			"absolute path of a file or directory, of up to %d bytes",
			RING_SIZE_MIN >> 20, RING_SIZE_MAX >> 30, CONFIG_TEXT_MAX);
	/* Whole pages. */
	c->journal_bytes = (bytes + 4095) / 4096 * 4096;
	return true;
}

static bool append(char *list, size_t size, const char *word)
{
	size_t n = strlen(list);
	return (size_t)snprintf(list + n, size - n, "%s%s", n ? "," : "", word) < size - n;
}

static bool set_mount_flag(struct config *c, const char *word)
{
	for (size_t i = 0; i < MOUNT_FLAG_COUNT; i++)
		if (!strcmp(mount_flags[i].name, word)) {
			c->mount_flags =
				(c->mount_flags & ~mount_flags[i].clear) | mount_flags[i].set;
			return true;
		}
	return false;
}

static bool set_option(struct config *c, const char *word, struct error *err)
{
	const char *value = strchr(word, '=');
	const struct option_def *o =
		find_option(word, value ? (size_t)(value - word) : strlen(word));

	if (!strncmp(word, "x-", 2) || !strncmp(word, "comment=", 8) || set_mount_flag(c, word))
		return true;
	if (!o)
		return error_set(err, ERR_USAGE,
			"unknown mount option \"%s\": `thulefs --help` lists them", word);
	if (value && (o->type == OPT_FLAG || o->type == OPT_UNFLAG || o->type == OPT_ZERO))
		return error_set(err, ERR_USAGE, "mount option \"%s\" takes no value", o->name);
	switch (o->type) {
	case OPT_FLAG:
	case OPT_UNFLAG:
		*(bool *)((char *)c + o->offset) = o->type == OPT_FLAG;
		return true;
	case OPT_ZERO:
		*(long *)((char *)c + o->offset) = 0;
		return true;
	case OPT_NUMBER:
	case OPT_SECONDS:
		return set_number(c, o, value ? value + 1 : NULL, err);
	case OPT_SIZE:
		return set_size(c, o, value ? value + 1 : NULL, err);
	case OPT_WORD:
		return set_word(c, o, value ? value + 1 : NULL, err);
	case OPT_TEXT:
		return set_text(c, o, value ? value + 1 : "", err);
	case OPT_JOURNAL:
		return set_journal(c, value ? value + 1 : "", err);
	case OPT_IGNORE:
		break;
	}
	return true;
}

static bool set_options(struct config *c, const char *list, struct error *err)
{
	char copy[1024], *save = NULL;

	if (strlen(list) >= sizeof(copy) || !append(c->options, sizeof(c->options), list))
		return error_set(
			err, ERR_USAGE, "there are too many mount options: leave some out");
	strcpy(copy, list);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (!set_option(c, word, err))
			return false;
	return true;
}

static void set_defaults(struct config *c)
{
	*c = (struct config){.dir_fd = -1};
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options[i].type == OPT_NUMBER || options[i].type == OPT_WORD)
			*(long *)((char *)c + options[i].offset) = options[i].fallback;
		else if (options[i].type == OPT_SIZE)
			*(uint64_t *)((char *)c + options[i].offset) = (uint64_t)options[i].fallback
								       << 20;
	c->default_permissions = c->magic = c->acl = true;
	/* Root decides what others may do with a mount. */
	c->allow_other = geteuid() == 0;
	c->mount_flags = geteuid() == 0 ? 0 : MS_NOSUID | MS_NODEV;
}

static bool is_helper(const char *called)
{
	const char *slash = strrchr(called, '/');

	return !strncmp(slash ? slash + 1 : called, "mount.", strlen("mount."));
}

/* Explains an option that getopt_long() does not take; `word` is what it read last. */
static bool refuse_option(const char *word, struct error *err)
{
	if (optopt && strncmp(word, "--", 2) != 0)
		return error_set(
			err, ERR_USAGE, "unknown option -%c: `thulefs --help` lists them", optopt);
	return error_set(err, ERR_USAGE, "unknown option %s: `thulefs --help` lists them", word);
}

bool config_parse(struct config *c, int argc, char **argv, struct error *err)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int opt;

	set_defaults(c);
	c->helper = argc > 0 && is_helper(argv[0]);
	opterr = 0;
	/* mount(8) calls its helpers with -s, -n, -v and -t, which say nothing that we need. */
	while ((opt = getopt_long(argc, argv, ":o:fhVsnvrwt:", longs, NULL)) != -1) {
		switch (opt) {
		case 'o':
			if (!set_options(c, optarg, err))
				return false;
			break;
		case 'f':
			c->foreground = true;
			break;
		case 'h':
			c->help = true;
			return true;
		case 'V':
			c->version = true;
			return true;
		case 'r':
			c->mount_flags |= MS_RDONLY;
			break;
		case 'w':
			c->mount_flags &= ~(unsigned long)MS_RDONLY;
			break;
		case ':':
			return error_set(err, ERR_USAGE,
				"option -%c needs a value: see `thulefs --help`", optopt);
		case '?':
			return refuse_option(argv[optind - 1], err);
		}
	}
	if (argc - optind != 2)
		return error_set(err, ERR_USAGE, "usage: thulefs SOURCE DIR [-o OPTIONS] [-f]");
	if (*c->at)
		c->mount_flags |= CONFIG_PAST_FLAGS;
	if (c->locks == LOCKS_CLUSTER && c->keeper)
		return error_set(err, ERR_USAGE,
			"locks=cluster and keeper do not go together: locks end with the daemon "
			"that has them; leave one of both out");
	c->source = argv[optind];
	c->dir = argv[optind + 1];
	return true;
}

void config_usage(void)
{
	puts("usage: thulefs SOURCE DIR [-o OPTION,...] [-f]\n"
	     "\n"
	     "Mounts the filesystem of the PostgreSQL database SOURCE at the directory DIR.\n"
	     "SOURCE is a connection string or URI as libpq takes it, or `private`, a server of\n"
	     "its own, which is created when it does not exist.\n"
	     "\n"
	     "  -f  stay in the foreground and log to stderr\n"
	     "  -o  options, beside those of mount(8):");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_def *o = &options[i];
		if (o->help && o->type == OPT_NUMBER)
			printf("        %s=%ld  %s\n", o->name, o->fallback, o->help);
		else if (o->help && o->type == OPT_SECONDS)
			printf("        %s=SECONDS  %s\n", o->name, o->help);
		else if (o->help && o->type == OPT_SIZE)
			printf("        %s=%ldM  %s\n", o->name, o->fallback, o->help);
		else if (o->help && o->type == OPT_WORD)
			printf("        %s=%s  %s\n", o->name, o->words[o->fallback], o->help);
		else if (o->help && o->type == OPT_TEXT)
			printf("        %s=T  %s\n", o->name, o->help);
		else if (o->help && o->type == OPT_JOURNAL)
			printf("        %s=PATH|SIZE  %s\n", o->name, o->help);
		else if (o->help)
			printf("        %s  %s\n", o->name, o->help);
	}
}
