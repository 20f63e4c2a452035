#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "op/acl.h"
#include "past/past.h"

void past_caller_get(struct past_caller *c, fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	const struct fs *fs = fuse_req_userdata(req);
	int n;

	*c = (struct past_caller){.uid = ctx->uid, .mode_only = !fs->config.acl};
	/* Root needs no groups. libfuse reads them from /proc; a process that cannot be read has
	 * only the one that came with the request. */
	n = ctx->uid ? fuse_req_getgroups(req, 0, NULL) : 0;
	c->groups = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*c->groups));
	c->groups[0] = ctx->gid;
	c->group_count = 1;
	if (n > 0 && (n = fuse_req_getgroups(req, n, c->groups + 1)) > 0)
		c->group_count += (size_t)n;
}

void past_caller_release(struct past_caller *c)
{
	free(c->groups);
	c->groups = NULL;
}

/* An inode on the way: what thule_internal.guard says of it, up to a semicolon. */
struct guard {
	unsigned int mode, uid, gid;
	const char *acl; /* in hex */
	size_t acl_len;  /* digits; 0: it has none */
};

/* Returns where the next one begins, or NULL when that is none. */
static const char *guard_parse(const char *text, struct guard *g)
{
	int n;

	if (sscanf(text, "%u %u %u%n", &g->mode, &g->uid, &g->gid, &n) != 3)
		return NULL;
	text += n;
	text += *text == ' ';
	g->acl = text;
	g->acl_len = strspn(text, "0123456789abcdef");
	text += g->acl_len;
	return text + (*text == ';');
}

static int digit(char hex)
{
	return hex <= '9' ? hex - '0' : hex - 'a' + 10;
}

static bool acl_allows(const struct acl_caller *c, const struct guard *g, unsigned int want)
{
	size_t len = g->acl_len / 2;
	char *acl = xcalloc(1, len);
	bool allowed;

	for (size_t i = 0; i < len; i++)
		acl[i] = (char)(digit(g->acl[2 * i]) << 4 | digit(g->acl[2 * i + 1]));
	allowed = acl_permits((struct bytes){acl, (uint32_t)len}, g->uid, g->gid, c, want);
	free(acl);
	return allowed;
}

/* POSIX: the first class that the caller belongs to decides. */
static bool mode_allows(const struct acl_caller *c, const struct guard *g, unsigned int want)
{
	unsigned int bits = c->uid == g->uid          ? g->mode >> 6
			    : acl_in_group(c, g->gid) ? g->mode >> 3
						      : g->mode;

	return (bits & 7 & want) == want;
}

static bool guard_allows(const struct past_caller *c, const struct acl_caller *who,
	const struct guard *g, unsigned int want)
{
	return g->acl_len && !c->mode_only ? acl_allows(who, g, want) : mode_allows(who, g, want);
}

bool past_allowed(const struct past_caller *c, const char *guard, int want)
{
	struct acl_caller who = {c->uid, c->group_count, c->groups};
	struct guard g;

	if (c->uid == 0)
		return true;
	if (!*guard)
		return false;
	/* What cannot be read allows nothing. */
	for (; *guard; want = X_OK) {
		guard = guard_parse(guard, &g);
		if (!guard || !guard_allows(c, &who, &g, (unsigned int)want))
			return false;
	}
	return true;
}
