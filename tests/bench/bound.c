/*
 * bound QUERY: prints the MiB per second at which a pipeline of libpq reads the blobs whose ids
 * QUERY gives, in binary and in order: as fast as any program of one connection can have them.
 * Where the server is, libpq's environment says.
 */
#include <endian.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DEPTH 32 /* statements in flight */

static void check(bool good, PGconn *conn)
{
	if (good)
		return;
	fprintf(stderr, "bound: %s", PQerrorMessage(conn));
	exit(1);
}

static void ask(PGconn *conn, const char *id)
{
	const uint64_t parameter = htobe64(strtoull(id, NULL, 10));
	const char *values[] = {(const char *)&parameter};
	const int lengths[] = {sizeof(parameter)}, formats[] = {1};

	check(PQsendQueryPrepared(conn, "read", 1, values, lengths, formats, 1), conn);
	check(PQsendFlushRequest(conn), conn);
}

/* The bytes of one answer. */
static size_t take(PGconn *conn)
{
	PGresult *result = PQgetResult(conn);
	size_t size;

	check(PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1, conn);
	size = PQgetlength(result, 0, 0);
	PQclear(result);
	check(!PQgetResult(conn), conn);
	return size;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	PGconn *conn = PQconnectdb("");
	PGresult *ids, *prepared;
	size_t bytes = 0;
	int asked = 0;
	double start;

	if (argc != 2) {
		fprintf(stderr, "usage: bound QUERY\n");
		return 2;
	}
	check(PQstatus(conn) == CONNECTION_OK, conn);
	ids = PQexec(conn, argv[1]);
	check(PQresultStatus(ids) == PGRES_TUPLES_OK && PQntuples(ids) > 0, conn);
	prepared = PQprepare(conn, "read", "select data from thule.blob where id = $1", 1, NULL);
	check(PQresultStatus(prepared) == PGRES_COMMAND_OK, conn);
	PQclear(prepared);
	check(PQenterPipelineMode(conn), conn);
	start = now();
	for (int taken = 0; taken < PQntuples(ids); taken++) {
		for (; asked < PQntuples(ids) && asked < taken + DEPTH; asked++)
			ask(conn, PQgetvalue(ids, asked, 0));
		check(PQflush(conn) >= 0, conn);
		bytes += take(conn);
	}
	printf("%.1f\n", bytes / (now() - start) / (1 << 20));
	PQclear(ids);
	PQfinish(conn);
	return 0;
}
