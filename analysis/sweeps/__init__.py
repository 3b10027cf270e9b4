"""The ledger of whole datasets: what to measure, who measures it, where each table is kept, and the joint results."""
