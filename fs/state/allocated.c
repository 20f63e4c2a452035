#include "state/state.h"

/*
 * What st_blocks counts is never less than the bytes that the file has, and never more than its
 * size: programs take a file whose blocks are fewer for one with holes, and one without any for
 * empty. It is exact while there are no holes, and after appending to a file with holes; inside
 * one, what is not known is taken for the most that it can be.
 */

void allocated_write(struct inode_attr *attr, uint64_t off, uint64_t len)
{
	uint64_t size = attr->size > off + len ? attr->size : off + len;

	/* Without holes, only what is past the end adds to it. */
	if (off < attr->size && attr->allocated >= attr->size)
		attr->allocated = size;
	else
		attr->allocated += len;
	if (attr->allocated > size)
		attr->allocated = size;
}

void allocated_cut(struct inode_attr *attr, uint64_t lo, uint64_t hi, uint64_t known)
{
	attr->allocated -= known < attr->allocated ? known : attr->allocated;
	if (attr->allocated > attr->size - (hi - lo))
		attr->allocated = attr->size - (hi - lo);
}
