#pragma once

#include "db/reader.h"

/*
 * Several readers for questions that may take long, shared fairly by users.
 *
 * Each user's questions are answered by one reader at a time, and in their order; who floods the
 * pool thereby waits for himself. Users take turns: a turn is up to READER_POOL_TURN questions on a
 * reader that has nothing to do. So with fewer users than readers nobody waits for anybody else,
 * and with more of them each waits for one turn of the others.
 */
struct reader_pool;

#define READER_POOL_READERS 2
#define READER_POOL_TURN    4

/* Starts READER_POOL_READERS readers that are alike; idle is the pool's. NULL with *err set. */
struct reader_pool *reader_pool_start(const struct reader_config *config, struct error *err);

/* Any thread; none of these waits for the database. q->user is who asks. */
void reader_pool_submit(struct reader_pool *pool, struct reader_query *q);
void reader_pool_set_gate(struct reader_pool *pool, enum reader_gate gate);

/* Stops the threads; all that was not answered fails. */
void reader_pool_stop(struct reader_pool *pool);
