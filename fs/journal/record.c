#include "journal/record.h"

#include <assert.h>
#include <string.h>

#include "journal/record_sum.h"

/* A stored record is a fixed head, two names, then changes; each part is padded to 8 bytes. */
struct stored_head {
	uint32_t size;
	uint16_t kind;
	int16_t result;
	uint64_t op, unique;
	int64_t at;
	uint64_t actor, ino, parent, new_parent;
	int64_t off, len;
	uint16_t name_len, new_name_len;
	uint16_t change_count;
	uint8_t flags; /* enum record_flag */
	uint8_t tag_len;
	uint64_t sum; /* record_seal(); 0: none */
};

struct stored_change {
	uint16_t type;
	uint16_t flags;
	uint32_t size; /* with this head and padding */
};

struct stored_dirent {
	uint64_t parent, ino, cookie;
};

struct stored_extent {
	uint64_t ino, off, len;
};

struct stored_actor {
	uint64_t id, start_time;
	int64_t loginuid;
	int32_t pid, ppid, session;
	uint32_t uid, gid, marks;
};

static size_t pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* A counted byte string: 4 bytes of length, the bytes, padding. */
static size_t bytes_size(struct bytes b)
{
	return pad8(4 + (size_t)b.len);
}

static char *put_bytes(char *p, struct bytes b, const void **at)
{
	size_t n = bytes_size(b);
	/* Padding is zeroed, so that equal records are equal bytes. */
	memset(p + n - 8, 0, 8);
	memcpy(p, &b.len, 4);
	if (b.len)
		memcpy(p + 4, b.data, b.len);
	if (at && b.len)
		*at = p + 4;
	return p + n;
}

static char *put(char *p, const void *data, size_t n)
{
	memcpy(p, data, n);
	return p + n;
}

static size_t change_len(const struct change *e)
{
	size_t n = sizeof(struct stored_change);
	switch (e->type) {
	case CHANGE_ACTOR:
		n += sizeof(struct stored_actor);
		for (int i = 0; i < ACTOR_TEXTS; i++)
			n += bytes_size(e->actor.text[i]);
		return n;
	case CHANGE_INODE:
		return n + sizeof(struct inode_attr) + bytes_size(e->inode.target);
	case CHANGE_INODE_GONE:
		return n + sizeof(uint64_t);
	case CHANGE_DIRENT:
	case CHANGE_DIRENT_GONE:
		return n + sizeof(struct stored_dirent) + bytes_size(e->dirent.name);
	case CHANGE_EXTENT:
	case CHANGE_CUT:
	case CHANGE_SHARE:
		return n + sizeof(struct stored_extent) + bytes_size(e->extent.data);
	case CHANGE_XATTR:
	case CHANGE_XATTR_GONE:
		return n + sizeof(e->xattr.ino) + bytes_size(e->xattr.name) +
		       bytes_size(e->xattr.value);
	case CHANGE_ATIME:
		return n + sizeof(e->atime);
	}
	assert(!"unknown change");
	return n;
}

static char *put_change(char *p, const struct change *e, const void **data_at)
{
	struct stored_change head = {.type = e->type, .flags = e->flags, .size = change_len(e)};
	p = put(p, &head, sizeof(head));
	switch (e->type) {
	case CHANGE_ACTOR: {
		const struct actor_image *a = &e->actor;
		struct stored_actor s = {a->id, a->start_time, a->loginuid, a->pid, a->ppid,
			a->session, a->uid, a->gid, a->marks};
		p = put(p, &s, sizeof(s));
		for (int i = 0; i < ACTOR_TEXTS; i++)
			p = put_bytes(p, a->text[i], NULL);
		break;
	}
	case CHANGE_INODE:
		p = put(p, &e->inode.attr, sizeof(e->inode.attr));
		p = put_bytes(p, e->inode.target, NULL);
		break;
	case CHANGE_INODE_GONE:
		p = put(p, &e->gone, sizeof(e->gone));
		break;
	case CHANGE_DIRENT:
	case CHANGE_DIRENT_GONE: {
		struct stored_dirent s = {e->dirent.parent, e->dirent.ino, e->dirent.cookie};
		p = put(p, &s, sizeof(s));
		p = put_bytes(p, e->dirent.name, NULL);
		break;
	}
	case CHANGE_EXTENT:
	case CHANGE_CUT:
	case CHANGE_SHARE: {
		struct stored_extent s = {e->extent.ino, e->extent.off, e->extent.len};
		p = put(p, &s, sizeof(s));
		p = put_bytes(p, e->extent.data, data_at);
		break;
	}
	case CHANGE_XATTR:
	case CHANGE_XATTR_GONE:
		p = put(p, &e->xattr.ino, sizeof(e->xattr.ino));
		p = put_bytes(p, e->xattr.name, NULL);
		p = put_bytes(p, e->xattr.value, NULL);
		break;
	case CHANGE_ATIME:
		p = put(p, &e->atime, sizeof(e->atime));
		break;
	}
	return p;
}

size_t record_size(const struct record *r)
{
	size_t n = sizeof(struct stored_head) + pad8(r->name.len) + pad8(r->new_name.len) +
		   pad8(r->tag.len);
	for (unsigned int i = 0; i < r->change_count; i++)
		n += change_len(&r->changes[i]);
	return n;
}

static char *put_name(char *p, struct bytes name)
{
	size_t n = pad8(name.len);
	if (!n)
		return p;
	memset(p + n - 8, 0, 8);
	memcpy(p, name.data, name.len);
	return p + n;
}

void record_encode(const struct record *r, void *buf, const void **data_at)
{
	struct stored_head head = {
		.size = record_size(r),
		.kind = r->kind,
		.result = r->result,
		.op = r->op,
		.unique = r->unique,
		.at = r->at,
		.actor = r->actor,
		.ino = r->ino,
		.parent = r->parent,
		.new_parent = r->new_parent,
		.off = r->off,
		.len = r->len,
		.name_len = r->name.len,
		.new_name_len = r->new_name.len,
		.change_count = (uint16_t)r->change_count,
		.flags = (uint8_t)r->flags,
		.tag_len = (uint8_t)r->tag.len,
	};
	char *p = put(buf, &head, sizeof(head));

	p = put_name(p, r->name);
	p = put_name(p, r->new_name);
	p = put_name(p, r->tag);
	for (unsigned int i = 0; i < r->change_count; i++)
		p = put_change(p, &r->changes[i], data_at);
	assert(p == (char *)buf + head.size);
}

void record_seal(void *buf)
{
	struct stored_head head;

	memcpy(&head, buf, sizeof(head));
	head.sum = record_sum(buf, head.size, offsetof(struct stored_head, sum));
	memcpy(buf, &head, sizeof(head));
}

bool record_is_sealed(const void *buf, size_t avail)
{
	const size_t at = offsetof(struct stored_head, sum);
	struct stored_head head;

	if (avail < sizeof(head))
		return false;
	memcpy(&head, buf, sizeof(head));
	if (head.size < sizeof(head) || head.size > avail || head.size % 8 != 0)
		return false;
	return head.sum == record_sum(buf, head.size, at) ||
	       head.sum == record_sum_before(buf, head.size, at);
}

/* A cursor over stored bytes; going past the end makes it bad, and bad stays bad. */
struct cursor {
	const char *p, *end;
	bool bad;
};

static const void *take(struct cursor *c, size_t n)
{
	const void *at = c->p;
	if (c->bad || (size_t)(c->end - c->p) < n) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	return at;
}

static void take_into(struct cursor *c, void *out, size_t n)
{
	const void *at = take(c, n);
	if (at)
		memcpy(out, at, n);
}

static struct bytes take_bytes(struct cursor *c)
{
	struct bytes b = {0};
	if (c->bad || c->end - c->p < 4) {
		c->bad = true;
		return b;
	}
	memcpy(&b.len, c->p, 4);
	b.data = c->p + 4;
	take(c, bytes_size(b));
	return c->bad ? (struct bytes){0} : b;
}

static struct bytes take_name(struct cursor *c, size_t len)
{
	return (struct bytes){take(c, pad8(len)), len};
}

static void take_change(struct cursor *c, struct change *e)
{
	struct stored_change head = {0};
	const char *start = c->p;

	take_into(c, &head, sizeof(head));
	e->type = head.type;
	e->flags = head.flags;
	switch (e->type) {
	case CHANGE_ACTOR: {
		struct stored_actor s = {0};
		take_into(c, &s, sizeof(s));
		e->actor = (struct actor_image){s.id, s.start_time, s.loginuid, s.pid, s.ppid,
			s.session, s.uid, s.gid, s.marks, {{0}}};
		for (int i = 0; i < ACTOR_TEXTS; i++)
			e->actor.text[i] = take_bytes(c);
		break;
	}
	case CHANGE_INODE:
		take_into(c, &e->inode.attr, sizeof(e->inode.attr));
		e->inode.target = take_bytes(c);
		break;
	case CHANGE_INODE_GONE:
		take_into(c, &e->gone, sizeof(e->gone));
		break;
	case CHANGE_DIRENT:
	case CHANGE_DIRENT_GONE: {
		struct stored_dirent s = {0};
		take_into(c, &s, sizeof(s));
		e->dirent.parent = s.parent;
		e->dirent.ino = s.ino;
		e->dirent.cookie = s.cookie;
		e->dirent.name = take_bytes(c);
		break;
	}
	case CHANGE_EXTENT:
	case CHANGE_CUT:
	case CHANGE_SHARE: {
		struct stored_extent s = {0};
		take_into(c, &s, sizeof(s));
		e->extent.ino = s.ino;
		e->extent.off = s.off;
		e->extent.len = s.len;
		e->extent.data = take_bytes(c);
		break;
	}
	case CHANGE_XATTR:
	case CHANGE_XATTR_GONE:
		take_into(c, &e->xattr.ino, sizeof(e->xattr.ino));
		e->xattr.name = take_bytes(c);
		e->xattr.value = take_bytes(c);
		break;
	case CHANGE_ATIME:
		take_into(c, &e->atime, sizeof(e->atime));
		break;
	default:
		c->bad = true;
	}
	if (!c->bad && (size_t)(c->p - start) != head.size)
		c->bad = true;
}

size_t record_decode(const void *buf, size_t avail, struct record *r)
{
	struct stored_head head = {0};
	struct cursor c = {buf, (const char *)buf + avail, false};

	take_into(&c, &head, sizeof(head));
	if (c.bad || head.size < sizeof(head) || head.size > avail ||
		head.change_count > RECORD_MAX_CHANGES ||
		(head.sum && !record_is_sealed(buf, avail)))
		return 0;
	c.end = (const char *)buf + head.size;
	*r = (struct record){
		.op = head.op,
		.unique = head.unique,
		.at = head.at,
		.actor = head.actor,
		.ino = head.ino,
		.parent = head.parent,
		.new_parent = head.new_parent,
		.off = head.off,
		.len = head.len,
		.kind = head.kind,
		.result = head.result,
		.change_count = head.change_count,
		.flags = head.flags,
	};
	r->name = take_name(&c, head.name_len);
	r->new_name = take_name(&c, head.new_name_len);
	r->tag = take_name(&c, head.tag_len);
	for (unsigned int i = 0; i < r->change_count; i++)
		take_change(&c, &r->changes[i]);
	return c.bad || c.p != c.end ? 0 : head.size;
}
