#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_impl.h"
#include "control/quotas.h"
#include "control/writer.h"
#include "db/conn.h"

/* Those who follow the changes are told at most so often. */
#define TELL_REST_NS (10 * MS)

/* Has the kernel forget the bytes that it has at the wrong place (inode_misplaced()), and names of
 * another file (state.misnamed). */
static void invalidate_misplaced(struct control *c)
{
	struct state *s = &c->fs->state;
	struct known k = {0};
	eventfd_t ignored;

	eventfd_read(c->fs->invalidate_fd, &ignored);
	pthread_mutex_lock(&c->fs->lock);
	k.inos = s->misplaced;
	k.count = s->misplaced_count;
	k.names = s->misnamed;
	s->misnamed = (struct buf){0};
	s->misplaced = NULL;
	s->misplaced_count = s->misplaced_cap = 0;
	for (size_t i = 0; i < k.count; i++) {
		struct inode *inode = inode_find(s, k.inos[i]);

		if (inode)
			inode->misplaced = false;
	}
	pthread_mutex_unlock(&c->fs->lock);
	invalidator_forget(c->invalidator, &k);
}

bool wait_notified(struct control *c)
{
	PGnotify *n;

	if (!PQconsumeInput(c->conn))
		return false;
	while ((n = PQnotifies(c->conn))) {
		if (strcmp(n->relname, WRITER_TURN) == 0)
			c->turn_at = clock_mono_ns();
		else if (strncmp(n->relname, WRITER_OPEN, strlen(WRITER_OPEN)) == 0)
			opens_heard(c, n);
		else
			c->asked = c->begun = true;
		PQfreemem(n);
	}
	return true;
}

/* Tells those who LISTEN to thule_change. Not with each batch, in its transaction: the server would
 * let commits that notify take turns, and wake this session after each. */
static void tell_committed(struct control *c)
{
	eventfd_t ignored;
	char op[24];
	const char *values[] = {op};

	eventfd_read(c->fs->committed_fd, &ignored);
	pthread_mutex_lock(&c->fs->lock);
	c->fs->untold = false;
	snprintf(op, sizeof(op), "%" PRIu64, journal_committed(c->fs->journal));
	pthread_mutex_unlock(&c->fs->lock);
	PQclear(PQexecPrepared(
		c->conn, statements[STMT_COMMITTED_TELL].name, 1, values, NULL, NULL, 0));
	c->told_at = clock_mono_ns();
	wait_notified(c);
}

bool wait_is_asking(const struct control *c)
{
	return c->looking || live_waits(c->live, c->conn);
}

enum rest wait_rest(struct control *c, int64_t until)
{
	bool asked = c->asked;
	struct pollfd p[5] = {
		{.fd = c->stop_fd, .events = POLLIN},
		{.fd = c->conn ? PQsocket(c->conn) : -1, .events = POLLIN},
		{.fd = c->fs->invalidate_fd, .events = POLLIN},
		{.events = POLLIN},
		{.fd = c->fs->follow_fd, .events = POLLIN},
	};
	eventfd_t ignored;

	for (;;) {
		int64_t now = clock_mono_ns(), due = c->told_at + TELL_REST_NS;
		int64_t end = now < due && due < until ? due : until;

		p[3].fd = c->conn && !c->fenced && !wait_is_asking(c) && now >= due
				  ? c->fs->committed_fd
				  : -1;
		poll(p, 5, now < end ? (int)((end - now) / MS + 1) : 0);
		if (p[2].revents)
			invalidate_misplaced(c);
		if (p[0].revents)
			return REST_STOP;
		if (p[3].revents)
			tell_committed(c);
		if (p[4].revents) {
			eventfd_read(c->fs->follow_fd, &ignored);
			c->hurried = true;
		}
		if (p[1].revents || p[2].revents || p[4].revents || c->asked != asked)
			return REST_WOKEN;
		if (clock_mono_ns() >= until)
			return REST_OVER;
	}
}

bool wait_briefly(struct control *c, int timeout_ms)
{
	return wait_rest(c, clock_mono_ns() + timeout_ms * MS) == REST_STOP;
}

bool wait_listen(struct control *c, struct error *err)
{
	c->looking = false;
	opens_doubt(c);
	c->conn = db_connect(c->conninfo, "thulefs control", err);
	if (c->conn &&
		db_exec(c->conn,
			"listen thule_request; listen " WRITER_TURN "; listen " WRITER_OPEN
			"; listen " WRITER_OPENED,
			err) &&
		db_prepare(c->conn, STMT_REQUEST_PENDING, err) &&
		db_prepare(c->conn, STMT_COMMITTED_TELL, err) &&
		db_prepare(c->conn, STMT_REQUEST_FAILED, err) && writer_prepare(c->conn, err)) {
		live_connected(c->live);
		return true;
	}
	PQfinish(c->conn);
	c->conn = NULL;
	return false;
}

bool wait_again(struct control *c, const struct error *err)
{
	if (c->conn)
		log_warn("%s", err->text);
	PQfinish(c->conn);
	c->conn = NULL;
	if (wait_briefly(c, 200))
		return false;
	wait_listen(c, NULL);
	return true;
}

struct quota *wait_quotas(struct control *c)
{
	struct quota *quotas = NULL;
	struct error err;

	while (!c->conn || !quotas_read(c->conn, &quotas, &err))
		if (!wait_again(c, &err))
			break;
	return quotas;
}
