"""All workloads, in the order in which they run."""

import blocks
import cost
import history
import hosts
import kernel
import past
import point
import projects
import questions
import scale
import streams
import trees
import warm

FAMILIES = (trees, projects, warm, streams, blocks, point, cost, hosts, scale, kernel, history, questions, past)
WORKLOADS = {workload.name: workload for family in FAMILIES for workload in family.WORKLOADS}
