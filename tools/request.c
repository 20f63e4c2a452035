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

/* The state of a request is looked at when its answer is announced, and this often besides. */
#define LOOK_MS    1000
#define PATIENCE_S 60
/* How long an answer that is there may be announced late: the kernel's caches are dropped first. */
#define SETTLE_S 10

static bool take_lease(PGconn *conn, bool *taken, struct error *err)
{
	/* The lease and the answer's announcement are of one session. */
	PGresult *res = pooler_pass(conn, err) ? ask(conn, STMT_REQUEST_LEASE, 0, NULL, err) : NULL;

	*taken = res && PQgetvalue(res, 0, 0)[0] == 't';
	PQclear(res);
	return res != NULL;
}

/* What a daemon has acknowledged and not committed has ids that are free in the database. */
static bool ended_well(PGconn *conn, struct error *err)
{
	PGresult *res = ask(conn, STMT_REQUEST_UNCLEAN, 0, NULL, err);
	bool ok = res && PQntuples(res) == 0;

	if (res && !ok)
		error_set(err, ERR_BUSY,
			"the mount at %s did not end as it should: mount it once more, so that "
			"nothing is "
			"lost that its journal holds",
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

/* With the lease: all of it in one transaction, or nothing. */
static char *perform(PGconn *conn, const char *kind, const char *args, struct error *err)
{
	char id[24], *result = NULL;
	const char *params[] = {id};
	PGresult *res;

	if (!ended_well(conn, err) ||
		!db_exec(conn, "begin; set local synchronous_commit = on", err) ||
		!insert(conn, kind, args, id, err))
		return NULL;
	res = ask(conn, STMT_REQUEST_PERFORM, 1, params, err);
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
 * Signals that end a program, to be read from a descriptor: a request may have to be taken back.
 * Those that the caller has blocked are not for this program, or come too late for it.
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

/* A signal came: the request is taken back and the program ends by it, or, if the request was
 * begun, goes on waiting until the next one. */
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
		show_line(stderr, "thule: taken back before it was begun: nothing has changed\n");
		raise((int)info.ssi_signo);
	}
	show_line(stderr, "thule: it was begun, and will be done: waiting for its end\n");
}

/* *announced: the answer to request `id` was. */
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

/* The answer is there: waits until those who gave it have announced it, or are gone. */
static void settle(PGconn *conn, const char *id, bool announced)
{
	time_t start = time(NULL);

	while (!announced && time(NULL) - start < SETTLE_S)
		if (!wait_a_while(conn, id, -1, &announced, NULL))
			return;
}

/* Looks once. *holder: somebody has the lease. True when it is decided: *result or *err is set. */
static bool look(
	PGconn *conn, const char *id, char **result, bool *holder, bool say, struct error *err)
{
	PGresult *res = ask(conn, STMT_REQUEST_STATE, 1, &id, err);
	bool decided = true;

	if (!res)
		return true;
	if (PQntuples(res) == 0)
		error_set(err, ERR_NOT_FOUND, "the request was taken back by somebody");
	else if (PQgetvalue(res, 0, 0)[0] != 't')
		decided = false;
	else if (!PQgetisnull(res, 0, 1))
		error_set(err, ERR_NOT_FOUND, "%s", PQgetvalue(res, 0, 1));
	else
		*result = strdup(PQgetvalue(res, 0, 2));
	*holder = !decided && PQgetvalue(res, 0, 3)[0] == 't';
	if (!decided && say)
		show_line(stderr, "thule: still waiting for %s\n", PQgetvalue(res, 0, 4));
	PQclear(res);
	return decided;
}

/* Until it is decided, or nobody is left who could (false). `signals` and `old` are those of
 * signals_open(), and closed. */
static bool wait_for_answer(PGconn *conn, const char *id, int signals, const sigset_t *old,
	char **result, struct error *err)
{
	time_t start = time(NULL);
	bool holder = true, said = false, announced = false, decided = false, ok = true;

	while (ok && holder && !decided) {
		bool say = !said && time(NULL) - start >= PATIENCE_S;
		decided = look(conn, id, result, &holder, say, err);
		said = said || say;
		if (decided || !holder)
			break;
		ok = wait_a_while(conn, id, signals, &announced, err);
		if (ok && signals >= 0)
			obey_signal(conn, id, &signals, old);
	}
	signals_close(&signals, old);
	if (decided)
		settle(conn, id, announced || !*result);
	return decided || !ok;
}

/* In one transaction: a request that nobody is told of would be performed with the next one. */
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

/* Asks whoever has the lease. *gone: nobody has it any more, and the request was taken back. */
static char *ask_holder(
	PGconn *conn, const char *kind, const char *args, bool *gone, struct error *err)
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
	if (wait_for_answer(conn, id, signals, &old, &result, err))
		return result;
	res = ask(conn, STMT_REQUEST_WITHDRAW, 1, params, err);
	*gone = res && PQntuples(res) == 1;
	PQclear(res);
	if (res && !*gone)
		look(conn, id, &result, &holder, false, err);
	return result;
}

/* Who asks is for the daemon to say. */
static char *ask_daemon(PGconn *conn, const char *args, struct error *err)
{
	const char *params[15] = {args};
	PGresult *res = ask(conn, STMT_DOOR_UNDO, 15, params, err);
	char *result = res ? strdup(PQgetvalue(res, 0, 0)) : NULL;

	PQclear(res);
	return result;
}

char *request_run(PGconn *conn, const char *kind, const char *args, struct error *err)
{
	bool taken, gone = true;
	char *result = NULL;

	if (door_behind(conn))
		return ask_daemon(conn, args, err);
	while (!result && gone) {
		gone = false;
		if (!take_lease(conn, &taken, err))
			return NULL;
		result = taken ? perform(conn, kind, args, err)
			       : ask_holder(conn, kind, args, &gone, err);
	}
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
		show_line(stdout, "%s: %s ops\n`thule undo --tag %s` takes it back\n",
			PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 2));
	PQclear(res);
	if (!conflicts)
		return true;
	printf("\nleft as it is, unless you give --force:\n");
	return print_query(
		conn, statements[STMT_COMMAND_CONFLICTS].text, 1, params, false, &rows, err);
}

/*
 * The arguments with who asks, as a request has them: what comes back depends on that. The others
 * are a JSON object that is not empty. free() it.
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
	bool ok = ask_sync(conn, err) &&
		  print_query(conn, statements[plan].text, count, params, json, &rows, err);

	free(mine);
	if (!ok)
		return false;
	if (!rows && !json)
		printf("nothing to do: all is as it should be\n");
	return true;
}
