"""GPU memory: exact units, sizes that fit each other, and what a machine's own figures say. Pure.

An APU has two pools that people confuse: what firmware carves out of the RAM ("VRAM", which MemTotal lacks), and what
the kernel may map to the GPU on demand (GTT, limited by ttm.pages_limit). Software sets the second alone.
"""
