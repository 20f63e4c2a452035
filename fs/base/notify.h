#pragma once

/*
 * Tells the service manager that waits for this program that it is ready; `status` is a line for
 * people. Does nothing where none waits. The protocol is one datagram to the socket that
 * NOTIFY_SOCKET names (sd_notify(3) documents it as stable), so it needs no library.
 */
void notify_ready(const char *status);
