#pragma once

#include "op/call.h"

/*
 * What the database has of ranges of files, for reads that wait for it.
 *
 * Who is alone asks on its own thread and takes the answer there (db/direct.h). For others two
 * statements are under way at most, one of them in the session of `direct` where that is free; who
 * comes meanwhile waits for one of them, and is then asked for together with others who do.
 */
struct contents;

/* One range, [off, off+len) of inode ino: in the caller's memory, until it is cleared. */
struct content {
	uint64_t ino, off, len;
	/* Called after content_ask(), on a thread of the database's: 0 or an errno. */
	void (*done)(struct content *c, int error);
	struct content_answer *answer; /* has rows [first, end) of it; NULL: none */
	int first, end;
	struct direct_asked *asked; /* alone, and its answer is late */
	struct content *next;
};

struct contents *contents_new(struct fs *fs);
void contents_free(struct contents *cs); /* when the reader has stopped */

/* Asks alone, and waits for an answer that comes at once: true with it. After false,
 * content_ask(). */
bool content_get(struct contents *cs, struct content *c);

/* Asks; does not wait. */
void content_ask(struct contents *cs, struct content *c);

/* Puts what the file has in the range into buf, which has len bytes and is zeros. Of an answer. */
void content_place(const struct content *c, char *buf);

/* Lets go of the answer, if it has one. */
void content_clear(struct content *c);
