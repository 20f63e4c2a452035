#include "live/publish.h"

#include <assert.h>
#include <string.h>

#include "db/conn.h"

void live_add_text(struct array *a, const char *text)
{
	array_add_bytes(a, text, strlen(text));
}

bool live_publish(PGconn *conn, enum stmt stmt, const char *mount, struct array *column, int count,
	struct error *err)
{
	const char *values[LIVE_COLUMNS_MAX + 1] = {mount};
	int lengths[LIVE_COLUMNS_MAX + 1] = {0}, formats[LIVE_COLUMNS_MAX + 1] = {0};
	PGresult *res;
	bool ok;

	assert(count <= LIVE_COLUMNS_MAX);
	for (int i = 0; i < count; i++) {
		values[i + 1] = array_param(&column[i], &lengths[i + 1]);
		formats[i + 1] = 1;
	}
	res = PQexecPrepared(conn, statements[stmt].name, count + 1, values, lengths, formats, 0);
	ok = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (!ok)
		db_error(conn, res, "cannot publish what is live", err);
	PQclear(res);
	return ok;
}
