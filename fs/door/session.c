#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "door/door_impl.h"

/* Receives exactly n bytes into s->in, which is emptied first. */
static bool receive(struct session *s, size_t n, int ms)
{
	char *data;

	buf_reset(&s->in);
	data = buf_reserve(&s->in, n + 1);
	while (s->in.len < n) {
		ssize_t got;

		if (!session_wait(s, POLLIN, ms))
			return false;
		got = recv(s->fd, data + s->in.len, n - s->in.len, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		s->in.len += got > 0 ? (size_t)got : 0;
		ms = MESSAGE_MS;
	}
	return true;
}

static bool refuse(struct session *s, const char *sqlstate, const char *text)
{
	wire_add_error(&s->out, true, sqlstate, text, NULL);
	session_flush(s);
	return false;
}

static bool fatal(struct session *s, const char *text)
{
	return refuse(s, "08P01", text);
}

/* Reads a message; its body is in s->in. */
static bool read_message(struct session *s, char *type)
{
	uint32_t len;

	if (!receive(s, 5, IDLE_MS))
		return false;
	*type = s->in.data[0];
	len = wire_u32(s->in.data + 1);
	if (!wire_known(*type) || len < 4 || len - 4 > WIRE_MESSAGE_MAX)
		return fatal(s, "this is not a request of the command thule");
	return receive(s, len - 4, MESSAGE_MS);
}

/* Returns whether a text has letters of names of time zones alone, POSIX ones included. */
static bool is_zone(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n < ZONE_SIZE &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789/_+-:<>,.") == n;
}

static bool greet(struct session *s)
{
	struct wire_startup startup;
	uint32_t len;

	for (int i = 0; i < 3; i++) {
		if (!receive(s, 4, MESSAGE_MS))
			return false;
		len = wire_u32(s->in.data);
		if (len < 8 || len > WIRE_STARTUP_MAX || !receive(s, len - 4, MESSAGE_MS) ||
			!wire_startup(s->in.data, s->in.len, &startup))
			return fatal(s, "this is not a request of the command thule");
		if (startup.code == WIRE_PROTOCOL) {
			/* Else the modes of directories above the mount would mean nothing here. */
			if (!startup.user ||
				!s->door->config.proves(s->door->config.arg, startup.user))
				return refuse(s, "28000",
					"only a user who can reach the mount may ask its daemon");
			if (startup.zone && is_zone(startup.zone))
				strcpy(s->zone, startup.zone);
			wire_add_welcome(&s->out, THULE_VERSION);
			return session_flush(s);
		}
		if (startup.code != WIRE_SSL && startup.code != WIRE_GSS)
			return startup.code != WIRE_CANCEL &&
			       fatal(s, "this protocol is not spoken here");
		/* A socket of this host is not encrypted. */
		buf_add(&s->out, "N", 1);
		if (!session_flush(s))
			return false;
	}
	return false;
}

/* The messages of a client since the last Sync. */
struct request {
	const struct door_rule *rule;
	struct buf message; /* that `bind` points into */
	struct wire_bind bind;
	bool asked, bound, executed;
};

static void forget(struct request *r)
{
	buf_free(&r->message);
	*r = (struct request){0};
}

static bool answer(struct session *s, struct request *r)
{
	bool ok = true;

	if (r->asked && !r->rule)
		wire_add_error(&s->out, false, "42501",
			"users of the mount cannot ask its daemon for this",
			"If they should, thule and thulefs are of different versions.");
	else if (r->rule && r->rule->past && !s->door->config.past)
		wire_add_error(&s->out, false, "42501",
			"this mount does not show the past (nomagic)", NULL);
	else if (r->rule && r->bound && r->executed && r->bind.count == r->rule->params)
		ok = session_ask(s, r->rule, &r->bind);
	else if (r->asked || r->bound || r->executed)
		return fatal(s, "a statement and its parameters must come together");
	wire_add_ready(&s->out);
	forget(r);
	return ok && session_flush(s);
}

static bool take_bind(struct session *s, struct request *r)
{
	buf_free(&r->message);
	r->message = s->in;
	s->in = (struct buf){0};
	r->bound = wire_bind(r->message.data, r->message.len, &r->bind);
	return r->bound ||
	       fatal(s, "the parameters must be text, and no more than a statement has");
}

/* Takes a message. False at the end. */
static bool take_message(struct session *s, struct request *r, char type)
{
	const char *text;

	switch (type) {
	case 'P':
		text = wire_parse(s->in.data, s->in.len);
		r->asked = true;
		r->rule = text ? door_rule_find(text) : NULL;
		return true;
	case 'B':
		return take_bind(s, r);
	case 'E':
		r->executed = true;
		return true;
	case 'D':
	case 'H':
		return true;
	case 'S':
		return answer(s, r);
	case 'Q':
		r->asked = true;
		return answer(s, r);
	default:
		return false;
	}
}

void session_run(struct session *s)
{
	struct request r = {0};
	char type;

	if (greet(s))
		while (read_message(s, &type) && take_message(s, &r, type))
			;
	forget(&r);
}
