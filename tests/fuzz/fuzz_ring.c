/*
 * The file of a journal that was damaged, whose host went down, or that nobody wrote: looking at
 * it, walking it and opening it for a mount end, inside of the file, and what a mount opens holds
 * no more than its size.
 *
 * runs: 25000
 * max_len: 12288
 */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "journal/record.h"
#include "journal/ring_impl.h"

static const struct ring_key key = {
	.uuid = "f0000000-0000-4000-8000-000000000000", .system = 7, .database = 5, .server = "/d"};

/* What the first byte of an input asks for; the rest of its bits are as they are. */
enum { ANY_SIZE = 1, OTHER_BOOT = 2, ANY_KEY = 4, LONG_FILE = 8 };

static void put(int fd, const void *bytes, size_t n, off_t at)
{
	MUST(pwrite(fd, bytes, n, at) == (ssize_t)n);
}

/* Writes a file: a header of the input's bytes, but for what else would end each run at once, then
 * what is left as records, and the same once more as the log. */
static void make(const char *path, struct input *in)
{
	uint8_t how = input_byte(in);
	union {
		struct header h;
		char bytes[HEADER_SIZE];
	} head = {0};
	char data[LOG_BLOCK * 2];
	size_t n;
	int fd;

	input_take(in, &head.h, offsetof(struct header, uuid));
	head.h.magic = RING_MAGIC;
	head.h.version = RING_VERSION;
	if (!(how & ANY_SIZE))
		head.h.size = LOG_BLOCK * (1 + (how >> 7));
	if (!(how & ANY_KEY)) {
		memcpy(head.h.uuid, key.uuid, sizeof(key.uuid));
		head.h.system = key.system;
		head.h.database = key.database;
	}
	head.h.durable = how & OTHER_BOOT ? 1 : 0;
	n = in->left < sizeof(data) ? in->left : sizeof(data);
	input_take(in, data, sizeof(data));
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	put(fd, &head, sizeof(head), 0);
	put(fd, data, how & LONG_FILE ? sizeof(data) : n, HEADER_SIZE);
	if (how & OTHER_BOOT && how & LONG_FILE) {
		off_t log = (off_t)(HEADER_SIZE + head.h.size % (1 << 20));

		put(fd, data, sizeof(data), log);
		put(fd, data, sizeof(data), log + HEADER_SIZE);
	}
	close(fd);
}

/* Reads what there is, as a replay does and as `thule journal show` does. */
static void walk(const struct ring *ring)
{
	uint64_t pos = ring_tail(ring), steps = 0;
	const void *bytes;
	size_t avail, n;
	struct record r;

	MUST(ring_used(ring) <= ring_size(ring));
	while ((bytes = ring_at(ring, &pos, &avail)) && (n = record_decode(bytes, avail, &r))) {
		MUST(n <= avail);
		MUST(++steps <= ring_size(ring) / 8);
		pos += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct ring_wish wish = {.size = RING_SIZE_MIN};
	struct ring_peek peek;
	struct error err;
	struct ring *ring;
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/thulefs-fuzz-%d.journal", (int)getpid());
	wish.path = path;
	make(path, &in);
	MUST(ring_peek(path, &peek, &err));
	ring = ring_view(path, &err);
	if (ring)
		walk(ring);
	ring_close(ring);
	/* What is whole and empty is made anew, which is another test's. */
	if (peek.bytes_used && (ring = ring_open(&key, &wish, &err))) {
		walk(ring);
		ring_release(ring, ring_head(ring), ring_head_op(ring), 0);
		ring_close(ring);
		MUST(access(path, F_OK) < 0);
	}
	unlink(path);
	return 0;
}
