#pragma once

#include "base/error.h"
#include "fs.h"

/*
 * A socket of every mount (place.h) at which the daemon tells who connects what it waits for, and
 * hangs up. A thread of its own, which asks neither the database nor the kernel, so that it answers
 * while both are away. Root and who mounted are told everything, others about their own requests.
 */
struct listener;

/* `device` is the minor number of the mount's device. NULL with *err set. */
struct listener *listener_start(struct fs *fs, unsigned int device, struct error *err);

/* Ends the thread. Accepts NULL. */
void listener_stop(struct listener *l);
