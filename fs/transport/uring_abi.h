#pragma once

#include <stdint.h>

/* FUSE over io_uring, which is not in the headers of Linux 6.1 (linux/fuse.h, 7.42; Linux
 * Documentation/filesystems/fuse/fuse-io-uring.rst). */

#define URING_INIT_FLAG (UINT64_C(1) << 41) /* FUSE_OVER_IO_URING */

/* What an SQE of 128 bytes asks: its cmd_op. */
enum uring_command {
	URING_REGISTER = 1,         /* here is an entry: bring a request */
	URING_COMMIT_AND_FETCH = 2, /* the entry has a reply: bring another request */
};

/* The end of such an SQE. */
struct uring_command_args {
	uint64_t flags;
	uint64_t commit_id;
	uint16_t qid; /* the number of the CPU */
	uint8_t padding[6];
};

/*
 * The head of an entry. A request has fuse_in_header in in_out, and the struct of its operation in
 * op_in; a reply has fuse_out_header. All else is in the payload.
 */
struct uring_header {
	char in_out[128];
	char op_in[128];
	uint64_t flags;
	uint64_t commit_id; /* of the request; the reply's command repeats it */
	uint32_t payload_len;
	uint32_t padding;
	uint64_t reserved;
};
_Static_assert(sizeof(struct uring_header) == 288, "struct fuse_uring_req_header");
