/*
 * What any user may send to the socket of a mount: single messages, and a whole dialogue. A client
 * that has said nothing right is answered nothing but an error, and what is answered are whole
 * messages.
 *
 * runs: 60000
 * max_len: 4096
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "door/door_impl.h"
#include "fuzz.h"

static void check_messages(const char *body, size_t len)
{
	struct wire_startup startup;
	struct wire_bind bind;
	const char *text;
	char *copy = malloc(len ? len : 1);

	memcpy(copy, body, len);
	if (wire_startup(copy, len, &startup) && startup.user)
		MUST(strlen(startup.user) < len);
	text = wire_parse(copy, len);
	MUST(!text || strlen(text) < len);
	if (wire_bind(copy, len, &bind)) {
		MUST(bind.count >= 0 && bind.count <= WIRE_PARAMS_MAX);
		for (int i = 0; i < bind.count; i++)
			MUST(!bind.params[i] || strlen(bind.params[i]) < len);
	}
	free(copy);
}

static bool proves(void *arg, const char *pass)
{
	return !strcmp(pass, "pass");
}

/* Reads what the client was sent: messages with a type and a length, but for the answer to a wish
 * for encryption. */
static void check_answer(int fd)
{
	static char answer[1 << 18];
	ssize_t n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	size_t at = 0, len = n > 0 ? (size_t)n : 0;

	while (at < len && answer[at] == 'N' && (at + 1 == len || answer[at + 1] != 0))
		at++;
	while (at < len) {
		MUST(strchr("RSZETDC12N", answer[at]) && len - at >= 5);
		MUST(wire_u32(answer + at + 1) >= 4 && wire_u32(answer + at + 1) <= len - at - 1);
		at += 1 + wire_u32(answer + at + 1);
	}
}

static void check_dialogue(const char *bytes, size_t len)
{
	static struct door door = {.config = {.proves = proves, .past = true}};
	struct session s = {.door = &door};
	int fds[2];

	if (!door.stop_fd)
		door.stop_fd = eventfd(0, EFD_CLOEXEC);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	MUST(send(fds[0], bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
	shutdown(fds[0], SHUT_WR);
	s.fd = fds[1];
	session_run(&s);
	check_answer(fds[0]);
	buf_free(&s.in);
	buf_free(&s.out);
	close(fds[0]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char greeting[] = "\0\0\0\x13\0\3\0\0user\0pass\0";
	char *bytes;

	check_messages((const char *)data, size);
	check_dialogue((const char *)data, size);
	/* The same behind a startup packet that is right. */
	bytes = malloc(sizeof(greeting) + size);
	memcpy(bytes, greeting, sizeof(greeting));
	memcpy(bytes + sizeof(greeting), data, size);
	check_dialogue(bytes, sizeof(greeting) + size);
	free(bytes);
	return 0;
}
