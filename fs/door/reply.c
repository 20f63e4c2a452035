#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "door/door_impl.h"

bool session_wait(const struct session *s, short events, int ms)
{
	struct pollfd p[2] = {
		{.fd = s->fd, .events = events},
		{.fd = s->door->stop_fd, .events = POLLIN},
	};

	while (poll(p, 2, ms) < 0)
		if (errno != EINTR)
			return false;
	return p[0].revents && !p[1].revents;
}

bool session_flush(struct session *s)
{
	size_t done = 0;

	while (done < s->out.len) {
		ssize_t n = send(
			s->fd, s->out.data + done, s->out.len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n < 0 && !session_wait(s, POLLOUT, SEND_MS))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&s->out);
	return true;
}

void session_fail(struct session *s, const struct error *err)
{
	const char *state = err->class == ERR_BUSY          ? "55006"
			    : err->class == ERR_NOT_FOUND   ? "P0002"
			    : err->class == ERR_UNREACHABLE ? "08006"
			    : err->class == ERR_AUTH        ? "42501"
							    : "XX000";

	wire_add_error(&s->out, false, state, err->text, NULL);
}

void session_refuse(struct session *s, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (!state || !text)
		wire_add_error(&s->out, false, "08006",
			"the database of this filesystem went away: try again later", NULL);
	else if (!strcmp(state, "57014"))
		wire_add_error(&s->out, false, state,
			"this takes longer than users of the mount may keep its database busy",
			"Narrow it, with a PATH, --since or -n.");
	else
		wire_add_error(
			&s->out, false, state, text, PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
}
