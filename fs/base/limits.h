#pragma once

#include <stdint.h>

/* Bounds of the filesystem's numbers and texts. The kernel keeps to them, the constraints of
 * sql/schema say the same, and a row that breaks one is refused (db/row.h). */

/* Bytes of a name, and of a symbolic link's target: NAME_MAX, and PATH_MAX without its zero. */
#define NAME_MAX_BYTES   255
#define TARGET_MAX_BYTES 4095

/* Bytes of an extended attribute: xattr(7). */
#define XATTR_NAME_MAX_BYTES  255
#define XATTR_VALUE_MAX_BYTES 65536

/* The largest file, in bytes, a multiple of the page size. Offsets are signed 64-bit numbers in the
 * kernel and in SQL; the kernel answers larger ones by itself, but not with EFBIG. */
#define FILE_SIZE_MAX (INT64_MAX - UINT64_C(4095))

/* Names of an inode, and directories in a directory: what the column holds. */
#define LINKS_MAX INT32_MAX

/* The largest inode number; above it are the nodes that are not inodes (past/past.h). */
#define INO_BITS 40
#define INO_MAX  ((INT64_C(1) << INO_BITS) - 1)

/* Users and groups: (uid_t)-1 is none. */
#define ID_MAX (UINT32_MAX - INT64_C(1))

/* Bytes of an extent, and of its blob: sql/statements/apply_extent_cut.sql relies on it. */
#define EXTENT_MAX (128 * 1024)

/* Offsets of names in their directory: 1 and 2 are those of `.` and `..`. */
#define COOKIE_MIN 3
