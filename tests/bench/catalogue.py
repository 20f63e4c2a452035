"""All workloads, in the order in which they run."""

import blocks
import cost
import history
import kernel
import past
import projects
import questions
import scale
import streams
import trees
import warm

FAMILIES = (trees, projects, warm, streams, blocks, cost, scale, kernel, history, questions, past)
WORKLOADS = {workload.name: workload for family in FAMILIES for workload in family.WORKLOADS}
