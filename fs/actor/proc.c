#include "actor/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* One pass over text that may be cut anywhere. */
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
	if (!scan_char(&s, ' ') || !scan_skip(&s, 1) || !scan_u64(&s, &ppid))
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

bool proc_parse_tgid(const char *buf, size_t len, pid_t *out)
{
	static const char label[] = "\nTgid:\t";
	struct scan s = {memmem(buf, len, label, sizeof(label) - 1), buf + len};
	uint64_t tgid;

	if (!s.pos)
		return false;
	s.pos += sizeof(label) - 1;
	if (!scan_u64(&s, &tgid) || !scan_char(&s, '\n'))
		return false;
	*out = (pid_t)tgid;
	return true;
}

bool proc_parse_own_pid(const char *buf, size_t len, pid_t *out)
{
	static const char label[] = "\nNSpid:";
	struct scan s = {memmem(buf, len, label, sizeof(label) - 1), buf + len};
	uint64_t pid;

	if (!s.pos)
		return false;
	s.pos += sizeof(label) - 1;
	/* One for each namespace, from ours to its own. */
	do
		if (!scan_char(&s, '\t') || !scan_u64(&s, &pid))
			return false;
	while (s.pos < s.end && *s.pos == '\t');
	if (!scan_char(&s, '\n'))
		return false;
	*out = (pid_t)pid;
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

/* Writes the escaped text, at most 4 * len bytes, and returns its end. */
static char *escape_to(char *out, const char *buf, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i = 0;

	while (i < len) {
		size_t n = utf8_length(buf + i, len - i);
		unsigned char byte = (unsigned char)buf[i];
		if (n && byte != '\\' && !utf8_is_control(buf + i, n)) {
			out = mempcpy(out, buf + i, n);
			i += n;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
		i++;
	}
	return out;
}

char *proc_escape(const char *buf, size_t len)
{
	char *text = malloc(4 * len + 1);
	if (text)
		*escape_to(text, buf, len) = '\0';
	return text;
}

/* Writes one argument, in quotes where a reader could not tell its bounds: up to 4 * len + 2 bytes.
 */
static char *argument_to(char *out, const char *arg, size_t len)
{
	static const char special[] = " \t\r\n'\"`$&|;<>()*?[]{}~#!";
	bool plain = len > 0;
	char quote = '\'';
	size_t i;

	for (i = 0; i < len; i++) {
		if (memchr(special, arg[i], sizeof(special) - 1))
			plain = false;
		if (arg[i] == '\'')
			quote = '"';
	}
	if (plain)
		return escape_to(out, arg, len);
	*out++ = quote;
	if (quote == '\'') {
		out = escape_to(out, arg, len);
	} else {
		const char *end = arg + len, *next;
		while ((next = memchr(arg, '"', (size_t)(end - arg)))) {
			out = escape_to(out, arg, (size_t)(next - arg));
			*out++ = '\\';
			*out++ = '"';
			arg = next + 1;
		}
		out = escape_to(out, arg, (size_t)(end - arg));
	}
	*out++ = quote;
	return out;
}

/* Ends escaped text at `limit` bytes with "...", between characters and escapes. */
static void cut_text(char *text, size_t limit)
{
	size_t at = limit - 3, back;

	for (back = 1; back <= 3; back++)
		if (text[at - back] == '\\') {
			at -= back;
			break;
		}
	while (((unsigned char)text[at] & 0xC0) == 0x80)
		at--;
	strcpy(text + at, "...");
}

char *proc_text(const char *buf, size_t len)
{
	char *text = proc_escape(buf, len);
	if (text && strlen(text) > PROC_TEXT_MAX)
		cut_text(text, PROC_TEXT_MAX);
	return text;
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

char *proc_format_cmdline(const char *buf, size_t len)
{
	const char *pos = buf, *end;
	char *text, *out;

	while (len > 0 && buf[len - 1] == '\0')
		len--;
	end = buf + len;
	/* Per argument at most: quotes, a space, and 4 bytes for each of its own; a NUL for each.
	 */
	text = out = malloc(4 * len + 4);
	if (!text)
		return NULL;
	while (pos < end) {
		const char *stop = memchr(pos, '\0', (size_t)(end - pos));
		if (!stop)
			stop = end;
		if (pos > buf)
			*out++ = ' ';
		out = argument_to(out, pos, (size_t)(stop - pos));
		pos = stop + 1;
	}
	*out = '\0';
	if (out - text > PROC_TEXT_MAX)
		cut_text(text, PROC_TEXT_MAX);
	return text;
}

char *proc_parse_cgroup(const char *buf, size_t len)
{
	const char *pos = buf, *end = buf + len, *named = NULL;
	size_t named_len = 0;

	while (pos < end) {
		const char *eol = memchr(pos, '\n', (size_t)(end - pos));
		size_t n = (size_t)((eol ? eol : end) - pos);
		const char *first = memchr(pos, ':', n);
		const char *path =
			first ? memchr(first + 1, ':', n - (size_t)(first + 1 - pos)) : NULL;
		if (path && n >= 3 && memcmp(pos, "0::", 3) == 0)
			return proc_text(path + 1, n - (size_t)(path + 1 - pos));
		if (path && !named && path - first > 5 && memcmp(first + 1, "name=", 5) == 0) {
			named = path + 1;
			named_len = n - (size_t)(named - pos);
		}
		pos += n + 1;
	}
	return proc_text(named ? named : "", named_len);
}
