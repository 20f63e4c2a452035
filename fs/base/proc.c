#include "base/proc.h"

#include <stdio.h>
#include <string.h>

/* A scan goes once over text that may be cut anywhere. */
struct scan {
	const char *pos, *end;
};

static bool scan_u64(struct scan *s, uint64_t *out)
{
	const char *start = s->pos;
	uint64_t value = 0;
	for (; s->pos < s->end && *s->pos >= '0' && *s->pos <= '9'; s->pos++) {
		uint64_t digit = (uint64_t)(*s->pos - '0');
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return s->pos > start;
}

static bool scan_char(struct scan *s, char c)
{
	if (s->pos == s->end || *s->pos != c)
		return false;
	s->pos++;
	return true;
}

/* Skips n fields, each ended by one space. */
static bool scan_skip(struct scan *s, int n)
{
	while (n-- > 0) {
		const char *space = memchr(s->pos, ' ', (size_t)(s->end - s->pos));
		if (!space)
			return false;
		s->pos = space + 1;
	}
	return true;
}

static void copy_comm(struct proc_stat *out, const char *from, const char *to)
{
	size_t n = (size_t)(to - from);
	if (n >= sizeof(out->comm))
		n = sizeof(out->comm) - 1;
	memcpy(out->comm, from, n);
	out->comm[n] = '\0';
}

bool proc_parse_stat(const char *buf, size_t len, struct proc_stat *out)
{
	struct scan s = {buf, buf + len};
	struct proc_stat st = {0};
	uint64_t pid, ppid, session, flags;
	const char *comm, *close;

	if (!scan_u64(&s, &pid) || !scan_char(&s, ' ') || !scan_char(&s, '('))
		return false;
	comm = s.pos;
	/* The name may hold anything, ')' and newlines included; what follows it cannot hold ')'.
	 */
	close = memrchr(comm, ')', (size_t)(s.end - comm));
	if (!close)
		return false;
	copy_comm(&st, comm, close);
	s.pos = close + 1;
	if (!scan_char(&s, ' ') || s.pos == s.end)
		return false;
	st.state = *s.pos;
	if (!scan_skip(&s, 1) || !scan_u64(&s, &ppid))
		return false;
	if (!scan_char(&s, ' ') || !scan_skip(&s, 1) || !scan_u64(&s, &session))
		return false;
	if (!scan_char(&s, ' ') || !scan_skip(&s, 2) || !scan_u64(&s, &flags))
		return false;
	if (!scan_char(&s, ' ') || !scan_skip(&s, 12) || !scan_u64(&s, &st.start_time))
		return false;
	if (!scan_char(&s, ' ') || !scan_skip(&s, 3) || !scan_u64(&s, &st.start_code))
		return false;
	if (!scan_char(&s, ' ') || !scan_skip(&s, 1) || !scan_u64(&s, &st.start_stack))
		return false;
	if (!scan_char(&s, ' ')) /* else the number may have been cut */
		return false;
	st.pid = (pid_t)pid;
	st.ppid = (pid_t)ppid;
	st.session = (pid_t)session;
	st.flags = (uint32_t)flags;
	*out = st;
	return true;
}

const char *proc_status_field(const char *buf, size_t len, const char *name, size_t *value_len)
{
	const char *pos = buf, *end = buf + len;
	size_t n = strlen(name);

	while (pos < end) {
		const char *eol = memchr(pos, '\n', (size_t)(end - pos));
		if (!eol)
			return NULL; /* cut: the value may go on */
		if ((size_t)(eol - pos) > n && pos[n] == ':' && !memcmp(pos, name, n)) {
			for (pos += n + 1; pos < eol && (*pos == '\t' || *pos == ' '); pos++)
				;
			*value_len = (size_t)(eol - pos);
			return pos;
		}
		pos = eol + 1;
	}
	return NULL;
}

/* Reads the last number of a field that has one for each namespace, from ours to its own. */
static bool parse_last_pid(const char *buf, size_t len, const char *name, pid_t *out)
{
	struct scan s = {0};
	uint64_t pid;
	size_t n;

	s.pos = proc_status_field(buf, len, name, &n);
	if (!s.pos)
		return false;
	s.end = s.pos + n;
	do
		if (!scan_u64(&s, &pid))
			return false;
	while (scan_char(&s, '\t'));
	if (s.pos < s.end)
		return false;
	*out = (pid_t)pid;
	return true;
}

bool proc_parse_tgid(const char *buf, size_t len, pid_t *out)
{
	return parse_last_pid(buf, len, "Tgid", out);
}

bool proc_parse_own_pid(const char *buf, size_t len, pid_t *out)
{
	return parse_last_pid(buf, len, "NSpid", out);
}

static bool parse_mask(const char *buf, size_t len, const char *name, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t mask = 0;
	size_t n;
	const char *p = proc_status_field(buf, len, name, &n);

	if (!p || n == 0 || n > 2 * sizeof(mask))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *digit = memchr(digits, p[i], sizeof(digits) - 1);
		if (!digit)
			return false;
		mask = mask << 4 | (uint64_t)(digit - digits);
	}
	*out = mask;
	return true;
}

bool proc_parse_pending(const char *buf, size_t len, uint64_t *out)
{
	return parse_mask(buf, len, "SigPnd", out);
}

bool proc_parse_deliverable(const char *buf, size_t len, uint64_t *out)
{
	uint64_t thread, process, blocked, ignored;

	if (!parse_mask(buf, len, "SigPnd", &thread) || !parse_mask(buf, len, "ShdPnd", &process) ||
		!parse_mask(buf, len, "SigBlk", &blocked) ||
		!parse_mask(buf, len, "SigIgn", &ignored))
		return false;
	*out = (thread | process) & ~blocked & ~ignored;
	return true;
}

int64_t proc_parse_loginuid(const char *buf, size_t len)
{
	struct scan s = {buf, buf + len};
	uint64_t uid;
	if (!scan_u64(&s, &uid) || uid >= UINT32_MAX)
		return -1;
	return (int64_t)uid;
}

const char *proc_find_variable(const char *buf, size_t len, const char *name, size_t *value_len)
{
	const char *pos = buf, *end = buf + len;
	size_t n = strlen(name);

	while (pos < end) {
		const char *stop = memchr(pos, '\0', (size_t)(end - pos));
		if (!stop)
			break; /* cut: who knows how it goes on */
		if ((size_t)(stop - pos) > n && pos[n] == '=' && !memcmp(pos, name, n)) {
			*value_len = (size_t)(stop - pos) - n - 1;
			return pos + n + 1;
		}
		pos = stop + 1;
	}
	return NULL;
}

const char *proc_cgroup_path(const char *buf, size_t len, size_t *path_len)
{
	const char *pos = buf, *end = buf + len, *named = NULL;

	*path_len = 0;
	while (pos < end) {
		const char *eol = memchr(pos, '\n', (size_t)(end - pos));
		size_t n = (size_t)((eol ? eol : end) - pos);
		const char *first = memchr(pos, ':', n);
		const char *path =
			first ? memchr(first + 1, ':', n - (size_t)(first + 1 - pos)) : NULL;
		if (path && n >= 3 && memcmp(pos, "0::", 3) == 0) {
			*path_len = n - (size_t)(path + 1 - pos);
			return path + 1;
		}
		if (path && !named && path - first > 5 && memcmp(first + 1, "name=", 5) == 0) {
			named = path + 1;
			*path_len = n - (size_t)(named - pos);
		}
		pos += n + 1;
	}
	return named ? named : "";
}
