#include "actor/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTAINER_ID = 64, NAME_MAX_LEN = 255 };

/* Prefixes of the id of a container in the name of its cgroup. */
static const struct {
	const char *prefix, *runtime;
} runtimes[] = {
	{"docker-", "docker"},             /* systemd as Docker's cgroup driver */
	{"libpod-", "podman"},             /* both drivers */
	{"cri-containerd-", "containerd"}, /* kubelet */
	{"nerdctl-", "containerd"},
	{"crio-", "crio"},
};

/* A name in the path. */
struct part {
	const char *name;
	size_t len;
};

/* Finds the last part of the path before *end, which moves to before it. */
static bool last_part(const char *path, const char **end, struct part *out)
{
	const char *stop = *end, *start;

	while (stop > path && stop[-1] == '/')
		stop--;
	if (stop == path)
		return false;
	start = memrchr(path, '/', (size_t)(stop - path));
	out->name = start ? start + 1 : path;
	out->len = (size_t)(stop - out->name);
	*end = out->name;
	return true;
}

static bool ends_with(struct part p, const char *suffix)
{
	size_t n = strlen(suffix);

	return p.len > n && !memcmp(p.name + p.len - n, suffix, n);
}

static bool starts_with(struct part p, const char *prefix)
{
	return !strncmp(p.name, prefix, strlen(prefix)) && p.len > strlen(prefix);
}

static bool is_id(const char *text, size_t len)
{
	return len == CONTAINER_ID && strspn(text, "0123456789abcdef") >= CONTAINER_ID;
}

static bool has_parent(const char *path, const char *end, const char *name)
{
	struct part parent;

	return last_part(path, &end, &parent) && parent.len == strlen(name) &&
	       !memcmp(parent.name, name, parent.len);
}

/* Returns whether any name above begins so. */
static bool has_ancestor(const char *path, const char *end, const char *prefix)
{
	struct part p;

	while (last_part(path, &end, &p))
		if (!strncmp(p.name, prefix, strlen(prefix)))
			return true;
	return false;
}

static char *named(const char *kind, const char *name, size_t len)
{
	char *text;

	if (len > NAME_MAX_LEN)
		len = NAME_MAX_LEN;
	return asprintf(&text, "%s:%.*s", kind, (int)len, name) < 0 ? NULL : text;
}

/* Returns the runtime of a cgroup whose name is an id and nothing else: the names above tell it. */
static const char *runtime_above(const char *path, const char *end)
{
	if (has_parent(path, end, "docker"))
		return "docker";
	if (has_parent(path, end, "libpod_parent"))
		return "podman";
	return has_ancestor(path, end, "kubepods") ? "kubernetes" : "container";
}

/*
 * Sets *out to the container that cgroup `p` is, NULL when out of memory. `end` is where p starts.
 */
static bool container(const char *path, const char *end, struct part p, char **out)
{
	struct part id = p;

	if (ends_with(id, ".scope"))
		id.len -= strlen(".scope");
	if (is_id(id.name, id.len)) {
		*out = named(runtime_above(path, end), id.name, id.len);
		return true;
	}
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		size_t n = strlen(runtimes[i].prefix);
		if (id.len == n + CONTAINER_ID && is_id(id.name + n, id.len - n) &&
			!memcmp(id.name, runtimes[i].prefix, n)) {
			*out = named(runtimes[i].runtime, id.name + n, id.len - n);
			return true;
		}
	}
	/* SLICE:cri-containerd:ID, what runc was to tell systemd, where there is none to take it */
	if (id.len > CONTAINER_ID + 16 && is_id(id.name + id.len - CONTAINER_ID, CONTAINER_ID) &&
		memmem(id.name, id.len, ":cri-containerd:", 16)) {
		*out = named("containerd", id.name + id.len - CONTAINER_ID, CONTAINER_ID);
		return true;
	}
	if (starts_with(p, "lxc.payload.")) {
		*out = named("lxc", p.name + 12, p.len - 12);
		return true;
	}
	if (has_parent(path, end, "lxc")) {
		*out = named("lxc", p.name, p.len);
		return true;
	}
	return false;
}

static bool is_unit(struct part p)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_with(p, suffixes[i]))
			return true;
	return false;
}

char *unit_of_cgroup(const char *cgroup)
{
	const char *end = cgroup + strlen(cgroup);
	struct part p, unit = {"", 0}, slice = {"", 0};
	char *text = NULL;

	while (last_part(cgroup, &end, &p)) {
		if (container(cgroup, end, p, &text))
			return text;
		if (!unit.len && is_unit(p))
			unit = p;
		if (!slice.len && ends_with(p, ".slice"))
			slice = p;
	}
	if (!unit.len)
		unit = slice;
	return strndup(unit.name, unit.len < NAME_MAX_LEN ? unit.len : NAME_MAX_LEN);
}
