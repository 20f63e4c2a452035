#include "op/guess.h"

#include <sys/stat.h>

#include "op/load.h"

/* The first names that are asked for where two were missed: few directories have more. They cost
 * the server ten times as much as a name alone, and so pay at the third name. */
#define FIRST_ROWS 128
/* For each name that was found so many neighbours more: they cost the server about what asking for
 * that name alone does. */
#define ROWS_FOR_FOUND 32
/* What is tried of any directory: a few thousand names are all of nearly every one. */
#define ROWS_TRIED 2200

/* Sub-directories that are read ahead of who walks a tree. */
#define WALK_MAX 16

/* Eviction makes room for an eighth of all inodes at once. */
static uint32_t rows_max(const struct fs *fs, size_t share)
{
	size_t rows = fs->state.max_inodes / 8 / share;

	return rows < LOAD_PAGE_ROWS ? (uint32_t)rows : LOAD_PAGE_ROWS;
}

/* How many neighbours of a missed name to ask for: ever more, as long as what is found pays for
 * them and they leave room in the state for others. */
static uint32_t neighbours(const struct fs *fs, const struct inode *dir)
{
	const struct dir_reads *r = dir->dir->reads;
	uint64_t rows = r->asked ? r->asked * 2 : FIRST_ROWS, max = rows_max(fs, 1);

	if (rows > max)
		rows = max;
	if (r->asked + rows > ROWS_TRIED + ROWS_FOR_FOUND * r->found ||
		dir->dir->live + rows > fs->state.max_inodes / 4)
		return 0;
	return (uint32_t)rows;
}

static void ask_neighbours(struct fs *fs, struct inode *dir)
{
	uint32_t rows = neighbours(fs, dir);

	if (rows && load_ahead(fs, dir->ino, dir_next(dir->dir), rows, NULL))
		dir->dir->reads->asked += rows;
}

/*
 * The first name that is missed may be the only one, and is asked for alone. So is the second one,
 * and behind it, for those that follow, what is likely to be all of the directory; where that is
 * not all, the next ones are asked for alone, and more neighbours behind them.
 */
int guess_name(struct call *c, struct inode *dir, struct bytes name)
{
	struct dir_reads *reads = dir_reads(&c->fs->state, dir);
	uint64_t next = dir_next(dir->dir);
	int rc;

	if (!reads->missed) {
		reads->missed = true;
		return load(c, LOAD_NAME, dir->ino, name);
	}
	if (load_is_ahead(c->fs, dir->ino, next))
		return load_names(c, dir->ino, next);
	rc = load(c, LOAD_NAME, dir->ino, name);
	if (rc == CALL_SUSPENDED)
		ask_neighbours(c->fs, dir);
	return rc;
}

void guess_goes_on(struct fs *fs, struct inode *dir, uint64_t after)
{
	const struct dir_index *index = dir->dir;

	/* Where there is little room, what comes ahead would be forgotten for what comes next. */
	if (!index->complete && after >= index->from && after < index->upto &&
		rows_max(fs, 1) == LOAD_PAGE_ROWS)
		load_ahead(fs, dir->ino, index->upto, LOAD_PAGE_ROWS, NULL);
}

/* Reads so many more of the sub-directories of dir, in the order of a listing. */
static void read_below(struct fs *fs, struct inode *dir, uint32_t count,
	void (*arrived)(struct fs *fs, struct inode *dir))
{
	struct dir_reads *reads = dir_reads(&fs->state, dir);

	for (size_t i = dir_seek(dir->dir, reads->ahead_to); count && i < dir->dir->count; i++) {
		const struct dirent_node *d = dir->dir->slots[i].node;
		const struct inode *below;
		uint64_t after;

		if (!d || !S_ISDIR(d->mode))
			continue;
		below = inode_find(&fs->state, d->ino);
		after = below && below->dir ? dir_next(below->dir) : 0;
		/* The one that is listed now is asked for already. */
		if (below && below->dir && !below->dir->complete &&
			!load_is_asked(fs, d->ino, after) &&
			!load_ahead(fs, d->ino, after, rows_max(fs, 2), arrived))
			return;
		reads->ahead_to = d->cookie;
		reads->ahead++;
		count--;
	}
}

/* The first sub-directories of a directory that was read ahead are next after it. */
static void read_ahead_arrived(struct fs *fs, struct inode *dir)
{
	if (!dir_reads(&fs->state, dir)->ahead)
		read_below(fs, dir, 2, NULL);
}

/* Who lists one sub-directory after another of a directory that was listed, walks a tree. */
void guess_listed(struct fs *fs, struct inode *dir)
{
	struct inode *parent = dir->dir->parent ? inode_find(&fs->state, dir->dir->parent) : NULL;
	struct dir_reads *reads = dir_reads(&fs->state, dir),
			 *above = parent && parent->dir ? parent->dir->reads : NULL;
	uint32_t window;

	if (above && above->listed && !reads->listed) {
		above->walked++;
		window = above->walked < WALK_MAX / 2 ? above->walked * 2 : WALK_MAX;
		if (above->ahead < above->walked + window)
			read_below(fs, parent, above->walked + window - above->ahead,
				read_ahead_arrived);
	}
	*reads = (struct dir_reads){.asked = reads->asked,
		.found = reads->found,
		.missed = reads->missed,
		.listed = true};
	if (above && above->walked > 1 && dir->dir->live)
		read_ahead_arrived(fs, dir);
}
