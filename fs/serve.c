#include "serve.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "control/control.h"
#include "control/listener.h"
#include "control/orphans.h"
#include "control/runs.h"
#include "db/libpq.h"
#include "db/source.h"
#include "door/door.h"
#include "fs.h"
#include "mount/instant.h"
#include "mount/mountpoint.h"
#include "mount/present.h"
#include "mount/registration.h"
#include "mount/successor.h"
#include "op/access.h"
#include "op/content.h"
#include "op/follow.h"
#include "op/lock.h"
#include "op/nearby.h"
#include "op/orphans.h"
#include "past/past.h"
#include "request/requests.h"
#include "route.h"
#include "signals.h"
#include "visitors.h"

/* Processes that are remembered, where there are descriptors for them. */
#define ACTORS_MAX 512

/* The pieces of a mounted filesystem, in the order in which they start; they stop in the opposite
 * one. */
struct server {
	const struct serve_ready *ready;
	struct origin origin;
	struct present present; /* of a mount of the past, the id of the mount alone */
	struct fs fs;
	struct fuse_session *session;
	struct invalidator *invalidator;
	struct control *control;
	struct live *live;
	struct listener *listener;
	struct door *door; /* NULL: there is none */
	struct signals *signals;
	atomic_bool stopping;
	bool served; /* requests were taken */
};

static unsigned int thread_count(const struct config *c)
{
	long n = c->threads ? c->threads : sysconf(_SC_NPROCESSORS_ONLN);
	return n < 2 ? 2 : n > 64 ? 64 : (unsigned int)n;
}

/* Waits until a new session of the reader may ask: a server that crashed may lack what it had. */
static void reader_reconnected(void *arg)
{
	struct server *s = arg;

	if (s->fs.journal)
		journal_wait_flushed(s->fs.journal);
	else
		instant_await(s->origin.conninfo, s->fs.config.at_op, &s->stopping);
}

/* Opens and shuts the reader with the lease: nothing is asked of a database that may be somebody
 * else's. */
static void lease_changed(void *arg, enum journal_lease lease)
{
	static const enum reader_gate gates[] = {
		[JOURNAL_LEASED] = READER_OPEN,
		[JOURNAL_LEASE_LOST] = READER_HELD,
		[JOURNAL_LEASE_GONE] = READER_SHUT,
	};
	struct server *s = arg;

	reader_set_gate(s->fs.reader, gates[lease]);
	direct_set_gate(s->fs.direct, gates[lease]);
	reader_pool_set_gate(s->fs.past_reader, gates[lease]);
	/* Another may have had it meanwhile, and been asked by those who open files. */
	if (lease == JOURNAL_LEASED)
		follow_promise(&s->fs, FOLLOW_TAKEN_NS);
}

/*
 * Returns how many processes that asked are remembered, with up to three descriptors each: half of
 * those that there are is theirs, the rest is for requests, ancestors, connections and helpers.
 */
static size_t actor_room(void)
{
	size_t limit = descriptors_raise();

	return limit == 0 ? ACTORS_MAX / 8 : limit / 6 < ACTORS_MAX ? limit / 6 + 1 : ACTORS_MAX;
}

/* Starts the connections of the present, and those of the past. */
static bool start_readers(struct server *s, struct error *err)
{
	struct reader_config present = {.database = s->origin.database,
		.application = "thulefs reader",
		.statements = reader_present,
		.trace = s->fs.trace,
		.reconnected = reader_reconnected,
		.arg = s};
	struct reader_config past = present;

	past.application = "thulefs past";
	past.statements = reader_past;
	past.statements.limit = (unsigned int)s->origin.config->past_timeout;
	past.advice = PAST_TIMEOUT_ADVICE;
	s->fs.reader = reader_start(&present, err);
	if (!s->fs.reader)
		return false;
	present.application = "thulefs direct";
	s->fs.direct = direct_start(&present, s->fs.reader, err);
	s->fs.past_reader = s->fs.direct ? reader_pool_start(&past, err) : NULL;
	return s->fs.past_reader != NULL;
}

/* Starts what asks the database, and remembers who asked. */
static bool start_database(struct server *s, bool past, struct error *err)
{
	const struct origin *o = &s->origin;

	if (!(past ? instant_open(o, &s->fs, &s->present.mount, err)
		   : present_open(&s->present, o, &s->fs, err)))
		return false;
	s->fs.actors = actor_cache_new(
		actor_room(), o->config->cache_processes, (enum actor_detail)o->config->actor);
	if (!s->fs.actors)
		return error_set(err, ERR_SYSTEM, "out of memory");
	if (!start_readers(s, err))
		return false;
	if (!past)
		journal_on_lease(s->fs.journal, lease_changed, s);
	if (!past && !successor_restore(&s->fs, o->conninfo, err))
		return false;
	if (!figures_start(&s->fs.figures, s->fs.reader, err))
		return false;
	return past || orphans_load(&s->fs, o->conninfo, err);
}

static void interrupted(void *arg)
{
	const struct fs *fs = arg;

	locking_look(fs->locking);
}

static bool start_locks(struct server *s, struct error *err)
{
	struct locking_config config = {.conninfo = s->origin.conninfo,
		.mount = s->present.mount,
		.settled = lock_settled,
		.lost = lock_lost,
		.arg = &s->fs};

	if (!s->fs.config.cluster_locks)
		return true;
	s->fs.locking = locking_start(&config, err);
	return s->fs.locking != NULL;
}

static bool start_mount(struct server *s, struct error *err)
{
	const struct origin *o = &s->origin;
	struct kept *kept = s->fs.kept;
	const int *fds;
	unsigned int device;

	if (kept && kept_fds(kept, &fds)) {
		device = kept_device(kept);
		s->session =
			mountpoint_take(o->config, o->source, &fs_operations, &s->fs, fds[0], err);
	} else {
		s->ready->mounting(s->ready->arg);
		s->session = mountpoint_mount(
			o->config, o->path, o->source, &fs_operations, &s->fs, &device, err);
		if (kept && s->session)
			kept_set_device(kept, device);
	}
	if (!s->session || !registration_device(o->conninfo, s->present.mount, device, err))
		return false;
	s->fs.transport = transport_new(s->session, (enum transport_choice)o->config->transport,
		thread_count(o->config), kept, err);
	if (s->fs.transport) {
		requests_on_interrupt(transport_requests(s->fs.transport), interrupted, &s->fs);
		requests_set_trace(transport_requests(s->fs.transport), s->fs.trace);
		requests_set_limit(
			transport_requests(s->fs.transport), o->config->soft * INT64_C(1000000000));
		s->listener = listener_start(&s->fs, device, err);
	}
	return s->listener != NULL;
}

/* Starts what a mount that writes has beside its requests. */
static bool start_services(struct server *s, struct error *err)
{
	const struct origin *o = &s->origin;

	if (!runs_recover(o->conninfo, &s->fs.host, !s->fs.state.shared, err))
		return false;
	s->live = live_new(&s->fs, s->present.mount, o->path, err);
	if (!s->live)
		return false;
	s->invalidator = invalidator_start(&s->fs, s->session, err);
	if (!s->invalidator)
		return false;
	s->control = control_start(
		&s->fs, o->conninfo, s->present.mount, s->session, s->live, s->invalidator, err);
	if (!s->control)
		return false;
	s->door = visitors_start(&s->fs, o->conninfo, o->path, o->config->allow_other);
	return true;
}

static bool start(struct server *s, struct error *err)
{
	bool past = *s->origin.config->at;

	s->fs.past = past_new(s->origin.config->cache_past);
	if (s->fs.kept) {
		size_t count;
		uint64_t *instants = kept_instants(s->fs.kept, &count);

		past_keep(s->fs.past, instants, count);
	}
	s->fs.access = access_new();
	s->fs.nearby = nearby_new();
	s->fs.contents = contents_new(&s->fs);
	if (!start_database(s, past, err) || !start_locks(s, err) || !start_mount(s, err) ||
		(!past && !start_services(s, err)))
		return false;
	s->signals = signals_start(s->origin.path, &s->fs, err);
	return s->signals != NULL;
}

/* Drops what a handle holds: the kernel does not always close what was open when it unmounts. */
static void drop_opener(void *arg, struct handle *h)
{
	actor_unref(h->opener);
	h->opener = NULL;
}

static bool stop(struct server *s, struct error *err)
{
	bool clean = true;

	signals_stop(s->signals);
	atomic_store(&s->stopping, true);
	listener_stop(s->listener);
	door_stop(s->door);
	/* Locks end with their session, after all that was written under them is committed. */
	locking_stop(s->fs.locking);
	control_stop(s->control);
	live_free(s->live);
	/* What is open stays for the next daemon, if this one did not come to serve. */
	if (s->fs.journal && s->fs.actors && (s->served || !s->fs.kept))
		orphans_end(&s->fs, true);
	/* Their threads call each other and reply, so all of them end before any of them goes. */
	if (s->fs.journal)
		clean = journal_stop(s->fs.journal);
	direct_stop(s->fs.direct);
	reader_stop(s->fs.reader);
	reader_pool_stop(s->fs.past_reader);
	/* Those who go on with what waited for them still use all that is freed below, and reply.
	 */
	transport_free(s->fs.transport);
	/* Nobody's request keeps the kernel from dropping what it is told to. */
	invalidator_free(s->invalidator);
	/* Closes the descriptor that they replied on. */
	if (s->session)
		mountpoint_unmount(s->origin.config, s->session);
	locking_free(s->fs.locking);
	if (s->fs.journal)
		present_close(&s->present, &s->fs, clean, err);
	else
		registration_close(s->origin.conninfo, s->present.mount);
	past_free(s->fs.past);
	access_free(s->fs.access);
	nearby_free(s->fs.nearby);
	contents_free(s->fs.contents);
	handles_each(&s->fs.state, drop_opener, NULL);
	actor_cache_free(s->fs.actors);
	if (s->session)
		fuse_session_destroy(s->session);
	fs_destroy(&s->fs);
	database_free(s->origin.database);
	return clean;
}

static struct server *server_new(const struct config *config, const char *conninfo,
	const char *data, const struct serve_ready *ready, struct error *err)
{
	struct server *s = calloc(1, sizeof(*s));
	struct fs_config fs_config = {.conninfo = conninfo,
		.limits = {(size_t)config->cache_inodes, config->cache_attributes,
			config->cache_data},
		.magic = config->magic && !*config->at,
		.past_owner = config->past_owner,
		.cluster_locks = config->locks == LOCKS_CLUSTER && !*config->at,
		.acl = config->acl};
	struct origin *o;

	if (!s) {
		error_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	s->ready = ready;
	o = &s->origin;
	o->config = config;
	o->conninfo = conninfo;
	o->data = data;
	snprintf(o->path, sizeof(o->path), "%s", config->dir);
	if (!source_public(config->source, o->source, sizeof(o->source), err)) {
		free(s);
		return NULL;
	}
	o->database = libpq_database(conninfo, config->history);
	fs_init(&s->fs, &fs_config);
	return s;
}

bool serve(const struct config *config, const char *conninfo, const char *place, const char *data,
	struct kept *kept, const struct serve_ready *ready, struct error *err)
{
	struct server *s = server_new(config, conninfo, data, ready, err);
	char message[PATH_MAX + 2048];
	bool ok;

	if (!s)
		return false;
	s->fs.kept = kept;
	signals_block();
	if (!start(s, err)) {
		stop(s, NULL);
		free(s);
		return false;
	}
	snprintf(message, sizeof(message), "%s mounted: %s", s->origin.path, place);
	if (!ready->fn(ready->arg, message))
		kill(getpid(), SIGTERM);
	s->served = true;
	transport_run(s->fs.transport);
	ok = stop(s, err);
	free(s);
	return ok;
}
