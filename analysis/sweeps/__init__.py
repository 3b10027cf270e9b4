"""The ledger of whole datasets: what there is to measure, who measures it, where each table lies, and all in one."""
