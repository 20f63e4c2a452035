#include "control/budgets.h"

#include "past/past.h"
#include "request/requests.h"

size_t budgets_read(struct fs *fs, struct budget out[static BUDGETS_MAX])
{
	size_t n = 0;

	pthread_mutex_lock(&fs->lock);
	out[n++] = fs->state.inode_bytes;
	out[n++] = fs->state.attributes;
	out[n++] = fs->state.chunks.budget;
	if (fs->journal)
		out[n++] = journal_budget(fs->journal);
	pthread_mutex_unlock(&fs->lock);
	out[n++] = actor_cache_budget(fs->actors);
	out[n++] = requests_budget(transport_requests(fs->transport));
	return n + past_budgets(fs->past, out + n);
}
