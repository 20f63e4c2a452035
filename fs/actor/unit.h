#pragma once

/*
 * Returns the service or container that a process belongs to, as its cgroup tells: the innermost
 * container as docker:ID, podman:ID, containerd:ID, crio:ID, kubernetes:ID, container:ID (of a
 * runtime that does not say its name) or lxc:NAME; else the innermost unit of systemd, such as
 * ssh.service or session-3.scope; else "". Takes and returns escaped text (proc_escape()), the
 * result to free(); NULL when out of memory.
 */
char *unit_of_cgroup(const char *cgroup);
