#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/budget.h"
#include "base/error.h"

/*
 * The process that asked for a change. One actor is one process running one program under one name
 * with one filesystem uid and gid: after execve(2) or prctl(PR_SET_NAME) the process is another
 * actor. Everything is as it was at the actor's first request; what can change without those (ppid,
 * session, cwd, chain, cgroup, ...) is not followed after that. Immutable but for `id`. Texts are
 * UTF-8 with \xNN escapes (proc_escape()) of at most PROC_TEXT_MAX bytes, "" when not known.
 */
struct actor {
	uint64_t id; /* of its first op; 0 until that is logged; the caller's, under its own lock */
	int pid;     /* thread group; 0: the kernel, or a process outside of our pid namespace */
	uint64_t start_time; /* clock ticks after boot; 0 when not known */
	int ppid;
	int session;       /* its session id, setsid(2); 0: none, or outside of our pid namespace */
	uint32_t uid, gid; /* of the request */
	int64_t loginuid;  /* -1: none set */
	unsigned int marks; /* enum actor_mark: base/mark.h */
	char *exe;          /* as the kernel has it; whether it is what it says: marks */
	char *comm;         /* of the process's main thread */
	char *cmdline;
	char *cgroup;
	char *cwd;
	char *chain;    /* ancestors from the parent up: "comm[pid] <- comm[pid]" (lineage.h) */
	char *unit;     /* of systemd, or container; from cgroup (unit.h) */
	char *username; /* of uid, raw; NULL when it has none */
	char *run;      /* which `thule run` it descends from, a UUID; NULL: none */
	char *tag;      /* of that run, raw; NULL with run */
	_Atomic unsigned refs;
};

/* Take and drop a reference. Any thread. Both accept NULL; actor_ref() returns its argument. */
struct actor *actor_ref(struct actor *actor);
void actor_unref(struct actor *actor);

/* Returns the bytes of memory that it takes. Accepts NULL. */
size_t actor_bytes(const struct actor *actor);

struct actor_cache;

/* How much is recorded of processes, for people who have secrets in command lines. */
enum actor_detail {
	ACTOR_FULL,
	ACTOR_BASIC, /* no cmdline, cwd and chain */
	ACTOR_OFF,   /* the user and group of the request and nothing else; /proc is not read */
};

/*
 * Returns a cache of the `capacity` (> 0) processes and threads that asked last, or fewer when they
 * take more than so many bytes; each entry keeps up to three descriptors open, and a quarter as
 * many as there are entries are of ancestors. Starts threads when they are first needed, so create
 * it after daemonising. NULL when out of memory.
 */
struct actor_cache *actor_cache_new(size_t capacity, uint64_t bytes, enum actor_detail detail);

/* Any thread. */
struct budget actor_cache_budget(struct actor_cache *cache);

/* Frees the cache. No call of actor_get() may be under way; actors that were handed out stay valid.
 * Accepts NULL. */
void actor_cache_free(struct actor_cache *cache);

/*
 * Returns the process that thread `tid` belongs to, as a reference for actor_unref(); `uid` and
 * `gid` are of the request. Call it while that thread waits for the answer to its request, which is
 * what makes the result exact. Any thread. NULL only when out of memory. A process that is gone or
 * hidden gives an actor with its pid and empty texts, tid 0 one with the comm "kernel" where the
 * kernel can name every process (ns_sees_host()). The same process, unchanged, gives the same actor
 * for as long as it is cached.
 *
 * Never waits longer than about 0.2 s: the memory of the process, which holds its cmdline, can be
 * locked by another of its threads that waits for this daemon. Then cmdline, and what else could
 * not be had, is "" or NULL, and run and tag are those of its ancestors.
 */
struct actor *actor_get(struct actor_cache *cache, pid_t tid, uint32_t uid, uint32_t gid);
