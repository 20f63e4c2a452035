#pragma once

#include "db/reader.h"

/* For what asks the questions of a reader in sessions of its own. */

/* Queues a question in a session. False when the session is lost. */
bool reader_query_send(struct database_session *s, struct reader_query *q);

/* Returns the first parameter, which of most statements is an inode number. */
uint64_t reader_query_about(const struct reader_query *q);

/* Whether rows can be the answer (db/row.h); false with *err set. */
bool reader_query_check(const struct reader_query *q, const PGresult *res, struct error *err);

/* Counts what the question took; trace may be NULL. */
void reader_query_settled(struct reader_query *q, struct trace *trace);
