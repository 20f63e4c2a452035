#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/mountinfo.h"

/*
 * Asks the daemon of a mount about itself (fs/control/place.h), without its database, and appends
 * the answer, the NUL-terminated text of report.h. Takes two seconds at most. ERR_NOT_FOUND when no
 * daemon listens for this mount that can be seen from here, ERR_UNREACHABLE when it does not
 * answer, ERR_VERSION when this program does not know the form of the answer.
 */
bool control_ask(const struct mount_point *m, struct buf *answer, struct error *err);
