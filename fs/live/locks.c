#include "live/locks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Linux fs/locks.c, lock_get_status(): "ID: [->] TYPE STATE MODE PID MAJOR:MINOR:INO FIRST LAST" */

static bool parse_kind(const char *type, uint8_t *kind)
{
	static const struct {
		const char *type;
		enum lock_kind kind;
	} kinds[] = {
		{"POSIX", LOCK_POSIX},
		{"OFDLCK", LOCK_OFD},
		{"FLOCK", LOCK_FLOCK},
		{"LEASE", LOCK_LEASE},
		{"DELEG", LOCK_LEASE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(type, kinds[i].type)) {
			*kind = (uint8_t)kinds[i].kind;
			return true;
		}
	return false;
}

bool file_lock_parse(const char *line, size_t len, struct file_lock *out)
{
	struct file_lock l;
	char text[256], type[16], mode[16], last[24];
	const char *p;
	int pid;

	if (len >= sizeof(text))
		return false;
	memset(&l, 0, sizeof(l));
	memcpy(text, line, len);
	text[len] = '\0';
	p = strchr(text, ':');
	if (p && !strncmp(text, "lock:", 5))
		p = strchr(p + 1, ':');
	if (!p)
		return false;
	p += 1 + strspn(p + 1, " ");
	if (!strncmp(p, "->", 2)) {
		l.waiting = true;
		p += 2;
	}
	if (sscanf(p, "%15s %*s %15s %d %" SCNx32 ":%" SCNx32 ":%" SCNu64 " %" SCNu64 " %23s", type,
		    mode, &pid, &l.major, &l.minor, &l.ino, &l.first, last) != 8 ||
		!parse_kind(type, &l.kind))
		return false;
	l.pid = pid;
	l.writes = !strcmp(mode, "WRITE");
	l.last = strcmp(last, "EOF") ? strtoull(last, NULL, 10) : UINT64_MAX;
	*out = l;
	return true;
}

int file_lock_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct file_lock));
}
