/*
 * What a batch makes of bytes, against files that are byte arrays: random writes, copies from other
 * files, cuts and removals over several files in one batch; then the rows must give the content of
 * each file as it is in the end, and as it was after each op.
 */
#include <sys/stat.h>

#include "rows.h"
#include "suite.h"

#define FILES    3
#define FILE_MAX (300 << 10)
#define OPS      60
#define POOL     (1 << 20)

enum { COL_INO, COL_OFF, COL_LEN, COL_BLOB, COL_BLOB_OFF, COL_FROM, COL_TO };

/* A byte of a file. */
struct cell_model {
	char value;
	bool mine;      /* written in this batch; false: the database's, or a hole */
	uint8_t cut_op; /* which op first ended what the database had here, from first_op; 0: none
			 */
};

struct file_model {
	uint64_t ino, size;
	bool existed, gone;
	/* The last one stands for all that is beyond. */
	struct cell_model at[FILE_MAX + 1];
};

/* A file as it was after an op that changed it. */
struct snapshot {
	int file;
	uint64_t op, until; /* the next op that changed it, exclusive */
	uint64_t size;
	char *value;
	bool *mine;
};

struct model {
	struct rng rng;
	struct batch *batch;
	char *pool;
	uint64_t op, first_op, bytes;
	struct file_model files[FILES];
	struct snapshot snapshots[OPS];
	int count;
};

static uint64_t ino_of(int file)
{
	return 40 + (uint64_t)file;
}

static void cut_model(struct model *m, struct file_model *f, uint64_t lo, uint64_t hi)
{
	for (uint64_t i = lo; i < hi; i++) {
		f->at[i].mine = false;
		f->at[i].value = 0;
		if (!f->at[i].cut_op)
			f->at[i].cut_op = (uint8_t)(m->op - m->first_op + 1);
	}
}

static void take_snapshot(struct model *m, int file)
{
	const struct file_model *f = &m->files[file];
	struct snapshot *s = &m->snapshots[m->count++];

	for (int i = 0; i < m->count - 1; i++)
		if (m->snapshots[i].file == file && m->snapshots[i].until == UINT64_MAX)
			m->snapshots[i].until = m->op;
	*s = (struct snapshot){.file = file, .op = m->op, .until = UINT64_MAX, .size = f->size};
	s->value = malloc(f->size + 1);
	s->mine = malloc(f->size + 1);
	for (uint64_t i = 0; i < f->size; i++) {
		s->value[i] = f->at[i].value;
		s->mine[i] = f->at[i].mine;
	}
}

static uint64_t some_length(struct model *m)
{
	static const uint64_t most[] = {8, 300, 5000, 90000, 200000};

	return 1 + rng_below(&m->rng, most[rng_below(&m->rng, 5)]);
}

static void write_some(struct model *m, struct file_model *f, struct change *e)
{
	uint64_t off = f->size, len = some_length(m);
	const char *data = m->pool + rng_below(&m->rng, POOL - FILE_MAX);

	/* Half of them go on at the end; others fall anywhere, and leave holes. */
	if (rng_below(&m->rng, 2))
		off = rng_below(&m->rng, rng_below(&m->rng, 3) ? f->size + 1 : FILE_MAX);
	if (off >= FILE_MAX)
		off = FILE_MAX - 1;
	if (len > FILE_MAX - off)
		len = FILE_MAX - off;
	e->type = CHANGE_EXTENT;
	e->flags = off >= f->size ? CHANGE_FRESH : 0;
	e->extent.ino = f->ino;
	e->extent.off = off;
	e->extent.data = (struct bytes){data, (uint32_t)len};
	if (off < f->size)
		cut_model(m, f, off, off + len);
	for (uint64_t i = 0; i < len; i++) {
		f->at[off + i].mine = true;
		f->at[off + i].value = data[i];
	}
	if (off + len > f->size)
		f->size = off + len;
	m->bytes += len;
}

/* Blobs that the database has: below the first one of the batch. */
static const char *committed_blob(const char *pool, int64_t blob)
{
	return pool + blob * 65536;
}

static void add_share(
	struct model *m, struct file_model *f, struct share *s, uint64_t off, uint64_t len)
{
	*s = (struct share){off, len, 1 + rng_below(&m->rng, 8), rng_below(&m->rng, EXTENT_MAX)};
	if (s->len > EXTENT_MAX - s->blob_off)
		s->len = EXTENT_MAX - s->blob_off;
	for (uint64_t i = 0; i < s->len; i++) {
		f->at[off + i].mine = true;
		f->at[off + i].value = committed_blob(m->pool, (int64_t)s->blob)[s->blob_off + i];
	}
}

/* A range of another file, which may have holes, takes the place of what is there. */
static unsigned int copy_some(
	struct model *m, struct file_model *f, struct change *e, struct share *shares)
{
	uint64_t off = rng_below(&m->rng, f->size + 1), len = some_length(m);
	uint64_t end = off + len < FILE_MAX ? off + len : FILE_MAX;
	unsigned int n = 0, changes = 0;

	if (off < f->size) {
		uint64_t cut = end < f->size ? end : f->size;
		e[changes++] = (struct change){.type = CHANGE_CUT,
			.extent = {.ino = f->ino, .off = off, .len = cut - off}};
		cut_model(m, f, off, cut);
	}
	for (uint64_t at = off; at < end && n < 8; n++) {
		at += rng_below(&m->rng, 3) ? 0 : rng_below(&m->rng, end - at);
		add_share(m, f, &shares[n], at, end - at);
		m->bytes += 256; /* it counts, though it has none */
		at += shares[n].len;
	}
	if (n)
		e[changes++] = (struct change){.type = CHANGE_SHARE,
			.extent = {.ino = f->ino,
				.off = off,
				.len = end - off,
				.data = {shares, n * (uint32_t)sizeof(*shares)}}};
	if (end > f->size)
		f->size = end;
	return changes;
}

static void punch_some(struct model *m, struct file_model *f, struct change *e)
{
	uint64_t off = rng_below(&m->rng, f->size), len = some_length(m);

	if (len > f->size - off)
		len = f->size - off;
	*e = (struct change){.type = CHANGE_CUT, .extent = {.ino = f->ino, .off = off, .len = len}};
	cut_model(m, f, off, off + len);
}

/* One op on a file, as fs/op makes them. */
static void change(struct model *m, int file)
{
	struct file_model *f = &m->files[file];
	struct record r = {.op = ++m->op,
		.at = time_of(m->op),
		.actor = 5 + rng_below(&m->rng, 4) / 3,
		.ino = f->ino};
	struct change *e = &r.changes[0];
	uint64_t what = rng_below(&m->rng, 26), size;
	struct share shares[8];

	r.change_count = 1;
	if (what < 15 || (what >= 20 && what < 23 && !f->size)) {
		write_some(m, f, e);
	} else if (what < 17) { /* a hole at the end */
		r.change_count = 0;
		f->size += rng_below(&m->rng, FILE_MAX - f->size + 1) / 8;
	} else if (what < 19 || (what < 20 && m->op < m->first_op + OPS / 2)) {
		size = rng_below(&m->rng, 3) ? rng_below(&m->rng, f->size + 1) : 0;
		e->type = CHANGE_CUT;
		e->extent.ino = f->ino;
		e->extent.off = size;
		e->extent.len = INT64_MAX - size;
		cut_model(m, f, size, FILE_MAX + 1);
		f->size = size;
	} else if (what >= 23) {
		r.change_count = copy_some(m, f, e, shares);
	} else if (what >= 20) {
		punch_some(m, f, e);
	} else {
		e->type = CHANGE_INODE_GONE;
		e->flags = f->size ? 0 : CHANGE_FRESH;
		e->gone = f->ino;
		if (f->size && f->existed)
			cut_model(m, f, 0, FILE_MAX + 1);
		f->size = 0;
		f->gone = true;
	}
	batch_add(m->batch, &r);
	take_snapshot(m, file);
}

static void begin_file(struct model *m, int file)
{
	struct file_model *f = &m->files[file];
	struct record r = {.op = ++m->op, .at = time_of(m->op), .actor = 5, .ino = ino_of(file)};

	f->ino = ino_of(file);
	f->existed = rng_below(&m->rng, 3) > 0;
	r.change_count = 1;
	r.changes[0].type = CHANGE_INODE;
	r.changes[0].flags = f->existed ? 0 : CHANGE_NEW;
	r.changes[0].inode.attr = (struct inode_attr){.ino = f->ino, .mode = S_IFREG, .nlink = 1};
	if (f->existed)
		f->size = rng_below(&m->rng, FILE_MAX);
	batch_add(m->batch, &r);
}

static struct model *model_run(int seed)
{
	struct model *m = calloc(1, sizeof(*m));

	m->rng.state = (uint64_t)seed;
	m->pool = malloc(POOL);
	rng_fill(&m->rng, m->pool, POOL);
	m->op = 19;
	m->first_op = 20;
	m->batch = batch_new(3, 1000);
	for (int i = 0; i < FILES; i++)
		begin_file(m, i);
	for (int i = 0; i < OPS; i++) {
		int file = (int)rng_below(&m->rng, FILES);
		if (!m->files[file].gone)
			change(m, file);
	}
	ck_assert_uint_eq(batch_bytes(m->batch), m->bytes);
	batch_finish(m->batch);
	return m;
}

static void model_free(struct model *m)
{
	for (int i = 0; i < m->count; i++) {
		free(m->snapshots[i].value);
		free(m->snapshots[i].mine);
	}
	batch_free(m->batch);
	free(m->pool);
	free(m);
}

/* The bytes of an extent in its blob. */
static const char *extent_bytes(
	const char *pool, const struct table *blobs, const struct table *t, int row)
{
	int64_t blob = table_int(t, row, COL_BLOB), off = table_int(t, row, COL_BLOB_OFF);
	const struct cell *data;
	int at = 0;

	if (blob < 1000)
		return committed_blob(pool, blob) + off;
	/* In an order of their own: see journal/pages.h. */
	while (at < blobs->rows && table_int(blobs, at, 0) != blob)
		at++;
	data = table_cell(blobs, at, 1);
	ck_assert_int_ge(off, 0);
	ck_assert_int_le(off + table_int(t, row, COL_LEN), data->len);
	ck_assert_int_le(data->len, EXTENT_MAX);
	return data->data + off;
}

/* What the extents of a table that are valid at `op` say of [0, FILE_MAX) of a file. */
static void lay(const char *pool, const struct table *blobs, const struct table *t, uint64_t ino,
	uint64_t op, char *value, uint8_t *covered)
{
	for (int i = 0; i < t->rows; i++) {
		int64_t off, len;
		const char *data;
		if ((uint64_t)table_int(t, i, COL_INO) != ino ||
			(uint64_t)table_int(t, i, COL_FROM) > op)
			continue;
		off = table_int(t, i, COL_OFF);
		len = table_int(t, i, COL_LEN);
		data = extent_bytes(pool, blobs, t, i);
		ck_assert(off >= 0 && len > 0 && len <= EXTENT_MAX);
		if (t->columns > COL_TO && (uint64_t)table_int(t, i, COL_TO) <= op)
			continue;
		for (int64_t j = 0; j < len && off + j < FILE_MAX; j++) {
			covered[off + j]++;
			value[off + j] = data[j];
		}
	}
}

/* Compares before it asserts: check makes a note of each assertion, which is slow. */
static void check_byte(const struct snapshot *s, uint64_t op, uint64_t i, char value, int covered)
{
	if (covered == s->mine[i] && (!covered || value == s->value[i]))
		return;
	ck_abort_msg("as of op %lu byte %lu of file %d is in %d extents, %d is right, and op %lu "
		     "left it%s",
		(unsigned long)op, (unsigned long)i, s->file, covered, s->mine[i],
		(unsigned long)s->op, value == s->value[i] ? "" : " with another value");
}

/* The batch alone must tell what each op left, within the size that the file had then. */
START_TEST(content_at_each_op)
{
	struct model *m = model_run(_i);
	struct table blobs = table_read(m->batch, ROWS_BLOB);
	struct table now = table_read(m->batch, ROWS_EXTENT_INSERT);
	struct table history = table_read(m->batch, ROWS_EXTENT_HISTORY);
	char *value = malloc(FILE_MAX);
	uint8_t *covered = malloc(FILE_MAX);

	for (int i = 0; i < m->count; i++) {
		const struct snapshot *s = &m->snapshots[i];
		/* Until just before the next change of this file, other files' ops change nothing.
		 */
		uint64_t last = s->until == UINT64_MAX ? m->op : s->until - 1;
		for (uint64_t op = s->op; op <= last; op += last > s->op ? last - s->op : 1) {
			memset(value, 0, FILE_MAX);
			memset(covered, 0, FILE_MAX);
			lay(m->pool, &blobs, &now, ino_of(s->file), op, value, covered);
			lay(m->pool, &blobs, &history, ino_of(s->file), op, value, covered);
			for (uint64_t j = 0; j < s->size; j++)
				check_byte(s, op, j, value[j], covered[j]);
		}
	}
	free(value);
	free(covered);
	free(blobs.cells);
	free(now.cells);
	free(history.cells);
	model_free(m);
}
END_TEST

START_TEST(content_in_the_end)
{
	struct model *m = model_run(_i);
	struct table blobs = table_read(m->batch, ROWS_BLOB);
	struct table now = table_read(m->batch, ROWS_EXTENT_INSERT);
	char *value = malloc(FILE_MAX);
	uint8_t *covered = malloc(FILE_MAX);

	ck_assert_uint_eq(batch_next_blob(m->batch), 1000 + (uint64_t)blobs.rows);
	for (int i = 0; i < FILES; i++) {
		const struct file_model *f = &m->files[i];
		memset(covered, 0, FILE_MAX);
		lay(m->pool, &blobs, &now, f->ino, UINT64_MAX, value, covered);
		for (uint64_t j = 0; j < FILE_MAX; j++) {
			if (covered[j] != (f->at[j].mine && !f->gone) ||
				(covered[j] && value[j] != f->at[j].value))
				ck_abort_msg("byte %lu of file %d", (unsigned long)j, i);
		}
	}
	free(value);
	free(covered);
	free(blobs.cells);
	free(now.cells);
	model_free(m);
}
END_TEST

/* What the database had ends where it was overwritten, and with the first op that did. */
START_TEST(cuts)
{
	struct model *m = model_run(_i);
	struct table cut = table_read(m->batch, ROWS_EXTENT_CUT);
	struct table all = table_read(m->batch, ROWS_EXTENT_CLOSE);
	uint8_t *op = malloc(FILE_MAX + 1);

	for (int i = 0; i < FILES; i++) {
		memset(op, 0, FILE_MAX + 1);
		for (int row = 0; row < all.rows; row++)
			if ((uint64_t)table_int(&all, row, 0) == m->files[i].ino)
				memset(op,
					(int)((uint64_t)table_int(&all, row, 1) - m->first_op + 1),
					FILE_MAX + 1);
		for (int row = 0; row < cut.rows; row++) {
			int64_t lo = table_int(&cut, row, 1), hi = table_int(&cut, row, 2);
			uint8_t by = (uint8_t)((uint64_t)table_int(&cut, row, 3) - m->first_op + 1);
			ck_assert_int_lt(lo, hi);
			ck_assert(hi <= FILE_MAX || hi == INT64_MAX);
			if ((uint64_t)table_int(&cut, row, 0) != m->files[i].ino)
				continue;
			for (int64_t j = lo; j < hi && j <= FILE_MAX; j++) {
				if (op[j])
					ck_abort_msg("byte %ld is cut twice", (long)j);
				op[j] = by;
			}
		}
		for (int j = 0; j <= FILE_MAX; j++)
			if (op[j] != m->files[i].at[j].cut_op)
				ck_abort_msg("byte %d of file %d is cut by %d", j, i, op[j]);
	}
	free(op);
	free(cut.cells);
	free(all.cells);
	model_free(m);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, content_in_the_end, 0, 6);
	tcase_add_loop_test(tc, content_at_each_op, 0, 6);
	tcase_add_loop_test(tc, cuts, 0, 6);
}

int main(void)
{
	return suite_main("batch_extent", add_tests);
}
