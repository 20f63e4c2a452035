#pragma once

#include "door/door.h"
#include "fs.h"

/*
 * Opens the door (door/door.h) of root's mount on `path`, for users who cannot reach its database;
 * `others`: they may use the mount. Returns NULL for anybody else's mount, whose user has its
 * database, and where it fails, which is logged: a mount without a door is a mount all the same.
 */
struct door *visitors_start(struct fs *fs, const char *conninfo, const char *path, bool others);
