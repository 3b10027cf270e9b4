"""A Ray cluster on this machine, as somebody else started it: print its address, and stop it once stdin ends."""

import sys

from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 80 * 2**20})
try:
    print(cluster.address, flush=True)
    sys.stdin.read()
finally:
    cluster.shutdown()
