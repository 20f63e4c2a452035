#include "cluster/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"

/* Another starter may be in the middle of its initdb and recovery. */
#define LOCK_LIMIT_S 900
#define LOCK_NAP_MS  50
#define NOTICED_NAPS 40 /* what takes longer is said */

/* Takes the lock. Returns its descriptor, which releases it when closed, or -1. */
static int lock(const struct cluster *c, int home, struct error *err)
{
	int naps = 0;
	int fd = openat(home, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
		error_set(err, ERR_USAGE,
			"cannot write to %s: %s; set THULE_HOME to a directory that you can write "
			"to",
			c->home, strerror(errno));
		return -1;
	}
	if (fd < 0) {
		error_sys(err, "cannot create %s/lock", c->home);
		return -1;
	}
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			error_sys(err, "cannot lock %s/lock", c->home);
		} else if (naps++ >= LOCK_LIMIT_S * 1000 / LOCK_NAP_MS) {
			error_set(err, ERR_BUSY,
				"somebody else has been starting or stopping the private "
				"PostgreSQL in %s for %d seconds: look for another thule or "
				"thulefs, and try again",
				c->home, LOCK_LIMIT_S);
		} else {
			if (naps == NOTICED_NAPS)
				log_info("waiting for another thule or thulefs, which starts or "
					 "stops the private PostgreSQL in %s",
					c->home);
			usleep(LOCK_NAP_MS * 1000);
			continue;
		}
		close(fd);
		return -1;
	}
	return fd;
}

bool cluster_enter(
	const struct cluster *c, int home, struct account *account, int *locked, struct error *err)
{
	/* The owner first: that says more than a lock file that cannot be opened. */
	if (!account_of_cluster(c, account, err))
		return false;
	*locked = lock(c, home, err);
	if (*locked < 0)
		return false;
	if (account_of_cluster(c, account, err) && account_can_reach(account, c->home, err))
		return true;
	close(*locked);
	return false;
}
