/*
 * The way of a request: what the kernel sends, in any order, with any numbers and names, and with
 * lengths that it never sends. Each request that wants a reply gets one, whoever waits for the
 * database goes on, and all that was acknowledged is in the database in the end, each op once and
 * in order.
 *
 * runs: 1000
 * max_len: 1024
 */
#define KERNEL_BODY (2 << 20)
#include "../unit/kernel.h"
#include "fuzz.h"

/* Requests of the kernel, with the bytes of their bodies. */
static const struct {
	enum fuse_opcode opcode;
	unsigned int body, names;
	enum { NO_HANDLE, AT_0, AT_8 } handle; /* where the body has one */
} kinds[] = {
	{FUSE_LOOKUP, 0, 1, 0}, {FUSE_FORGET, sizeof(struct fuse_forget_in), 0, 0},
	{FUSE_GETATTR, sizeof(struct fuse_getattr_in), 0, AT_8},
	{FUSE_SETATTR, sizeof(struct fuse_setattr_in), 0, AT_8}, {FUSE_READLINK, 0, 0, 0},
	{FUSE_SYMLINK, 0, 2, 0}, {FUSE_MKNOD, sizeof(struct fuse_mknod_in), 1, 0},
	{FUSE_MKDIR, sizeof(struct fuse_mkdir_in), 1, 0}, {FUSE_UNLINK, 0, 1, 0},
	{FUSE_RMDIR, 0, 1, 0}, {FUSE_RENAME, sizeof(struct fuse_rename_in), 2, 0},
	{FUSE_LINK, sizeof(struct fuse_link_in), 1, 0},
	{FUSE_OPEN, sizeof(struct fuse_open_in), 0, 0},
	{FUSE_READ, sizeof(struct fuse_read_in), 0, AT_0},
	{FUSE_WRITE, sizeof(struct fuse_write_in), 1, AT_0}, {FUSE_STATFS, 0, 0, 0},
	{FUSE_RELEASE, sizeof(struct fuse_release_in), 0, AT_0},
	{FUSE_FSYNC, sizeof(struct fuse_fsync_in), 0, AT_0},
	{FUSE_SETXATTR, FUSE_COMPAT_SETXATTR_IN_SIZE, 2, 0},
	{FUSE_GETXATTR, sizeof(struct fuse_getxattr_in), 1, 0},
	{FUSE_LISTXATTR, sizeof(struct fuse_getxattr_in), 0, 0}, {FUSE_REMOVEXATTR, 0, 1, 0},
	{FUSE_FLUSH, sizeof(struct fuse_flush_in), 0, AT_0},
	{FUSE_OPENDIR, sizeof(struct fuse_open_in), 0, 0},
	{FUSE_READDIR, sizeof(struct fuse_read_in), 0, 0},
	{FUSE_FSYNCDIR, sizeof(struct fuse_fsync_in), 0, 0},
	{FUSE_ACCESS, sizeof(struct fuse_access_in), 0, 0},
	{FUSE_CREATE, sizeof(struct fuse_create_in), 1, 0},
	{FUSE_IOCTL, sizeof(struct fuse_ioctl_in), 1, AT_0},
	{FUSE_BATCH_FORGET, sizeof(struct fuse_batch_forget_in), 1, 0},
	{FUSE_FALLOCATE, sizeof(struct fuse_fallocate_in), 0, AT_0},
	{FUSE_READDIRPLUS, sizeof(struct fuse_read_in), 0, 0},
	{FUSE_RENAME2, sizeof(struct fuse_rename2_in), 2, 0},
	{FUSE_LSEEK, sizeof(struct fuse_lseek_in), 0, AT_0},
	{FUSE_COPY_FILE_RANGE, sizeof(struct fuse_copy_file_range_in), 0, AT_0},
	{FUSE_TMPFILE, sizeof(struct fuse_create_in), 1, 0},
	{(enum fuse_opcode)52, 24, 0, 0}, /* STATX */
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Bits of a request's second byte. */
enum { WRONG_LENGTH = 1, RAW_NODE = 2, RAW_HANDLE = 4, RAW_NAME = 8, OTHER_USER = 16, SMALL = 32 };

struct world {
	struct kernel *k;
	uint64_t handle; /* the last that was opened */
};

static const char *const names[] = {"a", "b", "c", "d", ".", "..", "", ".thule", "user.x",
	"security.capability", "system.posix_acl_access", "a/b"};

static bool wants_reply(const char *bytes, size_t len)
{
	const struct fuse_in_header *in = (const void *)bytes;

	if (len < sizeof(*in))
		return false;
	return !raw_is_whole(bytes, len) ||
	       (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET);
}

static void send_bytes(struct kernel *k, const char *bytes, size_t len)
{
	struct fuse_in_header *in;
	char *copy = malloc(len ? len : 1);
	enum raw_kind kind;
	bool wants;

	memcpy(copy, bytes, len);
	in = (void *)copy;
	pthread_mutex_lock(&k->lock);
	k->unique++;
	if (len >= sizeof(*in))
		in->unique = k->unique;
	k->replies = 0;
	pthread_mutex_unlock(&k->lock);
	wants = wants_reply(copy, len);
	kind = raw_disguise(copy, len);
	requests_begin(k->requests, NULL, kind, copy, len);
	free(copy);
	pthread_mutex_lock(&k->lock);
	while (wants && !k->replies)
		pthread_cond_wait(&k->replied, &k->lock);
	MUST(k->replies == (wants ? 1 : 0));
	pthread_mutex_unlock(&k->lock);
}

static void add_name(struct buf *b, struct input *in, unsigned int how)
{
	const char *name = names[input_byte(in) % (sizeof(names) / sizeof(names[0]))];
	char *raw = NULL;

	if (how & RAW_NAME)
		name = raw = input_text(in, input_byte(in));
	buf_add(b, name, strlen(name) + 1);
	free(raw);
}

/* Makes numbers small, so that some of them mean something. */
static void add_body(struct buf *b, struct input *in, size_t kind, unsigned int how, uint64_t fh)
{
	char body[256] = {0};
	unsigned int n = kinds[kind].body;

	input_take(in, body, n);
	if (how & SMALL)
		for (unsigned int i = 2; i < n; i++)
			if (i % 4 > 1)
				body[i] = 0;
	if (!(how & RAW_HANDLE) && kinds[kind].handle != NO_HANDLE)
		memcpy(body + (kinds[kind].handle == AT_8 ? 8 : 0), &fh, sizeof(fh));
	buf_add(b, body, n);
}

/* Remembers what was opened, as the kernel does. */
static void note_handle(struct world *w, enum fuse_opcode opcode)
{
	struct kernel *k = w->k;
	size_t at = opcode == FUSE_OPEN ? 0 : sizeof(struct fuse_entry_out);

	if (k->error || (opcode != FUSE_OPEN && opcode != FUSE_CREATE && opcode != FUSE_TMPFILE))
		return;
	if (k->len >= at + sizeof(uint64_t))
		memcpy(&w->handle, k->body + at, sizeof(w->handle));
}

static void send_one(struct world *w, struct input *in)
{
	size_t kind = input_byte(in) % KINDS;
	unsigned int how = input_byte(in), node = input_byte(in);
	struct fuse_in_header head = {.opcode = kinds[kind].opcode, .pid = (uint32_t)gettid()};
	struct buf b = {0};

	if (how & RAW_NODE)
		input_take(in, &head.nodeid, sizeof(head.nodeid));
	else
		head.nodeid = 1 + node % 8;
	head.uid = head.gid = how & OTHER_USER ? 1000 : 0;
	buf_add(&b, &head, sizeof(head));
	add_body(&b, in, kind, how, w->handle);
	for (unsigned int i = 0; i < kinds[kind].names; i++)
		add_name(&b, in, how);
	if (how & WRONG_LENGTH && b.len > 0)
		b.len -= input_byte(in) % b.len;
	if (b.len >= sizeof(head))
		((struct fuse_in_header *)(void *)b.data)->len = (uint32_t)b.len;
	send_bytes(w->k, b.data, b.len);
	note_handle(w, kinds[kind].opcode);
	buf_free(&b);
}

/* Each op once, in order. */
static void check_log(struct engine *e)
{
	int ops = memory_count(e->database, MEMORY_OP);

	for (int i = 1; i < ops; i++)
		MUST(memory_int(e->database, MEMORY_OP, i, 0) ==
			memory_int(e->database, MEMORY_OP, i - 1, 0) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct world w = {.k = kernel_start()};
	struct engine *e;

	while (in.left)
		send_one(&w, &in);
	e = kernel_stop(w.k);
	check_log(e);
	engine_free(e);
	return 0;
}
