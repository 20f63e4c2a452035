#include "base/trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/proc_read.h"

/* Threads are remembered in sets: one of as many as a set has room for is forgotten for a new one.
 */
#define SETS     64
#define SET_SIZE 8

struct set {
	pthread_mutex_t lock;
	struct trace_process process[SET_SIZE];
};

/* Most of it is never touched, and so takes no memory: a row has some 24 KiB. */
struct trace {
	int64_t since;
	struct histogram rows[TRACE_ROWS][TRACE_PHASES];
	_Atomic uint64_t errors[TRACE_ERRNOS];
	struct set sets[SETS];
};

static const struct {
	const char *name;
	enum trace_part part;
} phases[TRACE_PHASES] = {
	[TRACE_TOTAL] = {"total", TRACE_PART_TOTAL},
	[TRACE_QUEUE] = {"queue", TRACE_PART_QUEUE},
	[TRACE_LOCK] = {"lock", TRACE_PART_STATE},
	[TRACE_STATE] = {"state", TRACE_PART_STATE},
	[TRACE_REPLY] = {"reply", TRACE_PART_REPLY},
	[TRACE_INODE] = {"inode", TRACE_PART_DATABASE},
	[TRACE_NAME] = {"name", TRACE_PART_DATABASE},
	[TRACE_DIRECTORY] = {"directory", TRACE_PART_DATABASE},
	[TRACE_XATTRS] = {"xattrs", TRACE_PART_DATABASE},
	[TRACE_LAYOUT] = {"layout", TRACE_PART_DATABASE},
	[TRACE_DATA] = {"data", TRACE_PART_DATABASE},
	[TRACE_DISK] = {"disk", TRACE_PART_DATABASE},
	[TRACE_PAST] = {"past", TRACE_PART_DATABASE},
	[TRACE_ROOM] = {"room", TRACE_PART_JOURNAL},
	[TRACE_COMMIT] = {"commit", TRACE_PART_JOURNAL},
	[TRACE_FLUSH] = {"flush", TRACE_PART_JOURNAL},
	[TRACE_PERFORMED] = {"performed", TRACE_PART_JOURNAL},
	[TRACE_FILE_LOCK] = {"file lock", TRACE_PART_DATABASE},
	[TRACE_GATHER] = {"gather", TRACE_PART_STATE},
	[TRACE_ENCODE] = {"encode", TRACE_PART_STATE},
	[TRACE_SERVER] = {"server", TRACE_PART_DATABASE},
	[TRACE_END] = {"end", TRACE_PART_DATABASE},
	[TRACE_SETTLE] = {"settle", TRACE_PART_STATE},
};

const char *trace_phase_name(enum trace_phase phase)
{
	return phases[phase].name;
}

enum trace_part trace_part_of(enum trace_phase phase)
{
	return phases[phase].part;
}

const char *trace_part_name(enum trace_part part)
{
	static const char *const names[TRACE_PARTS] = {
		[TRACE_PART_TOTAL] = "total",
		[TRACE_PART_QUEUE] = "queue",
		[TRACE_PART_STATE] = "state",
		[TRACE_PART_JOURNAL] = "journal",
		[TRACE_PART_DATABASE] = "database",
		[TRACE_PART_REPLY] = "reply",
	};

	return names[part];
}

struct trace *trace_new(void)
{
	struct trace *t = xcalloc(1, sizeof(*t));

	t->since = clock_mono_ns();
	for (int i = 0; i < SETS; i++)
		pthread_mutex_init(&t->sets[i].lock, NULL);
	return t;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	for (int i = 0; i < SETS; i++)
		pthread_mutex_destroy(&t->sets[i].lock);
	free(t);
}

int64_t trace_since(const struct trace *t)
{
	return t->since;
}

void trace_error(struct trace *t, int error)
{
	if (t && error)
		atomic_fetch_add_explicit(&t->errors[error > 0 && error < TRACE_ERRNOS ? error : 0],
			1, memory_order_relaxed);
}

uint64_t trace_errors(const struct trace *t, int error)
{
	return atomic_load_explicit(&t->errors[error], memory_order_relaxed);
}

static void leave(struct trace_span *s, int64_t now)
{
	uint32_t bit = 1u << s->phase;

	s->ns[s->phase] = (s->used & bit ? s->ns[s->phase] : 0) + (now - s->entered);
	s->used |= bit;
	s->entered = now;
}

void trace_enter(struct trace_span *s, enum trace_phase phase)
{
	if (!s->begun)
		return;
	leave(s, clock_mono_ns());
	s->phase = (uint16_t)phase;
}

/* Under the set's lock: forgets the one that has asked least lately, for a thread that is new. */
static struct trace_process *take_place(struct set *set, const struct trace_span *s)
{
	struct trace_process *p = &set->process[0];

	for (int i = 1; i < SET_SIZE; i++)
		if (set->process[i].used_at < p->used_at)
			p = &set->process[i];
	memset(p, 0, sizeof(*p));
	p->pid = p->process = s->pid;
	p->uid = s->uid;
	proc_read_comm(s->pid, p->comm);
	return p;
}

/* Under the set's lock. */
static struct trace_process *find(struct set *set, int32_t pid, uint32_t uid)
{
	for (int i = 0; i < SET_SIZE; i++)
		if (set->process[i].pid == pid && set->process[i].uid == uid)
			return &set->process[i];
	return NULL;
}

static void count_process(struct trace *t, const struct trace_span *s, int64_t ns)
{
	struct set *set = &t->sets[(uint32_t)s->pid % SETS];
	struct trace_process *p;

	pthread_mutex_lock(&set->lock);
	p = find(set, s->pid, s->uid);
	if (!p)
		p = take_place(set, s);
	p->used_at = s->entered;
	histogram_add(&p->total, ns);
	for (uint32_t used = s->used; used; used &= used - 1) {
		int phase = __builtin_ctz(used);

		p->part[phases[phase].part] += (uint64_t)s->ns[phase];
	}
	pthread_mutex_unlock(&set->lock);
}

int64_t trace_end(struct trace *t, struct trace_span *s)
{
	int64_t ns;

	if (!s->begun)
		return 0;
	leave(s, clock_mono_ns());
	ns = s->entered - s->begun;
	s->begun = 0;
	if (!t)
		return ns;
	histogram_add(&t->rows[s->row][TRACE_TOTAL], ns);
	for (uint32_t used = s->used; used; used &= used - 1) {
		int phase = __builtin_ctz(used);

		histogram_add(&t->rows[s->row][phase], s->ns[phase]);
	}
	if (s->pid > 0)
		count_process(t, s, ns);
	return ns;
}

const struct histogram *trace_histogram(
	const struct trace *t, unsigned int row, enum trace_phase phase)
{
	return &t->rows[row][phase];
}

/* What is looked at without the set's lock. */
struct look {
	int32_t pid, process;
	uint32_t uid;
	char comm[PROC_COMM_MAX];
};

/* Reads what process a thread is of, and its name, which exec(3) changes. It may be gone by now. */
static bool look(struct look *l)
{
	char text[2048];
	pid_t process;
	long n = proc_read(l->pid, "status", text, sizeof(text));

	if (n <= 0 || !proc_parse_tgid(text, (size_t)n, &process))
		return false;
	l->process = process;
	return proc_read_comm(process, l->comm);
}

static void look_again(struct set *set)
{
	struct look looks[SET_SIZE];
	int n = 0;

	pthread_mutex_lock(&set->lock);
	for (int i = 0; i < SET_SIZE; i++) {
		struct trace_process *p = &set->process[i];

		if (p->pid && p->used_at > p->looked_at)
			looks[n++] = (struct look){.pid = p->pid, .uid = p->uid};
		p->looked_at = p->used_at;
	}
	pthread_mutex_unlock(&set->lock);
	for (int i = 0; i < n; i++)
		if (!look(&looks[i]))
			looks[i].pid = 0;
	pthread_mutex_lock(&set->lock);
	for (int i = 0; i < n; i++) {
		struct trace_process *p = find(set, looks[i].pid, looks[i].uid);

		if (!p || !looks[i].pid)
			continue;
		p->process = looks[i].process;
		memcpy(p->comm, looks[i].comm, sizeof(p->comm));
	}
	pthread_mutex_unlock(&set->lock);
}

void trace_each_process(
	struct trace *t, void (*fn)(void *arg, const struct trace_process *p), void *arg)
{
	for (int i = 0; i < SETS; i++) {
		look_again(&t->sets[i]);
		pthread_mutex_lock(&t->sets[i].lock);
		for (int j = 0; j < SET_SIZE; j++)
			if (t->sets[i].process[j].pid)
				fn(arg, &t->sets[i].process[j]);
		pthread_mutex_unlock(&t->sets[i].lock);
	}
}
