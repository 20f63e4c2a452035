#include "base/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/show.h"

/* Sets errno. A name that begins with @ is in the kernel's namespace of sockets, not in a folder.
 */
static bool send_to(const char *name, const char *text)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	ssize_t sent = -1;
	int fd;

	if (len >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(to.sun_path, name, len);
	if (*name == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
		close(fd);
	}
	return sent >= 0;
}

void notify_ready(const char *status)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char text[1024];
	int n = snprintf(text, sizeof(text), "READY=1\nSTATUS=");

	if (!name || !*name)
		return;
	/* A newline in a path would begin another assignment. */
	show_escape(text + n, sizeof(text) - (size_t)n, status);
	if (!send_to(name, text))
		log_warn("cannot tell the service manager at %s that this is ready: %s", name,
			strerror(errno));
}
