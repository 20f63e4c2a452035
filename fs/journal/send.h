#pragma once

#include "db/database.h"
#include "journal/rows.h"

/* How far ids are used once a batch is applied: thule.superblock and thule.mount.last_op. */
struct send_marks {
	uint64_t mount;
	uint64_t last_op;  /* 0: the batch has no op */
	uint64_t next_ino; /* 0: the batch makes no inode */
	uint64_t next_blob;
};

/* Lists the statements that send_batch() uses, for the session that is to apply them. Returns how
 * many they are. */
#define SEND_STATEMENTS (2 * ROWS_COUNT + 2)
int send_statements(enum stmt ids[SEND_STATEMENTS]);

/*
 * Sends the rows and the marks as one transaction and waits for its commit; `flush` asks for one
 * that is on the disk. Without `history`, the log and the versions that ended are left out. False
 * with *err set: see database_ops.apply.
 */
bool send_batch(struct database_session *s, struct rows rows[ROWS_COUNT],
	const struct send_marks *marks, bool history, bool flush, struct error *err);
