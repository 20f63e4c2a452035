#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "fs.h"

/*
 * A report of what the daemon waits for, for which nobody is asked: the journal and the lease, the
 * last error, the budgets, and the requests that wait. Any thread, without the lock.
 */

/*
 * Appends it as lines of fields between tabs; in texts \xNN stands for what is no printable UTF-8,
 * and for a backslash:
 *
 *	CONTROL_GREETING VERSION
 *	fact NAME VALUE
 *	budget NAME USED LIMIT                                                      (bytes)
 *	request OPERATION INO PATH NAME PROCESS PROGRAM UID STATE WAIT MILLISECONDS
 *	disk TOTAL FREE ROOM                     (bytes; of a server on this host: db/disk.h)
 *	batches OPS COUNTS     (ops in all, and batches by size: journal_report, between commas)
 *	error ERRNO COUNT                                        (replies, by the errno's name)
 *	total COUNT                                            (of requests, also those left out)
 *	latency OPERATION PHASE PART TOTAL MAX BUCKETS                 (ns; see base/histogram.h)
 *	process THREAD PROCESS PROGRAM UID TOTAL DATABASE JOURNAL REPLY MAX BUCKETS          (ns)
 *
 * BUCKETS are NUMBER:COUNT of those that have some, between commas. The fact counted_us says for
 * how long latencies have been counted, lag_ms how long what is to be committed next has waited,
 * flushed_at when the drain flushed last or began, warnings and errors how many lines of log there
 *were.
 *
 * uid: a user who is told of requests and processes of his own alone, and of no latency; -1:
 * everything.
 */
void report_write(struct fs *fs, int64_t uid, struct buf *out);

/* Logs the same for people. */
void report_log(struct fs *fs);
