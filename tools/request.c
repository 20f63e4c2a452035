#include "request.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "base/show.h"
#include "db/conn.h"
#include "db/pooler.h"
#include "door.h"
#include "print.h"
#include "self.h"
#include "sync.h"

/* The interval in which a request is looked at, besides the announcement of its answer. */
#define LOOK_MS    1000
#define PATIENCE_S 60
/*
 * The time by which an announcement may come after its answer: the kernel's caches are invalidated
 * first.
 */
#define ANNOUNCED_S 10

static bool take_lease(PGconn *conn, bool *taken, struct error *err)
{
	/* The lease and the announcement of the answer need one session. */
	PGresult *res = pooler_pass(conn, err) ? ask(conn, STMT_REQUEST_LEASE, 0, NULL, err) : NULL;

	*taken = res && PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	return res != NULL;
}

/*
 * Checks that the last daemon ended well: changes that it acknowledged and did not commit have ids
 * that are free in the database.
 */
static bool ended_well(PGconn *conn, struct error *err)
{
	PGresult *res = ask(conn, STMT_REQUEST_UNCLEAN, 0, NULL, err);
	bool ok = res && PQntuples(res) == 0;

	if (res && !ok)
		error_set(err, ERR_BUSY,
			"the daemon of the mount at %s did not end as it should: mount the "
			"filesystem once more, so that nothing in its journal is lost",
			PQgetvalue(res, 0, 0));
	PQclear(res);
	return ok;
}

static bool insert(PGconn *conn, const char *kind, const char *args, char id[24], struct error *err)
{
	char *actor = self_actor(conn, err);
	const char *params[] = {kind, args, actor};
	PGresult *res = actor ? ask(conn, STMT_REQUEST_INSERT, 3, params, err) : NULL;

	if (res)
		snprintf(id, 24, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	free(actor);
	return res != NULL;
}

static char *result_of(PGconn *conn, const char *id, struct error *err)
{
	PGresult *res = ask(conn, STMT_REQUEST_STATE, 1, &id, err);
	char *result = res ? strdup(PQgetvalue(res, 0, 2)) : NULL;

	PQclear(res);
	return result;
}

/* Performs a request with the lease, in one transaction. */
static char *perform(PGconn *conn, const char *kind, const char *args, struct progress *progress,
	struct error *err)
{
	char id[24], *result = NULL;
	const char *params[] = {id};
	PGresult *res;

	if (!ended_well(conn, err) ||
		!db_exec(conn, "begin; set local synchronous_commit = on", err) ||
		!insert(conn, kind, args, id, err))
		return NULL;
	if (progress && progress->shown)
		progress_listen(progress, conn);
	res = ask(conn, STMT_REQUEST_PERFORM, 1, params, err);
	if (progress && progress->shown)
		progress_listen(NULL, conn);
	PQclear(res);
	if (!res)
		return NULL;
	result = result_of(conn, id, err);
	if (result && !db_exec(conn, "commit", err)) {
		free(result);
		result = NULL;
	}
	return result;
}

/*
 * Opens a descriptor for the signals that end a program, since a request may have to be cancelled.
 * Signals that the caller has blocked are not for this program, or come too late for it.
 */
static int signals_open(sigset_t *old)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	sigprocmask(SIG_BLOCK, NULL, old);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigismember(old, signals[i]))
			sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void signals_close(int *fd, const sigset_t *old)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	sigprocmask(SIG_SETMASK, old, NULL);
}

/*
 * Obeys a signal: cancels the request and ends the program by the signal. A request that has begun
 * goes on, and the program waits for it until the next signal.
 */
static void obey_signal(PGconn *conn, const char *id, int *fd, const sigset_t *old)
{
	struct signalfd_siginfo info;
	PGresult *res;
	bool taken_back;

	if (read(*fd, &info, sizeof(info)) != sizeof(info))
		return;
	res = ask(conn, STMT_REQUEST_CANCEL, 1, &id, NULL);
	taken_back = res && PQntuples(res) == 1;
	PQclear(res);
	signals_close(fd, old);
	if (taken_back) {
		show_line(stderr, "thule: cancelled before it began: nothing has changed\n");
		raise((int)info.ssi_signo);
	}
	show_line(stderr, "thule: it has begun and cannot be cancelled: waiting for its end\n");
}

/*
 * Waits for a notification or LOOK_MS. Sets *announced when the answer to request `id` was
 * announced.
 */
static bool wait_a_while(
	PGconn *conn, const char *id, int signals, bool *announced, struct error *err)
{
	struct pollfd p[2] = {
		{.fd = PQsocket(conn), .events = POLLIN},
		{.fd = signals, .events = POLLIN},
	};
	PGnotify *n;

	if (poll(p, 2, LOOK_MS) < 0 && errno != EINTR)
		return error_sys(err, "cannot wait for the database");
	if (p[0].revents && !PQconsumeInput(conn))
		return db_error(conn, NULL, "cannot wait for the database", err);
	while ((n = PQnotifies(conn))) {
		*announced = *announced || !strcmp(n->extra, id);
		PQfreemem(n);
	}
	return true;
}

/* Waits until the answer is announced, or those who gave it are gone. */
static void await_announcement(PGconn *conn, const char *id, bool announced)
{
	time_t start = time(NULL);

	while (!announced && time(NULL) - start < ANNOUNCED_S)
		if (!wait_a_while(conn, id, -1, &announced, NULL))
			return;
}

/*
 * Looks at a request once. Sets *holder when somebody has the lease. Returns true when it is
 * decided, with *result or *err set.
 */
static bool look(PGconn *conn, const char *id, char **result, bool *holder, bool say,
	struct progress *progress, struct error *err)
{
	PGresult *res = ask(conn, STMT_REQUEST_STATE, 1, &id, err);
	bool decided = true;

	if (!res)
		return true;
	if (PQntuples(res) == 0)
		error_set(err, ERR_NOT_FOUND, "somebody has cancelled the request");
	else if (PQgetvalue(res, 0, 0)[0] != 't')
		decided = false;
	else if (!PQgetisnull(res, 0, 1))
		error_set(err, ERR_NOT_FOUND, "%s", PQgetvalue(res, 0, 1));
	else
		*result = strdup(PQgetvalue(res, 0, 2));
	*holder = !decided && PQgetvalue(res, 0, 3)[0] == 't';
	if (progress && !decided && !PQgetisnull(res, 0, 5))
		progress_step(progress, atof(PQgetvalue(res, 0, 5)), 100, "");
	if (!decided && say)
		show_line(stderr, "thule: still waiting for %s\n", PQgetvalue(res, 0, 4));
	PQclear(res);
	return decided;
}

/*
 * Waits until a request is decided. Returns false when nobody is left who could decide it.
 * `signals` and `old` come from signals_open(), and are closed.
 */
static bool wait_for_answer(PGconn *conn, const char *id, int signals, const sigset_t *old,
	char **result, struct progress *progress, struct error *err)
{
	time_t start = time(NULL);
	bool holder = true, said = false, announced = false, decided = false, ok = true;

	while (ok && holder && !decided) {
		bool say = !said && time(NULL) - start >= PATIENCE_S;
		decided = look(conn, id, result, &holder, say, progress, err);
		said = said || say;
		if (decided || !holder)
			break;
		ok = wait_a_while(conn, id, signals, &announced, err);
		if (ok && signals >= 0)
			obey_signal(conn, id, &signals, old);
	}
	signals_close(&signals, old);
	if (decided)
		await_announcement(conn, id, announced || !*result);
	return decided || !ok;
}

/*
 * Writes a request and announces it, in one transaction: one that was not announced would be
 * performed with the next one.
 */
static bool submit(PGconn *conn, const char *kind, const char *args, char id[24], struct error *err)
{
	const char *params[] = {id};
	PGresult *res = NULL;

	if (!db_exec(conn, "listen thule_done; begin", err))
		return false;
	if (insert(conn, kind, args, id, err))
		res = ask(conn, STMT_REQUEST_NOTIFY, 1, params, err);
	PQclear(res);
	if (res)
		return db_exec(conn, "commit", err);
	db_exec(conn, "rollback", NULL);
	return false;
}

/*
 * Asks the holder of the lease. Sets *gone when nobody has it any more and the request was
 * withdrawn.
 */
static char *ask_holder(PGconn *conn, const char *kind, const char *args, struct progress *progress,
	bool *gone, struct error *err)
{
	char id[24], *result = NULL;
	const char *params[] = {id};
	sigset_t old;
	int signals = signals_open(&old);
	bool holder;
	PGresult *res;

	if (!submit(conn, kind, args, id, err)) {
		signals_close(&signals, &old);
		return NULL;
	}
	if (wait_for_answer(conn, id, signals, &old, &result, progress, err)) {
		/* It was done by another host, perhaps, and is to be seen on this one. */
		if (result)
			sync_shown(conn);
		return result;
	}
	res = ask(conn, STMT_REQUEST_WITHDRAW, 1, params, err);
	*gone = res && PQntuples(res) == 1;
	PQclear(res);
	if (res && !*gone)
		look(conn, id, &result, &holder, false, NULL, err);
	return result;
}

/* Asks the daemon behind the door, which knows by itself who asks. */
static char *ask_daemon(PGconn *conn, const char *args, struct error *err)
{
	const char *params[15] = {args};
	PGresult *res = ask(conn, STMT_DOOR_UNDO, 15, params, err);
	char *result = res ? strdup(PQgetvalue(res, 0, 0)) : NULL;

	PQclear(res);
	return result;
}

char *request_run(PGconn *conn, const char *kind, const char *args, struct progress *progress,
	struct error *err)
{
	bool taken, gone = true;
	char *result = NULL;

	if (door_behind(conn))
		return ask_daemon(conn, args, err);
	while (!result && gone) {
		gone = false;
		if (!take_lease(conn, &taken, err))
			return NULL;
		result = taken ? perform(conn, kind, args, progress, err)
			       : ask_holder(conn, kind, args, progress, &gone, err);
	}
	if (progress)
		progress_end(progress);
	return result;
}

bool request_print(PGconn *conn, const char *result, bool json, struct error *err)
{
	const char *params[] = {result};
	PGresult *res;
	long rows;
	bool conflicts;

	if (json) {
		print_json_line(result);
		return true;
	}
	res = ask(conn, STMT_COMMAND_RESULT, 1, params, err);
	if (!res)
		return false;
	conflicts = strcmp(PQgetvalue(res, 0, 3), "0") != 0;
	if (!strcmp(PQgetvalue(res, 0, 1), "0"))
		show_line(stdout, "nothing to do: all is as it should be%s\n",
			conflicts ? ", or is left as it is" : "");
	else
		show_line(stdout, "%s: %s\n`thule undo --tag %s` takes it back\n",
			PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 4), PQgetvalue(res, 0, 2));
	PQclear(res);
	if (!conflicts)
		return true;
	printf("\nleft as it is, unless you give --force:\n");
	return print_query(
		conn, statements[STMT_COMMAND_CONFLICTS].text, 1, params, false, &rows, err);
}

/*
 * Adds the asker to the arguments, as a request has it: the plan depends on that. `args` is a JSON
 * object that is not empty. free() the result.
 */
static char *with_asker(const char *args)
{
	char *text;

	if (asprintf(&text, "{\"actor\": {\"uid\": %u, \"gid\": %u}, %s", geteuid(), getegid(),
		    args + 1) < 0)
		abort();
	return text;
}

bool request_print_plan(
	PGconn *conn, enum stmt plan, const char *args, bool json, struct error *err)
{
	char *mine = with_asker(args);
	const char *params[] = {mine, json ? "true" : "false", NULL};
	int count = plan == STMT_COMMAND_UNDO_PLAN ? 3 : 2;
	long rows;
	bool ok = sync_database(conn, err) &&
		  print_query(conn, statements[plan].text, count, params, json, &rows, err);

	free(mine);
	if (!ok)
		return false;
	if (!rows && !json)
		printf("nothing to do: all is as it should be\n");
	return true;
}
