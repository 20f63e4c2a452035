#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ask.h"
#include "base/host.h"
#include "base/pass.h"
#include "door.h"
#include "interrupt.h"
#include "mounts.h"

static bool commit(const char *dir, struct error *err)
{
	int fd = open(dir, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return error_sys(err, "cannot open %s, to commit what was changed in it", dir);
	ok = fsync(fd) == 0;
	if (!ok)
		error_set(err, ERR_UNREACHABLE, "not everything in %s is in the database: %s", dir,
			strerror(errno));
	close(fd);
	return ok;
}

bool sync_directory(const char *dir, struct error *err)
{
	bool ok;

	interrupt_pause();
	ok = commit(dir, err);
	interrupt_resume();
	return ok;
}

/*
 * Finds where the filesystem of `conn` is mounted read-write on this host. False, with *err
 * untouched, when it is not.
 */
static bool mounted_here(PGconn *conn, struct mount_point *m)
{
	char boot[HOST_BOOT_ID];
	const char *params[] = {boot};
	PGresult *res;
	bool found;

	host_boot_id(boot);
	res = ask(conn, STMT_COMMAND_MOUNTED_HERE, 1, params, NULL);
	found = res && PQntuples(res) == 1 && !PQgetisnull(res, 0, 0) &&
		mountinfo_by_device((unsigned int)atol(PQgetvalue(res, 0, 0)), m);
	PQclear(res);
	return found;
}

bool sync_database(PGconn *conn, struct error *err)
{
	struct mount_point m;

	return door_behind(conn) || !mounted_here(conn, &m) || sync_directory(m.dir, err);
}

void sync_shown(PGconn *conn)
{
	char pass[PASS_TEXT_SIZE];
	struct mount_point m;

	if (!door_behind(conn) && mounted_here(conn, &m))
		(void)getxattr(m.dir, PASS_XATTR, pass, sizeof(pass));
}

PGresult *sync_ask(
	PGconn *conn, enum stmt stmt, int nparams, const char *const *params, struct error *err)
{
	PGresult *res = ask(conn, stmt, nparams, params, err);

	return res || !sync_database(conn, NULL) ? res : ask(conn, stmt, nparams, params, err);
}
