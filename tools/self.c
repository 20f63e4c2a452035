#include "self.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/host.h"
#include "base/proc_read.h"
#include "base/proc_text.h"
#include "base/secret.h"

#define TEXT_MAX 4096

/* This process as the log has it, each as the text of a parameter: "" when it is not known. */
struct self {
	struct host host;
	char pid[16], ppid[16], uid[16], gid[16], start_time[32], loginuid[24];
	char *exe, *comm, *cmdline, *cgroup, *username;
};

/* Reads a file of this process; nothing when that cannot be had. */
static size_t read_own(const char *name, char buf[static TEXT_MAX])
{
	long n = proc_read(0, name, buf, TEXT_MAX);

	return n < 0 ? 0 : (size_t)n;
}

static void read_numbers(struct self *s)
{
	struct proc_stat st;
	char buf[TEXT_MAX];
	int64_t loginuid = proc_parse_loginuid(buf, read_own("loginuid", buf));

	snprintf(s->pid, sizeof(s->pid), "%d", getpid());
	snprintf(s->ppid, sizeof(s->ppid), "%d", getppid());
	snprintf(s->uid, sizeof(s->uid), "%u", geteuid());
	snprintf(s->gid, sizeof(s->gid), "%u", getegid());
	if (loginuid >= 0)
		snprintf(s->loginuid, sizeof(s->loginuid), "%lld", (long long)loginuid);
	if (proc_read_stat(0, &st))
		snprintf(s->start_time, sizeof(s->start_time), "%llu",
			(unsigned long long)st.start_time);
}

static void read_texts(struct self *s)
{
	const struct passwd *user = getpwuid(geteuid());
	ssize_t link;
	char buf[TEXT_MAX], comm[PROC_COMM_MAX];
	const char *path;
	size_t n;

	link = readlink("/proc/self/exe", buf, sizeof(buf));
	s->exe = proc_text(buf, link > 0 ? (size_t)link : 0);
	proc_read_comm(0, comm);
	s->comm = proc_text(comm, strlen(comm));
	n = read_own("cmdline", buf);
	s->cmdline = proc_format_cmdline(buf, secret_mask(buf, n));
	n = read_own("cgroup", buf);
	path = proc_cgroup_path(buf, n, &n);
	s->cgroup = proc_text(path, n);
	s->username = user ? proc_text(user->pw_name, strlen(user->pw_name)) : NULL;
}

char *self_actor(PGconn *conn, struct error *err)
{
	struct self *s = calloc(1, sizeof(*s));
	char *json = NULL;
	PGresult *res;

	if (!s)
		abort();
	host_read(&s->host, NULL);
	read_numbers(s);
	read_texts(s);
	const char *params[] = {s->host.name, s->host.boot_id, s->pid, s->start_time, s->ppid,
		s->uid, s->gid, s->loginuid, s->exe, s->comm, s->cmdline, s->cgroup, s->username};
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (params[i] && !*params[i])
			params[i] = NULL;
	res = ask(conn, STMT_COMMAND_ACTOR, sizeof(params) / sizeof(params[0]), params, err);
	if (res)
		json = strdup(PQgetvalue(res, 0, 0));
	PQclear(res);
	free(s->exe);
	free(s->comm);
	free(s->cmdline);
	free(s->cgroup);
	free(s->username);
	free(s);
	return json;
}
