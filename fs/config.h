#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>

#include "actor/actor.h"
#include "base/error.h"

#define CONFIG_TEXT_MAX 200

/* Flags that a mount of the past always has: the past is data, never power. */
#define CONFIG_PAST_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV)

/* What fsync waits for. */
enum fsync_choice {
	FSYNC_DATABASE, /* the disk of the server */
	FSYNC_JOURNAL,  /* the disk of the journal's file, which is this host's */
};

/* Who locks on files are asked of. */
enum locks_choice {
	LOCKS_LOCAL,   /* the kernel: they hold among the processes of this host */
	LOCKS_CLUSTER, /* the database: they hold across all mounts */
};

/* The command line of a mount: thulefs SOURCE DIR [-o OPT,...] [-f]. */
struct config {
	const char *source; /* `private`, or a libpq connection string or URI */
	const char *dir;
	bool there;      /* for mount(8): it is mounted at `dir` already */
	int dir_fd;      /* what was at `dir` when that was checked; -1 before */
	bool foreground; /* -f */
	bool help, version;
	bool helper; /* called as mount.fuse.thulefs, by mount(8) */
	bool remount, nosubtype, allow_other, default_permissions;
	unsigned long mount_flags; /* MS_*, see mount(2) */
	bool debug;
	bool acl;                               /* POSIX access control lists */
	bool magic;                             /* .thule/at is there */
	char home[CONFIG_TEXT_MAX + 1];         /* of the private PostgreSQL, or "" */
	char at[CONFIG_TEXT_MAX + 1];           /* the instant of a mount of the past, or "" */
	char journal_path[CONFIG_TEXT_MAX + 1]; /* of its file or the directory for it, or "" */
	uint64_t journal_bytes;                 /* 0: not said */
	long fsync;                             /* enum fsync_choice */
	long locks;                             /* enum locks_choice */
	long threads, cache_inodes;
	long transport;      /* enum transport_choice */
	long soft;           /* seconds that a request waits for the database; 0: for ever */
	bool keeper;         /* the mount lives through the daemon's death */
	long keeper_timeout; /* seconds to go on trying to start another */
	uint64_t cache_attributes, cache_data, cache_processes, cache_past; /* bytes */
	long actor;                                                         /* enum actor_detail */
	long past_timeout;  /* seconds that a question about the past may take */
	long past_owner;    /* 1: what is gone, and older versions, are for their owner alone */
	long history;       /* 0: keep no log and no old versions */
	char options[1024]; /* as given, for thule.mount */
};

/* Parses the command line; strings point into argv. False with *err set, ERR_USAGE. */
bool config_parse(struct config *c, int argc, char **argv, struct error *err);

/* Prints usage with all options to stdout. */
void config_usage(void);
