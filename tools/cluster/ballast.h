#pragma once

#include "cluster/cluster.h"

/*
 * The ballast: a file of BALLAST_BYTES in HOME that holds nothing but room on the disk. A
 * server that cannot write its log ends, and needs room for more of it to start again; so what
 * filled the disk, a program of somebody's perhaps, must not get this.
 *
 * Neither function says anything: without a ballast the server runs as any other does.
 */

/*
 * Before the server starts: gives the ballast up when the disk has too little for the next segment
 * of the log. A server that runs does not get it, since what fills the disk would take that too.
 */
void ballast_drop(const struct cluster *c);

/* While the server runs: makes the ballast once the disk has room for it. */
void ballast_tend(const struct cluster *c);
