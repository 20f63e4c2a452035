#include "db/copy.h"

#include "base/buf.h"
#include "base/fault.h"
#include "db/array.h"
#include "db/query.h"

/* Fewer bytes are sent by the call's own statement, in the pipeline. */
#define COPY_MIN (32 << 10)
/* Rows go out in pieces of about this size. */
#define PIECE (64 << 10)

/* The signature, and then flags and the length of an extension of the header, which are 0. */
static const char header[19] = "PGCOPY\n\377\r\n";

bool copy_pays(const struct database_call *c)
{
	size_t bytes = 0;

	for (int i = 0; c->copy && i < c->nparams; i++)
		bytes += (size_t)c->lengths[i];
	return bytes >= COPY_MIN;
}

/* Takes a result that is to have this status; false with *err set when it has another. */
static bool expect(PGconn *conn, ExecStatusType status, struct error *err)
{
	PGresult *res = PQgetResult(conn);
	bool ok = PQresultStatus(res) == status;

	if (!ok)
		db_error(conn, res, "the database refused a batch", err);
	PQclear(res);
	return ok;
}

/* Reads what is left of the answers. An error that comes late counts. */
static bool end(PGconn *conn, bool ok, struct error *err)
{
	PGresult *res;

	while ((res = PQgetResult(conn))) {
		if (ok && PQresultStatus(res) != PGRES_COMMAND_OK)
			ok = db_error(conn, res, "the database refused a batch", err);
		PQclear(res);
	}
	return ok;
}

static bool send_piece(PGconn *conn, struct buf *piece)
{
	bool ok = PQputCopyData(conn, piece->data, (int)piece->len) == 1;

	piece->len = 0;
	return ok;
}

/* Adds a field, with its length before it; long ones are not copied once more. */
static bool send_field(PGconn *conn, struct buf *piece, const char *field, size_t len)
{
	if (piece->len + len > PIECE && piece->len && !send_piece(conn, piece))
		return false;
	if (len > PIECE)
		return PQputCopyData(conn, field, (int)len) == 1;
	buf_add(piece, field, len);
	return true;
}

static bool send_rows(PGconn *conn, const struct database_call *c, struct buf *piece)
{
	const char *at[DATABASE_MAX_PARAMS];

	for (int i = 0; i < c->nparams; i++)
		at[i] = c->values[i] + ARRAY_HEADER;
	buf_add(piece, header, sizeof(header));
	for (int row = 0; row < c->rows; row++) {
		buf_add_i16(piece, (int16_t)c->nparams);
		for (int i = 0; i < c->nparams; i++) {
			const char *field = at[i];
			int len;

			array_take(&at[i], &len);
			if (!send_field(conn, piece, field, (size_t)(at[i] - field)))
				return false;
		}
	}
	buf_add_i16(piece, -1);
	return send_piece(conn, piece);
}

bool copy_call(PGconn *conn, const struct database_call *c, struct error *err)
{
	struct buf piece = {0};
	bool ok;

	if (!PQsendQuery(conn, statements[c->copy].text))
		return db_error(conn, NULL, "cannot send a batch", err);
	if (!expect(conn, PGRES_COPY_IN, err))
		return end(conn, false, err);
	buf_reserve(&piece, PIECE + sizeof(header));
	ok = send_rows(conn, c, &piece);
	buf_free(&piece);
	if (ok && fault(FAULT_BATCH_COPY))
		return fault_lost(FAULT_BATCH_COPY, err);
	if (!ok || PQputCopyEnd(conn, NULL) != 1)
		return db_error(conn, NULL, "cannot send a batch", err);
	return end(conn, expect(conn, PGRES_COMMAND_OK, err), err);
}
