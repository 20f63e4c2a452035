#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "journal/journal_impl.h"

void journal_watch(struct journal *j)
{
	struct ring_remake *remake;
	char path[PATH_MAX];
	struct error err;
	size_t size;
	bool ok, moved;

	pthread_mutex_lock(j->config.lock);
	snprintf(path, sizeof(path), "%s", ring_name(j->ring));
	size = ring_size(j->ring);
	pthread_mutex_unlock(j->config.lock);
	if (ring_intact(path, ring_fd(j->ring)))
		return;
	remake = ring_remake_begin(j->config.key, path, size, &err);
	ok = remake != NULL;
	if (ok) {
		pthread_mutex_lock(j->config.lock);
		/* It may have got another name meanwhile, from ring_keep(). */
		moved = strcmp(path, ring_name(j->ring)) != 0;
		if (moved)
			ring_remake_drop(remake);
		else
			ok = ring_remake_end(j->ring, remake, &err);
		/* The disk has nothing of the new file, nor a name for the old one. */
		flusher_forgo(j);
		snprintf(path, sizeof(path), "%s", ring_name(j->ring));
		pthread_mutex_unlock(j->config.lock);
		if (moved)
			return;
	}
	if (ok)
		log_error("the journal's file was removed or replaced while it was in use; it was "
			  "made again, with all that it held: %s",
			path);
	else if (!j->file_warned)
		log_error("the journal's file was removed or replaced while it was in use, and if "
			  "this daemon is killed, what is not committed is lost: %s",
			err.text);
	j->file_warned = !ok;
}
