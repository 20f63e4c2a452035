#include "control/quotas.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "db/conn.h"

static uint64_t limit(const PGresult *res, int row, int column)
{
	return PQgetisnull(res, row, column) ? QUOTA_NONE : (uint64_t)row_int(res, row, column);
}

bool quotas_of(const PGresult *res, struct quota **out, struct error *err)
{
	struct error wrong;

	*out = NULL;
	if (!row_check_columns(STMT_QUOTA_READ, res, err))
		return false;
	for (int i = 0; i < PQntuples(res); i++) {
		struct quota q;

		if (!row_check_one(STMT_QUOTA_READ, res, i, &wrong)) {
			log_error("a quota: %s", wrong.text);
			continue;
		}
		q = (struct quota){
			.key = {(uint32_t)row_int(res, i, 0), (uint32_t)row_int(res, i, 1)},
			.bytes_limit = limit(res, i, 2),
			.inodes_limit = limit(res, i, 3),
			.bytes = (uint64_t)row_int(res, i, 4),
			.inodes = (uint64_t)row_int(res, i, 5),
			.history_limit = limit(res, i, 6),
			.history = (uint64_t)row_int(res, i, 7)};
		quota_add(out, &q);
	}
	return true;
}

bool quotas_read(PGconn *conn, struct quota **out, struct error *err)
{
	PGresult *res = row_query(conn, STMT_QUOTA_READ, 0, NULL, err);
	bool ok = res && quotas_of(res, out, err);

	PQclear(res);
	return ok;
}

void quotas_take(struct fs *fs, struct quota *quotas)
{
	quotas_free(&fs->state.quotas);
	fs->state.quotas = quotas;
}

void quotas_verify(struct fs *fs, PGconn *conn)
{
	struct quota *sums, *q, *tmp, *counted;

	if (!fs->state.quotas || !quotas_read(conn, &sums, NULL))
		return;
	pthread_mutex_lock(&fs->lock);
	HASH_ITER (hh, sums, q, tmp) {
		counted = quota_find(fs->state.quotas, q->key.kind, q->key.id);
		if (counted && (counted->bytes != q->bytes || counted->inodes != q->inodes))
			log_error("quota of kind %u, id %u: counted %" PRIu64 " bytes and %" PRIu64
				  " inodes, there are %" PRIu64 " and %" PRIu64,
				q->key.kind, q->key.id, counted->bytes, counted->inodes, q->bytes,
				q->inodes);
	}
	pthread_mutex_unlock(&fs->lock);
	quotas_free(&sums);
}
