/* The command line of thulefs, as people, fstab and mount(8) write it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "config.h"
#include "suite.h"

#define MAX_WORDS 16

/* Parses a command line; its words are separated by blanks, `@` is an empty one. */
static bool parse(struct config *c, const char *line, struct error *err)
{
	static char copy[4096], program[] = "thulefs";
	char *argv[MAX_WORDS + 1] = {program}, *save = NULL;
	int argc = 1;

	ck_assert_uint_lt(strlen(line), sizeof(copy));
	strcpy(copy, line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		ck_assert_int_lt(argc, MAX_WORDS);
		if (!strcmp(w, "@"))
			w[0] = '\0';
		argv[argc++] = w;
	}
	optind = 0; /* getopt_long(3): starts over */
	memset(err, 0, sizeof(*err));
	return config_parse(c, argc, argv, err);
}

static struct config accept_line(const char *line)
{
	struct config c;
	struct error err;

	ck_assert_msg(parse(&c, line, &err), "%s: %s", line, err.text);
	return c;
}

/* `mention` is a word that the message must have, for the user to see what is meant. */
static void refuse_line(const char *line, const char *mention)
{
	struct config c;
	struct error err;

	ck_assert_msg(!parse(&c, line, &err), "accepted: %s", line);
	ck_assert_int_eq(err.class, ERR_USAGE);
	ck_assert_msg(strstr(err.text, mention) != NULL, "%s: %s", line, err.text);
}

START_TEST(defaults)
{
	struct config c = accept_line("private /mnt");

	ck_assert_str_eq(c.source, "private");
	ck_assert_str_eq(c.dir, "/mnt");
	ck_assert(!c.foreground && !c.help && !c.version && !c.remount);
	ck_assert(!c.nosubtype && !c.debug);
	ck_assert(c.default_permissions);
	/* What others may do with the mount is for root to give. */
	ck_assert_int_eq(c.allow_other, geteuid() == 0);
	ck_assert_uint_eq(c.mount_flags, geteuid() == 0 ? 0 : MS_NOSUID | MS_NODEV);
	ck_assert_int_eq(c.journal_bytes, 0);
	ck_assert_int_eq(c.cache_inodes, 100000);
	ck_assert_uint_eq(c.cache_attributes, 32 << 20);
	ck_assert_uint_eq(c.cache_processes, 4 << 20);
	ck_assert_int_eq(c.threads, 0);
	ck_assert_str_eq(c.options, "");
}
END_TEST

START_TEST(actor_words)
{
	ck_assert_int_eq(accept_line("a b").actor, ACTOR_FULL);
	ck_assert_int_eq(accept_line("a b -o actor=full").actor, ACTOR_FULL);
	ck_assert_int_eq(accept_line("a b -o actor=basic").actor, ACTOR_BASIC);
	ck_assert_int_eq(accept_line("a b -o actor=off,ro").actor, ACTOR_OFF);
	refuse_line("a b -o actor", "full, basic, off");
	refuse_line("a b -o actor=", "full, basic, off");
	refuse_line("a b -o actor=none", "full, basic, off");
	refuse_line("a b -o actor=FULL", "full, basic, off");
}
END_TEST

START_TEST(numbers)
{
	ck_assert_int_eq(accept_line("a b -o journal=8M").journal_bytes, 8 << 20);
	ck_assert_int_eq(accept_line("a b -o journal=4G").journal_bytes, INT64_C(4) << 30);
	ck_assert_int_eq(accept_line("a b -o threads=64,cache_inodes=1000").threads, 64);
	ck_assert_int_eq(accept_line("a b -o cache_inodes=100000000").cache_inodes, 100000000);
	ck_assert_uint_eq(accept_line("a b -o cache_attributes=16M").cache_attributes, 16 << 20);
	ck_assert_str_eq(accept_line("a b -o journal=/x/y,journal=5M").journal_path, "/x/y");
	ck_assert_int_eq(accept_line("a b -o journal=5000001").journal_bytes, 5001216);
	refuse_line("a b -o journal=3M", "from 4M to 4G");
	refuse_line("a b -o journal=5G", "from 4M to 4G");
	refuse_line("a b -o journal=-64M", "from 4M to 4G");
	refuse_line("a b -o journal=0x400000", "from 4M to 4G");
	ck_assert_int_eq(accept_line("a b").cache_past, 64 << 20);
	ck_assert_int_eq(accept_line("a b -o cache_past=1G").cache_past, 1 << 30);
	refuse_line("a b -o cache_past=512K", "from 1M");
	refuse_line("a b -o cache_past", "from 1M");
	ck_assert_int_eq(accept_line("a b").past_timeout, 30);
	refuse_line("a b -o past_timeout=0", "past_timeout");
	ck_assert_int_eq(accept_line("a b").soft, 0);
	ck_assert_int_eq(accept_line("a b -o hard,soft=5").soft, 5);
	ck_assert_int_eq(accept_line("a b -o soft=5,hard").soft, 0);
	refuse_line("a b -o soft", "from 1 to 86400, as in soft=30");
	refuse_line("a b -o soft=0", "from 1 to 86400");
	refuse_line("a b -o soft=5s", "from 1 to 86400");
	refuse_line("a b -o hard=5", "takes no value");
	refuse_line("a b -o journal=x/y", "absolute path");
	refuse_line("a b -o journal=", "absolute path");
	refuse_line("a b -o journal", "absolute path");
	refuse_line("a b -o journal=99999999999999999999", "from 4M to 4G");
	refuse_line("a b -o threads=65", "from 0 to 64");
	refuse_line("a b -o threads=-1", "from 0 to 64");
	refuse_line("a b -o cache_inodes=999", "cache_inodes");
	refuse_line("a b -o cache_attributes=15M", "cache_attributes");
	refuse_line("a b -o cache_processes", "cache_processes");
	refuse_line("a b -o cache_processes=-1", "cache_processes");
}
END_TEST

START_TEST(unknown)
{
	refuse_line("a b -o colour", "colour");
	refuse_line("a b -o ro,colour=blue,rw", "colour");
	refuse_line("a b -o journal", "journal");
	refuse_line("a b -o journals=8M", "journals");
	refuse_line("a b -o RO", "RO");
	refuse_line("a b -o ro=1", "ro");
	refuse_line("a b -o noatime=1", "noatime");
	refuse_line("a b -o =8", "=8");
	refuse_line("a b -q", "-q");
	refuse_line("a b -qf", "-q");
	refuse_line("a b --colour", "--colour");
}
END_TEST

START_TEST(missing)
{
	refuse_line("", "usage");
	refuse_line("a", "usage");
	refuse_line("-o ro", "usage");
	refuse_line("a b c", "usage");
	refuse_line("a b -o", "-o needs a value");
}
END_TEST

#define SET_ID (unsigned long)(MS_NOSUID | MS_NODEV)

/* Without what a user's mount has by itself. */
static unsigned long flags(const char *options)
{
	char line[256];

	snprintf(line, sizeof(line), "a b -o suid,dev -o %s", options);
	return accept_line(line).mount_flags;
}

START_TEST(lists)
{
	struct config c = accept_line("-o ro a -o threads=3,,noexec b -o nosubtype,noatime -o @");

	ck_assert(c.nosubtype);
	ck_assert_int_eq(c.threads, 3);
	ck_assert_str_eq(c.source, "a");
	ck_assert_str_eq(c.dir, "b");
	ck_assert_uint_eq(c.mount_flags & ~SET_ID, MS_RDONLY | MS_NOEXEC | MS_NOATIME);
	/* All of them, as they were given. */
	ck_assert_ptr_nonnull(strstr(c.options, "ro,threads=3,,noexec,nosubtype,noatime"));
	/* The last one counts. */
	ck_assert_uint_eq(flags("ro,rw"), 0);
	ck_assert_uint_eq(flags("rw -o ro"), MS_RDONLY);
	ck_assert_uint_eq(flags("nosuid,suid,dev"), 0);
	ck_assert_uint_eq(flags("nosuid,dev,nodev"), MS_NOSUID | MS_NODEV);
	ck_assert_uint_eq(flags("noatime,strictatime,nodiratime"), MS_STRICTATIME | MS_NODIRATIME);
	ck_assert_uint_eq(flags("strictatime,relatime"), MS_RELATIME);
	ck_assert_uint_eq(flags("lazytime,sync,noexec,async,exec"), MS_LAZYTIME);
	ck_assert(accept_line("a b -o remount,ro").remount);
	ck_assert(accept_line("a b -o allow_other,debug").allow_other);
}
END_TEST

START_TEST(too_long)
{
	char line[3000] = "a b -o ro";

	for (int i = 0; i < 400; i++)
		strcat(line, ",ro");
	refuse_line(line, "too many");
	/* Each list is short enough and together they are not. */
	strcpy(line, "a b");
	for (int i = 0; i < 3; i++) {
		strcat(line, " -o noatime");
		for (int j = 0; j < 50; j++)
			strcat(line, ",noatime");
	}
	refuse_line(line, "too many");
}
END_TEST

/* What mount(8) and fstab have, and xfstests sends: none of it is an error. */
START_TEST(past)
{
	struct config c = accept_line("private /mnt -o at=op:5,rw");

	ck_assert_str_eq(c.at, "op:5");
	ck_assert(c.mount_flags & MS_RDONLY);
	ck_assert(accept_line("private /mnt").magic);
	ck_assert(!accept_line("private /mnt -o nomagic").magic);
	/* Data, never power, whatever else is said. */
	ck_assert_uint_eq(accept_line("a b -o at=first,rw,suid,dev").mount_flags,
		MS_RDONLY | MS_NOSUID | MS_NODEV);
	ck_assert_int_eq(accept_line("a b").past_owner, 0);
	ck_assert_int_eq(accept_line("a b -o past=owner").past_owner, 1);
	refuse_line("a b -o past=root", "all, owner");
}
END_TEST

START_TEST(mount8)
{
	static const char *const words[] = {"rw", "ro", "remount", "nosuid", "suid", "nodev", "dev",
		"noexec", "exec", "sync", "async", "dirsync", "atime", "noatime", "relatime",
		"strictatime", "diratime", "nodiratime", "lazytime", "nolazytime", "defaults",
		"symfollow", "nosymfollow", "owner", "group", "nousers", "silent", "loud", "mand",
		"nomand", "iversion", "noiversion", "auto", "noauto", "user", "nouser", "users",
		"nofail", "_netdev", "allow_other", "default_permissions", "dax", "inlinecrypt",
		"noacl", "user_id=0", "group_id=0", "max_read=4096", "x-systemd.automount",
		"x-gvfs-name=a", "comment=words"};
	struct config c = accept_line("-s -n -v a#b:c /mnt -t fuse.thulefs -o rw,nosuid,nodev");
	char line[256];

	ck_assert_str_eq(c.source, "a#b:c");
	ck_assert_uint_eq(c.mount_flags, MS_NOSUID | MS_NODEV);
	ck_assert(accept_line("a b -r").mount_flags & MS_RDONLY);
	ck_assert(!(accept_line("a b -r -w").mount_flags & MS_RDONLY));
	ck_assert(!c.helper);
	ck_assert(accept_line("a b -f").foreground);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(line, sizeof(line), "a b -o %s", words[i]);
		accept_line(line);
	}
}
END_TEST

START_TEST(help_and_version)
{
	ck_assert(accept_line("--help").help);
	ck_assert(accept_line("-h").help);
	ck_assert(accept_line("--version").version);
	ck_assert(accept_line("-V").version);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, actor_words);
	tcase_add_test(tc, unknown);
	tcase_add_test(tc, missing);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, past);
	tcase_add_test(tc, mount8);
	tcase_add_test(tc, help_and_version);
}

int main(void)
{
	return suite_main("config", add_tests);
}
