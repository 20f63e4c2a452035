#include "self.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/secret.h"

#define TEXT_MAX 4096

/* What /proc says, as bytes in hex: "" when it says nothing. */
struct self {
	char host[256], boot_id[SELF_BOOT_ID], pid[16], ppid[16], uid[16], gid[16];
	char start_time[32], loginuid[16];
	char exe[2 * TEXT_MAX + 3], comm[64], cmdline[2 * TEXT_MAX + 3], cgroup[2 * TEXT_MAX + 3];
	char username[256];
};

static size_t read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(buf, 1, size - 1, f) : 0;

	if (f)
		fclose(f);
	buf[n] = '\0';
	return n;
}

void self_boot_id(char id[static SELF_BOOT_ID])
{
	read_file("/proc/sys/kernel/random/boot_id", id, SELF_BOOT_ID);
	id[strcspn(id, "\n")] = '\0';
}

/* Bytes as bytea reads them; nothing for none. */
static void to_hex(char *out, size_t size, const char *bytes, size_t n)
{
	char *p = out;

	*out = '\0';
	if (!n || size < 2 * n + 3)
		return;
	p = stpcpy(p, "\\x");
	for (size_t i = 0; i < n; i++)
		p += sprintf(p, "%02x", (unsigned char)bytes[i]);
}

static void read_numbers(struct self *s)
{
	char buf[TEXT_MAX], *p;
	const char *start;

	snprintf(s->pid, sizeof(s->pid), "%d", getpid());
	snprintf(s->ppid, sizeof(s->ppid), "%d", getppid());
	snprintf(s->uid, sizeof(s->uid), "%u", geteuid());
	snprintf(s->gid, sizeof(s->gid), "%u", getegid());
	read_file("/proc/self/loginuid", s->loginuid, sizeof(s->loginuid));
	if (!strcmp(s->loginuid, "4294967295"))
		*s->loginuid = '\0';
	read_file("/proc/self/stat", buf, sizeof(buf));
	/* Field 22; the second, in parentheses, may hold anything. */
	p = strrchr(buf, ')');
	start = p ? strtok_r(p + 1, " ", &p) : NULL;
	for (int field = 3; start && field < 22; field++)
		start = strtok_r(NULL, " ", &p);
	snprintf(s->start_time, sizeof(s->start_time), "%s", start ? start : "");
}

static void read_texts(struct self *s)
{
	const struct passwd *user = getpwuid(geteuid());
	char buf[TEXT_MAX], *path;
	ssize_t link = readlink("/proc/self/exe", buf, sizeof(buf));
	size_t n;

	to_hex(s->exe, sizeof(s->exe), buf, link > 0 ? (size_t)link : 0);
	n = read_file("/proc/self/comm", buf, sizeof(buf));
	to_hex(s->comm, sizeof(s->comm), buf, n ? n - 1 : 0);
	n = secret_mask(buf, read_file("/proc/self/cmdline", buf, sizeof(buf)));
	while (n && !buf[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if (!buf[i])
			buf[i] = ' ';
	to_hex(s->cmdline, sizeof(s->cmdline), buf, n);
	read_file("/proc/self/cgroup", buf, sizeof(buf));
	path = strstr(buf, "0::");
	path = path ? path + 3 : buf;
	to_hex(s->cgroup, sizeof(s->cgroup), path, strcspn(path, "\n"));
	if (user)
		to_hex(s->username, sizeof(s->username), user->pw_name, strlen(user->pw_name));
	if (gethostname(s->host, sizeof(s->host) - 1) != 0)
		*s->host = '\0';
	self_boot_id(s->boot_id);
}

char *self_actor(PGconn *conn, struct error *err)
{
	struct self *s = calloc(1, sizeof(*s));
	char *json = NULL;
	PGresult *res;

	if (!s)
		abort();
	read_numbers(s);
	read_texts(s);
	const char *params[] = {s->host, s->boot_id, s->pid, s->start_time, s->ppid, s->uid, s->gid,
		s->loginuid, s->exe, s->comm, s->cmdline, s->cgroup, s->username};
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (!*params[i])
			params[i] = NULL;
	res = ask(conn, STMT_COMMAND_ACTOR, sizeof(params) / sizeof(params[0]), params, err);
	if (res)
		json = strdup(PQgetvalue(res, 0, 0));
	PQclear(res);
	free(s);
	return json;
}
