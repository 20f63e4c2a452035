#pragma once

#include "op/call.h"

void attr_to_stat(const struct inode_attr *attr, struct stat *st);
/* Answers GETATTR, SETATTR, or STATX with the time of birth, nanoseconds since the epoch. */
void reply_attr(fuse_req_t req, const struct stat *st, int64_t btime);
/* The first columns of every statement that reads inodes, now or then, from ino to project. */
struct inode_attr result_attr(const PGresult *res, int row);
