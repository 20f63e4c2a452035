#pragma once

#include <poll.h>
#include <stdint.h>

/*
 * Waits for what a process nearby is about to say, awake for a while and then asleep. A thread that
 * sleeps is woken 20 to 50 us late where its CPU has gone idle in a virtual machine, which is as
 * long as a server on the same host takes to answer. Whether that helps is learned: after waits in
 * vain the thread tries it only once in a while, so it sleeps at once when what it waits for is
 * slow. It also sleeps when others want its CPU. KVM waits in the same way for its guests
 * (Documentation/virt/kvm/halt-polling.rst in Linux).
 */
struct spin {
	int64_t max_ns;    /* what takes longer is not waited for awake; 0: nothing is */
	int64_t budget_ns; /* how long the next wait may be awake */
	int pause;         /* number of waits without a budget after the last failure; 0: none */
	int left;          /* how many of them are still to come */
};

/*
 * As poll(2), for a timeout in milliseconds that is not 0. The answer comes by the first
 * descriptor: when another is ready, or there is room to send, the wait ends and nothing is learned
 * from it.
 */
int spin_poll(struct spin *s, struct pollfd *fds, nfds_t count, int timeout_ms);
