#include "actor/process.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor/program.h"
#include "actor/unit.h"
#include "base/mark.h"
#include "base/proc_read.h"
#include "base/proc_text.h"
#include "base/run.h"

enum { FACTS_WAIT_MS = 200 };

struct actor *actor_new(pid_t pid, uint32_t uid, uint32_t gid)
{
	struct actor *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	atomic_init(&a->refs, 1);
	a->pid = pid;
	a->uid = uid;
	a->gid = gid;
	a->loginuid = -1;
	return a;
}

static char *read_link(int dirfd, const char *name)
{
	char buf[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, buf, sizeof(buf));
	return proc_text(buf, n < 0 ? 0 : (size_t)n);
}

static int64_t read_loginuid(int dirfd)
{
	char buf[16];
	long n = proc_read_at(dirfd, "loginuid", buf, sizeof(buf));
	return n < 0 ? -1 : proc_parse_loginuid(buf, (size_t)n);
}

static unsigned int wanted_facts(enum actor_detail detail)
{
	unsigned int wanted = FACT_USER | FACT_CGROUP | FACT_RUN | FACT_EXE;

	return detail == ACTOR_FULL ? wanted | FACT_CMDLINE : wanted;
}

bool actor_complete(struct actor *a)
{
	char **texts[] = {&a->exe, &a->comm, &a->cmdline, &a->cgroup, &a->cwd, &a->chain, &a->unit};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!*texts[i] && !(*texts[i] = strdup("")))
			return false;
	return true;
}

/* Takes the run that it is part of: from its own environment, or else from that of its nearest
 * ancestor. */
static bool take_run(struct actor *a, const struct facts *facts)
{
	const char *run = facts->run ? facts->run : facts->kin_run;

	if (!run)
		return true;
	a->run = strndup(run, RUN_ID_LEN);
	a->tag = strdup(run + RUN_ID_LEN + 1);
	return a->run && a->tag;
}

/* Takes the marks of its program. One that was replaced is the same program as its successor, with
 * a mark. */
static void take_exe(struct actor *a, const struct facts *facts)
{
	size_t len = strlen(a->exe), suffix = program_suffix(a->exe, len);

	a->marks |= facts->exe;
	if (!suffix || facts->exe_whole)
		return;
	a->exe[len - suffix] = '\0';
	a->marks |= ACTOR_EXE_DELETED;
}

static bool same_exe(const struct actor *a, const char *exe)
{
	size_t len = strlen(exe), suffix = program_suffix(exe, len);

	return !strcmp(exe, a->exe) ||
	       (suffix && strlen(a->exe) == len - suffix && !memcmp(exe, a->exe, len - suffix));
}

static bool take_facts(enum actor_detail detail, struct actor *a, struct facts *facts)
{
	a->username = facts->username;
	a->cgroup = facts->cgroup;
	a->cmdline = facts->cmdline;
	facts->username = facts->cgroup = facts->cmdline = NULL;
	take_exe(a, facts);
	if (detail == ACTOR_FULL) {
		a->chain = facts->chain;
		facts->chain = NULL;
	}
	if (a->cgroup && !(a->unit = unit_of_cgroup(a->cgroup)))
		return false;
	return take_run(a, facts);
}

/* Reads what does not block, while helpers read the rest. */
static bool read_directly(
	enum actor_detail detail, int dirfd, const struct proc_stat *st, struct actor *a)
{
	a->start_time = st->start_time;
	a->ppid = st->ppid;
	a->session = st->session;
	a->comm = proc_escape(st->comm, strlen(st->comm));
	a->exe = read_link(dirfd, "exe");
	if (detail == ACTOR_FULL)
		a->cwd = read_link(dirfd, "cwd");
	a->loginuid = read_loginuid(dirfd);
	return a->comm && a->exe;
}

bool process_read(struct facts_reader *reader, enum actor_detail detail, int dirfd,
	const struct proc_stat *st, struct actor *a, struct process_notes *notes)
{
	struct facts facts = {0}, kin = {0};
	struct facts_job *job = facts_start(reader, dirfd, a->uid, wanted_facts(detail));
	struct facts_job *kin_job = NULL;
	bool ok, kin_known = facts_known_kin(reader, st->ppid, &kin);

	if (!kin_known)
		kin_job = facts_start(reader, dirfd, a->uid, FACT_KIN);
	ok = read_directly(detail, dirfd, st, a);
	if (kin_job)
		kin_known = facts_wait(reader, kin_job, FACTS_WAIT_MS, &kin);
	notes->incomplete = !kin_known;
	/* If that took all the time there is, so had the other. */
	if (!job || !facts_wait(reader, job, kin_job && !kin_known ? 0 : FACTS_WAIT_MS, &facts))
		notes->incomplete = true;
	notes->fixed_layout = facts.fixed_layout;
	if (notes->incomplete)
		a->marks |= ACTOR_INCOMPLETE;
	facts.chain = kin.chain;
	facts.kin_run = kin.kin_run;
	ok = ok && take_facts(detail, a, &facts) && actor_complete(a);
	facts_release(&facts);
	return ok;
}

bool process_read_user(struct facts_reader *reader, struct actor *a)
{
	struct facts facts;
	struct facts_job *job = facts_start(reader, -1, a->uid, FACT_USER);
	bool known;

	if (!job)
		return false;
	known = facts_wait(reader, job, FACTS_WAIT_MS, &facts);
	a->username = facts.username;
	return known;
}

bool process_same(
	struct facts_reader *reader, enum actor_detail detail, int dirfd, const struct actor *a)
{
	unsigned int wanted = wanted_facts(detail) & (FACT_CMDLINE | FACT_RUN);
	struct facts_job *job = facts_start(reader, dirfd, a->uid, wanted);
	char *exe = read_link(dirfd, "exe");
	bool same = exe && same_exe(a, exe);
	struct facts facts = {0};

	if (!job || !facts_wait(reader, job, FACTS_WAIT_MS, &facts))
		same = false;
	if (facts.cmdline && strcmp(facts.cmdline, a->cmdline) != 0)
		same = false;
	if (facts.run && (!a->run || strncmp(facts.run, a->run, RUN_ID_LEN) != 0))
		same = false;
	facts_release(&facts);
	free(exe);
	return same;
}
