#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/uio.h>

#include "db/direct.h"
#include "engine.h"
#include "fs.h"
#include "op/access.h"
#include "op/content.h"
#include "past/past.h"
#include "request/requests.h"
#include "transport/raw.h"

/* Bytes of the largest reply that is kept. */
#ifndef KERNEL_BODY
#define KERNEL_BODY 8192
#endif

/*
 * Plays the kernel for a filesystem without a mount: sends requests in the kernel's protocol to
 * libfuse, which calls the operations, and takes the replies. One request at a time. The filesystem
 * has an engine for its journal and database, and a reader; requests that wait are continued by a
 * thread, as the transport does.
 */
struct kernel {
	struct fs fs; /* first: it is what libfuse hands on */
	struct engine *engine;
	struct fuse_session *session;
	struct requests *requests;
	pthread_t resumer;
	uint64_t unique;
	pthread_mutex_t lock;
	pthread_cond_t replied;
	int replies; /* to the request that is under way */
	int error;
	size_t len;
	char body[KERNEL_BODY];
};

static inline ssize_t kernel_reply(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct fuse_out_header *out = iov[0].iov_base;
	struct kernel *k = userdata;

	pthread_mutex_lock(&k->lock);
	ck_assert_uint_eq(out->unique, k->unique);
	k->replies++;
	k->error = -out->error;
	k->len = 0;
	for (int i = 1; i < count; i++) {
		ck_assert_uint_le(k->len + iov[i].iov_len, sizeof(k->body));
		memcpy(k->body + k->len, iov[i].iov_base, iov[i].iov_len);
		k->len += iov[i].iov_len;
	}
	pthread_cond_broadcast(&k->replied);
	pthread_mutex_unlock(&k->lock);
	return out->len;
}

static inline ssize_t kernel_read(int fd, void *buf, size_t len, void *userdata)
{
	return 0;
}

/* As the transport does it: what is cut short is refused. */
static inline void kernel_dispatch(void *arg, char *bytes, size_t len)
{
	struct kernel *k = arg;
	struct fuse_buf buf = {.size = len, .mem = bytes};
	struct fuse_out_header out = {.len = sizeof(out), .error = -EIO};

	if (raw_is_whole(bytes, len)) {
		fuse_session_process_buf(k->session, &buf);
	} else if (len >= sizeof(struct fuse_in_header)) {
		out.unique = ((const struct fuse_in_header *)(const void *)bytes)->unique;
		kernel_reply(0, &(struct iovec){&out, sizeof(out)}, 1, k);
	}
}

static inline void *kernel_resume(void *arg)
{
	struct kernel *k = arg;

	requests_serve(k->requests);
	return NULL;
}

/* Sends a request: a body of its own type, and bytes that follow it. Returns the reply's errno, and
 * leaves the rest in k->body. */
static inline int kernel_call(struct kernel *k, enum fuse_opcode opcode, uint64_t node,
	const void *body, size_t body_len, const void *more, size_t more_len)
{
	struct fuse_in_header in = {.opcode = opcode, .nodeid = node, .pid = (uint32_t)gettid()};
	char *bytes = malloc(sizeof(in) + body_len + more_len);
	int error;

	in.len = (uint32_t)(sizeof(in) + body_len + more_len);
	pthread_mutex_lock(&k->lock);
	in.unique = ++k->unique;
	k->replies = 0;
	pthread_mutex_unlock(&k->lock);
	memcpy(bytes, &in, sizeof(in));
	if (body_len)
		memcpy(bytes + sizeof(in), body, body_len);
	if (more_len)
		memcpy(bytes + sizeof(in) + body_len, more, more_len);
	requests_begin(k->requests, NULL, RAW_NONE, bytes, in.len);
	free(bytes);
	pthread_mutex_lock(&k->lock);
	while (!k->replies)
		pthread_cond_wait(&k->replied, &k->lock);
	ck_assert_int_eq(k->replies, 1);
	error = k->error;
	pthread_mutex_unlock(&k->lock);
	return error;
}

/* --- the filesystem behind it --- */

static inline void kernel_reader_reconnected(void *arg)
{
	journal_wait_flushed(((struct fs *)arg)->journal);
}

static inline void kernel_lease_changed(void *arg, enum journal_lease lease)
{
	enum reader_gate gate = lease == JOURNAL_LEASED       ? READER_OPEN
				: lease == JOURNAL_LEASE_LOST ? READER_HELD
							      : READER_SHUT;

	reader_set_gate(((struct fs *)arg)->reader, gate);
	direct_set_gate(((struct fs *)arg)->direct, gate);
}

extern const struct fuse_lowlevel_ops fs_operations;

static inline void kernel_start_session(struct kernel *k)
{
	static const struct fuse_custom_io io = {.writev = kernel_reply, .read = kernel_read};
	struct fuse_init_in init = {.major = FUSE_KERNEL_VERSION, .minor = 38};
	char *argv[] = {(char *)"unit"};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct error err;

	k->session = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), &k->fs);
	ck_assert_ptr_nonnull(k->session);
	ck_assert_int_eq(
		fuse_session_custom_io(k->session, &io, open("/dev/null", O_RDWR | O_CLOEXEC)), 0);
	fuse_opt_free_args(&args);
	k->requests = requests_new(kernel_dispatch, k, &err);
	check_ok(k->requests != NULL, &err);
	ck_assert_int_eq(pthread_create(&k->resumer, NULL, kernel_resume, k), 0);
	ck_assert_int_eq(kernel_call(k, FUSE_INIT, 0, &init, sizeof(init), NULL, 0), 0);
}

static inline struct kernel *kernel_start(void)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct fs_config config = {.limits = {.inodes = 1000, .attributes = 1 << 20}};
	struct reader_config reading;
	struct error err;

	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->replied, NULL);
	fs_init(&k->fs, &config);
	k->engine = engine_begin(&k->fs.lock, fs_committed, &k->fs);
	k->fs.journal = k->engine->journal;
	k->fs.next_ino = 2;
	k->fs.past = past_new(PAST_CACHE_DEFAULT);
	k->fs.access = access_new();
	k->fs.contents = contents_new(&k->fs);
	k->fs.actors = actor_cache_new(16, 1 << 20, ACTOR_OFF);
	reading = (struct reader_config){.database = k->engine->database,
		.application = "unit",
		.statements = reader_present,
		.reconnected = kernel_reader_reconnected,
		.arg = &k->fs};
	k->fs.reader = reader_start(&reading, &err);
	check_ok(k->fs.reader != NULL, &err);
	k->fs.direct = direct_start(&reading, k->fs.reader, &err);
	check_ok(k->fs.direct != NULL, &err);
	journal_on_lease(k->fs.journal, kernel_lease_changed, &k->fs);
	kernel_start_session(k);
	return k;
}

static inline void kernel_drop_opener(void *arg, struct handle *h)
{
	actor_unref(h->opener);
	h->opener = NULL;
}

/* Stops everything. The engine stays, for engine_verify(), until engine_free(). */
static inline struct engine *kernel_stop(struct kernel *k)
{
	struct engine *e = k->engine;

	requests_close(k->requests);
	ck_assert(journal_stop(e->journal));
	direct_stop(k->fs.direct);
	reader_stop(k->fs.reader);
	requests_stop(k->requests);
	pthread_join(k->resumer, NULL);
	journal_free(e->journal);
	e->journal = NULL;
	past_free(k->fs.past);
	access_free(k->fs.access);
	requests_free(k->requests);
	contents_free(k->fs.contents);
	handles_each(&k->fs.state, kernel_drop_opener, NULL);
	actor_cache_free(k->fs.actors);
	fuse_session_destroy(k->session);
	fs_destroy(&k->fs);
	pthread_cond_destroy(&k->replied);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return e;
}

/* --- what programs do --- */

/* A refusal while the server's disk is full passes; everything else is an answer. */
static inline void kernel_insist(struct kernel *k, enum fuse_opcode opcode, uint64_t node,
	const void *body, size_t body_len, const void *more, size_t more_len)
{
	int error = ENOSPC;

	while (error == ENOSPC)
		error = kernel_call(k, opcode, node, body, body_len, more, more_len);
	ck_assert_int_eq(error, 0);
}

static inline void kernel_log(struct kernel *k, enum op_kind kind, uint64_t ino)
{
	model_log(&k->engine->model, (uint64_t)k->engine->model.ops + 2, kind, ino);
}

/* Makes an open file and returns its handle. */
static inline uint64_t kernel_create(struct kernel *k, const char *name)
{
	struct fuse_create_in in = {.flags = O_RDWR | O_CREAT, .mode = S_IFREG | 0644};
	struct model_file *f = model_find(&k->engine->model, "");
	struct fuse_entry_out entry;
	struct fuse_open_out opened;

	kernel_insist(k, FUSE_CREATE, 1, &in, sizeof(in), name, strlen(name) + 1);
	memcpy(&entry, k->body, sizeof(entry));
	memcpy(&opened, k->body + sizeof(entry), sizeof(opened));
	*f = (struct model_file){.ino = k->engine->model.next_ino++};
	ck_assert_uint_eq(entry.nodeid, f->ino);
	snprintf(f->name, sizeof(f->name), "%s", name);
	kernel_log(k, OP_CREATE, f->ino);
	return opened.fh;
}

static inline void kernel_write(
	struct kernel *k, const char *name, uint64_t fh, size_t off, const char *text)
{
	struct model_file *f = model_find(&k->engine->model, name);
	struct fuse_write_in in = {.fh = fh, .offset = off, .size = (uint32_t)strlen(text)};

	kernel_insist(k, FUSE_WRITE, f->ino, &in, sizeof(in), text, in.size);
	memcpy(f->data + off, text, in.size);
	if (f->size < off + in.size)
		f->size = off + in.size;
	kernel_log(k, OP_WRITE, f->ino);
}

static inline void kernel_rename(struct kernel *k, const char *from, const char *to)
{
	struct model *m = &k->engine->model;
	struct fuse_rename2_in in = {.newdir = 1};
	struct model_file *f = model_find(m, from), *victim = model_find(m, to);
	char names[64];
	int len = snprintf(names, sizeof(names), "%s%c%s", from, '\0', to) + 1;

	kernel_insist(k, FUSE_RENAME2, 1, &in, sizeof(in), names, (size_t)len);
	if (victim)
		*victim = (struct model_file){0};
	snprintf(f->name, sizeof(f->name), "%s", to);
	kernel_log(k, OP_RENAME, f->ino);
}

static inline void kernel_unlink(struct kernel *k, const char *name)
{
	struct model_file *f = model_find(&k->engine->model, name);
	uint64_t ino = f->ino;

	kernel_insist(k, FUSE_UNLINK, 1, NULL, 0, name, strlen(name) + 1);
	*f = (struct model_file){0};
	kernel_log(k, OP_UNLINK, ino);
}

static inline void kernel_fsync(struct kernel *k, const char *name, uint64_t fh)
{
	struct fuse_fsync_in in = {.fh = fh};

	kernel_insist(
		k, FUSE_FSYNC, model_find(&k->engine->model, name)->ino, &in, sizeof(in), NULL, 0);
}

/* Reads all of a file: what is not committed the state knows, the rest the database. */
static inline void kernel_read_file(struct kernel *k, const char *name, uint64_t fh)
{
	const struct model_file *f = model_find(&k->engine->model, name);
	struct fuse_read_in in = {.fh = fh, .size = ENGINE_BYTES};

	kernel_insist(k, FUSE_READ, f->ino, &in, sizeof(in), NULL, 0);
	ck_assert_uint_eq(k->len, f->size);
	ck_assert_mem_eq(k->body, f->data, f->size);
}

/* Asks for a name that nobody gave: the database tells all names of the directory at the first. */
static inline void kernel_miss(struct kernel *k, const char *name)
{
	int error = kernel_call(k, FUSE_LOOKUP, 1, NULL, 0, name, strlen(name) + 1);
	struct fuse_entry_out entry = {0};

	if (!error)
		memcpy(&entry, k->body, sizeof(entry));
	ck_assert(error == ENOENT || (!error && entry.nodeid == 0));
}

/* Asks for an inode that there never was, which only the database can tell, each time. */
static inline void kernel_stale(struct kernel *k)
{
	ck_assert_int_eq(kernel_call(k, FUSE_LOOKUP, 1 << 20, NULL, 0, ".", 2), ESTALE);
}
