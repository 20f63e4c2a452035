#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_impl.h"
#include "control/writer.h"
#include "db/conn.h"

/*
 * Who opens a file in a mount that follows is to find what was closed elsewhere before. The mount
 * with the lease is asked to commit what it has acknowledged, and has closes wait for their commit
 * from then on; for as long as it has promised that, nobody asks again (op/follow.h).
 *
 * Questions and answers are notifications, and both are sent by sessions that wait for nothing.
 * Whoever may connect can send them: a question that nobody has costs a commit, and an answer
 * counts when its session's role may write the filesystem. A question is asked with each look until
 * it is answered, so one that was lost, or heard by a mount that had just lent the lease, costs
 * time.
 */

/* The mount with the lease does not answer: it stands still, or is cut off. Then it is asked for
 * the lease itself, and loses that if it does not answer to that either. */
#define UNANSWERED_NS (5000 * MS)

/* Mounts of which questions are kept: what is not heard is asked again. */
#define QUESTIONS_MAX 256

/* --- of the mount with the lease --- */

/*
 * Of a mount that asks again while it waits, the last question is answered: closes have waited
 * since it was heard, and since the first one.
 */
static void hear(struct control *c, const char *payload)
{
	struct opens *o = &c->opens;
	struct question q = {0};
	bool promised;

	if (o->count == QUESTIONS_MAX ||
		sscanf(payload, "%" SCNu64 " %" SCNu64, &q.mount, &q.number) != 2)
		return;
	pthread_mutex_lock(&c->fs->lock);
	promised = follow_promises(c->fs);
	follow_promise(c->fs, FOLLOW_ASKED_NS);
	c->fs->state.shared = c->shared = true;
	pthread_mutex_unlock(&c->fs->lock);
	for (size_t i = 0; i < o->count; i++) {
		struct question *old = &o->questions[i];

		if (old->mount == q.mount && (promised || !old->settling)) {
			old->number = q.number;
			return;
		}
	}
	o->questions = xrealloc(o->questions, (o->count + 1) * sizeof(q));
	o->questions[o->count++] = q;
}

static void hear_answer(struct control *c, const PGnotify *n)
{
	struct opens *o = &c->opens;
	uint64_t mount, number;
	int sure;

	if (sscanf(n->extra, "%" SCNu64 " %" SCNu64 " %d", &mount, &number, &sure) != 3 ||
		mount != c->mount || !o->asking || number < o->first || number > o->number)
		return;
	o->answer = (struct opens_answer){.by = n->be_pid};
	if (sure == 1 && o->number - number < OPENS_ASKED)
		o->answer.moment = o->asked[number % OPENS_ASKED];
	c->hurried = true;
}

void opens_heard(struct control *c, const PGnotify *n)
{
	if (strcmp(n->relname, WRITER_OPENED) == 0)
		hear_answer(c, n);
	else if (!c->follows)
		hear(c, n->extra);
}

/* Forgets the questions that were about to be answered, or all. */
static void forget(struct opens *o, bool all)
{
	size_t left = 0;

	for (size_t i = 0; i < o->count && !all; i++)
		if (!o->questions[i].settling)
			o->questions[left++] = o->questions[i];
	o->count = left;
}

/* Sends the answers. */
static void answer(struct control *c, bool sure)
{
	struct opens *o = &c->opens;
	struct buf array = {0};
	char text[64];
	const char *params[] = {text, NULL, sure ? "1" : "0"};

	for (size_t i = 0; i < o->count; i++) {
		const struct question *q = &o->questions[i];
		int n = snprintf(text, sizeof(text), "%s\"%" PRIu64 " %" PRIu64 "\"",
			array.len ? "," : "{", q->mount, q->number);

		if (q->settling)
			buf_add(&array, text, (size_t)n);
	}
	buf_add(&array, "}", 2);
	params[1] = array.data;
	snprintf(text, sizeof(text), "%" PRIu64, c->mount);
	PQclear(PQexecPrepared(
		c->conn, statements[STMT_FOLLOW_ANSWER].name, 3, params, NULL, NULL, 0));
	buf_free(&array);
	forget(o, false);
}

bool opens_due(struct control *c)
{
	bool waits;

	if (!c->opens.count)
		return false;
	pthread_mutex_lock(&c->fs->lock);
	waits = c->fs->promise.waits;
	pthread_mutex_unlock(&c->fs->lock);
	return !waits;
}

void opens_serve(struct control *c, bool may_answer)
{
	struct opens *o = &c->opens;
	struct promise p;
	bool settling = false;

	if (c->follows || !c->conn)
		forget(o, true);
	if (!opens_due(c))
		return;
	for (size_t i = 0; i < o->count; i++)
		settling |= o->questions[i].settling;
	for (size_t i = 0; i < o->count && !settling; i++)
		o->questions[i].settling = true;
	pthread_mutex_lock(&c->fs->lock);
	if (!settling)
		follow_settle(c->fs);
	p = c->fs->promise;
	pthread_mutex_unlock(&c->fs->lock);
	if (p.settled && may_answer)
		answer(c, p.sure);
	else if (!p.settled && !p.waits)
		forget(o, false);
}

/* --- of one that follows --- */

/* Adds those who have come since. */
static void add_come(struct control *c)
{
	pthread_mutex_lock(&c->fs->lock);
	follow_append(&c->opens.come, &c->fs->openers);
	pthread_mutex_unlock(&c->fs->lock);
}

/* Who waits is distributed: relies on what was promised, or asks. */
static void distribute(struct control *c)
{
	struct opens *o = &c->opens;
	int64_t now = clock_boot_ns();

	add_come(c);
	follow_append(&o->come, &o->relying);
	if (o->settled)
		follow_append(&c->catching, &o->asking);
	o->settled = false;
	if (o->sure.boot && now < o->sure.boot + FOLLOW_SURE_NS) {
		follow_append(&o->relying, &o->come);
	} else if (o->come && !o->asking) {
		follow_append(&o->asking, &o->come);
		o->first = o->number + 1;
		o->asked_at = now;
		o->answer = (struct opens_answer){0};
	}
}

bool opens_look(struct control *c, struct error *err)
{
	struct opens *o = &c->opens;
	char mount[24], number[24], by[24];
	const char *params[] = {mount, o->answer.by ? NULL : number, by};

	distribute(c);
	if (!o->asking)
		return writer_look(c->conn, STMT_FOLLOW_LOOK, err);
	if (!o->answer.by)
		o->asked[++o->number % OPENS_ASKED] = (struct moment){.boot = clock_boot_ns()};
	snprintf(mount, sizeof(mount), "%" PRIu64, c->mount);
	snprintf(number, sizeof(number), "%" PRIu64, o->number);
	snprintf(by, sizeof(by), "%d", o->answer.by);
	o->checked = o->answer;
	return writer_ask(c->conn, params, err);
}

void opens_rely(struct control *c, const struct moment *since)
{
	c->opens.sure = *since;
}

void opens_doubt(struct control *c)
{
	c->opens.sure = (struct moment){0};
}

/* Who gave the answer is known. */
static void take_answer(struct control *c, bool trusted)
{
	struct opens *o = &c->opens;

	if (o->asking && o->checked.by && trusted) {
		follow_append(&c->catching, &o->asking);
		if (o->checked.moment.server)
			opens_rely(c, &o->checked.moment);
	} else if (o->checked.by && o->checked.by == o->answer.by) {
		o->answer = (struct opens_answer){0};
	}
	o->checked = (struct opens_answer){0};
}

void opens_seen(struct control *c, const struct writer_seen *seen)
{
	struct opens *o = &c->opens;
	struct moment *asked = &o->asked[o->number % OPENS_ASKED];

	if (seen->at < o->sure.server || seen->at > o->sure.server + FOLLOW_SURE_NS / 1000)
		opens_doubt(c);
	if (o->sure.boot)
		follow_append(&c->catching, &o->relying);
	if (o->asking && !asked->server)
		asked->server = seen->at;
	take_answer(c, seen->trusted);
	o->settled = o->asking && seen->settled;
	/* Also those who have come while others asked. */
	c->hurried |= o->settled || o->relying || (o->come && !o->asking);
}

bool opens_wait_long(const struct control *c)
{
	return c->opens.asking && clock_boot_ns() - c->opens.asked_at > UNANSWERED_NS;
}

struct follow_waiter *opens_take(struct control *c)
{
	struct opens *o = &c->opens;
	struct follow_waiter *all = NULL;

	add_come(c);
	follow_append(&all, &o->come);
	follow_append(&all, &o->relying);
	follow_append(&all, &o->asking);
	return all;
}

void opens_end(struct control *c)
{
	follow_call(opens_take(c), EIO);
	free(c->opens.questions);
}
