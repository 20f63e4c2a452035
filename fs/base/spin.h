#pragma once

#include <poll.h>
#include <stdint.h>

/*
 * Waiting for what a process nearby is about to say: awake for a while, then asleep. A thread that
 * sleeps is woken 20 to 50 us late where its CPU has gone idle in a virtual machine, as long as a
 * server on the same host takes to answer. What is gained so is learned: after waits in which
 * nothing came in time it is tried once in a while, so who waits for something slow sleeps at once,
 * and so does who has a CPU that others want. KVM waits so for its guests
 * (Documentation/virt/kvm/halt-polling.rst in Linux).
 */
struct spin {
	int64_t max_ns;    /* what takes longer is not waited for awake; 0: nothing is */
	int64_t budget_ns; /* how long the next wait may be awake */
	int pause;         /* after the last failure: so many waits without a budget */
	int left;          /* of these */
};

/*
 * As poll(2), for a timeout in milliseconds that is not 0. The answer comes by the first descriptor:
 * when another is ready, or there is room to send, the wait ends and nothing is learned from it.
 */
int spin_poll(struct spin *s, struct pollfd *fds, nfds_t count, int timeout_ms);
