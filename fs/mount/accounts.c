#include "mount/accounts.h"

#include <stdio.h>

#include "base/buf.h"
#include "db/conn.h"
#include "db/statement.h"

/* More than a host has by itself. */
#define BYTES_MAX (1 << 20)

/* Returns the file's text, or as much of it as counts. A file that is not there has no names; a
 * byte that is not ASCII is replaced, since the database may not be able to read it. */
static const char *read_text(const char *path, struct buf *text)
{
	FILE *f = fopen(path, "re");
	int c;

	for (int n = 0; f && n < BYTES_MAX && (c = fgetc(f)) != EOF; n++) {
		char byte = c > 0 && c < 128 ? (char)c : '?';

		buf_add(text, &byte, 1);
	}
	if (f)
		fclose(f);
	buf_add(text, "", 1);
	return text->data;
}

bool accounts_write(PGconn *conn, const char *host, struct error *err)
{
	struct buf users = {0}, groups = {0};
	const char *params[] = {
		host, read_text("/etc/passwd", &users), read_text("/etc/group", &groups)};
	PGresult *res = db_query(conn, statements[STMT_ACCOUNT_WRITE].text, 3, params, err);

	buf_free(&users);
	buf_free(&groups);
	PQclear(res);
	return res != NULL;
}
