#include "state/quota.h"

#include <stdlib.h>

#include "base/buf.h"

#define BLOCK 4096

struct charge charge_of(const struct inode_attr *attr)
{
	return (struct charge){
		.bytes = (attr->allocated + BLOCK - 1) / BLOCK * BLOCK,
		.id = {[QUOTA_USER] = attr->uid,
			[QUOTA_GROUP] = attr->gid,
			[QUOTA_TREE] = attr->project},
		.counted = true,
	};
}

struct quota *quota_find(struct quota *quotas, uint32_t kind, uint32_t id)
{
	struct quota key = {.key = {kind, id}}, *q;

	HASH_FIND(hh, quotas, &key.key, sizeof(key.key), q);
	return q;
}

void quota_add(struct quota **quotas, const struct quota *q)
{
	struct quota *copy = xmemdup(q, sizeof(*q));

	HASH_ADD(hh, *quotas, key, sizeof(copy->key), copy);
}

void quotas_free(struct quota **quotas)
{
	struct quota *q, *tmp;

	HASH_ITER (hh, *quotas, q, tmp) {
		HASH_DEL(*quotas, q);
		free(q);
	}
}

static bool fits(const struct quota *q, uint64_t bytes, uint64_t inodes)
{
	return (!bytes || q->bytes_limit == QUOTA_NONE || q->bytes + bytes <= q->bytes_limit) &&
	       (!inodes || q->inodes_limit == QUOTA_NONE || q->inodes + inodes <= q->inodes_limit);
}

bool quota_allows(
	struct quota *quotas, const struct charge *from, const struct charge *to, bool exempt)
{
	if (!quotas || !to->counted)
		return true;
	for (uint32_t kind = exempt ? QUOTA_TREE : 0; kind < QUOTA_KINDS; kind++) {
		bool moves = !from->counted || from->id[kind] != to->id[kind];
		uint64_t had = moves ? 0 : from->bytes;
		struct quota *q = quota_find(quotas, kind, to->id[kind]);
		if (q && !fits(q, to->bytes > had ? to->bytes - had : 0, moves))
			return false;
	}
	return true;
}

void quota_past(struct quota *quotas, uint32_t uid, uint64_t bytes)
{
	struct quota *q = quotas && bytes ? quota_find(quotas, QUOTA_USER, uid) : NULL;

	if (q)
		q->history += bytes;
}

bool quota_allows_past(struct quota *quotas, uint32_t uid, uint64_t bytes)
{
	struct quota *q = quotas ? quota_find(quotas, QUOTA_USER, uid) : NULL;

	return !q || q->history_limit == QUOTA_NONE ||
	       (q->history <= q->history_limit && bytes <= q->history_limit - q->history);
}

void quota_move(struct quota *quotas, struct charge *from, const struct charge *to)
{
	for (uint32_t kind = 0; quotas && kind < QUOTA_KINDS; kind++) {
		struct quota *q = from->counted ? quota_find(quotas, kind, from->id[kind]) : NULL;
		if (q) {
			q->bytes -= from->bytes;
			q->inodes--;
		}
		q = to->counted ? quota_find(quotas, kind, to->id[kind]) : NULL;
		if (q) {
			q->bytes += to->bytes;
			q->inodes++;
		}
	}
	*from = *to;
}
