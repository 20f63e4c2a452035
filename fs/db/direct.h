#pragma once

#include "db/reader.h"

/*
 * A session whose answer is taken by the thread that asks, as long as it comes at once: no other
 * thread is woken to ask, and none to reply. That is for a question that is alone: where others
 * are under way the reader asks many of them with one wake-up. What is late is left to a thread
 * that waits for it, and what the session has no answer to is asked by the reader.
 */
struct direct;

/* A question that has been sent. */
struct direct_asked;

/* Starts the thread; the session is begun when the first question is asked. What it cannot answer
 * goes to the reader. NULL with *err set. */
struct direct *direct_start(
	const struct reader_config *config, struct reader *reader, struct error *err);

/* Before the reader is stopped. Accepts NULL. */
void direct_stop(struct direct *d);

/* Any thread; does not wait. Nothing is asked but while it is open. */
void direct_set_gate(struct direct *d, enum reader_gate gate);

/*
 * Sends a question. Returns NULL when the session is not free, or other questions are under way:
 * the caller asks the reader. Of what is returned the answer has to be taken, or it has to be left.
 * d may be NULL.
 */
struct direct_asked *direct_ask(struct direct *d, struct reader_query *q);

/* Waits for the answer, a few milliseconds at most. True: *res is the caller's, and so is the
 * query. False: it is to be left. */
bool direct_answer(struct direct_asked *asked, PGresult **res);

/* Any thread; does not wait: sends a question beside those that the reader has, of which q->done()
 * gets the answer. False: the session is not free, and the caller asks the reader. d may be NULL.
 */
bool direct_submit(struct direct *d, struct reader_query *q);

/* Leaves the question, which gets its answer by q->done(). */
void direct_leave(struct direct_asked *asked);
